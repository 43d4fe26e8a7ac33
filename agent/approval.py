"""What a person says to a question of the loop, and what becomes of an action that is not to be done.

A question whether to allow an action is answered at the terminal, or days later by `handeye resume RUN --answer …`:

    yes                     this once
    always                  this action, for the rest of the run
    always: send            whatever asks because of this word (it stands in the question), for the rest of the run
    no, or no: the reason   not this; the policy is told why
    edit: other words       this instead: other text to type, another thing to click, another address
    edit: {"text": "…"}     the same with any fields of the action; the guard judges what comes of it anew
    done by hand            the person has done it; the loop looks again

Anything else is a reason to refuse. What was allowed is good for what the question showed: the same action on the same
element of the same page, with the same text and amounts around it. It is compared with the screen after the answer and
asked anew where it differs. It is good once, and not after another action was done meanwhile. Nothing that a person
says allows what the rules refuse. An answer counts for the question that it was given to, and for no later one.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from handeye.agent.event_log import ApprovalReceived
from handeye.agent.internal_actions import ground_targets
from handeye.agent.state import State, pending, with_step
from handeye.agent.target_snapshot import TargetSnapshot, differences
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

#: What a question begins with that these answers are for.
ALLOW_THIS = "Allow this?"
#: What it begins with when something else was shown before.
CHANGED = "This has changed since:"
ANSWERS = "yes · always · always: word · no: reason · edit: words or {…} · done by hand"

#: Which field words alone replace; of other actions it is the target.
MAIN_FIELD = {"type": "text", "key": "keys", "navigate": "url", "select": "option", "window": "title"}


@dataclass(frozen=True)
class Answer:
    """What a person said."""

    kind: Literal["yes", "always", "no", "edit", "by hand"]
    words: str = ""
    """What stood after the colon."""


def read_answer(text: str) -> Answer:
    """What an answer means; what is none of the words above is a reason to refuse."""
    plain = text.strip()
    word, colon, rest = plain.partition(":")
    word = " ".join(word.lower().split())
    if not colon and word in YES:
        return Answer("yes")
    if word == "always":
        return Answer("always", rest.strip().strip("“”\"'"))
    if word == "edit" and rest.strip():
        return Answer("edit", rest.strip())
    if word in BY_HAND:
        return Answer("by hand")
    return Answer("no", rest.strip() if word in NO else plain)


def answered(tell: Callable[[AnyEvent], None], state: State, answer: str) -> State:
    """What a person's answer to the pending question means; it is asked again where the answer cannot be used."""
    tell(ApprovalReceived(step=state["step"], answer=answer))
    decision = pending(state)
    if isinstance(decision.action, Ask):
        return _over(state, decision, Outcome(kind="confirmed", evidence="the person answered"), answer)
    said, asked = read_answer(answer), state["asked"]
    if "shown" not in asked:  # asked by an older version, which did not write down what the question showed
        return State(question="")
    match said.kind:
        case "yes":
            return State(question="", approved=[asked["shown"]])
        case "always":
            if said.words and folded(said.words) != folded(asked["verb"]):
                return _again(state, f"This is not asked because of “{said.words}” but of “{asked['verb']}”.")
            good_for = _verb(asked["verb"], asked["shown"]["site"]) if said.words else asked["shown"]
            return State(question="", always=[*state["always"], good_for], approved=[asked["shown"]])
        case "edit":
            try:
                edited = edit(decision.action, said.words)
            except ActionRefused as error:
                return _again(state, f"That cannot be done ({error}).")
            return State(question="", edits={asked["words"]: edited.model_dump(mode="json")})
        case "by hand":
            note = "the person did it by hand"
            return _over(state, decision, Outcome(kind="unknown", evidence=note), note)
    return refuse(state, f"the person refused it{f': {said.words}' if said.words else ''}")


def edit(action: Action, words: str) -> Action:
    """The action as the person wants it: fields as JSON, or words for what it is about.

    Its targets are words again, to be found on the screen. Raises ActionRefused when no action comes of it.
    """
    fields: dict[str, Any] = action.model_dump(mode="json", exclude_none=True)
    change: Any = {MAIN_FIELD.get(action.kind, "target"): words}
    if words.startswith("{"):
        try:
            change = json.loads(words)
        except ValueError as error:
            raise ActionRefused(f"{words} is no JSON: {error}") from None
    if change.get("kind", action.kind) != action.kind:
        fields = {}
    return parse_action(fields | change)


def amended(state: State, observation: Observation, perception: Perception) -> Decision:
    """The pending decision, with the action that the person put in its place, if they did.

    Raises ActionRefused when what that one aims at is not on the screen.
    """
    decision = pending(state)
    if instead := state["edits"].get(describe(decision.action)):
        action, _ = ground_targets(parse_action(instead), observation, perception)
        decision = decision.model_copy(
            update={"action": action, "reasoning": f"{decision.reasoning} (as the person says)"}
        )
    return decision


def remembered(
    state: State, guard_decision: GuardDecision, now: TargetSnapshot, observation: Observation
) -> GuardDecision:
    """The ruling, with what the person said before of the same thing; a refusal of the rules stays one."""
    if guard_decision.kind != "ask":
        return guard_decision
    if now.signature in state["refused"]:
        return replace(guard_decision, kind="deny", reason=f"the person refused it before: {now.words}")
    always = [each for each in state["always"] if isinstance(each, dict)]
    if _verb(guard_decision.verb, now.site) in state["always"] or any(
        _holds(each, now, observation) for each in always
    ):
        return replace(guard_decision, kind="allow", reason="the person allowed it for this run")
    if any(_holds(each, now, observation) for each in state["approved"]):
        return replace(guard_decision, kind="allow", reason="the person allowed it")
    return guard_decision


def _holds(approved: Any, now: TargetSnapshot, observation: Observation) -> bool:
    """Whether what was allowed is what is there now; what an older version has written down allows nothing."""
    return isinstance(approved, dict) and not differences(TargetSnapshot.model_validate(approved), now, observation)


def _verb(verb: str, site: str) -> str:
    """What allows all that is asked because of a word, on one site."""
    return f"verb:{verb} {site}"


def question(state: State, guard_decision: GuardDecision, now: TargetSnapshot, changed: list[str]) -> State:
    """Ask about an action, in words that a page cannot disguise; `changed`: what differs from what was shown before."""
    words = next((old for old in state["edits"]), now.words)
    asked = {"verb": guard_decision.verb, "words": words, "shown": now.model_dump(mode="json")}
    because = f" (because of “{visible(guard_decision.verb)}”)" if guard_decision.verb else ""
    since = f"{CHANGED} {'; '.join(changed)}. " if changed else ""
    about = f" — {now}" if str(now) else ""
    return State(
        question=f"{since}{ALLOW_THIS} {visible(guard_decision.reason)}{because}{about}", asked=asked, approved=[]
    )


def question_id(step: int, question: str, answers: int = 0) -> str:
    """What tells a question from every other one of its run: an answer that names another id is not used.

    `answers` is how many answers were used before it, so that the same question asked again has another id.
    """
    return hashlib.sha256(f"{step}\n{question}\n{answers}".encode()).hexdigest()[:8]


def waiting_id(notes: dict[str, Any]) -> str:
    """The id of the question that a run waits on, from its `run.json`; empty when it waits on none."""
    if notes.get("status") != "waiting":
        return ""
    step, answers = int(notes.get("steps") or 0) + 1, int(notes.get("answers") or 0)
    return question_id(step, str(notes.get("reason", "")), answers)


def refuse(state: State, reason: str, signature: str = "") -> State:
    """The pending action is not done: the policy is told, and a second refusal of the same action ends the run.

    `signature` is what the refusal is good for, see `Shown.signature`; empty: what the question is about.
    """
    decision = pending(state)
    words = describe(decision.action)
    signature = signature or (
        TargetSnapshot.model_validate(state["asked"]["shown"]).signature if state["asked"] else words
    )
    if signature in state["refused"]:
        return State(status="refused", reason=f"{words}: {reason}", question="")
    outcome = Outcome(kind="no_effect", evidence=f"refused: {reason}")
    refused = _over(state, decision, outcome, f"refused: {reason}")
    return refused | State(refused=[*state["refused"], signature], memo=state["memo"])


def _over(state: State, decision: Decision, outcome: Outcome, result: str) -> State:
    """The step is over without a hand of ours."""
    step = StepSummary(
        number=state["step"], reasoning=decision.reasoning, action=decision.action, outcome=outcome, result=result
    )
    return State(
        step=state["step"] + 1,
        steps=with_step(state, step),
        memo=decision.memo,
        decision=None,
        question="",
        judged=True,
        edits={},
        approved=[],
        changes=0,
    )


def _again(state: State, why: str) -> State:
    asked = re.sub(rf"^.*?(?={re.escape(ALLOW_THIS)})", "", state["question"])
    return State(question=f"{why} {asked}")
