"""A run's events put in the order in which people read them: step by step, with what each action changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

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
)
from handeye.perception.usage import Usage
from handeye.tools.actions import Done

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handeye.agent.event_log import AnyEvent
    from handeye.perception.outcome import Outcome


@dataclass
class Question:
    """A question to the person, and the answer when there was one."""

    question: str
    answer: str | None = None


@dataclass
class StepView:
    """One turn of the loop, as far as it got."""

    number: int
    anchor: str
    """Unique in its story, where a number may come twice: after a crash a step begins again."""
    look: Observed | None = None
    reasoning: Decided | None = None
    judged: Guarded | None = None
    talks: list[Question] = field(default_factory=list)
    acted: Performed | None = None
    outcome: Outcome | None = None
    after: Observed | None = None
    """The look that followed the action."""
    notes: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """One word for how it went: an outcome's kind, `failed`, `refused`, `done`, `gave_up`, `waiting` or empty."""
        if self.acted and self.acted.failed:
            return "failed"
        if self.outcome:
            return self.outcome.kind
        if self.reasoning and isinstance(self.reasoning.action, Done):
            return "done" if self.reasoning.action.success else "gave_up"
        if self.acted:
            return ""
        if self.judged and self.judged.decision == "deny":
            return "refused"
        if self.talks:
            return "waiting" if self.talks[-1].answer is None else "answered"
        return ""

    @property
    def evidence(self) -> str:
        """What `state` rests on, in words."""
        if self.acted and self.acted.failed:
            return self.acted.result
        if self.outcome:
            return self.outcome.evidence
        if self.state == "refused" and self.judged:
            return self.judged.reason
        return ""

    @property
    def result(self) -> str:
        """What the action gave, where that is not the evidence already."""
        return self.acted.result if self.acted and not self.acted.failed else ""

    @property
    def seconds(self) -> dict[str, float]:
        """How long looking, thinking and acting took."""
        parts = {"look": self.look, "think": self.reasoning, "act": self.acted}
        return {name: part.seconds for name, part in parts.items() if part}


@dataclass
class Resumption:
    """The run was stopped here and taken up again."""

    started: Started
    stopped: Ended | None
    """How it had stopped; None after a crash."""


@dataclass
class RunView:
    """A whole run."""

    started: Started | None = None
    ended: Ended | None = None
    """None while the run is at work, and after a crash."""
    entries: list[StepView | Resumption] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Remarks that belong to no step."""
    first: str = ""
    last: str = ""

    @property
    def steps(self) -> list[StepView]:
        """The steps of the run, in order."""
        return [entry for entry in self.entries if isinstance(entry, StepView)]

    @property
    def taken(self) -> int:
        """How many actions were carried out."""
        return self.ended.steps if self.ended else sum(1 for step in self.steps if step.acted)

    @property
    def seconds(self) -> float:
        """From the first event to the last where the run itself did not say."""
        if self.ended:
            return self.ended.seconds
        if not self.first:
            return 0.0
        return max(0.0, (datetime.fromisoformat(self.last) - datetime.fromisoformat(self.first)).total_seconds())

    @property
    def usage(self) -> Usage:
        """The model usage of all steps."""
        if self.ended:
            return self.ended.usage
        return sum((step.reasoning.usage for step in self.steps if step.reasoning), Usage())

    def add(self, event: AnyEvent) -> None:
        """Put the next event where it belongs."""
        self.first, self.last = self.first or event.at, event.at
        match event:
            case Started():
                self._start(event)
            case Ended():
                self.ended = event
            case Observed():
                self._look(event)
            case Decided():
                step = self._step(event.step)
                if step.reasoning:  # a crash came between deciding and acting, and it was decided again
                    step = self._begin(event.step, step.look)
                step.reasoning = event
            case Guarded():
                self._step(event.step).judged = event
            case ApprovalRequested():
                self._step(event.step).talks.append(Question(event.question))
            case ApprovalReceived():
                self._answer(event)
            case Performed():
                self._step(event.step).acted = event
            case Noted(step=0):
                self.notes.append(event.text)
            case Noted():
                self._step(event.step).notes.append(event.text)

    def _start(self, event: Started) -> None:
        if self.started is None:
            self.started = event
        else:
            self.entries.append(Resumption(event, self.ended))
        self.ended = None

    def _look(self, event: Observed) -> None:
        before = next((step for step in reversed(self.steps) if step.number == event.step - 1), None)
        if before and before.after is None:
            before.after = event
            before.outcome = event.outcome
        step = self._step(event.step)
        if step.reasoning:
            step = self._begin(event.step)
        step.look = event

    def _answer(self, event: ApprovalReceived) -> None:
        talks = self._step(event.step).talks
        if talks and talks[-1].answer is None:
            talks[-1].answer = event.answer
        else:
            talks.append(Question("", event.answer))

    def _step(self, number: int) -> StepView:
        for entry in reversed(self.entries):
            if isinstance(entry, StepView) and entry.number == number:
                return entry
        return self._begin(number)

    def _begin(self, number: int, look: Observed | None = None) -> StepView:
        step = StepView(number, f"s{len(self.entries) + 1}", look)
        self.entries.append(step)
        return step


def build_run_view(events: Iterable[AnyEvent]) -> RunView:
    """The story of a run from its events, oldest first."""
    story = RunView()
    for event in events:
        story.add(event)
    return story


def format_duration(seconds: float) -> str:
    """Seconds for people: 40 ms, 1.2 s, 3 min 5 s."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
