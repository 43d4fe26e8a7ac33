"""Perform an action on the page in front."""

from __future__ import annotations

import asyncio
import time
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
from handeye.tools.browser.input import Hands
from handeye.tools.browser.keys import BROWSERS_OWN, read_chord
from handeye.tools.browser.options import Chooser
from handeye.tools.browser.playwright_errors import LOST, network_code, translate
from handeye.tools.browser.press_check import Press
from handeye.tools.browser.session import PASSING, DialogOpened
from handeye.tools.browser.targets import Aim
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from handeye.tools.actions import Action
    from handeye.tools.browser.change_tracker import Wake
    from handeye.tools.browser.observe import Reader
    from handeye.tools.browser.session import Session, Tab
    from handeye.tools.element import Element


class Travel:
    """Opens pages and moves between them."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def go(self, address: str) -> str:
        """Open an address in the tab in front; returns once its answer begins to arrive.

        Raises ActionRefused for what is no address or lies outside the allowed domains, ActionFailed when there is no
        answer.
        """
        from playwright.async_api import Error

        try:
            urls = meant(address)
        except UsageError as error:
            raise ActionRefused(str(error)) from None
        allowed = [url for url in urls if self.session.traffic.allows(url)]
        if not allowed:
            raise ActionRefused(self._outside(address))
        for url in allowed:
            try:
                await self.session.front.page.goto(url, wait_until="commit")
                self.session.begin_at(url)
                return ""
            except Error as error:
                code = network_code(str(error))
                if code == "ERR_BLOCKED_BY_CLIENT" and self.session.traffic.refused:
                    raise ActionRefused(
                        self._outside(self.session.traffic.refused[-1], f"{address} led to ")
                    ) from error
                if code == "ERR_ABORTED" or "Download is starting" in str(error):
                    return "the address holds no page to show"
                if url == allowed[-1] or not code:
                    raise translate(error, url) from error
        return ""

    def _outside(self, url: str, before: str = "") -> str:
        domains = self.session.traffic.domains
        return f"{before}{without_secrets(url)} is outside the allowed domains ({domains}); widen --allow-domain"

    async def history(self, step: int) -> str:
        """Go back (-1) or forward (1)."""
        tab = self.session.front
        line = await tab.ready
        entries: dict[str, Any] = await self.session.steady(lambda: line.send("Page.getNavigationHistory"))
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
        await self._once_attached(self.session.front.page.reload, "reload")
        return ""

    async def _once_attached(self, go: Callable[..., Awaitable[object]], doing: str) -> None:
        """Go, again while the tab is between two documents: Chromium then does nothing and says so."""
        from playwright.async_api import Error

        deadline = time.monotonic() + PASSING
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
        if action.do == "new":
            await (await self.session.new_page()).bring_to_front()
            return ""
        tab = self._tab(action)
        if action.do == "switch":
            await self.session.bring_to_front(tab)
            return ""
        if len(self.session.tabs) == 1:
            raise ActionRefused("this is the only tab; it stays open")
        await tab.page.close(run_before_unload=True)  # a page that asks is shown asking
        while not tab.page.is_closed():
            await asyncio.sleep(0.02)
        return ""

    def _tab(self, action: Tabs) -> Tab:
        tabs = self.session.tabs
        if action.index >= len(tabs):
            last = len(tabs) - 1
            raise ActionRefused(f"there is no tab {action.index}; tabs count from 0, and the last is {last}")
        return tabs[action.index]


#: Typing may take so many seconds beyond the browser's time-out for each character.
PER_CHARACTER = 0.02

#: Seconds until the news that a tab has closed is in.
PARTING = 0.1


class Acting:
    """Performs actions on the page in front."""

    def __init__(self, session: Session, reader: Reader, wake: Wake, careful: Callable[[], bool]) -> None:
        self.session, self.reader, self.wake = session, reader, wake
        self.aim = Aim(session, reader)
        self.press_guard = Press(session, reader, careful, lambda: wake.before_press)
        self.hands = Hands(session, self.aim, self.press_guard, wake.begin)
        self.chooser = Chooser(session, self.aim, self.hands)
        self.travel = Travel(session)

    async def perform(self, action: Action) -> str:
        """Do it; raises DialogOpened when a dialog holds it up."""
        if not isinstance(action, Click | Drag):  # those begin when the mouse is in its place
            await self.wake.begin()
        from playwright.async_api import Error

        if isinstance(action, Wait):
            return await self._wait(action.seconds)
        seconds = self.session.timeout + 5
        if isinstance(action, Type):
            seconds += len(action.text) * PER_CHARACTER
        tab = self.session.front
        try:
            return await self.session.until(self._do(action), seconds)
        except Error as error:
            if not LOST.search(str(error)):
                raise
            until = time.monotonic() + PARTING
            while not tab.page.is_closed() and time.monotonic() < until:
                await asyncio.sleep(0.01)
            if tab.page.is_closed() and self.session.tabs and not self.session.lost:
                return "the tab closed"
            raise

    async def press(self, action: Click) -> str:
        """Click the target's element by the page's own means; raises like `perform`."""
        await self.wake.begin()
        frame = self.reader.frames.get(action.target.element)
        if frame is None or frame.is_detached():
            raise ActionFailed(f"{action.target} is not on the page any more; look again")
        await self.session.until(self.press_guard.itself(action, frame))
        return ""

    def _do(self, action: Action) -> Coroutine[Any, Any, str]:
        match action:
            case Click():
                return self.hands.click(action)
            case Move():
                return self.hands.move(action)
            case Drag():
                return self.hands.drag(action)
            case Scroll():
                return self.hands.scroll(action)
            case Type():
                return self.hands.type(action)
            case Key():
                return self._key(action)
            case Select():
                return self.chooser.select(action, self._read)
            case Upload():
                return self.chooser.upload(action)
            case Navigate(url=url):
                return self.travel.go(url)
            case Back():
                return self.travel.history(-1)
            case Forward():
                return self.travel.history(1)
            case Reload():
                return self.travel.reload()
            case Tabs():
                return self.travel.tabs(action)
        raise AssertionError(action.kind)

    async def _key(self, action: Key) -> str:
        own = BROWSERS_OWN.get(read_chord(action.keys)[2])
        if own == "reload":
            return await self.travel.reload()
        if own:
            return await self.travel.history(-1 if own == "back" else 1)
        return await self.hands.key(action)

    async def _read(self) -> list[Element]:
        return await self.reader.read(self.session.front.page, await self.session.view())

    async def _wait(self, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.session.check()
            if self.session.dialog:
                raise DialogOpened
            await asyncio.sleep(min(left, 0.1))
        return ""
