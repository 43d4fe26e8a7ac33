"""What an action leaves behind on a page, as the page itself tells: the evidence that no picture shows.

Each document keeps a book of what scripts change from the moment the hand presses (`wake.js`). Where that cannot tell,
because the page has changed since it was looked at, or because something (a canvas, a film) draws what no node shows,
the page is looked at once more just before the hand presses, with the mouse in its place already.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from handeye.tools.browser.scripts import quickly
from handeye.tools.browser.view import Mapping, mapping_of
from handeye.tools.device import BeforePress, ChangedElement, PageChanges, RewrittenField
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from PIL.Image import Image
    from playwright.async_api import Frame, Page

    from handeye.tools.browser.capture import Camera
    from handeye.tools.browser.session import Session
    from handeye.tools.browser.view import View
    from handeye.tools.element import Element

#: Frames beyond this many are not asked.
FRAMES = 12

#: Seconds that a frame may take to tell, and the page itself; and beyond that for a timer of its own to come again.
PATIENCE, LONG_PATIENCE, BEAT = 0.5, 3.0, 1.0

#: Seconds that a frame may take to say what was edited in it: a request waits for that.
ANSWERING = 0.3

#: How long styles that follow the mouse may take to come to rest, in milliseconds, and what counts as rest.
HOVER = {"window": 60, "since": 0, "slice": 400, "began": 0, "habits": False}


class Wake:
    """Listens to one session's page while an action is done to it."""

    def __init__(self, session: Session, camera: Camera, read: Callable[[], Awaitable[list[Element]]]) -> None:
        self.session, self.camera, self.read = session, camera, read
        self.before_press: BeforePress | None = None
        """The page just before the press of the last action, where that was looked at."""
        self._page: Page | None = None
        """Where the last action was done."""
        self._stirred: PageChanges | None = None
        """What came of it, once that was asked for."""

    async def begin(self, at: tuple[float, float] | None = None) -> None:
        """An action begins now; with `at`, in the mouse's units, it presses there, where the mouse is already."""
        self.before_press, self._stirred, page = None, None, self.session.front.page
        view = await self.session.view() if at else None
        spot = view.to_page(at[0] * view.scale, at[1] * view.scale) if at and view else None
        said = [each for frame in _frames(page) if (each := await self._mark(frame, spot))]
        self._page = page
        drawn = [box for _, boxes in said for box in boxes]
        if view and (drawn or any(stale for stale, _ in said)):
            await self._look(page, view, drawn)
            for frame in _frames(page):
                await self._mark(frame, spot)

    async def told(self) -> PageChanges | None:
        """What came of the last action, the same however often it is asked; None when its page is not in front."""
        page = self._page
        if self._stirred is not None or page is None or page is not self.session.front.page:
            return self._stirred
        view = await self.session.view()
        stirs = [each for frame in _frames(page) if (each := await self._stir(frame, view))]
        if not stirs:
            return None
        self._stirred = PageChanges(
            changed=tuple(item for each in stirs for item in each.changed),
            browser_actions=tuple(dict.fromkeys(item for each in stirs for item in each.browser_actions)),
            unattributed=next((each.unattributed for each in stirs if each.unattributed), ""),
            reordered=any(each.reordered for each in stirs),
            draws_itself=any(each.draws_itself for each in stirs),
            blocked_form=next((each.blocked_form for each in stirs if each.blocked_form), ""),
            rewritten_field=next((each.rewritten_field for each in stirs if each.rewritten_field), None),
            requests=tuple(self.session.traffic.sent),
            hover_regions=tuple(box for each in stirs for box in each.hover_regions),
            focus_rings=tuple(box for each in stirs for box in each.focus_rings),
            animated_regions=tuple(box for each in stirs for box in each.animated_regions),
        )
        return self._stirred

    async def edited(self) -> tuple[str, ...] | None:
        """The ids of what was edited in the tab in front since it was last asked; None when it does not answer."""
        if not self.session.tabs:
            return None
        frames = _frames(self.session.front.page)
        said = await asyncio.gather(*(quickly(frame, "edited", seconds=ANSWERING) for frame in frames))
        return None if said[0] is None else tuple(each for frame in said for each in frame or ())

    async def _mark(self, frame: Frame, spot: tuple[float, float] | None) -> tuple[bool, list[Box]] | None:
        """Whether the frame has changed since it was looked at, and what in it draws by itself."""
        from playwright.async_api import Error

        try:
            mapping = await mapping_of(frame)
        except Error:  # it went away meanwhile
            return None
        at = mapping.into(*spot) if spot else None
        inner = frame.parent_frame is not None
        said = await quickly(frame, "mark", {"at": at}, PATIENCE if inner else LONG_PATIENCE)
        if said is None:
            return None
        view = await self.session.view() if said["drawn"] else None
        return said["stale"], _boxes(said["drawn"], mapping, view) if view else []

    async def _look(self, page: Page, view: View, drawn: Sequence[Box]) -> None:
        """Look twice, once the styles that follow the mouse have come to rest: what differs then never rests."""
        await asyncio.gather(*(quickly(frame, "rest", HOVER, 1.0) for frame in _frames(page)))
        first = await self._picture()
        second = await self._picture() if drawn else first
        size = (view.width, view.height)
        animated_regions = tuple(box for box in drawn if _differs(first, second, box.within(*size)))
        shot = Screenshot(second, scale=self.session.scale)
        self.before_press = BeforePress(
            screenshot=shot, elements=tuple(await self.read()), animated_regions=animated_regions
        )

    async def _picture(self) -> Image:
        self.camera.forget()
        return await self.camera.picture()

    async def _stir(self, frame: Frame, view: View) -> PageChanges | None:
        from playwright.async_api import Error

        try:
            mapping = await mapping_of(frame)
        except Error:
            return None
        inner = frame.parent_frame is not None
        said = await quickly(frame, "stir", None, BEAT + (PATIENCE if inner else LONG_PATIENCE))
        if said is None:
            return None
        changed = [
            ChangedElement(
                what=each["what"][:80], how=each["how"], box=_boxes([each["box"]], mapping, view)[0], own=each["own"]
            )
            for each in said["changed"]
        ]
        return PageChanges(
            changed=tuple(changed),
            browser_actions=tuple(said["asked"]),
            unattributed=said["doubt"][:80],
            reordered=said["put"],
            draws_itself=said["drawn"],
            blocked_form=said["held"],
            rewritten_field=RewrittenField(**said["left"]) if said["left"] else None,
            hover_regions=tuple(_boxes(said["shades"], mapping, view)),
            focus_rings=tuple(_boxes(said["rings"], mapping, view)),
            animated_regions=tuple(_boxes(said["restless"], mapping, view)),
        )


def _frames(page: Page) -> list[Frame]:
    return page.frames[:FRAMES]


def _boxes(boxes: Sequence[Sequence[float]], mapping: Mapping, view: View) -> list[Box]:
    """From a frame's CSS pixels to pixels of the picture, made whole outwards."""
    found = []
    for box in boxes:
        left, top, right, bottom = mapping.box(list(box))
        (left, top), (right, bottom) = view.to_picture(left, top), view.to_picture(right, bottom)
        found.append(Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)))
    return found


def _differs(one: Image, two: Image, box: Any) -> bool:
    """Whether two pictures differ in a box of them."""
    return box is not None and one.crop(box).tobytes() != two.crop(box).tobytes()
