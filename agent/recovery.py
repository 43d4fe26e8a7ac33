"""What the loop tries by itself when a click changed nothing, before the policy is asked again.

Two rungs, each climbed once for one click on one screen: look closer and aim anew; press the element itself, without
the mouse. Each is a step like any other: judged by the guard, journalled, told in the trace. A click that may change
something which cannot be taken back, or after which a request left that may have done so, is never done again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.agent.event_log import Noted
from handeye.agent.internal_actions import around
from handeye.agent.state import past
from handeye.policies.decision import Decision
from handeye.tools.actions import Click, Upload, describe

if TYPE_CHECKING:
    from handeye.agent.loop import RunContext
    from handeye.agent.state import State
    from handeye.perception.observation import Observation
    from handeye.perception.outcome import Outcome
    from handeye.policies.decision import StepSummary
    from handeye.tools.actions import Action

#: The rungs, as `State.rung` counts them.
AIM_ANEW, ITSELF = 1, 2
#: So many clicks are remembered to have been helped.
KEPT = 20
#: A place so few pixels off is the same place, on a screen of scale 1.
NEAR = 8


def next_recovery_stage(
    context: RunContext, state: State, last: StepSummary, outcome: Outcome, before: Observation
) -> int:
    """The rung to climb now that the outcome of a step is known; 0 for none."""
    if outcome.kind != "no_effect" or not isinstance(last.action, Click) or context.journal.sent:
        return 0
    if state["recovery_stage"]:
        return state["recovery_stage"] + 1 if state["recovery_stage"] < ITSELF else 0
    if context.guard.risky(last.action, before, state["goal"]):
        return 0
    return 0 if climb_of(last, state) in state["recovered_clicks"] else AIM_ANEW


def recover_click(context: RunContext, state: State, observation: Observation) -> tuple[int, Decision | None]:
    """The rung that helps, and its step; 0 and None when none does any more, and the policy is to choose."""
    recovery_stage = state["recovery_stage"]
    if not recovery_stage or not isinstance(click := past(state)[-1].action, Click):
        return 0, None
    if recovery_stage == AIM_ANEW:
        if aimed := _anew(click, observation, context):
            place = aimed.target.point or click.target.point
            reasoning = f"nothing came of it: looked closer at {click.target} and found it at {tuple(place or ())}"
            return recovery_stage, _step(aimed, reasoning, state)
        recovery_stage = ITSELF
    there = any(each.id == click.target.element and each.acts for each in observation.elements)
    if there and context.device.can_press and click.button == "left":
        return recovery_stage, _step(
            click, f"nothing came of it: press {click.target} itself, without the mouse", state
        )
    context.tell(
        Noted(step=state["step"], text=f"{describe(click)} changed nothing, and there is no other way to do it")
    )
    return 0, None


def with_recovered_click(state: State, recovery_stage: int) -> list[str]:
    """The clicks that were helped, with the one that is being helped."""
    if not recovery_stage or (recover_click := climb_of(past(state)[-1], state)) in state["recovered_clicks"]:
        return state["recovered_clicks"]
    return [*state["recovered_clicks"], recover_click][-KEPT:]


def climb_of(last: StepSummary, state: State) -> str:
    """What is climbed for: a click on the screen it was chosen on."""
    return f"{describe(last.action)} {state['tried'][-1][2] if state['tried'] else ''}"


def by_hand_or_itself(context: RunContext, action: Action, recovery_stage: int = 0) -> str:
    """Perform an action, on the last rung without the pointer; see Device.perform."""
    if recovery_stage == ITSELF and isinstance(action, Click) and context.device.can_press:
        return context.device.press(action)
    if isinstance(action, Upload) and (folder := context.run.config.folder):  # the journal and the trace keep it short
        whole = tuple(str(Path(folder, Path(path).expanduser())) for path in action.paths)
        action = action.model_copy(update={"paths": whole})
    return context.device.perform(action)


def _step(click: Click, reasoning: str, state: State) -> Decision:
    return Decision(reasoning=reasoning, action=click, by="ladder", memo=state["memo"])


def _anew(click: Click, observation: Observation, context: RunContext) -> Click | None:
    """The click at the place that a closer look gives; None when that is where it was."""
    target = click.target
    if not target.phrase or target.point is None:
        return None
    found = context.perception.ground(replace(observation, view=around(target, observation)), target.phrase)
    if found is None or (found.element and found.element == target.element):
        return None
    near = NEAR * max(1.0, observation.screenshot.scale)
    if abs(found.point.x - target.point.x) <= near and abs(found.point.y - target.point.y) <= near:
        return None
    known = {"point": found.point, "box": found.box, "element": found.element}
    return click.model_copy(update={"target": target.model_copy(update=known)})
