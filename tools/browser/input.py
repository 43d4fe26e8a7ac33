"""Send trusted mouse and keyboard events to the page in front, and insert secrets into its fields.

A secret is not typed: the page could move the focus between two keys. It is inserted into one element of one document
in one call, so only that document's scripts receive it.

The address of a document does not prove its origin: `about:blank` and `srcdoc` inherit the origin of their creator, a
sandbox removes it, and `Page.getFrameTree` derives `securityOrigin` from the address. So the origin comes from V8's
execution context of the document's main world, which requests and storage use
(https://html.spec.whatwg.org/multipage/browsers.html#origin,
https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#type-ExecutionContextDescription).
"""

from __future__ import annotations

import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from handeye.tools.actions import Target
from handeye.tools.browser.scripts import KEY, call_script, try_call_script
from handeye.tools.errors import ActionFailed, ActionRefused, TargetChanged
from handeye.tools.field_values import CONVERSIONS, plain_number
from handeye.tools.keyboard import parse_chord
from handeye.tools.secrets.redact import names_in, parts, placeholder
from handeye.tools.secrets.store import Destination

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from playwright.async_api import CDPSession, ElementHandle, Frame, Page

    from handeye.tools.actions import Click, Drag, Key, Move, Scroll, Type
    from handeye.tools.browser.session import BrowserSession
    from handeye.tools.browser.targets import PressCheck, TargetLocator


MODIFIERS = {"ctrl": "Control", "shift": "Shift", "alt": "Alt", "meta": "Meta", "altgr": "AltGraph"}

KEYS = {
    **MODIFIERS,
    "enter": "Enter",
    "tab": "Tab",
    "escape": "Escape",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Delete",
    "insert": "Insert",
    "home": "Home",
    "end": "End",
    "pageup": "PageUp",
    "pagedown": "PageDown",
    "left": "ArrowLeft",
    "right": "ArrowRight",
    "up": "ArrowUp",
    "down": "ArrowDown",
    "menu": "ContextMenu",
    "capslock": "CapsLock",
    "printscreen": "PrintScreen",
    "pause": "Pause",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}

#: Chords that the browser handles itself; a page receives no event of them.
BROWSER_CHORDS = {
    "f5": "reload",
    "ctrl+r": "reload",
    "ctrl+f5": "reload",
    "ctrl+shift+r": "reload",
    "alt+left": "back",
    "alt+right": "forward",
}


def read_chord(keys: str) -> tuple[tuple[str, ...], str, str]:
    """Return Playwright's modifiers and key, and handeye's chord. Raises ActionRefused for an unknown key."""
    modifiers, key = parse_chord(keys)
    chord = "+".join((*modifiers, key))
    return tuple(MODIFIERS[name] for name in modifiers), KEYS.get(key, key), chord


#: CSS pixels per notch of the mouse wheel.
NOTCH = 100

#: Keys that activate the focused element or delete a selection.
PRESSING = frozenset({"Enter", "NumpadEnter", "Space", " ", "Delete", "Backspace"})

#: Longer texts are inserted at once, without key events for each character.
MAX_KEY_BY_KEY = 400

#: Input types that take one value in a fixed format, with an example.
#: https://html.spec.whatwg.org/multipage/input.html#attr-input-type
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


#: Return the value that an input would have after setting it, and describe its limits.
VALUE_AFTER_SET = "(el, value) => { const probe = el.cloneNode(); probe.value = value; return probe.value }"
LIMITS = """(el, became) => {
  const limits = ['min', 'max', 'step'].map((name) => [name, el.getAttribute(name)])
    .filter(([, limit]) => limit).map((each) => each.join(' '));
  return `it would hold ${JSON.stringify(became)}${limits.length ? ` (${limits.join(', ')})` : ''}` }"""
#: Return the current number of a custom slider or spinbutton.
CURRENT_NUMBER = (
    "el => { const now = parseFloat(el.getAttribute('aria-valuenow')); return Number.isNaN(now) ? null : now }"
)

#: Seconds for which setting a field may take, and most key presses to move a slider.
SET_SECONDS, MAX_STEPS = 3.0, 400


def _takes_one_form(kind: dict[str, Any]) -> bool:
    """Whether a field takes one value in a fixed format instead of free text."""
    return bool(kind) and ((kind["tag"] == "input" and kind["type"] in FORMATS) or kind["counted"])


def _equal(one: str, two: str) -> bool:
    """Whether two values mean the same for an input: `#FF8800`, `14:30:00`, `50.0`."""
    if one.casefold() == two.casefold() or one in (f"{two}:00", f"{two}:00.000"):
        return True
    return bool(plain_number(one)) and plain_number(one) == plain_number(two)


class BrowserInput:
    """Sends mouse and keyboard events to the page in front."""

    def __init__(
        self,
        session: BrowserSession,
        locator: TargetLocator,
        press_check: PressCheck,
        before_press_at: Callable[[tuple[float, float]], Awaitable[None]],
    ) -> None:
        self.session = session
        self.locator = locator
        self.press_check = press_check
        self.secret_input = SecretInput(session)
        self.before_press_at = before_press_at
        """Called with mouse coordinates just before a press, when the mouse is in place."""

    @property
    def page(self) -> Page:
        """The page in front."""
        return self.session.front.page

    async def click(self, action: Click) -> str:
        """Click the target with the action's button, count and modifiers."""
        x, y = await self.locator.at(action.target, "click at")
        await self.page.mouse.move(x, y)
        await self.before_press_at((x, y))
        async with (
            self.press_check.guarded_press(action.target, (x, y)),
            self._holding(tuple(MODIFIERS[name] for name in action.modifiers)),
        ):
            await self.page.mouse.click(x, y, button=action.button, click_count=action.count)
        return ""

    async def click_at(self, target: Target, place: tuple[float, float]) -> None:
        """Click at mouse coordinates with the left button, guarded by the target."""
        await self.page.mouse.move(*place)
        async with self.press_check.guarded_press(target, place):
            await self.page.mouse.click(*place)

    async def move(self, action: Move) -> str:
        """Move the mouse to the target."""
        await self.page.mouse.move(*await self.locator.at(action.target, "move to", press=False))
        return ""

    async def drag(self, action: Drag) -> str:
        """Drag in steps: pages start a drag only after several moves with the button down."""
        await self.locator.check(action.end, "drag to")
        start = await self.locator.at(action.start, "drag from")
        stops = [await self.locator.at(Target(point=point), "drag over", press=False) for point in action.via]
        end = await self.locator.at(action.end, "drag to", press=False)
        mouse = self.page.mouse
        await mouse.move(*start)
        await self.before_press_at(start)
        async with self.press_check.guarded_press(action.start, start):
            await mouse.down()
        try:
            first = [*stops, end][0]
            towards = (start[0] + (first[0] - start[0]) / 8, start[1] + (first[1] - start[1]) / 8)
            await mouse.move(*towards, steps=3)
            for stop in stops:
                await mouse.move(*stop, steps=12)
            await mouse.move(*end, steps=12)
            await mouse.move(*end)  # HTML drop zones react to a second dragover event
            await self.press_check.check_unchanged(action.end)
        except TargetChanged:
            await mouse.move(*start, steps=3)  # releasing the button at the start cancels the drag
            raise
        finally:
            await mouse.up()
        return ""

    async def scroll(self, action: Scroll) -> str:
        """Turn the mouse wheel over the target or the page's scroll area."""
        across, ahead = action.direction in ("left", "right"), action.direction in ("down", "right")
        await self.page.mouse.move(*await self.locator.wheel(action.target, across=across, ahead=ahead))
        length = action.amount * NOTCH * (1 if ahead else -1)
        await self.page.mouse.wheel(length if across else 0, 0 if across else length)
        return ""

    async def key(self, action: Key) -> str:
        """Press a key or chord, with the focus on the target."""
        held, key, _ = read_chord(action.keys)
        if action.target:
            await self.focus(action.target)
        for _ in range(action.count):
            async with self._guarded_key(action, key), self._holding(held):
                await self._press(key)
        return ""

    @asynccontextmanager
    async def _guarded_key(self, action: Key, key: str) -> AsyncIterator[None]:
        """Guard a key that activates something."""
        if key not in PRESSING:
            yield
            return
        async with self.press_check.guarded_key_press(action.target):
            yield

    async def focus(self, target: Target) -> None:
        """Focus the target without a press; click it when it is not focusable."""
        place = await self.locator.at(target, "key at")
        located = await self.locator.node(target, place)
        if located is None or not await located[1].evaluate(FOCUS):
            await self.click_at(target, place)

    async def type(self, action: Type) -> str:
        """Type text into the target, or into the focused field."""
        kind: dict[str, Any] = {}
        if action.target:
            x, y = await self.locator.at(action.target, "type at")
            kind = await self.locator.kind(action.target, (x, y))
            if names_in(action.text) and (located := await self.locator.node(action.target, (x, y))):
                await self.secret_input.check_allowed(action.text, located[1])
            if _takes_one_form(kind):
                located = await self.locator.node(action.target, (x, y))
                return await self._set(located[1] if located else None, action, kind)
            if kind.get("type") == "number" and kind["tag"] == "input" and (action.clear or not kind["filled"]):
                self._check_number(action.text)
            await self.click_at(action.target, (x, y))
            await self._wait_for_field_events()
            if kind.get("tag") == "input" and kind["filled"] and not action.clear:
                await self.page.keyboard.press("End")
        elif action.text and (focused := await self.locator.focused()):
            kind = await self.locator.kind_of(focused)
            if _takes_one_form(kind):
                return await self._set(focused, action, kind)
        if action.clear:
            await self.page.keyboard.press("Meta+A" if sys.platform == "darwin" else "Control+A")
            if not action.text:
                await self.page.keyboard.press("Delete")
        for words, secret in parts(action.text):
            await (self.secret_input.type_secret(secret) if secret else self.write(words, action.target))
        return ""

    @staticmethod
    def _check_number(text: str) -> None:
        """Raise ActionRefused for text that a number field drops or changes: a comma, a unit, a second point.

        https://html.spec.whatwg.org/multipage/common-microsyntaxes.html#valid-floating-point-number
        """
        if text.strip() and not names_in(text) and not re.fullmatch(r"-?\d*\.?\d+(?:[eE][+-]?\d+)?", text.strip()):
            raise ActionRefused(f"a number field does not take {text!r}; write it as 12.5, without unit or comma")

    async def _set(self, field: ElementHandle | None, action: Type, kind: dict[str, Any]) -> str:
        """Set a field that takes one value in a fixed format."""
        if field is None:
            raise ActionFailed(f"the {kind['type']} field is not there any more; look again")
        if kind["counted"]:
            return await self._step(field, action.text)
        return await self._fill(field, action.text.strip(), kind["type"])

    async def _wait_for_field_events(self) -> None:
        """Wait until requests of the field that lost the focus are sent: they are not attributed to this one."""
        await try_call_script(self.page.main_frame, "drawingStamp", seconds=1.0)
        await self.session.network.requests_decided()

    async def write(self, text: str, target: Target | None = None) -> None:
        """Type text into the focused element. A line feed is Enter, except in a text area."""
        area = ("\n" in text or "\t" in text) and await self._in_text_area()
        for part in re.split(r"([\n\t])", text):
            if part == "\n" and area:
                await self.page.keyboard.insert_text("\n")
            elif part == "\n":
                async with self.press_check.guarded_key_press(target, typed=True):
                    await self.page.keyboard.press("Enter")
            elif part == "\t":
                await (self.page.keyboard.insert_text("\t") if area else self.page.keyboard.press("Tab"))
            elif len(part) > MAX_KEY_BY_KEY:
                await self.page.keyboard.insert_text(part)
            else:
                # Characters without a key (é, 世, composed emoji) are inserted as a whole, others key by key.
                for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", part):
                    plain = run.isascii()
                    await (self.page.keyboard.type(run) if plain else self.page.keyboard.insert_text(run))

    async def _fill(self, field: ElementHandle, wanted: str, kind: str) -> str:
        """Set a value in the format of the input type; scripts receive `input` and `change` events."""
        from playwright.async_api import Error

        value = CONVERSIONS[kind](wanted)
        if wanted and not value:
            raise ActionRefused(
                f"a {kind} field does not take {wanted!r}: it is no {kind} or it is ambiguous; "
                f"write it as {FORMATS[kind]}"
            )
        normalised = await field.evaluate(VALUE_AFTER_SET, value)
        if value and not _equal(normalised, value):
            raise ActionRefused(
                f"this {kind} field does not take {value!r}: {await field.evaluate(LIMITS, normalised)}"
            )
        try:
            await field.fill(value, timeout=SET_SECONDS * 1000)
            taken = await field.input_value()
        except Error as error:
            raise ActionFailed(f"the {kind} field could not be set to {value!r}; look again") from error
        if not _equal(taken, value) and value:
            raise ActionFailed(f"the {kind} field was set to {value!r} and holds {taken!r}; look again")
        return "" if value == wanted else f"set to {value}"

    async def _step(self, field: ElementHandle, wanted: str) -> str:
        """Set a custom slider or spinbutton by the keys that ARIA defines for it.

        https://www.w3.org/WAI/ARIA/apg/patterns/slider/
        """
        number = plain_number(wanted)
        if not number:
            raise ActionRefused(f"a slider takes a number, not {wanted!r}; write it as {FORMATS['range']}")
        if not await field.evaluate(FOCUS):
            raise ActionRefused("this slider does not take the keyboard; drag it")
        now = first_number = await field.evaluate(CURRENT_NUMBER)
        for _ in range(MAX_STEPS):
            if now is None or now == float(number):
                break
            last = now
            for key in ("ArrowRight", "ArrowUp") if now < float(number) else ("ArrowLeft", "ArrowDown"):
                await self.page.keyboard.press(key)
                if (now := await field.evaluate(CURRENT_NUMBER)) != last:
                    break
            if now is None or now == last or (now - float(number)) * (last - float(number)) < 0:
                break
        if now != float(number):
            raise ActionFailed(f"the slider stands at {now if now is None else f'{now:g}'} and not at {number}")
        return "" if now != first_number else f"it stood at {number} already"

    async def _press(self, key: str) -> None:
        if len(key) == 1 and not key.isascii():
            await self.page.keyboard.insert_text(key)
        else:
            await self.page.keyboard.press(key)

    async def _in_text_area(self) -> bool:
        document = await call_script(self.page.main_frame, "documentInfo")
        if not document["inside"]:
            return bool(document["tag"] == "textarea")
        for frame in self.page.frames[1:]:
            inner = await try_call_script(frame, "documentInfo")
            if inner and inner["has"] and inner["tag"] == "textarea":
                return True
        return False

    @asynccontextmanager
    async def _holding(self, modifiers: tuple[str, ...]) -> AsyncIterator[None]:
        down: list[str] = []
        try:
            for name in modifiers:
                down.append(name)
                await self.page.keyboard.down(name)
            yield
        finally:
            for name in reversed(down):
                await self.page.keyboard.up(name)


#: Schemes whose documents have an origin of their own.
OWN_ORIGIN = frozenset({"http", "https", "file"})


async def origin_is_confirmed(frame: Frame) -> bool:
    """Whether the browser confirms that the frame's document has the origin of its address.

    False for documents without an address of their own (about:, srcdoc, data:, blob:, javascript:) and for sandboxed
    ones. Also False when another frame of the same address has another origin: the two cannot be distinguished.
    """
    from playwright.async_api import Error

    address = urlsplit(frame.url)
    if address.scheme not in OWN_ORIGIN:
        return False
    try:
        session = await _session(frame)
        try:
            origins = await _origins(session, frame.url)
        finally:
            await session.detach()
    except Error:  # the frame was removed
        return False
    wanted = "file://" if address.scheme == "file" else f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
    return bool(origins) and all(origin == wanted for origin in origins)


async def _session(frame: Frame) -> CDPSession:
    """Return a CDP session with the process that renders the frame: of the frame, or of its nearest ancestor."""
    from playwright.async_api import Error

    at: Frame | None = frame
    while at is not None:
        try:
            return await frame.page.context.new_cdp_session(at)
        except Error:
            if at.parent_frame is None:
                raise
            at = at.parent_frame
    raise AssertionError("a page has a main frame")


async def _origins(session: CDPSession, url: str) -> list[str]:
    """Return the origins of all documents with this address in the session's process."""
    contexts: list[dict[str, Any]] = []
    session.on("Runtime.executionContextCreated", lambda event: contexts.append(event["context"]))
    await session.send("Runtime.enable")  # reports all contexts before it answers
    tree = (await session.send("Page.getFrameTree"))["frameTree"]
    await session.send("Runtime.disable")
    here = {each["id"] for each in _frames(tree) if each["url"] + each.get("urlFragment", "") == url}
    mains = [each for each in contexts if each["auxData"]["isDefault"]]
    return [each["origin"] for each in mains if each["auxData"]["frameId"] in here]


def _frames(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree["frame"]
    for child in tree.get("childFrames", ()):
        yield from _frames(child)


FAILURES = {
    "moved": "the page moved the keyboard elsewhere",
    "refused": "the field takes no text",
    "changed": "the field holds something else than what was put in: it may cut long texts off",
}


class SecretInput:
    """Inserts secrets into fields of the page in front."""

    def __init__(self, session: BrowserSession) -> None:
        self.session = session

    async def document_place(self, frame: Frame) -> Destination:
        """Return the place of a frame's document, by the origin that the browser confirms."""
        url = frame.url
        if not await origin_is_confirmed(frame):
            return Destination(f"a field of {url[:80] or 'a frame'}, whose origin the browser does not confirm")
        parts = urlsplit(url)
        words = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else url[:80]
        return Destination(f"a field of {words}", url=url, own=_same_site(self.session.first_url, url))

    async def check_allowed(self, text: str, field: ElementHandle | None) -> None:
        """Raise ActionRefused when a secret in the text is not allowed in the field's document."""
        if field is not None and names_in(text) and (frame := await field.owner_frame()):
            self.session.secrets.allow(text, await self.document_place(frame))

    async def with_values(self, text: str, field: ElementHandle) -> str:
        """Return the text with the values of its secrets, if they are allowed in the field's document."""
        frame = await field.owner_frame()
        if frame is None:
            raise ActionFailed("the field is not on the page any more; look again")
        place = await self.document_place(frame)
        return "".join(words or self.session.secrets.use(name, place) for words, name in parts(text))

    async def type_secret(self, name: str) -> None:
        """Insert a secret into the focused field."""
        frame, field = await self._focused(name)
        value = self.session.secrets.use(name, await self.document_place(frame))
        wrong = await field.evaluate(f"(el, text) => {KEY}.insertSecret(el, text)", value)
        if wrong:
            raise ActionFailed(f"{placeholder(name)} could not be filled in: {FAILURES[wrong]}; look again")

    async def _focused(self, name: str) -> tuple[Frame, ElementHandle]:
        frame = self.session.front.page.main_frame
        while True:
            await call_script(frame, "documentInfo")
            field = (await frame.evaluate_handle(f"{KEY}.focused()")).as_element()
            if field is None:
                raise ActionRefused(f"no field has the keyboard for {placeholder(name)}; name the field to type into")
            inner = await field.content_frame()
            if inner is None:
                return frame, field
            frame = inner


def _same_site(first: str, url: str) -> bool:
    """Whether an address is of the site of the first page: its host or a subdomain, or a file in the same folder."""
    from handeye.tools.allow_list import AllowList

    first_page, page = urlsplit(first), urlsplit(url)
    if first_page.scheme == "file":
        return page.scheme == "file" and page.path.rpartition("/")[0] == first_page.path.rpartition("/")[0]
    if first_page.scheme not in ("http", "https") or page.scheme not in ("http", "https"):
        return False
    host = (first_page.hostname or "").removeprefix("www.")
    host = f"[{host}]" if ":" in host else host
    ports = [first_page.port] if first_page.port else [80, 443]
    return AllowList([f"{host}:{port}" for port in ports]).allow(url)
