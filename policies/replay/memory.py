"""How far a replay has come: kept in a decision's memo, beside what the other policy keeps there."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handeye.policies.decision import Decision

#: The key of the memo under which it stands.
KEY = "replay"


@dataclass(frozen=True)
class ReplayState:
    """The place in the anchors, and what the step before was."""

    at: int = 0
    """The anchor to be done next."""
    last: int = -1
    """The anchor that the step before did; -1 when it was none."""
    step: int = -1
    """The anchor that this very decision does; -1 when it is none."""
    whole: bool = True
    """Whether all of its signals agreed."""
    own: bool = False
    """A wait or a scroll that no anchor knows."""
    fell: bool = False
    """The step before was another policy's."""
    deed: bool = False
    """And did what the anchor does."""
    vain: bool = False
    """It was asked because what the anchor did had no effect, not because its place was not found."""
    ahead: bool = False
    """When it was asked, the step after the drifted one could have been done already."""
    waits: int = 0
    scrolls: int = 0
    skipped: tuple[int, ...] = ()
    """Optional anchors that were left out."""
    held: tuple[str, ...] = ()
    """What the goal checks, and holds on this look."""

    @classmethod
    def read(cls, memo: dict[str, Any]) -> tuple[ReplayState, dict[str, Any]]:
        """What a memo says of the replay, and the rest, which is the other policy's."""
        kept = dict(memo.get(KEY, {}))
        known = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        for name in ("skipped", "held"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known), {name: value for name, value in memo.items() if name != KEY}

    def note(self, decision: Decision, note: str = "", *, step: int = -1, own: bool = False) -> Decision:
        """The decision with this in its memo."""
        kept = asdict(replace(self, step=step, own=own))
        default = asdict(ReplayState())
        told = {name: value for name, value in kept.items() if value != default[name]}
        notes = (*decision.notes, note) if note else decision.notes
        return decision.model_copy(update={"memo": decision.memo | {KEY: told}, "notes": notes})

    def without(self, optional: int) -> ReplayState:
        """Having left out an optional anchor."""
        return replace(self, skipped=tuple(dict.fromkeys((*self.skipped, optional))))

    def with_late(self, optional: int) -> ReplayState:
        """Having done an optional anchor late."""
        return replace(self, skipped=tuple(each for each in self.skipped if each != optional))
