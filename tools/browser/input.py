"""Mouse and keyboard on a page: real events at real points."""

from __future__ import annotations

import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from handeye.tools.actions import Target
from handeye.tools.browser.keys import MODIFIERS, read_chord
from handeye.tools.browser.scripts import ask, quickly
from handeye.tools.browser.secret_input import Giving
from handeye.tools.errors import ActionFailed, ActionRefused, TargetChanged
from handeye.tools.field_values import WRITTEN, plain_number
from handeye.tools.secrets.redact import names_in, parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from playwright.async_api import ElementHandle, Page

    from handeye.tools.actions import Click, Drag, Key, Move, Scroll, Type
    from handeye.tools.browser.press_check import Press
    from handeye.tools.browser.session import Session
    from handeye.tools.browser.targets import Aim

#: Pixels that one notch of the wheel scrolls.
NOTCH = 100

#: Keys that press what has the keyboard, or remove what is chosen.
PRESSING = frozenset({"Enter", "NumpadEnter", "Space", " ", "Delete", "Backspace"})

#: Longer runs of text are put in at once: pages that listen to single keys have heard enough of them by then.
KEYWISE = 400

#: Fields that take no free text but one value in a form of their own, and an example of it.
FORMATS = {
    "date": "2026-01-31",
    "time": "14:30",
    "datetime-local": "2026-01-31T14:30",
    "month": "2026-01",
    "week": "2026-W05",
    "color": "#ff8800",
    "range": "50",
}

FOCUS = """el => {
  const able = 'a[href], button, input, textarea, select, summary, [tabindex], [contenteditable]';
  const near = el.closest(able) || el.closest('label')?.control;
  near?.focus({ preventScroll: true });
  return Boolean(near) && near.matches(':focus') }"""


#: What an input would hold if it were given a value, without giving it; and what values it takes, in words.
TRIED = "(el, value) => { const probe = el.cloneNode(); probe.value = value; return probe.value }"
LIMITS = """(el, became) => {
  const limits = ['min', 'max', 'step'].map((name) => [name, el.getAttribute(name)])
    .filter(([, limit]) => limit).map((each) => each.join(' '));
  return `it would hold ${JSON.stringify(became)}${limits.length ? ` (${limits.join(', ')})` : ''}` }"""
#: The number at which a control of the page's own stands.
COUNT = "el => { const now = parseFloat(el.getAttribute('aria-valuenow')); return Number.isNaN(now) ? null : now }"

#: Seconds in which a field must let itself be set, and keys that are pressed at most to bring a slider to its place.
SETTING, STEPS = 3.0, 400


def _takes_one_form(kind: dict[str, Any]) -> bool:
    """Whether it takes no free text, but a value in one form."""
    return bool(kind) and ((kind["tag"] == "input" and kind["type"] in FORMATS) or kind["counted"])


def _equal(one: str, two: str) -> bool:
    """Whether an input takes two values for the same: `#FF8800`, `14:30:00`, `50.0`."""
    if one.casefold() == two.casefold() or one in (f"{two}:00", f"{two}:00.000"):
        return True
    return bool(plain_number(one)) and plain_number(one) == plain_number(two)


class Hands:
    """Does what a person's hands would do."""

    def __init__(
        self, session: Session, aim: Aim, press: Press, poise: Callable[[tuple[float, float]], Awaitable[None]]
    ) -> None:
        self.session = session
        self.aim = aim
        self.press = press
        self.giving = Giving(session)
        self.poise = poise
        """Called with the mouse in its place, just before it presses."""

    @property
    def page(self) -> Page:
        return self.session.front.page

    async def click(self, action: Click) -> str:
        x, y = await self.aim.at(action.target, "click at")
        await self.page.mouse.move(x, y)
        await self.poise((x, y))
        async with (
            self.press.meets(action.target, (x, y)),
            self._held(tuple(MODIFIERS[name] for name in action.modifiers)),
        ):
            await self.page.mouse.click(x, y, button=action.button, click_count=action.count)
        return ""

    async def click_at(self, target: Target, place: tuple[float, float]) -> None:
        """A plain click on what the target means."""
        await self.page.mouse.move(*place)
        async with self.press.meets(target, place):
            await self.page.mouse.click(*place)

    async def move(self, action: Move) -> str:
        await self.page.mouse.move(*await self.aim.at(action.target, "move to", press=False))
        return ""

    async def drag(self, action: Drag) -> str:
        """In steps, because pages start a drag only when the pointer is seen moving with the button down."""
        await self.aim.check(action.end, "drag to")
        start = await self.aim.at(action.start, "drag from")
        stops = [await self.aim.at(Target(point=point), "drag over", press=False) for point in action.via]
        end = await self.aim.at(action.end, "drag to", press=False)
        mouse = self.page.mouse
        await mouse.move(*start)
        await self.poise(start)
        async with self.press.meets(action.start, start):
            await mouse.down()
        try:
            first = [*stops, end][0]
            towards = (start[0] + (first[0] - start[0]) / 8, start[1] + (first[1] - start[1]) / 8)
            await mouse.move(*towards, steps=3)
            for stop in stops:
                await mouse.move(*stop, steps=12)
            await mouse.move(*end, steps=12)
            await mouse.move(*end)  # HTML5 drop zones answer a second dragover
            await self.press.check(action.end)
        except TargetChanged:
            await mouse.move(*start, steps=3)  # what is let go where it was taken stays there
            raise
        finally:
            await mouse.up()
        return ""

    async def scroll(self, action: Scroll) -> str:
        across, ahead = action.direction in ("left", "right"), action.direction in ("down", "right")
        await self.page.mouse.move(*await self.aim.wheel(action.target, across=across, ahead=ahead))
        length = action.amount * NOTCH * (1 if ahead else -1)
        await self.page.mouse.wheel(length if across else 0, 0 if across else length)
        return ""

    async def key(self, action: Key) -> str:
        held, key, _ = read_chord(action.keys)
        if action.target:
            await self.focus(action.target)
        for _ in range(action.count):
            async with self._meets_key(action, key), self._held(held):
                await self._press(key)
        return ""

    @asynccontextmanager
    async def _meets_key(self, action: Key, key: str) -> AsyncIterator[None]:
        """A key that presses something meets what was judged."""
        if key not in PRESSING:
            yield
            return
        async with self.press.meets_focus(action.target):
            yield

    async def focus(self, target: Target) -> None:
        """Give something the keyboard without pressing it; what cannot take it is clicked."""
        place = await self.aim.at(target, "key at")
        found = await self.aim.node(target, place)
        if found is None or not await found[1].evaluate(FOCUS):
            await self.click_at(target, place)

    async def type(self, action: Type) -> str:
        kind: dict[str, Any] = {}
        if action.target:
            x, y = await self.aim.at(action.target, "type at")
            kind = await self.aim.kind(action.target, (x, y))
            if names_in(action.text) and (found := await self.aim.node(action.target, (x, y))):
                await self.giving.allow(action.text, found[1])
            if _takes_one_form(kind):
                found = await self.aim.node(action.target, (x, y))
                return await self._set(found[1] if found else None, action, kind)
            if kind.get("type") == "number" and kind["tag"] == "input" and (action.clear or not kind["filled"]):
                self._check_number(action.text)
            await self.click_at(action.target, (x, y))
            await self._left()
            if kind.get("tag") == "input" and kind["filled"] and not action.clear:
                await self.page.keyboard.press("End")
        elif action.text and (focused := await self.aim.focused()):
            kind = await self.aim.kind_of(focused)
            if _takes_one_form(kind):
                return await self._set(focused, action, kind)
        if action.clear:
            await self.page.keyboard.press("Meta+A" if sys.platform == "darwin" else "Control+A")
            if not action.text:
                await self.page.keyboard.press("Delete")
        for words, secret in parts(action.text):
            await (self.giving.give(secret) if secret else self.write(words, action.target))
        return ""

    @staticmethod
    def _check_number(text: str) -> None:
        """Raise ActionRefused for what a number field would drop or change: a comma, a unit, a second point.

        https://html.spec.whatwg.org/multipage/common-microsyntaxes.html#valid-floating-point-number
        """
        if text.strip() and not names_in(text) and not re.fullmatch(r"-?\d*\.?\d+(?:[eE][+-]?\d+)?", text.strip()):
            raise ActionRefused(f"a number field does not take {text!r}; write it as 12.5, without unit or comma")

    async def _set(self, field: ElementHandle | None, action: Type, kind: dict[str, Any]) -> str:
        """Set a field that takes no free text but one value."""
        if field is None:
            raise ActionFailed(f"the {kind['type']} field is not there any more; look again")
        if kind["counted"]:
            return await self._step(field, action.text)
        return await self._fill(field, action.text.strip(), kind["type"])

    async def _left(self) -> None:
        """Until what the field before sends when it is left is on its way, so that it is not taken for this one's."""
        await quickly(self.page.main_frame, "stamp", seconds=1.0)
        await self.session.traffic.judged()

    async def write(self, text: str, target: Target | None = None) -> None:
        """Type text where the keyboard is. A line feed is Enter, except in a text area, where it is a line feed."""
        area = ("\n" in text or "\t" in text) and await self._in_text_area()
        for part in re.split(r"([\n\t])", text):
            if part == "\n" and area:
                await self.page.keyboard.insert_text("\n")
            elif part == "\n":
                async with self.press.meets_focus(target, typed=True):
                    await self.page.keyboard.press("Enter")
            elif part == "\t":
                await (self.page.keyboard.insert_text("\t") if area else self.page.keyboard.press("Tab"))
            elif len(part) > KEYWISE:
                await self.page.keyboard.insert_text(part)
            else:
                # What has no key (é, 世, an emoji of several parts) is put in whole, the rest key by key.
                for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", part):
                    plain = run.isascii()
                    await (self.page.keyboard.type(run) if plain else self.page.keyboard.insert_text(run))

    async def _fill(self, field: ElementHandle, wanted: str, kind: str) -> str:
        """Write a value in the notation that the input wants, as Playwright does: scripts see `input` and `change`."""
        from playwright.async_api import Error

        value = WRITTEN[kind](wanted)
        if wanted and not value:
            raise ActionRefused(
                f"a {kind} field does not take {wanted!r}, which is none or can be read in two ways; "
                f"write it as {FORMATS[kind]}"
            )
        became = await field.evaluate(TRIED, value)
        if value and not _equal(became, value):
            raise ActionRefused(f"this {kind} field does not take {value!r}: {await field.evaluate(LIMITS, became)}")
        try:
            await field.fill(value, timeout=SETTING * 1000)
            taken = await field.input_value()
        except Error as error:
            raise ActionFailed(f"the {kind} field could not be set to {value!r}; look again") from error
        if not _equal(taken, value) and value:
            raise ActionFailed(f"the {kind} field was set to {value!r} and holds {taken!r}; look again")
        return "" if value == wanted else f"set to {value}"

    async def _step(self, field: ElementHandle, wanted: str) -> str:
        """Bring a slider or a number that a page draws itself to a value, by the keys that ARIA gives it.

        https://www.w3.org/WAI/ARIA/apg/patterns/slider/
        """
        number = plain_number(wanted)
        if not number:
            raise ActionRefused(f"a slider takes a number, not {wanted!r}; write it as {FORMATS['range']}")
        if not await field.evaluate(FOCUS):
            raise ActionRefused("this slider does not take the keyboard; drag it")
        now = began = await field.evaluate(COUNT)
        for _ in range(STEPS):
            if now is None or now == float(number):
                break
            last = now
            for key in ("ArrowRight", "ArrowUp") if now < float(number) else ("ArrowLeft", "ArrowDown"):
                await self.page.keyboard.press(key)
                if (now := await field.evaluate(COUNT)) != last:
                    break
            if now is None or now == last or (now - float(number)) * (last - float(number)) < 0:
                break
        if now != float(number):
            raise ActionFailed(f"the slider stands at {now if now is None else f'{now:g}'} and not at {number}")
        return "" if now != began else f"it stood at {number} already"

    async def _press(self, key: str) -> None:
        if len(key) == 1 and not key.isascii():
            await self.page.keyboard.insert_text(key)
        else:
            await self.page.keyboard.press(key)

    async def _in_text_area(self) -> bool:
        facts = await ask(self.page.main_frame, "facts")
        if not facts["inside"]:
            return bool(facts["tag"] == "textarea")
        for frame in self.page.frames[1:]:
            inner = await quickly(frame, "facts")
            if inner and inner["has"] and inner["tag"] == "textarea":
                return True
        return False

    @asynccontextmanager
    async def _held(self, modifiers: tuple[str, ...]) -> AsyncIterator[None]:
        down: list[str] = []
        try:
            for name in modifiers:
                down.append(name)
                await self.page.keyboard.down(name)
            yield
        finally:
            for name in reversed(down):
                await self.page.keyboard.up(name)
