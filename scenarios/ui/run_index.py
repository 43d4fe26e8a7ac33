"""The runs there are: in `runs/`, and those of suites in their results; read from their files, whoever made them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.agent.run_folder import RESUMABLE
from handeye.scenarios.results import ATTEMPTS, read_results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.scenarios.ui.run_process import RunProcesses

#: So many runs are shown; the folder holds the others.
MAX_RUNS = 200


class RunCard(NamedTuple):
    """A run, as a list shows it."""

    link: str
    goal: str
    on: str
    state: str
    """`at work`, a verdict, or `unfinished`."""
    when: str


class SuiteSummary(NamedTuple):
    """A run of suites."""

    counts: dict[str, int]
    planned: int
    at_work: bool
    report: bool


class RunIndex:
    """Folders of runs, under short names that stand in addresses."""

    def __init__(self, runs: Path, output: Path) -> None:
        self.places = {"runs": runs, "tests": output}

    def path(self, place: str, name: str) -> Path | None:
        """What lies there; None for what lies elsewhere, or nowhere."""
        base = self.places.get(place)
        if base is None:
            return None
        path = (base / name).resolve()
        return path if path.is_relative_to(base.resolve()) and path.exists() else None

    def link(self, folder: Path) -> str:
        """The address of a run's page."""
        for place, base in self.places.items():
            if folder.resolve().is_relative_to(base.resolve()):
                return f"/run/{place}/{folder.resolve().relative_to(base.resolve()).as_posix()}"
        return "/"

    def runs(self, started: RunProcesses) -> list[RunCard]:
        """Those of `runs/`, the newest first."""
        return [self._card(path.parent, started) for path in _newest(self.places["runs"].glob("*/run.json"))]

    def trials(self, started: RunProcesses) -> list[RunCard]:
        """Those of suites, the newest first."""
        return [
            self._card(path.parent, started) for path in _newest(self.places["tests"].glob(f"{ATTEMPTS}/*/*/run.json"))
        ]

    def tests(self) -> SuiteSummary | None:
        """How the suites stand; None where none was run."""
        output = self.places["tests"]
        if not (output / "results.jsonl").exists():
            return None
        results = read_results(output / "results.jsonl")
        try:
            planned = len(json.loads((output / "plan.json").read_text(encoding="utf-8"))["cases"])
        except (OSError, ValueError, KeyError):
            planned = len(results)
        counts = dict(Counter[str](each.status for each in results))
        return SuiteSummary(counts, planned, _is_held(output / ".lock"), (output / "report.html").exists())

    def _card(self, folder: Path, started: RunProcesses) -> RunCard:
        notes = read_run_json(folder)
        config = notes.get("config") or {}
        when = datetime.fromtimestamp((folder / "run.json").stat().st_mtime).astimezone()
        ours = started.at(folder)
        state = run_state(folder, notes)
        if ours and not ours.over:
            state = {"asks": "asks you", "held": "held"}.get(ours.state, "at work")
        return RunCard(
            self.link(folder), str(config.get("goal", "")), str(config.get("on", "")), state, f"{when:%d %b %H:%M}"
        )


def read_run_json(folder: Path) -> dict[str, Any]:
    """What `run.json` says; nothing while there is none."""
    try:
        return dict(json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def run_state(folder: Path, notes: dict[str, Any]) -> str:
    """How a run stands by its files."""
    if _is_held(folder / "lock"):
        return "at work"
    return str(notes.get("status") or "unfinished").replace("_", " ")


def resumable(notes: dict[str, Any]) -> bool:
    """Whether there is something to go on with."""
    return bool(notes) and notes.get("status") in RESUMABLE


def file_signature(folder: Path) -> tuple[int, ...]:
    """Changes when there is something new in a run's folder."""
    stats = [path.stat() for name in ("trace.jsonl", "run.json") if (path := folder / name).exists()]
    return tuple(number for stat in stats for number in (stat.st_mtime_ns, stat.st_size))


def _newest(paths: Iterator[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)[:MAX_RUNS]


def _is_held(lock: Path) -> bool:
    """Whether a process holds a lock; found out without taking it, which would be in the way of who wants it."""
    if not lock.exists() or not sys.platform.startswith("linux"):
        return False
    number = str(lock.stat().st_ino)
    try:
        held = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return False
    return any(line.split()[5].rpartition(":")[2] == number for line in held.splitlines() if "->" not in line)
