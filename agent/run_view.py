"""The read-only model of a run, built from its event log, from which every output of a run is made.

Terminal, `report.html`, suite report, UI, JSON, Markdown, export and anchors read a `RunView`. It groups the events by
step and gives each step the outcome of its action, which the log has in the observation of the next step.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.agent.event_log import (
    ApprovalReceived,
    ApprovalRequested,
    Decided,
    Ended,
    Guarded,
    Noted,
    Observed,
    Performed,
    Started,
    read_events,
)
from handeye.perception.usage import Usage
from handeye.tools.actions import Done
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from handeye.agent.event_log import AnyEvent
    from handeye.perception.outcome import Outcome

#: The only form of a screenshot's name: anything else in its place must not become a link.
_DIGEST = re.compile(r"[0-9a-f]{8,128}")


class Label(NamedTuple):
    """How a state is displayed: its word, and the tone that its colour is chosen by."""

    word: str
    tone: str
    """`good`, `warn`, `bad` or `calm`."""


#: How a run can end.
RUN_LABELS = {
    "succeeded": Label("succeeded", "good"),
    "failed": Label("failed", "bad"),
    "stuck": Label("stuck", "warn"),
    "refused": Label("refused", "warn"),
    "out_of_budget": Label("out of budget", "warn"),
    "interrupted": Label("interrupted", "calm"),
    "waiting": Label("waiting for an answer", "calm"),
    "broken": Label("broken", "bad"),
    "unfinished": Label("unfinished", "calm"),
}
#: How a step can end.
STEP_LABELS = {
    "confirmed": Label("confirmed", "good"),
    "no_effect": Label("no effect", "warn"),
    "unexpected": Label("unexpected", "bad"),
    "unknown": Label("unknown", "calm"),
    "failed": Label("failed", "bad"),
    "refused": Label("refused", "warn"),
    "waiting": Label("waiting", "calm"),
    "answered": Label("answered", "calm"),
    "done": Label("done", "good"),
    "gave_up": Label("gave up", "bad"),
}


@dataclass
class Question:
    """A question to the user, and the answer if there was one."""

    text: str
    answer: str | None = None


@dataclass
class StepView:
    """One turn of the loop, as far as it got."""

    number: int
    anchor: str
    """Unique in its run. A number can occur twice: after a crash, a step begins again."""
    observation: Observed | None = None
    decision: Decided | None = None
    guard: Guarded | None = None
    questions: list[Question] = field(default_factory=list)
    execution: Performed | None = None
    outcome: Outcome | None = None
    next_observation: Observed | None = None
    """The observation after the action."""
    remarks: list[str] = field(default_factory=list)

    def add(self, event: AnyEvent) -> None:
        """Store an event of this step."""
        match event:
            case Observed():
                self.observation = event
            case Decided():
                self.decision = event
            case Guarded():
                self.guard = event
            case ApprovalRequested():
                self.questions.append(Question(event.question))
            case ApprovalReceived():
                if self.questions and self.questions[-1].answer is None:
                    self.questions[-1].answer = event.answer
                else:
                    self.questions.append(Question("", event.answer))
            case Performed():
                self.execution = event
            case Noted():
                self.remarks.append(event.text)

    @property
    def state(self) -> str:
        """A key of `STEP_LABELS`; empty for a step that ended without an outcome."""
        if self.execution and self.execution.failed:
            return "failed"
        if self.outcome:
            return self.outcome.kind
        if self.decision and isinstance(self.decision.action, Done):
            return "done" if self.decision.action.success else "gave_up"
        if self.execution:
            return ""
        if self.guard and self.guard.decision == "deny":
            return "refused"
        if self.questions:
            return "waiting" if self.questions[-1].answer is None else "answered"
        return ""

    @property
    def label(self) -> Label:
        """The word and tone of `state`."""
        return STEP_LABELS.get(self.state, Label("", "none"))

    @property
    def description(self) -> str:
        """The action in words."""
        return self.decision.description if self.decision else "observed the screen; no decision was recorded"

    @property
    def reasoning(self) -> str:
        """Why the action was chosen; empty if the text only repeats the description."""
        reasoning = self.decision.reasoning if self.decision else ""
        return "" if reasoning == self.description else reasoning

    @property
    def evidence(self) -> str:
        """The evidence for `state`, in words."""
        if self.execution and self.execution.failed:
            return self.execution.result
        if self.outcome:
            return self.outcome.evidence
        if self.state == "refused" and self.guard:
            return self.guard.reason
        return ""

    @property
    def result(self) -> str:
        """What the action returned; empty for a failed action, whose result is the evidence."""
        return self.execution.result if self.execution and not self.execution.failed else ""

    @property
    def notes(self) -> list[str]:
        """The notes of the step itself, of its observation and of its decision."""
        observation = self.observation.notes if self.observation else ()
        return [*self.remarks, *observation, *(self.decision.notes if self.decision else ())]

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds spent on each part of the step: `observe`, `decide`, `act`."""
        parts = {"observe": self.observation, "decide": self.decision, "act": self.execution}
        return {name: part.seconds for name, part in parts.items() if part}


@dataclass
class Resumption:
    """The run was stopped here and resumed."""

    started: Started
    stopped: Ended | None
    """How it had ended before; None after a crash."""


@dataclass
class RunView:
    """A whole run."""

    folder: Path | None = None
    record: dict[str, Any] = field(default_factory=dict)
    """The content of `run.json`."""
    started: Started | None = None
    ended: Ended | None = None
    """None while the run works, and after a crash."""
    entries: list[StepView | Resumption] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Notes that belong to no step."""
    first_at: str = ""
    last_at: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """The settings of the run, as its first event or else `run.json` has them."""
        config = (self.started.config if self.started else None) or self.record.get("config")
        return config if isinstance(config, dict) else {}

    @property
    def goal(self) -> str:
        """The goal; empty if no file of the run has it."""
        return self.started.goal if self.started else str(self.config.get("goal", ""))

    @property
    def status(self) -> str:
        """A key of `RUN_LABELS`."""
        return self.ended.status if self.ended else "unfinished"

    @property
    def label(self) -> Label:
        """The word and tone of `status`."""
        return RUN_LABELS[self.status]

    @property
    def reason(self) -> str:
        """Why the run ended so."""
        return self.ended.reason if self.ended else "No end was recorded: the run was cut off, or still works."

    @property
    def steps(self) -> list[StepView]:
        """The steps in the order in which they began."""
        return [entry for entry in self.entries if isinstance(entry, StepView)]

    @property
    def action_count(self) -> int:
        """How many actions were performed."""
        return self.ended.steps if self.ended else sum(1 for step in self.steps if step.execution)

    @property
    def seconds(self) -> float:
        """The duration that the run reported, or else the time from its first event to its last."""
        if self.ended:
            return self.ended.seconds
        if not self.first_at:
            return 0.0
        start, end = datetime.fromisoformat(self.first_at), datetime.fromisoformat(self.last_at)
        return max(0.0, (end - start).total_seconds())

    @property
    def usage(self) -> Usage:
        """Model calls and tokens."""
        if self.ended:
            return self.ended.usage
        return sum((step.decision.usage for step in self.steps if step.decision), Usage())

    def screenshot_path(self, observation: Observed | None) -> str:
        """The screenshot's file relative to the run's folder; empty if it was not stored or was deleted."""
        if self.folder is None or observation is None or not _DIGEST.fullmatch(observation.screen):
            return ""
        path = f"screens/{observation.screen}.webp"
        return path if (self.folder / path).exists() else ""

    def add(self, event: AnyEvent) -> None:
        """Store the next event where it belongs."""
        self.first_at, self.last_at = self.first_at or event.at, event.at
        match event:
            case Started():
                self._add_start(event)
            case Ended():
                self.ended = event
            case Observed():
                self._add_observation(event)
            case Decided():
                step = self._step(event.step)
                if step.decision:  # a crash came between decision and action, and the step was decided again
                    step = self._begin_step(event.step, step.observation)
                step.add(event)
            case Noted(step=0):
                self.notes.append(event.text)
            case _:
                self._step(event.step).add(event)

    def _add_start(self, event: Started) -> None:
        if self.started is None:
            self.started = event
        else:
            self.entries.append(Resumption(event, self.ended))
        self.ended = None

    def _add_observation(self, event: Observed) -> None:
        before = next((step for step in reversed(self.steps) if step.number == event.step - 1), None)
        if before and before.next_observation is None:
            before.next_observation = event
            before.outcome = event.outcome
        step = self._step(event.step)
        if step.decision:
            step = self._begin_step(event.step)
        step.add(event)

    def _step(self, number: int) -> StepView:
        for entry in reversed(self.entries):
            if isinstance(entry, StepView) and entry.number == number:
                return entry
        return self._begin_step(number)

    def _begin_step(self, number: int, observation: Observed | None = None) -> StepView:
        step = StepView(number, f"s{len(self.entries) + 1}", observation)
        self.entries.append(step)
        return step


def build_run_view(events: Iterable[AnyEvent], folder: Path | None = None) -> RunView:
    """The view of a run from its events, oldest first."""
    view = RunView(folder)
    for event in events:
        view.add(event)
    return view


def read_run_view(folder: Path) -> RunView:
    """The view of the run in a folder, at any time: also while it works, and after a crash.

    Raises UsageError if the folder has neither an event log nor a `run.json`.
    """
    events, record = folder / "trace.jsonl", read_record(folder)
    if record is None and not events.exists():
        raise UsageError(f"{folder} is not a run's folder (no run.json, no trace.jsonl); see `ls runs`")
    view = build_run_view(read_events(events) if events.exists() else (), folder)
    view.record = record or {}
    return view


def read_record(folder: Path) -> dict[str, Any] | None:
    """The content of a run's `run.json`; empty if it is damaged, None if there is none."""
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    if not isinstance(record, dict):
        return {}
    if "verdict" in record:  # schema version 1
        record.setdefault("status", record.pop("verdict"))
    return record


def format_duration(seconds: float) -> str:
    """Seconds as text: 40 ms, 1.2 s, 3 min 5 s."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
