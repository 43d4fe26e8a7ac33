"""Compare the target of a press with the decision's observation, and stop the press when it differs.

`press_check.js` does the comparison in the page, at the moment of the press.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.scripts import call_script, try_call_script
from handeye.tools.browser.view import frame_mapping
from handeye.tools.errors import ActionFailed, TargetChanged
from handeye.tools.geometry import Box
from handeye.tools.pixel_change import AROUND, NEAR, redrawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from playwright.async_api import Frame

    from handeye.tools.actions import Click, Target
    from handeye.tools.browser.observe import ElementReader
    from handeye.tools.browser.session import BrowserSession
    from handeye.tools.device import BeforePress
    from handeye.tools.element import Element

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
