"""Sheets of pictures with their boxes drawn, for a person's eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Pictures on a sheet, across and down, and the width of each.
ACROSS, DOWN, WIDTH = 2, 2, 960
INKS = {"text": "#d4006a", "icon": "#0070e0", "widget": "#008a3e", "absent": "#777777"}


def write_sheets(shown: Sequence[tuple[Image.Image, list[dict[str, Any]]]], folder: Path) -> list[Path]:
    """Write `1.png`, `2.png` … into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [_marked(*each) for each in shown]
    written = []
    for start in range(0, len(made), ACROSS * DOWN):
        part = made[start : start + ACROSS * DOWN]
        height = max(each.height for each in part)
        sheet = Image.new("RGB", (WIDTH * ACROSS, height * -(-len(part) // ACROSS)), "#888888")
        for place, each in enumerate(part):
            sheet.paste(each, (place % ACROSS * WIDTH, place // ACROSS * height))
        path = folder / f"{start // (ACROSS * DOWN) + 1}.png"
        sheet.save(path)
        written.append(path)
    return written


def _marked(image: Image.Image, asked: list[dict[str, Any]]) -> Image.Image:
    font = _font()
    scale = WIDTH / image.width if image.width > image.height else 800 / image.height
    small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    framed = Image.new("RGB", (WIDTH, small.height + 20 * len(asked) + 10), "white")
    framed.paste(small, (0, 0))
    pen = ImageDraw.Draw(framed)
    for number, line in enumerate(asked, 1):
        ink = INKS[line["type"]]
        if line["bbox"]:
            left, top, right, bottom = (round(edge * scale) for edge in line["bbox"])
            pen.rectangle((left - 1, top - 1, right, bottom), outline=ink, width=2)
            pen.text((left + 1, top - 17), str(number), ink, font, stroke_width=2, stroke_fill="white")
        words = f"{number}  {line['instruction']}  ({line['type']}, {line['size']})  {line['image']}"
        pen.text((6, small.height + 4 + 20 * (number - 1)), words, ink, font)
    return framed


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype("DejaVuSans.ttf", 15)
    except OSError:  # Pillow's own has no umlauts
        return ImageFont.load_default(15)
