"""A running Chromium: its tabs, the dialog that is open, its downloads, and waiting for a page that may go away."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from handeye.tools.browser.coordinates import Viewport, read_viewport
from handeye.tools.browser.dialogs import OpenDialog
from handeye.tools.browser.downloads import Downloads
from handeye.tools.browser.launch import browser_process_id, connect, end_process, front_page, launch, start_playwright
from handeye.tools.browser.network import NetworkControl
from handeye.tools.browser.page_log import PageLog
from handeye.tools.browser.playwright_errors import is_navigating
from handeye.tools.browser.scripts import script_source
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

#: Seconds for which reading a page is retried while it navigates to other documents.
NAVIGATION_SECONDS = 5.0


class DialogOpened(Exception):
    """A JavaScript dialog blocks the page. The interrupted work continues in the page once the dialog is answered."""


@dataclass(eq=False)
class BrowserTab:
    """An open page."""

    page: Page
    ready: asyncio.Task[CDPSession]
    """The CDP session of the page."""
    title: str = ""
    sign: float | None = None
    """A random number that identifies its document."""


class InterruptibleWait:
    """Runs coroutines that a dialog, a lost browser or a timeout interrupts. Used in the worker's event loop only."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.dialog: OpenDialog | None = None
        self.lost = ""
        """Why the browser can no longer be used; empty while it can."""
        self.remarks: list[str] = []
        """Side effects of an action, in words, for the event log."""
        self._recent: list[BrowserTab] = []
        """The open tabs in the order of their last use; the last one is in front."""
        self._waiting: set[asyncio.Future[None]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def front(self) -> BrowserTab:
        """The tab in front."""
        self.check()
        if not self._recent:
            raise DeviceLost("the browser has no page open; start it again and resume the run")
        return self._recent[-1]

    def check(self) -> None:
        """Raise DeviceLost when the browser can no longer be used."""
        if self.lost:
            raise DeviceLost(f"{self.lost}; start it again and resume the run")

    async def wait_for(self, doing: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Return the result of `doing`.

        Raises DialogOpened when a dialog blocks it, and DeviceLost when the browser ends or does not answer within
        `seconds` (the browser's timeout when None).
        """
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
                self.detach(task)

    async def retry_during_navigation(self, look: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of `look`; call it again while the page navigates. Otherwise like `wait_for`."""
        from playwright.async_api import Error

        deadline = time.monotonic() + NAVIGATION_SECONDS
        while True:
            tab = self.front
            try:
                return await self.wait_for(look())
            except Error as error:
                if time.monotonic() > deadline or not (is_navigating(error) or tab.page.is_closed()):
                    raise
                await asyncio.sleep(0.02)

    def detach(self, task: asyncio.Future[Any]) -> None:
        """Ignore the result and the error of a task that nothing waits for any more."""
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def start_task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that runs in parallel with the caller."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)  # asyncio itself holds weak references to tasks only
        task.add_done_callback(self._tasks.discard)
        return task

    def take_remarks(self) -> list[str]:
        """Return the remarks since the last call, without repetitions."""
        remarks = list(dict.fromkeys(self.remarks))
        self.remarks.clear()
        return remarks

    def _end_waits(self) -> None:
        for stop in self._waiting:
            if not stop.done():
                stop.set_result(None)

    def _mark_lost(self, why: str) -> None:
        self.lost = self.lost or why
        self._end_waits()


#: Seconds after which a browser that does not close is killed.
CLOSE_SECONDS = 8.0

#: Seconds for which a new tab is waited for.
OPENING_SECONDS = 3.0


class BrowserSession(InterruptibleWait):
    """One Chromium from its start to its end. Used in the worker's event loop only."""

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
        cdp_url: str = "",
    ) -> None:
        super().__init__(timeout)
        self.headed, self.viewport_size, self.scale = headed, viewport, scale
        self.state = state
        """Initial cookies and storage."""
        self.cdp_url = cdp_url
        """CDP address of a Chromium that handeye did not start; empty for its own."""
        self.secrets = Secrets()
        self.first_url = ""
        """The first address of the run, to which secrets are bound; empty until there is one."""
        self.network = NetworkControl(domains, files=files)
        self.page_log = PageLog(lambda text: self.secrets.redact(text))
        self.tabs: list[BrowserTab] = []
        """In the order in which they opened."""
        self.file_chooser: asyncio.Future[FileChooser] | None = None
        """Set while an upload waits for the page to open a file chooser."""
        self.downloads = Downloads(downloads, self.remarks.append)
        self.asks_before_leaving = True
        """Whether a page may show its `beforeunload` dialog; False while a device state is restored."""
        self.window_survived = bool(cdp_url)
        """Whether the browser context outlived a crash: its cookies and storage are newer than any device state."""
        self.pid: int | None = None
        self.on_navigated: Callable[[], Coroutine[Any, Any, None]] | None = None
        """Called when a tab shows another document or address."""
        self._opening: dict[str, float] = {}
        self._browser_context_id = ""
        self._target_ids: set[str] = set()
        """CDP target ids of the tabs of this session."""
        self._closing = False
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._dialog_renderer: Browser | None = None
        self._context: BrowserContext | None = None

    # Start and end

    async def start(self) -> None:
        """Start Chromium with one empty tab, or connect to a running one. Raises SetupError when that fails."""
        self._playwright = await start_playwright()
        if self.cdp_url:
            self._browser = await connect(self._playwright, self.cdp_url, self.timeout)
        else:
            rules = self.network.domains.switches()
            self._browser = await launch(
                self._playwright, headed=self.headed, rules=rules, timeout=self.timeout, scale=self.scale
            )
            self.pid = await browser_process_id(self._browser)
        self._browser.on("disconnected", self._on_disconnected)
        root = await self._browser.new_browser_cdp_session()
        root.on("Target.targetCreated", lambda event: self._on_target_created(event["targetInfo"]))
        root.on("Target.targetDestroyed", lambda event: self._on_target_destroyed(event["targetId"]))
        await root.send("Target.setDiscoverTargets", {"discover": True})
        if self.cdp_url:
            await self._connect_to_tab(self._browser.contexts[0])
        else:
            await self.network.attach(root)
            await self.open_context(self.state)

    async def _connect_to_tab(self, context: BrowserContext) -> None:
        """Use the tab in front. Other tabs are not touched, except those that it opens."""
        self._context = context
        context.on("dialog", self._on_dialog)
        self._add_tab(await front_page(context) or await context.new_page())
        await self.front.ready
        self.note_first_url(self.front.page.url)

    def note_first_url(self, url: str) -> None:
        """Store the address of the first page of the run."""
        if not self.first_url and url.startswith(("http:", "https:", "file:")):
            self.first_url = url

    async def revive(self) -> None:
        """Recover from a lost page: open a new page when the browser still answers, else start a new browser."""
        gone, fresh = [tab.page for tab in self.tabs], None
        if self._browser is not None and self._context is not None:
            with suppress(Exception):  # the browser ended or does not answer
                fresh = await asyncio.wait_for(self._context.new_page(), self.timeout)
        if fresh is None:
            await self._release()
            end_process(self.pid)
        # Only now: events of the old pages have been processed.
        self.lost, self.dialog, self.tabs, self._recent = "", None, [], []
        self.window_survived = fresh is not None or bool(self.cdp_url)
        if fresh is None:
            self._context = None
            await self.start()
            return
        self._add_tab(fresh)
        await self.front.ready
        for old in gone:
            self.detach(self.start_task(old.close()))

    async def open_context(self, state: StorageState | None = None) -> None:
        """Open a browser context with one empty tab and the given cookies and local storage; close the old context."""
        old, self._context = self._context, None
        self.tabs, self._recent, self.dialog = [], [], None
        if old is not None:
            await old.close()
        width, height = self.viewport_size
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=self.scale,
            accept_downloads=True,
            storage_state=state,
        )
        self._context = context
        context.set_default_timeout(self.timeout * 1000)
        await context.add_init_script(script_source())
        context.on("page", self._add_tab)
        context.on("dialog", self._on_dialog)
        self.network.watch(context)
        self._add_tab(await context.new_page())
        await self.front.ready

    async def close(self) -> None:
        """Close Chromium; errors are ignored."""
        self._closing = True
        self._mark_lost("the browser was closed")
        await self._release()

    async def _release(self) -> None:
        browser, playwright, dialog_renderer = self._browser, self._playwright, self._dialog_renderer
        self._browser = self._playwright = self._dialog_renderer = None
        # The caller kills the process of a browser that does not close.
        for one in (dialog_renderer, browser):  # closing a connected browser only disconnects
            with suppress(Exception):
                if one:
                    await asyncio.wait_for(one.close(), CLOSE_SECONDS)
        with suppress(Exception):
            if playwright:
                await asyncio.wait_for(playwright.stop(), CLOSE_SECONDS)

    async def dialog_renderer(self) -> Browser:
        """A headless browser in which dialogs are rendered: no window may appear on a person's screen."""
        if not (self.cdp_url or self.headed) or self._playwright is None:
            return self.browser
        if self._dialog_renderer is None or not self._dialog_renderer.is_connected():
            self._dialog_renderer = await launch(self._playwright, headed=False, rules=[], timeout=self.timeout)
        return self._dialog_renderer

    @property
    def browser(self) -> Browser:
        """Playwright's browser."""
        if self._browser is None:
            raise DeviceLost(f"{self.lost or 'the browser has not started'}; start it again and resume")
        return self._browser

    @property
    def context(self) -> BrowserContext:
        """Playwright's browser context."""
        if self._context is None:
            raise DeviceLost(f"{self.lost or 'the browser has no window'}; start it again and resume")
        return self._context

    def _on_disconnected(self, browser: Browser) -> None:
        if browser is self._browser:
            self._mark_lost("the browser has ended")

    # Tabs

    async def viewport(self) -> Viewport:
        """The size, zoom and scale of the front tab."""
        tab = self.front
        # A person may zoom a visible browser.
        return await read_viewport(tab.page, await tab.ready, None if self.cdp_url or self.headed else self.scale)

    async def new_page(self) -> Page:
        """Open a tab in front of the others."""
        page = await self.context.new_page()
        self._add_tab(page)
        return page

    async def bring_to_front(self, tab: BrowserTab) -> None:
        """Bring a tab to the front."""
        self._recent.remove(tab)
        self._recent.append(tab)
        await tab.page.bring_to_front()

    @property
    def tab_is_opening(self) -> bool:
        """Whether Chromium has created a tab that Playwright has not reported yet."""
        return any(time.monotonic() - since < OPENING_SECONDS for since in self._opening.values())

    def _on_target_created(self, target: dict[str, Any]) -> None:
        ours = (
            target.get("openerId") in self._target_ids
            if self.cdp_url
            else target.get("browserContextId") == self._browser_context_id
        )
        if target["type"] == "page" and ours:
            self._opening[target["targetId"]] = time.monotonic()

    def _on_target_destroyed(self, target: str) -> None:
        self._opening.pop(target, None)
        self._target_ids.discard(target)

    def _add_tab(self, page: Page) -> None:
        if any(tab.page is page for tab in self.tabs):
            return
        if self.cdp_url:
            page.on("popup", self._add_tab)
            self.network.watch_page(page)
        self.page_log.watch(page)
        page.on("close", self._on_page_closed)
        page.on("crash", lambda page: self._on_page_crashed(page))
        page.on("download", self._on_download)
        page.on("filechooser", self._on_file_chooser)
        page.on("framenavigated", lambda frame: self._on_frame_navigated(page, frame))
        tab = BrowserTab(page, self.start_task(self._prepare(page)))
        self.detach(tab.ready)
        self.tabs.append(tab)
        self._recent.append(tab)

    def _on_download(self, download: Download) -> None:
        self.network.file_arrived(download.url)
        self.downloads.start(download)

    def _on_frame_navigated(self, page: Page, frame: Frame) -> None:
        if self.on_navigated and frame is page.main_frame and not self._closing:
            self.detach(self.start_task(self.on_navigated()))

    async def _prepare(self, page: Page) -> CDPSession:
        cdp_session = await page.context.new_cdp_session(page)
        if self.cdp_url:
            await self.network.attach(cdp_session)
            await page.add_init_script(script_source())
        target = (await cdp_session.send("Target.getTargetInfo"))["targetInfo"]
        self._browser_context_id = target.get("browserContextId", "")
        self._opening.pop(target["targetId"], None)
        self._target_ids.add(target["targetId"])
        cdp_session.on("Page.javascriptDialogClosed", lambda _: self._on_dialog_closed(page))
        await cdp_session.send("Page.enable")
        if self.scale != 1 and page.viewport_size:
            # Page.captureScreenshot uses the device scale that its own CDP session has set.
            screen = {"deviceScaleFactor": self.scale, "mobile": False}
            await cdp_session.send("Emulation.setDeviceMetricsOverride", {**page.viewport_size, **screen})
        return cdp_session

    def _on_page_closed(self, page: Page) -> None:
        self.tabs = [tab for tab in self.tabs if tab.page is not page]
        self._recent = [tab for tab in self._recent if tab.page is not page]
        if self.dialog and self.dialog.dialog.page is page:
            self.dialog = None
        if not self.tabs and self._context is not None and page.context is self._context and not self._closing:
            self._mark_lost("the last page was closed")

    def _on_page_crashed(self, page: Page) -> None:
        if len(self.tabs) > 1 and self._recent[-1].page is not page:
            self.remarks.append("a page in another tab crashed; its tab is gone")
            self._on_page_closed(page)
        else:
            self._mark_lost("the page has crashed")

    # Dialogs, files

    def _on_dialog(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload" and not self.asks_before_leaving:
            self.remarks.append("the page asked whether to leave it; it was left")
            self.detach(self.start_task(dialog.accept()))
            return
        tab = next((tab for tab in self._recent if tab.page is dialog.page), None)
        if tab is None and self.cdp_url:
            return  # a dialog of a tab that this session does not use
        if tab is not None:
            self._recent.remove(tab)
            self._recent.append(tab)
        self.dialog = OpenDialog.of(dialog, self.secrets.redact)
        self._end_waits()

    def _on_dialog_closed(self, page: Page) -> None:
        """A person answered the dialog in a visible browser."""
        if self.dialog and self.dialog.dialog.page in (page, None):
            self.dialog = None

    def _on_file_chooser(self, chooser: FileChooser) -> None:
        if self.file_chooser is not None and not self.file_chooser.done():
            self.file_chooser.set_result(chooser)
        else:
            self.remarks.append("the page asked for files; give them with upload")
