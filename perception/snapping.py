"""Maps a place that a model named to the element that it means, where the platform knows its elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.tools.element import Element

#: A box of the model means an element if their intersection over union is at least this.
SAME = 0.4
#: An element larger than this share of the screen (a map, a form) is under most points and confirms none.
MOST_OF_SCREEN = 1 / 8


class Place(NamedTuple):
    """The place of an answer, in pixels of the screenshot."""

    point: Point
    box: Box | None = None
    """The box of the element that is meant, otherwise that of the answer."""
    drawn: Box | None = None
    """The box of the answer."""
    element: str = ""
    """The id of the element that is meant, if one is known."""
    known: bool = False
    """Whether that element is small enough to confirm the place."""


def snapped(point: Point, box: Box | None, observation: Observation) -> Place:
    """Return the element that the answer means: the one with the same box, otherwise the one under the point."""
    most = observation.screenshot.width * observation.screenshot.height * MOST_OF_SCREEN
    if box and (same := max(_acting(observation), key=lambda pair: likeness(box, pair[1]), default=None)):
        element, visible = same
        if likeness(box, visible) >= SAME:
            return Place(visible.centre, visible, box, element.id, visible.area <= most)
    if under := element_under(point, observation):
        # The point within the element may matter (a slider, a map), so it stays.
        return Place(point, under.box, box, under.id, under.box.area <= most)
    return Place(point, box, box)


def element_under(point: tuple[int, int], observation: Observation) -> Element | None:
    """Return the smallest element under a point that accepts clicks or text, if one is known."""
    under = [(element, visible) for element, visible in _acting(observation) if visible.holds(point)]
    return min(under, key=lambda pair: pair[1].area)[0] if under else None


def likeness(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes, 0 to 1."""
    shared = one.overlap(other)
    return shared / (one.area + other.area - shared) if shared else 0.0


def _acting(observation: Observation) -> list[tuple[Element, Box]]:
    """Return the elements that accept actions, each with the part of its box that is on the screen."""
    size = (observation.screenshot.width, observation.screenshot.height)
    acting = [element for element in observation.elements if element.acts and not element.covered]
    return [(element, visible) for element in acting if (visible := element.box.within(*size))]
