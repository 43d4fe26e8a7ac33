"""Select an option in a list: a click on a <select> opens a native popup, which no screenshot shows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.secrets.redact import names_in
from handeye.tools.text_equality import contains, numbers, same, signs, units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.async_api import ElementHandle

    from handeye.tools.actions import Select
    from handeye.tools.browser.input import BrowserInput
    from handeye.tools.browser.session import BrowserSession
    from handeye.tools.browser.targets import TargetLocator
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
