"""Wait until a page is at rest: it has loaded, the requests of the action have ended, and nothing changes.

Evidence comes from the page's state, its mutations, its running animations and the open requests. Animations without
an end are ignored at once. Content that never stops changing (a clock, a poll, an event stream) is ignored once it is
recognised.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.playwright_errors import is_navigating
from handeye.tools.browser.scripts import call_script, try_call_script
from handeye.tools.browser.session import DialogOpened
from handeye.tools.device import Settled

if TYPE_CHECKING:
    from playwright.async_api import Frame

    from handeye.tools.browser.capture import PageCapture
    from handeye.tools.browser.session import BrowserSession, BrowserTab

#: Milliseconds without a change that count as rest.
QUIET_MS = 60

#: Milliseconds after which the page's answer is requested again, with the current open requests.
SLICE_MS = 250

#: Seconds after which an open request on a page at rest counts as a long poll.
LONG_POLL_SECONDS = 3.0

#: Seconds for which changes in inner frames are waited for.
INNER_FRAME_SECONDS = 2.0

#: Most frames that are observed.
MAX_FRAMES = 12


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
