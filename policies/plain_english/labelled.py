"""Controls by what they may be called, where several words mean the same: “log in”, “sign in”, “anmelden”."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.wording import alike

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from handeye.tools.element import Element

#: A control is called so from here on.
CALLED = 0.85


def likely(elements: Iterable[Element], names: Sequence[str]) -> list[tuple[float, Element]]:
    """Return elements with how well their name or description answers to one of several names, best first."""
    scored = []
    for element in elements:
        texts = [text for text in (element.name, element.description) if text]
        scored.append((max((alike(name, text).score for name in names for text in texts), default=0.0), element))
    return sorted(scored, key=lambda pair: -pair[0])


def best_called(names: Sequence[str], elements: Iterable[Element], roles: Collection[str]) -> Match | None:
    """Return the best enabled element of some roles that is called like one of the names; None where none is."""
    ranked = likely((each for each in elements if each.role in roles and each.enabled), names)
    return Match(ranked[0][1], ranked[0][0], "is called so") if ranked and ranked[0][0] >= CALLED else None
