"""A press meets what was judged, or it is not made: the page's side of this is `press.js`."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.scripts import ask, quickly
from handeye.tools.browser.view import mapping_of
from handeye.tools.errors import ActionFailed, TargetChanged
from handeye.tools.geometry import Box
from handeye.tools.pixel_change import AROUND, NEAR, redrawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from playwright.async_api import Frame

    from handeye.tools.actions import Click, Target
    from handeye.tools.browser.observe import Reader
    from handeye.tools.browser.session import Session
    from handeye.tools.device import BeforePress
    from handeye.tools.element import Element

#: Frames beyond this many are not compared.
FRAMES = 12
#: Seconds that the page's own frame may take to answer, and an inner one.
PATIENCE, INNER_PATIENCE = 3.0, 0.5


class Press:
    """Compares what presses meet with what the last look for a decision has seen."""

    def __init__(
        self,
        session: Session,
        reader: Reader,
        careful: Callable[[], bool],
        before_press: Callable[[], BeforePress | None],
    ) -> None:
        """`careful`: see `Device.careful`; `before_press`: see `Device.before_press`."""
        self.session, self.reader, self.careful, self.before_press = session, reader, careful, before_press

    @asynccontextmanager
    async def meets(self, target: Target, place: tuple[float, float]) -> AsyncIterator[None]:
        """A press of the mouse at a place, in its units. Raises TargetChanged before it when the page shows something
        else there than was judged, and after it when the page changed at the last moment and the press was held back.
        """
        judged = self.reader.judged
        if judged is None:
            yield
            return
        view = await self.session.view()
        known = {each.id for each in judged}
        # What was only read off the picture lies over whatever element has that point in its box.
        seen = target.element if target.element in known else "" if target.element else _under(judged, target.point)
        spot = view.to_page(place[0] * view.scale, place[1] * view.scale)
        if not seen:
            self._compare_pixels(target, (round(place[0] * view.scale), round(place[1] * view.scale)))
        async with self._compared(seen, str(target), spot, strict=self.careful()):
            yield

    @asynccontextmanager
    async def meets_focus(self, target: Target | None, *, typed: bool = False) -> AsyncIterator[None]:
        """The same of a key that presses what has the keyboard; `typed`: what was typed may have changed the form."""
        judged = self.reader.judged
        if judged is None:
            yield
            return
        focused = next((each.id for each in judged if each.focused), "")
        seen = (target.element or _under(judged, target.point)) if target else focused
        name = str(target) if target else "what has the keyboard"
        async with self._compared(seen, name, None, strict=self.careful() and not typed):
            yield

    async def check(self, target: Target) -> None:
        """Raise TargetChanged when a target's element is another one by now, before what is no press: a drop, a choice
        in a list, files for a field."""
        frame = self.reader.frames.get(target.element)
        if self.reader.judged is not None and frame is not None and not frame.is_detached():
            asked = {"id": target.element, "strict": self.careful()}
            if changed := await quickly(frame, "turned", asked, self._patience(frame)):
                raise TargetChanged(self._why(str(target), target.element, str(changed)))

    async def itself(self, action: Click, frame: Frame) -> None:
        """Press the target's element by the page's own means. Raises TargetChanged when it is another one by now."""
        asked = {"id": action.target.element, "count": action.count, "strict": self.careful()}
        said = await ask(frame, "pressed", asked)
        if not said["there"]:
            raise ActionFailed(f"{action.target} is not on the page any more; look again")
        if said["changed"]:
            raise TargetChanged(self._why(str(action.target), action.target.element, said["changed"]))

    @asynccontextmanager
    async def _compared(
        self, seen: str, name: str, spot: tuple[float, float] | None, *, strict: bool
    ) -> AsyncIterator[None]:
        page = self.session.front.page
        frames = page.frames[:FRAMES]
        own = self.reader.frames.get(seen)
        said = await asyncio.gather(*(self._arm(frame, seen, spot, own, strict=strict) for frame in frames))
        try:
            if changed := next(filter(None, said), ""):
                raise TargetChanged(self._why(name, seen, changed))
            yield
        finally:
            told = await asyncio.gather(*(self._disarm(frame) for frame in frames))
        if stopped := next((each for each in told if each and each["stopped"]), None):
            if stopped["passed"]:
                self.session.said.append(f"only {stopped['passed']} press: {name} became {stopped['stopped']}")
                return
            raise TargetChanged(self._why(name, seen, stopped["stopped"]))

    def _why(self, name: str, seen: str, now: str) -> str:
        was = next((each for each in self.reader.judged or () if each.id == seen), None)
        before = f"{was.role} “{was.name[:120]}”" if was else "nothing that can be pressed"
        return f"{name} changed before it was pressed: {before} was there, now {now}; nothing was pressed, look again"

    def _compare_pixels(self, target: Target, point: tuple[int, int]) -> None:
        """Where no element tells what is there, and the page draws something: compare the picture around the point."""
        before, before_press = self.reader.picture, self.before_press()
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

    async def _arm(
        self, frame: Frame, seen: str, spot: tuple[float, float] | None, own: Frame | None, *, strict: bool
    ) -> str:
        from playwright.async_api import Error

        at = [0.0, 0.0]
        if spot:
            try:
                at = list((await mapping_of(frame)).into(*spot))
            except Error:  # it went away meanwhile
                return ""
        elsewhere = own is not None and frame is not own
        asked = {"id": seen, "at": at, "strict": strict, "keys": spot is None, "elsewhere": elsewhere}
        return str(await quickly(frame, "arm", asked, self._patience(frame)) or "")

    async def _disarm(self, frame: Frame) -> Any:
        return await quickly(frame, "disarm", None, self._patience(frame))

    @staticmethod
    def _patience(frame: Frame) -> float:
        return PATIENCE if frame.parent_frame is None else INNER_PATIENCE


def _under(judged: list[Element], point: tuple[int, int] | None) -> str:
    """The smallest control under a point, as it was seen; empty where none is known."""
    under = [each for each in judged if point and each.acts and not each.covered and each.box.holds(point)]
    return min(under, key=lambda each: each.box.area).id if under else ""
