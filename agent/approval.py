"""What a person says to a question of the loop, and what becomes of an action that is not to be done.

A question whether to allow an action is answered at the terminal, or days later by `handeye resume RUN --answer …`:

    yes                     this once
    always                  this action, for the rest of the run
    always: send            whatever asks because of this word (it stands in the question), for the rest of the run
    no, or no: the reason   not this; the policy is told why
    edit: other words       this instead: other text to type, another thing to click, another address
    edit: {"text": "…"}     the same with any fields of the action; the guard judges what comes of it anew
    done by hand            the person has done it; the loop looks again

Anything else is a reason to refuse. What was allowed is good for the same action on the same thing of the same site,
and never for what the rules refuse.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from handeye.agent.mind import ground_targets
from handeye.agent.state import State, pending, with_step
from handeye.agent.trace import Answered
from handeye.perception.outcome import Outcome
from handeye.policies.decision import Past
from handeye.policies.guard import pressed
from handeye.tools.actions import Ask, describe, parse_action
from handeye.tools.errors import ActionRefused
from handeye.tools.plain import folded, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.agent.trace import AnyEvent
    from handeye.perception.eyes import Eyes
    from handeye.perception.scene import Scene
    from handeye.policies.decision import Decision
    from handeye.policies.guard import Ruling
    from handeye.tools.actions import Action

YES = frozenset({"y", "yes", "ok", "allow", "approve", "true"})
NO = frozenset({"n", "no", "deny", "refuse", "false", ""})
BY_HAND = frozenset({"done by hand", "by hand", "i did it", "took over", "take over"})

#: What a question begins with that these answers are for.
ALLOW_THIS = "Allow this?"
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
    tell(Answered(step=state["step"], answer=answer))
    decision = pending(state)
    if isinstance(decision.action, Ask):
        return _over(state, decision, Outcome(kind="confirmed", evidence="the person answered"), answer)
    said, asked = read_answer(answer), state["asked"]
    match said.kind:
        case "yes":
            return State(question="", approved=[*state["approved"], asked["key"]])
        case "always":
            if said.words and folded(said.words) != folded(asked["verb"]):
                return _again(state, f"This is not asked because of “{said.words}” but of “{asked['verb']}”.")
            good_for = f"verb:{asked['verb']}" if said.words else asked["key"]
            return State(question="", always=[*state["always"], good_for])
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


def amended(state: State, scene: Scene, eyes: Eyes) -> Decision:
    """The pending decision, with the action that the person put in its place, if they did.

    Raises ActionRefused when what that one aims at is not on the screen.
    """
    decision = pending(state)
    if instead := state["edits"].get(describe(decision.action)):
        action, _ = ground_targets(parse_action(instead), scene, eyes)
        decision = decision.model_copy(update={"action": action, "thought": f"{decision.thought} (as the person says)"})
    return decision


def key_of(action: Action, scene: Scene) -> str:
    """What a person's word is good for: this action, on what is called so, on this site."""
    return " | ".join((describe(action), *pressed(action, scene), urlsplit(scene.signals.url).netloc))


def remembered(state: State, ruling: Ruling, action: Action, key: str) -> Ruling:
    """The ruling, with what the person said before; a refusal of the rules stays one."""
    if ruling.ruling != "ask":
        return ruling
    if key in state["always"] or f"verb:{ruling.verb}" in state["always"]:
        return replace(ruling, ruling="allow", reason="the person allowed it for this run")
    if key in state["approved"]:
        return replace(ruling, ruling="allow", reason="the person allowed it")
    if (words := describe(action)) in state["refused"]:
        return replace(ruling, ruling="refuse", reason=f"the person refused it before: {words}")
    return ruling


def question(state: State, ruling: Ruling, action: Action, key: str) -> State:
    """Ask about an action, in words that a page cannot disguise."""
    words = next((old for old in state["edits"]), describe(action))
    asked = {"key": key, "verb": ruling.verb, "words": words}
    because = f" (because of “{visible(ruling.verb)}”)" if ruling.verb else ""
    return State(question=f"{ALLOW_THIS} {visible(ruling.reason)}{because}", asked=asked)


def refuse(state: State, reason: str) -> State:
    """The pending action is not done: the policy is told, and a second refusal of the same action ends the run."""
    decision = pending(state)
    words = describe(decision.action)
    if words in state["refused"]:
        return State(verdict="refused", reason=f"{words}: {reason}", question="")
    outcome = Outcome(kind="no_effect", evidence=f"refused: {reason}")
    refused = _over(state, decision, outcome, f"refused: {reason}")
    return refused | State(refused=[*state["refused"], words], memo=state["memo"])


def _over(state: State, decision: Decision, outcome: Outcome, result: str) -> State:
    """The step is over without a hand of ours."""
    step = Past(number=state["step"], thought=decision.thought, action=decision.action, outcome=outcome, result=result)
    return State(
        step=state["step"] + 1,
        steps=with_step(state, step),
        memo=decision.memo,
        decision=None,
        question="",
        judged=True,
        edits={},
    )


def _again(state: State, why: str) -> State:
    asked = re.sub(rf"^.*?(?={re.escape(ALLOW_THIS)})", "", state["question"])
    return State(question=f"{why} {asked}")
