"""Reading order of elements, and the labels of fields."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from handeye.tools.geometry import Box

#: The largest height of a line of a form; a higher element spans several lines.
LINE = 60

#: A label is at most so far to the left of its field, or above it, and so many characters long.
LEFT, ABOVE, LONGEST = 250, 30, 60


class Placed(Protocol):
    """What stands somewhere and may say something."""

    box: Box
    name: str

    @property
    def kind(self) -> str:
        """The role of the element."""
        ...


#: Ids kept before those that are no longer shown are dropped.
MOST_KNOWN = 40_000

T = TypeVar("T", bound=Placed)


def in_lines(things: Sequence[T]) -> list[list[T]]:
    """Lines from the top, each from the left."""
    lines: list[list[T]] = []
    bottom = 0
    for thing in sorted(things, key=lambda thing: (thing.box.top, thing.box.left)):
        middle = min(thing.box.centre.y, thing.box.top + LINE // 2)
        if not lines or middle >= bottom:
            lines.append([])
            bottom = min(thing.box.bottom, thing.box.top + LINE)
        lines[-1].append(thing)
    return [sorted(line, key=lambda thing: (thing.box.left, thing.box.top)) for line in lines]


def label_beside(field: Placed, lines: Sequence[Sequence[Placed]]) -> str:
    """What a person takes for the label of a field without a name; empty when nothing stands there.

    The words left of it on its line, right of it for what is ticked, else those just above.
    """
    box = field.box
    line = next((line for line in lines if any(each is field for each in line)), ())
    labels = [each for each in line if each.kind in ("text", "cell") and 0 < len(each.name) <= LONGEST]
    ticked = field.kind in ("checkbox", "radio", "switch")
    right = [each for each in labels if 0 <= each.box.left - box.right <= LEFT]
    left = [each for each in labels if 0 <= box.left - each.box.right <= LEFT]
    if ticked and right:
        return min(right, key=lambda each: each.box.left).name
    if left:
        return max(left, key=lambda each: each.box.right).name
    if box.height > LINE:
        return ""
    over = [
        each
        for each in (each for others in lines for each in others)
        if each.kind == "text" and len(each.name) <= LONGEST and 0 <= box.top - each.box.bottom <= ABOVE
        and each.box.left < box.right and box.left < each.box.right
    ]  # fmt: skip
    return max(over, key=lambda each: each.box.bottom).name if over else ""


class StableIds:
    """Gives out numbers from 1 on, none of them twice."""

    def __init__(self) -> None:
        self._next = count(1)
        self._known: dict[tuple[Hashable, int], int] = {}

    def of(self, things: Sequence[Hashable]) -> list[int]:
        """Return the ids of the nodes of one observation; a node that is listed twice has two."""
        times: Counter[Hashable] = Counter()
        keys: list[tuple[Hashable, int]] = []
        for thing in things:
            keys.append((thing, times[thing]))
            times[thing] += 1
        numbers = [self._known.get(key) or next(self._next) for key in keys]
        known = self._known if len(self._known) < MOST_KNOWN else {}
        self._known = known | dict(zip(keys, numbers, strict=True))
        return numbers
