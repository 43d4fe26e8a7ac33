"""Anchors from a run: reads the event log and the screenshots of a run, and returns the steps that can be repeated.

Data flows run → anchors file → policy: this module is the first arrow; `policies.replay.anchors` stores the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handeye.agent.run_view import read_run_view
from handeye.policies.replay.anchor_matching import FINGERPRINT, screen_state
from handeye.policies.replay.anchors import Anchor, RunAnchors, ScreenState, action_in_words
from handeye.policies.replay.goal_checks import closes, conditional, goal_checks, place_checks
from handeye.policies.replay.policy import ReplayState
from handeye.tools.actions import describe, parse_action
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.agent.event_log import Decided
    from handeye.agent.run_view import StepView
    from handeye.policies.replay.signatures import TargetSignature
    from handeye.tools.screenshot import Screenshot

PLAIN_ENGLISH = "plain english"


def anchors_from_run(run: Path) -> RunAnchors:
    """The anchors of a run, without steps that had no effect and without waits that the goal does not ask for."""
    view = read_run_view(run)
    goal = view.goal
    repeatable = _steps_to_repeat(view.steps)
    result = RunAnchors()
    for step in repeatable:
        decision = step.decision
        assert decision is not None
        state, memo = ReplayState.read(decision.memo)
        signatures = {
            name: _complete_signature(signature, step, run, result) for name, signature in decision.signatures.items()
        }
        action = action_in_words(decision.action, decision.signatures)
        result.anchors.append(
            Anchor(
                description=describe(parse_action(action)),
                reasoning=decision.reasoning,
                action=action,
                targets=signatures,
                before=_before(step),
                after=step.next_observation.screen[:FINGERPRINT] if step.next_observation else "",
                effect=step.outcome.kind if step.outcome else "unknown",
                optional=_optional(decision, goal),
                memo=_clause(memo) if decision.by == PLAIN_ENGLISH or "at" in memo else memo,
            )
        )
        result.by.append(decision.by)
        result.repeated.append(state.step)
        result.steps.append(state.step if state.all_signals else -1)
    _place_checks(result, goal, repeatable)
    return result


def _steps_to_repeat(steps: list[StepView]) -> list[StepView]:
    """The steps to repeat: of equal steps without effect only the last, and no waits of the policy itself."""
    repeatable: list[StepView] = []
    for step in steps:
        decision = step.decision
        if decision is None or step.state in ("failed", "refused", "waiting", "gave_up"):
            continue
        if ReplayState.read(decision.memo)[0].own_step or (
            decision.by == PLAIN_ENGLISH and decision.action.kind == "wait"
        ):
            continue
        if (
            repeatable
            and _had_no_effect(repeatable[-1])
            and (decision.by == "recovery" or _same_decision(repeatable[-1], step))
        ):
            repeatable.pop()
        repeatable.append(step)
    return repeatable


def _had_no_effect(step: StepView) -> bool:
    return step.outcome is not None and step.outcome.kind == "no_effect"


def _same_decision(one: StepView, other: StepView) -> bool:
    assert one.decision is not None
    assert other.decision is not None
    return (one.decision.action.kind, one.decision.description) == (
        other.decision.action.kind,
        other.decision.description,
    )


def _before(step: StepView) -> ScreenState:
    if step.observation is None:
        return ScreenState()
    return ScreenState(**screen_state(step.observation.signals), screen=step.observation.screen[:FINGERPRINT])


def _complete_signature(signature: TargetSignature, step: StepView, run: Path, result: RunAnchors) -> TargetSignature:
    """The signature with what only the screenshot shows: the text at a point without an element, and the patch."""
    from handeye.perception.reading import ocr
    from handeye.policies.replay.patches import cut_patch
    from handeye.policies.replay.signatures import line_at, nearby_texts, share
    from handeye.tools.geometry import Box

    screen = _screenshot(step, run)
    if screen is None:
        return signature
    if (
        not signature.role or signature.spot
    ):  # the platform has no elements inside a drawing: texts read by OCR are the landmarks
        lines = ocr.read(screen)
        line = line_at(signature.point, lines)
        at = (
            (share(signature.point.x, line.box.left, line.box.width), 0.5)
            if line and not signature.role
            else signature.at
        )
        near = nearby_texts(
            signature.point, Box(*signature.point, signature.point.x + 1, signature.point.y + 1), lines, line
        )
        signature = signature.model_copy(update={"text": line.name if line else "", "near": near, "at": at})
    signature, png = cut_patch(signature, screen.image)
    if png:
        result.patches[signature.patch] = png
    return signature


def _screenshot(step: StepView, run: Path) -> Screenshot | None:
    from handeye.tools.screenshot import Screenshot, open_image

    if step.observation is None:
        return None
    try:
        return Screenshot(open_image(run / "screens" / f"{step.observation.screen}.webp"))
    except UsageError:  # the screenshots of a run may have been deleted
        return None


def _clause(memo: dict[str, Any]) -> dict[str, Any]:
    """The position of plain English in its clauses, without what it has read from the screen."""
    return {name: memo[name] for name in ("at", "stage", "tries", "kept") if memo.get(name) or name == "at"}


def _optional(decision: Decided, goal: str) -> bool:
    """Whether the step closed something that appears only sometimes."""
    clause = decision.memo.get("at")
    if clause is not None and clause in conditional(goal):
        return True
    if "close it with" in decision.reasoning:
        return True
    signature = decision.signatures.get("target")
    return decision.action.kind == "click" and signature is not None and signature.overlay and closes(signature.name)


def _place_checks(result: RunAnchors, goal: str, repeatable: list[StepView]) -> None:
    """Add each check of the goal to the last step before which it passed, where a model decided the steps."""
    if any(anchor.clause is not None for anchor in result.anchors):
        return  # plain English evaluates the checks itself, at their clauses
    held = [ReplayState.read(step.decision.memo)[0].passed_checks for step in repeatable if step.decision]
    for at, checks in enumerate(place_checks(goal_checks(goal).checks, held)):
        if checks:
            result.anchors[at] = result.anchors[at].model_copy(update={"checks": tuple(checks)})
