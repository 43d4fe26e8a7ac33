"""Runs the benchmarks, from the repository's root: `python -m benchmarks [NAME…]`.

Writes `benchmarks/results.json` and `docs/benchmarks.md`; rows that were not run keep what they had.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module

from benchmarks.lab import Lab
from benchmarks.table import kept, write

#: In the order they are run: the short ones first.
ROWS = (
    *("tiling_1080p", "capture_diff", "ground_first", "ground_4k", "read_again", "pocket_look", "loop_overhead"),
    *("step_exact", "step_fast", "ground_after_decide"),
)
#: Rows that share a module: row → module, whose function of the row's name measures it.
SHARED = {"ground_first": "reading", "ground_4k": "reading", "read_again": "reading"}


def main() -> int:
    """0 when every row ran, whatever its ratio; a ratio below what is aimed at is marked in the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"rows to run: {', '.join(ROWS)} (default: all)")
    parser.add_argument("--screens", type=int, default=10, help="screens of the episode (default 10)")
    parser.add_argument("--minutes", type=float, default=4.0, help="time for the slow reference (default 4)")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in ROWS]:
        parser.error(f"no benchmark is called {unknown[0]!r}; choose among {', '.join(ROWS)}")
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", file=sys.stderr, flush=True)

    names = [name for name in ROWS if not given.names or name in given.names]
    lab = Lab(tuple(names), say, screens=given.screens, minutes=given.minutes)
    rows = {}
    for name in names:
        module = import_module(f"benchmarks.{SHARED.get(name, name)}")
        rows[name] = getattr(module, name if name in SHARED else "measure")(lab)
        made = rows[name]
        print(f"{name}: {made.ratio:.2f}x ({made.ours:.3g} against {made.reference:.3g} {made.unit})", flush=True)
    write(rows, kept(), sys.argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
