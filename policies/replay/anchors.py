"""What a run leaves behind so that it can be done again: an anchor for each step, with what it was known by."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handeye.perception.outcome_fields import OutcomeKind
from handeye.tools.actions import Action
from handeye.tools.geometry import Point


class AnchorModel(BaseModel):
    """A part of an anchor: frozen, and with no other keys than these."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NearbyText(AnchorModel):
    """A text near a target, and the way from its middle to the target's point."""

    text: str
    way: tuple[int, int]
    control: bool = False
    """It is something to press, and may change its name without making the target another thing."""
    numbered: bool = False
    """There were others that differed by their numbers alone: these tell it apart, and count nothing."""


class TargetSignature(AnchorModel):
    """What a target could be known by when it was aimed at."""

    role: str = ""
    """Of its element; empty where none was known, as on a canvas."""
    name: str = ""
    key: str = ""
    """What its makers call it; see `Element.key`."""
    of: int = 1
    """So many things of this role and name were there."""
    nth: int = 1
    """Which of them it was, from 1, in reading order."""
    frame: tuple[str, ...] = ()
    """See `Element.frame`."""
    row: str = ""
    """What tells its row or list item from the others."""
    beside: tuple[str, ...] = ()
    """All that does, of the first few texts in it."""
    overlay: bool = False
    """It lay in a dialog."""
    spot: bool = False
    """The place within the element matters: it is large, or draws itself."""
    text: str = ""
    """Read off the picture at the point, where no element says what stands there."""
    point: Point
    at: tuple[float, float] = (0.5, 0.5)
    """Where the point lies in the box, 0 to 1."""
    size: tuple[int, int] = (0, 0)
    """Of the box."""
    near: tuple[NearbyText, ...] = ()
    """The texts around it, the most telling first."""
    patch: str = ""
    """The picture around it: `patches/<digest>.png`; empty where it shows nothing, or what nobody may see."""
    hold: tuple[int, int] = (0, 0)
    """Where the point lies in the patch."""


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
