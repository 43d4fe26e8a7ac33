"""What a policy is told, and what it answers."""

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
    """One of several ways to go on, as it was proposed and judged."""

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
    """What it was ranked by, 0 to 1; how it is made up is the policy's to say."""


class Decision(BaseModel):
    """One thought and one action."""

    model_config = ConfigDict(frozen=True)

    reasoning: str
    """Why, in a sentence; shown to people."""
    action: Action
    confidence: float = Field(default=1.0, ge=0, le=1)
    by: str = ""
    """Who decided: `plain english`, `internvl` …"""
    again: bool = False
    """The goal itself says to do this now, even if the step before did the same."""
    memo: dict[str, Any] = Field(default_factory=dict)
    """What the policy wants handed back next time; JSON values only, kept in the checkpoint."""
    raw: str = ""
    """What the model wrote, word for word."""
    notes: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    """All that it was chosen from, the best first; empty where there was one alone."""


class StepSummary(BaseModel):
    """A step that is over, as a policy sees it."""

    model_config = ConfigDict(frozen=True)

    number: int
    reasoning: str
    action: Action
    outcome: Outcome
    result: str = ""
    """What the action gave: read text, an answer from a person, why it failed or was refused."""
    sent: tuple[str, ...] = ()
    """Requests that may have changed something and may be due to it, such as `POST http://host/order`."""
    awaited: bool = False
    """Whether one of these was not answered when the screen was last looked at."""
    settled: bool = False
    """Known to be done, whatever the screen shows: a person or the journal says so. It must not be done again."""


@dataclass(frozen=True)
class PolicyInput:
    """Everything a policy may look at."""

    goal: str
    observation: Observation
    steps: tuple[StepSummary, ...] = ()
    """The last few steps, oldest first."""
    facts: dict[str, str] = field(default_factory=dict)
    """What `remember` and `extract` kept."""
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
    """A policy whose model can be watched while it writes."""

    on_text: Callable[[str], None] | None
    """Is given the text as it grows, piece by piece, where the engine can tell it."""


@runtime_checkable
class Adapting(Protocol):
    """A policy that hears `task.trouble` and can go another way; one that cannot ends its run where it gets nowhere."""

    adapts: Literal[True]


class Policy(Protocol):
    """Chooses the next action."""

    name: str
    usage: Usage
    """What asking a model has cost this policy so far."""

    def choose(self, task: PolicyInput, perception: Perception) -> Decision:
        """The next action. Its targets may be words alone; the loop grounds them.

        Raises ActionRefused when it has no usable answer (it is asked again, with `task.trouble` set; a run with
        several of these in a row ends as `stuck`), and ModelError when the model could not be asked.
        """
        ...

    def check(self, goal: str) -> None:
        """Raise UsageError for an empty goal, and ActionRefused (a run then ends as `refused`) for a hopeless one."""
        ...
