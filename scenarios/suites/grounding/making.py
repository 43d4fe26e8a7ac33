"""Makes the pictures, their data set, and sheets to look at."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.scenarios.suites.grounding.picture_plan import plans
from handeye.scenarios.suites.grounding.question_choice import questions
from handeye.scenarios.suites.grounding.rendering import studio
from handeye.tools.errors import HandeyeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

HERE = Path(__file__).parent
DATASET, SCREENS = "screens.jsonl", "screens"


def make(folder: Path, seed: int = 7, only: str = "", sheets: Path | None = None) -> int:
    """Write the pictures and `screens.jsonl` into a folder; how many pictures. `only` those whose names hold it."""
    chosen = [plan for plan in plans(seed) if only in plan.name]
    (folder / SCREENS).mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, Any]] = []
    shown: list[tuple[Image.Image, list[dict[str, Any]]]] = []
    if not chosen:
        raise UsageError(f"no picture is called {only!r}; their names are like {plans(seed)[0].name}")
    with studio(sorted({plan.font for plan in chosen})) as room:
        for plan in chosen:
            page = room.render(plan)
            asked = questions(plan, page)
            page.image.save(folder / SCREENS / f"{plan.name}.webp", lossless=True, method=4, quality=80)
            lines += asked
            shown.append((page.image, asked))
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / DATASET).write_text(text, encoding="utf-8")
    if sheets:
        from handeye.scenarios.suites.grounding.sheets import write_sheets

        write_sheets(shown, sheets)
    return len(chosen)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m handeye.scenarios.suites.grounding",
        description="Makes the pictures of the grounding suite, with the boxes that the pages themselves give.",
        epilog="Example: python -m handeye.scenarios.suites.grounding --folder ground --only mail --sheets look",
    )
    parser.add_argument("--folder", type=Path, default=HERE, help="where they go (default: beside this module)")
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
