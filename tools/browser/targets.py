"""From a target to a point and an element, and what an action there would do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from handeye.tools.actions import Key, Type, targets
from handeye.tools.browser.scripts import KEY, ask, ask_about, quickly
from handeye.tools.browser.view import Mapping, mapping_of
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.geometry import Box
from handeye.tools.hit import Hit
from handeye.tools.keyboard import parse_chord

if TYPE_CHECKING:
    from playwright.async_api import ElementHandle, Frame

    from handeye.tools.actions import Action, Target
    from handeye.tools.browser.observe import Reader
    from handeye.tools.browser.session import Session
    from handeye.tools.browser.view import View

NODE = f"(id) => {{ const node = {KEY}?.node(id); return node?.nodeType === 1 ? node : null }}"


class Aim:
    """Finds what targets mean on the page in front."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self.session = session
        self.reader = reader

    async def check(self, target: Target, what: str) -> View:
        """The view that the target's point is in.

        Raises ActionRefused when the point is off the screen, or there is neither point nor element.
        """
        view = await self.session.view()
        if target.point is None:
            if not target.element:
                raise ActionRefused(f"{what}: {target} has no point yet; find it on the screenshot first")
            return view
        x, y = target.point
        if not (0 <= x < view.width and 0 <= y < view.height):
            raise ActionRefused(
                f"{what} ({x}, {y}) is off the screen ({view.width}x{view.height}); ask for a point inside it"
            )
        return view

    async def at(self, target: Target, what: str, *, press: bool = True) -> tuple[float, float]:
        """The point to go to, in the mouse's units. It follows an element that has moved since it was seen.

        Raises ActionRefused for a point off the screen or scrolled out of what holds it, and with `press` ActionFailed
        when the element is disabled or something lies over it.
        """
        view = await self.check(target, what)
        name = str(target)
        frame = self.reader.frames.get(target.element)
        if frame is None or frame.is_detached():
            return view.to_mouse(*self._seen(target, what))
        mapping = await mapping_of(frame)

        async def standing(point: tuple[float, float]) -> Any:
            at = mapping.into(*view.to_page(*point))
            return await quickly(frame, "standing", {"id": target.element, "at": at})

        now = await standing(target.point or (-1, -1))
        if not (now and now["there"] and now["drawn"]):
            return view.to_mouse(*self._seen(target, what))
        box = mapping.box(now["box"])
        left, top = view.to_picture(box[0], box[1])
        right, bottom = view.to_picture(box[2], box[3])
        place: tuple[float, float] = target.point or (-1, -1)
        if not (left - 1 <= place[0] <= right + 1 and top - 1 <= place[1] <= bottom + 1):
            place = self._visible_centre((left, top, right, bottom), view, now["hidden"], name, what)
            now = await standing(place) or now
            if target.point is not None:
                self.session.said.append(f"{name} had moved to ({round(place[0])}, {round(place[1])})")
        if press and not now["enabled"]:
            raise ActionFailed(f"{what}: {name} is disabled; do first what the page asks for")
        if press and now["by"] and now["hidden"]:
            raise _out_of_sight(now["hidden"], name, what)
        if press and (over := now["by"] or await _over_frame(frame, view.to_page(*place))):
            raise ActionFailed(f"{what}: {name} is covered by {over}; close or move that first")
        return view.to_mouse(*place)

    @staticmethod
    def _seen(target: Target, what: str) -> tuple[int, int]:
        """The point where it was seen, for what cannot be found by its element any more."""
        if target.point is None:
            raise ActionFailed(f"{what}: {target} is not on the page any more; look again")
        return target.point

    @staticmethod
    def _visible_centre(
        box: tuple[float, float, float, float], view: View, hidden: list[str] | None, name: str, what: str
    ) -> tuple[float, float]:
        left, top = max(0.0, box[0]), max(0.0, box[1])
        right, bottom = min(view.width, box[2]), min(view.height, box[3])
        if left >= right or top >= bottom:
            if hidden:
                raise _out_of_sight(hidden, name, what)
            way = "down" if box[1] >= view.height else "up" if box[3] <= 0 else "sideways"
            size = f"{view.width}x{view.height}"
            raise ActionRefused(f"{what}: {name} is off the screen ({size}); scroll {way} to it first")
        return (left + right) / 2, (top + bottom) / 2

    async def wheel(self, target: Target | None, *, across: bool, ahead: bool) -> tuple[float, float]:
        """Where the wheel is turned, in the mouse's units.

        Over the target; where that is out of sight, over what scrolls it. Without a target over the middle of the page,
        or, where nothing scrolls there, over the largest thing that does.
        """
        view = await self.session.view()
        middle = (view.width / 2, view.height / 2)
        frame = self.reader.frames.get(target.element) if target else None
        if target and (frame is None or frame.is_detached()):
            return await self.at(target, "scroll at", press=False)
        frame = frame or self.session.front.page.main_frame
        mapping = await mapping_of(frame)
        if target and target.point:
            await self.check(target, "scroll at")
        at = target.point or (-1, -1) if target else middle
        asked = {"id": target.element if target else "", "across": across, "ahead": ahead}
        place = await ask(frame, "wheel", {**asked, "at": mapping.into(*view.to_page(*at))})
        if place is None:
            return await self.at(target, "scroll at", press=False) if target else view.to_mouse(*middle)
        return view.to_mouse(*view.to_picture(*mapping.out(*place)))

    async def node(self, target: Target, place: tuple[float, float]) -> tuple[Frame, ElementHandle] | None:
        """The element itself: the target's own when it is known, else what lies at the mouse's place in any frame."""
        frame = self.reader.frames.get(target.element)
        if frame is not None and not frame.is_detached():
            handle = (await frame.evaluate_handle(NODE, target.element)).as_element()
            if handle:
                return frame, handle
        view = await self.session.view()
        spot = view.to_page(place[0] * view.scale, place[1] * view.scale)
        frame = self.session.front.page.main_frame
        while True:
            await ask(frame, "facts")
            at = (await mapping_of(frame)).into(*spot)
            handle = (await frame.evaluate_handle(f"([x, y]) => {KEY}.under(x, y)", list(at))).as_element()
            inner: Frame | None = await handle.content_frame() if handle else None
            if handle is None or inner is None:
                return (frame, handle) if handle else None
            frame = inner

    async def focused(self) -> ElementHandle | None:
        """What has the keyboard, in whatever frame."""
        page = self.session.front.page
        facts = await ask(page.main_frame, "facts")
        for frame in page.frames[1:] if facts["inside"] else [page.main_frame]:
            inner = await quickly(frame, "facts") if facts["inside"] else facts
            if inner and inner["has"] and inner["tag"]:
                return (await frame.evaluate_handle(f"() => {KEY}.focused()")).as_element()
        return None

    async def kind(self, target: Target, place: tuple[float, float]) -> dict[str, Any]:
        """Tag and type of what lies there, and whether it holds something."""
        found = await self.node(target, place)
        return await self.kind_of(found[1]) if found else {}

    @staticmethod
    async def kind_of(handle: ElementHandle) -> dict[str, Any]:
        """The same of an element that was found."""
        kind: dict[str, Any] = await handle.evaluate(
            """el => ({
              tag: el.localName, type: el.type || '', filled: Boolean(el.value),
              counted: /^(slider|spinbutton)$/.test(el.getAttribute('role') ?? '') && !el.isContentEditable
                && !/^(input|textarea)$/.test(el.localName) })"""
        )
        return kind


def _out_of_sight(hidden: list[str], name: str, what: str) -> ActionRefused:
    where, way = hidden
    return ActionRefused(f"{what}: {name} is scrolled out of sight in {where}; scroll {way} over that first")


async def _over_frame(frame: Frame, at: tuple[float, float]) -> str:
    """What lies over the frame, or over one of those it stands in, at a point of the page; empty for nothing."""
    while (outer := frame.parent_frame) is not None:
        spot = (await mapping_of(outer)).into(*at)
        if over := (await ask_about(await frame.frame_element(), "blocked", [spot]))[0]:
            return str(over)
        frame = outer
    return ""


#: Frames inside frames are followed so far.
DEPTH = 10


class HitTest:
    """Asks the page in front."""

    def __init__(self, session: Session, reader: Reader) -> None:
        self.session, self.reader = session, reader

    async def of(self, action: Action) -> tuple[Hit, ...]:
        """What the action would act on: each of its targets, or what has the keyboard; an access key's control too."""
        view = await self.session.view()
        found: list[Hit | None] = []
        for name, target in targets(action).items():
            found += [await self._at(name, target, view), await self._element(name, target, view)]
        if isinstance(action, Key):
            found += [await self._accessed(action.keys, view)]
        if isinstance(action, (Key, Type)) and action.target is None:
            found += [await self._focused(view)]
        return tuple(dict.fromkeys(hit for hit in found if hit is not None))

    async def _at(self, name: str, target: Target, view: View) -> Hit | None:
        if target.point is None:
            return None
        spot = view.to_page(*target.point)
        frame, around = self.session.front.page.main_frame, list[dict[str, Any]]()
        for _ in range(DEPTH):
            mapping = await mapping_of(frame)
            at = mapping.into(*spot)
            raw = await ask(frame, "hitTest", {"at": at})
            if raw is None:
                return None
            if not raw.get("frame"):
                return _hit(name, raw, around, mapping, view)
            around.append(raw)
            handle = (await frame.evaluate_handle(f"([x, y]) => {KEY}.under(x, y)", list(at))).as_element()
            inner: Frame | None = await handle.content_frame() if handle else None
            if inner is None:
                return None
            frame = inner
        return None

    async def _element(self, name: str, target: Target, view: View) -> Hit | None:
        """The element that the target names: it may be pressed where it has moved to."""
        frame = self.reader.frames.get(target.element)
        if frame is None or frame.is_detached():
            return None
        raw = await quickly(frame, "hitTest", {"id": target.element})
        return _hit(name, raw, (), await mapping_of(frame), view) if raw and not raw.get("frame") else None

    async def _focused(self, view: View) -> Hit | None:
        page = self.session.front.page
        frame, around = page.main_frame, list[dict[str, Any]]()
        raw = await ask(frame, "hitTest", {})
        if raw and raw.get("frame"):
            around.append(raw)
            for inner in page.frames[1:]:
                facts = await quickly(inner, "facts")
                if facts and facts["has"] and (seen := await quickly(inner, "hitTest", {})) and not seen.get("frame"):
                    frame, raw = inner, seen
        return _hit("focus", raw, around, await mapping_of(frame), view) if raw and not raw.get("frame") else None

    async def _accessed(self, keys: str, view: View) -> Hit | None:
        """What an access key presses: Alt and a character, in Chromium on every system but macOS."""
        try:
            held, key = parse_chord(keys)
        except ActionRefused:
            return None
        if "alt" not in held or len(key) != 1:
            return None
        frame = self.session.front.page.main_frame
        raw = await ask(frame, "hitTest", {"key": key.lower()})
        return _hit("access key", raw, (), Mapping(), view) if raw and not raw.get("frame") else None


def _hit(name: str, raw: dict[str, Any], around: Any, mapping: Mapping, view: View) -> Hit:
    """A hit from what a frame reports, with what stands around the frames that it is in."""
    for outer in reversed(list(around)):
        raw["dialog"] = raw.get("dialog") or outer.get("dialog")
        raw["row"] = raw.get("row") or outer.get("row") or ""
    if raw.get("box"):
        left, top, right, bottom = mapping.box(raw["box"])
        (left, top), (right, bottom) = view.to_picture(left, top), view.to_picture(right, bottom)
        raw["box"] = Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))
    return Hit.model_validate({"at": name, **raw})
