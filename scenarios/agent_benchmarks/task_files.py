"""Reads benchmarks that are task files: finds the files, selects tasks, and reports mistakes.

A task that asks for something unsupported is an error before anything runs, or it is skipped with a note. It never
counts as passed.
"""

from __future__ import annotations

import hashlib
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from handeye.scenarios.datasets.records import Record, json_objects
from handeye.scenarios.suite.schema import ScenarioSpec
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from handeye.scenarios.agent_benchmarks.benchmark_task import BenchmarkTask, TaskLimits

#: The length of a goal in lists.
TITLE = 60

Model = TypeVar("Model", bound=BaseModel)


class Unsupported(UsageError):
    """Raised for a task that needs something unsupported."""


class Strict(BaseModel):
    """A part of a task file without unknown keys: an ignored key could change the result."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Loose(BaseModel):
    """A part of a task file that may have further keys, which do not change the result."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def task_files(paths: Sequence[Path]) -> list[Path]:
    """Return the task files at some paths; folders are searched by name. Raises UsageError when there is none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob("*.json"))
            if not inside:
                raise UsageError(f"{path} holds no task file; give a folder with some, named *.json")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"there is no file {path}; give a task file, or a folder of them")
    return list(dict.fromkeys(found))


def read_all(
    paths: Sequence[Path],
    chosen: Sequence[str],
    read: Callable[[Path, Record], BenchmarkTask],
    name_of: Callable[[Record], str],
    *,
    skip_unsupported: bool,
) -> list[BenchmarkTask]:
    """Return the chosen tasks of all files; `all` chooses each of them.

    With `skip_unsupported`, an unsupported task becomes a skipped one with a reason. Raises UsageError for an invalid
    file, for an id that no file contains, and otherwise for an unsupported task.
    """
    found: list[BenchmarkTask] = []
    names: dict[str, str] = {}
    for path in task_files(paths):
        for record in json_objects(path):
            name = name_of(record)
            if f"{path}::{name}" in names:
                raise UsageError(f"{record.place}: {names[f'{path}::{name}']} has the id {name} too; give each its own")
            names[f"{path}::{name}"] = record.place
            if list(chosen) != ["all"] and name not in chosen:
                continue
            try:
                found.append(read(path, record))
            except Unsupported as error:
                if not skip_unsupported:
                    raise UsageError(f"{error}; leave it out with --tasks, or use --skip-unsupported") from error
                found.append(left_out(path, name, str(error)))
    known = [each.rpartition("::")[2] for each in names]
    for name in chosen if list(chosen) != ["all"] else ():
        if name not in known:
            close = get_close_matches(name, known, 1)
            raise UsageError(
                f"no task has the id {name!r}; {f'did you mean {close[0]}?' if close else 'see the files'}"
            )
    return found


def left_out(path: Path, name: str, why: str) -> BenchmarkTask:
    """Return a skipped task with the reason."""
    from handeye.scenarios.agent_benchmarks.benchmark_task import BenchmarkTask
    from handeye.scenarios.suite.schema import Suite

    spec = ScenarioSpec(name=name, goal="not supported", unchecked=True, skip=why, line=1)
    return BenchmarkTask(suite=Suite(name=path.stem), file=path, spec=spec, name=name, group=path.stem)


def validated(kind: type[Model], record: Record) -> Model:
    """Return the record as a model. Raises UsageError with the position and the first wrong key."""
    try:
        return kind.model_validate(record.fields)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise Unsupported(f"{record.place}: {key} is not supported") from error
        what = "is missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        message = f"{record.place}: {key}: {what}" if key else f"{record.place}: {what}"
        raise UsageError(f"{message}; correct it") from error


def scenario_of(
    spec: BaseModel, path: Path, key: str, name: str, goal: str, limits: TaskLimits, on: str = ""
) -> ScenarioSpec:
    """Return the scenario of a task; `key` is the key of the id in the file, and `on` the start address."""
    given: dict[str, Any] = {"name": name, "goal": goal, "on": on, "unchecked": True, "line": line_of(path, key, name)}
    # A digest of the whole task, so that --resume detects a changed task.
    whole = hashlib.sha256(spec.model_dump_json().encode()).hexdigest()[:16]
    given |= {"max-steps": limits.steps, "timeout": limits.seconds, "variables": {"task": whole}}
    return ScenarioSpec.model_validate(given)


def titled(name: str, goal: str) -> str:
    """Return a task's id with the beginning of its goal, for lists."""
    words = " ".join(goal.split())
    return f"{name}: {words if len(words) <= TITLE else words[: TITLE - 1] + '…'}"


def line_of(path: Path, key: str, name: str) -> int:
    """Return the line of a task's id in its file; 1 when it is not there."""
    wanted = re.compile(rf'"{key}"\s*:\s*"?{re.escape(name)}"?\s*[,}}\n]')
    text = path.read_text(encoding="utf-8-sig")
    hit = wanted.search(text)
    return text.count("\n", 0, hit.start()) + 1 if hit else 1
