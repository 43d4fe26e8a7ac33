"""What is blacked out in a desktop's picture: lines of text that show a secret which was typed in this run.

A desktop tells of its pixels, and at best of its fields, so its text is read (OCR) and compared with the value so
loosely that a letter read wrong does not matter. Only what has changed since the last picture is read again.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from PIL import ImageChops, ImageDraw

from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot
from handeye.tools.secrets.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL import Image

    from handeye.tools.element import Element
    from handeye.tools.secrets.store import Secrets

#: Pixels above and below what has changed that are read with it: a line may have changed in part.
AROUND = 48

#: Pixels around a line that go with it.
MARGIN = 3

#: How much alike, in percent, text that was read and a value must be.
ALIKE = 75.0

#: A piece of a value as long as this share of it is taken for it: fields show what fits into them.
PIECE = 0.5

#: Maps characters that OCR confuses to one letter.
TWINS = str.maketrans("0oq1li|!5s8b2z6gvu", "ooo11111sbbbzzggvv")

NO_READER = "nothing reads the text of this picture, so a secret that a program shows is not blacked out"


@dataclass
class ScreenMask:
    """Remembers what was read in the last picture."""

    _picture: Image.Image | None = None
    _lines: list[tuple[Box, str]] = field(default_factory=list)

    def over(self, screen: Screenshot, secrets: Secrets, fields: Iterable[Element] = ()) -> Screenshot:
        """The screenshot with every line black that shows a value typed in this run, and every secret field."""
        values = secrets.values_given()
        boxes = [each.box for each in fields if each.secret]
        if secrets.given and secrets.reader is None:
            screen = replace(screen, notes=(*screen.notes, NO_READER))
        elif values:
            self._read(screen, secrets)
            redactor = Redactor(values)
            boxes += [
                box for box, text in self._lines if redactor.spans(text) or any(like(text, v) for v in values.values())
            ]
        if not boxes:
            return screen
        picture = screen.image.copy()
        draw = ImageDraw.Draw(picture)
        for box in boxes:
            draw.rectangle((box.left - MARGIN, box.top - MARGIN, box.right + MARGIN, box.bottom + MARGIN), fill="black")
        return replace(screen, image=picture)

    def _read(self, screen: Screenshot, secrets: Secrets) -> None:
        before, now = self._picture, screen.image
        changed = Box(0, 0, now.width, now.height)
        if before is not None and before.size == now.size:
            found = ImageChops.difference(before, now).getbbox()
            if found is None:
                return
            # Whole rows: what was left of a line and what came to its right are read together.
            changed = Box(0, max(0, found[1] - AROUND), now.width, min(now.height, found[3] + AROUND))
        assert secrets.reader is not None
        part = Screenshot(now.crop(changed))
        read = [
            (Box(box.left, box.top + changed.top, box.right, box.bottom + changed.top), element.name)
            for element in secrets.reader(part)
            for box in [element.box]
        ]
        self._lines = [(box, text) for box, text in self._lines if not box.overlap(changed)] + read
        self._picture = now


def like(text: str, value: str) -> bool:
    """Whether text that was read off a picture may show the value, or a large piece of it."""
    from rapidfuzz import fuzz

    read, wanted = _plain(text), _plain(value)
    if not wanted:
        return False
    if len(read) < len(wanted):
        return len(read) >= max(5, PIECE * len(wanted)) and fuzz.partial_ratio(read, wanted) >= ALIKE
    return fuzz.partial_ratio(wanted, read) >= ALIKE


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[^\w|!]|_", "", "".join(each for each in bare if not unicodedata.combining(each))).translate(TWINS)
