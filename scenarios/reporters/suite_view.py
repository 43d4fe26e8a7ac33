"""The results of suites as plain data for a page: scenarios, their attempts, and the steps of the attempts' runs."""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import Field

from handeye.agent.report.pages import cut_text
from handeye.agent.report.run_data import PageData, StepData, step_data
from handeye.agent.run_view import read_run_view
from handeye.tools.browser.page_log import PAGE_LOG, PageLogEntry, read_page_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.checks.run_check import CheckResult
    from handeye.scenarios.results import Attempt, ScenarioResult

#: Longer texts are cut; the run's own files have all of them.
MAX_TEXT = 600
#: Entries of a page's log that one attempt displays.
MAX_LOG_ENTRIES = 300

_cut = partial(cut_text, limit=MAX_TEXT)


class CheckView(PageData):
    """A check: what was expected, and what was observed."""

    when: str
    state: str
    expected: str
    observed: str = ""
    picture: str = ""
    """Relative to the page; empty if none was stored."""


class AttemptView(PageData):
    """One attempt."""

    number: int
    status: str
    run_status: str | None = None
    reason: str = ""
    seconds: float = 0.0
    step_count: int = 0
    model_calls: int = 0
    tokens: int = 0
    replayed: int = 0
    healed: tuple[str, ...] = ()
    anchors: str = ""
    checks: tuple[CheckView, ...] = ()
    report: str = ""
    """The run's own report, relative to the page; empty if the run's files were deleted."""
    model: str = ""
    policy: str = ""
    steps: tuple[StepData, ...] = ()
    """Empty if the run's files were deleted."""
    page_log: tuple[PageLogEntry, ...] = ()
    """Console messages and requests of pages: the last `MAX_LOG_ENTRIES`."""
    omitted_log_entries: int = 0
    """How many earlier entries only the run's folder has."""


class ScenarioView(PageData):
    """One scenario with all its attempts."""

    number: int
    name: str
    suite: str
    file: str
    line: int
    tags: tuple[str, ...] = ()
    status: str
    reason: str = ""
    seconds: float = 0.0
    attempts: tuple[AttemptView, ...] = ()


class SuiteView(PageData):
    """All results of one run of suites."""

    seconds: float
    """From the start of the first scenario to the end of the last."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Scenarios by status."""
    results: tuple[ScenarioView, ...] = ()


def suite_view(results: Sequence[ScenarioResult], seconds: float, page_folder: Path) -> SuiteView:
    """The view of a run of suites, for a page in `page_folder`."""
    return SuiteView(
        seconds=round(seconds, 3),
        counts=dict(Counter(str(result.status) for result in results)),
        results=tuple(scenario_view(result, page_folder) for result in results),
    )


def scenario_view(result: ScenarioResult, page_folder: Path) -> ScenarioView:
    """The view of one scenario."""
    fields = {"number", "name", "suite", "file", "line", "tags", "status", "reason", "seconds"}
    attempts = tuple(attempt_view(each, page_folder) for each in result.attempts)
    return ScenarioView(**result.model_dump(include=fields), attempts=attempts)


def attempt_view(attempt: Attempt, page_folder: Path) -> AttemptView:
    """The view of one attempt, with the steps that its run's folder still has."""
    fields = {"number", "status", "run_status", "reason", "seconds", "model_calls", "tokens", "replayed", "healed"}
    view = AttemptView(
        **attempt.model_dump(include=fields | {"anchors"}),
        step_count=attempt.steps,
        checks=tuple(_check_view(each, page_folder) for each in attempt.checks),
    )
    folder = Path(attempt.run) if attempt.run else None
    if folder is None or not (folder / "trace.jsonl").exists():
        return view
    run, path = read_run_view(folder), _relative(folder, page_folder)
    log = tuple(read_page_log(folder / PAGE_LOG))
    return view.model_copy(
        update={
            "report": f"{path}/report.html" if (folder / "report.html").exists() else "",
            "model": run.started.model if run.started else "",
            "policy": run.started.policy if run.started else "",
            "steps": tuple(step_data(run, step, path, MAX_TEXT) for step in run.steps),
            "page_log": log[-MAX_LOG_ENTRIES:],
            "omitted_log_entries": max(0, len(log) - MAX_LOG_ENTRIES),
        }
    )


def _check_view(check: CheckResult, page_folder: Path) -> CheckView:
    picture = Path(check.picture) if check.picture else None
    return CheckView(
        when=check.when,
        state=check.status,
        expected=_cut(check.expected),
        observed=_cut(check.actual),
        picture=_relative(picture, page_folder) if picture and picture.exists() else "",
    )


def _relative(path: Path, page_folder: Path) -> str:
    """The path as a URL relative to a page in `page_folder`."""
    return quote(os.path.relpath(path, page_folder).replace(os.sep, "/"))
