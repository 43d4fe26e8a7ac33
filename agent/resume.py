"""Resume a run: check its files, find out whether its last action was performed, and restore its page.

No action with an external effect may be performed twice. The journal contains the unfinished action. A request that
changes something is journalled before it is sent, so an action without such a request can be repeated. With a request,
its response decides, then the screen; if neither shows the effect, a person decides.

A page whose address may change something (a GET during a risky action) is not opened again: the run continues from the
page before it. State that existed only in the scripts of a page is lost, and the run reports that.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from handeye.agent.approval import YES
from handeye.agent.device_actions import perform_on_device
from handeye.agent.effect_journal import (
    READ_PREFIXES,
    find_intent,
    find_outcome,
    find_unfinished_action,
    find_unsafe_addresses,
    read_journal,
    requests_by_step,
)
from handeye.agent.event_log import ApprovalReceived, Noted
from handeye.agent.page_inputs import append_page_input, elements_under, find_input, page_shows
from handeye.agent.run_folder import REMEDY
from handeye.agent.state import PageInput, State, append_step, finished_steps, page_inputs, pending_decision
from handeye.perception.change import difference, fingerprint
from handeye.perception.outcome import Outcome
from handeye.policies.decision import Decision, StepSummary
from handeye.tools.actions import Action, Call, describe, targets
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError
from handeye.tools.screenshot import Screenshot, open_image

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.agent.effect_journal import JournalEntry, UnfinishedAction
    from handeye.agent.run_context import RunContext
    from handeye.agent.run_folder import RunFolder
    from handeye.perception.observation import Observation

#: The question if the programs of a run have ended. External effects (a saved file, a sent mail) are not undone.
FROM_THE_START = "Begin the goal again from its first step?"
#: The question about a request without a response or a visible effect; after a yes it is not repeated.
WAS_IT_DONE = "Was it done?"


# Whether the files are undamaged


def check_files(run: RunFolder) -> None:
    """Raise UsageError with the path if event log, journal or checkpoint is missing, empty or unreadable.

    An incomplete last line, after a crash, is accepted. A run that stopped before it opened its files has none.
    """
    if not run.read().get("opened"):
        return
    for path in (run.journal, run.trace, run.checkpoint):
        if not path.exists():
            raise UsageError(f"{path} is missing; {REMEDY}")
    read_journal(run.journal)
    lines = _check_event_log(run.trace)
    _check_database(run.checkpoint)
    if lines == 0 and run.journal.stat().st_size:
        raise UsageError(f"{run.trace} is empty, but the run has performed actions; {REMEDY}")
    run.device_state()


def check_state(run: RunFolder, state: State | None) -> None:
    """Raise UsageError if checkpoint, journal and event log are inconsistent, because one of them is an older copy."""
    journal = read_journal(run.journal)
    begun = max((entry.step for entry in journal if entry.entry == "intent"), default=0)
    if not state:
        if begun:
            raise UsageError(f"{run.checkpoint} has no state, but {run.journal.name} has {begun} steps; {REMEDY}")
        return
    if begun > state["step"]:
        raise UsageError(
            f"{run.checkpoint} ends at step {state['step']}, but {run.journal.name} ends at step {begun}; {REMEDY}"
        )
    written = state.get("line_counts") or {}
    for path, name in ((run.journal, "journal"), (run.trace, "trace")):
        lines = path.read_bytes().count(b"\n")
        if lines < (least := written.get(name, 0)):
            raise UsageError(f"{path} has {lines} lines, but the run had written {least}; {REMEDY}")
    if written.get("journal") and not run.device_state_path.exists():
        raise UsageError(f"{run.device_state_path} is missing; {REMEDY}")


def _check_event_log(path: Path) -> int:
    """Return the number of complete lines. Raises UsageError for a line that is not a JSON object."""
    lines = path.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        try:
            whole = isinstance(json.loads(line), dict)
        except ValueError:
            whole = False
        if not whole:
            raise UsageError(f"{path}: line {number} cannot be read ({line[:60].decode(errors='replace')!r}); {REMEDY}")
    return len(lines)


def _check_database(path: Path) -> None:
    """Raise UsageError if the file is not an intact SQLite database."""
    try:
        database = sqlite3.connect(path)
        try:
            [(report,)] = database.execute("PRAGMA quick_check(1)").fetchall()
        finally:
            database.close()
    except (sqlite3.DatabaseError, ValueError) as error:
        if isinstance(error, sqlite3.OperationalError) and "file is not a database" not in str(error):
            raise  # a disk error, not a damaged file
        report = str(error)
    if report != "ok":
        raise UsageError(f"{path} is damaged ({report}); {REMEDY}")


# Where the run continues


@dataclass(frozen=True)
class ResumePoint:
    """The state in which a run continues, and the question that only a person can answer."""

    update: State
    """The changes of the state."""
    question: str = ""
    """Empty if nothing is uncertain."""
    about_pending: bool = False
    """Whether the question is about the pending action."""
    about_inputs: tuple[int, ...] = ()
    """The steps whose inputs the question is about too."""


def find_resume_point(context: RunContext, state: State) -> ResumePoint:
    """Restore the device as far as possible, and return where the run continues."""
    journal = read_journal(context.folder.journal)
    unsaved = _find_unsaved_input(journal, state, context.folder.device_state())
    state = State(**(state | unsaved))
    restored = restore_device(context, state, journal)
    update = _reset_for_resume(context) | unsaved
    if restored.lost and journal:
        return ResumePoint(update, f"{restored.lost}. {FROM_THE_START}")
    question, inputs = _ask_about_inputs(restored, state, journal)
    about_pending = False
    if state["decision"]:
        changes, uncertain = _resolve_pending(context, state, journal)
        update |= changes
        question, about_pending = uncertain or question, bool(uncertain)
    update |= _confirm_last_input(context, State(**(state | update)))
    return ResumePoint(update, question, about_pending, inputs)


def _resolve_pending(context: RunContext, state: State, journal: list[JournalEntry]) -> tuple[State, str]:
    """Return the state after the pending action, and the question to the person if its effect is uncertain."""
    decision = pending_decision(state)
    outcome, unfinished = find_outcome(journal, state["step"]), find_unfinished_action(journal)
    if outcome:
        evidence = outcome.text if outcome.failed else "recorded before the run stopped"
        return _finish_step(state, decision, outcome.text, evidence), ""
    if unfinished is None or unfinished.step != state["step"]:
        return State(decision=None), ""
    words = describe(decision.action)
    match has_happened(context, unfinished, state):
        case True:
            context.record(Noted(step=state["step"], text=f"{words}: done before the run stopped"))
            answered = f"{unfinished.answered[-1]} was answered" if unfinished.answered else ""
            evidence = answered or "the screen shows that it was done"
            return _finish_step(state, decision, "", evidence, settled=True), ""
        case False:
            context.record(Noted(step=state["step"], text=f"{words}: had not happened, is chosen anew"))
            return State(decision=None), ""
    sent = f" ({', '.join(unfinished.sent)})" if unfinished.sent else ""
    return State(), f"{words}: the run was cut off in the middle{sent}. {WAS_IT_DONE}"


def has_happened(context: RunContext, unfinished: UnfinishedAction, state: State) -> bool | None:
    """Whether the unfinished action was performed; None if that is uncertain."""
    if isinstance(unfinished.action, Call):
        return None  # the effect of a tool is not on the screen
    observation = context.last_observation()
    url, stored_url = observation.signals.url, context.folder.device_state().get("url")
    if not url:
        if not _is_same_screen(context, state, observation):
            return True
        return None if unfinished.risky else False
    changing = {sent for sent in unfinished.sent if not sent.startswith(READ_PREFIXES)}
    if changing and unfinished.page_input and unfinished.address == url:
        made = _input_of(unfinished)
        return page_shows(made, observation) or None
    if changing and changing <= set(unfinished.answered):
        return True
    # The address stored at the time of the action: the page may redirect when it is opened again.
    navigated = stored_url is not None and stored_url != unfinished.address
    if not changing and (navigated or not unfinished.sent):
        return navigated
    present = any(element.acts and element.name == unfinished.target_name for element in observation.elements)
    # If a different page opened than requested, such as a login page, a missing target is no evidence.
    redirected = stored_url is not None and url != stored_url
    gone = unfinished.target_name and unfinished.in_loaded_page and not present and not redirected
    return True if gone else None


def _input_of(source: UnfinishedAction | JournalEntry) -> PageInput:
    """Return the page input of a journal entry."""
    assert source.action is not None
    return PageInput(step=source.step, action=source.action, target_name=source.target_name, checked=source.checked)


def _confirm_last_input(context: RunContext, state: State) -> State:
    """Set the last step's outcome to `confirmed` if it is an input of unknown outcome that the page contains now."""
    steps, inputs = finished_steps(state), {each.step: each for each in page_inputs(state)}
    if not steps or steps[-1].outcome.kind != "unknown" or steps[-1].number not in inputs:
        return State()
    if not page_shows(inputs[steps[-1].number], context.last_observation()):
        return State()
    outcome = Outcome(kind="confirmed", evidence="the page shows it after the run was resumed")
    last = steps[-1].model_copy(update={"outcome": outcome})
    return State(steps=[*state["steps"][:-1], last.model_dump(mode="json")])


def _ask_about_inputs(
    restored: RestoredDevice, state: State, journal: list[JournalEntry]
) -> tuple[str, tuple[int, ...]]:
    """Return the question about inputs that were sent and that the reloaded page does not contain; and their steps."""
    sent = requests_by_step(journal)
    missing = [each for each in page_inputs(state) if each.step in restored.missing]
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


def _find_unsaved_input(journal: list[JournalEntry], state: State, device_state: dict[str, Any]) -> State:
    """Add the last input, if the run stopped after it was performed and before its state was saved."""
    intent, outcome = find_intent(journal, state["step"]), find_outcome(journal, state["step"])
    if intent is None or intent.action is None or outcome is None or outcome.failed:
        return State()
    if not intent.page_input or device_state.get("url") != intent.text:
        return State()
    return append_page_input(state, _input_of(intent))


def _reset_for_resume(context: RunContext) -> State:
    """Return the changes of the state at every resume."""
    document = context.device.signals().document
    return State(
        status="", reason="", question="", unusable_answers=0, document=document, outcome_known=True, view=None
    )


def apply_resume_answer(context: RunContext, state: State, point: ResumePoint, answer: str) -> State:
    """Return the changes of the state after the person's answer to the resume question."""
    context.record(ApprovalReceived(step=state["step"], answer=answer))
    yes = answer.strip().lower() in YES
    if point.question.endswith(FROM_THE_START):
        reset = State(memo={}, steps=[], recent_actions=[], refused_signatures=[]) if yes else State()
        return point.update | reset | State(question="", decision=None)
    update = point.update | State(question="")
    if yes and point.about_pending:
        decision = pending_decision(state)
        update |= _finish_step(state, decision, "", "the person says that it was done", settled=True)
    elif point.about_pending:
        update |= State(decision=None)
    now = State(**(state | update))
    if yes:
        return update | _settle_inputs(now, point.about_inputs)
    if point.about_inputs or not point.about_pending:
        restore_device(context, now, read_journal(context.folder.journal), repeat_sent=True)
        update |= State(document=context.device.signals().document)
    return update


def _settle_inputs(state: State, steps: tuple[int, ...]) -> State:
    """Mark the inputs of these steps as done, independent of the page."""
    settled = {"settled": True}
    inputs = [each.model_copy(update=settled) if each.step in steps else each for each in page_inputs(state)]
    summaries = [each.model_copy(update=settled) if each.number in steps else each for each in finished_steps(state)]
    return State(
        page_inputs=[each.model_dump(mode="json") for each in inputs],
        steps=[each.model_dump(mode="json") for each in summaries],
    )


def _finish_step(state: State, decision: Decision, result: str, evidence: str, *, settled: bool = False) -> State:
    """Finish the pending step, whose action the earlier process performed."""
    step = StepSummary(
        number=state["step"],
        reasoning=decision.reasoning,
        action=decision.action,
        outcome=Outcome(kind="unknown", evidence=evidence),
        result=result,
        settled=settled,
    )
    return State(step=state["step"] + 1, steps=append_step(state, step), memo=decision.memo, decision=None, question="")


# Restoring the device


@dataclass(frozen=True)
class RestoredDevice:
    """The parts of a device's state that were not restored."""

    lost: str = ""
    """A description of the state that cannot be restored; empty if there is none."""
    missing: tuple[int, ...] = ()
    """The steps whose inputs were sent and are not on the page."""
    withheld: tuple[str, ...] = ()
    """Requests of the page or of a repeated input that were blocked because they had been sent before."""


def restore_device(
    context: RunContext, state: State, journal: list[JournalEntry], *, repeat_sent: bool = False
) -> RestoredDevice:
    """Restore the state of the earlier device on a new one, and repeat the inputs that existed only on its page.

    An input that may have caused a request is not repeated: the page contains it, or it is reported as missing. A
    request of the page is blocked if it was sent before. `repeat_sent` repeats everything, after a person has answered
    that it was not done.
    """
    sent = requests_by_step(journal)
    changing = frozenset(name for names in sent.values() for name in names if not name.startswith(READ_PREFIXES))
    device_state, skipped = _without_unsafe_addresses(context.folder.device_state(), find_unsafe_addresses(journal))
    begun = find_intent(journal, state["step"])
    moved = begun is not None and device_state.get("url", begun.text) != begun.text  # the inputs belong to another page
    context.journal.forget_steps()
    context.journal.withhold(frozenset() if repeat_sent else changing)
    try:
        lost = context.device.restore(device_state)
        for text in filter(None, (skipped, lost)):
            context.record(Noted(step=state["step"], text=text))
        context.observation = None
        context.device.settle()
        missing = () if skipped or moved else _repeat_inputs(context, state, {} if repeat_sent else sent)
        withheld = tuple(dict.fromkeys(context.journal.withheld))
    finally:
        context.journal.withhold(frozenset())
        context.journal.forget_steps()
    for text in withheld:
        context.record(Noted(step=state["step"], text=f"{text} was withheld: it was sent before the run stopped"))
    host = urlsplit(str(device_state.get("url", ""))).netloc
    # Requests to other hosts, such as visit counters, need no question.
    own = tuple(text for text in withheld if urlsplit(text.partition(" ")[2]).netloc == host)
    if state["outcome_known"] and not lost and (note := _note_changed_page(context, state)):
        context.record(Noted(step=state["step"], text=note))
    return RestoredDevice(lost, missing, own)


def _repeat_inputs(context: RunContext, state: State, sent: dict[int, tuple[str, ...]]) -> tuple[int, ...]:
    """Repeat the inputs without a request; returns the steps of inputs with one that the page does not contain."""
    address = context.device.signals().url
    repeated, missing = 0, list[int]()
    for each in page_inputs(state):
        if each.settled:
            continue
        if each.step in sent:
            if not page_shows(each, context.last_observation()):
                missing.append(each.step)
            continue
        try:
            action = _action_on_new_page(each, context.last_observation())
            elements = elements_under(action, context.last_observation())
            context.journal.begin_repetition(each.step, frozenset(element.id for element in elements))
            perform_on_device(context, action)
            repeated += 1
        except (ActionRefused, ActionFailed) as error:
            context.record(Noted(step=state["step"], text=f"could not do again: {describe(each.action)} ({error})"))
        context.device.settle()
        context.observation = None
        if context.device.signals().url != address:
            break
    if repeated and sent:
        context.device.leave_field()  # a field that saves when it loses the focus does so now, not during the next step
        context.device.settle()
        context.observation = None
    if repeated:
        note = f"the page was loaded anew; {repeated} earlier inputs were made again"
        context.record(Noted(step=state["step"], text=note))
    return tuple(missing)


def _action_on_new_page(made: PageInput, observation: Observation) -> Action:
    """Return the action with the same element on the new page. Typing replaces the text, so it is not entered twice.

    Raises ActionRefused if the page does not have exactly one such element, or if it has the requested state already.
    """
    action = made.action
    plain = {
        name: target.model_copy(update={"element": ""}) for name, target in targets(action).items() if target.point
    }
    if observation.elements and len(plain) == 1:
        if (element := find_input(made, observation)) is None:
            raise ActionRefused(f"the reloaded page does not have exactly one “{made.target_name}”")
        if made.checked is not None and element.checked == made.checked:
            raise ActionRefused(f"it is {'' if made.checked else 'un'}checked already")
        moved = {"element": element.id, "point": element.box.centre, "box": element.box}
        plain = {name: target.model_copy(update=moved) for name, target in plain.items()}
    if action.kind == "type" and plain:
        return action.model_copy(update={**plain, "clear": True})
    return action.model_copy(update=plain)


def _without_unsafe_addresses(device_state: dict[str, Any], unsafe: dict[str, str]) -> tuple[dict[str, Any], str]:
    """Return the device state with safe addresses only, and a note about the first replaced address."""
    replaced: list[str] = []

    def replace(url: str) -> str:
        plain = url.partition("#")[0].partition("?")[0]
        if plain not in unsafe:
            return url
        replaced.append(plain)
        return unsafe[plain]

    tabs = [replace(url) for url in device_state.get("tabs", ())]
    safe = {**device_state, "url": replace(device_state.get("url", "")), **({"tabs": tabs} if tabs else {})}
    if not replaced:
        return device_state, ""
    return safe, f"{replaced[0]} is not opened again, as that may do something twice: going on from the page before it"


def _last_screenshot(context: RunContext, state: State) -> Screenshot | None:
    """Return the screenshot of the last observation; None if it is missing or was compressed with losses."""
    digest = state.get("screen", "")
    path = context.folder.screens / f"{digest}.webp"
    screenshot = Screenshot(open_image(path)) if path.exists() else None
    return screenshot if screenshot and screenshot.digest == digest else None


def _is_same_screen(context: RunContext, state: State, observation: Observation) -> bool:
    """Whether the screen equals the last observed one, except for a clock or a blinking cursor."""
    before = _last_screenshot(context, state)
    return before is not None and fingerprint(before) == fingerprint(observation.screenshot)


def _note_changed_page(context: RunContext, state: State) -> str:
    """Return a note if the page differs from the last observation; empty if it does not."""
    observation, before = context.last_observation(), _last_screenshot(context, state)
    if not observation.signals.url or before is None:
        return ""
    change = difference(before, observation.screenshot)
    if change.fraction == 0 or change.blink:
        return ""
    return (
        f"the page differs from the one when the run stopped ({change.fraction:.0%} of it): it has changed since, or "
        "state that existed only in its scripts is lost"
    )
