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

#: The largest distance of a label to the left of its field and above it, in pixels, and its largest length.
LEFT, ABOVE, LONGEST = 250, 30, 60


class Placed(Protocol):
    """An object with a box, a role and perhaps a name."""

    box: Box
    name: str

    @property
    def kind(self) -> str:
        """The role of the element."""
        ...


#: The number of stored ids above which those of nodes that are no longer on the screen are dropped.
MOST_KNOWN = 40_000

T = TypeVar("T", bound=Placed)


def in_lines(nodes: Sequence[T]) -> list[list[T]]:
    """Group elements into lines: the lines from top to bottom, each line from left to right."""
    lines: list[list[T]] = []
    bottom = 0
    for node in sorted(nodes, key=lambda node: (node.box.top, node.box.left)):
        middle = min(node.box.centre.y, node.box.top + LINE // 2)
        if not lines or middle >= bottom:
            lines.append([])
            bottom = min(node.box.bottom, node.box.top + LINE)
        lines[-1].append(node)
    return [sorted(line, key=lambda node: (node.box.left, node.box.top)) for line in lines]


def nearby_label(field: Placed, lines: Sequence[Sequence[Placed]]) -> str:
    """Return the visible label of a field without a name; empty if there is none near it.

    It is the nearest text to the left on the same line (to the right for check boxes and radio buttons), else the text
    just above.
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
    above = [
        each
        for each in (each for others in lines for each in others)
        if each.kind == "text" and len(each.name) <= LONGEST and 0 <= box.top - each.box.bottom <= ABOVE
        and each.box.left < box.right and box.left < each.box.right
    ]  # fmt: skip
    return max(above, key=lambda each: each.box.bottom).name if above else ""


class StableIds:
    """Assigns ids to nodes, from 1; an id is never assigned twice."""

    def __init__(self) -> None:
        self._next = count(1)
        self._known: dict[tuple[Hashable, int], int] = {}

    def of(self, nodes: Sequence[Hashable]) -> list[int]:
        """Return the ids of the nodes of one observation; a node that is listed twice has two ids."""
        times: Counter[Hashable] = Counter()
        keys: list[tuple[Hashable, int]] = []
        for node in nodes:
            keys.append((node, times[node]))
            times[node] += 1
        numbers = [self._known.get(key) or next(self._next) for key in keys]
        known = self._known if len(self._known) < MOST_KNOWN else {}
        self._known = known | dict(zip(keys, numbers, strict=True))
        return numbers
