"""The browser as a device: Chromium, driven by Playwright in a thread with its own event loop.

Events of the browser (dialogs, new tabs, paused requests) are processed at any time, not only during a call. The caller
may run in an event loop of its own. Ctrl-C interrupts the caller and leaves Playwright's connection intact.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

import handeye.tools.cancellation as cancellation
from handeye.tools.actions import HAND_KINDS, Wait, describe
from handeye.tools.address import meant, page_folder
from handeye.tools.allow_list import AllowList
from handeye.tools.browser.capture import PageCapture
from handeye.tools.browser.launch import end_process
from handeye.tools.browser.observe import ElementReader, SignalReader
from handeye.tools.browser.page_changes import ChangeTracker, PageSettler
from handeye.tools.browser.perform import ActionPerformer, answer_dialog
from handeye.tools.browser.playwright_errors import LOST, short_message, translating_errors
from handeye.tools.browser.scripts import try_call_script
from handeye.tools.browser.session import BrowserSession, DialogOpened
from handeye.tools.browser.state import BrowserState, read_storage_state, write_storage_state
from handeye.tools.browser.targets import HitTest
from handeye.tools.device import NO_HOOKS, BeforePress, Device, Hooks, Settled, Signals
from handeye.tools.errors import ActionFailed, ActionRefused, SetupError, Stopped, UsageError
from handeye.tools.screenshot import Screenshot
from handeye.tools.secrets.device_output import redacts_secrets
from handeye.tools.secrets.redact import names_in
from handeye.tools.secrets.store import refuse_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence
    from types import TracebackType

    from PIL.Image import Image
    from playwright.async_api import StorageState

    from handeye.tools.actions import Action, Click
    from handeye.tools.browser.dialogs import OpenDialog
    from handeye.tools.element import Element
    from handeye.tools.hit import Hit
    from handeye.tools.secrets.store import Secrets


T = TypeVar("T")

#: Longest wait in one piece: on Windows a waiting thread handles Ctrl-C only between two waits.
POLL_SECONDS = 0.5


class Worker:
    """Runs coroutines in its thread and returns their results to other threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="handeye-browser", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T], *, waits: bool = False) -> T:
        """Return the coroutine's result. When the caller is interrupted, the coroutine is cancelled.

        `waits`: the coroutine only waits, so Stopped is raised as soon as the run is to stop.
        """
        if not self._thread.is_alive():
            coroutine.close()
            raise RuntimeError("the browser's thread has ended")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            while True:
                try:
                    return future.result(min(cancellation.POLL_SECONDS, POLL_SECONDS) if waits else POLL_SECONDS)
                except TimeoutError:
                    if future.done():
                        raise
                    if waits:
                        cancellation.check()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """End the thread and cancel its tasks. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()


#: Note of a screenshot that shows a dialog.
STILL = "the page stands still behind its dialog"


@redacts_secrets
class Browser(Device):
    """A Chromium with a clean profile; or, with `cdp`, a tab of a running one.

        with Browser("http://localhost:8000") as browser:
            browser.perform(Navigate(url="localhost:8000/cart"))

    `url` is a complete address, `localhost:8000`, `example.com` or the path of an HTML file. The screenshot size is
    `viewport` in CSS pixels, times the device scale `scale`. With `allow_domains` requests to other domains are
    blocked, also those of redirects, frames and pop-ups. `hooks` are attached before the first page is loaded.
    Downloads are saved in `downloads`, else in the folder that the hooks name. `storage_state` has the initial cookies
    and storage in Playwright's format: a file, or its content.

    `cdp` is the address of a Chromium that was started with --remote-debugging-port, such as http://127.0.0.1:9222.
    Only its tab in front and the tabs that this one opens are used; `close` disconnects and closes nothing. Size,
    zoom, cookies and storage stay as they are.

    Raises UsageError for an invalid address, and SetupError when there is no Chromium or no response from it.
    """

    kinds = HAND_KINDS - {"window"}
    can_press = True
    can_revive = True

    def __init__(
        self,
        url: str | None = None,
        *,
        headed: bool = False,
        viewport: tuple[int, int] = (1344, 896),
        allow_domains: Sequence[str] = (),
        deny_domains: Sequence[str] = (),
        downloads: Path | None = None,
        hooks: Hooks = NO_HOOKS,
        timeout: float = 30.0,
        scale: float = 1.0,
        storage_state: Path | StorageState | None = None,
        cdp: str = "",
    ) -> None:
        domains = AllowList(allow_domains, deny_domains)
        if not 0.25 <= scale <= 8:
            raise UsageError(f"scale must be between 0.25 and 8, got {scale:g}")
        if cdp and storage_state is not None:
            raise UsageError(f"the browser at {cdp} has its own cookies and storage; leave out the storage state")
        if cdp and domains:
            raise UsageError(f"the browser at {cdp} cannot be restricted to domains; leave out cdp or the domains")
        state = read_storage_state(storage_state) if isinstance(storage_state, Path) else storage_state
        first = meant(url)[0] if url else ""
        self._session = BrowserSession(
            headed=headed,
            viewport=viewport,
            domains=domains,
            files=page_folder(first),
            downloads=downloads,
            timeout=timeout,
            scale=scale,
            state=state,
            cdp_url=cdp,
        )
        if first and not self._session.network.allows(first):
            raise UsageError(f"{url} is outside the allowed domains ({domains}); allow its domain too")
        self._first, self._session.first_url = url or "", first
        self.name = f"browser {url or cdp or 'about:blank'}"
        self._reader = ElementReader()
        self._page_capture = PageCapture(self._session)
        self._settler = PageSettler(self._session, self._page_capture)
        self._state = BrowserState(self._session)
        self._changes = ChangeTracker(self._session, self._page_capture, self._read)
        self._session.network.read_edited = self._changes.edited_elements
        self._signal_reader = SignalReader(self._session, self._changes, self._reader)
        self._acting = ActionPerformer(self._session, self._reader, self._changes, lambda: self.careful)
        self._hit_test = HitTest(self._session, self._reader)
        self._last_elements: list[Element] = []
        self._last_device_state: dict[str, Any] = {}
        self._own_downloads = downloads is not None
        self.attach(hooks)
        self._worker = Worker()
        self._end = weakref.finalize(self, _end, self._worker, self._session)
        try:
            self._call(self._session.start(), "starting the browser", starting=True)
            if url:
                self._open(url)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def secrets(self) -> Secrets:
        """Values of `{{secret:name}}` in actions. They are redacted in all results of this device."""
        return self._session.secrets

    @secrets.setter
    def secrets(self, secrets: Secrets) -> None:
        self._session.secrets = secrets
        self._page_capture.invalidate()

    def attach(self, hooks: Hooks) -> None:
        """Connect a run's hooks, in place of those before. A `downloads` folder of the browser's own stays in use."""
        self._session.network.hooks = hooks
        self._state.on_page = hooks.on_page
        if hooks.downloads and not self._own_downloads:
            self._session.downloads.folder = hooks.downloads
        self._session.page_log.file = hooks.page_log

    def detach(self) -> None:
        """Disconnect the hooks; files that are still being downloaded are stored in the run's folder."""
        self.attach(NO_HOOKS)

    # Observing

    def capture(self) -> Screenshot:
        """Return the current page; with an open dialog, its last screenshot and the dialog drawn over it."""
        return self._call(self._capture(), "taking a screenshot")

    def elements(self) -> list[Element]:
        """Return the elements of the page and its frames in reading order, or the parts of an open dialog.

        Boxes are in screenshot pixels.
        """
        return self._call(self._elements(), "reading the page")

    def signals(self) -> Signals:
        """Return address, title, focus, dialog, tabs and the changes of the last action."""
        signals = self._call(self._signal_reader.signals(), "asking the page")
        return signals.model_copy(update={"unlisted": self._reader.unlisted})

    def hit_test(self, action: Action) -> tuple[Hit, ...]:
        """Return what the action would activate, by a hit test in the page; empty while a dialog is open."""
        return self._call(self._hit(action), "testing what an action would press")

    def settle(self, cap: float = 10.0) -> Settled:
        """Wait until the page is at rest, for at most `cap` seconds; report side effects such as downloads."""
        try:
            settled = self._call(self._settler.wait(cap), "waiting for the page", waits=True)
        except Stopped:  # the action was performed, and is logged before the run ends
            settled = Settled(by="cap", seconds=0.0, note="the wait was stopped")
        self._raise_hook_error()
        return settled.model_copy(update={"happened": "; ".join(self._session.take_remarks())})

    def run_script(self, script: str, argument: Any = None) -> Any:
        """Call a JavaScript function with the argument in the page in front and return its result.

        It is for set-up and checks; text of a model never gets here. Raises ActionFailed when the function fails or a
        dialog blocks the page.
        """
        return self._call(self._run_script(script, argument), "running a script in the page")

    # Acting

    def perform(self, action: Action) -> str:
        """Perform the action with trusted mouse and keyboard events; return a remark about side effects.

        Raises ActionRefused when it was not tried (off the screen, no such key, tab or option, a forbidden domain, an
        open dialog). Raises ActionFailed when it had no success, or when its target is disabled or covered.
        """
        if action.kind not in self.kinds:
            raise ActionRefused(f"{describe(action)} is no action of a device; the agent performs it itself")
        return self._done(self._perform(action, self._acting.perform), action)

    def press(self, action: Click) -> str:
        """Call `click()` on the target's element, without the mouse. Raises like `perform`."""
        return self._done(self._perform(action, self._acting.press), action)

    def _done(self, doing: Coroutine[Any, Any, str], action: Action) -> str:
        remark = self._call(doing, describe(action), waits=isinstance(action, Wait))
        self._raise_hook_error()
        return "; ".join(part for part in (remark, *self._session.take_remarks()) if part)

    @property
    def before_press(self) -> BeforePress | None:
        """The page just before the last press, when the observation before it was out of date."""
        return self._changes.before_press

    def leave_field(self) -> None:
        """Remove the focus from the focused field: pages then save what was typed there."""
        self._call(self._leave_field(), "leaving a field")

    # State and restart

    def device_state(self) -> dict[str, Any]:
        """Return addresses of all tabs, cookies, storage and scroll position."""
        return self._call(self._read_device_state(), "noting the state")

    def restore(self, device_state: Mapping[str, Any]) -> str:
        """Open the pages of a device state with its cookies. Raises SetupError when one does not answer."""
        if device_state:
            self._call(self._state.restore(device_state), "coming back")
            self._settler.last_action_at = time.monotonic()
        elif self._first and self._session.front.page.url == "about:blank":
            self._open(self._first)
        return ""

    def revive(self) -> str:
        """Restart after DeviceLost; `restore` is called next. Return in words what was restarted.

        Raises SetupError when the restart fails.
        """
        self._page_capture.invalidate()
        self._call(self._session.revive(), "starting the browser again", starting=True)
        page_only = self._session.window_survived and not self._session.cdp_url
        return "the page was opened again" if page_only else "the browser was started again"

    def save_state(self, path: Path) -> None:
        """Write cookies and storage to a file of mode 600, for `storage_state` of another browser."""
        state = self._call(self._session.context.storage_state(indexed_db=True), "saving the storage state")
        write_storage_state(path, state)

    def close(self) -> None:
        """Close Chromium, in any state. May be called twice."""
        self._end()

    # In the worker's thread

    def _call(self, work: Coroutine[Any, Any, T], doing: str, *, starting: bool = False, waits: bool = False) -> T:
        with translating_errors(doing, starting=starting):
            return self._worker.call(work, waits=waits)

    def _raise_hook_error(self) -> None:
        network = self._session.network
        error, network.hook_error = network.hook_error, None
        if error is not None:
            raise error

    def _open(self, url: str) -> None:
        try:
            self._call(self._acting.navigation.go(url), f"opening {url}", starting=True)
        except (ActionFailed, ActionRefused) as error:
            raise SetupError(str(error)) from error
        self._settler.last_action_at = time.monotonic()

    async def _run_script(self, script: str, argument: Any) -> Any:
        try:
            return await self._session.wait_for(self._session.front.page.evaluate(script, argument))
        except DialogOpened:
            raise ActionFailed("a dialog keeps the page from running a script; answer it first") from None

    async def _perform(self, action: Action, how: Callable[[Any], Coroutine[Any, Any, str]]) -> str:
        self._page_capture.invalidate()
        refuse_elsewhere(action)
        if self._session.dialog:
            if names_in(getattr(action, "text", "")):
                raise ActionRefused(
                    "a secret cannot be typed into a dialog, whose origin is unknown; answer the dialog"
                )
            remark_of_dialog = await answer_dialog(self._session, action)
            self._settler.last_action_at = time.monotonic()
            if remark_of_dialog is not None:
                return remark_of_dialog
        self._session.network.start_action()
        try:
            remark = await how(action)
        except DialogOpened:
            return ""
        finally:
            self._settler.last_action_at = time.monotonic()
            # The action may have changed the page, so the next one needs a new observation.
            self.careful, self._reader.decision_elements = False, None
        return remark

    async def _leave_field(self) -> None:
        for frame in self._session.front.page.frames:
            await try_call_script(frame, "blurFocused", seconds=1.0)
        self._settler.last_action_at = time.monotonic()

    async def _hit(self, action: Action) -> tuple[Hit, ...]:
        from playwright.async_api import Error

        try:
            return await self._session.retry_during_navigation(lambda: self._hit_test.of(action))
        except DialogOpened:
            return ()  # its parts are elements, and the description of OK is the dialog's text
        except Error as error:
            if LOST.search(str(error)):
                raise
            return ()

    async def _capture(self) -> Screenshot:
        try:
            return Screenshot(
                await self._session.retry_during_navigation(self._page_capture.image), scale=self._session.scale
            )
        except DialogOpened:
            dialog = self._session.dialog
            if dialog is None:
                return await self._capture()
            image = dialog.composite(self._page_capture.last, await self._draw(dialog))
            return Screenshot(image, scale=self._session.scale, notes=(STILL,))

    async def _draw(self, dialog: OpenDialog) -> Image:
        session = self._session
        return await dialog.draw(
            await session.dialog_renderer(), self._page_capture.last.size, session.scale, self._dialog_title()
        )

    def _dialog_title(self) -> str:
        host = urlsplit(self._session.front.page.url).netloc
        return f"{host} says" if host else "This page says"

    async def _elements(self) -> list[Element]:
        from playwright.async_api import Error

        dialog = self._session.dialog
        if dialog is None:
            try:
                self._last_elements = await self._session.retry_during_navigation(self._read_for_decision)
                return self._last_elements
            except DialogOpened:
                dialog = self._session.dialog
            except Error as error:
                if LOST.search(str(error)):
                    raise
                # The screenshot can still be read.
                self._session.remarks.append(f"the page's elements cannot be listed ({short_message(error)})")
                return []
        if dialog is None:
            return await self._elements()
        await self._draw(dialog)
        behind = [] if dialog.has_choice else self._last_elements
        frame = dialog.boxes["dialog"]
        return dialog.elements() + [
            element.model_copy(update={"covered": element.covered or frame.holds(element.box.centre), "focused": False})
            for element in behind
        ]

    async def _read(self) -> list[Element]:
        return await self._reader.read(self._session.front.page, await self._session.viewport())

    async def _read_for_decision(self) -> list[Element]:
        elements = await self._reader.read(self._session.front.page, await self._session.viewport(), for_decision=True)
        self._reader.decision_image = self._page_capture.last
        return elements

    async def _read_device_state(self) -> dict[str, Any]:
        try:
            self._last_device_state = await self._session.retry_during_navigation(self._state.read)
        except DialogOpened:
            return {**self._last_device_state, **self._state.addresses()}
        return self._last_device_state


def _end(worker: Worker, session: BrowserSession) -> None:
    """Close everything. Also runs when a Browser is garbage-collected, and at the end of Python."""
    try:
        worker.call(session.close())
    except BaseException:
        end_process(session.pid)
        worker.stop()
        raise
    end_process(session.pid)
    worker.stop()
