"""Convert between CSS pixels of a page or frame, pixels of the screenshot and mouse coordinates.

Device scale, browser zoom and pinch zoom are considered; see https://drafts.csswg.org/cssom-view/#visualviewport.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handeye.tools.browser.scripts import call_script, call_script_on

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Frame, Page


@dataclass(frozen=True)
class Viewport:
    """The visible part of a page and its scale."""

    width: int
    height: int
    """Size of the screenshot, in pixels."""
    ratio: float = 1.0
    """Screenshot pixels per CSS pixel of the page."""
    scale: float = 1.0
    """Screenshot pixels per unit of mouse coordinates."""
    left: float = 0.0
    top: float = 0.0
    """Origin of the screenshot in the layout viewport, in CSS pixels; not 0 only under pinch zoom."""

    def to_screenshot(self, x: float, y: float) -> tuple[float, float]:
        """Convert CSS pixels of the page's viewport to screenshot pixels."""
        return (x - self.left) * self.ratio, (y - self.top) * self.ratio

    def to_page(self, x: float, y: float) -> tuple[float, float]:
        """Convert screenshot pixels to CSS pixels of the page's viewport."""
        return x / self.ratio + self.left, y / self.ratio + self.top

    def to_mouse(self, x: float, y: float) -> tuple[float, float]:
        """Convert screenshot pixels to mouse coordinates."""
        return x / self.scale, y / self.scale


async def read_viewport(page: Page, cdp_session: CDPSession, scale: float | None) -> Viewport:
    """Read the page's viewport. `scale` is the device scale, or None when only the browser knows it."""
    ratio, width, height, left, top, pinch = await call_script(page.main_frame, "viewport")
    if scale is None:
        visual_viewport = (await cdp_session.send("Page.getLayoutMetrics"))["cssVisualViewport"]
        scale = ratio / pinch / visual_viewport.get("zoom", 1.0)
    # Pinch zoom scales mouse coordinates, too.
    return Viewport(round(width), round(height), ratio, scale * pinch, left, top)


@dataclass(frozen=True)
class FrameMapping:
    """Maps CSS pixels of a frame to CSS pixels of the page's viewport."""

    left: float = 0.0
    top: float = 0.0
    across: float = 1.0
    down: float = 1.0
    """CSS pixels of the page per CSS pixel of the frame, horizontally and vertically."""

    def out(self, x: float, y: float) -> tuple[float, float]:
        """Convert a point of the frame to the page."""
        return self.left + x * self.across, self.top + y * self.down

    def into(self, x: float, y: float) -> tuple[float, float]:
        """Convert a point of the page to the frame."""
        return (x - self.left) / self.across, (y - self.top) / self.down

    def box(self, box: list[float]) -> list[float]:
        """Convert a box [left, top, right, bottom] of the frame to the page."""
        return [*self.out(box[0], box[1]), *self.out(box[2], box[3])]

    def of(self, place: dict[str, float], extent: list[float]) -> FrameMapping:
        """Return the mapping of a nested frame: `place` is its placement in this frame, `extent` its inner size."""
        left, top = self.out(place["x"], place["y"])
        across, down = place["wide"] / (extent[0] or 1), place["high"] / (extent[1] or 1)
        return FrameMapping(left, top, self.across * (across or 1.0), self.down * (down or 1.0))


async def frame_mapping(frame: Frame) -> FrameMapping:
    """Return the mapping of a frame to its page. Raises Playwright's errors when the frame is being removed."""
    if frame.parent_frame is None:
        return FrameMapping()
    outer = await frame_mapping(frame.parent_frame)
    place = await call_script_on(await frame.frame_element(), "framePlacement")
    return outer.of(place, await call_script(frame, "frameSize"))
