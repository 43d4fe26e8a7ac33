"""Perform an action on the page in front: input, options of lists, navigation, uploads, answers to dialogs.

A click on a `<select>` opens a native pop-up, which no screenshot contains, so its option is selected by script.
"""

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
    targets,
)
from handeye.tools.address import meant, without_secrets
from handeye.tools.browser.input import BROWSER_CHORDS, BrowserInput, read_chord
from handeye.tools.browser.playwright_errors import LOST, network_code, translate
from handeye.tools.browser.scripts import try_call_script
from handeye.tools.browser.session import NAVIGATION_SECONDS, DialogOpened
from handeye.tools.browser.targets import PressCheck, TargetLocator
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError
from handeye.tools.secrets.redact import names_in
from handeye.tools.text_equality import contains, numbers, same, signs, units

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from playwright.async_api import ElementHandle

    from handeye.tools.actions import Action
    from handeye.tools.browser.dialogs import OpenDialog
    from handeye.tools.browser.observe import ElementReader
    from handeye.tools.browser.page_changes import ChangeTracker
    from handeye.tools.browser.session import BrowserSession, BrowserTab
    from handeye.tools.element import Element


#: Seconds for which a custom list may take to open.
OPENING_SECONDS = 3.0

#: Return the <select> element for an element: itself, an ancestor, a label's control or a descendant.
OWN_SELECT = """el => {
  const near = el.closest('select') || el.closest('label')?.control || el.querySelector?.('select');
  return near?.localName === 'select' ? near : null }"""
OPTIONS = """el => [...el.options].map((o) => ({ text: o.label.replace(/\\s+/g, ' ').trim(),
  kept: el.multiple && o.selected, value: o.value,
  off: o.disabled || (o.parentElement.localName === 'optgroup' && o.parentElement.disabled) }))"""


def best_option(wanted: str, options: Sequence[str], values: Sequence[str] = ()) -> int:
    """Return the index of the option with the wanted name: equal, else equal without case, else the only similar one.

    Of several options with one name the first is chosen only when all have the same value in `values`.
    Raises ActionRefused, which lists the options, when none or several match.
    """
    from rapidfuzz import fuzz, utils

    name = wanted.strip()
    plain = [" ".join(option.split()) for option in options]
    for exact in (
        [index for index, option in enumerate(plain) if same(option, name)],
        [index for index, option in enumerate(plain) if same(option, name, case=False)],
    ):
        if exact and len({values[index] for index in exact} if values else exact) > 1:
            raise ActionRefused(
                f"{len(exact)} options are called “{name}”, and they differ; click the one that is meant"
            )
        if exact:
            return exact[0]
    containing = [index for index, option in enumerate(plain) if contains(option, name, case=False)]
    if len(containing) == 1:
        return containing[0]
    # A typing error changes letters only: numbers, signs and units must be equal.
    normalised, required = utils.default_process(name), (numbers(name), signs(name), units(name))
    scored = sorted(
        (
            (fuzz.ratio(normalised, utils.default_process(option)), index)
            for index, option in enumerate(plain)
            if normalised and (numbers(option), signs(option), units(option)) == required
        ),
        reverse=True,
    )
    if not containing and scored and scored[0][0] >= 80 and (len(scored) == 1 or scored[0][0] - scored[1][0] >= 8):
        return scored[0][1]
    listed = ", ".join(f"“{option}”" for option in plain[:30]) + (", …" if len(plain) > 30 else "")
    several = "several options fit" if len(containing) > 1 else "no option is called"
    raise ActionRefused(f"{several} “{name}”; choose one of {listed or 'none: the list is empty'}")


class OptionSelector:
    """Selects options in native and custom lists."""

    def __init__(self, session: BrowserSession, locator: TargetLocator, page_input: BrowserInput) -> None:
        self.session, self.locator, self.page_input = session, locator, page_input

    async def select(self, action: Select, read: Any) -> str:
        """Choose an option; `read` returns the page's elements."""
        place = await self.locator.at(action.target, "select at")
        await self.page_input.press_check.check_unchanged(action.target)
        own = await self.locator.related(action.target, place, OWN_SELECT)
        if own is not None:
            return await self._native(own, await self.page_input.secret_input.with_values(action.option, own))
        if names_in(action.option):
            raise ActionRefused(f"{action.target} is no list of the browser's own; type the secret into a field")
        return await self._drawn(action, place, read)

    async def _native(self, field: ElementHandle, wanted: str) -> str:
        options: list[dict[str, Any]] = await field.evaluate(OPTIONS)
        index = best_option(wanted, [option["text"] for option in options], [option["value"] for option in options])
        if options[index]["off"]:
            raise ActionRefused(f"the option “{options[index]['text']}” is disabled; choose another")
        # In a list with multiple selection, the other selected options stay selected.
        also_selected = [number for number, option in enumerate(options) if option["kept"] and number != index]
        await field.select_option(index=[*also_selected, index], timeout=OPENING_SECONDS * 1000)
        chosen = str(options[index]["text"])
        return "" if chosen == wanted else f"chose “{chosen}”"

    async def _drawn(self, action: Select, place: tuple[float, float], read: Any) -> str:
        """Open a custom list and click the option."""
        before = {element.id for element in await read() if _is_option(element)}
        await self.page_input.click_at(action.target, place)
        options = await self._opened(read, before)
        kind = await self.locator.kind(action.target, place)
        if kind.get("tag") == "input" and not _names(options, action.option):
            await self.page_input.write(action.option)
            options = await self._opened(read, {element.id for element in options})
        if not options:
            raise ActionFailed(f"{action.target} opened no list of options; click what opens it, then the option")
        try:
            index = _best_drawn(action.option, options)
        except ActionRefused:
            await self.page_input.page.keyboard.press("Escape")
            raise
        chosen = options[index]
        viewport = await self.session.viewport()
        visible_box = chosen.box.within(viewport.width, viewport.height)
        if visible_box is None:
            raise ActionFailed(f"the option “{chosen.name}” is off the screen; scroll in the list, then click it")
        await self.page_input.page.mouse.click(*viewport.to_mouse(*visible_box.centre))
        name = chosen.text or chosen.name
        return "" if action.option in (name, chosen.name) else f"chose “{name}”"

    async def _opened(self, read: Any, before: set[str]) -> list[Element]:
        """Return the options that appeared after a press, or the present ones of a list that is always open."""
        options: list[Element] = []
        for _ in range(int(OPENING_SECONDS / 0.1)):
            options = [element for element in await read() if _is_option(element) and element.enabled]
            if any(element.id not in before for element in options):
                return [element for element in options if element.id not in before]
            if options and before:
                break
            await asyncio.sleep(0.1)
        return options


def _best_drawn(wanted: str, options: Sequence[Element]) -> int:
    """Choose by the text of the options, then by their accessible names. Raises like `best_option`."""
    written = [element.text or element.name for element in options]
    try:
        return best_option(wanted, written)
    except ActionRefused:
        if written == [element.name for element in options]:
            raise
        return best_option(wanted, [element.name for element in options])


def _is_option(element: Element) -> bool:
    return element.role in {"option", "menuitemradio"} or (element.role == "menuitem" and bool(element.name))


def _names(options: Sequence[Element], wanted: str) -> bool:
    try:
        best_option(wanted, [element.name for element in options])
    except ActionRefused:
        return False
    return True


#: Seconds for which the page may continue after its dialog was answered.
RESUME_SECONDS = 0.05


async def answer_dialog(session: BrowserSession, action: Action) -> str | None:
    """Perform the action on the dialog and return a remark.

    Returns None when the dialog was an alert, which is then closed, and the action is for the page behind it.
    Raises ActionRefused when the dialog must be answered first.
    """
    dialog = session.dialog
    if dialog is None:
        return None
    aims = list(targets(action).values())
    parts = [dialog.part_at(target.element, target.point) for target in aims]
    match action:
        case Wait(seconds=seconds):
            await asyncio.sleep(seconds)
            return ""
        case Click() if parts[0] in ("ok", "cancel"):
            return await _answer(session, dialog, accept=parts[0] == "ok")
        case Click() | Move() | Scroll() if parts and parts[0]:
            return ""
        case Key(keys=keys) if not aims or parts[0]:
            *_, chord = read_chord(keys)
            if chord in ("enter", "space", "escape"):
                return await _answer(session, dialog, accept=chord != "escape" or not dialog.has_choice)
        case Type(text=text, clear=clear) if dialog.kind == "prompt" and (not aims or parts[0]):
            return await _write(session, dialog, text, clear)
    if not dialog.has_choice:
        session.remarks.append(await _answer(session, dialog, accept=True))
        return None
    raise ActionRefused(f"a dialog waits for an answer (“{dialog.text[:200]}”); click its OK or Cancel first")


async def _write(session: BrowserSession, dialog: OpenDialog, text: str, clear: bool) -> str:
    line, _, rest = text.partition("\n")
    # The default value of a prompt is selected when it opens, so typing replaces it.
    offered = dialog.typed == dialog.dialog.default_value
    dialog.typed = line if clear or offered else dialog.typed + line
    if rest or text.endswith("\n"):
        return await _answer(session, dialog, accept=True)
    return ""


async def _answer(session: BrowserSession, dialog: OpenDialog, *, accept: bool) -> str:
    from playwright.async_api import Error

    session.dialog = None
    session.network.start_action()
    try:
        if accept:
            await dialog.dialog.accept(dialog.typed if dialog.kind == "prompt" else None)
        else:
            await dialog.dialog.dismiss()
    except Error as error:
        # A person has answered the dialog in the visible browser.
        if LOST.search(str(error)):
            raise
    # The page answers once its script has continued.
    await try_call_script(session.front.page.main_frame, "documentInfo", seconds=RESUME_SECONDS)
    who = "the browser asked" if dialog.kind == "beforeunload" else "the page said"
    return f"{who} “{dialog.text[:300]}”: {dialog.accept_label if accept else 'Cancel'}"


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
        await tab.page.close(run_before_unload=True)  # this runs its beforeunload dialog
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
