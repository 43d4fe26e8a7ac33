"""Track the DOM changes that the last action caused; a screenshot does not show their cause.

`change_tracker.js` records in each document what scripts change from the press on. That is not enough when the page has
changed since it was observed, or when a canvas or video draws without DOM changes. Then the page is observed again just
before the press, with the mouse in place.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.scripts import try_call_script
from handeye.tools.browser.view import FrameMapping, frame_mapping
from handeye.tools.device import BeforePress, ChangedElement, PageChanges, RewrittenField
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from PIL.Image import Image
    from playwright.async_api import Frame, Page

    from handeye.tools.browser.capture import PageCapture
    from handeye.tools.browser.session import BrowserSession
    from handeye.tools.browser.view import Viewport
    from handeye.tools.element import Element

#: Most frames that are tracked.
MAX_FRAMES = 12

#: Seconds for which an inner frame, the main frame and additionally a timer of the page are waited for.
INNER_SECONDS, MAIN_SECONDS, TIMER_SECONDS = 0.5, 3.0, 1.0

#: Seconds for which a frame may report edited elements; a paused request waits for it.
EDITED_SECONDS = 0.3

#: Argument of `waitForRest` for hover styles, in milliseconds.
HOVER_REST = {"window": 60, "since": 0, "slice": 400, "began": 0, "habits": False}


class ChangeTracker:
    """Tracks the changes of the page in front during an action."""

    def __init__(
        self, session: BrowserSession, page_capture: PageCapture, read: Callable[[], Awaitable[list[Element]]]
    ) -> None:
        self.session, self.page_capture, self.read = session, page_capture, read
        self.before_press: BeforePress | None = None
        """The page just before the press of the last action, when it was observed then."""
        self._page: Page | None = None
        """The page on which the last action was performed."""
        self._result: PageChanges | None = None
        """The changes of the last action, once they were read."""

    async def start_action(self, at: tuple[float, float] | None = None) -> None:
        """Start to track an action. `at`: mouse coordinates of its press, where the mouse is already."""
        self.before_press, self._result, page = None, None, self.session.front.page
        viewport = await self.session.viewport() if at else None
        spot = viewport.to_page(at[0] * viewport.scale, at[1] * viewport.scale) if at and viewport else None
        reply = [each for frame in _frames(page) if (each := await self._start_tracking(frame, spot))]
        self._page = page
        drawn = [box for _, boxes in reply for box in boxes]
        if viewport and (drawn or any(stale for stale, _ in reply)):
            await self._observe_before_press(page, viewport, drawn)
            for frame in _frames(page):
                await self._start_tracking(frame, spot)

    async def page_changes(self) -> PageChanges | None:
        """Return the changes of the last action; they are read once. None when its page is not in front."""
        page = self._page
        if self._result is not None or page is None or page is not self.session.front.page:
            return self._result
        viewport = await self.session.viewport()
        per_frame = [each for frame in _frames(page) if (each := await self._read_changes(frame, viewport))]
        if not per_frame:
            return None
        self._result = PageChanges(
            changed=tuple(item for each in per_frame for item in each.changed),
            browser_actions=tuple(dict.fromkeys(item for each in per_frame for item in each.browser_actions)),
            unattributed=next((each.unattributed for each in per_frame if each.unattributed), ""),
            reordered=any(each.reordered for each in per_frame),
            draws_itself=any(each.draws_itself for each in per_frame),
            blocked_form=next((each.blocked_form for each in per_frame if each.blocked_form), ""),
            rewritten_field=next((each.rewritten_field for each in per_frame if each.rewritten_field), None),
            requests=tuple(self.session.network.sent),
            hover_regions=tuple(box for each in per_frame for box in each.hover_regions),
            focus_rings=tuple(box for each in per_frame for box in each.focus_rings),
            animated_regions=tuple(box for each in per_frame for box in each.animated_regions),
        )
        return self._result

    async def edited_elements(self) -> tuple[str, ...] | None:
        """Return the ids of elements of the front tab that were edited since the last call; None without an answer."""
        if not self.session.tabs:
            return None
        frames = _frames(self.session.front.page)
        reply = await asyncio.gather(
            *(try_call_script(frame, "editedFields", seconds=EDITED_SECONDS) for frame in frames)
        )
        return None if reply[0] is None else tuple(each for frame in reply for each in frame or ())

    async def _start_tracking(self, frame: Frame, spot: tuple[float, float] | None) -> tuple[bool, list[Box]] | None:
        """Start tracking in a frame. Return whether it changed since it was observed, and its drawn regions."""
        from playwright.async_api import Error

        try:
            mapping = await frame_mapping(frame)
        except Error:  # the frame was removed meanwhile
            return None
        at = mapping.into(*spot) if spot else None
        inner = frame.parent_frame is not None
        reply = await try_call_script(frame, "startTracking", {"at": at}, INNER_SECONDS if inner else MAIN_SECONDS)
        if reply is None:
            return None
        viewport = await self.session.viewport() if reply["drawn"] else None
        return reply["stale"], _boxes(reply["drawn"], mapping, viewport) if viewport else []

    async def _observe_before_press(self, page: Page, viewport: Viewport, drawn: Sequence[Box]) -> None:
        """Capture the page twice after hover styles have come to rest: regions that differ are animated."""
        await asyncio.gather(*(try_call_script(frame, "waitForRest", HOVER_REST, 1.0) for frame in _frames(page)))
        first = await self._capture_image()
        second = await self._capture_image() if drawn else first
        size = (viewport.width, viewport.height)
        animated_regions = tuple(box for box in drawn if _differs(first, second, box.within(*size)))
        shot = Screenshot(second, scale=self.session.scale)
        self.before_press = BeforePress(
            screenshot=shot, elements=tuple(await self.read()), animated_regions=animated_regions
        )

    async def _capture_image(self) -> Image:
        self.page_capture.invalidate()
        return await self.page_capture.image()

    async def _read_changes(self, frame: Frame, viewport: Viewport) -> PageChanges | None:
        from playwright.async_api import Error

        try:
            mapping = await frame_mapping(frame)
        except Error:
            return None
        inner = frame.parent_frame is not None
        reply = await try_call_script(
            frame, "pageChanges", None, TIMER_SECONDS + (INNER_SECONDS if inner else MAIN_SECONDS)
        )
        if reply is None:
            return None
        changed = [
            ChangedElement(
                what=each["what"][:80],
                how=each["how"],
                box=_boxes([each["box"]], mapping, viewport)[0],
                own=each["own"],
            )
            for each in reply["changed"]
        ]
        return PageChanges(
            changed=tuple(changed),
            browser_actions=tuple(reply["browser_actions"]),
            unattributed=reply["unattributed"][:80],
            reordered=reply["reordered"],
            draws_itself=reply["draws_itself"],
            blocked_form=reply["blocked_form"],
            rewritten_field=RewrittenField(**reply["rewritten_field"]) if reply["rewritten_field"] else None,
            hover_regions=tuple(_boxes(reply["hover_regions"], mapping, viewport)),
            focus_rings=tuple(_boxes(reply["focus_rings"], mapping, viewport)),
            animated_regions=tuple(_boxes(reply["animated_regions"], mapping, viewport)),
        )


def _frames(page: Page) -> list[Frame]:
    return page.frames[:MAX_FRAMES]


def _boxes(boxes: Sequence[Sequence[float]], mapping: FrameMapping, viewport: Viewport) -> list[Box]:
    """Convert boxes of a frame to screenshot pixels, rounded outwards."""
    result = []
    for box in boxes:
        left, top, right, bottom = mapping.box(list(box))
        (left, top), (right, bottom) = viewport.to_screenshot(left, top), viewport.to_screenshot(right, bottom)
        result.append(Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)))
    return result


def _differs(one: Image, two: Image, box: Any) -> bool:
    """Whether two images differ in a box."""
    return box is not None and one.crop(box).tobytes() != two.crop(box).tobytes()
