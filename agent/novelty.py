"""What a step has brought: its outcome, what in it was new to the run, and what follows when nothing is any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.agent.event_log import Noted
from handeye.agent.state import State
from handeye.perception.outcome import Outcome, judge
from handeye.perception.outcome_fields import rewritten
from handeye.policies.decision import Adapting, StepSummary
from handeye.policies.stuck import KEPT, Turn, news
from handeye.tools.actions import describe

if TYPE_CHECKING:
    from typing import Any

    from handeye.agent.loop import RunContext
    from handeye.perception.observation import Observation
    from handeye.tools.actions import Action

#: Said to a policy, after the evidence, when it gets nowhere for the first time.
OTHERWISE = (
    "That leads nowhere. Do something else: aim at another element, go another way or to another page, "
    "or end with done and success false, saying what stands in the way"
)


def judged(context: RunContext, action: Action, before: Observation | None, observation: Observation) -> Outcome:
    """What became of the last action; unknown when the screen before it was seen by a process that is gone."""
    if before is None:
        return Outcome(kind="unknown", evidence="resumed since")
    before_press = context.device.before_press
    outcome = judge(action, before, observation, before_press, context.settled.happened if context.settled else "")
    return outcome.model_copy(
        update={"evidence": context.redact(outcome.evidence)}
    )  # of a look that nothing was hidden in


def corrected(context: RunContext, steps: list[dict[str, Any]], observation: Observation) -> list[dict[str, Any]]:
    """The steps, where the one before the last typed something that its page changed as soon as the field was left."""
    if len(steps) < 2:
        return steps
    typed = StepSummary.model_validate(steps[-2])
    evidence = rewritten(typed.action, observation) if typed.outcome.kind == "confirmed" else ""
    if not evidence:
        return steps
    evidence = context.redact(evidence)
    context.tell(Noted(step=typed.number, text=evidence))
    typed = typed.model_copy(update={"outcome": Outcome(kind="unexpected", evidence=evidence)})
    return [*steps[:-2], typed.model_dump(mode="json"), steps[-1]]


def turns(state: State) -> list[Turn]:
    """The policy's last steps."""
    return [Turn(*each) for each in state["tried"]]


def with_turn(state: State, action: Action) -> list[list[Any]]:
    """The policy's last steps with one more."""
    return [*state["tried"], list(Turn(describe(action), action.kind, state["fingerprint"]))][-KEPT:]


def update_novelty(state: State, steps: list[dict[str, Any]], fingerprint: str) -> State:
    """What the run has met by this look, and whether the last step is to be thanked for something new."""
    last = StepSummary.model_validate(steps[-1]) if steps else None
    things = [fingerprint, repr(state["memo"]), *(f"{name}={text}" for name, text in state["facts"].items())]
    if last and last.outcome.kind == "confirmed":
        things += [f"{describe(last.action)}: {last.outcome.evidence}: {last.result}"]
    met, fresh = news(state["met"], things)
    tried = list(state["tried"])
    if last and tried and not tried[-1][3]:
        tried[-1] = list(Turn(*tried[-1])._replace(outcome=last.outcome.kind, news=fresh))
    return State(tried=tried, met=met)


def handle_no_progress(context: RunContext, state: State, evidence: str) -> State:
    """What follows from getting nowhere: a policy that can is told once to try something else, then the run ends."""
    if isinstance(context.policy, Adapting) and not state["warned"]:
        context.tell(Noted(step=state["step"], text=f"{evidence}; {context.policy.name} is told to try something else"))
        return State(warned=evidence, tried=[], recovery_stage=0, reason=f"{evidence}. {OTHERWISE}")
    before = f", after it was told to do otherwise because {state['warned']}" if state["warned"] else ""
    return State(status="stuck", reason=f"{evidence}{before}")
