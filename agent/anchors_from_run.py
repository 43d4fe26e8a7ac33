"""From a run's folder to its anchors: what it did, and what each target was known by, taken from trace and pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handeye.agent.event_log import read_events
from handeye.agent.run_view import build_run_view
from handeye.policies.replay.anchor_action import FINGERPRINT, screen_state
from handeye.policies.replay.anchors import Anchor, ScreenState, action_in_words
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


@dataclass
class RunAnchors:
    """A run as it can be done again."""

    anchors: list[Anchor] = field(default_factory=list)
    patches: dict[str, bytes] = field(default_factory=dict)
    """The pictures of its targets by digest, as PNG."""
    by: list[str] = field(default_factory=list)
    """Who decided each step."""
    steps: list[int] = field(default_factory=list)
    """Which step of an earlier run each has repeated with all its signals; -1 for none, and where some differed."""
    repeated: list[int] = field(default_factory=list)
    """Which step of an earlier run each has repeated; -1 for none."""


def anchors_from_run(run: Path) -> RunAnchors:
    """What a run did, without what it did in vain, and without waits that nobody asked for."""
    story = build_run_view(read_events(run / "trace.jsonl"))
    goal = story.started.goal if story.started else ""
    kept = _kept(story.steps)
    found = RunAnchors()
    for step in kept:
        reasoning = step.reasoning
        assert reasoning is not None
        memory, memo = ReplayState.read(reasoning.memo)
        signatures = {name: _whole(signature, step, run, found) for name, signature in reasoning.signatures.items()}
        action = action_in_words(reasoning.action, reasoning.signatures)
        found.anchors.append(
            Anchor(
                description=describe(parse_action(action)),
                reasoning=reasoning.reasoning,
                action=action,
                targets=signatures,
                before=_before(step),
                after=step.after.screen[:FINGERPRINT] if step.after else "",
                effect=step.outcome.kind if step.outcome else "unknown",
                optional=_optional(reasoning, goal),
                memo=_clause(memo) if reasoning.by == PLAIN_ENGLISH or "at" in memo else memo,
            )
        )
        found.by.append(reasoning.by)
        found.repeated.append(memory.step)
        found.steps.append(memory.step if memory.whole else -1)
    _place_checks(found, goal, kept)
    return found


def _kept(steps: list[StepView]) -> list[StepView]:
    """The steps that brought the run on: the last of those that did the same in vain, and none of its own waits."""
    kept: list[StepView] = []
    for step in steps:
        reasoning = step.reasoning
        if reasoning is None or step.state in ("failed", "refused", "waiting", "gave_up"):
            continue
        if ReplayState.read(reasoning.memo)[0].own or (
            reasoning.by == PLAIN_ENGLISH and reasoning.action.kind == "wait"
        ):
            continue
        if kept and _in_vain(kept[-1]) and (reasoning.by == "recovery" or _alike(kept[-1], step)):
            kept.pop()
        kept.append(step)
    return kept


def _in_vain(step: StepView) -> bool:
    return step.outcome is not None and step.outcome.kind == "no_effect"


def _alike(one: StepView, other: StepView) -> bool:
    assert one.reasoning is not None
    assert other.reasoning is not None
    return (one.reasoning.action.kind, one.reasoning.description) == (
        other.reasoning.action.kind,
        other.reasoning.description,
    )


def _before(step: StepView) -> ScreenState:
    if step.look is None:
        return ScreenState()
    return ScreenState(**screen_state(step.look.signals), screen=step.look.screen[:FINGERPRINT])


def _whole(signature: TargetSignature, step: StepView, run: Path, found: RunAnchors) -> TargetSignature:
    """A sight with what only the picture says: the text at the point where no element is known, and the patch."""
    from handeye.perception.reading import ocr
    from handeye.policies.replay.signatures import cut_patch, line_at, nearby_texts, share
    from handeye.tools.geometry import Box

    screen = _screen(step, run)
    if screen is None:
        return signature
    if not signature.role or signature.spot:  # of a drawing the platform tells nothing: its own texts are its landmarks
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
        found.patches[signature.patch] = png
    return signature


def _screen(step: StepView, run: Path) -> Screenshot | None:
    from handeye.tools.screenshot import Screenshot, open_image

    if step.look is None:
        return None
    try:
        return Screenshot(open_image(run / "screens" / f"{step.look.screen}.webp"))
    except UsageError:  # the pictures of a run may have been thrown away
        return None


def _clause(memo: dict[str, Any]) -> dict[str, Any]:
    """Where plain English is in its clauses; what it has read meanwhile is read anew."""
    return {name: memo[name] for name in ("at", "stage", "tries", "kept") if memo.get(name) or name == "at"}


def _optional(reasoning: Decided, goal: str) -> bool:
    """Whether the step closed what sometimes comes."""
    clause = reasoning.memo.get("at")
    if clause is not None and clause in conditional(goal):
        return True
    if "close it with" in reasoning.reasoning:
        return True
    signature = reasoning.signatures.get("target")
    return reasoning.action.kind == "click" and signature is not None and signature.overlay and closes(signature.name)


def _place_checks(found: RunAnchors, goal: str, kept: list[StepView]) -> None:
    """Note before which step each explicit check of the goal held last, where a model worked on it."""
    if any(anchor.clause is not None for anchor in found.anchors):
        return  # plain English judges the checks itself, at their clauses
    held = [ReplayState.read(step.reasoning.memo)[0].held for step in kept if step.reasoning]
    for at, checks in enumerate(place_checks(goal_checks(goal).checks, held)):
        if checks:
            found.anchors[at] = found.anchors[at].model_copy(update={"checks": tuple(checks)})
