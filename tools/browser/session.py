"""A running Chromium: its tabs, the dialog that is open, its downloads, and waiting for a page that may go away."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from handeye.tools.browser.dialogs import OpenDialog
from handeye.tools.browser.downloads import Downloads
from handeye.tools.browser.launch import end_process, front_page, join, launch, play, process_of
from handeye.tools.browser.network import Traffic
from handeye.tools.browser.page_log import Overheard
from handeye.tools.browser.playwright_errors import passing
from handeye.tools.browser.scripts import source
from handeye.tools.browser.view import View, view_of
from handeye.tools.errors import DeviceLost
from handeye.tools.secrets.store import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from playwright.async_api import (
        Browser,
        BrowserContext,
        CDPSession,
        Dialog,
        Download,
        FileChooser,
        Frame,
        Page,
        Playwright,
        StorageState,
    )

    from handeye.tools.allow_list import AllowList

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


#: Seconds that a browser gets to end by itself.
ENDING = 8.0

#: Seconds that a new tab may take to show up before nobody waits for it any more.
OPENING = 3.0


class Session(Patience):
    """Chromium from its start to its end. Lives in the worker's event loop."""

    def __init__(
        self,
        *,
        headed: bool,
        viewport: tuple[int, int],
        domains: AllowList,
        files: Path | None,
        downloads: Path | None,
        timeout: float,
        scale: float = 1.0,
        state: StorageState | None = None,
        joined: str = "",
    ) -> None:
        super().__init__(timeout)
        self.headed, self.viewport, self.scale = headed, viewport, scale
        self.state = state
        """Cookies and storage to begin with."""
        self.joined = joined
        """Where a Chromium listens that somebody else started and uses; empty for one of our own."""
        self.secrets = Secrets()
        self.first = ""
        """The address that the run began at, which secrets are bound to; empty until there is one."""
        self.traffic = Traffic(domains, files=files)
        self.overheard = Overheard(lambda text: self.secrets.redact(text))
        self.tabs: list[Tab] = []
        """In the order they opened."""
        self.chooser: asyncio.Future[FileChooser] | None = None
        """Somebody waits for a file chooser."""
        self.downloads = Downloads(downloads, self.said.append)
        self.staying = True
        """Whether a page that asks may keep its person; not while handeye itself moves on."""
        self.kept_window = bool(joined)
        """Whether the window has cookies and storage that are newer than any memento's."""
        self.pid: int | None = None
        self.moved: Callable[[], Coroutine[Any, Any, None]] | None = None
        """Called when a tab shows another document or address."""
        self._opening: dict[str, float] = {}
        self._home = ""
        self._ids: set[str] = set()
        """Of our tabs' targets."""
        self._closing = False
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._artist: Browser | None = None
        self._context: BrowserContext | None = None

    # Start and end

    async def start(self) -> None:
        """Start Chromium with one empty tab, or join one. Raises SetupError when that cannot be done."""
        self._playwright = await play()
        if self.joined:
            self._browser = await join(self._playwright, self.joined, self.timeout)
        else:
            rules = self.traffic.domains.switches()
            self._browser = await launch(
                self._playwright, headed=self.headed, rules=rules, timeout=self.timeout, scale=self.scale
            )
            self.pid = await process_of(self._browser)
        self._browser.on("disconnected", self._ended)
        root = await self._browser.new_browser_cdp_session()
        root.on("Target.targetCreated", lambda event: self._target(event["targetInfo"]))
        root.on("Target.targetDestroyed", lambda event: self._gone(event["targetId"]))
        await root.send("Target.setDiscoverTargets", {"discover": True})
        if self.joined:
            await self._join_tab(self._browser.contexts[0])
        else:
            await self.traffic.attach(root)
            await self.open_context(self.state)

    async def _join_tab(self, context: BrowserContext) -> None:
        """Take the tab that is in front; no other is touched, except those that it opens."""
        self._context = context
        context.on("dialog", self._asked)
        self._adopt(await front_page(context) or await context.new_page())
        await self.front.ready
        self.begin_at(self.front.page.url)

    def begin_at(self, url: str) -> None:
        """A page is open: where none was before, the run begins on it."""
        if not self.first and url.startswith(("http:", "https:", "file:")):
            self.first = url

    async def revive(self) -> None:
        """Be there again after a loss: with a new page where the browser still lives, else with a new browser."""
        gone, fresh = [tab.page for tab in self.tabs], None
        if self._browser is not None and self._context is not None:
            with suppress(Exception):  # a browser that is gone, or hangs
                fresh = await asyncio.wait_for(self._context.new_page(), self.timeout)
        if fresh is None:
            await self._release()
            end_process(self.pid)
        # Only now: what the old ones had still to say has been heard.
        self.lost, self.dialog, self.tabs, self._recent = "", None, [], []
        self.kept_window = fresh is not None or bool(self.joined)
        if fresh is None:
            self._context = None
            await self.start()
            return
        self._adopt(fresh)
        await self.front.ready
        for old in gone:
            self.keep(self.begin(old.close()))

    async def open_context(self, state: StorageState | None = None) -> None:
        """A fresh window with one empty tab, and cookies and local storage if given; the old one is closed."""
        old, self._context = self._context, None
        self.tabs, self._recent, self.dialog = [], [], None
        if old is not None:
            await old.close()
        width, height = self.viewport
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=self.scale,
            accept_downloads=True,
            storage_state=state,
        )
        self._context = context
        context.set_default_timeout(self.timeout * 1000)
        await context.add_init_script(source())
        context.on("page", self._adopt)
        context.on("dialog", self._asked)
        self.traffic.watch(context)
        self._adopt(await context.new_page())
        await self.front.ready

    async def close(self) -> None:
        """End Chromium; whatever it takes."""
        self._closing = True
        self._lose("the browser was closed")
        await self._release()

    async def _release(self) -> None:
        browser, playwright, artist = self._browser, self._playwright, self._artist
        self._browser = self._playwright = self._artist = None
        # What does not end by itself is ended by its process.
        for one in (artist, browser):  # one that was joined is only let go of
            with suppress(Exception):
                if one:
                    await asyncio.wait_for(one.close(), ENDING)
        with suppress(Exception):
            if playwright:
                await asyncio.wait_for(playwright.stop(), ENDING)

    async def artist(self) -> Browser:
        """A browser in which dialogs can be drawn unseen: never a window before somebody's eyes."""
        if not (self.joined or self.headed) or self._playwright is None:
            return self.browser
        if self._artist is None or not self._artist.is_connected():
            self._artist = await launch(self._playwright, headed=False, rules=[], timeout=self.timeout)
        return self._artist

    @property
    def browser(self) -> Browser:
        if self._browser is None:
            raise DeviceLost(f"{self.lost or 'the browser has not started'}; start it again and resume")
        return self._browser

    @property
    def context(self) -> BrowserContext:
        if self._context is None:
            raise DeviceLost(f"{self.lost or 'the browser has no window'}; start it again and resume")
        return self._context

    def _ended(self, browser: Browser) -> None:
        if browser is self._browser:
            self._lose("the browser has ended")

    # Tabs

    async def view(self) -> View:
        """How the front tab's pixels become those of the picture and the mouse."""
        tab = self.front
        # Somebody at a visible browser may zoom.
        return await view_of(tab.page, await tab.ready, None if self.joined or self.headed else self.scale)

    async def new_page(self) -> Page:
        """A new tab of ours, in front."""
        page = await self.context.new_page()
        self._adopt(page)
        return page

    async def bring_to_front(self, tab: Tab) -> None:
        self._recent.remove(tab)
        self._recent.append(tab)
        await tab.page.bring_to_front()

    @property
    def opening(self) -> bool:
        """Whether a tab is about to come: Chromium has made it, and Playwright has not shown it yet."""
        return any(time.monotonic() - since < OPENING for since in self._opening.values())

    def _target(self, target: dict[str, Any]) -> None:
        ours = target.get("openerId") in self._ids if self.joined else target.get("browserContextId") == self._home
        if target["type"] == "page" and ours:
            self._opening[target["targetId"]] = time.monotonic()

    def _gone(self, target: str) -> None:
        self._opening.pop(target, None)
        self._ids.discard(target)

    def _adopt(self, page: Page) -> None:
        if any(tab.page is page for tab in self.tabs):
            return
        if self.joined:
            page.on("popup", self._adopt)
            self.traffic.watch_page(page)
        self.overheard.watch(page)
        page.on("close", self._closed)
        page.on("crash", lambda page: self._crashed(page))
        page.on("download", self._downloading)
        page.on("filechooser", self._choosing)
        page.on("framenavigated", lambda frame: self._moved(page, frame))
        tab = Tab(page, self.begin(self._prepare(page)))
        self.keep(tab.ready)
        self.tabs.append(tab)
        self._recent.append(tab)

    def _downloading(self, download: Download) -> None:
        self.traffic.file_came(download.url)
        self.downloads.begin(download)

    def _moved(self, page: Page, frame: Frame) -> None:
        if self.moved and frame is page.main_frame and not self._closing:
            self.keep(self.begin(self.moved()))

    async def _prepare(self, page: Page) -> CDPSession:
        line = await page.context.new_cdp_session(page)
        if self.joined:
            await self.traffic.attach(line)
            await page.add_init_script(source())
        target = (await line.send("Target.getTargetInfo"))["targetInfo"]
        self._home = target.get("browserContextId", "")
        self._opening.pop(target["targetId"], None)
        self._ids.add(target["targetId"])
        line.on("Page.javascriptDialogClosed", lambda _: self._answered(page))
        await line.send("Page.enable")
        if self.scale != 1 and page.viewport_size:
            # Pictures have the scale that the line which asks for them has set itself.
            screen = {"deviceScaleFactor": self.scale, "mobile": False}
            await line.send("Emulation.setDeviceMetricsOverride", {**page.viewport_size, **screen})
        return line

    def _closed(self, page: Page) -> None:
        self.tabs = [tab for tab in self.tabs if tab.page is not page]
        self._recent = [tab for tab in self._recent if tab.page is not page]
        if self.dialog and self.dialog.dialog.page is page:
            self.dialog = None
        if not self.tabs and self._context is not None and page.context is self._context and not self._closing:
            self._lose("the last page was closed")

    def _crashed(self, page: Page) -> None:
        if len(self.tabs) > 1 and self._recent[-1].page is not page:
            self.said.append("a page in another tab crashed; its tab is gone")
            self._closed(page)
        else:
            self._lose("the page has crashed")

    # Dialogs, files

    def _asked(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload" and not self.staying:
            self.said.append("the page asked whether to leave it; it was left")
            self.keep(self.begin(dialog.accept()))
            return
        tab = next((tab for tab in self._recent if tab.page is dialog.page), None)
        if tab is None and self.joined:
            return  # another tab's, and somebody else's to answer
        if tab is not None:
            self._recent.remove(tab)
            self._recent.append(tab)
        self.dialog = OpenDialog.of(dialog, self.secrets.redact)
        self._wake()

    def _answered(self, page: Page) -> None:
        """Somebody at a visible browser answered the dialog."""
        if self.dialog and self.dialog.dialog.page in (page, None):
            self.dialog = None

    def _choosing(self, chooser: FileChooser) -> None:
        if self.chooser is not None and not self.chooser.done():
            self.chooser.set_result(chooser)
        else:
            self.said.append("the page asked for files; give them with upload")
