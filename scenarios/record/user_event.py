"""One event of a person in a page, as the page script reports it, with the elements that were visible before."""

from __future__ import annotations

import math
from typing import Any, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from handeye.perception.observation import Observation
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box, Point
from handeye.tools.screenshot import Screenshot

Kind = Literal[
    "click", "double", "right", "middle", "drag", "fill", "set", "tick", "radio", "select", "files", "key", "check",
    "arrived", "moved", "tab",
]  # fmt: skip


class UserEvent(BaseModel):
    """One event; its kind determines which fields are set. Coordinates are CSS pixels of the page."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    url: str = ""
    title: str = ""
    size: tuple[float, float] = (1344, 896)
    top: bool = True
    """Whether it occurred in the page itself, not in a frame."""
    found: list[dict[str, Any]] = Field(default_factory=list)
    """All elements of the page before the event."""
    index: int = -1
    """The index of the target among them."""
    end: int = -1
    """The index of the drop target among them."""
    hover: tuple[int, ...] = ()
    """Elements of which one must be hovered before the target appears."""
    point: tuple[float, float] = (0, 0)
    to: tuple[float, float] = (0, 0)
    modifiers: tuple[str, ...] = ()
    session: int = 0
    """An identifier that stays equal while one field is edited."""
    value: str = ""
    before: str = ""
    secret: bool = False
    checked: bool = False
    options: tuple[str, ...] = ()
    multiple: bool = False
    names: tuple[str, ...] = ()
    keys: str = ""
    text: str = ""
    chosen: bool = False
    """Whether the person selected the text."""
    how: str = ""
    """The navigation type of a new page: navigate, reload, back_forward."""
    place: int = -1
    """The index in the tab's history."""
    origin: int = Field(default=-1, alias="from")
    tab: int = 0

    @property
    def element(self) -> Element | None:
        """The target element."""
        return self._element(self.index)

    @property
    def target(self) -> Element | None:
        """The element of a drop."""
        return self._element(self.end)

    @property
    def holders(self) -> list[Element]:
        """Elements of which one must be hovered first."""
        return [each for each in map(self._element, self.hover) if each]

    def _element(self, index: int) -> Element | None:
        return element_of(self.found[index]) if 0 <= index < len(self.found) else None

    @property
    def at(self) -> Point:
        """The point of the event, in pixels of the page."""
        return Point(round(self.point[0]), round(self.point[1]))

    def observation(self, **changes: Any) -> Observation:
        """Return the observation before the event; `changes` apply to the target, such as its value before."""
        elements = [element_of(each) for each in self.found]
        if changes and 0 <= self.index < len(elements):
            elements[self.index] = elements[self.index].model_copy(update=changes)
        wide, high = max(1, round(self.size[0])), max(1, round(self.size[1]))
        blank = Screenshot(Image.new("RGB", (wide, high)))
        return Observation(blank, tuple(elements), Signals(url=self.url, title=self.title))


def element_of(raw: dict[str, Any]) -> Element:
    """Return the element for a record of the page script."""
    left, top, right, bottom = (math.floor(side + 0.5) for side in raw["box"])
    box = Box(left, top, max(left + 1, right), max(top + 1, bottom))
    return Element(**{**raw, "box": box, "source": "dom"})
