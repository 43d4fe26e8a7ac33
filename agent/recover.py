"""Picking up a run that stopped: what its last action did, and how its page is brought back.

The rule is that no action with an effect elsewhere happens twice. The journal tells which action is in doubt; a
request that changes something is journalled before it leaves, so an action without one can be done again. With one, its
answer decides, else the screen, and where the screen cannot tell, the person is asked.

A page that may have been reached by doing something (a GET in the course of a risky action) is not opened again: the
run goes on from the one before it. What only the scripts of a page knew is lost with the page, and said to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handeye.agent.approval import YES
from handeye.agent.journal import READING, doubt, last_intent, last_outcome, read_journal, unsafe_addresses
from handeye.agent.ladder import by_hand_or_itself
from handeye.agent.loop import Crew, seen, with_local
from handeye.agent.state import State, pending, with_step
from handeye.agent.trace import Answered, Noted
from handeye.perception.change import difference, fingerprint
from handeye.perception.outcome import Outcome
from handeye.policies.decision import Decision, Past
from handeye.tools.actions import ADAPTER, Action, Call, describe, targets
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.screenshot import Screenshot, open_image

if TYPE_CHECKING:
    from handeye.agent.journal import Doubt, Entry
    from handeye.perception.scene import Scene
    from handeye.tools.element import Element


#: Asked when the programs of a run are gone. Steps that reached beyond them (a saved file, a sent mail) stay done.
FROM_THE_START = "Begin the goal again from its first step?"


def recover(crew: Crew, state: State) -> State:
    """The state to go on from, with the device brought back as far as it can be."""
    journal = read_journal(crew.run.journal)
    unsaved = unsaved_input(journal, state, crew.run.memento())
    state = State(**(state | unsaved))
    lost = restore(crew, state, journal)
    update = reopened(crew) | unsaved
    if lost and journal:
        return update | State(question=f"{lost}. {FROM_THE_START}")
    if not state["decision"]:
        return update
    decision = pending(state)
    if outcome := last_outcome(journal, state["step"]):
        evidence = outcome.text if outcome.failed else "recorded before the run stopped"
        return update | _done(state, decision, outcome.text, evidence)
    uncertain = doubt(journal)
    if uncertain is None or uncertain.step != state["step"]:
        return update | State(decision=None)
    match happened(crew, uncertain, state):
        case True:
            crew.tell(Noted(step=state["step"], text=f"{describe(decision.action)}: done before the run stopped"))
            answered = f"{uncertain.answered[-1]} was answered" if uncertain.answered else ""
            return update | _done(state, decision, "", answered or "the screen shows that it was done")
        case False:
            crew.tell(Noted(step=state["step"], text=f"{describe(decision.action)}: had not happened, is chosen anew"))
            return update | State(decision=None)
        case None:
            sent = f" ({', '.join(uncertain.sent)})" if uncertain.sent else ""
            question = f"{describe(decision.action)}: the run was cut off in the middle{sent}. Was it done?"
            return update | State(question=question)


def unsaved_input(journal: list[Entry], state: State, memento: dict[str, Any]) -> State:
    """The last input, where the run stopped after it was done and before the state that tells of it was saved."""
    intent, outcome = last_intent(journal, state["step"]), last_outcome(journal, state["step"])
    if intent is None or intent.action is None or outcome is None or outcome.failed:
        return State()
    return with_local(state, intent.action) if intent.local and memento.get("url") == intent.text else State()


def reopened(crew: Crew) -> State:
    """What every resume sets anew."""
    document = crew.device.signals().document
    return State(verdict="", reason="", question="", unusable=0, document=document, judged=True, view=None)


def settle_doubt(crew: Crew, state: State, question: str, answer: str) -> State:
    """What the person's word means: on an action in doubt (yes, it was done, or no), or on a goal to begin again."""
    crew.tell(Answered(step=state["step"], answer=answer))
    yes = answer.strip().lower() in YES
    if question.endswith(FROM_THE_START):
        again = State(memo={}, steps=[], tried=[], refused=[]) if yes else State()
        return again | State(question="", decision=None)
    if yes:
        return State(question="") | _done(state, pending(state), "", "the person says that it was done")
    return State(question="", decision=None)


def restore(crew: Crew, state: State, journal: list[Entry]) -> str:
    """Bring a fresh device back to where the old one was, and do again what only its page knew; tells what is lost."""
    memento, passed_by = safe(crew.run.memento(), unsafe_addresses(journal))
    lost = crew.device.restore(memento)
    for text in filter(None, (passed_by, lost)):
        crew.tell(Noted(step=state["step"], text=text))
    crew.device.settle()
    address = crew.device.signals().url
    again = 0
    for value in state["local"]:
        action: Action = ADAPTER.validate_python(value)
        try:
            by_hand_or_itself(crew, _afresh(action, seen(crew)))
            again += 1
        except (ActionRefused, ActionFailed) as error:
            crew.tell(Noted(step=state["step"], text=f"could not do again: {describe(action)} ({error})"))
        crew.device.settle()
        crew.scene = None
        if crew.device.signals().url != address:
            break
    if again:
        crew.tell(Noted(step=state["step"], text=f"the page was loaded anew; {again} earlier inputs were made again"))
    if state["judged"] and not lost and (differs := _differs(crew, state)):
        crew.tell(Noted(step=state["step"], text=differs))
    return lost


def safe(memento: dict[str, Any], unsafe: dict[str, str]) -> tuple[dict[str, Any], str]:
    """The memento without addresses that may do something when they are opened again, and which these were."""
    passed_by: list[str] = []

    def instead(url: str) -> str:
        plain = url.partition("#")[0].partition("?")[0]
        if plain not in unsafe:
            return url
        passed_by.append(plain)
        return unsafe[plain]

    tabs = [instead(url) for url in memento.get("tabs", ())]
    kept = {**memento, "url": instead(memento.get("url", "")), **({"tabs": tabs} if tabs else {})}
    if not passed_by:
        return memento, ""
    return kept, f"{passed_by[0]} is not opened again, as that may do something twice: going on from the page before it"


def _last_look(crew: Crew, state: State) -> Screenshot | None:
    digest = state.get("screen", "")
    path = crew.run.screens / f"{digest}.webp"
    shot = Screenshot(open_image(path)) if path.exists() else None
    return shot if shot and shot.digest == digest else None  # late in a long run pictures are not exact


def _same_screen(crew: Crew, state: State, scene: Scene) -> bool:
    """Whether the screen is the one of the last look, but for a clock or a blinking cursor."""
    before = _last_look(crew, state)
    return before is not None and fingerprint(before) == fingerprint(scene.screenshot)


def _differs(crew: Crew, state: State) -> str:
    """What to say when the page does not look as it did when the run last looked; empty when it does."""
    scene, before = seen(crew), _last_look(crew, state)
    if not scene.signals.url or before is None:
        return ""
    change = difference(before, scene.screenshot)
    if change.fraction == 0 or change.blink:
        return ""
    return (
        f"the page looks different from when the run stopped ({change.fraction:.0%} of it): it has changed since, or "
        "what only its scripts knew is lost"
    )


def _afresh(action: Action, scene: Scene) -> Action:
    """The action without element ids of a page that is gone; typing replaces, so that nothing stands twice."""
    plain = {
        name: target.model_copy(update={"element": ""}) for name, target in targets(action).items() if target.point
    }
    if action.kind == "type" and "target" in plain:
        return action.model_copy(update={**plain, "clear": True})
    if action.kind == "click" and any(element.checked for element in _under(action, scene)):
        raise ActionRefused("it is checked already")
    return action.model_copy(update=plain)


def happened(crew: Crew, uncertain: Doubt, state: State) -> bool | None:
    """Whether the action in doubt was done; None when that cannot be told."""
    if isinstance(uncertain.action, Call):
        return None  # a tool works where no screen tells of it
    scene = seen(crew)
    if not scene.signals.url:
        if not _same_screen(crew, state, scene):
            return True
        return None if uncertain.risky else False
    changing = {sent for sent in uncertain.sent if not sent.startswith(READING)}
    if changing and changing <= set(uncertain.answered):
        return True
    # As it was noted when it happened: a page that is opened again may lead elsewhere.
    gone_on = bool(crew.run.memento().get("url", uncertain.address) != uncertain.address)
    if not changing and (gone_on or not uncertain.sent):
        return gone_on
    there = any(element.acts and element.name == uncertain.aim for element in scene.elements)
    return True if uncertain.aim and uncertain.lasting and not there else None


def _under(action: Action, scene: Scene) -> list[Element]:
    points = [target.point for target in targets(action).values() if target.point]
    return [element for element in scene.elements if any(element.box.holds(point) for point in points)]


def _done(state: State, decision: Decision, result: str, evidence: str) -> State:
    outcome = Outcome(kind="unknown", evidence=evidence)
    step = Past(number=state["step"], thought=decision.thought, action=decision.action, outcome=outcome, result=result)
    return State(step=state["step"] + 1, steps=with_step(state, step), memo=decision.memo, decision=None, question="")
