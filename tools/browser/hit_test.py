"""What an action would set off on the page in front, found by a hit test through all frames and shadow roots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from handeye.tools.actions import Key, Type, targets
from handeye.tools.browser.scripts import KEY, ask, quickly
from handeye.tools.browser.view import Mapping, mapping_of
from handeye.tools.desktop.keyboard import parse_chord
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box
from handeye.tools.hit import Hit

if TYPE_CHECKING:
    from playwright.async_api import Frame

    from handeye.tools.actions import Action, Target
    from handeye.tools.browser.elements import Reader
    from handeye.tools.browser.session import Session
    from handeye.tools.browser.view import View

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
