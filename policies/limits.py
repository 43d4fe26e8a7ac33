"""When a run has to end: its steps or its time are used up, or it makes no progress.

A run makes progress with each screen, fact, effect or state of the policy that is new to it. So paging through a list,
counting up and adding rows are progress, though the action in words stays the same. Waiting is never a lack of
progress; only the limits end it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: How many times one action may be tried without effect on one screen, and a cycle of actions be repeated.
MAX_REPEATS = 3
#: The same for a key: moving in a text or a game often shows nothing.
MAX_KEY_REPEATS = 10
#: How many times an action may have the same effect on a screen that stays the same.
MAX_SAME_EFFECTS = 5
#: The longest cycle of actions that is detected.
MAX_CYCLE = 4
#: After this many steps with nothing new the run makes no progress.
MAX_STEPS_WITHOUT_NEWS = 12
#: How many actions are looked back at.
MAX_RECORDS = MAX_REPEATS * MAX_CYCLE
#: How many digests of known things are stored.
MAX_DIGESTS = 400
#: Kinds of action that wait for something.
WAITING = frozenset({"wait", "reload"})


class Limits(BaseModel):
    """The limits of a run. Steps and seconds from before a pause count."""

    model_config = ConfigDict(frozen=True)

    steps: int = Field(default=50, ge=1)
    """Stop after this many actions."""
    seconds: float | None = Field(default=None, gt=0)
    """Stop after this much working time; None: no limit."""

    def exceeded(self, steps: int, seconds: float) -> str:
        """Which limit is used up, in words; empty if none is."""
        if steps >= self.steps:
            return f"{steps} of {self.steps} steps are used up; allow more with --max-steps"
        if self.seconds is not None and seconds >= self.seconds:
            return f"{seconds:.0f} of {self.seconds:g} seconds are used up; allow more with --budget-seconds"
        return ""


class ActionRecord(NamedTuple):
    """One action of the policy, as a checkpoint stores it: JSON values only."""

    words: str
    """The action in words."""
    kind: str
    screen: str
    """The fingerprint of the screen that it was chosen on."""
    outcome: str = ""
    news: bool = False
    """Whether it led to something that was new to the run."""


def add_digests(known: Sequence[str], things: Iterable[str]) -> tuple[list[str], bool]:
    """The digests of all things that the run knows, and whether any of these things is new to it."""
    digests = [hashlib.blake2b(thing.encode(), digest_size=5).hexdigest() for thing in things if thing]
    new = [digest for digest in dict.fromkeys(digests) if digest not in known]
    return [*known, *new][-MAX_DIGESTS:], bool(new)


def find_no_progress(records: Sequence[ActionRecord]) -> str:
    """Evidence that a run makes no progress; empty if there is none. `records` are the last ones, oldest first."""
    return _find_repeats(records) or _find_cycle(records) or _find_no_news(records)


def _find_repeats(records: Sequence[ActionRecord]) -> str:
    """Evidence that the last action was repeated on one screen without effect, or always with the same effect."""
    if not records or records[-1].kind in WAITING:
        return ""
    last = records[-1]
    alike = [each for each in records if (each.words, each.screen) == (last.words, last.screen)]
    if records[-len(alike) :] != alike or any(each.news for each in alike[1:]):
        return ""
    is_key, count = last.kind == "key", len(alike)
    no_effect = not any(each.outcome == "confirmed" for each in alike[1:])
    if no_effect and count >= (MAX_KEY_REPEATS if is_key else MAX_REPEATS):
        return f"“{last.words}” was tried {count} times on the same screen without effect"
    if count >= (MAX_KEY_REPEATS if is_key else MAX_SAME_EFFECTS):
        return f"“{last.words}” was done {count} times on the same screen, always with the same effect"
    return ""


def _find_cycle(records: Sequence[ActionRecord]) -> str:
    """Evidence that the last actions repeat in the same order on the same screens."""
    for length in range(2, MAX_CYCLE + 1):
        last = records[-length * MAX_REPEATS :]
        if len(last) < length * MAX_REPEATS or any(each.news for each in last[length:]):
            continue
        steps = [(each.words, each.screen) for each in last]
        cycle = steps[:length]
        if steps != cycle * MAX_REPEATS or len(set(cycle)) == 1 or any(each.kind in WAITING for each in last):
            continue
        names = ", ".join(f"“{words}”" for words, _ in cycle)
        return f"{names} were done {MAX_REPEATS} times in this order on the same screens: the run goes in circles"
    return ""


def _find_no_news(records: Sequence[ActionRecord]) -> str:
    """Evidence that many steps led to nothing new; keys alone never count."""
    last = records[-MAX_STEPS_WITHOUT_NEWS:]
    if len(last) < MAX_STEPS_WITHOUT_NEWS or any(each.news or each.kind in WAITING for each in last):
        return ""
    if all(each.kind == "key" for each in last):
        return ""
    return f"the last {MAX_STEPS_WITHOUT_NEWS} steps led to no new screen and no new fact"
