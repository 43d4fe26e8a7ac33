"""The books of a run while it works: trace, journal and checkpoints are opened together, and closed with a result."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from langgraph.checkpoint.base import get_checkpoint_id
from langgraph.checkpoint.sqlite import SqliteSaver

from handeye.agent.effect_journal import EffectJournal
from handeye.agent.event_log import Ended, EventLog
from handeye.agent.history import History
from handeye.agent.report.run_page import write_report
from handeye.agent.run_folder import RunResult
from handeye.perception.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple

    from handeye.agent.event_log import AnyEvent, RunStatus
    from handeye.agent.run_folder import RunFolder
    from handeye.agent.state import State
    from handeye.perception.engines.options import EngineOptions
    from handeye.tools.secrets.store import Secrets


class LatestSaver(SqliteSaver):
    """LangGraph's SQLite saver, keeping the newest checkpoints only: a run of 1,000 steps needs one, not 5,000."""

    KEPT = 3
    redact: Callable[[str], str] = str
    """Puts names for secrets into what a node raised, which is saved as well."""
    NEWEST = "SELECT checkpoint_id FROM checkpoints ORDER BY rowid DESC LIMIT ?"

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As they were saved: their ids go by the clock, which may have been set back since."""
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
        saved = super().put(config, checkpoint, metadata, new_versions)
        with self.cursor() as cursor:
            for table in ("checkpoints", "writes"):
                cursor.execute(f"DELETE FROM {table} WHERE checkpoint_id NOT IN ({self.NEWEST})", (self.KEPT,))  # noqa: S608
        return saved


class RunRecorder:
    """Everything a run writes down besides its pictures."""

    def __init__(
        self, folder: RunFolder, listen: Callable[[AnyEvent], None] | None, options: EngineOptions, secrets: Secrets
    ) -> None:
        """`options` say how the model is run; `secrets` stand in none of the books."""
        self.folder = folder
        self.options = options
        self._listen = listen
        self._redact = secrets.redact_record
        self.trace = EventLog(folder.trace)
        self.journal = EffectJournal(folder.journal, secrets.redact_record)
        self.history = History(folder.trace)
        self._database = sqlite3.connect(folder.checkpoint, check_same_thread=False)
        self.checkpoints = LatestSaver(self._database)
        self.checkpoints.redact = secrets.redact

    def tell(self, event: AnyEvent) -> None:
        """Write an event to the trace, then show it to whoever listens."""
        event = self._redact(event)
        self.trace.add(event)
        self.history.hear(event)
        if self._listen:
            self._listen(event)

    def end(self, status: RunStatus, reason: str, state: State, seconds: float) -> RunResult:
        """Write down how the run ended, and its report; on a full disk the result is still returned."""
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
            self.trace.add(event)
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
        for close in (self.trace.close, self.journal.close, self._database.close):
            with suppress(OSError, sqlite3.Error):
                close()
        self.folder.release()
