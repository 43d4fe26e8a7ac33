"""The loop of a run: observe the screen, decide on one action, let the guard judge it, act, and observe again.

`Loop` has one method per node, in the order they run; each returns what it changes in the state. `build_graph` connects
the nodes. Only `State` survives a crash; the last observation is in memory, and a resumed run observes anew.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from handeye.agent.approval import (
    ALLOW_THIS,
    apply_answer,
    apply_earlier_answers,
    apply_edit,
    ask_approval,
    refuse_action,
)
from handeye.agent.device_actions import ActionResult, call_tool, perform_recorded
from handeye.agent.event_log import (
    ApprovalRequested,
    Decided,
    GroundedTarget,
    Guarded,
    Noted,
    Observed,
    Performed,
)
from handeye.agent.internal_actions import ground_targets, perform_internal
from handeye.agent.outcomes import (
    append_recent_action,
    find_repeated_effect,
    judge_last_action,
    recent_actions,
    update_novelty,
    update_requests,
)
from handeye.agent.page_inputs import update_loaded_page
from handeye.agent.recovery import add_recovered_click, handle_no_progress, recover_click, retry_while_model_is_away
from handeye.agent.state import State, add_usage, append_step, finished_steps, pending_decision
from handeye.agent.target_snapshot import TargetSnapshot, find_differences, follow_elements, take_snapshot
from handeye.perception.change import fingerprint
from handeye.policies.decision import Decision, PolicyInput, StepSummary
from handeye.policies.guard.guard import GuardDecision
from handeye.policies.limits import find_no_progress
from handeye.policies.replay.signatures import target_signatures
from handeye.tools.actions import HAND_KINDS, Action, Ask, Call, Done, Wait, Zoom, describe, targets
from handeye.tools.errors import ActionFailed, ActionRefused

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    from handeye.agent.run_context import RunContext
    from handeye.perception.observation import Grounding, Observation
    from handeye.perception.outcome import Outcome
    from handeye.perception.usage import Usage

    Graph = CompiledStateGraph[State, None, State, State]

#: After this many unusable answers in a row the run is stuck.
MAX_UNUSABLE_ANSWERS = 3
#: How many times in a row the target of an action may change before the action is refused.
MAX_TARGET_CHANGES = 3
TOO_FAST = "the target changes faster than the guard can decide"


class Loop:
    """The nodes of the loop, in the order they run."""

    def __init__(self, context: RunContext) -> None:
        self.context = context

    def observe(self, state: State) -> State:
        """Capture the screen and judge the last action by it; end the run if it is stuck or out of budget."""
        context, began = self.context, time.monotonic()
        before, observation = context.observation, context.observe(state["view"])
        context.loaded_page = update_loaded_page(context.loaded_page, observation)
        outcome = None
        update = State(
            screen=context.folder.store_screenshot(observation.screenshot),
            fingerprint=screen_fingerprint(observation),
            view=None,
            steps=state["steps"],
            recovery_stage=0,
        )
        if not state["outcome_known"]:
            outcome, changes = judge_last_action(context, state, before, observation)
            update |= changes
        update["steps"] = update_requests(context.journal, update["steps"])
        update |= update_novelty(state, update["steps"], update["fingerprint"])
        self._record_observation(state, update, observation, outcome, time.monotonic() - began)
        update["seconds"] = state["seconds"] + context.count_seconds()
        if evidence := find_no_progress(recent_actions(update)):
            update |= handle_no_progress(context, state, evidence)
        if not update.get("status") and (limit := context.limits.exceeded(state["step"] - 1, update["seconds"])):
            update |= State(status="out_of_budget", reason=limit)
        return update

    def decide(self, state: State) -> State:
        """Choose one action and ground its targets; end the run if the policy is done or gives no usable answer."""
        context, began = self.context, time.monotonic()
        observation, usage_before = context.last_observation(), context.usage()
        try:
            decision, recovery_stage = self._choose(state, observation)
            if isinstance(decision.action, Call):
                context.tools.checked(decision.action)  # an invalid call must not reach a person
            action, groundings = ground_targets(decision.action, observation, context.perception)
        except (ActionRefused, ActionFailed) as error:
            return self._reject_answer(state, error, context.usage() - usage_before)
        usage = context.usage() - usage_before
        decision = decision.model_copy(update={"action": action})
        self._record_decision(state, decision, groundings, observation, usage, time.monotonic() - began)
        update = State(
            decision=_dump(decision),
            retried_decision=None,
            unusable_answers=0,
            reason="",
            usage=add_usage(state, usage),
            recovery_stage=recovery_stage,
            recovered_clicks=add_recovered_click(state, recovery_stage),
        )
        if isinstance(action, Done):
            reason = decision.reasoning if action.success else action.answer or decision.reasoning
            status = "succeeded" if action.success else "failed"
            update |= State(status=status, reason=reason, answer=action.answer or state["answer"])
        return update

    def guard(self, state: State) -> State:
        """Allow the pending action, ask a person about it, or refuse it.

        Decisions and answers take time, so the guard checks an action that may need approval on a new observation.
        """
        context, before = self.context, self.context.last_observation()
        try:
            decision = apply_edit(state, before, context.perception)
        except ActionRefused as error:  # the target that the person named is not on the screen
            return State(question=f"{error}. {ALLOW_THIS} {describe(pending_decision(state).action)}", edits={})
        if isinstance(decision.action, Ask):
            context.record(ApprovalRequested(step=state["step"], question=decision.action.question))
            return State(question=decision.action.question)
        observation, guard_decision = before, self._judge(state, decision, before)
        careful = guard_decision.kind == "ask" or self._is_risky_unasked(state, decision.action, before)
        if careful and decision.action.kind in HAND_KINDS:
            observation = context.observe(before.view)
            try:
                decision = self._ground_again(decision, observation)
            except ActionRefused as error:
                return self._handle_lost_target(state, decision.action, before, error)
            guard_decision = self._judge(state, decision, observation)
        snapshot = take_snapshot(decision.action, observation)
        earlier = _answered_snapshot(state, snapshot)
        snapshot_before = earlier or take_snapshot(decision.action, before)
        differences = find_differences(snapshot_before, snapshot, observation) if careful else []
        guard_decision = apply_earlier_answers(state, guard_decision, snapshot, observation)
        changes = state.get("target_changes", 0)
        if differences and guard_decision.kind != "deny":
            changes += guard_decision.kind == "allow" or earlier is not None
            if changes > MAX_TARGET_CHANGES:
                reason = f"{snapshot.words}: {TOO_FAST}: {'; '.join(differences)}"
                guard_decision = replace(guard_decision, kind="deny", reason=reason)
            elif guard_decision.kind == "allow":
                return self._drop_changed_action(state, snapshot, differences, changes)
        update = State(decision=_dump(decision), question="", target_changes=changes)
        return self._apply_guard_decision(state, update, guard_decision, snapshot, differences)

    def ask(self, state: State) -> State:
        """Pause the run until a person answers the pending question, and apply the answer."""
        answer = str(interrupt(state["question"]))
        return apply_answer(self.context.record, state, answer)

    def act(self, state: State) -> State:
        """Carry the pending action out, and add its step to the state."""
        context, step, decision, began = self.context, state["step"], pending_decision(state), time.monotonic()
        result = self._perform(state, decision.action)
        seconds = time.monotonic() - began
        context.record(
            Performed(
                step=step, result=result.text, full_result=result.full_text, failed=result.failed, seconds=seconds
            )
        )
        summary = StepSummary(
            number=step,
            reasoning=decision.reasoning,
            action=result.action,
            outcome=result.outcome,
            result=result.text,
            sent=context.journal.requests_of(step),
            awaited=context.journal.awaits_answer(step),
        )
        recovering = state["recovery_stage"] > 0
        update = State(
            step=step + 1,
            decision=None,
            memo=decision.memo,
            question="",
            approved_once=[],
            target_changes=0,
            edits={},
            recent_actions=state["recent_actions"] if recovering else append_recent_action(state, decision.action),
            steps=append_step(state, summary),
            line_counts={"journal": context.journal.lines, "trace": context.sync_log()},
        )
        return update | result.update

    # Parts of `observe`

    def _record_observation(
        self, state: State, update: State, observation: Observation, outcome: Outcome | None, seconds: float
    ) -> None:
        """Record the observation, and how the wait before it ended."""
        silent = [f"“{each}” did not answer in time: its content is unknown" for each in observation.signals.unanswered]
        self.context.record(
            Observed(
                step=state["step"],
                screen=update["screen"],
                size=observation.screenshot.image.size,
                signals=observation.signals,
                elements=len(observation.elements),
                outcome=outcome,
                settled=self.context.settled,
                seconds=seconds,
                notes=(*observation.screenshot.notes, *silent),
            )
        )
        self.context.settled = None

    # Parts of `decide`

    def _choose(self, state: State, observation: Observation) -> tuple[Decision, int]:
        """The next decision and its recovery stage: the one to retry, the recovery of a click, or the policy's."""
        context = self.context
        if retried := state.get("retried_decision"):
            return Decision.model_validate(retried), 0
        recovery_stage, recovery = recover_click(context, state, observation)
        if recovery:
            return recovery, recovery_stage
        task = PolicyInput(
            goal=state["goal"],
            observation=observation,
            steps=finished_steps(state),
            earlier=context.history.lines(),
            facts=state["facts"],
            memo=state["memo"],
            kinds=(context.device.kinds & HAND_KINDS) | {"zoom", "extract", "remember", "ask", "done", "wait"},
            trouble=state["reason"],
            tools=context.tools.tools,
        )
        return context.policy.choose(task, context.perception), recovery_stage

    def _reject_answer(self, state: State, error: Exception, usage: Usage) -> State:
        """Ask the policy again, with the reason; after several unusable answers in a row the run is stuck."""
        self.context.record(Noted(step=state["step"], text=f"no usable answer: {error}"))
        count = state["unusable_answers"] + 1
        update = State(
            decision=None,
            unusable_answers=count,
            reason=str(error),
            usage=add_usage(state, usage),
            retried_decision=None,
        )
        if count < MAX_UNUSABLE_ANSWERS:
            return update
        name = self.context.policy.name
        reason = f"{name} gave no usable action {MAX_UNUSABLE_ANSWERS} times; the last time: {error}"
        return update | State(status="stuck", reason=reason)

    def _record_decision(
        self,
        state: State,
        decision: Decision,
        groundings: dict[str, Grounding],
        observation: Observation,
        usage: Usage,
        seconds: float,
    ) -> None:
        """Record the decision, and how its targets were found."""
        action, found = decision.action, groundings.values()
        self.context.record(
            Decided(
                step=state["step"],
                reasoning=decision.reasoning,
                action=action,
                description=describe(action),
                by=decision.by or self.context.policy.name,
                grounded_by=", ".join(dict.fromkeys(grounding.by for grounding in found)),
                groundings=_grounded_targets(action, groundings),
                signatures=target_signatures(action, observation),
                memo=decision.memo,
                confidence=min([decision.confidence, *(grounding.confidence for grounding in found)]),
                candidates=decision.candidates,
                usage=usage,
                raw=decision.raw,
                seconds=seconds,
                notes=(*decision.notes, *(note for grounding in found for note in grounding.notes)),
            )
        )

    # Parts of `guard`

    def _judge(self, state: State, decision: Decision, observation: Observation) -> GuardDecision:
        """The guard's decision; it asks as well if the action may repeat an effect of an earlier step."""
        guard_decision = self.context.guard.judge(decision.action, observation, state["goal"])
        if guard_decision.kind != "allow" or decision.again:
            return guard_decision
        reason = find_repeated_effect(state, decision.action)
        return GuardDecision("ask", reason) if reason else guard_decision

    def _is_risky_unasked(self, state: State, action: Action, observation: Observation) -> bool:
        """Whether the action is risky and performed without a question, because approvals are off."""
        guard = self.context.guard
        return guard.approve == "never" and guard.risky(action, observation, state["goal"])

    def _ground_again(self, decision: Decision, observation: Observation) -> Decision:
        """The decision with its targets on a newer observation. Raises ActionRefused if one is not on the screen."""
        action = follow_elements(decision.action, observation)
        action, _ = ground_targets(action, observation, self.context.perception)
        return decision.model_copy(update={"action": action})

    def _handle_lost_target(self, state: State, action: Action, before: Observation, error: Exception) -> State:
        """Let the policy choose again if the target has left the screen; after several times refuse the action."""
        self.context.record(Noted(step=state["step"], text=f"{describe(action)}: not done, {error}"))
        if (changes := state.get("target_changes", 0) + 1) > MAX_TARGET_CHANGES:
            return refuse_action(state, f"{TOO_FAST}: {error}", take_snapshot(action, before).signature)
        reason = f"the screen has changed: {error}"
        return State(decision=None, reason=reason, approved_once=[], question="", target_changes=changes)

    def _drop_changed_action(
        self, state: State, snapshot: TargetSnapshot, differences: list[str], changes: int
    ) -> State:
        """Let the policy choose again, because the target differs from the one that was checked or approved."""
        changed = "; ".join(differences)
        self.context.record(Noted(step=state["step"], text=f"{snapshot.words}: not done, {changed}"))
        reason = f"{snapshot.words} was not done, because the screen has changed: {changed}"
        return State(decision=None, reason=reason, target_changes=changes, approved_once=[])

    def _apply_guard_decision(
        self,
        state: State,
        update: State,
        guard_decision: GuardDecision,
        snapshot: TargetSnapshot,
        differences: list[str],
    ) -> State:
        """Record the guard's decision; ask the question, or refuse the action, if it says so."""
        record, step = self.context.record, state["step"]
        record(Guarded(step=step, decision=guard_decision.kind, reason=guard_decision.reason))
        if guard_decision.kind == "ask":
            update |= ask_approval(state, guard_decision, snapshot, differences)
            record(ApprovalRequested(step=step, question=update["question"]))
        if guard_decision.kind == "deny":
            update |= refuse_action(State(**(state | update)), guard_decision.reason, snapshot.signature)
        return update

    # Parts of `act`

    def _perform(self, state: State, action: Action) -> ActionResult:
        """Perform an action on the device, as a tool call, or without either."""
        context = self.context
        if action.kind in HAND_KINDS and not (isinstance(action, Wait) and action.text):
            return perform_recorded(context, state)
        if isinstance(action, Call):
            return call_tool(context, state["step"], action)
        done = perform_internal(
            action,
            context.last_observation(),
            context.perception,
            context.device,
            state["facts"],
            context.stop_requested,
        )
        update = State(outcome_known=True, facts=done.facts, answer=done.answer or state["answer"])
        if isinstance(action, Zoom):
            update["view"] = list(done.view or ())
        return ActionResult(action, done.text, done.outcome, update=update)


def build_graph(context: RunContext, checkpointer: BaseCheckpointSaver[Any]) -> Graph:
    """The loop as a graph over `State`; the checkpointer saves the state after each node."""
    loop = Loop(context)
    graph: StateGraph[State, None, State, State] = StateGraph(State)
    graph.add_node("observe", loop.observe)
    graph.add_node("decide", retry_while_model_is_away(context, loop.decide))
    graph.add_node("guard", loop.guard)
    graph.add_node("ask", loop.ask)
    graph.add_node("act", loop.act)
    graph.add_edge(START, "observe")
    graph.add_conditional_edges("observe", after_observe)
    graph.add_conditional_edges("decide", after_decide)
    graph.add_conditional_edges("guard", after_guard)
    graph.add_conditional_edges("ask", after_ask)
    graph.add_edge("act", "observe")
    return graph.compile(checkpointer=checkpointer)


def after_observe(state: State) -> Literal["decide", "__end__"]:
    """The node after `observe`."""
    return "__end__" if state["status"] else "decide"


def after_decide(state: State) -> Literal["guard", "observe", "__end__"]:
    """The node after `decide`: `observe` if the policy's answer could not be used."""
    if state["status"]:
        return "__end__"
    return "guard" if state["decision"] else "observe"


def after_guard(state: State) -> Literal["ask", "act", "observe", "__end__"]:
    """The node after `guard`: `observe` if the action was refused or its target has changed."""
    if state["status"]:
        return "__end__"
    if not state["decision"]:
        return "observe"
    return "ask" if state["question"] else "act"


def after_ask(state: State) -> Literal["ask", "guard", "observe", "__end__"]:
    """The node after `ask`: `ask` again if the answer could not be used."""
    if state["status"]:
        return "__end__"
    if state["question"]:
        return "ask"
    return "guard" if state["decision"] else "observe"


def screen_fingerprint(observation: Observation) -> str:
    """The fingerprint of the screen, without its animated regions."""
    changes = observation.signals.page_changes
    return fingerprint(observation.screenshot, changes.animated_regions if changes else ())


def _dump(decision: Decision) -> dict[str, Any]:
    """The decision as JSON values; its candidates are in the event log only."""
    return decision.model_dump(mode="json", exclude={"candidates"})


def _answered_snapshot(state: State, snapshot: TargetSnapshot) -> TargetSnapshot | None:
    """The snapshot that a person's answer was about; None if there is no question about this action."""
    if state["approved_once"]:
        return TargetSnapshot.model_validate(state["approved_once"][0])
    subject = state["question_subject"].get("snapshot") if state.get("target_changes") else None
    return TargetSnapshot.model_validate(subject) if subject and subject["words"] == snapshot.words else None


def _grounded_targets(action: Action, groundings: dict[str, Grounding]) -> tuple[GroundedTarget, ...]:
    """The event log's record of the targets that were found on the screen."""
    aims = targets(action)
    return tuple(
        GroundedTarget(
            phrase=aims[name].phrase,
            point=grounding.point,
            by=grounding.by,
            confidence=grounding.confidence,
            samples=grounding.samples,
            votes=grounding.votes,
        )
        for name, grounding in groundings.items()
    )
