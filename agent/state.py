"""The state of a run between two nodes of the loop: small, and nothing but JSON values, so that it can be kept.

Pictures lie in the run's folder under their digest. Only the last steps are held; the whole history is the trace's.
"""

from __future__ import annotations

from typing import Any, TypedDict

from pydantic import BaseModel, ConfigDict

from handeye.perception.usage import Usage
from handeye.policies.decision import Decision, StepSummary
from handeye.tools.actions import Action

#: So many past steps stay in the state and are shown to the policy.
KEPT_STEPS = 12
#: So many actions that only changed the page in front are kept, to be done again on a page that a crash took away.
KEPT_LOCAL = 60


class State(TypedDict, total=False):
    """What a checkpoint holds."""

    goal: str
    step: int
    """The step being worked on, from 1."""
    steps: list[dict[str, Any]]
    """The last few `Past` steps, oldest first."""
    judged: bool
    """Whether the last of them has its outcome."""
    tried: list[list[Any]]
    """The policy's last steps, a `stuck.Turn` each."""
    met: list[str]
    """Digests of all that the run has met, for telling what is new to it."""
    warned: str
    """Why the run got nowhere, once the policy was told to try something else."""
    recovery_stage: int
    """Of the ladder: the one to climb when a click has changed nothing, or that is being climbed; 0 for none."""
    recovered_clicks: list[str]
    """The clicks that were helped, so that none is helped twice on the same screen."""
    facts: dict[str, str]
    memo: dict[str, Any]
    """The policy's own, from its last decision that was carried out."""
    decision: dict[str, Any] | None
    """Chosen and not yet carried out."""
    screen: str
    """Digest of the newest screenshot."""
    fingerprint: str
    local: list[dict[str, Any]]
    """Inputs that the page in front holds and that a page loaded anew would have lost, a `LocalInput` each."""
    document: int
    view: list[int] | None
    """The box to look at more closely."""
    unusable: int
    """So many answers of the policy in a row could not be used."""
    refused: list[str]
    """What the guard or the person refused: `Shown.signature` of each."""
    approved: list[dict[str, Any]]
    """What the person allowed for one time, as it was shown to them: a `Shown`."""
    always: list[Any]
    """What the person allowed for the whole run: a `Shown` each, or `verb:send SITE` for all that asks because of a
    word on one site."""
    changes: int
    """So many times in a row the target of the pending action was another one than what was judged."""
    again: dict[str, Any] | None
    """A decision whose target changed before it was pressed: it is judged, and asked about, anew."""
    edits: dict[str, dict[str, Any]]
    """Actions in words, each with the one that the person put in its place."""
    question: str
    """What the person is asked about the pending action."""
    asked: dict[str, Any]
    """What the question is about: `verb`, the action in `words` as the policy chose it, and what was `shown`."""
    written: dict[str, int]
    """So many lines stood in `journal` and `trace` when the last action was over."""
    usage: dict[str, int]
    seconds: float
    status: str
    reason: str
    answer: str


class LocalInput(BaseModel):
    """An input that a page loaded anew would have lost."""

    model_config = ConfigDict(frozen=True)

    step: int
    action: Action
    aim: str = ""
    """The name of the element it was made on."""
    checked: bool | None = None
    """What a box or a switch was after it."""
    settled: bool = False
    """The person says that it was done: it is neither made again nor asked about again."""


def start(goal: str) -> State:
    """The state before the first look."""
    return State(
        goal=goal,
        step=1,
        steps=[],
        judged=True,
        tried=[],
        met=[],
        warned="",
        recovery_stage=0,
        recovered_clicks=[],
        facts={},
        memo={},
        decision=None,
        local=[],
        document=0,
        view=None,
        unusable=0,
        refused=[],
        approved=[],
        always=[],
        changes=0,
        again=None,
        edits={},
        question="",
        asked={},
        written={},
        usage=Usage().model_dump(),
        seconds=0.0,
        status="",
        reason="",
        answer="",
    )


def past(state: State) -> tuple[StepSummary, ...]:
    """The last steps, oldest first."""
    return tuple(StepSummary.model_validate(step) for step in state["steps"])


def local_inputs(state: State) -> tuple[LocalInput, ...]:
    """What the page in front holds and a page loaded anew would have lost, oldest first."""
    return tuple(LocalInput.model_validate(each) for each in state["local"])


def pending(state: State) -> Decision:
    """The decision that waits to be carried out."""
    return Decision.model_validate(state["decision"])


def with_step(state: State, step: StepSummary) -> list[dict[str, Any]]:
    """The kept steps with one more."""
    return [*state["steps"], step.model_dump(mode="json")][-KEPT_STEPS:]
