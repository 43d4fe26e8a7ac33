"""Perform an action on the page in front."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.tools.actions import (
    Back,
    Click,
    Drag,
    Forward,
    Key,
    Move,
    Navigate,
    Reload,
    Scroll,
    Select,
    Tabs,
    Type,
    Upload,
    Wait,
)
from handeye.tools.address import meant, without_secrets
from handeye.tools.browser.input import BrowserInput
from handeye.tools.browser.keys import BROWSER_CHORDS, read_chord
from handeye.tools.browser.options import OptionSelector
from handeye.tools.browser.playwright_errors import LOST, network_code, translate
from handeye.tools.browser.press_check import PressCheck
from handeye.tools.browser.session import NAVIGATION_SECONDS, DialogOpened
from handeye.tools.browser.targets import TargetLocator
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from handeye.tools.actions import Action
    from handeye.tools.browser.change_tracker import ChangeTracker
    from handeye.tools.browser.observe import ElementReader
    from handeye.tools.browser.session import BrowserSession, BrowserTab
    from handeye.tools.element import Element

#: Seconds for which a button may take to open a file chooser.
FILE_CHOOSER_SECONDS = 3.0

#: Return the file input of an element: itself, a label's control or a descendant.
OWN_FILE_FIELD = """el => {
  const field = 'input[type=file]';
  const near = el.matches(field) ? el : el.closest('label')?.control || el.querySelector?.(field);
  return near?.type === 'file' ? near : null }"""


class Navigation:
    """Opens addresses, moves in the history and manages tabs."""

    def __init__(self, session: BrowserSession) -> None:
        self.session = session

    async def go(self, address: str) -> str:
        """Open an address in the tab in front; return once its response begins to arrive.

        Raises ActionRefused for an invalid or forbidden address, and ActionFailed when there is no response.
        """
        from playwright.async_api import Error

        try:
            urls = meant(address)
        except UsageError as error:
            raise ActionRefused(str(error)) from None
        allowed = [url for url in urls if self.session.network.allows(url)]
        if not allowed:
            raise ActionRefused(self._outside(address))
        for url in allowed:
            try:
                await self.session.front.page.goto(url, wait_until="commit")
                self.session.note_first_url(url)
                return ""
            except Error as error:
                code = network_code(str(error))
                if code == "ERR_BLOCKED_BY_CLIENT" and self.session.network.refused:
                    raise ActionRefused(
                        self._outside(self.session.network.refused[-1], f"{address} led to ")
                    ) from error
                if code == "ERR_ABORTED" or "Download is starting" in str(error):
                    return "the address holds no page to show"
                if url == allowed[-1] or not code:
                    raise translate(error, url) from error
        return ""

    def _outside(self, url: str, before: str = "") -> str:
        domains = self.session.network.domains
        return f"{before}{without_secrets(url)} is outside the allowed domains ({domains}); widen --allow-domain"

    async def history(self, step: int) -> str:
        """Go back (-1) or forward (1)."""
        tab = self.session.front
        cdp_session = await tab.ready
        entries: dict[str, Any] = await self.session.retry_during_navigation(
            lambda: cdp_session.send("Page.getNavigationHistory")
        )
        index = entries["currentIndex"] + step
        pages = entries["entries"]
        start_page = index == 0 and pages and pages[0]["url"] == "about:blank"
        if not 0 <= index < len(pages) or start_page:
            way = "previous" if step < 0 else "next"
            raise ActionRefused(f"there is no {way} page in this tab; open an address instead")
        go = tab.page.go_back if step < 0 else tab.page.go_forward
        await self._once_attached(go, "back" if step < 0 else "forward")
        return ""

    async def reload(self) -> str:
        """Reload the tab in front."""
        await self._once_attached(self.session.front.page.reload, "reload")
        return ""

    async def _once_attached(self, go: Callable[..., Awaitable[object]], doing: str) -> None:
        """Navigate; repeat it while the tab is between two documents, when Chromium refuses to navigate."""
        from playwright.async_api import Error

        deadline = time.monotonic() + NAVIGATION_SECONDS
        while True:
            try:
                await go(wait_until="commit")
            except Error as error:
                if "Not attached to an active page" not in str(error) or time.monotonic() > deadline:
                    raise translate(error, doing) from error
                await asyncio.sleep(0.02)
            else:
                return

    async def tabs(self, action: Tabs) -> str:
        """Open, switch to or close a tab."""
        if action.do == "new":
            await (await self.session.new_page()).bring_to_front()
            return ""
        tab = self._tab(action)
        if action.do == "switch":
            await self.session.bring_to_front(tab)
            return ""
        if len(self.session.tabs) == 1:
            raise ActionRefused("this is the only tab; it stays open")
        await tab.page.close(run_before_unload=True)  # its beforeunload dialog is shown
        while not tab.page.is_closed():
            await asyncio.sleep(0.02)
        return ""

    def _tab(self, action: Tabs) -> BrowserTab:
        tabs = self.session.tabs
        if action.index >= len(tabs):
            last = len(tabs) - 1
            raise ActionRefused(f"there is no tab {action.index}; tabs count from 0, and the last is {last}")
        return tabs[action.index]


#: Additional seconds of the timeout per typed character.
PER_CHARACTER = 0.02

#: Seconds until the event of a closed tab has arrived.
CLOSED_TAB_SECONDS = 0.1


class FileUploader:
    """Uploads files, without the native file chooser, which no screenshot shows."""

    def __init__(self, session: BrowserSession, locator: TargetLocator, page_input: BrowserInput) -> None:
        self.session, self.locator, self.page_input = session, locator, page_input

    async def upload(self, action: Upload) -> str:
        """Set the files of a field, or press the button that opens a file chooser and answer it."""
        paths = [Path(path).expanduser() for path in action.paths]
        for path in paths:
            if not path.is_file():
                raise ActionRefused(f"there is no file {path}; give the path of one that exists")
        place = await self.locator.at(action.target, "upload at")
        await self.page_input.press_check.check_unchanged(action.target)
        field = await self.locator.related(action.target, place, OWN_FILE_FIELD)
        if field is not None:
            if len(paths) > 1 and not await field.evaluate("el => el.multiple || el.webkitdirectory"):
                raise ActionRefused(f"{action.target} takes one file and was given {len(paths)}; give one")
            await field.set_input_files(paths)
            return ""
        self.session.file_chooser = asyncio.get_running_loop().create_future()
        try:
            await self.page_input.click_at(action.target, place)
            chooser = await asyncio.wait_for(self.session.file_chooser, FILE_CHOOSER_SECONDS)
        except TimeoutError:
            raise ActionFailed(f"{action.target} does not ask for files; aim at what does") from None
        finally:
            self.session.file_chooser = None
        if len(paths) > 1 and not chooser.is_multiple():
            raise ActionRefused(f"{action.target} takes one file and was given {len(paths)}; give one")
        await chooser.set_files(paths)
        return ""


class ActionPerformer:
    """Performs actions on the page in front."""

    def __init__(
        self, session: BrowserSession, reader: ElementReader, changes: ChangeTracker, careful: Callable[[], bool]
    ) -> None:
        self.session, self.reader, self.changes = session, reader, changes
        self.locator = TargetLocator(session, reader)
        self.press_check = PressCheck(session, reader, careful, lambda: changes.before_press)
        self.page_input = BrowserInput(session, self.locator, self.press_check, changes.start_action)
        self.options = OptionSelector(session, self.locator, self.page_input)
        self.uploader = FileUploader(session, self.locator, self.page_input)
        self.navigation = Navigation(session)

    async def perform(self, action: Action) -> str:
        """Perform the action and return a remark. Raises DialogOpened when a dialog blocks it."""
        if not isinstance(action, Click | Drag):  # tracking of these starts when the mouse is in place
            await self.changes.start_action()
        from playwright.async_api import Error

        if isinstance(action, Wait):
            return await self._wait(action.seconds)
        seconds = self.session.timeout + 5
        if isinstance(action, Type):
            seconds += len(action.text) * PER_CHARACTER
        tab = self.session.front
        try:
            return await self.session.wait_for(self._do(action), seconds)
        except Error as error:
            if not LOST.search(str(error)):
                raise
            until = time.monotonic() + CLOSED_TAB_SECONDS
            while not tab.page.is_closed() and time.monotonic() < until:
                await asyncio.sleep(0.01)
            if tab.page.is_closed() and self.session.tabs and not self.session.lost:
                return "the tab closed"
            raise

    async def press(self, action: Click) -> str:
        """Call `click()` on the target's element; raises like `perform`."""
        await self.changes.start_action()
        frame = self.reader.frames.get(action.target.element)
        if frame is None or frame.is_detached():
            raise ActionFailed(f"{action.target} is not on the page any more; look again")
        await self.session.wait_for(self.press_check.press_element(action, frame))
        return ""

    def _do(self, action: Action) -> Coroutine[Any, Any, str]:
        match action:
            case Click():
                return self.page_input.click(action)
            case Move():
                return self.page_input.move(action)
            case Drag():
                return self.page_input.drag(action)
            case Scroll():
                return self.page_input.scroll(action)
            case Type():
                return self.page_input.type(action)
            case Key():
                return self._key(action)
            case Select():
                return self.options.select(action, self._read)
            case Upload():
                return self.uploader.upload(action)
            case Navigate(url=url):
                return self.navigation.go(url)
            case Back():
                return self.navigation.history(-1)
            case Forward():
                return self.navigation.history(1)
            case Reload():
                return self.navigation.reload()
            case Tabs():
                return self.navigation.tabs(action)
        raise AssertionError(action.kind)

    async def _key(self, action: Key) -> str:
        own = BROWSER_CHORDS.get(read_chord(action.keys)[2])
        if own == "reload":
            return await self.navigation.reload()
        if own:
            return await self.navigation.history(-1 if own == "back" else 1)
        return await self.page_input.key(action)

    async def _read(self) -> list[Element]:
        return await self.reader.read(self.session.front.page, await self.session.viewport())

    async def _wait(self, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.session.check()
            if self.session.dialog:
                raise DialogOpened
            await asyncio.sleep(min(left, 0.1))
        return ""
