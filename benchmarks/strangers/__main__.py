"""Harvest screens of strangers, make questions, and score a perception on them.

python -m benchmarks.strangers harvest web [--only NAME…] [--screens 6]
python -m benchmarks.strangers questions
python -m benchmarks.strangers sheets --split look --out DIR [--truth]
python -m benchmarks.strangers score --split look [--perception embedded] [--json out.json]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from platformdirs import user_cache_path

from benchmarks.strangers.kits import KITS
from benchmarks.strangers.screens import SPLITS, read_screens, write_questions
from benchmarks.strangers.sheets import draw_questions, draw_truth
from benchmarks.strangers.templates import HELD_OUT, OPEN
from benchmarks.strangers.wording import questions


def main() -> int:
    """0 when the command is done."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.strangers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=user_cache_path("handeye") / "strangers", help="folder of the data"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    harvest = commands.add_parser("harvest", help="render pages or programs")
    harvest.add_argument("what", choices=["web", "programs"])
    harvest.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these kits or programs")
    harvest.add_argument("--screens", type=int, default=6, help="screens of each kit")
    harvest.add_argument("--install", action="store_true", help="first install the programs with apt; needs root")
    commands.add_parser("questions", help="make the questions of all splits again")
    sheets = commands.add_parser("sheets", help="draw questions or truth onto the pictures")
    sheets.add_argument("--split", choices=SPLITS, required=True)
    sheets.add_argument("--out", type=Path, required=True)
    sheets.add_argument("--truth", action="store_true", help="draw all elements instead of the questions")
    scored = commands.add_parser("score", help="ask all questions of a split")
    scored.add_argument("--split", choices=SPLITS, required=True)
    scored.add_argument("--perception", default="embedded", metavar="MODEL", help="as --model of `handeye eval`")
    scored.add_argument("--limit", type=int, default=0, metavar="N", help="only N screens, evenly over the sources")
    scored.add_argument("--timed", type=int, default=0, metavar="N", help="also measure seconds on N screens")
    scored.add_argument("--json", type=Path, help="file for every answer")
    given = parser.parse_args()
    if given.command == "harvest":
        if given.what == "web":
            harvest_web(given.data, given.only, given.screens)
        else:
            harvest_programs(given.data, given.only, given.install)
        make_questions(given.data)
    elif given.command == "questions":
        make_questions(given.data)
    elif given.command == "score":
        print_score(given)
    elif given.command == "sheets":
        draw = draw_truth if given.truth else draw_questions
        print(f"{draw(given.data / given.split, given.out)} pictures in {given.out}")
    return 0


def harvest_web(data: Path, only: list[str], screens: int) -> None:
    """Render pages of the kits into the folders of their splits."""
    from benchmarks.strangers.harvest_web import chromium, harvest

    kits = [kit for kit in KITS if not only or kit.name in only]
    with chromium() as browser:
        for kit in kits:
            harvest(kit, data / kit.split, data / "npm", browser, screens, lambda line: print(line, flush=True))


def harvest_programs(data: Path, only: list[str], install_first: bool) -> None:
    """Show the programs and store their screens in the folders of their splits."""
    from benchmarks.strangers.harvest_programs import harvest
    from benchmarks.strangers.programs import PROGRAMS, install

    if install_first:
        install()
    for number, program in enumerate(PROGRAMS):
        if not only or program.name in only or program.package in only:
            harvest(program, number, data / program.split, lambda line: print(line, flush=True))


def print_score(given: argparse.Namespace) -> None:
    """Score the perception, print the tables, and write the JSON."""
    import json

    from benchmarks.strangers import score
    from handeye.agent.resources import open_perception_and_policy
    from handeye.perception.reading.text_cache import TextCache

    folder = given.data / given.split
    perception, _ = open_perception_and_policy(given.perception)
    reader = TextCache(given.data / "text")
    answers = score.score(
        folder, perception, reader, given.limit, lambda line: print(line, file=sys.stderr, flush=True)
    )
    seconds = score.measure_seconds(folder, perception, given.timed) if given.timed else None
    result = score.to_json(answers, seconds, split=given.split, perception=given.perception)
    if given.json:
        given.json.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    print(score.as_text(result))


def make_questions(data: Path) -> None:
    """Write `questions.jsonl` of each split."""
    for split in SPLITS:
        screens = read_screens(data / split)
        made = [
            each
            for screen in screens
            for each in questions(
                screen,
                [other for other in screens if other.source != screen.source],
                templates=HELD_OUT if split == "blind" else OPEN,
            )
        ]
        if screens:
            count = write_questions(data / split, {screen.name: screen for screen in screens}, made, split)
            print(f"{split}: {len(screens)} screens, {count} questions")


if __name__ == "__main__":
    sys.exit(main())
