"""The state of a run between two nodes of the loop: small, and JSON values only, so that a checkpoint can store it.

Screenshots are files in the run's folder, named by their digest. The state contains the last steps only; the event log
contains all of them.
"""

from __future__ import annotations

from typing import Any, TypedDict, cast

from pydantic import BaseModel, ConfigDict

from handeye.perception.usage import Usage
from handeye.policies.decision import Decision, StepSummary
from handeye.tools.actions import Action

#: How many finished steps the state contains; the policy receives them in full.
MAX_STEPS = 12
#: How many page inputs are stored for a page that a crash takes away.
MAX_PAGE_INPUTS = 60


class State(TypedDict, total=False):
    """What a checkpoint contains."""

    goal: str
    step: int
    """The number of the current step, from 1."""
    steps: list[dict[str, Any]]
    """The last finished steps, oldest first, a `StepSummary` each."""
    outcome_known: bool
    """Whether the last of them has its outcome."""
    recent_actions: list[list[Any]]
    """The policy's last actions, a `limits.ActionRecord` each."""
    known_digests: list[str]
    """Digests of the screens, facts and effects of this run; anything else is new to it."""
    no_progress_evidence: str
    """Why the policy must try another way; empty if it need not."""
    recovery_stage: int
    """The stage of click recovery to apply next, or that is applied now; 0 for none. See `recovery`."""
    recovered_clicks: list[str]
    """The clicks that recovery was tried for, so that it is tried once for a click on one screen."""
    facts: dict[str, str]
    memo: dict[str, Any]
    """The policy's own data, from its last decision that was carried out."""
    decision: dict[str, Any] | None
    """The decision that was chosen and not yet carried out."""
    screen: str
    """The digest of the newest screenshot."""
    fingerprint: str
    page_inputs: list[dict[str, Any]]
    """Inputs that a reload of the page in front would lose, a `PageInput` each."""
    document: int
    view: list[int] | None
    """The box to look at more closely."""
    unusable_answers: int
    """How many answers of the policy in a row could not be used."""
    refused_signatures: list[str]
    """The `TargetSnapshot.signature` of each action that the guard or the person refused."""
    approved_once: list[dict[str, Any]]
    """What the person allowed one time: the `TargetSnapshot` of the question."""
    approved_for_run: list[Any]
    """What the person allowed for the whole run: a `TargetSnapshot` each, or `verb:send SITE` for all questions that a
    word causes on one site."""
    target_changes: int
    """How many times in a row the target of the pending action differed from the one that the guard checked."""
    retried_decision: dict[str, Any] | None
    """A decision whose target changed before it was pressed: the guard judges it again."""
    edits: dict[str, dict[str, Any]]
    """For an action in words, the action that the person replaced it by."""
    question: str
    """The question to the person about the pending action."""
    question_subject: dict[str, Any]
    """What the question is about: `verb`, the action in `words` as the policy chose it, and the target's `snapshot`."""
    line_counts: dict[str, int]
    """How many lines `journal` and `trace` had when the last action was over."""
    usage: dict[str, int]
    seconds: float
    status: str
    reason: str
    answer: str


class PageInput(BaseModel):
    """An input that a reload of its page would lose."""

    model_config = ConfigDict(frozen=True)

    step: int
    action: Action
    target_name: str = ""
    """The name of the element that received it."""
    checked: bool | None = None
    """The state of a checkbox or switch after the input."""
    settled: bool = False
    """The person has confirmed that it was done: it is not repeated, and no further question about it is created."""


def initial_state(goal: str) -> State:
    """The state before the first observation."""
    return State(
        goal=goal,
        step=1,
        steps=[],
        outcome_known=True,
        recent_actions=[],
        known_digests=[],
        no_progress_evidence="",
        recovery_stage=0,
        recovered_clicks=[],
        facts={},
        memo={},
        decision=None,
        page_inputs=[],
        document=0,
        view=None,
        unusable_answers=0,
        refused_signatures=[],
        approved_once=[],
        approved_for_run=[],
        target_changes=0,
        retried_decision=None,
        edits={},
        question="",
        question_subject={},
        line_counts={},
        usage=Usage().model_dump(),
        seconds=0.0,
        status="",
        reason="",
        answer="",
    )


def finished_steps(state: State) -> tuple[StepSummary, ...]:
    """The last finished steps, oldest first."""
    return tuple(StepSummary.model_validate(step) for step in state["steps"])


def append_step(state: State, step: StepSummary) -> list[dict[str, Any]]:
    """The stored steps with one more."""
    return [*state["steps"], step.model_dump(mode="json")][-MAX_STEPS:]


def page_inputs(state: State) -> tuple[PageInput, ...]:
    """The inputs that a reload of the page in front would lose, oldest first."""
    return tuple(PageInput.model_validate(each) for each in state["page_inputs"])


def pending_decision(state: State) -> Decision:
    """The decision that was chosen and not yet carried out."""
    return Decision.model_validate(state["decision"])


def add_usage(state: State, usage: Usage) -> dict[str, int]:
    """The model usage of the run, with this usage added."""
    return (Usage.model_validate(state["usage"]) + usage).model_dump()


#: Keys of a state that version 0.1 saved, and today's.
_KEYS_1 = {
    "judged": "outcome_known",
    "tried": "recent_actions",
    "met": "known_digests",
    "warned": "no_progress_evidence",
    "rung": "recovery_stage",
    "climbed": "recovered_clicks",
    "local": "page_inputs",
    "unusable": "unusable_answers",
    "refused": "refused_signatures",
    "approved": "approved_once",
    "always": "approved_for_run",
    "changes": "target_changes",
    "again": "retried_decision",
    "asked": "question_subject",
    "written": "line_counts",
    "verdict": "status",
}


def is_version_1(values: dict[str, Any]) -> bool:
    """Whether version 0.1 saved these values."""
    return bool(_KEYS_1.keys() & values.keys())


def upgrade_state(values: dict[str, Any]) -> State:
    """The state that a checkpoint of version 0.1 contains, by today's names; missing values are the initial ones."""
    state: dict[str, Any] = dict(initial_state("")) | {_KEYS_1.get(key, key): value for key, value in values.items()}
    state = {key: value for key, value in state.items() if key in State.__annotations__}
    state["steps"] = [_rename(step, {"thought": "reasoning"}) for step in state["steps"]]
    for key in ("decision", "retried_decision"):
        state[key] = _rename(state[key], {"thought": "reasoning"})
    state["page_inputs"] = [_rename(each, {"aim": "target_name"}) for each in state["page_inputs"]]
    state["question_subject"] = _rename(state["question_subject"], {"shown": "snapshot"})
    return cast("State", state)


def _rename(record: Any, names: dict[str, str]) -> Any:
    return {names.get(key, key): value for key, value in record.items()} if isinstance(record, dict) else record
