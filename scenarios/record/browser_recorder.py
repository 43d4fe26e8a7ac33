"""Records what a person does in a visible Chromium, in all tabs and frames."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from handeye.scenarios.export.english import quote
from handeye.scenarios.record.recording import RecordedStep
from handeye.scenarios.record.step_text import StepText
from handeye.scenarios.record.user_event import UserEvent
from handeye.tools.address import meant
from handeye.tools.browser.launch import launch, start_playwright
from handeye.tools.browser.playwright_errors import short_message
from handeye.tools.browser.scripts import call_script, script_source
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import Browser, BrowserContext, CDPSession, Dialog, Frame, Page, Playwright

    from handeye.scenarios.record.recording import Recording

#: Seconds between two readings of the events.
PAUSE = 0.05
#: A page that comes so soon after something was done comes of that.
SOON = 1.5
#: Seconds the browser gets to end.
ENDING = 8.0
BINDING = "__handeye_record"


@cache
def script() -> str:
    """Return the script that every document runs before its own scripts."""
    return script_source() + ";\n" + (files(__package__) / "page.js").read_text("utf-8")


class BrowserRecorder:
    """A visible Chromium that records what a person does; used with `async with`.

    `on_entry` is called with each step that is new or has changed. `wait` returns when the last tab is closed.
    """

    def __init__(
        self,
        url: str,
        recording: Recording,
        on_entry: Callable[[RecordedStep], None],
        *,
        headed: bool = True,
        viewport: tuple[int, int] = (1344, 896),
    ) -> None:
        self._url, self._recording, self._on_entry = meant(url)[0], recording, on_entry
        self._headed, self._viewport = headed, viewport
        self._queue: deque[tuple[Page, Frame, str] | tuple[Page, None, dict[str, Any]]] = deque()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._front: Page | None = None
        self._led: set[Page] = set()
        """Tabs with a pending navigation that a page started."""
        self._places: dict[Page, int] = {}
        self._seen: set[Page] = set()
        """Tabs in which something was done."""
        self._dialogs: dict[Page, str] = {}
        self._last = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._playwright = await start_playwright()
        try:
            self._browser = await launch(self._playwright, headed=self._headed, rules=[], timeout=30)
            wide, high = self._viewport
            self._context = await self._browser.new_context(viewport={"width": wide, "height": high})
            await self._context.expose_binding(BINDING, self._hear)
            await self._context.add_init_script(script())
            self._context.on("page", self._adopt)
            self._context.on("dialog", self._dialog)
            page = await self._context.new_page()
            self._front = page
            self._seen.add(page)
            await self._attend(page)
            self._led.add(page)
            await page.goto(self._url)
        except SetupError:
            await self.close()
            raise
        except Exception as error:
            await self.close()
            raise SetupError(f"{self._url} could not be opened ({short_message(error)}); check the address") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def page(self) -> Page:
        """The first tab."""
        assert self._context is not None
        return self._context.pages[0]

    async def wait(self) -> None:
        """Record until the browser is closed, or the task is cancelled."""
        try:
            while self._browser and self._browser.is_connected() and self._context and self._context.pages:
                await self.take()
                await asyncio.sleep(PAUSE)
        finally:
            await asyncio.shield(self.take(ended=True))

    async def take(self, ended: bool = False) -> None:
        """Convert the events so far to steps. With `ended`, the pages are closed and are not queried."""
        while self._queue:
            page, frame, what = self._queue.popleft()
            if isinstance(what, dict):
                self._answered(page, what)
                continue
            try:
                event = UserEvent.model_validate_json(what)
            except ValidationError:  # a page's own doing: ours are well-formed
                continue
            if frame is not None and frame.parent_frame is not None and not ended:
                event = await _in_frame(event, frame)
            if (placed := await self._placed(page, event)) is not None:
                self._add(page, placed)

    async def close(self) -> None:
        """Close the browser in any state."""
        for ending in (self._browser and self._browser.close(), self._playwright and self._playwright.stop()):
            with suppress(Exception):
                if ending:
                    await asyncio.wait_for(ending, ENDING)

    # What the browser tells

    def _hear(self, caller: Any, on_entry: str) -> None:
        self._queue.append((caller["page"], caller["frame"], on_entry))

    def _adopt(self, page: Page) -> None:
        if self._front is None:  # the first tab, which is attended to before anything is opened in it
            return
        task = asyncio.ensure_future(self._attend(page))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, page: Page) -> None:
        """Receive navigation requests of a tab, and the answers to its dialogs."""
        with suppress(Exception):  # it may be closed again already
            line: CDPSession = await page.context.new_cdp_session(page)
            frame = (await line.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
            line.on(
                "Page.frameRequestedNavigation",
                lambda event: self._navigation_requested(page, event["frameId"] == frame, event),
            )
            line.on("Page.javascriptDialogClosed", lambda event: self._queue.append((page, None, event)))
            await line.send("Page.enable")

    def _navigation_requested(self, page: Page, whole: bool, event: dict[str, Any]) -> None:
        """Something on a page asks for another page: a link, a form, a script."""
        if whole and event.get("disposition", "currentTab") == "currentTab":
            self._led.add(page)

    def _dialog(self, dialog: Dialog) -> None:
        """Remember the type of a dialog; the person answers it."""
        if dialog.page:
            self._dialogs[dialog.page] = dialog.type

    def _answered(self, page: Page, event: dict[str, Any]) -> None:
        kind = self._dialogs.pop(page, "")
        if kind in ("", "beforeunload"):
            return
        accepted = bool(event.get("result"))
        if kind == "prompt" and accepted and (text := quote(str(event.get("userInput", "")))):
            self._keep(RecordedStep("dialog", StepText(f"type {text}")))
        self._keep(RecordedStep("dialog", StepText(f'click "{"OK" if accepted else "Cancel"}"')))

    def _keep(self, entry: RecordedStep) -> None:
        self._recording.keep(entry)
        self._last = time.monotonic()
        self._on_entry(entry)

    # What it means

    async def _placed(self, page: Page, event: UserEvent) -> UserEvent | None:
        """The event with what only the browser knows; None where it came of something that was taken down before."""
        if event.kind not in ("arrived", "moved"):
            return event
        opened = page not in self._places and await _has_opener(page)
        before, self._places[page] = self._places.get(page, -1), event.place
        led = opened or page in self._led
        self._led.discard(page)
        soon = time.monotonic() - self._last < SOON
        if led or (soon and (event.kind == "moved" or event.how != "navigate")):
            return None
        if event.url == "about:blank" or (event.kind == "arrived" and not event.url.startswith(("http", "file"))):
            return None
        how = "back_forward" if event.kind == "moved" else event.how
        return event.model_copy(update={"origin": event.origin if event.kind == "moved" else before, "how": how})

    def _add(self, page: Page, event: UserEvent) -> None:
        if page is not self._front and self._context is not None and event.kind != "arrived":
            pages = self._context.pages
            if page in pages and self._front in pages and not self._opened(page):
                switch = event.model_copy(update={"kind": "tab", "how": "switch", "tab": pages.index(page)})
                if entry := self._recording.add_event(switch):
                    self._on_entry(entry)
            self._front = page
        try:
            entry = self._recording.add_event(event)
        except Exception as error:  # one event that cannot be described must not stop the others
            reason = f"something was done here that could not be taken down ({type(error).__name__}: {error})"
            self._keep(RecordedStep("lost", StepText("", reason[:300])))
        else:
            if entry:
                self._on_entry(entry)
        self._last = time.monotonic()

    def _opened(self, page: Page) -> bool:
        """Whether the tab has come by itself and is looked at for the first time: runs follow it too."""
        fresh = page not in self._seen
        self._seen.add(page)
        return fresh


async def _has_opener(page: Page) -> bool:
    """Whether something on another page has opened this tab."""
    with suppress(Exception):  # it is closed again already
        return await page.opener() is not None
    return False


async def _in_frame(event: UserEvent, frame: Frame) -> UserEvent:
    """Return the event of a frame in coordinates of the page, with the elements of the page."""
    with suppress(Exception):  # the page may have changed: the event of the frame is enough
        handle = await frame.frame_element()
        box = await handle.bounding_box()
        around = await call_script(
            frame.page.main_frame, "collect", {"next": 2_000_000_000, "nested": False, "most": 1500}
        )
        size = frame.page.viewport_size
        x, y = (box["x"], box["y"]) if box else (0.0, 0.0)
        inner = [
            {**each, "box": [side + shift for side, shift in zip(each["box"], (x, y, x, y), strict=True)]}
            for each in event.found
        ]
        return event.model_copy(
            update={
                "found": [*inner, *around["found"]],
                "point": (event.point[0] + x, event.point[1] + y),
                "size": (size["width"], size["height"]) if size else event.size,
                "url": frame.page.url,
                "title": "",
            }
        )
    return event
