"""What a page tells of a suite, as plain data: results, their attempts, and the steps of their runs with pictures.

`story_of` reads it from results and from the folders of their runs; whoever shows it needs no more than `model_dump`.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from handeye.agent.event_log import read_events
from handeye.agent.report import overlay
from handeye.agent.report.run_page import picture_link, svg_marks
from handeye.agent.run_view import build_run_view
from handeye.tools.browser.page_log import PAGE_LOG, PageLogEntry, read_page_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handeye.agent.event_log import Observed
    from handeye.agent.run_view import RunView, StepView
    from handeye.scenarios.checks.run_check import CheckResult
    from handeye.scenarios.results import Attempt, ScenarioResult

#: Longer texts are cut; the run's own files have all of them.
MAX_TEXT = 600
#: Entries of a page's log that one attempt shows.
MAX_LOG_ENTRIES = 300


class PageData(BaseModel):
    model_config = ConfigDict(frozen=True)


class MarkedScreenshot(PageData):
    """A screenshot, and what is drawn over it."""

    file: str
    """Relative to the page."""
    size: tuple[int, int]
    marks: str = ""
    """The inside of an SVG of that size."""


class StepData(PageData):
    """One step."""

    number: int
    said: str
    reasoning: str = ""
    state: str = ""
    evidence: str = ""
    by: str = ""
    """Who decided: a policy, `replay`, a model."""
    found_by: str = ""
    title: str = ""
    url: str = ""
    at: str = ""
    seconds: float = 0.0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    thinking: float = 0.0
    """Seconds that deciding took."""
    before: MarkedScreenshot | None = None
    after: MarkedScreenshot | None = None
    notes: tuple[str, ...] = ()


class CheckView(PageData):
    """A check, what was expected, and what was seen."""

    when: str
    state: str
    expected: str
    seen: str = ""
    picture: str = ""
    """Relative to the page; empty where none was kept."""


class AttemptView(PageData):
    """One attempt."""

    number: int
    status: str
    run_status: str | None = None
    reason: str = ""
    seconds: float = 0.0
    steps: int = 0
    model_calls: int = 0
    tokens: int = 0
    replayed: int = 0
    healed: tuple[str, ...] = ()
    anchors: str = ""
    checks: tuple[CheckView, ...] = ()
    report: str = ""
    """The run's own report, relative to the page; empty when its run was not kept."""
    model: str = ""
    policy: str = ""
    done: tuple[StepData, ...] = ()
    heard: tuple[PageLogEntry, ...] = ()
    """What pages said on their console, and asked for; the last of it, where it is much."""
    unheard: int = 0
    """Entries before these, which only the run's folder has."""


class ScenarioView(PageData):
    """One scenario."""

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
    """From the first scenario's beginning to the last one's end."""
    counts: dict[str, int] = Field(default_factory=dict)
    results: tuple[ScenarioView, ...] = ()


def suite_view(results: Sequence[ScenarioResult], seconds: float, beside: Path) -> SuiteView:
    """The story of a run of suites, for a page that lies in the folder `beside`."""
    return SuiteView(
        seconds=round(seconds, 3),
        counts=dict(Counter(str(result.status) for result in results)),
        results=tuple(scenario_view(result, beside) for result in results),
    )


def scenario_view(result: ScenarioResult, beside: Path) -> ScenarioView:
    """One scenario with all its attempts."""
    told = result.model_dump(include={"number", "name", "suite", "file", "line", "tags", "status", "reason", "seconds"})
    return ScenarioView(**told, attempts=tuple(attempt_view(each, beside) for each in result.attempts))


def attempt_view(attempt: Attempt, beside: Path) -> AttemptView:
    """One attempt, with what its run's folder still holds."""
    told = attempt.model_dump(
        include={"number", "status", "run_status", "reason", "seconds", "steps", "model_calls", "tokens", "replayed"}
        | {"healed", "anchors"}
    ) | {"checks": tuple(_check(each, beside) for each in attempt.checks)}
    folder = Path(attempt.run) if attempt.run else None
    if folder is None or not (folder / "trace.jsonl").exists():
        return AttemptView(**told)
    story = build_run_view(read_events(folder / "trace.jsonl"))
    place, heard = _from(beside, folder), tuple(read_page_log(folder / PAGE_LOG))
    return AttemptView(
        **told,
        report=f"{place}/report.html" if (folder / "report.html").exists() else "",
        model=story.started.model if story.started else "",
        policy=story.started.policy if story.started else "",
        done=tuple(_steps(folder, place, story)),
        heard=heard[-MAX_LOG_ENTRIES:],
        unheard=max(0, len(heard) - MAX_LOG_ENTRIES),
    )


def _steps(folder: Path, place: str, story: RunView) -> Iterable[StepData]:
    for step in story.steps:
        reasoning, look = step.reasoning, step.look
        usage = reasoning.usage if reasoning else None
        aim = overlay.of_thought(reasoning, look.size) if reasoning and look else None
        change = overlay.of_change(step.outcome.box, step.after.size) if step.outcome and step.after else None
        yield StepData(
            number=step.number,
            said=_cut(reasoning.description if reasoning else "looked, and got no further"),
            reasoning=_cut(reasoning.reasoning) if reasoning and reasoning.reasoning != reasoning.description else "",
            state=step.state,
            evidence=_cut(step.evidence or step.result),
            by=reasoning.by if reasoning else "",
            found_by=reasoning.grounded_by if reasoning else "",
            title=_cut(look.signals.title, 160) if look else "",
            url=_cut(look.signals.url, 300) if look else "",
            at=look.at if look else "",
            seconds=round(sum(step.seconds.values()), 3),
            calls=usage.calls if usage else 0,
            tokens_in=usage.tokens_in if usage else 0,
            tokens_out=usage.tokens_out if usage else 0,
            thinking=round(reasoning.seconds, 3) if reasoning else 0.0,
            before=_picture(folder, place, look, aim),
            after=_picture(folder, place, step.after, change),
            notes=_notes(step),
        )


def _notes(step: StepView) -> tuple[str, ...]:
    notes = [*step.notes, *(step.look.notes if step.look else ()), *(step.reasoning.notes if step.reasoning else ())]
    return tuple(_cut(note) for note in notes)


def _picture(folder: Path, place: str, look: Observed | None, over: overlay.Overlay | None) -> MarkedScreenshot | None:
    if look is None or not (file := picture_link(folder, look)):
        return None
    return MarkedScreenshot(file=f"{place}/{file}", size=look.size, marks=svg_marks(over) if over else "")


def _check(judged: CheckResult, beside: Path) -> CheckView:
    kept = getattr(judged, "picture", "")
    return CheckView(
        when=judged.when,
        state=judged.status,
        expected=_cut(judged.expected),
        seen=_cut(judged.actual),
        picture=_from(beside, Path(kept)) if kept and Path(kept).exists() else "",
    )


def _from(beside: Path, path: Path) -> str:
    """A path as a page in the folder `beside` refers to it."""
    return quote(os.path.relpath(path, beside).replace(os.sep, "/"))


def _cut(text: str, most: int = MAX_TEXT) -> str:
    return text if len(text) <= most else text[:most] + " …"
