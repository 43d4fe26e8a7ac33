"""Measures how reliable it is, from the repository's root: `python -m benchmarks.reliability [NAME…]`.

Writes `benchmarks/reliability.json` and `docs/reliability.md`; measures that were not run keep what they had. A measure
is a module here whose `measure()` returns `what` (a sentence), `seeds`, `figures` (a Figure each, by name) and, where
there is more to say, `details` (lines of Markdown).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.measuring import cpu
from benchmarks.reliability.telling import Figure, say

ROOT = Path(__file__).parents[2]
RESULTS, PAGE = ROOT / "benchmarks" / "reliability.json", ROOT / "docs" / "reliability.md"
#: In the order they are run.
MEASURES = (
    "kills",
    "effects_once",
    "long_run",
    "effects",
    "injection",
    "replay",
    "honesty",
    "secrets",
    "guard_words",
    "approvals",
)
#: Where the text of the page ends and the measured part begins.
MARK = "<!-- What follows is written by `make reliability`. -->"


def main() -> int:
    """0 when every figure is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(MEASURES)} (all)")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in MEASURES]:
        parser.error(f"nothing is measured under {unknown[0]!r}; choose among {', '.join(MEASURES)}")
    kept: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    well = True
    for name in [name for name in MEASURES if not given.names or name in given.names]:
        say(f"{name}:")
        began = time.monotonic()
        found = import_module(f"benchmarks.reliability.{name}").measure()
        figures: dict[str, Figure] = found["figures"]
        for each, figure in figures.items():
            print(
                f"{name}.{each}: {figure.value:g} {figure.unit} (aim: {figure.aim}){'' if figure.holds else ' MISSED'}"
            )
        well &= all(figure.holds for figure in figures.values())
        kept[name] = found | {
            "figures": {each: figure._asdict() for each, figure in figures.items()},
            "seconds": round(time.monotonic() - began),
            "command": " ".join(["python -m benchmarks.reliability", *sys.argv[1:]]),
            "machine": f"{cpu()}, Python {platform.python_version()}",
            "at": f"{datetime.now(UTC):%Y-%m-%d}",
        }
        RESULTS.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        text = PAGE.read_text(encoding="utf-8").partition(MARK)[0] if PAGE.exists() else "# Reliability\n\n"
        PAGE.write_text(f"{text}{MARK}\n\n{page(kept)}", encoding="utf-8")
    return 0 if well else 1


def page(kept: dict[str, Any]) -> str:
    """The measured part of the documentation."""
    lines: list[str] = []
    for name, each in kept.items():
        lines += [f"## {name}", "", f"{each['what'][0].upper()}{each['what'][1:]}.", ""]
        lines += ["| figure | value | aim |", "| --- | --- | --- |"]
        for figure, told in each["figures"].items():
            missed = "" if told["holds"] else " (missed)"
            lines.append(f"| `{figure}` | {told['value']:.4g} {told['unit']} | {told['aim']}{missed} |")
        seeds = f", seeds {', '.join(map(str, each['seeds']))}" if each["seeds"] else ""
        lines += ["", *([*details, ""] if (details := [line for line in each.get("details", ()) if line]) else [])]
        lines += [f"`{each['command']}`, {each['at']}, {each['seconds']} s{seeds}; {each['machine']}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
