"""What the loop tries by itself before the run ends: a click without effect, no progress, an absent model server.

A click without effect is recovered in two stages, each tried once for one click on one screen: look closer and aim
again; press the element itself, without the mouse. Each stage is a step like any other: the guard judges it, journal
and event log contain it. A click is not repeated if it may change something that cannot be undone, or if a request that
may have changed something left after it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, TypeVar, cast

from handeye.agent.event_log import Noted
from handeye.agent.internal_actions import zoom_box
from handeye.agent.state import State, finished_steps
from handeye.policies.decision import Adapting, Decision
from handeye.tools.actions import Click, describe
from handeye.tools.errors import ModelAway

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.agent.run_context import RunContext
    from handeye.perception.observation import Observation
    from handeye.perception.outcome import Outcome
    from handeye.policies.decision import StepSummary

Node = TypeVar("Node", bound="Callable[[State], State]")

#: The stages of click recovery, as `State.recovery_stage` numbers them.
AIM_AGAIN, PRESS_ELEMENT = 1, 2
#: How many clicks are remembered that recovery was tried for.
MAX_RECOVERED = 20
#: Two points count as the same within this many pixels, on a screen of scale 1.
SAME_PLACE = 8

#: Seconds that a run waits for a model server in all; after them the run is broken and can be resumed.
MODEL_TIMEOUT = 120.0
#: The first and the longest pause between two requests, in seconds; each pause is twice the one before.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
#: How often a pause checks for a stop request, in seconds.
STOP_POLL_SECONDS = 0.1

#: Added to the evidence for a policy whose run makes no progress for the first time.
TRY_SOMETHING_ELSE = (
    "That leads nowhere. Do something else: aim at another element, go another way or to another page, "
    "or end with done and success false, saying what stands in the way"
)


def next_recovery_stage(
    context: RunContext, state: State, last: StepSummary, outcome: Outcome, before: Observation
) -> int:
    """The stage of click recovery to apply after a step with this outcome; 0 for none."""
    if outcome.kind != "no_effect" or not isinstance(last.action, Click) or context.journal.sent:
        return 0
    if state["recovery_stage"]:
        return state["recovery_stage"] + 1 if state["recovery_stage"] < PRESS_ELEMENT else 0
    if context.guard.risky(last.action, before, state["goal"]):
        return 0
    return 0 if _click_on_screen(last, state) in state["recovered_clicks"] else AIM_AGAIN


def recover_click(context: RunContext, state: State, observation: Observation) -> tuple[int, Decision | None]:
    """The stage that can be applied, and its decision; 0 and None if none can, and the policy has to choose."""
    stage = state["recovery_stage"]
    if not stage or not isinstance(click := finished_steps(state)[-1].action, Click):
        return 0, None
    target = click.target
    if stage == AIM_AGAIN:
        if aimed := _aim_again(click, observation, context):
            point = tuple(aimed.target.point or target.point or ())
            return stage, _decide(aimed, f"no effect: looked closer at {target} and found it at {point}", state)
        stage = PRESS_ELEMENT
    present = any(each.id == target.element and each.acts for each in observation.elements)
    if present and context.device.can_press and click.button == "left":
        return stage, _decide(click, f"no effect: press {target} itself, without the mouse", state)
    note = f"{describe(click)} changed nothing, and there is no other way to do it"
    context.record(Noted(step=state["step"], text=note))
    return 0, None


def add_recovered_click(state: State, stage: int) -> list[str]:
    """The clicks that recovery was tried for, with the last one if a stage is applied to it now."""
    if not stage or (click := _click_on_screen(finished_steps(state)[-1], state)) in state["recovered_clicks"]:
        return state["recovered_clicks"]
    return [*state["recovered_clicks"], click][-MAX_RECOVERED:]


def _click_on_screen(last: StepSummary, state: State) -> str:
    """What identifies a click on the screen that it was chosen on."""
    return f"{describe(last.action)} {state['recent_actions'][-1][2] if state['recent_actions'] else ''}"


def _decide(click: Click, reasoning: str, state: State) -> Decision:
    return Decision(reasoning=reasoning, action=click, by="recovery", memo=state["memo"])


def _aim_again(click: Click, observation: Observation, context: RunContext) -> Click | None:
    """The click at the point that a closer look finds; None if it is the same as before."""
    target = click.target
    if not target.phrase or target.point is None:
        return None
    grounding = context.perception.ground(replace(observation, view=zoom_box(target, observation)), target.phrase)
    if grounding is None or grounding.unclear or (grounding.element and grounding.element == target.element):
        return None
    near = SAME_PLACE * max(1.0, observation.screenshot.scale)
    if abs(grounding.point.x - target.point.x) <= near and abs(grounding.point.y - target.point.y) <= near:
        return None
    known = {"point": grounding.point, "box": grounding.box, "element": grounding.element}
    return click.model_copy(update={"target": target.model_copy(update=known)})


def handle_no_progress(context: RunContext, state: State, evidence: str) -> State:
    """Ask a policy that can adapt to try something else, once; otherwise the run ends as stuck."""
    if isinstance(context.policy, Adapting) and not state["no_progress_evidence"]:
        note = f"{evidence}; {context.policy.name} must try something else"
        context.record(Noted(step=state["step"], text=note))
        reason = f"{evidence}. {TRY_SOMETHING_ELSE}"
        return State(no_progress_evidence=evidence, recent_actions=[], recovery_stage=0, reason=reason)
    earlier = state["no_progress_evidence"]
    before = f", after it had to try something else because {earlier}" if earlier else ""
    return State(status="stuck", reason=f"{evidence}{before}")


def retry_while_model_is_away(context: RunContext, node: Node) -> Node:
    """The node, repeated while its model's server does not answer. It must have no effect before the model answers."""

    @wraps(node)
    def retrying(state: State) -> State:
        waited, pause = 0.0, FIRST_PAUSE
        while True:
            try:
                return node(state)
            except ModelAway as error:
                if waited >= MODEL_TIMEOUT:
                    raise
                context.record(Noted(step=state["step"], text=f"{error}; asking again in {pause:g} s"))
            until = time.monotonic() + pause
            while (left := until - time.monotonic()) > 0:
                if context.stop_requested():
                    return State(decision=None)
                time.sleep(min(STOP_POLL_SECONDS, left))
            waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE)

    return cast("Node", retrying)
