"""A browser as a device: Chromium through Playwright."""

from __future__ import annotations

import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from handeye.tools.actions import HAND_KINDS, Wait, describe
from handeye.tools.address import meant, page_folder
from handeye.tools.allow_list import AllowList
from handeye.tools.browser.capture import Camera
from handeye.tools.browser.change_tracker import Wake
from handeye.tools.browser.dialogs import answer_dialog
from handeye.tools.browser.launch import end_process
from handeye.tools.browser.observe import Facts, Reader
from handeye.tools.browser.page_settle import Settling
from handeye.tools.browser.perform import Acting
from handeye.tools.browser.playwright_errors import LOST, plain, translated
from handeye.tools.browser.scripts import quickly
from handeye.tools.browser.session import DialogOpened, Session
from handeye.tools.browser.state import Memory, read_state, write_state
from handeye.tools.browser.targets import HitTest
from handeye.tools.browser.worker import Worker
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

#: A note of the picture of a dialog.
STILL = "the page stands still behind its dialog"


@redacts_secrets
class Browser(Device):
    """A Chromium of its own, with a clean profile; or, with `cdp`, a tab of one that somebody uses.

        with Browser("http://localhost:8000") as browser:
            browser.perform(Navigate(url="localhost:8000/cart"))

    `url` may be a whole one, `localhost:8000`, `example.com` or an HTML file's path. Screenshots are `viewport` CSS
    pixels wide and high, times `scale`, as on a screen with so much finer pixels. With `allow_domains` nothing else is
    reached, by redirects, frames and pop-ups neither. `hooks` are attached before the first page is loaded. Files are
    downloaded to `downloads`, else to the folder that the hooks name. `storage_state` has the initial cookies and
    storage in Playwright's format: a file, or its content.

    `cdp` is where a Chromium listens that was started with --remote-debugging-port, such as http://127.0.0.1:9222. Its
    tab in front is used, with the tabs which that one opens, and no other; `close` lets go of it and closes nothing.
    Its size, zoom, cookies and storage are its own.

    Raises UsageError for what is no address, SetupError when there is no Chromium or nobody answers at the address.
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
            raise UsageError(f"a device scale of {scale} is none that screens have; give 0.25 to 8, such as 2")
        if cdp and storage_state is not None:
            raise UsageError(f"the browser at {cdp} has cookies and storage of its own; leave out the storage state")
        if cdp and domains:
            raise UsageError(f"the browser at {cdp} is open to all domains already; for rules start one: leave out cdp")
        state = read_state(storage_state) if isinstance(storage_state, Path) else storage_state
        first = meant(url)[0] if url else ""
        self._session = Session(
            headed=headed,
            viewport=viewport,
            domains=domains,
            files=page_folder(first),
            downloads=downloads,
            timeout=timeout,
            scale=scale,
            state=state,
            joined=cdp,
        )
        if first and not self._session.traffic.allows(first):
            raise UsageError(f"{url} is outside the allowed domains ({domains}); allow its domain too")
        self._first, self._session.first = url or "", first
        self.name = f"browser {url or cdp or 'about:blank'}"
        self._reader = Reader()
        self._camera = Camera(self._session)
        self._settling = Settling(self._session, self._camera)
        self._memory = Memory(self._session)
        self._wake = Wake(self._session, self._camera, self._read)
        self._session.traffic.look_back = self._wake.edited
        self._facts = Facts(self._session, self._wake, self._reader)
        self._acting = Acting(self._session, self._reader, self._wake, lambda: self.careful)
        self._hit_test = HitTest(self._session, self._reader)
        self._last_elements: list[Element] = []
        self._last_memento: dict[str, Any] = {}
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
        """What `{{secret:name}}` stands for in actions, and what is hidden in everything that this device says."""
        return self._session.secrets

    @secrets.setter
    def secrets(self, secrets: Secrets) -> None:
        self._session.secrets = secrets
        self._camera.forget()

    def attach(self, hooks: Hooks) -> None:
        """Connect a run's hooks, in place of those before. A `downloads` folder of the browser's own stays in use."""
        self._session.traffic.hooks = hooks
        self._memory.on_page = hooks.on_page
        if hooks.downloads and not self._own_downloads:
            self._session.downloads.folder = hooks.downloads
        self._session.overheard.file = hooks.page_log

    def detach(self) -> None:
        """Disconnect the hooks; files that are still being downloaded are stored in the run's folder."""
        self.attach(NO_HOOKS)

    # Looking

    def capture(self) -> Screenshot:
        """The page as it is now; with a dialog drawn over its last picture when one is open."""
        return self._call(self._capture(), "taking a screenshot")

    def elements(self) -> list[Element]:
        """What is on the page and its frames, in reading order; of an open dialog, its parts. Boxes in pixels of the
        screenshot."""
        return self._call(self._elements(), "reading the page")

    def signals(self) -> Signals:
        """Address, title, focus, dialog, tabs."""
        signals = self._call(self._facts.signals(), "asking the page")
        return signals.model_copy(update={"unlisted": self._reader.unlisted})

    def hit_test(self, action: Action) -> tuple[Hit, ...]:
        """What the action would act on, as the page itself finds it at its points; empty while a dialog is open."""
        return self._call(self._hit(action), "testing what an action would press")

    def settle(self, cap: float = 10.0) -> Settled:
        """Wait until the page is at rest, at most `cap` seconds; tells of what came meanwhile, such as downloads."""
        try:
            settled = self._call(self._settling.wait(cap), "waiting for the page", waits=True)
        except Stopped:  # what was done is done, and is noted as such before the run ends
            settled = Settled(by="cap", seconds=0.0, note="the wait was stopped")
        self._raise_trouble()
        return settled.model_copy(update={"happened": "; ".join(self._session.take_remarks())})

    def run_script(self, script: str, argument: Any = None) -> Any:
        """What a JavaScript function, given the argument, returns in the page in front: for those who set a page up or
        judge it. No model's words come here. Raises ActionFailed when it fails, or a dialog keeps the page."""
        return self._call(self._run_script(script, argument), "running a script in the page")

    # Acting

    def perform(self, action: Action) -> str:
        """Do it with real mouse and keyboard events; the remark says what happened beside.

        Raises ActionRefused when it was not tried (off the screen, no such key, tab or option, outside the allowed
        domains, a dialog waits) and ActionFailed when it was tried in vain, or what it aims at is disabled or covered.
        """
        if action.kind not in self.kinds:
            raise ActionRefused(f"{describe(action)} is nothing a hand does; the agent does it itself")
        return self._done(self._perform(action, self._acting.perform), action)

    def press(self, action: Click) -> str:
        """Click the target's element without the mouse: what listens there is called. Raises like `perform`."""
        return self._done(self._perform(action, self._acting.press), action)

    def _done(self, doing: Coroutine[Any, Any, str], action: Action) -> str:
        remark = self._call(doing, describe(action), waits=isinstance(action, Wait))
        self._raise_trouble()
        return "; ".join(part for part in (remark, *self._session.take_remarks()) if part)

    @property
    def before_press(self) -> BeforePress | None:
        """The page just before the last action pressed, where what was seen before does not tell what that changed."""
        return self._wake.before_press

    def leave_field(self) -> None:
        """Take the keyboard from the field that has it: pages then save what was typed there."""
        self._call(self._leave_field(), "leaving a field")

    # Coming back

    def device_state(self) -> dict[str, Any]:
        """Addresses of all tabs, cookies, storage and scroll position."""
        return self._call(self._memento(), "noting the state")

    def restore(self, device_state: Mapping[str, Any]) -> str:
        """Open those pages again with those cookies. Raises SetupError when one does not answer."""
        if device_state:
            self._call(self._memory.restore(device_state), "coming back")
            self._settling.acted = time.monotonic()
        elif self._first and self._session.front.page.url == "about:blank":
            self._open(self._first)
        return ""

    def revive(self) -> str:
        """Start again after DeviceLost, to be restored next. Returns what was started again, in words.

        Raises SetupError when that cannot be done.
        """
        self._camera.forget()
        self._call(self._session.revive(), "starting the browser again", starting=True)
        kept = self._session.kept_window and not self._session.joined
        return "the page was opened again" if kept else "the browser was started again"

    def save_state(self, path: Path) -> None:
        """Write cookies and storage to a file that only its owner may read, for `storage_state` of another browser."""
        state = self._call(self._session.context.storage_state(indexed_db=True), "saving the storage state")
        write_state(path, state)

    def close(self) -> None:
        """End Chromium, whatever state it is in; may be called twice."""
        self._end()

    # In the worker's thread

    def _call(self, work: Coroutine[Any, Any, T], doing: str, *, starting: bool = False, waits: bool = False) -> T:
        with translated(doing, starting=starting):
            return self._worker.call(work, waits=waits)

    def _raise_trouble(self) -> None:
        traffic = self._session.traffic
        trouble, traffic.trouble = traffic.trouble, None
        if trouble is not None:
            raise trouble

    def _open(self, url: str) -> None:
        try:
            self._call(self._acting.travel.go(url), f"opening {url}", starting=True)
        except (ActionFailed, ActionRefused) as error:
            raise SetupError(str(error)) from error
        self._settling.acted = time.monotonic()

    async def _run_script(self, script: str, argument: Any) -> Any:
        try:
            return await self._session.until(self._session.front.page.evaluate(script, argument))
        except DialogOpened:
            raise ActionFailed("a dialog keeps the page from running a script; answer it first") from None

    async def _perform(self, action: Action, how: Callable[[Any], Coroutine[Any, Any, str]]) -> str:
        self._camera.forget()
        refuse_elsewhere(action)
        if self._session.dialog:
            if names_in(getattr(action, "text", "")):
                raise ActionRefused("no secret is typed into a dialog, which does not tell whose it is; answer it")
            answered = await answer_dialog(self._session, action)
            self._settling.acted = time.monotonic()
            if answered is not None:
                return answered
        self._session.traffic.begin()
        try:
            remark = await how(action)
        except DialogOpened:
            return ""
        finally:
            self._settling.acted = time.monotonic()
            # The action itself may have changed the page: the next one needs a new look.
            self.careful, self._reader.judged = False, None
        return remark

    async def _leave_field(self) -> None:
        for frame in self._session.front.page.frames:
            await quickly(frame, "leave", seconds=1.0)
        self._settling.acted = time.monotonic()

    async def _hit(self, action: Action) -> tuple[Hit, ...]:
        from playwright.async_api import Error

        try:
            return await self._session.steady(lambda: self._hit_test.of(action))
        except DialogOpened:
            return ()  # its parts are elements, and OK is described by what it agrees to
        except Error as error:
            if LOST.search(str(error)):
                raise
            return ()

    async def _capture(self) -> Screenshot:
        try:
            return Screenshot(await self._session.steady(self._camera.picture), scale=self._session.scale)
        except DialogOpened:
            dialog = self._session.dialog
            if dialog is None:
                return await self._capture()
            picture = dialog.laid_over(self._camera.last, await self._draw(dialog))
            return Screenshot(picture, scale=self._session.scale, notes=(STILL,))

    async def _draw(self, dialog: OpenDialog) -> Image:
        session = self._session
        return await dialog.draw(await session.artist(), self._camera.last.size, session.scale, self._said_by())

    def _said_by(self) -> str:
        host = urlsplit(self._session.front.page.url).netloc
        return f"{host} says" if host else "This page says"

    async def _elements(self) -> list[Element]:
        from playwright.async_api import Error

        dialog = self._session.dialog
        if dialog is None:
            try:
                self._last_elements = await self._session.steady(self._read_for_decision)
                return self._last_elements
            except DialogOpened:
                dialog = self._session.dialog
            except Error as error:
                if LOST.search(str(error)):
                    raise
                # Its pixels can still be read.
                self._session.said.append(f"the page's elements cannot be listed ({plain(error)})")
                return []
        if dialog is None:
            return await self._elements()
        await self._draw(dialog)
        behind = [] if dialog.choice else self._last_elements
        frame = dialog.boxes["dialog"]
        return dialog.elements() + [
            element.model_copy(update={"covered": element.covered or frame.holds(element.box.centre), "focused": False})
            for element in behind
        ]

    async def _read(self) -> list[Element]:
        return await self._reader.read(self._session.front.page, await self._session.view())

    async def _read_for_decision(self) -> list[Element]:
        found = await self._reader.read(self._session.front.page, await self._session.view(), judged=True)
        self._reader.picture = self._camera.last
        return found

    async def _memento(self) -> dict[str, Any]:
        try:
            self._last_memento = await self._session.steady(self._memory.note)
        except DialogOpened:
            return {**self._last_memento, **self._memory.addresses()}
        return self._last_memento


def _end(worker: Worker, session: Session) -> None:
    """Close everything. Also runs when a Browser is forgotten, and at the end of Python."""
    try:
        worker.call(session.close())
    except BaseException:
        end_process(session.pid)
        worker.stop()
        raise
    end_process(session.pid)
    worker.stop()
