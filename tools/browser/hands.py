"""Mouse and keyboard on a page: real events at real points."""

from __future__ import annotations

import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from handeye.tools.actions import Target
from handeye.tools.browser.giving import Giving
from handeye.tools.browser.keys import MODIFIERS, read_chord
from handeye.tools.browser.scripts import ask, quickly
from handeye.tools.errors import ActionFailed
from handeye.tools.hiding import names_in, parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from playwright.async_api import ElementHandle, Page

    from handeye.tools.actions import Click, Drag, Key, Move, Scroll, Type
    from handeye.tools.browser.aim import Aim
    from handeye.tools.browser.session import Session

#: Pixels that one notch of the wheel scrolls.
NOTCH = 100

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


class Hands:
    """Does what a person's hands would do."""

    def __init__(self, session: Session, aim: Aim, poise: Callable[[tuple[float, float]], Awaitable[None]]) -> None:
        self.session = session
        self.aim = aim
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
        async with self._held(tuple(MODIFIERS[name] for name in action.modifiers)):
            await self.page.mouse.click(x, y, button=action.button, click_count=action.count)
        return ""

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
        await mouse.down()
        try:
            first = [*stops, end][0]
            towards = (start[0] + (first[0] - start[0]) / 8, start[1] + (first[1] - start[1]) / 8)
            await mouse.move(*towards, steps=3)
            for stop in stops:
                await mouse.move(*stop, steps=12)
            await mouse.move(*end, steps=12)
            await mouse.move(*end)  # HTML5 drop zones answer a second dragover
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
            async with self._held(held):
                await self._press(key)
        return ""

    async def focus(self, target: Target) -> None:
        """Give something the keyboard without pressing it; what cannot take it is clicked."""
        place = await self.aim.at(target, "key at")
        found = await self.aim.node(target, place)
        if found is None or not await found[1].evaluate(FOCUS):
            await self.page.mouse.click(*place)

    async def type(self, action: Type) -> str:
        kind: dict[str, Any] = {}
        if action.target:
            x, y = await self.aim.at(action.target, "type at")
            kind = await self.aim.kind(action.target, (x, y))
            if names_in(action.text) and (found := await self.aim.node(action.target, (x, y))):
                await self.giving.allow(action.text, found[1])
            if kind.get("type") in FORMATS and kind.get("tag") == "input":
                found = await self.aim.node(action.target, (x, y))
                return await self._fill(found[1] if found else None, action.text.strip(), kind["type"])
            await self.page.mouse.click(x, y)
            if kind.get("tag") == "input" and kind["filled"] and not action.clear:
                await self.page.keyboard.press("End")
        elif action.text and (focused := await self.aim.focused()):
            kind = await self.aim.kind_of(focused)
            if kind["type"] in FORMATS and kind["tag"] == "input":
                return await self._fill(focused, action.text.strip(), kind["type"])
        if action.clear:
            await self.page.keyboard.press("Meta+A" if sys.platform == "darwin" else "Control+A")
            if not action.text:
                await self.page.keyboard.press("Delete")
        for words, secret in parts(action.text):
            await (self.giving.give(secret) if secret else self.write(words))
        return ""

    async def write(self, text: str) -> None:
        """Type text where the keyboard is. A line feed is Enter, except in a text area, where it is a line feed."""
        area = ("\n" in text or "\t" in text) and await self._in_text_area()
        for part in re.split(r"([\n\t])", text):
            if part == "\n":
                await (self.page.keyboard.insert_text("\n") if area else self.page.keyboard.press("Enter"))
            elif part == "\t":
                await (self.page.keyboard.insert_text("\t") if area else self.page.keyboard.press("Tab"))
            elif len(part) > KEYWISE:
                await self.page.keyboard.insert_text(part)
            else:
                # What has no key (é, 世, an emoji of several parts) is put in whole, the rest key by key.
                for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", part):
                    plain = run.isascii()
                    await (self.page.keyboard.type(run) if plain else self.page.keyboard.insert_text(run))

    async def _fill(self, field: ElementHandle | None, wanted: str, kind: str) -> str:
        from playwright.async_api import Error

        if field is None:
            raise ActionFailed(f"the {kind} field is not there any more; look again")
        cause = None
        try:
            await field.fill(wanted)
            taken = await field.input_value()
        except Error as error:
            taken, cause = "", error
        if taken.casefold() != wanted.casefold():
            raise ActionFailed(f"a {kind} field does not take {wanted!r}; write it as {FORMATS[kind]}") from cause
        return ""

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
