"""Read and restore a browser's state: the addresses of its tabs, cookies, storage and scroll position."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.playwright_errors import translate
from handeye.tools.browser.scripts import call_script, try_call_script
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from playwright.async_api import Page, StorageState

    from handeye.tools.browser.session import BrowserSession

#: Init script that restores a tab's session storage before the page's scripts run.
SESSION_STORAGE = """(() => { for (const { origin, items } of %s) if (location.origin === origin && window === top)
  try { for (const { name, value } of items) sessionStorage.setItem(name, value) } catch {} })()"""


def read_storage_state(path: Path) -> StorageState:
    """Read a storage state from a file. Raises UsageError when the file contains none."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        cookies, origins = state["cookies"], state["origins"]
        if not isinstance(cookies, list) or not isinstance(origins, list):
            raise TypeError("cookies and origins are no lists")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{path} contains no storage state ({error}); name a file that handeye or Playwright wrote"
        ) from None
    return {"cookies": cookies, "origins": origins}


def write_storage_state(path: Path, state: StorageState) -> None:
    """Write a storage state to a file with mode 600: it contains session cookies. Raises SetupError."""
    try:
        write_atomically(path, json.dumps(state, ensure_ascii=False), 0o600)
    except OSError as error:
        raise SetupError(f"{path} cannot be written ({error}); name a file that you may write") from error


class BrowserState:
    """Reads and restores the state of one session."""

    def __init__(self, session: BrowserSession) -> None:
        self.session = session
        state = session.state or {}
        self._local_storage = {each["origin"]: each["localStorage"] for each in state.get("origins", ())}
        """Local storage by origin, as last read."""
        self.on_page: Callable[[dict[str, Any]], None] | None = None
        self._session_storage: list[dict[str, Any]] = []
        """Session storage of the front tab, as last read."""
        session.on_navigated = self._report_page
        session.network.on_redirect = self._report_page

    async def _report_page(self, url: str = "") -> None:
        """Call `on_page` with the state that is available at once, when a page was opened or `url` is about to be."""
        if (on_page := self.on_page) is None or not self.session.tabs:
            return
        addresses = self.addresses()
        if url:
            tabs = [url if number == addresses["tab"] else tab for number, tab in enumerate(addresses["tabs"])]
            addresses |= {"url": url, "tabs": tabs}
        state = {"cookies": await self.session.context.cookies(), "origins": self._origins()}
        device_state = {**addresses, "scroll": [0, 0], "storage_state": state, "session_storage": self._session_storage}
        on_page(self.session.secrets.sealed(device_state))

    def _origins(self) -> list[dict[str, Any]]:
        return [{"origin": origin, "localStorage": items} for origin, items in self._local_storage.items() if items]

    async def read(self) -> dict[str, Any]:
        """Read the current state; it contains JSON values only."""
        session_storage: dict[str, list[dict[str, str]]] = {}
        scroll = [0, 0]
        for tab in self.session.tabs:
            front = tab is self.session.front
            for frame in tab.page.frames:
                stored = await try_call_script(frame, "storedItems", seconds=1.0)
                if stored is None or stored["origin"] == "null":
                    continue
                self._local_storage[stored["origin"]] = stored["localStorage"]
                if front and frame is tab.page.main_frame:
                    session_storage[stored["origin"]] = stored["sessionStorage"]
            if front:
                document = await try_call_script(tab.page.main_frame, "documentInfo", seconds=1.0)
                scroll = document["scroll"] if document else scroll
        self._session_storage = [
            {"origin": origin, "items": items} for origin, items in session_storage.items() if items
        ]
        return {
            **self.addresses(),
            "scroll": scroll,
            "storage_state": {
                "cookies": await self.session.context.cookies(),
                "origins": self._origins(),
            },
            "session_storage": self._session_storage,
        }

    def addresses(self) -> dict[str, Any]:
        """Return the part of the state that is available while a dialog blocks the page."""
        tabs, front = self.session.tabs, self.session.front
        urls = [tab.page.url for tab in tabs]
        return {"url": front.page.url, "tabs": urls, "tab": tabs.index(front), "first": self.session.first_url}

    async def restore(self, device_state: Mapping[str, Any]) -> None:
        """Open the same tabs in a new browser context. Raises SetupError when a page does not answer."""
        self.session.note_first_url(str(device_state.get("first", "")))
        state = device_state.get("storage_state") or {"cookies": [], "origins": []}
        self._local_storage = {each["origin"]: each["localStorage"] for each in state.get("origins", ())}
        if not self.session.window_survived:
            await self.session.open_context({"cookies": state.get("cookies", []), "origins": state.get("origins", [])})
        urls = list(device_state.get("tabs") or [device_state.get("url", "about:blank")])
        chosen = min(max(0, int(device_state.get("tab", 0))), len(urls) - 1)
        pages = [self.session.front.page]
        pages += [await self.session.new_page() for _ in urls[1:]]
        self.session.asks_before_leaving = False
        try:
            await self._open_all(pages, urls, chosen, device_state)
        finally:
            self.session.asks_before_leaving = True
        tab = next((tab for tab in self.session.tabs if tab.page is pages[chosen]), self.session.front)
        await self.session.bring_to_front(tab)
        if any(device_state.get("scroll") or ()):
            await self._scroll(tab.page, device_state["scroll"])

    async def _open_all(self, pages: list[Page], urls: list[str], chosen: int, device_state: Mapping[str, Any]) -> None:
        for index, (page, url) in enumerate(zip(pages, urls, strict=True)):
            if index == chosen and device_state.get("session_storage"):
                script = await page.add_init_script(SESSION_STORAGE % json.dumps(device_state["session_storage"]))
                async with script:
                    await self._open(page, url)
            else:
                await self._open(page, url)

    async def _open(self, page: Page, url: str) -> None:
        from playwright.async_api import Error

        if url in ("about:blank", page.url) or not self.session.network.allows(url):
            return
        try:
            await page.goto(url, wait_until="domcontentloaded")
        except Error as error:
            raise SetupError(str(translate(error, f"coming back to {url}", starting=True))) from error

    async def _scroll(self, page: Page, place: list[float]) -> None:
        """Scroll to the stored position as soon as the page is long enough."""
        from playwright.async_api import Error

        await call_script(page.main_frame, "documentInfo")
        try:
            await page.wait_for_function(
                "([x, y]) => { scrollTo({ left: x, top: y, behavior: 'instant' });"
                " return Math.hypot(scrollX - x, scrollY - y) < 2 || document.readyState === 'complete' }",
                arg=place,
                timeout=5000,
            )
        except Error:
            return  # the page is shorter than before
