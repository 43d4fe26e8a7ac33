"""Picking up a run that stopped: what its last action did, and how its page is brought back.

The rule is that no action with an effect elsewhere happens twice. The journal tells which action is in doubt; a
request that changes something is journalled before it leaves, so an action without one can be done again. With one, its
answer decides, else the screen, and where the screen cannot tell, the person is asked.

A page that may have been reached by doing something (a GET in the course of a risky action) is not opened again: the
run goes on from the one before it. What only the scripts of a page knew is lost with the page, and said to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from handeye.agent.approval import YES
from handeye.agent.effect_journal import (
    READING,
    doubt,
    effects,
    last_intent,
    last_outcome,
    read_journal,
    unsafe_addresses,
)
from handeye.agent.event_log import ApprovalReceived, Noted
from handeye.agent.loop import RunContext, seen, with_local
from handeye.agent.recovery import by_hand_or_itself
from handeye.agent.state import LocalInput, State, local_inputs, past, pending, with_step
from handeye.perception.change import difference, fingerprint
from handeye.perception.outcome import Outcome
from handeye.policies.decision import Decision, StepSummary
from handeye.tools.actions import Action, Call, Click, Select, Type, describe, targets
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.screenshot import Screenshot, open_image

if TYPE_CHECKING:
    from handeye.agent.effect_journal import Doubt, Entry
    from handeye.perception.observation import Observation
    from handeye.tools.element import Element


#: Asked when the programs of a run are gone. Steps that reached beyond them (a saved file, a sent mail) stay done.
FROM_THE_START = "Begin the goal again from its first step?"
#: Asked of what left and was not answered, or does not show; after a yes it is not done again.
WAS_IT_DONE = "Was it done?"


@dataclass(frozen=True)
class Recovered:
    """Where a run goes on from, and what only the person can tell."""

    update: State
    """What changes in the state."""
    question: str = ""
    """Empty where nothing is in doubt."""
    pending: bool = False
    """Whether the question is about the pending action."""
    inputs: tuple[int, ...] = ()
    """Steps whose inputs the question is about, besides."""


def recover(context: RunContext, state: State) -> Recovered:
    """What to go on from, with the device brought back as far as it can be."""
    journal = read_journal(context.run.journal)
    unsaved = unsaved_input(journal, state, context.run.device_state())
    state = State(**(state | unsaved))
    restored = restore(context, state, journal)
    update = reopened(context) | unsaved
    if restored.lost and journal:
        return Recovered(update, f"{restored.lost}. {FROM_THE_START}")
    about_inputs, inputs = doubtful(restored, state, journal)
    pending_too = False
    question = ""
    if state["decision"]:
        decision = pending(state)
        outcome, uncertain = last_outcome(journal, state["step"]), doubt(journal)
        if outcome:
            evidence = outcome.text if outcome.failed else "recorded before the run stopped"
            update |= _done(state, decision, outcome.text, evidence)
        elif uncertain is None or uncertain.step != state["step"]:
            update |= State(decision=None)
        else:
            words = describe(decision.action)
            match happened(context, uncertain, state):
                case True:
                    context.tell(Noted(step=state["step"], text=f"{words}: done before the run stopped"))
                    answered = f"{uncertain.answered[-1]} was answered" if uncertain.answered else ""
                    update |= _done(state, decision, "", answered or "the screen shows that it was done", settled=True)
                case False:
                    context.tell(Noted(step=state["step"], text=f"{words}: had not happened, is chosen anew"))
                    update |= State(decision=None)
                case None:
                    sent = f" ({', '.join(uncertain.sent)})" if uncertain.sent else ""
                    question, pending_too = f"{words}: the run was cut off in the middle{sent}. {WAS_IT_DONE}", True
    update |= shown_by_the_page(context, State(**(state | update)))
    return Recovered(update, question or about_inputs, pending_too, inputs)


def shown_by_the_page(context: RunContext, state: State) -> State:
    """The last step with what the page shows of it now, where it is an input that could not be judged any more."""
    steps, inputs = past(state), {each.step: each for each in local_inputs(state)}
    if not steps or steps[-1].outcome.kind != "unknown" or steps[-1].number not in inputs:
        return State()
    if not held(inputs[steps[-1].number], seen(context)):
        return State()
    outcome = Outcome(kind="confirmed", evidence="the page shows it after the run was resumed")
    last = steps[-1].model_copy(update={"outcome": outcome})
    return State(steps=[*state["steps"][:-1], last.model_dump(mode="json")])


def doubtful(restored: Restored, state: State, journal: list[Entry]) -> tuple[str, tuple[int, ...]]:
    """The question about inputs that were sent and that the page, loaded anew, does not show; and their steps."""
    sent = effects(journal)
    missing = [each for each in local_inputs(state) if each.step in restored.missing]
    requests = list(dict.fromkeys([*restored.withheld, *(name for each in missing for name in sent[each.step])]))
    if not requests:
        return "", ()
    left = f"{', '.join(requests[:3])} left before the run stopped"
    if not missing:
        return f"{left} and was not sent again, so that the page may lack what it did. {WAS_IT_DONE}", ()
    what = "; ".join(describe(each.action) for each in missing)
    return (
        f"{what}: {left}, and the page, which was loaded anew, does not show it. {WAS_IT_DONE}",
        tuple(each.step for each in missing),
    )


def unsaved_input(journal: list[Entry], state: State, device_state: dict[str, Any]) -> State:
    """The last input, where the run stopped after it was done and before the state that tells of it was saved."""
    intent, outcome = last_intent(journal, state["step"]), last_outcome(journal, state["step"])
    if intent is None or intent.action is None or outcome is None or outcome.failed:
        return State()
    if not intent.local or device_state.get("url") != intent.text:
        return State()
    made = LocalInput(step=intent.step, action=intent.action, aim=intent.aim, checked=intent.checked)
    return with_local(state, made)


def reopened(context: RunContext) -> State:
    """What every resume sets anew."""
    document = context.device.signals().document
    return State(status="", reason="", question="", unusable=0, document=document, judged=True, view=None)


def settle_doubt(context: RunContext, state: State, found: Recovered, answer: str) -> State:
    """What the person's word means: on what is in doubt (yes, it was done, or no), or on a goal to begin again."""
    context.tell(ApprovalReceived(step=state["step"], answer=answer))
    yes = answer.strip().lower() in YES
    if found.question.endswith(FROM_THE_START):
        again = State(memo={}, steps=[], tried=[], refused=[]) if yes else State()
        return found.update | again | State(question="", decision=None)
    update = found.update | State(question="")
    if yes and found.pending:
        update |= _done(state, pending(state), "", "the person says that it was done", settled=True)
    elif found.pending:
        update |= State(decision=None)
    now = State(**(state | update))
    if yes:
        return update | settled(now, found.inputs)
    if found.inputs or not found.pending:
        restore(context, now, read_journal(context.run.journal), again=True)
        update |= State(document=context.device.signals().document)
    return update


def settled(state: State, steps: tuple[int, ...]) -> State:
    """The state with these inputs done for good, whatever the page shows."""
    inputs = [each.model_copy(update={"settled": True}) if each.step in steps else each for each in local_inputs(state)]
    known = [each.model_copy(update={"settled": True}) if each.number in steps else each for each in past(state)]
    return State(
        local=[each.model_dump(mode="json") for each in inputs], steps=[each.model_dump(mode="json") for each in known]
    )


@dataclass(frozen=True)
class Restored:
    """How the device was brought back."""

    lost: str = ""
    """What is lost for good, in words."""
    missing: tuple[int, ...] = ()
    """Steps whose inputs were sent, and which the page does not show."""
    withheld: tuple[str, ...] = ()
    """Requests of the page itself, or of an input made again, that did not leave because they had left before."""


def restore(context: RunContext, state: State, journal: list[Entry], *, again: bool = False) -> Restored:
    """Bring a fresh device back to where the old one was, and do again what only its page knew.

    An input that may have caused a request is not made again: the page shows it, or it is reported as missing. What
    the page sends while it comes back does not leave if it left before. With `again`, because the person says that it
    was not done, all of it is done again.
    """
    sent = effects(journal)
    changing = frozenset(name for names in sent.values() for name in names if not name.startswith(READING))
    device_state, passed_by = safe(context.run.device_state(), unsafe_addresses(journal))
    begun = last_intent(journal, state["step"])
    moved = (
        begun is not None and device_state.get("url", begun.text) != begun.text
    )  # the inputs were of the page before
    context.journal.rest()
    context.journal.withhold(frozenset() if again else changing)
    try:
        lost = context.device.restore(device_state)
        for text in filter(None, (passed_by, lost)):
            context.tell(Noted(step=state["step"], text=text))
        context.observation = None
        context.device.settle()
        missing = () if passed_by or moved else _made_again(context, state, {} if again else sent)
        withheld = tuple(dict.fromkeys(context.journal.withheld))
    finally:
        context.journal.withhold(frozenset())
        context.journal.rest()
    for text in withheld:
        context.tell(Noted(step=state["step"], text=f"{text} was withheld: it was sent before the run stopped"))
    host = urlsplit(str(device_state.get("url", ""))).netloc
    own = tuple(text for text in withheld if urlsplit(text.partition(" ")[2]).netloc == host)  # others count visits
    if state["judged"] and not lost and (differs := _differs(context, state)):
        context.tell(Noted(step=state["step"], text=differs))
    return Restored(lost, missing, own)


def _made_again(context: RunContext, state: State, sent: dict[int, tuple[str, ...]]) -> tuple[int, ...]:
    """Make the inputs again that caused no request; returns the steps of those that did and that the page lacks."""
    address = context.device.signals().url
    made, missing = 0, list[int]()
    for each in local_inputs(state):
        if each.settled:
            continue
        if each.step in sent:
            if not held(each, seen(context)):
                missing.append(each.step)
            continue
        try:
            action = _afresh(each, seen(context))
            context.journal.redo(each.step, frozenset(element.id for element in _under(action, seen(context))))
            by_hand_or_itself(context, action)
            made += 1
        except (ActionRefused, ActionFailed) as error:
            context.tell(Noted(step=state["step"], text=f"could not do again: {describe(each.action)} ({error})"))
        context.device.settle()
        context.observation = None
        if context.device.signals().url != address:
            break
    if made and sent:
        context.device.leave_field()  # a field that saves itself when it is left does so now, and not in the next step
        context.device.settle()
        context.observation = None
    if made:
        context.tell(Noted(step=state["step"], text=f"the page was loaded anew; {made} earlier inputs were made again"))
    return tuple(missing)


def held(made: LocalInput, observation: Observation) -> bool:
    """Whether the page shows an input: the text in its field, the option in its list, the tick in its box."""
    named = [each for each in observation.elements if made.aim and each.name == made.aim]
    for each in named or _under(made.action, observation):
        match made.action:
            case Type(text=text) if each.takes_text or each.value:
                if not each.secret and " ".join(text.split()) == " ".join(each.value.split()):
                    return True
            case Select(option=option):
                if option.casefold() in each.value.casefold():
                    return True
            case Click():
                if made.checked is not None and each.checked == made.checked:
                    return True
    return False


def safe(device_state: dict[str, Any], unsafe: dict[str, str]) -> tuple[dict[str, Any], str]:
    """The memento without addresses that may do something when they are opened again, and which these were."""
    passed_by: list[str] = []

    def instead(url: str) -> str:
        plain = url.partition("#")[0].partition("?")[0]
        if plain not in unsafe:
            return url
        passed_by.append(plain)
        return unsafe[plain]

    tabs = [instead(url) for url in device_state.get("tabs", ())]
    kept = {**device_state, "url": instead(device_state.get("url", "")), **({"tabs": tabs} if tabs else {})}
    if not passed_by:
        return device_state, ""
    return kept, f"{passed_by[0]} is not opened again, as that may do something twice: going on from the page before it"


def _last_look(context: RunContext, state: State) -> Screenshot | None:
    digest = state.get("screen", "")
    path = context.run.screens / f"{digest}.webp"
    shot = Screenshot(open_image(path)) if path.exists() else None
    return shot if shot and shot.digest == digest else None  # late in a long run pictures are not exact


def _same_screen(context: RunContext, state: State, observation: Observation) -> bool:
    """Whether the screen is the one of the last look, but for a clock or a blinking cursor."""
    before = _last_look(context, state)
    return before is not None and fingerprint(before) == fingerprint(observation.screenshot)


def _differs(context: RunContext, state: State) -> str:
    """What to say when the page does not look as it did when the run last looked; empty when it does."""
    observation, before = seen(context), _last_look(context, state)
    if not observation.signals.url or before is None:
        return ""
    change = difference(before, observation.screenshot)
    if change.fraction == 0 or change.blink:
        return ""
    return (
        f"the page looks different from when the run stopped ({change.fraction:.0%} of it): it has changed since, or "
        "what only its scripts knew is lost"
    )


def _afresh(made: LocalInput, observation: Observation) -> Action:
    """The action without element ids of a page that is gone; typing replaces, so that nothing stands twice."""
    action = made.action
    plain = {
        name: target.model_copy(update={"element": ""}) for name, target in targets(action).items() if target.point
    }
    if action.kind == "type" and "target" in plain:
        return action.model_copy(update={**plain, "clear": True})
    if action.kind == "click" and made.checked is not None:
        now = [element.checked for element in _under(action, observation) if element.checked is not None]
        if made.checked in now:
            raise ActionRefused(f"it is {'' if made.checked else 'un'}checked already")
    return action.model_copy(update=plain)


def happened(context: RunContext, uncertain: Doubt, state: State) -> bool | None:
    """Whether the action in doubt was done; None when that cannot be told."""
    if isinstance(uncertain.action, Call):
        return None  # a tool works where no screen tells of it
    observation = seen(context)
    if not observation.signals.url:
        if not _same_screen(context, state, observation):
            return True
        return None if uncertain.risky else False
    changing = {sent for sent in uncertain.sent if not sent.startswith(READING)}
    if changing and uncertain.local and uncertain.address == observation.signals.url:
        made = LocalInput(step=uncertain.step, action=uncertain.action, aim=uncertain.aim, checked=uncertain.checked)
        return held(made, observation) or None
    if changing and changing <= set(uncertain.answered):
        return True
    # As it was noted when it happened: a page that is opened again may lead elsewhere.
    gone_on = bool(context.run.device_state().get("url", uncertain.address) != uncertain.address)
    if not changing and (gone_on or not uncertain.sent):
        return gone_on
    there = any(element.acts and element.name == uncertain.aim for element in observation.elements)
    # Another page came than was asked for, such as one to log in at: that the button is not on it proves nothing.
    elsewhere = observation.signals.url != context.run.device_state().get("url", observation.signals.url)
    return True if uncertain.aim and uncertain.lasting and not there and not elsewhere else None


def _under(action: Action, observation: Observation) -> list[Element]:
    points = [target.point for target in targets(action).values() if target.point]
    return [element for element in observation.elements if any(element.box.holds(point) for point in points)]


def _done(state: State, decision: Decision, result: str, evidence: str, *, settled: bool = False) -> State:
    outcome = Outcome(kind="unknown", evidence=evidence)
    step = StepSummary(
        number=state["step"],
        reasoning=decision.reasoning,
        action=decision.action,
        outcome=outcome,
        result=result,
        settled=settled,
    )
    return State(step=state["step"] + 1, steps=with_step(state, step), memo=decision.memo, decision=None, question="")
