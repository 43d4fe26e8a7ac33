"""When is a page at rest? When it has loaded, what the action asked the network for has come, and nothing changes.

All of it is evidence: the page's own state, its mutations, its running animations, the requests under way. Animations
without an end are left alone at once; things that change for ever (a clock, a poll, an event stream) once they have
shown that they do.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.playwright_errors import passing
from handeye.tools.browser.scripts import ask, quickly
from handeye.tools.browser.session import DialogOpened
from handeye.tools.device import Settled

if TYPE_CHECKING:
    from playwright.async_api import Frame

    from handeye.tools.browser.capture import Camera
    from handeye.tools.browser.session import Session, Tab

#: Milliseconds without a change that count as rest, on a page that is not busy computing.
QUIET = 60

#: Milliseconds after which the page is asked again, so that new evidence can be weighed.
SLICE = 250

#: Seconds a request may stay open with the page at rest before it is taken for a long poll.
PATIENCE = 3.0

#: Seconds that frames inside the page can hold things up.
FRAME_PATIENCE = 2.0

#: Frames beyond this many are not asked.
FRAMES = 12


class Settling:
    """Waits for one session's page to come to rest."""

    def __init__(self, session: Session, camera: Camera) -> None:
        self.session, self.camera = session, camera
        self.acted = time.monotonic()
        """When the last action ended."""

    async def wait(self, cap: float) -> Settled:
        """Until the page is at rest, at most `cap` seconds."""
        start, notes, by = time.monotonic(), list[str](), "cap"
        why = "still changing"
        if not self.session.dialog:
            self.camera.take_ahead()  # while the page shows that it is at rest
        while (spent := time.monotonic() - start) < cap:
            if self.session.dialog:
                by = "quiet"
                notes.append("a dialog is open")
                break
            tab = self.session.front
            quiet, note = await self._page(tab, spent, min(SLICE / 1000, cap - spent))
            if note and quiet:
                notes.append(note)
            why = note if note and not quiet else why
            if not quiet or self.session.dialog or tab is not self.session.front:
                continue
            why = self._awaited(notes)
            if not why:
                by = "quiet"
                break
            await self.session.traffic.change(min(0.1, max(0.01, cap - spent)))
        seconds = round(time.monotonic() - start, 3)
        if by == "quiet":
            return Settled(by="quiet", seconds=seconds, note="; ".join(dict.fromkeys(notes)))
        self.session.downloads.report_unfinished()
        return Settled(by="cap", seconds=seconds, note=f"not at rest after {cap:g} s: {why}")

    async def _page(self, tab: Tab, spent: float, slice_: float) -> tuple[bool, str]:
        """Whether the page and its frames have been at rest for the window, and a note."""
        from playwright.async_api import Error

        last = max(self.acted, self.session.traffic.last_end)
        argument = {
            "window": QUIET,
            "since": max(0.0, (time.monotonic() - last) * 1000),
            "slice": slice_ * 1000,
            "began": spent * 1000,
            "habits": not self.session.traffic.under_way(),
        }
        page = tab.page
        frames = page.frames[1:FRAMES] if spent < FRAME_PATIENCE else []
        try:
            main, *inner = await self.session.until(
                self._ask(page.main_frame, frames, argument), slice_ + self.session.timeout
            )
        except DialogOpened:
            return False, ""
        except Error as error:
            if not (passing(error) or page.is_closed()):
                raise
            self.acted = time.monotonic()  # another document: the window begins anew
            await asyncio.sleep(0.01)
            return False, "a page is being loaded"
        states: list[dict[str, Any]] = [main, *(state for state in inner if state)]
        quiet = all(state["quiet"] for state in states)
        notes = [state["note"] for state in states if state["note"] and state["quiet"] == quiet]
        return quiet, notes[0] if notes else ""

    async def _ask(self, main: Frame, frames: list[Frame], argument: dict[str, Any]) -> list[Any]:
        seconds = argument["slice"] / 1000 + 1
        others = (quickly(frame, "rest", argument, seconds) for frame in frames)
        return await asyncio.gather(ask(main, "rest", argument), *others)

    def _awaited(self, notes: list[str]) -> str:
        """What is still awaited from outside the page; empty for nothing."""
        if self.session.opening:
            return "a tab is opening"
        if self.session.downloads.awaited():
            return "a download is under way"
        if self.session.traffic.file_coming():
            return "a download is about to begin"
        polls = self.session.traffic.patient(PATIENCE)
        if polls:
            notes.append(f"still open: {', '.join(polls[:3])}")
        waiting = self.session.traffic.under_way()
        return f"waiting for {waiting[0]}" if waiting else ""
