"""Actions with an effect outside of the run: device input and custom tools, recorded in the journal around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.agent.internal_actions import ground_targets
from handeye.agent.page_inputs import (
    checked_after,
    is_page_input,
    target_name,
    update_loaded_page,
    update_page_inputs,
)
from handeye.agent.recovery import PRESS_ELEMENT
from handeye.agent.state import PageInput, State, pending_decision
from handeye.agent.target_snapshot import find_differences, follow_elements, has_only_hints_added, take_snapshot
from handeye.perception.outcome import Outcome
from handeye.tools.actions import Call, Click, Upload
from handeye.tools.errors import ActionFailed, ActionRefused, TargetChanged

if TYPE_CHECKING:
    from handeye.agent.run_context import RunContext
    from handeye.tools.actions import Action

#: How many times an action is begun whose target changes at the last moment.
MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class ActionResult:
    """The result of a carried-out action, and what it changes in the state."""

    action: Action
    """The action as it was performed: its target may have moved since the decision."""
    text: str
    outcome: Outcome
    full_text: str = ""
    """What a custom tool returned, where `text` is only the beginning of it."""
    failed: bool = False
    update: State = field(default_factory=State)


def perform_recorded(context: RunContext, state: State) -> ActionResult:
    """Perform the pending action on the device, with its intent and outcome in the journal, and wait until it settles.

    If the target changed at the last moment, the action fails; the guard checks one that may need approval again.
    """
    step, action, observation = state["step"], pending_decision(state).action, context.last_observation()
    page_input, name = is_page_input(action, observation), target_name(action, observation)
    risky = context.guard.risky(action, observation, state["goal"])
    careful = risky or context.guard.approve == "always"
    context.journal.record_intent(
        step,
        action,
        name,
        observation.signals.url,
        page_input=page_input,
        in_loaded_page=update_loaded_page(context.loaded_page, observation).contains(name),
        risky=risky,
        checked=checked_after(action, observation),
    )
    update, failed = State(), False
    try:
        text, action = perform_on_checked_target(context, state, action, careful=careful)
    except TargetChanged as error:
        text, failed = str(error), True
        if careful and context.guard.approve != "never":
            changes = state.get("target_changes", 0) + 1
            update = State(retried_decision=state["decision"], target_changes=changes)
    except (ActionRefused, ActionFailed) as error:
        text, failed = str(error), True
    context.settled = context.device.settle()
    text = "; ".join(part for part in (text, context.settled.happened) if part)
    context.folder.store_device_state(context.device.device_state())
    context.journal.record_outcome(step, text, failed)
    document = context.device.signals().document
    made = None
    if page_input and not failed and document == observation.signals.document:
        checked = checked_after(action, observation)
        made = PageInput(step=step, action=action, target_name=name, checked=checked)
    update |= update_page_inputs(state, document, made) | State(outcome_known=failed)
    outcome = Outcome(kind="no_effect", evidence=text) if failed else Outcome(kind="unknown")
    return ActionResult(action, text, outcome, failed=failed, update=update)


def call_tool(context: RunContext, step: int, call: Call) -> ActionResult:
    """Call a custom tool, with its intent and outcome in the journal."""
    context.journal.record_intent(step, call, call.tool, context.last_observation().signals.url)
    used = context.tools.use(call)
    text = context.redact(used.result)
    context.journal.record_outcome(step, text, used.failed)
    outcome = Outcome(kind=used.outcome, evidence=text if used.failed else "the tool answered")
    full_text = context.redact(used.whole)
    return ActionResult(call, text, outcome, full_text, used.failed, State(outcome_known=True))


def perform_on_checked_target(
    context: RunContext, state: State, action: Action, *, careful: bool
) -> tuple[str, Action]:
    """Perform an action on the target that the guard checked. Returns the device's remark, and the action as performed.

    `careful`: it may be irreversible, or a person approved it. If the device reports that the target has just changed,
    the screen is observed again. The action is performed if its target is the same after all, or, when it is
    harmless before and after, if only a hint was added. Raises TargetChanged otherwise.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        observation = context.last_observation()
        context.device.careful = careful
        try:
            return perform_on_device(context, action, state["recovery_stage"]), action
        except TargetChanged as error:
            fresh = context.observe()
            before = take_snapshot(action, observation)
            try:  # a target that was read in the picture has lost its element, and is found again by its phrase
                action, _ = ground_targets(follow_elements(action, fresh), fresh, context.perception)
            except ActionRefused as lost:
                raise TargetChanged(f"{error}; {lost}") from error
            now = take_snapshot(action, fresh)
            same = not find_differences(before, now, fresh)
            denied = context.guard.judge(action, fresh, state["goal"]).kind == "deny"
            harmless = not careful and not context.guard.risky(action, fresh, state["goal"])
            allowed = same or (harmless and has_only_hints_added(before, now))
            if attempt == MAX_ATTEMPTS or denied or not allowed:
                raise
    raise AssertionError


def perform_on_device(context: RunContext, action: Action, recovery_stage: int = 0) -> str:
    """Perform an action; in the last stage of click recovery without the pointer. Returns its remark."""
    if recovery_stage == PRESS_ELEMENT and isinstance(action, Click) and context.device.can_press:
        return context.device.press(action)
    if isinstance(action, Upload) and (folder := context.folder.config.folder):  # the journal has the short paths
        paths = tuple(str(Path(folder, Path(path).expanduser())) for path in action.paths)
        action = action.model_copy(update={"paths": paths})
    return context.device.perform(action)
