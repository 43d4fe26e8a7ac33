"""A run as JSON: its `RunView` as plain data, for programs and for pages that draw it with a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

import handeye.agent.report.overlay as overlay
from handeye.agent.report.pages import cut_text, svg_marks

if TYPE_CHECKING:
    from handeye.agent.event_log import Observed
    from handeye.agent.run_view import RunView, StepView


class PageData(BaseModel):
    """Plain data that does not change."""

    model_config = ConfigDict(frozen=True)


class MarkedScreenshot(PageData):
    """A screenshot and the marks to draw over it."""

    file: str
    """Path or address of the image."""
    size: tuple[int, int]
    marks: str = ""
    """The content of an SVG element of this size."""


class StepData(PageData):
    """One step."""

    number: int
    description: str
    reasoning: str = ""
    state: str = ""
    """A key of `run_view.STEP_LABELS`, or empty."""
    evidence: str = ""
    by: str = ""
    """What decided: a policy, `replay` or a model."""
    grounded_by: str = ""
    title: str = ""
    url: str = ""
    at: str = ""
    """When the screen was observed."""
    seconds: float = 0.0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    decide_seconds: float = 0.0
    before: MarkedScreenshot | None = None
    """With the place where the action went."""
    after: MarkedScreenshot | None = None
    """With what the action changed."""
    notes: tuple[str, ...] = ()


class RunData(PageData):
    """One run."""

    goal: str
    status: str
    """A key of `run_view.RUN_LABELS`."""
    reason: str = ""
    answer: str = ""
    device: str = ""
    model: str = ""
    policy: str = ""
    started_at: str = ""
    seconds: float = 0.0
    actions: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    notes: tuple[str, ...] = ()
    steps: tuple[StepData, ...] = ()


def run_data(view: RunView) -> RunData:
    """The run as plain data; paths of screenshots are relative to its folder."""
    started, usage = view.started, view.usage
    return RunData(
        goal=view.goal,
        status=view.status,
        reason=view.reason,
        answer=view.ended.answer if view.ended else "",
        device=(started.device or started.on) if started else "",
        model=started.model if started else "",
        policy=started.policy if started else "",
        started_at=view.first_at,
        seconds=round(view.seconds, 3),
        actions=view.action_count,
        calls=usage.calls,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        notes=tuple(view.notes),
        steps=tuple(step_data(view, step) for step in view.steps),
    )


def step_data(view: RunView, step: StepView, folder: str = ".", max_text: int = 20_000) -> StepData:
    """One step as plain data. Its screenshots are below `folder`; texts are cut to `max_text` characters."""
    decision, before, after = step.decision, step.observation, step.next_observation
    usage = decision.usage if decision else None
    target = overlay.decision_overlay(decision, before.size) if decision and before else None
    change = overlay.change_overlay(step.outcome.box, after.size) if step.outcome and after else None
    return StepData(
        number=step.number,
        description=cut_text(step.description, max_text),
        reasoning=cut_text(step.reasoning, max_text),
        state=step.state,
        evidence=cut_text(step.evidence or step.result, max_text),
        by=decision.by if decision else "",
        grounded_by=decision.grounded_by if decision else "",
        title=cut_text(before.signals.title, 160) if before else "",
        url=cut_text(before.signals.url, 300) if before else "",
        at=before.at if before else "",
        seconds=round(sum(step.seconds.values()), 3),
        calls=usage.calls if usage else 0,
        tokens_in=usage.tokens_in if usage else 0,
        tokens_out=usage.tokens_out if usage else 0,
        decide_seconds=round(decision.seconds, 3) if decision else 0.0,
        before=_screenshot(view, before, folder, target),
        after=_screenshot(view, after, folder, change),
        notes=tuple(cut_text(note, max_text) for note in step.notes),
    )


def _screenshot(
    view: RunView, observation: Observed | None, folder: str, marks: overlay.Overlay | None
) -> MarkedScreenshot | None:
    path = view.screenshot_path(observation)
    if observation is None or not path:
        return None
    file = path if folder == "." else f"{folder}/{path}"
    return MarkedScreenshot(file=file, size=observation.size, marks=svg_marks(marks) if marks else "")
