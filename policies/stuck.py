"""Noticing that a run gets nowhere: the same action in vain, circles, or many steps that bring nothing new.

What is new is a screen, a fact, an evidence or a state of the policy that the run has not met before. So paging through
a list, counting up, pressing a key again and again and adding rows are progress, though the words of the action stay
the same. Waiting is no sign of being stuck: only the run's limits end it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: So many times may one action be tried in vain on one screen, and a circle be gone round.
TRIES = 3
#: The same for a key: moving in a text or a game often shows nothing.
KEYS = 10
#: So many times may an action have an effect on a screen that stays the same, when the effect is always the same too.
SAME = 5
#: Circles of so many actions are noticed.
LONGEST = 4
#: After so many steps that brought nothing new the run gets nowhere.
BARREN = 12
#: So many steps are looked back at.
KEPT = TRIES * LONGEST
#: So many things are remembered to have been met.
MET = 400
#: Kinds of action that wait for something.
WAITING = frozenset({"wait", "reload"})


class Turn(NamedTuple):
    """One step of the policy, as kept in a checkpoint: JSON values only."""

    words: str
    """The action."""
    kind: str
    screen: str
    """The fingerprint of the screen it was chosen on."""
    outcome: str = ""
    news: bool = False
    """Whether it brought something that the run had not met before."""


def news(met: Sequence[str], things: Iterable[str]) -> tuple[list[str], bool]:
    """What the run has met by now, as short digests, and whether any of these things is new to it."""
    digests = [hashlib.blake2b(thing.encode(), digest_size=5).hexdigest() for thing in things if thing]
    fresh = [digest for digest in dict.fromkeys(digests) if digest not in met]
    return [*met, *fresh][-MET:], bool(fresh)


def stuck(turns: Sequence[Turn]) -> str:
    """Evidence that a run gets nowhere; empty when that cannot be said. `turns` are the last ones, oldest first."""
    return _in_vain(turns) or _circle(turns) or _barren(turns)


def _in_vain(turns: Sequence[Turn]) -> str:
    if not turns or turns[-1].kind in WAITING:
        return ""
    last = turns[-1]
    alike = [each for each in turns if (each.words, each.screen) == (last.words, last.screen)]
    in_row = turns[-len(alike) :] == alike
    vain = in_row and not any(each.outcome == "confirmed" or each.news for each in alike[1:])
    if vain and len(alike) >= (KEYS if last.kind == "key" else TRIES):
        return f"“{last.words}” was tried {len(alike)} times on the same screen and nothing came of it"
    if in_row and not any(each.news for each in alike[1:]) and len(alike) >= (KEYS if last.kind == "key" else SAME):
        return f"“{last.words}” was done {len(alike)} times on the same screen, always with the same effect"
    return ""


def _circle(turns: Sequence[Turn]) -> str:
    for length in range(2, LONGEST + 1):
        last = turns[-length * TRIES :]
        if len(last) < length * TRIES or any(each.news for each in last[length:]):
            continue
        steps = [(each.words, each.screen) for each in last]
        round_ = steps[:length]
        if steps != round_ * TRIES or len(set(round_)) == 1 or any(each.kind in WAITING for each in last):
            continue
        said = ", ".join(f"“{words}”" for words, _ in round_)
        return f"{said} were done {TRIES} times in this order on the same screens: the run goes in circles"
    return ""


def _barren(turns: Sequence[Turn]) -> str:
    last = turns[-BARREN:]
    if len(last) < BARREN or any(each.news or each.kind in WAITING for each in last):
        return ""
    if all(each.kind == "key" for each in last):
        return ""
    return f"the last {BARREN} steps brought no screen and no fact that was not known before"
