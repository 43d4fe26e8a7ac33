"""The event log of a run: `trace.jsonl`, one JSON object per line, appended while the run works.

Every line has `event` (its kind), `at` (UTC, ISO 8601) and, in the first one, the schema's `version`. Events of one
step appear in the order observed, decided, guarded, (approval_requested, approval_received,) performed. The outcome of
the action of step n is in `observed` of step n+1, because each observation serves both steps.

Version 2 renamed events and fields. Files of version 1 are read too: `upgraded` translates their lines.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from handeye.perception.outcome import Outcome
from handeye.perception.usage import Usage
from handeye.policies.decision import Candidate
from handeye.policies.replay.signatures import TargetSignature
from handeye.tools.actions import Action
from handeye.tools.device import Settled, Signals
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 2

RunStatus = Literal["succeeded", "failed", "stuck", "refused", "out_of_budget", "interrupted", "waiting", "broken"]
"""How a run ended. `waiting`: its question to a person has no answer; `resume` continues it."""


EXIT_CODES: dict[RunStatus, int] = {
    "succeeded": 0,
    "failed": 1,
    "broken": 3,
    "stuck": 4,
    "refused": 4,
    "waiting": 4,
    "out_of_budget": 5,
    "interrupted": 130,
}


def now() -> str:
    """The current time: UTC, ISO 8601, in milliseconds."""
    """Return the current time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Event(BaseModel):
    """The fields of every event."""

    """One line of the event log."""

    model_config = ConfigDict(frozen=True)

    at: str = Field(default_factory=now)


class Started(Event):
    """A run began, or was resumed."""

    event: Literal["started"] = "started"
    version: int = VERSION
    goal: str
    on: str
    """The value of `--on`."""
    device: str = ""
    model: str
    policy: str
    resumed: bool = False
    config: dict[str, Any] = Field(default_factory=dict)


class Observed(Event):
    """The screen was captured and analysed, and the outcome of the previous action was determined."""

    event: Literal["observed"] = "observed"
    step: int
    screen: str
    """Digest of the screenshot: the picture is `screens/<digest>.webp`."""
    size: tuple[int, int]
    signals: Signals = Signals()
    elements: int = 0
    outcome: Outcome | None = None
    """Of the action of the step before."""
    settled: Settled | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


class GroundedTarget(BaseModel):
    """Where a target of the action was found."""

    model_config = ConfigDict(frozen=True)

    phrase: str
    point: Point
    by: str
    confidence: float
    samples: tuple[Point | None, ...] = ()
    """Where each answer of the model has it, in pixels of the screenshot, the greedy one first; None: nowhere."""
    votes: int = 0
    """How many of the samples mean this place."""


class Decided(Event):
    """The policy chose an action, and its targets were found on the screen."""

    event: Literal["decided"] = "decided"
    step: int
    reasoning: str
    action: Action
    """With its targets grounded."""
    description: str
    """The action in words."""
    by: str = ""
    grounded_by: str = ""
    groundings: tuple[GroundedTarget, ...] = ()
    """The targets that were given in words."""
    signatures: dict[str, TargetSignature] = Field(default_factory=dict)
    """By field name, what each target is known by: for doing the step again, and for telling others of it."""
    memo: dict[str, Any] = Field(default_factory=dict)
    """The policy's own."""
    confidence: float = 1.0
    """Of the decision or of what was found, whichever is less."""
    candidates: tuple[Candidate, ...] = ()
    """What the action was chosen from, the best first; empty where there was nothing to choose from."""
    usage: Usage = Usage()
    raw: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


class Guarded(Event):
    """The guard looked at the action."""

    event: Literal["guarded"] = "guarded"
    step: int
    decision: Literal["allow", "ask", "deny"]
    reason: str = ""


class ApprovalRequested(Event):
    """A question to a person was created."""

    event: Literal["approval_requested"] = "approval_requested"
    step: int
    question: str


class ApprovalReceived(Event):
    """A person answered a question."""

    """A person answered a question."""

    event: Literal["approval_received"] = "approval_received"
    step: int
    answer: str


class Performed(Event):
    """The action was carried out, or tried."""

    event: Literal["performed"] = "performed"
    step: int
    result: str = ""
    full_result: str = ""
    """What a custom tool gave, where `result` is only the beginning of it."""
    failed: bool = False
    seconds: float = 0.0


class Noted(Event):
    """Something worth knowing: a fallback, a recovery."""

    event: Literal["noted"] = "noted"
    step: int = 0
    text: str


class Ended(Event):
    """The run ended, or was paused."""

    """The run ended."""

    event: Literal["ended"] = "ended"
    status: RunStatus
    reason: str
    answer: str = ""
    steps: int
    seconds: float
    usage: Usage = Usage()


AnyEvent = Annotated[
    Started | Observed | Decided | Guarded | ApprovalRequested | ApprovalReceived | Performed | Noted | Ended,
    Field(discriminator="event"),
]
_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


class EventLog:
    """Appends events to a file; each line is on its way to the disk when `add` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        cut_unfinished_line(path)
        self._lines = path.read_bytes().count(b"\n") if path.exists() else 0
        self._file = path.open("a", encoding="utf-8")

    def add(self, event: AnyEvent) -> None:
        self._file.write(event.model_dump_json() + "\n")
        self._file.flush()
        self._lines += 1

    def sync(self) -> int:
        """Put all of it on the disk; returns how many lines it has."""
        os.fsync(self._file.fileno())
        return self._lines

    def close(self) -> None:
        self._file.close()


def cut_unfinished_line(path: Path) -> None:
    """Remove what a crash left of a last line: the next event would be lost on the end of it."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


#: What version 1 called the events, and their fields.
_EVENTS_1 = {
    "looked": "observed",
    "thought": "decided",
    "judged": "guarded",
    "asked": "approval_requested",
    "answered": "approval_received",
    "acted": "performed",
}
_FIELDS_1 = {
    "decided": {"thought": "reasoning", "said": "description", "found": "groundings", "sights": "signatures"},
    "guarded": {"ruling": "decision"},
    "performed": {"whole": "full_result"},
    "ended": {"verdict": "status"},
}
_CANDIDATE_1 = {"thought": "reasoning", "said": "description"}
_SIGNALS_1 = {"stir": "page_changes"}
_CHANGES_1 = {
    "shades": "hover_regions",
    "rings": "focus_rings",
    "restless": "animated_regions",
    "asked": "browser_actions",
    "doubt": "unattributed",
    "put": "reordered",
    "drawn": "draws_itself",
    "held": "blocked_form",
    "left": "rewritten_field",
    "sent": "requests",
}


def upgraded(record: Any) -> Any:
    """A line of the event log in the words of the current version; one of version 1 gets the new names."""
    if not isinstance(record, dict):
        return record
    kind = record.get("event")
    record = {**record, "event": _EVENTS_1.get(kind, kind)} if isinstance(kind, str) else record
    record = _renamed(record, _FIELDS_1.get(str(record.get("event")), {}))
    if record.get("decision") == "refuse":
        record["decision"] = "deny"
    if record.get("by") == "ladder":
        record["by"] = "recovery"
    if isinstance(candidates := record.get("candidates"), list):
        record["candidates"] = [_renamed(each, _CANDIDATE_1) for each in candidates]
    if isinstance(signals := record.get("signals"), dict):
        signals = _renamed(signals, _SIGNALS_1)
        record["signals"] = signals | {"page_changes": _renamed(signals.get("page_changes"), _CHANGES_1)}
    return record


def _renamed(record: Any, names: dict[str, str]) -> Any:
    return {names.get(key, key): value for key, value in record.items()} if isinstance(record, dict) else record


def read_events(path: Path) -> Iterator[AnyEvent]:
    """The events of a run, oldest first; a last line cut short by a crash is left out.

    A line that cannot be read, such as one of a later version, is replaced by a note.
    """
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield _ADAPTER.validate_python(upgraded(json.loads(line)))
            except ValueError:
                if line.endswith("\n"):
                    yield Noted(text=f"line {number} of {path.name} cannot be read: {line[:80].strip()}")
