"""One grounding question: a screenshot, an instruction, and the true place of the element."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Area:
    """The true place of an element, in pixels of the image; the numbers may be fractional."""

    kind: Literal["box", "polygon"]
    numbers: tuple[float, ...]
    """For a box left, top, right and bottom; for a polygon x and y of each corner."""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the smallest box around it."""
        across, down = self.numbers[::2], self.numbers[1::2]
        return min(across), min(down), max(across), max(down)

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The corners, in order around the area."""
        if self.kind == "polygon":
            return tuple(zip(self.numbers[::2], self.numbers[1::2], strict=True))
        left, top, right, bottom = self.numbers
        return (left, top), (right, top), (right, bottom), (left, bottom)

    def holds(self, point: Sequence[float]) -> bool:
        """Return whether a point is inside or on the edge, as the benchmarks' scripts count it."""
        x, y = point
        left, top, right, bottom = self.bounds
        if not (left <= x <= right and top <= y <= bottom):
            return False
        return self.kind == "box" or _within(x, y, self.corners)


@dataclass(frozen=True)
class GroundingItem:
    """One question: find this element on this picture."""

    name: str
    """The name of the picture in the data set."""
    path: Path
    instruction: str
    truth: Area | None
    """None: the element is absent, and the right answer is that it is absent."""
    types: tuple[str, ...] = ()
    """Types under which it is counted, such as `text` or `icon`."""
    source: str = ""
    """The source of the picture, such as `windows`."""
    group: str = ""
    """Its group in the benchmark's published table, such as `mobile`."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Further fields, such as a theme or a language, by which results are grouped."""


@dataclass(frozen=True)
class Dataset:
    """The questions of a data set."""

    path: Path
    format: str
    items: tuple[GroundingItem, ...]
    notes: tuple[str, ...] = field(default=())


def _within(x: float, y: float, corners: Sequence[tuple[float, float]]) -> bool:
    """Return whether a point is in a polygon, by ray casting; a point on an edge is inside."""
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True):
        side = (x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)
        if side == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and x < x1 + (x2 - x1) * (y - y1) / (y2 - y1):
            inside = not inside
    return inside
