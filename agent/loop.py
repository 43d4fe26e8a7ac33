"""The loop: look at the screen, think of one action, let the guard judge it, act, and look again.

Nodes stand in the order they run, the wiring below them. Between nodes only `State` survives a crash; the scene of the
last look is held in memory beside it and looked at anew after a resume.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from handeye.agent.approval import ALLOW_THIS, amended, answered, question, refuse, remembered
from handeye.agent.event_log import (
    AnyEvent,
    ApprovalRequested,
    Decided,
    GroundedTarget,
    Guarded,
    Noted,
    Observed,
    Performed,
)
from handeye.agent.internal_actions import carry_out, ground_targets
from handeye.agent.novelty import corrected, handle_no_progress, judged, turns, update_novelty, with_turn
from handeye.agent.recovery import by_hand_or_itself, next_recovery_stage, recover_click, with_recovered_click
from handeye.agent.retry import retry_when_unavailable
from handeye.agent.state import KEPT_LOCAL, LocalInput, State, past, pending, with_step
from handeye.agent.target_snapshot import TargetSnapshot, differences, extended, followed, shown
from handeye.perception.change import fingerprint
from handeye.perception.outcome import Outcome
from handeye.perception.usage import Usage
from handeye.policies.decision import Decision, PolicyInput, StepSummary
from handeye.policies.guard.guard import GuardDecision
from handeye.policies.replay.signatures import target_signatures
from handeye.policies.stuck import stuck
from handeye.tools.actions import (
    HAND_KINDS,
    Action,
    Ask,
    Call,
    Click,
    Done,
    Scroll,
    Type,
    Wait,
    Zoom,
    describe,
    same_aim,
    targets,
)
from handeye.tools.custom_tools import Toolbox
from handeye.tools.errors import ActionFailed, ActionRefused, TargetChanged
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    from handeye.agent.effect_journal import EffectJournal
    from handeye.agent.history import History
    from handeye.agent.run_folder import RunFolder
    from handeye.perception.observation import Grounding, Observation
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy
    from handeye.policies.guard.guard import Guard
    from handeye.policies.limits import Limits
    from handeye.tools.device import Device, Settled

    Graph = CompiledStateGraph[State, None, State, State]

#: So many answers in a row that cannot be used, and the run is stuck.
UNUSABLE = 3

#: So often in a row a target may change between question and answer, or look and press, before the action is refused.
CHANGES = 3
#: So often an action is begun whose target changed at the last moment.
ATTEMPTS = 3
TOO_FAST = "what it aims at changes faster than it can be judged"


@dataclass(frozen=True)
class Landed:
    """A page as it was first seen: what it held then, it holds again when it is loaded again."""

    document: int
    url: str
    names: frozenset[str]

    def holds(self, name: str) -> bool:
        return name in self.names


@dataclass
class RunContext:
    """Everyone who works on one run."""

    device: Device
    perception: Perception
    policy: Policy
    guard: Guard
    limits: Limits
    run: RunFolder
    journal: EffectJournal
    tell: Callable[[AnyEvent], None]
    """Writes an event to the trace and shows it."""
    history: History
    tools: Toolbox = field(default_factory=Toolbox)
    """The custom tools of the run."""
    stopping: Callable[[], bool] = lambda: False
    redact: Callable[[str], str] = str
    """Puts names for the values of secrets."""
    traced: Callable[[], int] = lambda: 0
    """Puts the trace on the disk; returns how many lines it has."""
    observation: Observation | None = None
    """Of the last look in this process."""
    landed: Landed | None = None
    """What the page in front could be seen to hold when it had just been loaded."""
    settled: Settled | None = None
    mark: float = field(default_factory=time.monotonic)
    """When time was last counted."""


def build_loop(context: RunContext, checkpointer: BaseCheckpointSaver[Any]) -> Graph:
    """The loop as a graph over `State`, saved after every node."""

    def look(state: State) -> State:
        began = time.monotonic()
        before, observation = context.observation, context.perception.observe(context.device)
        view = state["view"]
        context.observation = observation = replace(observation, view=Box(*view)) if view else observation
        context.landed = landed(context.landed, observation)
        update = State(
            screen=context.run.keep(observation.screenshot), fingerprint=fingerprint_of(observation), view=None
        )

        outcome, steps = None, state["steps"]
        if not state["judged"]:
            last = past(state)[-1]
            outcome = with_sent(context, last, judged(context, last.action, before, observation))
            steps = [*steps[:-1], last.model_copy(update={"outcome": outcome}).model_dump(mode="json")]
            steps = corrected(context, steps, observation)
            update |= State(steps=steps, judged=True, local=still_there(state["local"], observation))
            update["recovery_stage"] = next_recovery_stage(context, state, last, outcome, before or observation)
        else:
            update["recovery_stage"] = 0
        steps = with_requests(context, steps)
        update |= State(steps=steps) | update_novelty(state, steps, update["fingerprint"])

        context.tell(
            Observed(
                step=state["step"],
                screen=update["screen"],
                size=observation.screenshot.image.size,
                signals=observation.signals,
                elements=len(observation.elements),
                outcome=outcome,
                settled=context.settled,
                seconds=time.monotonic() - began,
                notes=(*observation.screenshot.notes, *unanswered(observation)),
            )
        )
        context.settled = None
        now = time.monotonic()
        update["seconds"] = state["seconds"] + now - context.mark
        context.mark = now
        if evidence := stuck(turns(update)):
            update |= handle_no_progress(context, state, evidence)
            if update.get("status"):
                return update
        if limit := context.limits.exceeded(state["step"] - 1, update["seconds"]):
            return update | State(status="out_of_budget", reason=limit)
        return update

    def think(state: State) -> State:
        began = time.monotonic()
        observation = seen(context)
        task = PolicyInput(
            goal=state["goal"],
            observation=observation,
            steps=past(state),
            earlier=context.history.earlier(),
            facts=state["facts"],
            memo=state["memo"],
            kinds=(context.device.kinds & HAND_KINDS) | {"zoom", "extract", "remember", "ask", "done", "wait"},
            trouble=state["reason"],
            tools=context.tools.tools,
        )
        spent = context.policy.usage + context.perception.usage
        try:
            again = Decision.model_validate(state["again"]) if state.get("again") else None
            recovery_stage, helped = (0, None) if again else recover_click(context, state, observation)
            decision = again or helped or context.policy.choose(task, context.perception)
            if isinstance(decision.action, Call):
                context.tools.checked(decision.action)  # so that nobody is asked about a call that cannot be
            action, found = ground_targets(decision.action, observation, context.perception)
        except (ActionRefused, ActionFailed) as error:
            context.tell(Noted(step=state["step"], text=f"no usable answer: {error}"))
            usage = context.policy.usage + context.perception.usage - spent
            update = State(
                decision=None, unusable=state["unusable"] + 1, reason=str(error), usage=summed(state, usage), again=None
            )
            if update["unusable"] >= UNUSABLE:
                reason = f"{context.policy.name} gave no usable action {UNUSABLE} times; the last time: {error}"
                return update | State(status="stuck", reason=reason)
            return update
        usage = context.policy.usage + context.perception.usage - spent
        decision = decision.model_copy(update={"action": action})
        context.tell(
            Decided(
                step=state["step"],
                reasoning=decision.reasoning,
                action=action,
                description=describe(action),
                by=decision.by or context.policy.name,
                grounded_by=", ".join(dict.fromkeys(grounding.by for grounding in found.values())),
                groundings=told(action, found),
                signatures=target_signatures(action, observation),
                memo=decision.memo,
                confidence=min([decision.confidence, *(grounding.confidence for grounding in found.values())]),
                candidates=decision.candidates,
                usage=usage,
                raw=decision.raw,
                seconds=time.monotonic() - began,
                notes=(*decision.notes, *(note for grounding in found.values() for note in grounding.notes)),
            )
        )
        update = State(
            decision=decision.model_dump(mode="json", exclude={"candidates"}),  # those are the trace's alone
            again=None,
            unusable=0,
            reason="",
            usage=summed(state, usage),
            recovery_stage=recovery_stage,
            recovered_clicks=with_recovered_click(state, recovery_stage),
        )
        if isinstance(action, Done):
            status = "succeeded" if action.success else "failed"
            reason = decision.reasoning if action.success else action.answer or decision.reasoning
            update |= State(status=status, reason=reason, answer=action.answer or state["answer"])
        return update

    def judge(state: State, decision: Decision, observation: Observation) -> GuardDecision:
        """What the guard says, and whether the action repeats one that was sent."""
        guard_decision = context.guard.judge(decision.action, observation, state["goal"])
        if guard_decision.kind == "allow" and not decision.again and (why := repeats(state, decision.action)):
            return GuardDecision("ask", why)
        return guard_decision

    def guard(state: State) -> State:
        observation = seen(context)
        try:
            decision = amended(state, observation, context.perception)
        except ActionRefused as error:  # what the person put in its place is not there
            return State(question=f"{error}. {ALLOW_THIS} {describe(pending(state).action)}", edits={})
        action = decision.action
        if isinstance(action, Ask):
            context.tell(ApprovalRequested(step=state["step"], question=action.question))
            return State(question=action.question)
        judged_by = observation
        guard_decision = judge(state, decision, observation)
        unasked = context.guard.approve == "never" and context.guard.risky(action, observation, state["goal"])
        careful = guard_decision.kind == "ask" or unasked
        if careful and action.kind in HAND_KINDS:  # thinking and answering take time: what is there now counts
            observation = context.observation = replace(
                context.perception.observe(context.device), view=observation.view
            )
            try:
                action, _ = ground_targets(followed(action, observation), observation, context.perception)
            except ActionRefused as error:
                context.tell(Noted(step=state["step"], text=f"{describe(action)}: not done, {error}"))
                if (changes := state.get("changes", 0) + 1) > CHANGES:
                    return refuse(state, f"{TOO_FAST}: {error}", shown(action, judged_by).signature)
                trouble = f"the screen has changed: {error}"
                return State(decision=None, reason=trouble, approved=[], question="", changes=changes)
            decision = decision.model_copy(update={"action": action})
            guard_decision = judge(state, decision, observation)
        now = shown(action, observation)
        asked = state["asked"].get("shown") if state.get("changes") else None  # what the person was shown before
        asked = asked if asked and asked["words"] == now.words else None
        answered_to = next(iter(state["approved"]), asked)
        before = TargetSnapshot.model_validate(answered_to) if answered_to else shown(action, judged_by)
        changed = differences(before, now, observation) if careful else []
        guard_decision = remembered(state, guard_decision, now, observation)
        update = State(decision=decision.model_dump(mode="json", exclude={"candidates"}), question="")
        if changed and guard_decision.kind != "deny":
            changes = state.get("changes", 0) + (guard_decision.kind == "allow" or bool(answered_to))
            if changes > CHANGES:
                guard_decision = replace(
                    guard_decision, kind="deny", reason=f"{now.words}: {TOO_FAST}: {'; '.join(changed)}"
                )
            elif guard_decision.kind == "allow":
                context.tell(Noted(step=state["step"], text=f"{now.words}: not done, {'; '.join(changed)}"))
                trouble = f"{now.words} was not done, because the screen has changed: {'; '.join(changed)}"
                return State(decision=None, reason=trouble, changes=changes, approved=[])
            update["changes"] = changes
        context.tell(Guarded(step=state["step"], decision=guard_decision.kind, reason=guard_decision.reason))
        if guard_decision.kind == "ask":
            update |= question(state, guard_decision, now, changed)
            context.tell(ApprovalRequested(step=state["step"], question=update["question"]))
        if guard_decision.kind == "deny":
            update |= refuse(State(**(state | update)), guard_decision.reason, now.signature)
        return update

    def ask(state: State) -> State:
        answer = str(interrupt(state["question"]))
        return answered(context.tell, state, answer)

    def act(state: State) -> State:
        began = time.monotonic()
        step, decision, observation = state["step"], pending(state), seen(context)
        action = decision.action
        update = State(
            step=step + 1,
            decision=None,
            memo=decision.memo,
            question="",
            approved=[],
            changes=0,
            edits={},
            tried=state["tried"] if state["recovery_stage"] else with_turn(state, action),
        )
        failed, whole = False, ""
        if action.kind in HAND_KINDS and not (isinstance(action, Wait) and action.text):
            local, aim = only_on_page(action, observation), name_under(action, observation)
            risky = context.guard.risky(action, observation, state["goal"])
            careful = risky or context.guard.approve == "always"
            context.journal.intend(
                step,
                action,
                aim,
                observation.signals.url,
                local=local,
                lasting=landed(context.landed, observation).holds(aim),
                risky=risky,
                checked=toggled(action, observation),
            )
            try:
                result, action = pressed_as_judged(context, state, action, careful=careful)
            except TargetChanged as error:
                result, failed = str(error), True
                if careful and context.guard.approve != "never":
                    update["again"], update["changes"] = state["decision"], state.get("changes", 0) + 1
            except (ActionRefused, ActionFailed) as error:
                result, failed = str(error), True
            context.settled = context.device.settle()
            result = "; ".join(said for said in (result, context.settled.happened) if said)
            context.run.store_device_state(context.device.device_state())
            context.journal.finish(step, result, failed)
            document = context.device.signals().document
            local = local and not failed and document == observation.signals.document
            made = (
                LocalInput(step=step, action=action, aim=aim, checked=toggled(action, observation)) if local else None
            )
            update |= local_changes(state, document, made)
            outcome = Outcome(kind="no_effect", evidence=result) if failed else Outcome(kind="unknown")
            update["judged"] = failed
        elif isinstance(action, Call):
            context.journal.intend(step, action, action.tool, observation.signals.url)
            used = context.tools.use(action)
            context.journal.finish(step, context.redact(used.result), used.failed)
            result, failed, whole = context.redact(used.result), used.failed, context.redact(used.whole)
            outcome = Outcome(kind=used.outcome, evidence=result if failed else "the tool answered")
            update |= State(judged=True)
        else:
            done = carry_out(action, observation, context.perception, context.device, state["facts"], context.stopping)
            result, outcome = done.result, done.outcome
            update |= State(judged=True, facts=done.facts, answer=done.answer or state["answer"])
            if isinstance(action, Zoom):
                update["view"] = list(done.view or ())
        context.tell(
            Performed(step=step, result=result, full_result=whole, failed=failed, seconds=time.monotonic() - began)
        )
        update["steps"] = with_step(
            state,
            StepSummary(
                number=step,
                reasoning=decision.reasoning,
                action=action,
                outcome=outcome,
                result=result,
                sent=context.journal.caused(step),
                awaited=context.journal.awaited(step),
            ),
        )
        update["written"] = {"journal": context.journal.lines, "trace": context.traced()}
        return update

    def after_look(state: State) -> Literal["think", "__end__"]:
        return "__end__" if state["status"] else "think"

    def after_think(state: State) -> Literal["guard", "look", "__end__"]:
        if state["status"]:
            return "__end__"
        return "guard" if state["decision"] else "look"

    def after_guard(state: State) -> Literal["ask", "act", "look", "__end__"]:
        if state["status"]:
            return "__end__"
        if not state["decision"]:
            return "look"
        return "ask" if state["question"] else "act"

    def after_ask(state: State) -> Literal["ask", "guard", "look", "__end__"]:
        if state["status"]:
            return "__end__"
        if state["question"]:
            return "ask"
        return "guard" if state["decision"] else "look"

    graph: StateGraph[State, None, State, State] = StateGraph(State)
    for node in (look, retry_when_unavailable(context, think), guard, ask, act):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "look")
    graph.add_conditional_edges("look", after_look)
    graph.add_conditional_edges("think", after_think)
    graph.add_conditional_edges("guard", after_guard)
    graph.add_conditional_edges("ask", after_ask)
    graph.add_edge("act", "look")
    return graph.compile(checkpointer=checkpointer)


def unanswered(observation: Observation) -> list[str]:
    """A note for each program that did not say in time what it shows."""
    return [f"“{each}” did not answer in time: what it shows is unknown" for each in observation.signals.unanswered]


def pressed_as_judged(context: RunContext, state: State, action: Action, *, careful: bool) -> tuple[str, Action]:
    """Perform an action on what it was judged by; see Device.perform. Returns the remark, and the action as done.

    `careful`: it may not be undone, or a person was asked. Where its target changed at the last moment, the screen is
    looked at anew. The action is done if it aims at the same after all, or, when it is harmless before and after, if
    only a hint was added. Raises TargetChanged otherwise.
    """
    for attempt in range(ATTEMPTS):
        observation = seen(context)
        context.device.careful = careful
        try:
            return by_hand_or_itself(context, action, state["recovery_stage"]), action
        except TargetChanged:
            context.observation = fresh = context.perception.observe(context.device)
            before, action = shown(action, observation), followed(action, fresh)
            now = shown(action, fresh)
            same = not differences(before, now, fresh)
            guard_decision = context.guard.judge(action, fresh, state["goal"]).kind
            harmless = not careful and not context.guard.risky(action, fresh, state["goal"]) and extended(before, now)
            if attempt + 1 == ATTEMPTS or guard_decision == "deny" or not (same or harmless):
                raise
    raise AssertionError


def told(action: Action, found: dict[str, Grounding]) -> tuple[GroundedTarget, ...]:
    """What the trace is told about the targets that were looked for."""
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
        for name, grounding in found.items()
    )


def summed(state: State, usage: Usage) -> dict[str, int]:
    """What the run has cost with this as well."""
    return (Usage.model_validate(state["usage"]) + usage).model_dump()


def fingerprint_of(observation: Observation) -> str:
    """The fingerprint of the screen, without what changes on it by itself."""
    return fingerprint(
        observation.screenshot,
        observation.signals.page_changes.animated_regions if observation.signals.page_changes else (),
    )


def seen(context: RunContext) -> Observation:
    """The scene of the last look; a new one when this process has not looked yet."""
    if context.observation is None:
        context.observation = context.perception.observe(context.device)
    return context.observation


def still_there(local: list[dict[str, Any]], observation: Observation) -> list[dict[str, Any]]:
    """Those of the inputs that the page still holds: a field that was sent or emptied needs nothing again."""
    kept = []
    for value in local:
        action = LocalInput.model_validate(value).action
        points = [target.point for target in targets(action).values() if target.point]
        under = [each for each in observation.elements if any(each.box.holds(point) for point in points)]
        typed = action.text if isinstance(action, Type) else None
        takes = [each for each in under if each.takes_text or each.value]
        if (under and typed is None) or any(each.secret or each.value or not typed for each in takes):
            kept.append(value)
    return kept


def landed(before: Landed | None, observation: Observation) -> Landed:
    """What the page held when it had just been loaded, or had just taken another address."""
    document, url = observation.signals.document, observation.signals.url
    if before and (before.document, before.url) == (document, url):
        return before
    return Landed(document, url, frozenset(element.name for element in observation.elements if element.acts))


def name_under(action: Action, observation: Observation) -> str:
    """What the element is called that the action aims at; empty when none is known."""
    aims = {target.element for target in targets(action).values() if target.element}
    return next((element.name for element in observation.elements if element.id in aims), "")


def local_changes(state: State, document: int, made: LocalInput | None) -> State:
    """The inputs that a page loaded anew would have lost, for a resume to make again."""
    kept = state["local"] if document == state["document"] else []
    changes = State(document=document, local=kept)
    return changes | with_local(changes, made) if made else changes


def with_local(state: State, made: LocalInput) -> State:
    """One more input that only the page holds."""
    return State(local=[*state["local"], made.model_dump(mode="json")][-KEPT_LOCAL:])


def only_on_page(action: Action, observation: Observation) -> bool:
    """Whether the action is an input that a page loaded anew would have lost."""
    if not observation.signals.url:
        return False
    ticks = action.kind == "click" and toggled(action, observation) is not None
    return ticks or action.kind in ("select", "upload") or (action.kind == "type" and action.target is not None)


def toggled(action: Action, observation: Observation) -> bool | None:
    """What a box is after a click on it; None where the action is no such click."""
    if not isinstance(action, Click):
        return None
    box = next((each for each in observation.elements if each.id and each.id == action.target.element), None)
    if box is None or box.checked is None:
        return None
    return True if box.role in ("radio", "menuitemradio") else not box.checked


def with_sent(context: RunContext, last: StepSummary, outcome: Outcome) -> Outcome:
    """The outcome of an action of which nothing shows, with the request that left: it may have done its work there."""
    sent = context.journal.caused(last.number)
    if outcome.kind != "no_effect" or not sent or sent[0] in outcome.evidence:
        return outcome
    return outcome.model_copy(update={"evidence": f"{outcome.evidence}; {sent[0]} was sent"})


def with_requests(context: RunContext, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps with the requests that have left and the answers that have come since they were done."""
    found = []
    for value in steps:
        past = StepSummary.model_validate(value)
        if sent := context.journal.caused(past.number):
            now = {"sent": tuple(dict.fromkeys((*past.sent, *sent))), "awaited": context.journal.awaited(past.number)}
            value = past.model_copy(update=now).model_dump(mode="json")
        found.append(value)
    return found


def repeats(state: State, action: Action) -> str:
    """Why an action may do a second time what a request of an earlier step has done already; empty where it does not.

    That the page does not show what was sent is no reason to send it again: its server may be slow, and a page that
    was loaded anew has lost what it showed.
    """
    for last in reversed(past(state)):
        if isinstance(last.action, Wait | Scroll | Zoom):
            continue
        alike = same_aim(last.action, action) and (last.settled or (last.sent and last.outcome.kind != "confirmed"))
        if not alike:
            return ""
        sent = f" ({last.sent[0]})" if last.sent else ""
        return f"{describe(action)}: step {last.number} did that already{sent}, though the page does not show it"
    return ""
