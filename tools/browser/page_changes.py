"""Track the changes of a page: wait until nothing changes, and report what the last action changed.

A page is at rest when it has loaded, the requests of the action have ended, and nothing changes. Evidence comes from
the page's state, its mutations, its running animations and the open requests. Animations without an end are ignored at
once. Content that never stops changing (a clock, a poll, an event stream) is ignored once it is recognised.

`change_tracker.js` records in each document what scripts change from the press on. That is not enough when the page has
changed since it was observed, or when a canvas or video draws without DOM changes. Then the page is observed again just
before the press, with the mouse in place.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.coordinates import FrameMapping, frame_mapping
from handeye.tools.browser.playwright_errors import is_navigating
from handeye.tools.browser.scripts import call_script, try_call_script
from handeye.tools.browser.session import DialogOpened
from handeye.tools.device import BeforePress, ChangedElement, PageChanges, RewrittenField, Settled
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from PIL.Image import Image
    from playwright.async_api import Frame, Page

    from handeye.tools.browser.capture import PageCapture
    from handeye.tools.browser.coordinates import Viewport
    from handeye.tools.browser.session import BrowserSession, BrowserTab
    from handeye.tools.element import Element


#: Most frames that are observed.
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


#: Milliseconds without a change that count as rest.
QUIET_MS = 60

#: Milliseconds after which the page's answer is requested again, with the current open requests.
SLICE_MS = 250

#: Seconds after which an open request on a page at rest counts as a long poll.
LONG_POLL_SECONDS = 3.0

#: Seconds for which changes in inner frames are waited for.
INNER_FRAME_SECONDS = 2.0


class PageSettler:
    """Waits until the page in front is at rest."""

    def __init__(self, session: BrowserSession, page_capture: PageCapture) -> None:
        self.session, self.page_capture = session, page_capture
        self.last_action_at = time.monotonic()
        """Time at which the last action ended."""

    async def wait(self, cap: float) -> Settled:
        """Wait until the page is at rest, for at most `cap` seconds."""
        start, notes, by = time.monotonic(), list[str](), "cap"
        why = "still changing"
        if not self.session.dialog:
            self.page_capture.start_early()  # in parallel with the wait
        while (spent := time.monotonic() - start) < cap:
            if self.session.dialog:
                by = "quiet"
                notes.append("a dialog is open")
                break
            tab = self.session.front
            quiet, note = await self._page(tab, spent, min(SLICE_MS / 1000, cap - spent))
            if note and quiet:
                notes.append(note)
            why = note if note and not quiet else why
            if not quiet or self.session.dialog or tab is not self.session.front:
                continue
            why = self._still_awaited(notes)
            if not why:
                by = "quiet"
                break
            await self.session.network.wait_for_change(min(0.1, max(0.01, cap - spent)))
        seconds = round(time.monotonic() - start, 3)
        if by == "quiet":
            return Settled(by="quiet", seconds=seconds, note="; ".join(dict.fromkeys(notes)))
        self.session.downloads.report_unfinished()
        return Settled(by="cap", seconds=seconds, note=f"not at rest after {cap:g} s: {why}")

    async def _page(self, tab: BrowserTab, spent: float, slice_: float) -> tuple[bool, str]:
        """Return whether the page and its frames have been at rest for the quiet window, and a note."""
        from playwright.async_api import Error

        last = max(self.last_action_at, self.session.network.last_end)
        argument = {
            "window": QUIET_MS,
            "since": max(0.0, (time.monotonic() - last) * 1000),
            "slice": slice_ * 1000,
            "began": spent * 1000,
            "habits": not self.session.network.open_requests(),
        }
        page = tab.page
        frames = page.frames[1:MAX_FRAMES] if spent < INNER_FRAME_SECONDS else []
        try:
            main, *inner = await self.session.wait_for(
                self._ask(page.main_frame, frames, argument), slice_ + self.session.timeout
            )
        except DialogOpened:
            return False, ""
        except Error as error:
            if not (is_navigating(error) or page.is_closed()):
                raise
            self.last_action_at = time.monotonic()  # another document: the quiet window starts again
            await asyncio.sleep(0.01)
            return False, "a page is being loaded"
        states: list[dict[str, Any]] = [main, *(state for state in inner if state)]
        quiet = all(state["quiet"] for state in states)
        notes = [state["note"] for state in states if state["note"] and state["quiet"] == quiet]
        return quiet, notes[0] if notes else ""

    async def _ask(self, main: Frame, frames: list[Frame], argument: dict[str, Any]) -> list[Any]:
        seconds = argument["slice"] / 1000 + 1
        others = (try_call_script(frame, "waitForRest", argument, seconds) for frame in frames)
        return await asyncio.gather(call_script(main, "waitForRest", argument), *others)

    def _still_awaited(self, notes: list[str]) -> str:
        """Return what is still expected from outside the page; empty for nothing."""
        if self.session.tab_is_opening:
            return "a tab is opening"
        if self.session.downloads.has_pending():
            return "a download is under way"
        if self.session.network.expected_file():
            return "a download is about to begin"
        polls = self.session.network.give_up_long_requests(LONG_POLL_SECONDS)
        if polls:
            notes.append(f"still open: {', '.join(polls[:3])}")
        waiting = self.session.network.open_requests()
        return f"waiting for {waiting[0]}" if waiting else ""
