"""Choosing in lists and giving files: where a plain click would open something that the page does not draw itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.secrets.redact import names_in
from handeye.tools.text_equality import contains, numbers, same, signs, units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import ElementHandle

    from handeye.tools.actions import Select, Upload
    from handeye.tools.browser.input import Hands
    from handeye.tools.browser.session import Session
    from handeye.tools.browser.targets import Aim
    from handeye.tools.element import Element

#: Seconds that a page's own list gets to open, and a button to ask for files.
OPENING = 3.0

#: The <select>, or the label's, that a press on an element means.
OWN_SELECT = """el => {
  const near = el.closest('select') || el.closest('label')?.control || el.querySelector?.('select');
  return near?.localName === 'select' ? near : null }"""
OPTIONS = """el => [...el.options].map((o) => ({ text: o.label.replace(/\\s+/g, ' ').trim(),
  kept: el.multiple && o.selected, value: o.value,
  off: o.disabled || (o.parentElement.localName === 'optgroup' && o.parentElement.disabled) }))"""
OWN_FILE_FIELD = """el => {
  const field = 'input[type=file]';
  const near = el.matches(field) ? el : el.closest('label')?.control || el.querySelector?.(field);
  return near?.type === 'file' ? near : null }"""


def best_option(wanted: str, options: Sequence[str], values: Sequence[str] = ()) -> int:
    """The one option that is meant: called exactly so, else so but for case, else the only one that is much alike.

    Of several of one name the first is taken only where `values` says that all of them stand for the same.
    Raises ActionRefused, naming the options, when none is or several are.
    """
    from rapidfuzz import fuzz, utils

    said = wanted.strip()
    plain = [" ".join(option.split()) for option in options]
    for exact in (
        [index for index, option in enumerate(plain) if same(option, said)],
        [index for index, option in enumerate(plain) if same(option, said, case=False)],
    ):
        if exact and len({values[index] for index in exact} if values else exact) > 1:
            raise ActionRefused(
                f"{len(exact)} options are called “{said}”, and they differ; click the one that is meant"
            )
        if exact:
            return exact[0]
    holding = [index for index, option in enumerate(plain) if contains(option, said, case=False)]
    if len(holding) == 1:
        return holding[0]
    # A slip of the pen is one in a word: numbers and signs are right.
    words, asked = utils.default_process(said), (numbers(said), signs(said), units(said))
    scored = sorted(
        (
            (fuzz.ratio(words, utils.default_process(option)), index)
            for index, option in enumerate(plain)
            if words and (numbers(option), signs(option), units(option)) == asked
        ),
        reverse=True,
    )
    if not holding and scored and scored[0][0] >= 80 and (len(scored) == 1 or scored[0][0] - scored[1][0] >= 8):
        return scored[0][1]
    shown = ", ".join(f"“{option}”" for option in plain[:30]) + (", …" if len(plain) > 30 else "")
    several = "several options fit" if len(holding) > 1 else "no option is called"
    raise ActionRefused(f"{several} “{said}”; choose one of {shown or 'none: the list is empty'}")


class Chooser:
    """Selects options and uploads files."""

    def __init__(self, session: Session, aim: Aim, hands: Hands) -> None:
        self.session, self.aim, self.hands = session, aim, hands

    async def select(self, action: Select, read: Any) -> str:
        """Choose an option; `read` lists the page's elements."""
        place = await self.aim.at(action.target, "select at")
        await self.hands.press.check(action.target)
        own = await self._related(action.target, place, OWN_SELECT)
        if own is not None:
            return await self._native(own, await self.hands.giving.filled(action.option, own))
        if names_in(action.option):
            raise ActionRefused(f"{action.target} is no list of the browser's own; type the secret into a field")
        return await self._drawn(action, place, read)

    async def _native(self, field: ElementHandle, wanted: str) -> str:
        options: list[dict[str, Any]] = await field.evaluate(OPTIONS)
        index = best_option(wanted, [option["text"] for option in options], [option["value"] for option in options])
        if options[index]["off"]:
            raise ActionRefused(f"the option “{options[index]['text']}” is disabled; choose another")
        # Where a list takes several, those that are chosen stay so.
        kept = [number for number, option in enumerate(options) if option["kept"] and number != index]
        await field.select_option(index=[*kept, index], timeout=OPENING * 1000)
        chosen = str(options[index]["text"])
        return "" if chosen == wanted else f"chose “{chosen}”"

    async def _drawn(self, action: Select, place: tuple[float, float], read: Any) -> str:
        """A list that the page draws itself: open it, then click the option."""
        before = {element.id for element in await read() if _is_option(element)}
        await self.hands.click_at(action.target, place)
        options = await self._opened(read, before)
        kind = await self.aim.kind(action.target, place)
        if kind.get("tag") == "input" and not _names(options, action.option):
            await self.hands.write(action.option)
            options = await self._opened(read, {element.id for element in options})
        if not options:
            raise ActionFailed(f"{action.target} opened no list of options; click what opens it, then the option")
        try:
            index = _best_drawn(action.option, options)
        except ActionRefused:
            await self.hands.page.keyboard.press("Escape")
            raise
        chosen = options[index]
        view = await self.session.view()
        seen = chosen.box.within(view.width, view.height)
        if seen is None:
            raise ActionFailed(f"the option “{chosen.name}” is off the screen; scroll in the list, then click it")
        await self.hands.page.mouse.click(*view.to_mouse(*seen.centre))
        said = chosen.text or chosen.name
        return "" if action.option in (said, chosen.name) else f"chose “{said}”"

    async def _opened(self, read: Any, before: set[str]) -> list[Element]:
        """The options that a press made appear (or those there already, for a list that is always open)."""
        options: list[Element] = []
        for _ in range(int(OPENING / 0.1)):
            options = [element for element in await read() if _is_option(element) and element.enabled]
            if any(element.id not in before for element in options):
                return [element for element in options if element.id not in before]
            if options and before:
                break
            await asyncio.sleep(0.1)
        return options

    async def upload(self, action: Upload) -> str:
        """Put files into a field, or press the button that asks for them and give them there."""
        paths = [Path(path).expanduser() for path in action.paths]
        for path in paths:
            if not path.is_file():
                raise ActionRefused(f"there is no file {path}; give the path of one that exists")
        place = await self.aim.at(action.target, "upload at")
        await self.hands.press.check(action.target)
        field = await self._related(action.target, place, OWN_FILE_FIELD)
        if field is not None:
            if len(paths) > 1 and not await field.evaluate("el => el.multiple || el.webkitdirectory"):
                raise ActionRefused(f"{action.target} takes one file and was given {len(paths)}; give one")
            await field.set_input_files(paths)
            return ""
        self.session.chooser = asyncio.get_running_loop().create_future()
        try:
            await self.hands.click_at(action.target, place)
            chooser = await asyncio.wait_for(self.session.chooser, OPENING)
        except TimeoutError:
            raise ActionFailed(f"{action.target} does not ask for files; aim at what does") from None
        finally:
            self.session.chooser = None
        if len(paths) > 1 and not chooser.is_multiple():
            raise ActionRefused(f"{action.target} takes one file and was given {len(paths)}; give one")
        await chooser.set_files(paths)
        return ""

    async def _related(self, target: Any, place: tuple[float, float], script: str) -> ElementHandle | None:
        found = await self.aim.node(target, place)
        return (await found[1].evaluate_handle(script)).as_element() if found else None


def _best_drawn(wanted: str, options: Sequence[Element]) -> int:
    """By what is written on the options, then by their accessible names. Raises like `best_option`."""
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
