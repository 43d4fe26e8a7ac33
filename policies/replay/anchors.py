"""What a run leaves behind so that it can be done again: an anchor for each step, with what it was known by."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from handeye.perception.outcome_fields import OutcomeKind
from handeye.policies.replay.signatures import AnchorModel, TargetSignature
from handeye.tools.actions import Action


class ScreenState(AnchorModel):
    """How the screen stood before a step."""

    address: str = ""
    """The path of the page's address."""
    title: str = ""
    focus: str = ""
    screen: str = ""
    """Its fingerprint."""


class Anchor(AnchorModel):
    """One step that can be done again."""

    description: str
    """The action in words."""
    reasoning: str = ""
    action: dict[str, Any]
    """Its targets have words alone."""
    targets: dict[str, TargetSignature] = Field(default_factory=dict)
    before: ScreenState = ScreenState()
    after: str = ""
    """The fingerprint of the screen that it led to."""
    effect: OutcomeKind = "unknown"
    optional: bool = False
    """It closed something that sometimes comes: left out where that is not there."""
    checks: tuple[str, ...] = ()
    """What the goal has checked before this step."""
    memo: dict[str, Any] = Field(default_factory=dict)
    """The policy's, from the decision for this step."""

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Accept an anchor of version 1, which had `said` for `description` and `thought` for `reasoning`."""
        names = {"said": "description", "thought": "reasoning"}
        return {names.get(key, key): value for key, value in record.items()} if isinstance(record, dict) else record

    @property
    def clause(self) -> int | None:
        """The clause of the goal that it belongs to, where the policy follows clauses."""
        return self.memo.get("at")


def action_in_words(action: Action, signatures: dict[str, TargetSignature]) -> dict[str, Any]:
    """An action as an anchor keeps it: its targets in words."""
    told = action.model_dump(mode="json", exclude_defaults=True)
    for name, signature in signatures.items():
        phrase = getattr(action, name).phrase
        told[name] = phrase or signature.name or signature.text or signature.role or "this place"
    return {"kind": action.kind} | told
