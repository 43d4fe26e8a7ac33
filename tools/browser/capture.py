"""Capture the page as pixels, without secrets. A picture that still shows the page is not taken again."""

from __future__ import annotations

import asyncio
import math
import time
from base64 import b64decode
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from handeye.tools.browser.scripts import ask, ask_about, quickly
from handeye.tools.browser.view import Mapping

if TYPE_CHECKING:
    from playwright.async_api import Frame

    from handeye.tools.browser.session import Session, Tab

#: So many frames of a page are read, at any depth; those beyond are blacked out whole while there is a secret.
FRAMES = 200

#: Seconds that a frame gets to answer; one that does not is blacked out whole when it may show a secret.
PATIENCE = 1.0

#: CSS pixels around a box: letters reach over their line.
MARGIN = 1.5

Corners = list[float]


class Blackout:
    """Finds what must not be seen on the tab in front."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._left = FRAMES

    async def boxes(self) -> list[Corners]:
        """Boxes [left, top, right, bottom] in CSS pixels of the page's viewport."""
        frame = self.session.front.page.main_frame
        self._left = FRAMES
        fields, read = await self._frame(frame, await ask(frame, "shown", self._wanted()), Mapping())
        redactor = self.session.secrets.redactor
        spans = redactor.spans("".join(text for text, _ in read)) if read else []
        position = 0
        for text, boxes in read:
            end = position + len(text)
            if any(start < end and position < stop for start, stop, _ in spans):
                fields += boxes
            position = end
        return fields

    async def paint(self, picture: Image.Image, before: list[Corners]) -> bool:
        """Black the boxes out, as they were before the picture was taken and as they are now.

        Returns whether they stayed where they were. What moved is blacked out all along its way.
        """
        after = await self.boxes() if before or self.session.secrets.redactor else []
        if not before and not after:
            return True
        view = await self.session.view()
        still = before == after
        if not still and len(before) == len(after):
            before = [_around(pair) for pair in zip(before, after, strict=True)]
        elif not still:
            before = before + after
        draw = ImageDraw.Draw(picture)
        for left, top, right, bottom in before:
            x, y = view.to_picture(left - MARGIN, top - MARGIN)
            to_x, to_y = view.to_picture(right + MARGIN, bottom + MARGIN)
            draw.rectangle((x, y, max(x, to_x), max(y, to_y)), fill="black")
        return still

    def _wanted(self) -> dict[str, Any]:
        return {"texts": bool(self.session.secrets.redactor)}

    async def _frame(
        self, frame: Frame, said: dict[str, Any], mapping: Mapping
    ) -> tuple[list[Corners], list[tuple[str, list[Corners]]]]:
        fields = [mapping.box(box) for box in said["fields"]]
        read = [(text, [mapping.box(box) for box in boxes]) for text, boxes in said["read"]]
        for more, texts in await asyncio.gather(*(self._inner(child, mapping) for child in frame.child_frames)):
            fields += more
            read += texts
        return fields, read

    async def _inner(self, frame: Frame, mapping: Mapping) -> tuple[list[Corners], list[tuple[str, list[Corners]]]]:
        from playwright.async_api import Error

        try:
            place = await ask_about(await frame.frame_element(), "place")
        except Error:  # it went away
            return [], []
        whole = mapping.box([place["x"], place["y"], place["x"] + place["wide"], place["y"] + place["high"]])
        if whole[2] - whole[0] < 2 or whole[3] - whole[1] < 2:
            return [], []
        self._left -= 1
        said = await quickly(frame, "shown", self._wanted(), PATIENCE) if self._left >= 0 else None
        if said is None:
            return ([whole] if self.session.secrets.redactor and not frame.is_detached() else []), []
        fields, read = await self._frame(frame, said, mapping.of(place, said["extent"]))
        # A frame shows nothing beyond its own edges.
        cut = [box for each in fields if (box := _within(each, whole))]
        return cut, [(text, [box for each in boxes if (box := _within(each, whole))]) for text, boxes in read]


def _around(boxes: tuple[Corners, Corners]) -> Corners:
    """All that a moving box covered, with as much around it: it may have turned back in between."""
    one, two = boxes
    across, down = abs(two[0] - one[0]), abs(two[1] - one[1])
    left, top = min(one[0], two[0]) - across, min(one[1], two[1]) - down
    return [left, top, max(one[2], two[2]) + across, max(one[3], two[3]) + down]


def _within(box: Corners, whole: Corners) -> Corners | None:
    cut = [max(box[0], whole[0]), max(box[1], whole[1]), min(box[2], whole[2]), min(box[3], whole[3])]
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else None


#: Seconds after which a picture is taken again in any case: some changes leave no trace in the page.
AGE = 1.0

#: Seconds that a picture may take.
DARKROOM = 3.0

#: So many pictures are taken while what must be blacked out moves; then all of its way is.
STILLER = 3


class Camera:
    """Takes the front tab's picture."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.blackout = Blackout(session)
        size = tuple(round(side * session.scale) for side in session.viewport)
        self.last = Image.new("RGB", (size[0], size[1]), "white")
        """The last picture, whatever has happened since."""
        self._tab: Tab | None = None
        self._stamp: list[float] = []
        self._turn = 0
        self._taken = -math.inf
        self._ahead: asyncio.Task[Image.Image] | None = None
        self._ahead_of: Tab | None = None

    async def picture(self) -> Image.Image:
        """The page as it is now, RGB, in the screen's pixels."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            same = self._ahead_of is self.session.front
            await asyncio.wait({ahead}, timeout=DARKROOM if same else 0)
            ahead.cancel()
        return self.last if await self._still_true() else await self._take()

    def forget(self) -> None:
        """Something was done to the page."""
        self._taken = -math.inf
        self._turn += 1  # a picture under way shows what was before

    def take_ahead(self) -> None:
        """Begin a picture that will be wanted soon, if the page stays as it is."""
        if self._ahead is None or self._ahead.done():
            self._ahead_of = self.session.front
            self._ahead = self.session.begin(self._take())
            self.session.keep(self._ahead)

    async def _take(self) -> Image.Image:
        for _ in range(STILLER):
            tab, turn = self.session.front, self._turn
            hidden, stamp = await asyncio.gather(self.blackout.boxes(), ask(tab.page.main_frame, "stamp"))
            started, picture = await self._shoot(tab)
            if await self.blackout.paint(picture, hidden):
                break
        self.last = picture
        if turn == self._turn:
            self._tab, self._stamp, self._taken = tab, stamp, started
        return self.last

    async def _shoot(self, tab: Tab) -> tuple[float, Image.Image]:
        """When, and what; nothing is blacked out yet."""
        line = await tab.ready
        started = time.monotonic()
        try:
            shot = await asyncio.wait_for(line.send("Page.captureScreenshot", {"format": "png"}), DARKROOM)
        except TimeoutError:
            # A tab that went behind another while it was pictured draws nothing more.
            await tab.page.bring_to_front()
            shot = await line.send("Page.captureScreenshot", {"format": "png"})
        return started, Image.open(BytesIO(b64decode(shot["data"]))).convert("RGB")

    async def _still_true(self) -> bool:
        # Somebody at a visible browser can change what no event tells.
        if self.session.headed or self._tab is not self.session.front or time.monotonic() - self._taken > AGE:
            return False
        sign, _, drawn, calm, fields = await ask(self._tab.page.main_frame, "stamp")
        old_sign, then, _, _, old_fields = self._stamp
        return bool(calm and sign == old_sign and drawn < then and fields == old_fields)
