"""Input and result of a policy: `PolicyInput` and `Decision`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from handeye.perception.outcome import Outcome
from handeye.tools.actions import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.perception.usage import Usage
    from handeye.tools.custom_tools import Tool


class Candidate(BaseModel):
    """One of several proposed decisions, with its score."""

    model_config = ConfigDict(frozen=True)

    reasoning: str = ""
    action: Action | None = None
    """None when the answer could not be used."""
    description: str
    """The action in words, or why the answer could not be used."""
    votes: int = 1
    """How many of the answers proposed it."""
    right: float = 0.0
    """How likely the critic finds it right, 0 to 1."""
    score: float = 0.0
    """The value it was ranked by, 0 to 1; the policy defines it."""


class Decision(BaseModel):
    """One action and the reasoning for it."""

    model_config = ConfigDict(frozen=True)

    reasoning: str
    """The reason in one sentence, for people."""
    action: Action
    confidence: float = Field(default=1.0, ge=0, le=1)
    by: str = ""
    """Who decided: `plain english`, `internvl` …"""
    again: bool = False
    """The goal itself says to do this now, even if the step before did the same."""
    memo: dict[str, Any] = Field(default_factory=dict)
    """The policy's own data for its next decision; JSON values only, stored in the checkpoint."""
    raw: str = ""
    """The model's answer, word for word."""
    notes: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    """The candidates that it was chosen from, best first; empty if there was one alone."""


class StepSummary(BaseModel):
    """A finished step, as a policy receives it."""

    model_config = ConfigDict(frozen=True)

    number: int
    reasoning: str
    action: Action
    outcome: Outcome
    result: str = ""
    """The result of the action: text, a person's answer, or why it failed or was refused."""
    sent: tuple[str, ...] = ()
    """Requests that may have changed something and may be due to it, such as `POST http://host/order`."""
    awaited: bool = False
    """Whether one of these was not answered when the screen was last looked at."""
    settled: bool = False
    """Known to be done, whatever the screen shows: a person or the journal says so. It must not be done again."""


@dataclass(frozen=True)
class PolicyInput:
    """Everything that a policy may use for its next decision."""

    goal: str
    observation: Observation
    steps: tuple[StepSummary, ...] = ()
    """The last few steps, oldest first."""
    facts: dict[str, str] = field(default_factory=dict)
    """Facts that `remember` and `extract` stored."""
    memo: dict[str, Any] = field(default_factory=dict)
    """The memo of this policy's previous decision; empty at the start."""
    kinds: frozenset[str] = frozenset()
    """The kinds of action that can be performed here."""
    trouble: str = ""
    """Why the previous answer of this policy could not be used; empty when it could."""
    tools: tuple[Tool, ...] = ()
    """The custom tools of the run, for the action `call`."""
    earlier: tuple[str, ...] = ()
    """What was done before `steps`, in a few lines; empty in a short run."""


@runtime_checkable
class Writing(Protocol):
    """A policy that can stream its model's answer."""

    on_text: Callable[[str], None] | None
    """Receives the answer piece by piece, if the engine can stream."""


@runtime_checkable
class Adapting(Protocol):
    """A policy that can try something else because of `task.trouble`; others end their run without progress."""

    adapts: Literal[True]


class Policy(Protocol):
    """Chooses the next action."""

    name: str
    usage: Usage
    """What asking a model has cost this policy so far."""

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:
        """The next action. Its targets may be words alone; the loop grounds them.

        Raises ActionRefused when it has no usable answer (it is called again, with `task.trouble` set; a run with
        several of these in a row ends as `stuck`), and ModelError when the model is not available.
        """
        ...

    def check(self, goal: str) -> None:
        """Raise UsageError for an empty goal, and ActionRefused (a run then ends as `refused`) for a hopeless one."""
        ...
