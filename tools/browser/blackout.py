"""What is blacked out in a page's picture: filled password fields, and text that shows the value of a secret.

The page tells where its fields and texts are, and never learns what is looked for. Seen are the texts of the page, its
frames and shadow trees, the values of fields and the alternatives of pictures; not seen is text that a page paints: on
a canvas, in a picture or video, by CSS alone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from PIL import ImageDraw

from handeye.tools.browser.scripts import ask, ask_about, quickly
from handeye.tools.browser.view import Mapping

if TYPE_CHECKING:
    from PIL import Image
    from playwright.async_api import Frame

    from handeye.tools.browser.session import Session

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
        hider = self.session.secrets.hider
        spans = hider.spans("".join(text for text, _ in read)) if read else []
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
        after = await self.boxes() if before or self.session.secrets.hider else []
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
        return {"texts": bool(self.session.secrets.hider)}

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
            return ([whole] if self.session.secrets.hider and not frame.is_detached() else []), []
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
