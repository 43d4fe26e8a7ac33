"""The same number for the same thing, look after look, whatever comes and goes before it in reading order."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

#: Things remembered before those that are not shown any more are forgotten.
MOST_KNOWN = 40_000


class Numbers:
    """Gives out numbers from 1 on, none of them twice."""

    def __init__(self) -> None:
        self._next = count(1)
        self._known: dict[tuple[Hashable, int], int] = {}

    def of(self, things: Sequence[Hashable]) -> list[int]:
        """The numbers of what one look shows; a thing that is told twice there has two."""
        times: Counter[Hashable] = Counter()
        keys: list[tuple[Hashable, int]] = []
        for thing in things:
            keys.append((thing, times[thing]))
            times[thing] += 1
        numbers = [self._known.get(key) or next(self._next) for key in keys]
        known = self._known if len(self._known) < MOST_KNOWN else {}
        self._known = known | dict(zip(keys, numbers, strict=True))
        return numbers
