"""Pictures with one labelled button each: the correct answer is known by construction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFont


class Drawn(NamedTuple):
    """A picture with one button."""

    path: Path
    word: str
    box: tuple[int, int, int, int]
    """Left, top, right, bottom of the button."""
    size: tuple[int, int]


WORDS = ("Save", "Cancel", "Search", "Export", "Settings", "Archive")


def draw(path: Path, word: str, number: int, size: tuple[int, int] = (480, 320)) -> Drawn:
    image = Image.new("RGB", size, "#f4f5f7")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=22)
    left, top = 40 + 97 * (number % 3), 50 + 110 * (number // 3 % 2)
    x1, y1, x2, y2 = pen.textbbox((left, top), word, font=font)
    box = (int(x1) - 14, int(y1) - 9, int(x2) + 14, int(y2) + 9)
    pen.rounded_rectangle(box, 6, fill="#2f6fed")
    pen.text((left, top), word, "white", font)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return Drawn(path, word, box, size)


def write_lines(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def elsewhere(one: Drawn) -> list[int]:
    """A box of the picture that the word is not in."""
    width, height = one.size
    return [width - 30, height - 30, width - 5, height - 5]
