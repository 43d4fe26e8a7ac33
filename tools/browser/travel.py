"""Going from page to page: addresses, history, tabs."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from handeye.tools.address import meant, without_secrets
from handeye.tools.browser.patience import PASSING
from handeye.tools.browser.trouble import network_code, translate
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from handeye.tools.actions import Tabs
    from handeye.tools.browser.patience import Tab
    from handeye.tools.browser.session import Session


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
