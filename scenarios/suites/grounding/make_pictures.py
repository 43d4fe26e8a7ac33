"""Renders the pictures and their data set, and contact sheets for visual inspection."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from handeye.scenarios.suites.grounding.picture_plan import plans
from handeye.scenarios.suites.grounding.question_choice import questions
from handeye.scenarios.suites.grounding.rendering import studio
from handeye.tools.errors import HandeyeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import ImageFont

HERE = Path(__file__).parent
DATASET, SCREENS = "screens.jsonl", "screens"
#: Pictures on a sheet, across and down, and the width of each.
ACROSS, DOWN, WIDTH = 2, 2, 960
INKS = {"text": "#d4006a", "icon": "#0070e0", "widget": "#008a3e", "absent": "#777777"}


def make(folder: Path, seed: int = 7, only: str = "", sheets: Path | None = None) -> int:
    """Write the pictures and `screens.jsonl` into a folder; how many pictures. `only` those whose names hold it."""
    chosen = [plan for plan in plans(seed) if only in plan.name]
    (folder / SCREENS).mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, Any]] = []
    pages: list[tuple[Image.Image, list[dict[str, Any]]]] = []
    if not chosen:
        raise UsageError(f"no picture is called {only!r}; their names are like {plans(seed)[0].name}")
    with studio(sorted({plan.font for plan in chosen})) as room:
        for plan in chosen:
            page = room.render(plan)
            records = questions(plan, page)
            page.image.save(folder / SCREENS / f"{plan.name}.webp", lossless=True, method=4, quality=80)
            lines += records
            pages.append((page.image, records))
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / DATASET).write_text(text, encoding="utf-8")
    if sheets:
        write_sheets(pages, sheets)
    return len(chosen)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m handeye.scenarios.suites.grounding",
        description="Makes the pictures of the grounding suite, with the boxes that the pages themselves give.",
        epilog="Example: python -m handeye.scenarios.suites.grounding --folder ground --only mail --sheets look",
    )
    parser.add_argument("--folder", type=Path, default=HERE, help="output folder (default: the folder of this module)")
    parser.add_argument("--seed", type=int, default=7, help="another one makes other pictures (default: 7)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only pictures whose names hold it, as mail-dark")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="also write sheets of them with their boxes drawn")
    options = parser.parse_args(arguments)
    try:
        count = make(options.folder, options.seed, options.only, options.sheets)
    except HandeyeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    print(f"{count} pictures are in {options.folder / SCREENS}")  # noqa: T201
    return 0


def write_sheets(pages: Sequence[tuple[Image.Image, list[dict[str, Any]]]], folder: Path) -> list[Path]:
    """Write `1.png`, `2.png` … into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [_marked(*each) for each in pages]
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


def _marked(image: Image.Image, records: list[dict[str, Any]]) -> Image.Image:
    font = _font()
    scale = WIDTH / image.width if image.width > image.height else 800 / image.height
    small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    framed = Image.new("RGB", (WIDTH, small.height + 20 * len(records) + 10), "white")
    framed.paste(small, (0, 0))
    pen = ImageDraw.Draw(framed)
    for number, line in enumerate(records, 1):
        ink = INKS[line["type"]]
        if line["bbox"]:
            left, top, right, bottom = (round(edge * scale) for edge in line["bbox"])
            pen.rectangle((left - 1, top - 1, right, bottom), outline=ink, width=2)
            pen.text((left + 1, top - 17), str(number), ink, font, stroke_width=2, stroke_fill="white")
        words = f"{number}  {line['instruction']}  ({line['type']}, {line['size']})  {line['image']}"
        pen.text((6, small.height + 4 + 20 * (number - 1)), words, ink, font)
    return framed


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    try:
        return ImageFont.truetype("DejaVuSans.ttf", 15)
    except OSError:  # Pillow's own has no umlauts
        return ImageFont.load_default(15)
