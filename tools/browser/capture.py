"""Capture the page as pixels, without secrets. A picture that still shows the page is not taken again."""

from __future__ import annotations

import asyncio
import math
import time
from base64 import b64decode
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from handeye.tools.browser.coordinates import FrameMapping
from handeye.tools.browser.scripts import call_script, call_script_on, try_call_script

if TYPE_CHECKING:
    from playwright.async_api import Frame

    from handeye.tools.browser.session import BrowserSession, BrowserTab

#: Most frames that are searched; further frames are masked completely while there is a secret.
MAX_FRAMES = 200

#: Seconds for which a frame may take to answer; otherwise it is masked completely when it may show a secret.
FRAME_SECONDS = 1.0

#: CSS pixels around a box, because glyphs extend beyond their line box.
MARGIN = 1.5

Corners = list[float]


class PageMask:
    """Masks secrets in a screenshot: filled password fields, and text that shows the value of a secret.

    The page reports where its fields and texts are; it never receives the values. Included are texts of the page, its
    frames and shadow trees, values of fields and alternative texts of images. Text that is drawn on a canvas, in an
    image or video, or by CSS alone is not found.
    """

    def __init__(self, session: BrowserSession) -> None:
        self.session = session
        self._left = MAX_FRAMES

    async def regions(self) -> list[Corners]:
        """Return the boxes to mask, [left, top, right, bottom] in CSS pixels of the page's viewport."""
        frame = self.session.front.page.main_frame
        self._left = MAX_FRAMES
        fields, read = await self._frame(
            frame, await call_script(frame, "secretRegions", self._wanted()), FrameMapping()
        )
        redactor = self.session.secrets.redactor
        spans = redactor.spans("".join(text for text, _ in read)) if read else []
        position = 0
        for text, boxes in read:
            end = position + len(text)
            if any(start < end and position < stop for start, stop, _ in spans):
                fields += boxes
            position = end
        return fields

    async def paint(self, image: Image.Image, before: list[Corners]) -> bool:
        """Fill the boxes with black, at their places before the screenshot and now. Return whether none has moved.

        A box that moved is masked along its whole way.
        """
        after = await self.regions() if before or self.session.secrets.redactor else []
        if not before and not after:
            return True
        viewport = await self.session.viewport()
        still = before == after
        if not still and len(before) == len(after):
            before = [_around(pair) for pair in zip(before, after, strict=True)]
        elif not still:
            before = before + after
        draw = ImageDraw.Draw(image)
        for left, top, right, bottom in before:
            x, y = viewport.to_screenshot(left - MARGIN, top - MARGIN)
            to_x, to_y = viewport.to_screenshot(right + MARGIN, bottom + MARGIN)
            draw.rectangle((x, y, max(x, to_x), max(y, to_y)), fill="black")
        return still

    def _wanted(self) -> dict[str, Any]:
        return {"texts": bool(self.session.secrets.redactor)}

    async def _frame(
        self, frame: Frame, reply: dict[str, Any], mapping: FrameMapping
    ) -> tuple[list[Corners], list[tuple[str, list[Corners]]]]:
        fields = [mapping.box(box) for box in reply["fields"]]
        read = [(text, [mapping.box(box) for box in boxes]) for text, boxes in reply["read"]]
        for more, texts in await asyncio.gather(*(self._inner(child, mapping) for child in frame.child_frames)):
            fields += more
            read += texts
        return fields, read

    async def _inner(
        self, frame: Frame, mapping: FrameMapping
    ) -> tuple[list[Corners], list[tuple[str, list[Corners]]]]:
        from playwright.async_api import Error

        try:
            place = await call_script_on(await frame.frame_element(), "framePlacement")
        except Error:  # the frame was removed
            return [], []
        whole = mapping.box([place["x"], place["y"], place["x"] + place["wide"], place["y"] + place["high"]])
        if whole[2] - whole[0] < 2 or whole[3] - whole[1] < 2:
            return [], []
        self._left -= 1
        reply = (
            await try_call_script(frame, "secretRegions", self._wanted(), FRAME_SECONDS) if self._left >= 0 else None
        )
        if reply is None:
            return ([whole] if self.session.secrets.redactor and not frame.is_detached() else []), []
        fields, read = await self._frame(frame, reply, mapping.of(place, reply["extent"]))
        # A frame shows nothing outside its box.
        cut = [box for each in fields if (box := _within(each, whole))]
        return cut, [(text, [box for each in boxes if (box := _within(each, whole))]) for text, boxes in read]


def _around(boxes: tuple[Corners, Corners]) -> Corners:
    """Return the area that a moving box covered, with a margin of the same size: it may have reversed meanwhile."""
    one, two = boxes
    across, down = abs(two[0] - one[0]), abs(two[1] - one[1])
    left, top = min(one[0], two[0]) - across, min(one[1], two[1]) - down
    return [left, top, max(one[2], two[2]) + across, max(one[3], two[3]) + down]


def _within(box: Corners, whole: Corners) -> Corners | None:
    cut = [max(box[0], whole[0]), max(box[1], whole[1]), min(box[2], whole[2]), min(box[3], whole[3])]
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None


#: Seconds after which a screenshot is always taken again: some changes cause no event in the page.
MAX_AGE = 1.0

#: Seconds for which a screenshot may take.
CAPTURE_SECONDS = 3.0

#: Most screenshots that are taken while masked boxes move.
MOVING_ATTEMPTS = 3


class PageCapture:
    """Takes screenshots of the tab in front and reuses one that is still current."""

    def __init__(self, session: BrowserSession) -> None:
        self.session = session
        self.mask = PageMask(session)
        size = tuple(round(side * session.scale) for side in session.viewport_size)
        self.last = Image.new("RGB", (size[0], size[1]), "white")
        """The last screenshot, current or not."""
        self._tab: BrowserTab | None = None
        self._stamp: list[float] = []
        self._turn = 0
        self._taken = -math.inf
        self._early: asyncio.Task[Image.Image] | None = None
        self._early_tab: BrowserTab | None = None

    async def image(self) -> Image.Image:
        """Return the current page as an RGB image in screenshot pixels."""
        ahead, self._early = self._early, None
        if ahead is not None:
            same = self._early_tab is self.session.front
            await asyncio.wait({ahead}, timeout=CAPTURE_SECONDS if same else 0)
            ahead.cancel()
        return self.last if await self._is_current() else await self._take()

    def invalidate(self) -> None:
        """Discard the last screenshot: the page may have changed."""
        self._taken = -math.inf
        self._turn += 1  # a screenshot in progress shows the earlier state

    def start_early(self) -> None:
        """Start a screenshot that is needed soon if the page stays the same."""
        if self._early is None or self._early.done():
            self._early_tab = self.session.front
            self._early = self.session.start_task(self._take())
            self.session.detach(self._early)

    async def _take(self) -> Image.Image:
        for _ in range(MOVING_ATTEMPTS):
            tab, turn = self.session.front, self._turn
            hidden, stamp = await asyncio.gather(self.mask.regions(), call_script(tab.page.main_frame, "drawingStamp"))
            started, image = await self._capture_tab(tab)
            if await self.mask.paint(image, hidden):
                break
        self.last = image
        if turn == self._turn:
            self._tab, self._stamp, self._taken = tab, stamp, started
        return self.last

    async def _capture_tab(self, tab: BrowserTab) -> tuple[float, Image.Image]:
        """Return the time of a screenshot and its image, not yet masked."""
        cdp_session = await tab.ready
        started = time.monotonic()
        try:
            screenshot = await asyncio.wait_for(
                cdp_session.send("Page.captureScreenshot", {"format": "png"}), CAPTURE_SECONDS
            )
        except TimeoutError:
            # A tab that was moved to the background meanwhile draws no frame.
            await tab.page.bring_to_front()
            screenshot = await cdp_session.send("Page.captureScreenshot", {"format": "png"})
        return started, Image.open(BytesIO(b64decode(screenshot["data"]))).convert("RGB")

    async def _is_current(self) -> bool:
        # A person at a visible browser can cause changes without an event.
        if self.session.headed or self._tab is not self.session.front or time.monotonic() - self._taken > MAX_AGE:
            return False
        sign, _, drawn, calm, fields = await call_script(self._tab.page.main_frame, "drawingStamp")
        old_sign, then, _, _, old_fields = self._stamp
        return bool(calm and sign == old_sign and drawn < then and fields == old_fields)
