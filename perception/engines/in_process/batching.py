"""Batches concurrent requests to one in-process model."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.engines.engine import Answer, OptionScores, Request
    from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
    from handeye.perception.internvl.prompt import Prompt

#: Seconds that a request waits for others to form a batch. An answer takes longer than this on any machine.
BATCH_WINDOW_SECONDS = 0.05


@dataclass(eq=False)
class _Pending:
    """A request that waits for its answer."""

    request: Request
    answer: Future[Answer] = field(default_factory=Future)


class BatchingEngine:
    """An engine over an in-process one that up to `clients` threads use at the same time."""

    def __init__(self, engine: InProcessEngine, clients: int) -> None:
        self.name, self.profile, self.notes = engine.name, engine.profile, engine.notes
        self._engine = engine
        self._clients = clients
        self._engine_lock = threading.Lock()
        self._arrived = threading.Condition()
        self._pending: list[_Pending] = []

    def generate(self, request: Request) -> list[Answer]:
        """As `Engine.generate`; concurrent requests for one answer with equal settings share a batch."""
        if request.on_text or (request.samples > 1 and request.temperature > 0):
            with self._engine_lock:
                return self._engine.generate(request)
        own = _Pending(request)
        with self._arrived:
            self._pending.append(own)
            self._arrived.notify_all()
        with self._engine_lock:
            # The thread that holds the lock runs the batch of all waiting threads. A thread that gets the lock later
            # may find its answer already there.
            if not own.answer.done():
                self._run_batch(self._take_batch(own))
        return [own.answer.result()] * request.samples

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        """As `Engine.score_options`."""
        with self._engine_lock:
            return self._engine.score_options(prompt, options)

    def close(self) -> None:
        """Release the model for all clients. A second call does nothing."""
        with self._engine_lock:
            self._engine.close()

    def _take_batch(self, own: _Pending) -> list[_Pending]:
        """Remove this request and all pending ones with equal settings from the queue."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._pending) >= self._clients, BATCH_WINDOW_SECONDS)
            batch = [each for each in self._pending if each.request.settings == own.request.settings]
            self._pending = [each for each in self._pending if each not in batch]
        return batch

    def _run_batch(self, batch: list[_Pending]) -> None:
        """Set the answer or the error of every request in the batch."""
        try:
            answers = self._engine.generate_batch([each.request for each in batch])
        except ModelError as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
            else:
                # An error of one request must not reach the clients of the others.
                for each in batch:
                    self._run_batch([each])
        except BaseException as error:
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(error)
            raise
        else:
            for each, answer in zip(batch, answers, strict=True):
                each.answer.set_result(answer)
