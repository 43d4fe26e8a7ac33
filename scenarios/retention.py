"""`--trace`: which runs and pictures are retained after an attempt."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, get_args

from handeye.agent.report import write_report
from handeye.tools.errors import HandeyeError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.scenarios.results import Attempt

Retention = Literal["on", "retain-on-failure", "off"]
"""`on`: all runs with pictures. `retain-on-failure`: runs of attempts that did not pass. `off`: runs, no pictures."""


def parse_retention(word: str) -> Retention:
    """The value of `--trace`. Raises UsageError for an unknown value."""
    for known in get_args(Retention):
        if word == known:
            return known  # type: ignore[no-any-return]
    raise UsageError(f"--trace {word!r} is unknown; choose one of {', '.join(get_args(Retention))}")


def prune_attempt(attempt: Attempt, folder: Path, keep: Retention) -> Attempt:
    """Delete the files in this folder that are not retained; returns the attempt without references to them."""
    if keep == "off":
        _without_pictures(folder)
        checks = tuple(each.model_copy(update={"picture": ""}) for each in attempt.checks)
        return attempt.model_copy(update={"checks": checks})
    if keep == "retain-on-failure" and attempt.status == "passed":
        shutil.rmtree(folder, ignore_errors=True)
        return attempt.model_copy(update={"run": ""})
    return attempt


def _without_pictures(folder: Path) -> None:
    """Delete the pictures of the runs in a folder, and rewrite their reports without links to them."""
    for screens in folder.glob("*/screens"):
        shutil.rmtree(screens, ignore_errors=True)
        with suppress(HandeyeError):  # the old report can still be read
            write_report(screens.parent)
    shutil.rmtree(folder / "checks", ignore_errors=True)
