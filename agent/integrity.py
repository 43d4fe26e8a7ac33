"""Whether the files of a run are whole, before it goes on: on damaged ones it could do again what it has done."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from handeye.agent.effect_journal import read_journal
from handeye.agent.run_folder import REMEDY
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.agent.run_folder import RunFolder
    from handeye.agent.state import State


def check_files(run: RunFolder) -> None:
    """Raise UsageError, naming the file, where trace, journal or checkpoint is missing, empty or cannot be read.

    A last line that a crash cut short is no damage. A run that was stopped before it opened its files has none.
    """
    if not run.read().get("opened"):
        return
    for path in (run.journal, run.trace, run.checkpoint):
        if not path.exists():
            raise UsageError(f"{path} is missing; {REMEDY}")
    read_journal(run.journal)
    lines = _check_trace(run.trace)
    _check_database(run.checkpoint)
    if lines == 0 and run.journal.stat().st_size:
        raise UsageError(f"{run.trace} is empty, though the run has acted; {REMEDY}")
    run.device_state()


def check_state(run: RunFolder, state: State | None) -> None:
    """Raise UsageError where the checkpoint does not go with the journal and the trace: one of them is an older one."""
    journal = read_journal(run.journal)
    begun = max((entry.step for entry in journal if entry.entry == "intent"), default=0)
    if not state:
        if begun:
            raise UsageError(f"{run.checkpoint} holds no state, though {run.journal.name} has {begun} steps; {REMEDY}")
        return
    if begun > state["step"]:
        raise UsageError(
            f"{run.checkpoint} stands at step {state['step']}, but {run.journal.name} goes on to step {begun}; {REMEDY}"
        )
    written = state.get("written") or {}
    for path, name in ((run.journal, "journal"), (run.trace, "trace")):
        lines = path.read_bytes().count(b"\n")
        if lines < (least := written.get(name, 0)):
            raise UsageError(f"{path} has {lines} lines, and the run had written {least}; {REMEDY}")
    if written.get("journal") and not run.device_state_path.exists():
        raise UsageError(f"{run.device_state_path} is missing; {REMEDY}")


def _check_trace(path: Path) -> int:
    """So many lines it has. A line of a later version is no damage, one that is no JSON object is."""
    lines = path.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        try:
            whole = isinstance(json.loads(line), dict)
        except ValueError:
            whole = False
        if not whole:
            raise UsageError(f"{path}: line {number} cannot be read ({line[:60].decode(errors='replace')!r}); {REMEDY}")
    return len(lines)


def _check_database(path: Path) -> None:
    """Raise UsageError where it is no database, or not a whole one."""
    try:
        database = sqlite3.connect(path)
        try:
            [(found,)] = database.execute("PRAGMA quick_check(1)").fetchall()
        finally:
            database.close()
    except (sqlite3.DatabaseError, ValueError) as error:
        if isinstance(error, sqlite3.OperationalError) and "file is not a database" not in str(error):
            raise  # the disk, and not the file
        found = str(error)
    if found != "ok":
        raise UsageError(f"{path} is damaged ({found}); {REMEDY}")
