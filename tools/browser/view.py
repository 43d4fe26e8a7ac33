"""How a page's own pixels become those of its picture and of the mouse: device scale, browser zoom and pinch zoom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handeye.tools.browser.scripts import ask, ask_about

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Frame, Page


@dataclass(frozen=True)
class View:
    """What of a page is on the screen, and how large."""

    width: int
    height: int
    """Of its picture, in pixels."""
    ratio: float = 1.0
    """Pixels of the picture to one CSS pixel of the page."""
    scale: float = 1.0
    """Pixels of the picture to one unit of the mouse."""
    left: float = 0.0
    top: float = 0.0
    """Where the picture begins on the page's viewport, in CSS pixels; not 0 only under a pinch zoom."""

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """From CSS pixels of the page's viewport to pixels of the picture."""
        return (x - self.left) * self.ratio, (y - self.top) * self.ratio

    def to_page(self, x: float, y: float) -> tuple[float, float]:
        """From pixels of the picture to CSS pixels of the page's viewport."""
        return x / self.ratio + self.left, y / self.ratio + self.top

    def to_mouse(self, x: float, y: float) -> tuple[float, float]:
        """From pixels of the picture to the mouse's units."""
        return x / self.scale, y / self.scale


async def view_of(page: Page, line: CDPSession, scale: float | None) -> View:
    """The page's view now. `scale` is the screen's own, or None where only the browser knows it."""
    ratio, width, height, left, top, pinch = await ask(page.main_frame, "view")
    if scale is None:
        seen = (await line.send("Page.getLayoutMetrics"))["cssVisualViewport"]
        scale = ratio / pinch / seen.get("zoom", 1.0)
    return View(round(width), round(height), ratio, scale * pinch, left, top)  # a pinch enlarges the mouse's units too


@dataclass(frozen=True)
class Mapping:
    """Where a frame's CSS pixels are among those of the page's viewport."""

    left: float = 0.0
    top: float = 0.0
    across: float = 1.0
    down: float = 1.0
    """CSS pixels of the page to one of the frame, in both directions."""

    def out(self, x: float, y: float) -> tuple[float, float]:
        """From the frame to the page."""
        return self.left + x * self.across, self.top + y * self.down

    def into(self, x: float, y: float) -> tuple[float, float]:
        """From the page to the frame."""
        return (x - self.left) / self.across, (y - self.top) / self.down

    def box(self, box: list[float]) -> list[float]:
        """A box of the frame on the page."""
        return [*self.out(box[0], box[1]), *self.out(box[2], box[3])]

    def of(self, place: dict[str, float], extent: list[float]) -> Mapping:
        """That of a frame inside this one; `place` says where it stands, `extent` how large it takes itself to be."""
        left, top = self.out(place["x"], place["y"])
        across, down = place["wide"] / (extent[0] or 1), place["high"] / (extent[1] or 1)
        return Mapping(left, top, self.across * (across or 1.0), self.down * (down or 1.0))


async def mapping_of(frame: Frame) -> Mapping:
    """Where the frame is on its page. Raises Playwright's errors when it is going away."""
    if frame.parent_frame is None:
        return Mapping()
    outer = await mapping_of(frame.parent_frame)
    place = await ask_about(await frame.frame_element(), "place")
    return outer.of(place, await ask(frame, "extent"))
