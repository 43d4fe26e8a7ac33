"""Waiting for a page that may be held up by a dialog, go on to another document, hang, or go away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from handeye.tools.browser.trouble import passing
from handeye.tools.errors import DeviceLost

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from playwright.async_api import CDPSession, Page

    from handeye.tools.browser.dialog import OpenDialog

T = TypeVar("T")

#: Seconds during which a page may keep going on to another before looking at it is given up.
PASSING = 5.0


class DialogOpened(Exception):
    """A dialog holds the page up; what was being done goes on when it has been answered."""


@dataclass(eq=False)
class Tab:
    """One page."""

    page: Page
    ready: asyncio.Task[CDPSession]
    """Its own line to Chromium."""
    title: str = ""
    sign: float | None = None
    """Tells its document from every other."""


class Patience:
    """What is being waited for, and what ends the waiting. Lives in the worker's event loop."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.dialog: OpenDialog | None = None
        self.lost = ""
        """Why the browser cannot be used any more; empty while it can."""
        self.said: list[str] = []
        """What happened beside the action itself, for people to know."""
        self._recent: list[Tab] = []
        """The open tabs, the one in front last."""
        self._waiting: set[asyncio.Future[None]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def front(self) -> Tab:
        """The tab in front."""
        self.check()
        if not self._recent:
            raise DeviceLost("the browser has no page open; start it again and resume the run")
        return self._recent[-1]

    def check(self) -> None:
        """Raise DeviceLost when the browser cannot be used any more."""
        if self.lost:
            raise DeviceLost(f"{self.lost}; start it again and resume the run")

    async def until(self, doing: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """The result of `doing`. Raises DialogOpened when a dialog holds it up, DeviceLost when the browser goes away
        or has not answered for `seconds` (the browser's time-out when None)."""
        if self.lost or self.dialog:
            doing.close()
            self.check()
            raise DialogOpened
        task = asyncio.ensure_future(doing)
        stop = asyncio.get_running_loop().create_future()
        self._waiting.add(stop)
        try:
            limit = self.timeout if seconds is None else seconds
            await asyncio.wait({task, stop}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            self.check()
            if self.dialog:
                raise DialogOpened
            raise DeviceLost(f"the page has not answered for {limit:g} s; reload it, or start the browser again")
        finally:
            self._waiting.discard(stop)
            if not task.done():
                task.cancel()
                self.keep(task)

    async def steady(self, look: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `look` sees, tried again while the page goes on to another document; like `until` otherwise."""
        from playwright.async_api import Error

        deadline = time.monotonic() + PASSING
        while True:
            tab = self.front
            try:
                return await self.until(look())
            except Error as error:
                if time.monotonic() > deadline or not (passing(error) or tab.page.is_closed()):
                    raise
                await asyncio.sleep(0.02)

    def keep(self, task: asyncio.Future[Any]) -> None:
        """Let a task end by itself, whatever becomes of it."""
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def take_remarks(self) -> list[str]:
        """What happened meanwhile; forgotten afterwards."""
        said = list(dict.fromkeys(self.said))
        self.said.clear()
        return said

    def _wake(self) -> None:
        for stop in self._waiting:
            if not stop.done():
                stop.set_result(None)

    def _lose(self, why: str) -> None:
        self.lost = self.lost or why
        self._wake()
