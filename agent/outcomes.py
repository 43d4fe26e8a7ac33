"""What an action led to: its outcome, the requests it caused, and whether anything was new to the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handeye.agent.event_log import Noted
from handeye.agent.page_inputs import remaining_inputs
from handeye.agent.recovery import next_recovery_stage
from handeye.agent.state import State, finished_steps
from handeye.perception.outcome import Outcome, judge
from handeye.perception.outcome_fields import rewritten
from handeye.policies.decision import StepSummary
from handeye.policies.limits import MAX_RECORDS, ActionRecord, add_digests
from handeye.tools.actions import Action, Scroll, Wait, Zoom, describe, same_aim

if TYPE_CHECKING:
    from handeye.agent.effect_journal import EffectJournal
    from handeye.agent.run_context import RunContext
    from handeye.perception.observation import Observation


def judge_last_action(
    context: RunContext, state: State, before: Observation | None, observation: Observation
) -> tuple[Outcome, State]:
    """The outcome of the last action, by the observations before and after it, and what it changes in the state."""
    last = finished_steps(state)[-1]
    outcome = _add_request(context.journal, last, _compare(context, last.action, before, observation))
    steps = [*state["steps"][:-1], last.model_copy(update={"outcome": outcome}).model_dump(mode="json")]
    return outcome, State(
        steps=_correct_rewritten_field(context, steps, observation),
        outcome_known=True,
        page_inputs=remaining_inputs(state["page_inputs"], observation),
        recovery_stage=next_recovery_stage(context, state, last, outcome, before or observation),
    )


def _compare(context: RunContext, action: Action, before: Observation | None, observation: Observation) -> Outcome:
    """The outcome by two observations; unknown if another process, which is gone, made the first."""
    if before is None:
        return Outcome(kind="unknown", evidence="resumed since")
    happened = context.settled.happened if context.settled else ""
    outcome = judge(action, before, observation, context.device.before_press, happened)
    # The observation before may be older than a secret, and contain its value.
    return outcome.model_copy(update={"evidence": context.redact(outcome.evidence)})


def _add_request(journal: EffectJournal, last: StepSummary, outcome: Outcome) -> Outcome:
    """The outcome of an action with no visible effect, with the request that left: it may have changed a server."""
    sent = journal.requests_of(last.number)
    if outcome.kind != "no_effect" or not sent or sent[0] in outcome.evidence:
        return outcome
    return outcome.model_copy(update={"evidence": f"{outcome.evidence}; {sent[0]} was sent"})


def _correct_rewritten_field(
    context: RunContext, steps: list[dict[str, Any]], observation: Observation
) -> list[dict[str, Any]]:
    """The steps, with another outcome for a text that its page changed as soon as the next step left the field."""
    if len(steps) < 2:
        return steps
    typing = StepSummary.model_validate(steps[-2])
    evidence = rewritten(typing.action, observation) if typing.outcome.kind == "confirmed" else ""
    if not evidence:
        return steps
    evidence = context.redact(evidence)
    context.record(Noted(step=typing.number, text=evidence))
    typing = typing.model_copy(update={"outcome": Outcome(kind="unexpected", evidence=evidence)})
    return [*steps[:-2], typing.model_dump(mode="json"), steps[-1]]


def update_requests(journal: EffectJournal, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps with the requests and answers that have been recorded for them since."""
    updated = []
    for value in steps:
        step = StepSummary.model_validate(value)
        if sent := journal.requests_of(step.number):
            now = {"sent": tuple(dict.fromkeys((*step.sent, *sent))), "awaited": journal.awaits_answer(step.number)}
            value = step.model_copy(update=now).model_dump(mode="json")
        updated.append(value)
    return updated


def find_repeated_effect(state: State, action: Action) -> str:
    """Why an action may repeat what a request of an earlier step has done already; empty if it does not.

    That the page does not show an effect is no reason to send it again: the server may be slow, and a reload loses
    what only the page's scripts knew.
    """
    for last in reversed(finished_steps(state)):
        if isinstance(last.action, Wait | Scroll | Zoom):
            continue
        may_be_done = last.settled or (last.sent and last.outcome.kind != "confirmed")
        if not (may_be_done and same_aim(last.action, action)):
            return ""
        sent = f" ({last.sent[0]})" if last.sent else ""
        return f"{describe(action)}: step {last.number} did that already{sent}, though the page does not show it"
    return ""


def recent_actions(state: State) -> list[ActionRecord]:
    """The policy's last actions, oldest first."""
    return [ActionRecord(*each) for each in state["recent_actions"]]


def append_recent_action(state: State, action: Action) -> list[list[Any]]:
    """The policy's last actions with one more."""
    record = ActionRecord(describe(action), action.kind, state["fingerprint"])
    return [*state["recent_actions"], list(record)][-MAX_RECORDS:]


def update_novelty(state: State, steps: list[dict[str, Any]], fingerprint: str) -> State:
    """What the run knows with this observation, and for the policy's last action whether it led to something new."""
    last = StepSummary.model_validate(steps[-1]) if steps else None
    things = [fingerprint, repr(state["memo"]), *(f"{name}={text}" for name, text in state["facts"].items())]
    if last and last.outcome.kind == "confirmed":
        things += [f"{describe(last.action)}: {last.outcome.evidence}: {last.result}"]
    digests, news = add_digests(state["known_digests"], things)
    records = list(state["recent_actions"])
    if last and records and not records[-1][3]:
        records[-1] = list(ActionRecord(*records[-1])._replace(outcome=last.outcome.kind, news=news))
    return State(recent_actions=records, known_digests=digests)
