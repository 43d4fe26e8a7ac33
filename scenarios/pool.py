"""Runs scenarios in this process, or in several worker processes that each load a model.

A worker that dies, for example because memory is exhausted, is replaced; its scenario runs again once. A scenario that
ends two workers gets the status `error`. Results are returned as they finish. Closing the iterator early stops the
workers.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter, deque
from contextlib import closing, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from handeye.scenarios.results import Attempt, clear_attempts
from handeye.scenarios.runner import ScenarioRunner, scenario_result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.runner import QueuedScenario, Settings

#: The number of workers that may die with one scenario.
DEATHS = 2
#: Seconds that workers have to close their devices before they are killed.
GRACE = 5.0


def run_in_process(jobs: Sequence[QueuedScenario], settings: Settings, workers: int = 1) -> Iterator[ScenarioResult]:  # noqa: ARG001
    """Run the scenarios in this process; yields results as they finish."""
    with closing(ScenarioRunner(settings)) as runner:
        for queued in jobs:
            yield runner.run(queued)


def run_in_workers(jobs: Sequence[QueuedScenario], settings: Settings, workers: int) -> Iterator[ScenarioResult]:
    """Run the scenarios in worker processes; yields results as they finish."""
    queue = ScenarioQueue(jobs, settings.output)
    count = min(workers, len(jobs))
    processes = [_Worker(settings, count) for _ in range(count)]
    try:
        for worker in processes:
            worker.send(queue.next())
        while busy := {worker.pipe: worker for worker in processes if worker.job}:
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                reply = worker.receive()
                if reply is None:
                    reply = queue.requeue(worker.job, worker.death_reason())
                    processes[processes.index(worker)] = worker = _Worker(settings, count)
                worker.send(queue.next())
                if isinstance(reply, BaseException):
                    raise reply
                if reply is not None:
                    yield reply
    finally:
        _end(processes)


class ScenarioQueue:
    """Scenarios that wait for a worker; those whose worker died are queued again."""

    def __init__(self, jobs: Sequence[QueuedScenario], output: Path) -> None:
        self._waiting = deque(jobs)
        self._deaths = Counter[int]()
        self._output = output

    def next(self) -> QueuedScenario | None:
        """The next scenario; None when the queue is empty."""
        return self._waiting.popleft() if self._waiting else None

    def requeue(self, queued: QueuedScenario | None, why: str) -> ScenarioResult | None:
        """Queue the scenario of a dead worker again; after the last try, return its result with the status `error`."""
        if queued is None:
            return None
        self._deaths[queued.number] += 1
        if self._deaths[queued.number] < DEATHS:
            clear_attempts(self._output, queued.number)
            self._waiting.appendleft(queued)
            return None
        reason = f"its worker died {DEATHS} times ({why}); reduce memory use, or use fewer workers"
        return scenario_result(queued, [Attempt(number=DEATHS, status="error", reason=reason)])


class _Worker:
    """A process that runs one scenario after the other, one of `count`, and the pipe to it."""

    def __init__(self, settings: Settings, count: int) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, settings, count), daemon=False)
        self.process.start()
        theirs.close()  # so that the pipe closes when the worker dies
        self.job: QueuedScenario | None = None

    def send(self, queued: QueuedScenario | None) -> None:
        self.job = queued
        if queued is not None:
            with suppress(OSError):  # the worker died in between: the closed pipe shows it
                self.pipe.send(queued)

    def receive(self) -> ScenarioResult | BaseException | None:
        """The result of its scenario, or an exception; None when the worker died."""
        try:
            reply: ScenarioResult | BaseException = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return reply

    def death_reason(self) -> str:
        self.process.join(GRACE)
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"exit code {code}"
        return signal.Signals(-code).name


def _end(processes: list[_Worker]) -> None:
    """Terminate the workers, wait until they have closed their devices, and kill those that do not end in time."""
    for worker in processes:
        if worker.job and worker.process.is_alive():
            worker.process.terminate()
        worker.pipe.close()
    deadline = time.monotonic() + GRACE
    for worker in processes:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.is_alive():
            with suppress(OSError):
                os.killpg(worker.process.pid or 0, signal.SIGKILL)
            worker.process.kill()
            worker.process.join()


def _serve(pipe: Connection[Any, Any], settings: Settings, count: int) -> None:
    """The loop of a worker process, until its pipe or its parent ends."""
    # Each worker gets its share of the cores: otherwise OpenMP threads spin while they wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    if os.name == "posix":
        os.setsid()  # the parent handles Ctrl-C and terminates its workers
    signal.signal(signal.SIGTERM, _interrupted)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(KeyboardInterrupt, OSError, EOFError), closing(ScenarioRunner(settings)) as runner:
        while True:
            queued = pipe.recv()
            reply: ScenarioResult | Exception
            try:
                reply = runner.run(queued)
            except Exception as error:
                reply = error
            try:
                pipe.send(reply)
            except (TypeError, AttributeError, ValueError):  # an error that cannot be sent
                pipe.send(RuntimeError(f"{type(reply).__name__}: {reply}"))


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    """End this worker when its parent is killed, so that it does not write to the output of a resumed run."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
