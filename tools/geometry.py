"""Points and boxes in screen pixels of the screenshot they were read from."""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """A place on a screenshot, in its pixels; (0, 0) is the top left corner."""

    x: int
    y: int


class Box(NamedTuple):
    """A rectangle on a screenshot, in its pixels: left, top, right, bottom; right and bottom lie outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Area in square pixels."""
        return max(0, self.width) * max(0, self.height)

    @property
    def centre(self) -> Point:
        """The point in the middle."""
        return Point((self.left + self.right) // 2, (self.top + self.bottom) // 2)

    def moved(self, x: int, y: int) -> Box:
        """The same box so many pixels further right and down."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def holds(self, point: tuple[int, int]) -> bool:
        """Whether the point lies inside."""
        return self.left <= point[0] < self.right and self.top <= point[1] < self.bottom

    def within(self, width: int, height: int) -> Box | None:
        """The part of this box on a screen of that size, or None when nothing of it is there."""
        left, top = max(0, self.left), max(0, self.top)
        right, bottom = min(width, self.right), min(height, self.bottom)
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    def overlap(self, other: Box) -> int:
        """The number of pixels both boxes cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)
