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
"""All runs with their pictures; those of attempts that did not pass; all runs, and no pictures."""


def parse_retention(word: str) -> Retention:
    """What `--trace` says. Raises UsageError for what is none of its words."""
    for known in get_args(Retention):
        if word == known:
            return known  # type: ignore[no-any-return]
    raise UsageError(f"--trace {word!r} is none of {', '.join(get_args(Retention))}; give one of them")


def prune_attempt(attempt: Attempt, folder: Path, keep: Retention) -> Attempt:
    """Take away what is not to be kept of the attempt in this folder; the attempt then tells of what there is."""
    if keep == "off":
        _without_pictures(folder)
        checks = tuple(each.model_copy(update={"picture": ""}) for each in attempt.checks)
        return attempt.model_copy(update={"checks": checks})
    if keep == "retain-on-failure" and attempt.status == "passed":
        shutil.rmtree(folder, ignore_errors=True)
        return attempt.model_copy(update={"run": ""})
    return attempt


def _without_pictures(folder: Path) -> None:
    """The runs in a folder are left without pictures, and their reports without links to any."""
    for screens in folder.glob("*/screens"):
        shutil.rmtree(screens, ignore_errors=True)
        with suppress(HandeyeError):  # the report that there is can still be read
            write_report(screens.parent)
    shutil.rmtree(folder / "checks", ignore_errors=True)
