"""Draws the truth or the questions of a split onto its pictures, to check by eye that the truth is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from benchmarks.strangers.screens import read_questions, read_screens

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLOURS = {"text": "#d00000", "field": "#0050d0", "icon": "#00902a", "absent": "#808080"}


def draw_questions(folder: Path, out: Path) -> int:
    """Write each picture with the boxes of its questions, and the instructions below it; returns their number."""
    by_screen: dict[str, list[tuple[str, str, Iterable[tuple[float, float, float, float]]]]] = {}
    for each in read_questions(folder):
        boxes = (each.box, *each.also) if each.box else ()
        by_screen.setdefault(each.screen, []).append((each.type, each.instruction, boxes))
    for screen, marks in by_screen.items():
        _draw(folder / "pictures" / f"{screen}.png", marks, out)
    return len(by_screen)


def draw_truth(folder: Path, out: Path) -> int:
    """Write each picture with the boxes of all its elements; returns the number of pictures."""
    screens = read_screens(folder)
    for screen in screens:
        marks = []
        for each in screen.elements:
            kind = "icon" if each.icon else "field" if each.control else "text"
            marks.append((kind, "", (each.box, *each.also)))
        _draw(folder / "pictures" / f"{screen.name}.png", marks, out)
    return len(screens)


def _draw(path: Path, marks: list[tuple[str, str, Iterable[tuple[float, float, float, float]]]], out: Path) -> None:
    picture = Image.open(path).convert("RGB")
    lines = [f"{number} {kind}: {text}" for number, (kind, text, _) in enumerate(marks, 1) if text]
    sheet = Image.new("RGB", (picture.width, picture.height + 13 * len(lines) + 6), "white")
    sheet.paste(picture)
    pen = ImageDraw.Draw(sheet)
    for number, (kind, text, boxes) in enumerate(marks, 1):
        for box in boxes:
            pen.rectangle(box, outline=COLOURS[kind], width=2)
            if text:
                pen.text((box[0] + 1, max(0, box[1] - 11)), str(number), fill=COLOURS[kind])
    for number, line in enumerate(lines):
        pen.text((4, picture.height + 3 + 13 * number), line, fill="black")
    out.mkdir(parents=True, exist_ok=True)
    sheet.save(out / path.name)
