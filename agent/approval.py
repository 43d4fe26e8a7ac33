"""Approvals: how a person's answer to a question of the loop is read, and what it changes.

A question whether to allow an action is answered at the terminal, or days later by `handeye resume RUN --answer …`:

    yes                     allow it once
    always                  allow this action for the rest of the run
    always: send            allow whatever this word, which the question contains, asks about, for the rest of the run
    no, or no: the reason   refuse it; the policy receives the reason
    edit: other words       do this instead: other text to type, another element to click, another address
    edit: {"text": "…"}     the same with any fields of the action; the guard judges the new action
    done by hand            the person has done it; the loop observes again

Anything else is a reason to refuse. An approval is valid for what the question showed: the same action on the same
element of the same page, with the same text and amounts around it. After the answer it is compared with the screen, and
the question is repeated if it differs. It is valid once, and not after another action. No answer allows what the
guard's policy denies. An answer is valid for its own question, and for no later one.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from handeye.agent.event_log import ApprovalReceived
from handeye.agent.internal_actions import ground_targets
from handeye.agent.state import State, append_step, pending_decision
from handeye.agent.target_snapshot import TargetSnapshot, find_differences
from handeye.perception.outcome import Outcome
from handeye.policies.decision import StepSummary
from handeye.tools.actions import Ask, describe, parse_action
from handeye.tools.errors import ActionRefused
from handeye.tools.visible_text import folded, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.agent.event_log import AnyEvent
    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Decision
    from handeye.policies.guard.guard import GuardDecision
    from handeye.tools.actions import Action

YES = frozenset({"y", "yes", "ok", "allow", "approve", "true"})
NO = frozenset({"n", "no", "deny", "refuse", "false", ""})
BY_HAND = frozenset({"done by hand", "by hand", "i did it", "took over", "take over"})

#: How a question begins that these answers are for.
ALLOW_THIS = "Allow this?"
#: How it begins if an earlier question showed something else.
CHANGED = "This has changed since:"
ANSWERS = "yes · always · always: word · no: reason · edit: words or {…} · done by hand"

#: The field that plain words replace; for other actions it is the target.
MAIN_FIELD = {"type": "text", "key": "keys", "navigate": "url", "select": "option", "window": "title"}


@dataclass(frozen=True)
class Approval:
    """A person's answer to the question whether to allow an action."""

    kind: Literal["yes", "always", "no", "edit", "by hand"]
    words: str = ""
    """The text after the colon."""


def parse_approval(text: str) -> Approval:
    """The meaning of an answer; a text that is none of the listed answers is a reason to refuse."""
    plain = text.strip()
    word, colon, rest = plain.partition(":")
    word = " ".join(word.lower().split())
    if not colon and word in YES:
        return Approval("yes")
    if word == "always":
        return Approval("always", rest.strip().strip("“”\"'"))
    if word == "edit" and rest.strip():
        return Approval("edit", rest.strip())
    if word in BY_HAND:
        return Approval("by hand")
    return Approval("no", rest.strip() if word in NO else plain)


def apply_answer(record: Callable[[AnyEvent], None], state: State, answer: str) -> State:
    """Return the changes of the state after a person's answer; an unusable answer leaves the question open."""
    record(ApprovalReceived(step=state["step"], answer=answer))
    decision = pending_decision(state)
    if isinstance(decision.action, Ask):
        return _finish_step(state, decision, Outcome(kind="confirmed", evidence="the person answered"), answer)
    approval, subject = parse_approval(answer), state["question_subject"]
    if "snapshot" not in subject:  # of an older version, which did not record the snapshot of a question
        return State(question="")
    match approval.kind:
        case "yes":
            return State(question="", approved_once=[subject["snapshot"]])
        case "always":
            if approval.words and folded(approval.words) != folded(subject["verb"]):
                return _ask_again(state, f"This is not asked because of “{approval.words}” but of “{subject['verb']}”.")
            site = subject["snapshot"]["site"]
            scope = _verb_on_site(subject["verb"], site) if approval.words else subject["snapshot"]
            approved = [*state["approved_for_run"], scope]
            return State(question="", approved_for_run=approved, approved_once=[subject["snapshot"]])
        case "edit":
            try:
                edited = edit_action(decision.action, approval.words)
            except ActionRefused as error:
                return _ask_again(state, f"That cannot be done ({error}).")
            return State(question="", edits={subject["words"]: edited.model_dump(mode="json")})
        case "by hand":
            note = "the person did it by hand"
            return _finish_step(state, decision, Outcome(kind="unknown", evidence=note), note)
    return refuse_action(state, f"the person refused it{f': {approval.words}' if approval.words else ''}")


def edit_action(action: Action, words: str) -> Action:
    """The action with fields replaced: by a JSON object, or by plain words for its main field.

    Its targets are phrases again, to be found on the screen. Raises ActionRefused if the result is no action.
    """
    fields: dict[str, Any] = action.model_dump(mode="json", exclude_none=True)
    change: Any = {MAIN_FIELD.get(action.kind, "target"): words}
    if words.startswith("{"):
        try:
            change = json.loads(words)
        except ValueError as error:
            raise ActionRefused(f"{words} is not valid JSON: {error}") from None
    if change.get("kind", action.kind) != action.kind:
        fields = {}
    return parse_action(fields | change)


def apply_edit(state: State, observation: Observation, perception: Perception) -> Decision:
    """The pending decision, with the action that the person replaced its own by, if they did.

    Raises ActionRefused if the target of the new action is not on the screen.
    """
    decision = pending_decision(state)
    if edited := state["edits"].get(describe(decision.action)):
        action, _ = ground_targets(parse_action(edited), observation, perception)
        reasoning = f"{decision.reasoning} (as the person says)"
        decision = decision.model_copy(update={"action": action, "reasoning": reasoning})
    return decision


def apply_earlier_answers(
    state: State, guard_decision: GuardDecision, snapshot: TargetSnapshot, observation: Observation
) -> GuardDecision:
    """The guard's decision, with the person's earlier answers about the same action; a denial remains one."""
    if guard_decision.kind != "ask":
        return guard_decision
    if snapshot.signature in state["refused_signatures"]:
        return replace(guard_decision, kind="deny", reason=f"the person refused it before: {snapshot.words}")
    for_run = state["approved_for_run"]
    if _verb_on_site(guard_decision.verb, snapshot.site) in for_run or any(
        _still_matches(each, snapshot, observation) for each in for_run if isinstance(each, dict)
    ):
        return replace(guard_decision, kind="allow", reason="the person allowed it for this run")
    if any(_still_matches(each, snapshot, observation) for each in state["approved_once"]):
        return replace(guard_decision, kind="allow", reason="the person allowed it")
    return guard_decision


def _still_matches(approved: Any, snapshot: TargetSnapshot, observation: Observation) -> bool:
    """Whether the approved target is the one on the screen; a record of an older version allows nothing."""
    if not isinstance(approved, dict):
        return False
    return not find_differences(TargetSnapshot.model_validate(approved), snapshot, observation)


def _verb_on_site(verb: str, site: str) -> str:
    """The approval of everything that a word asks about on one site."""
    return f"verb:{verb} {site}"


def ask_approval(
    state: State, guard_decision: GuardDecision, snapshot: TargetSnapshot, differences: list[str]
) -> State:
    """The question about an action, in words that a page cannot disguise.

    `differences`: how the target differs from the one in an earlier question.
    """
    words = next(iter(state["edits"]), snapshot.words)
    subject = {"verb": guard_decision.verb, "words": words, "snapshot": snapshot.model_dump(mode="json")}
    because = f" (because of “{visible(guard_decision.verb)}”)" if guard_decision.verb else ""
    since = f"{CHANGED} {'; '.join(differences)}. " if differences else ""
    about = f" — {snapshot}" if str(snapshot) else ""
    question = f"{since}{ALLOW_THIS} {visible(guard_decision.reason)}{because}{about}"
    return State(question=question, question_subject=subject, approved_once=[])


def question_id(step: int, question: str, used_answers: int = 0) -> str:
    """Identifies a question within its run: an answer that names another id is not used.

    `used_answers` is the number of answers used before it, so that a repeated question has a new id.
    """
    return hashlib.sha256(f"{step}\n{question}\n{used_answers}".encode()).hexdigest()[:8]


def waiting_question_id(run: dict[str, Any]) -> str:
    """The id of the question that a run waits for, from its `run.json`; empty if it waits for none."""
    if run.get("status") != "waiting":
        return ""
    step, used_answers = int(run.get("steps") or 0) + 1, int(run.get("answers") or 0)
    return question_id(step, str(run.get("reason", "")), used_answers)


def refuse_action(state: State, reason: str, signature: str = "") -> State:
    """Skip the pending action: the policy receives the reason. A second refusal of the same action ends the run.

    `signature` identifies the action, see `TargetSnapshot.signature`; empty: the action that the question is about.
    """
    decision = pending_decision(state)
    words = describe(decision.action)
    if not signature:
        subject = state["question_subject"]
        signature = TargetSnapshot.model_validate(subject["snapshot"]).signature if subject else words
    if signature in state["refused_signatures"]:
        return State(status="refused", reason=f"{words}: {reason}", question="")
    outcome = Outcome(kind="no_effect", evidence=f"refused: {reason}")
    update = _finish_step(state, decision, outcome, f"refused: {reason}")
    return update | State(refused_signatures=[*state["refused_signatures"], signature], memo=state["memo"])


def _finish_step(state: State, decision: Decision, outcome: Outcome, result: str) -> State:
    """Finish the step although handeye did not perform its action."""
    step = StepSummary(
        number=state["step"], reasoning=decision.reasoning, action=decision.action, outcome=outcome, result=result
    )
    return State(
        step=state["step"] + 1,
        steps=append_step(state, step),
        memo=decision.memo,
        decision=None,
        question="",
        outcome_known=True,
        edits={},
        approved_once=[],
        target_changes=0,
    )


def _ask_again(state: State, why: str) -> State:
    """The pending question again, with the reason why the answer could not be used."""
    question = re.sub(rf"^.*?(?={re.escape(ALLOW_THIS)})", "", state["question"])
    return State(question=f"{why} {question}")
