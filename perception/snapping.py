"""From a place a model named to the element that is meant, where the platform knows its elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.tools.element import Element

#: A box of the model and an element that share this part of what they cover together are the same thing.
SAME = 0.4
#: What covers more of the screen than this (a map, a form, the page) lies under most points: it confirms none.
MOST_OF_SCREEN = 1 / 8


class Place(NamedTuple):
    """Where an answer has a thing, in pixels of the screenshot."""

    point: Point
    box: Box | None = None
    """The element's where one is meant, else the answer's."""
    drawn: Box | None = None
    """As the answer has it."""
    element: str = ""
    """The id of the element that is meant, when one is known."""
    known: bool = False
    """Whether that element is small enough to confirm the place."""


def snapped(point: Point, box: Box | None, observation: Observation) -> Place:
    """The element the answer means, where one is known: the one of the same shape, else the one under the point."""
    most = observation.screenshot.width * observation.screenshot.height * MOST_OF_SCREEN
    if box and (same := max(_acting(observation), key=lambda pair: likeness(box, pair[1]), default=None)):
        element, visible = same
        if likeness(box, visible) >= SAME:
            return Place(visible.centre, visible, box, element.id, visible.area <= most)
    if under := element_under(point, observation):
        # The place within it may matter (a slider, a map), so the point stays.
        return Place(point, under.box, box, under.id, under.box.area <= most)
    return Place(point, box, box)


def element_under(point: tuple[int, int], observation: Observation) -> Element | None:
    """The smallest element under a point that a person would click or type into, when one is known."""
    under = [(element, visible) for element, visible in _acting(observation) if visible.holds(point)]
    return min(under, key=lambda pair: pair[1].area)[0] if under else None


def likeness(one: Box, other: Box) -> float:
    """The share of what two boxes cover together that both cover (intersection over union)."""
    shared = one.overlap(other)
    return shared / (one.area + other.area - shared) if shared else 0.0


def _acting(observation: Observation) -> list[tuple[Element, Box]]:
    """Elements to act on, each with the part of it that is on the screen."""
    size = (observation.screenshot.width, observation.screenshot.height)
    acting = [element for element in observation.elements if element.acts and not element.covered]
    return [(element, visible) for element in acting if (visible := element.box.within(*size))]
