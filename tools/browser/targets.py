"""Find the point and the element of a target, predict what a press there activates, and stop a press on another target.

Just before a press the target is compared with the observation of the decision. `press_check.js` does this in the page,
at the moment of the press.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from handeye.tools.actions import Key, Type, targets
from handeye.tools.browser.coordinates import FrameMapping, frame_mapping
from handeye.tools.browser.scripts import KEY, call_script, call_script_on, try_call_script
from handeye.tools.errors import ActionFailed, ActionRefused, TargetChanged
from handeye.tools.geometry import Box
from handeye.tools.hit import Hit
from handeye.tools.keyboard import parse_chord
from handeye.tools.pixel_change import AROUND, NEAR, redrawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from playwright.async_api import ElementHandle, Frame

    from handeye.tools.actions import Action, Click, Target
    from handeye.tools.browser.coordinates import Viewport
    from handeye.tools.browser.observe import ElementReader
    from handeye.tools.browser.session import BrowserSession
    from handeye.tools.device import BeforePress
    from handeye.tools.element import Element


NODE = f"(id) => {{ const node = {KEY}?.node(id); return node?.nodeType === 1 ? node : null }}"


class TargetLocator:
    """Finds the points and elements of targets on the page in front."""

    def __init__(self, session: BrowserSession, reader: ElementReader) -> None:
        self.session = session
        self.reader = reader

    async def check(self, target: Target, what: str) -> Viewport:
        """Return the viewport for the target's point.

        Raises ActionRefused when the point is off the screen, or when there is neither point nor element.
        """
        viewport = await self.session.viewport()
        if target.point is None:
            if not target.element:
                raise ActionRefused(f"{what}: {target} has no point yet; find it on the screenshot first")
            return viewport
        x, y = target.point
        if not (0 <= x < viewport.width and 0 <= y < viewport.height):
            raise ActionRefused(
                f"{what} ({x}, {y}) is off the screen ({viewport.width}x{viewport.height}); ask for a point inside it"
            )
        return viewport

    async def at(self, target: Target, what: str, *, press: bool = True) -> tuple[float, float]:
        """Return the target's point in mouse coordinates. It follows an element that has moved since it was observed.

        Raises ActionRefused for a point that is off the screen or scrolled out of sight. With `press` it raises
        ActionFailed when the element is disabled or covered.
        """
        viewport = await self.check(target, what)
        name = str(target)
        frame = self.reader.frames.get(target.element)
        if frame is None or frame.is_detached():
            return viewport.to_mouse(*self._seen(target, what))
        mapping = await frame_mapping(frame)

        async def standing(point: tuple[float, float]) -> Any:
            at = mapping.into(*viewport.to_page(*point))
            return await try_call_script(frame, "elementState", {"id": target.element, "at": at})

        now = await standing(target.point or (-1, -1))
        if not (now and now["there"] and now["drawn"]):
            return viewport.to_mouse(*self._seen(target, what))
        box = mapping.box(now["box"])
        left, top = viewport.to_screenshot(box[0], box[1])
        right, bottom = viewport.to_screenshot(box[2], box[3])
        place: tuple[float, float] = target.point or (-1, -1)
        if not (left - 1 <= place[0] <= right + 1 and top - 1 <= place[1] <= bottom + 1):
            place = self._visible_centre((left, top, right, bottom), viewport, now["hidden"], name, what)
            now = await standing(place) or now
            if target.point is not None:
                self.session.remarks.append(f"{name} had moved to ({round(place[0])}, {round(place[1])})")
        if press and not now["enabled"]:
            raise ActionFailed(f"{what}: {name} is disabled; do first what the page asks for")
        if press and now["by"] and now["hidden"]:
            raise _scrolled_away(now["hidden"], name, what)
        if press and (over := now["by"] or await _over_frame(frame, viewport.to_page(*place))):
            raise ActionFailed(f"{what}: {name} is covered by {over}; close or move that first")
        return viewport.to_mouse(*place)

    @staticmethod
    def _seen(target: Target, what: str) -> tuple[int, int]:
        """Return the observed point of a target whose element is gone."""
        if target.point is None:
            raise ActionFailed(f"{what}: {target} is not on the page any more; look again")
        return target.point

    @staticmethod
    def _visible_centre(
        box: tuple[float, float, float, float], viewport: Viewport, hidden: list[str] | None, name: str, what: str
    ) -> tuple[float, float]:
        left, top = max(0.0, box[0]), max(0.0, box[1])
        right, bottom = min(viewport.width, box[2]), min(viewport.height, box[3])
        if left >= right or top >= bottom:
            if hidden:
                raise _scrolled_away(hidden, name, what)
            way = "down" if box[1] >= viewport.height else "up" if box[3] <= 0 else "sideways"
            size = f"{viewport.width}x{viewport.height}"
            raise ActionRefused(f"{what}: {name} is off the screen ({size}); scroll {way} to it first")
        return (left + right) / 2, (top + bottom) / 2

    async def wheel(self, target: Target | None, *, across: bool, ahead: bool) -> tuple[float, float]:
        """Return the mouse coordinates for the wheel.

        It is over the target, or over its scroll container when the target is out of sight. Without a target it is the
        middle of the page, or the largest scroll container when nothing scrolls there.
        """
        viewport = await self.session.viewport()
        middle = (viewport.width / 2, viewport.height / 2)
        frame = self.reader.frames.get(target.element) if target else None
        if target and (frame is None or frame.is_detached()):
            return await self.at(target, "scroll at", press=False)
        frame = frame or self.session.front.page.main_frame
        mapping = await frame_mapping(frame)
        if target and target.point:
            await self.check(target, "scroll at")
        at = target.point or (-1, -1) if target else middle
        argument = {"id": target.element if target else "", "across": across, "ahead": ahead}
        place = await call_script(frame, "wheelPoint", {**argument, "at": mapping.into(*viewport.to_page(*at))})
        if place is None:
            return await self.at(target, "scroll at", press=False) if target else viewport.to_mouse(*middle)
        return viewport.to_mouse(*viewport.to_screenshot(*mapping.out(*place)))

    async def node(self, target: Target, place: tuple[float, float]) -> tuple[Frame, ElementHandle] | None:
        """Return frame and handle of the target's element, else of the element at mouse coordinates `place`."""
        frame = self.reader.frames.get(target.element)
        if frame is not None and not frame.is_detached():
            handle = (await frame.evaluate_handle(NODE, target.element)).as_element()
            if handle:
                return frame, handle
        viewport = await self.session.viewport()
        spot = viewport.to_page(place[0] * viewport.scale, place[1] * viewport.scale)
        frame = self.session.front.page.main_frame
        while True:
            await call_script(frame, "documentInfo")
            at = (await frame_mapping(frame)).into(*spot)
            handle = (await frame.evaluate_handle(f"([x, y]) => {KEY}.elementAt(x, y)", list(at))).as_element()
            inner: Frame | None = await handle.content_frame() if handle else None
            if handle is None or inner is None:
                return (frame, handle) if handle else None
            frame = inner

    async def related(self, target: Target, place: tuple[float, float], script: str) -> ElementHandle | None:
        """Return the element that a JavaScript function finds for the target's element; None for none."""
        located = await self.node(target, place)
        return (await located[1].evaluate_handle(script)).as_element() if located else None

    async def focused(self) -> ElementHandle | None:
        """Return the focused element of any frame."""
        page = self.session.front.page
        document = await call_script(page.main_frame, "documentInfo")
        for frame in page.frames[1:] if document["inside"] else [page.main_frame]:
            inner = await try_call_script(frame, "documentInfo") if document["inside"] else document
            if inner and inner["has"] and inner["tag"]:
                return (await frame.evaluate_handle(f"() => {KEY}.focused()")).as_element()
        return None

    async def kind(self, target: Target, place: tuple[float, float]) -> dict[str, Any]:
        """Return tag and type of the target's element, and whether it has a value."""
        located = await self.node(target, place)
        return await self.kind_of(located[1]) if located else {}

    @staticmethod
    async def kind_of(handle: ElementHandle) -> dict[str, Any]:
        """Return tag and type of an element, and whether it has a value."""
        kind: dict[str, Any] = await handle.evaluate(
            """el => ({
              tag: el.localName, type: el.type || '', filled: Boolean(el.value),
              counted: /^(slider|spinbutton)$/.test(el.getAttribute('role') ?? '') && !el.isContentEditable
                && !/^(input|textarea)$/.test(el.localName) })"""
        )
        return kind


def _scrolled_away(hidden: list[str], name: str, what: str) -> ActionRefused:
    where, way = hidden
    return ActionRefused(f"{what}: {name} is scrolled out of sight in {where}; scroll {way} over that first")


async def _over_frame(frame: Frame, at: tuple[float, float]) -> str:
    """Return what covers the frame or one of its ancestors at a point of the page; empty for nothing."""
    while (outer := frame.parent_frame) is not None:
        spot = (await frame_mapping(outer)).into(*at)
        if over := (await call_script_on(await frame.frame_element(), "blockersAt", [spot]))[0]:
            return str(over)
        frame = outer
    return ""


#: Frames inside frames are followed so far.
DEPTH = 10


class HitTest:
    """Predicts what an action activates, by a hit test in the page through all frames and shadow roots."""

    def __init__(self, session: BrowserSession, reader: ElementReader) -> None:
        self.session, self.reader = session, reader

    async def of(self, action: Action) -> tuple[Hit, ...]:
        """Return the hits of an action: its targets, the focused element, and the control of an access key."""
        viewport = await self.session.viewport()
        located: list[Hit | None] = []
        for name, target in targets(action).items():
            located += [await self._at(name, target, viewport), await self._element(name, target, viewport)]
        if isinstance(action, Key):
            located += [await self._accessed(action.keys, viewport)]
        if isinstance(action, (Key, Type)) and action.target is None:
            located += [await self._focused(viewport)]
        return tuple(dict.fromkeys(hit for hit in located if hit is not None))

    async def _at(self, name: str, target: Target, viewport: Viewport) -> Hit | None:
        if target.point is None:
            return None
        spot = viewport.to_page(*target.point)
        frame, around = self.session.front.page.main_frame, list[dict[str, Any]]()
        for _ in range(DEPTH):
            mapping = await frame_mapping(frame)
            at = mapping.into(*spot)
            raw = await call_script(frame, "hitTest", {"at": at})
            if raw is None:
                return None
            if not raw.get("frame"):
                return _hit(name, raw, around, mapping, viewport)
            around.append(raw)
            handle = (await frame.evaluate_handle(f"([x, y]) => {KEY}.elementAt(x, y)", list(at))).as_element()
            inner: Frame | None = await handle.content_frame() if handle else None
            if inner is None:
                return None
            frame = inner
        return None

    async def _element(self, name: str, target: Target, viewport: Viewport) -> Hit | None:
        """Return the hit of the target's element, which may have moved since it was observed."""
        frame = self.reader.frames.get(target.element)
        if frame is None or frame.is_detached():
            return None
        raw = await try_call_script(frame, "hitTest", {"id": target.element})
        return _hit(name, raw, (), await frame_mapping(frame), viewport) if raw and not raw.get("frame") else None

    async def _focused(self, viewport: Viewport) -> Hit | None:
        page = self.session.front.page
        frame, around = page.main_frame, list[dict[str, Any]]()
        raw = await call_script(frame, "hitTest", {})
        if raw and raw.get("frame"):
            around.append(raw)
            for inner in page.frames[1:]:
                document = await try_call_script(inner, "documentInfo")
                if (
                    document
                    and document["has"]
                    and (seen := await try_call_script(inner, "hitTest", {}))
                    and not seen.get("frame")
                ):
                    frame, raw = inner, seen
        return (
            _hit("focus", raw, around, await frame_mapping(frame), viewport) if raw and not raw.get("frame") else None
        )

    async def _accessed(self, keys: str, viewport: Viewport) -> Hit | None:
        """Return the hit of an access key: Alt and a character, in Chromium on systems other than macOS."""
        try:
            modifiers, key = parse_chord(keys)
        except ActionRefused:
            return None
        if "alt" not in modifiers or len(key) != 1:
            return None
        frame = self.session.front.page.main_frame
        raw = await call_script(frame, "hitTest", {"key": key.lower()})
        return _hit("access key", raw, (), FrameMapping(), viewport) if raw and not raw.get("frame") else None


def _hit(name: str, raw: dict[str, Any], around: Any, mapping: FrameMapping, viewport: Viewport) -> Hit:
    """Build a hit from a frame's answer, with the context of its outer frames."""
    for outer in reversed(list(around)):
        raw["dialog"] = raw.get("dialog") or outer.get("dialog")
        raw["row"] = raw.get("row") or outer.get("row") or ""
    if raw.get("box"):
        left, top, right, bottom = mapping.box(raw["box"])
        (left, top), (right, bottom) = viewport.to_screenshot(left, top), viewport.to_screenshot(right, bottom)
        raw["box"] = Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))
    return Hit.model_validate({"at": name, **raw})


#: Most frames that are compared.
MAX_FRAMES = 12
#: Seconds for which the main frame and an inner frame may take to answer.
MAIN_SECONDS, INNER_SECONDS = 3.0, 0.5


class PressCheck:
    """Compares the target of each press with the last observation that a decision was made by."""

    def __init__(
        self,
        session: BrowserSession,
        reader: ElementReader,
        careful: Callable[[], bool],
        before_press: Callable[[], BeforePress | None],
    ) -> None:
        """`careful`: see `Device.careful`; `before_press`: see `Device.before_press`."""
        self.session, self.reader, self.careful, self.before_press = session, reader, careful, before_press

    @asynccontextmanager
    async def guarded_press(self, target: Target, place: tuple[float, float]) -> AsyncIterator[None]:
        """Guard a mouse press in the block, at mouse coordinates `place`.

        Raises TargetChanged before the press when another element is there than was observed, and after it when the
        page changed at the last moment and the script stopped the press.
        """
        elements = self.reader.decision_elements
        if elements is None:
            yield
            return
        viewport = await self.session.viewport()
        ids = {each.id for each in elements}
        # A target that was only read from the screenshot belongs to the element whose box contains its point.
        element_id = (
            target.element if target.element in ids else "" if target.element else _control_at(elements, target.point)
        )
        spot = viewport.to_page(place[0] * viewport.scale, place[1] * viewport.scale)
        if not element_id:
            self._compare_pixels(target, (round(place[0] * viewport.scale), round(place[1] * viewport.scale)))
        async with self._comparing(element_id, str(target), spot, strict=self.careful()):
            yield

    @asynccontextmanager
    async def guarded_key_press(self, target: Target | None, *, typed: bool = False) -> AsyncIterator[None]:
        """Guard a key that activates the focused element; `typed`: preceding text may have changed the form."""
        elements = self.reader.decision_elements
        if elements is None:
            yield
            return
        focused = next((each.id for each in elements if each.focused), "")
        element_id = (target.element or _control_at(elements, target.point)) if target else focused
        name = str(target) if target else "what has the keyboard"
        async with self._comparing(element_id, name, None, strict=self.careful() and not typed):
            yield

    async def check_unchanged(self, target: Target) -> None:
        """Raise TargetChanged when a target's element has changed: for a drop, a choice in a list or an upload."""
        frame = self.reader.frames.get(target.element)
        if self.reader.decision_elements is not None and frame is not None and not frame.is_detached():
            argument = {"id": target.element, "strict": self.careful()}
            if changed := await try_call_script(frame, "changeOf", argument, self._seconds(frame)):
                raise TargetChanged(self._changed_message(str(target), target.element, str(changed)))

    async def press_element(self, action: Click, frame: Frame) -> None:
        """Call `click()` on the target's element. Raises TargetChanged when the element has changed."""
        argument = {"id": action.target.element, "count": action.count, "strict": self.careful()}
        replies = await call_script(frame, "pressElement", argument)
        if not replies["there"]:
            raise ActionFailed(f"{action.target} is not on the page any more; look again")
        if replies["changed"]:
            raise TargetChanged(self._changed_message(str(action.target), action.target.element, replies["changed"]))

    @asynccontextmanager
    async def _comparing(
        self, element_id: str, name: str, spot: tuple[float, float] | None, *, strict: bool
    ) -> AsyncIterator[None]:
        page = self.session.front.page
        frames = page.frames[:MAX_FRAMES]
        own = self.reader.frames.get(element_id)
        replies = await asyncio.gather(
            *(self._start_comparison(frame, element_id, spot, own, strict=strict) for frame in frames)
        )
        try:
            if changed := next(filter(None, replies), ""):
                raise TargetChanged(self._changed_message(name, element_id, changed))
            yield
        finally:
            results = await asyncio.gather(*(self._end_comparison(frame) for frame in frames))
        if stopped := next((each for each in results if each and each["stopped"]), None):
            if stopped["passed"]:
                self.session.remarks.append(f"only {stopped['passed']} press: {name} became {stopped['stopped']}")
                return
            raise TargetChanged(self._changed_message(name, element_id, stopped["stopped"]))

    def _changed_message(self, name: str, element_id: str, now: str) -> str:
        was = next((each for each in self.reader.decision_elements or () if each.id == element_id), None)
        before = f"{was.role} “{was.name[:120]}”" if was else "nothing that can be pressed"
        return f"{name} changed before it was pressed: {before} was there, now {now}; nothing was pressed, look again"

    def _compare_pixels(self, target: Target, point: tuple[int, int]) -> None:
        """Compare the pixels around a point that belongs to no element, when the page has animated content."""
        before, before_press = self.reader.decision_image, self.before_press()
        if before is None or before_press is None or before.size != before_press.screenshot.image.size:
            return
        wide, high = AROUND if self.careful() else NEAR
        part = Box(point[0] - wide, point[1] - high, point[0] + wide, point[1] + high).within(*before.size)
        if part is None:
            return
        animated_regions = [
            Box(box.left - part.left, box.top - part.top, box.right - part.left, box.bottom - part.top)
            for box in before_press.animated_regions
        ]
        if redrawn(before.crop(part), before_press.screenshot.image.crop(part), animated_regions):
            raise TargetChanged(
                f"{target} changed before it was pressed: the page around {point} draws something else than when "
                "it was looked at; nothing was pressed, look again"
            )

    async def _start_comparison(
        self, frame: Frame, element_id: str, spot: tuple[float, float] | None, own: Frame | None, *, strict: bool
    ) -> str:
        from playwright.async_api import Error

        at = [0.0, 0.0]
        if spot:
            try:
                at = list((await frame_mapping(frame)).into(*spot))
            except Error:  # the frame was removed meanwhile
                return ""
        elsewhere = own is not None and frame is not own
        argument = {"id": element_id, "at": at, "strict": strict, "keys": spot is None, "elsewhere": elsewhere}
        return str(await try_call_script(frame, "startComparison", argument, self._seconds(frame)) or "")

    async def _end_comparison(self, frame: Frame) -> Any:
        return await try_call_script(frame, "endComparison", None, self._seconds(frame))

    @staticmethod
    def _seconds(frame: Frame) -> float:
        return MAIN_SECONDS if frame.parent_frame is None else INNER_SECONDS


def _control_at(elements: list[Element], point: tuple[int, int] | None) -> str:
    """Return the id of the smallest observed control at a point; empty for none."""
    under = [each for each in elements if point and each.acts and not each.covered and each.box.holds(point)]
    return min(under, key=lambda each: each.box.area).id if under else ""
