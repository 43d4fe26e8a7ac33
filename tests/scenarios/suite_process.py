"""`handeye test` in a process of its own, on a suite whose checks end or block their process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from handeye.scenarios.results import read_results

if TYPE_CHECKING:
    from pathlib import Path

#: Checks that take their process with them, once or always, and one that takes longer than anybody waits.
MINE = """
import os, signal, time
from pathlib import Path

HERE = Path(__file__).parent

def ok(scene):
    return True

def deadly_once(scene):
    if not (HERE / "died").exists():
        (HERE / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return True

def deadly(scene):
    os.kill(os.getpid(), signal.SIGKILL)

def endless(scene):
    (HERE / f"endless-{os.getpid()}").touch()
    if (HERE / "go").exists():
        return True
    time.sleep(600)
"""


def suite_text(**checks: str) -> str:
    return "scenarios:\n" + "".join(
        f"- {{name: {name}, steps: scroll down, ensures: {{python: 'mine:{check}'}}}}\n"
        for name, check in checks.items()
    )


def started(folder: Path, *more: str) -> subprocess.Popen[str]:
    """`handeye test` on the suite in the folder, in a process of its own."""
    line = [sys.executable, "-m", "handeye.agent", "test", "todos.yaml", "--output", "out", *more]
    return subprocess.Popen(line, cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True)


def await_files(folder: Path, pattern: str, count: int = 1) -> list[Path]:
    deadline = time.monotonic() + 120
    while len(found := list(folder.glob(pattern))) < count:
        assert time.monotonic() < deadline, f"no {pattern} came in {folder}"
        time.sleep(0.05)
    return found


def await_results(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while len(read_results(folder / "out" / "results.jsonl")) < count:
        assert time.monotonic() < deadline, f"{count} results did not come"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    """Whether a process ends; one that nobody has waited for is no more."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False
