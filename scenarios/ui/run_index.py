"""The runs in `runs/` and in the results of suites, read from their files."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.agent.run_folder import RESUMABLE
from handeye.agent.run_view import read_record
from handeye.scenarios.results import ATTEMPT_FOLDERS, read_results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.scenarios.ui.run_process import RunProcess, RunProcesses

#: How many runs a list has; older ones are only in the folder.
MAX_RUNS = 200


class RunCard(NamedTuple):
    """A run as an entry of a list."""

    link: str
    goal: str
    on: str
    state: str
    """`running`, how the run ended, or `unfinished`."""
    when: str


class SuiteSummary(NamedTuple):
    """The results of the last run of suites."""

    counts: dict[str, int]
    planned: int
    running: bool
    has_report: bool


class RunIndex:
    """Finds runs in two folders, which have the short names `runs` and `tests` in URLs."""

    def __init__(self, runs: Path, output: Path) -> None:
        self.folders = {"runs": runs, "tests": output}

    def path(self, folder: str, name: str) -> Path | None:
        """The path of a file or run in a folder; None if it is outside the folder or does not exist."""
        base = self.folders.get(folder)
        if base is None:
            return None
        path = (base / name).resolve()
        return path if path.is_relative_to(base.resolve()) and path.exists() else None

    def link(self, run: Path) -> str:
        """The URL of a run's page."""
        for folder, base in self.folders.items():
            if run.resolve().is_relative_to(base.resolve()):
                return f"/run/{folder}/{run.resolve().relative_to(base.resolve()).as_posix()}"
        return "/"

    def runs(self, processes: RunProcesses) -> list[RunCard]:
        """The runs of `runs/`, the newest first."""
        return [self._card(path.parent, processes) for path in _newest(self.folders["runs"].glob("*/run.json"))]

    def suite_runs(self, processes: RunProcesses) -> list[RunCard]:
        """The runs of suites, the newest first. The state of a finished one is that of its attempt, with its checks."""
        paths = (path for name in ATTEMPT_FOLDERS for path in self.folders["tests"].glob(f"{name}/*/*/run.json"))
        attempts = self._attempts()
        cards = []
        for path in _newest(paths):
            card = self._card(path.parent, processes)
            name, status = attempts.get(path.parent.resolve(), (card.goal, card.state))
            cards.append(card._replace(goal=name, state=status))
        return cards

    def _attempts(self) -> dict[Path, tuple[str, str]]:
        """The scenario's name and the attempt's status, by the folder of the run."""
        path = self.folders["tests"] / "results.jsonl"
        results = read_results(path) if path.exists() else []
        return {
            Path(attempt.run).resolve(): (result.name, attempt.status)
            for result in results
            for attempt in result.attempts
            if attempt.run
        }

    def suite_summary(self) -> SuiteSummary | None:
        """The results of suites; None if no suite was run."""
        output = self.folders["tests"]
        if not (output / "results.jsonl").exists():
            return None
        results = read_results(output / "results.jsonl")
        try:
            planned = len(json.loads((output / "plan.json").read_text(encoding="utf-8"))["cases"])
        except (OSError, ValueError, KeyError):
            planned = len(results)
        counts = dict(Counter[str](each.status for each in results))
        return SuiteSummary(counts, planned, _is_locked(output / ".lock"), (output / "report.html").exists())

    def _card(self, folder: Path, processes: RunProcesses) -> RunCard:
        record = read_run_json(folder)
        config = record.get("config") or {}
        when = datetime.fromtimestamp((folder / "run.json").stat().st_mtime).astimezone()
        process = processes.at(folder)
        state = process_state(process) if process and not process.ended else run_state(folder, record)
        goal, on = str(config.get("goal", "")), str(config.get("on", ""))
        return RunCard(self.link(folder), goal, on, state, f"{when:%d %b %H:%M}")


def process_state(process: RunProcess) -> str:
    """The displayed state of a run whose process works."""
    states = {"asking": "waiting for you", "paused": "paused", "starting": "starting"}
    return states.get(process.state, "running")


def read_run_json(folder: Path) -> dict[str, Any]:
    """The content of `run.json`; empty while there is none."""
    return read_record(folder) or {}


def run_state(folder: Path, record: dict[str, Any]) -> str:
    """The displayed state of a run, by its files."""
    if _is_locked(folder / "lock"):
        return "running"
    return str(record.get("status") or "unfinished").replace("_", " ")


def resumable(record: dict[str, Any]) -> bool:
    """Whether `handeye resume` can continue the run."""
    return bool(record) and record.get("status") in RESUMABLE


def file_signature(folder: Path) -> tuple[int, ...]:
    """Numbers that change whenever a run writes to its folder."""
    stats = [path.stat() for name in ("trace.jsonl", "run.json") if (path := folder / name).exists()]
    return tuple(number for stat in stats for number in (stat.st_mtime_ns, stat.st_size))


def _newest(paths: Iterator[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)[:MAX_RUNS]


def _is_locked(lock: Path) -> bool:
    """Whether a process has locked the file. The lock itself is not taken: that would block its user.

    See https://man7.org/linux/man-pages/man5/proc_locks.5.html.
    """
    if not lock.exists() or not sys.platform.startswith("linux"):
        return False
    inode = str(lock.stat().st_ino)
    try:
        locks = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return False
    return any(line.split()[5].rpartition(":")[2] == inode for line in locks.splitlines() if "->" not in line)
