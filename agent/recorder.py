"""Opens, writes and closes the files of a run: event log, effect journal and checkpoints."""

from __future__ import annotations

import sqlite3
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from langgraph.checkpoint.base import get_checkpoint_id
from langgraph.checkpoint.sqlite import SqliteSaver

from handeye.agent.effect_journal import EffectJournal
from handeye.agent.event_log import Decided, Ended, EventLog, Observed, Performed, read_events
from handeye.agent.report.run_page import write_report
from handeye.agent.run_folder import RunResult
from handeye.agent.state import MAX_STEPS
from handeye.perception.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple

    from handeye.agent.event_log import AnyEvent, RunStatus
    from handeye.agent.run_folder import RunFolder
    from handeye.agent.state import State
    from handeye.perception.engines.options import EngineOptions
    from handeye.tools.secrets.store import Secrets

#: How many lines of a step history show the beginning of the run, and its later steps.
FIRST_LINES, LAST_LINES = 6, 14
#: Characters of one line's action.
LINE_WIDTH = 90


@dataclass(frozen=True)
class RepeatedStep:
    """The same action, once or several times in a row."""

    first: int
    last: int
    description: str
    ending: str
    """The outcome of the last of them."""

    def __str__(self) -> str:
        number = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        times = "" if self.first == self.last else f" ({self.last - self.first + 1} times)"
        return f"{number}. {self.description}{times}: {self.ending.replace('_', ' ')}"


class StepHistory:
    """Summarises the steps that the state no longer contains, in a bounded number of lines."""

    def __init__(self, event_log: Path) -> None:
        """Begin with the events that an earlier process of the run recorded."""
        self._first: list[RepeatedStep] = []
        self._last: deque[RepeatedStep] = deque()
        self._recent: deque[RepeatedStep] = deque()
        self._description = ""
        for event in read_events(event_log) if event_log.exists() else ():
            self.add(event)

    def add(self, event: AnyEvent) -> None:
        """Add the next event."""
        if isinstance(event, Decided):
            self._description = " ".join(event.description.split())[:LINE_WIDTH]
        elif isinstance(event, Performed):
            ending = "failed" if event.failed else "done"
            self._recent.append(RepeatedStep(event.step, event.step, self._description, ending))
            if len(self._recent) > MAX_STEPS:
                self._summarise(self._recent.popleft())
        elif isinstance(event, Observed) and event.outcome and self._recent:
            self._recent[-1] = replace(self._recent[-1], ending=event.outcome.kind)

    def lines(self) -> tuple[str, ...]:
        """The steps before those of the state, a line for each action; empty in a short run."""
        lines = [str(step) for step in self._first]
        if self._first and self._last and self._last[0].first > self._first[-1].last + 1:
            lines.append(f"{self._first[-1].last + 1}-{self._last[0].first - 1}. left out here")
        return (*lines, *(str(step) for step in self._last))

    def _summarise(self, step: RepeatedStep) -> None:
        steps = self._last or self._first
        if steps and (steps[-1].description, steps[-1].ending) == (step.description, step.ending):
            steps[-1] = replace(steps[-1], last=step.last)
        elif len(self._first) < FIRST_LINES:
            self._first.append(step)
        else:
            self._last.append(step)
            if len(self._last) > LAST_LINES:
                self._last.popleft()


class LatestSaver(SqliteSaver):
    """LangGraph's SQLite saver that stores the newest checkpoints only: a run of 1,000 steps needs one, not 5,000."""

    STORED = 3
    redact: Callable[[str], str] = str
    """Replaces secrets in the text of an exception of a node, which is saved as well."""
    NEWEST = "SELECT checkpoint_id FROM checkpoints ORDER BY rowid DESC LIMIT ?"

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that was saved last. Ids follow the clock, which may have been set back since."""
        if not get_checkpoint_id(config):
            with self.cursor(transaction=False) as cursor:
                newest = cursor.execute(self.NEWEST, (1,)).fetchone()
            if newest:
                settings = {"checkpoint_ns": "", **config["configurable"], "checkpoint_id": newest[0]}
                return super().get_tuple({"configurable": settings})
        return super().get_tuple(config)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a node wrote, without secrets."""
        clean = [
            (channel, RuntimeError(self.redact(repr(value))) if isinstance(value, BaseException) else value)
            for channel, value in writes
        ]
        super().put_writes(config, clean, task_id, task_path)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint and delete the older ones."""
        saved = super().put(config, checkpoint, metadata, new_versions)
        with self.cursor() as cursor:
            for table in ("checkpoints", "writes"):
                cursor.execute(f"DELETE FROM {table} WHERE checkpoint_id NOT IN ({self.NEWEST})", (self.STORED,))  # noqa: S608
        return saved

    def saved_values(self, config: RunnableConfig) -> dict[str, Any]:
        """All values of the newest checkpoint by channel, also of channels that today's graph has not."""
        saved = self.get_tuple(config)
        if saved is None:
            return {}
        values = dict(saved.checkpoint["channel_values"])
        return values | {channel: value for _, channel, value in saved.pending_writes or () if channel in values}


class RunRecorder:
    """Opens event log, journal and checkpoints of a run, and closes them with its result."""

    def __init__(
        self, folder: RunFolder, listen: Callable[[AnyEvent], None] | None, options: EngineOptions, secrets: Secrets
    ) -> None:
        """`options` are recorded in the result; the files contain no value of `secrets`."""
        self.folder = folder
        self.options = options
        self._listen = listen
        self._redact = secrets.redact_record
        self.event_log = EventLog(folder.trace)
        self.journal = EffectJournal(folder.journal, secrets.redact_record)
        self.history = StepHistory(folder.trace)
        self._database = sqlite3.connect(folder.checkpoint, check_same_thread=False)
        self.checkpoints = LatestSaver(self._database)
        self.checkpoints.redact = secrets.redact

    def record(self, event: AnyEvent) -> None:
        """Append an event to the event log, then pass it to the listener."""
        event = self._redact(event)
        self.event_log.add(event)
        self.history.add(event)
        if self._listen:
            self._listen(event)

    def end(self, status: RunStatus, reason: str, state: State, seconds: float) -> RunResult:
        """Record how the run ended, and write its report; the result is returned on a full disk too."""
        usage = Usage.model_validate(state["usage"])
        report = self.folder.path / "report.html"
        event = Ended(
            status=status,
            reason=reason,
            answer=state["answer"],
            steps=max(0, state["step"] - 1),
            seconds=seconds,
            usage=usage,
        )
        event = self._redact(event)
        with suppress(OSError):
            self.event_log.add(event)
            self.folder.note(status=status, reason=reason, answer=event.answer, steps=event.steps, seconds=seconds)
            report = write_report(self.folder.path)
        if self._listen:
            self._listen(event)
        return RunResult(
            status=status,
            steps=event.steps,
            folder=self.folder.path,
            report=report,
            answer=event.answer,
            reason=reason,
            seconds=seconds,
            usage=usage,
            options=self.options,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for close in (self.event_log.close, self.journal.close, self._database.close):
            with suppress(OSError, sqlite3.Error):
                close()
        self.folder.release()
