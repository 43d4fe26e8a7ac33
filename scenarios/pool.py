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

#: So many workers a job may take with it.
DEATHS = 2
#: Seconds that workers have to close their devices when they are not wanted any more.
GRACE = 5.0


def run_in_process(jobs: Sequence[QueuedScenario], settings: Settings, workers: int = 1) -> Iterator[ScenarioResult]:  # noqa: ARG001
    """In this process."""
    with closing(ScenarioRunner(settings)) as runner:
        for job in jobs:
            yield runner.run(job)


def run_in_workers(jobs: Sequence[QueuedScenario], settings: Settings, workers: int) -> Iterator[ScenarioResult]:
    """In so many processes."""
    queue = ScenarioQueue(jobs, settings.output)
    count = min(workers, len(jobs))
    crew = [_Worker(settings, count) for _ in range(count)]
    try:
        for worker in crew:
            worker.give(queue.next())
        while busy := {worker.pipe: worker for worker in crew if worker.job}:
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                told = worker.told()
                if told is None:
                    told = queue.lost(worker.job, worker.death())
                    crew[crew.index(worker)] = worker = _Worker(settings, count)
                worker.give(queue.next())
                if isinstance(told, BaseException):
                    raise told
                if told is not None:
                    yield told
    finally:
        _end(crew)


class ScenarioQueue:
    """Jobs that wait for a worker, and those that come back because theirs has died."""

    def __init__(self, jobs: Sequence[QueuedScenario], output: Path) -> None:
        self._waiting = deque(jobs)
        self._deaths = Counter[int]()
        self._output = output

    def next(self) -> QueuedScenario | None:
        """None when there is nothing more to do, unless a worker dies."""
        return self._waiting.popleft() if self._waiting else None

    def lost(self, job: QueuedScenario | None, why: str) -> ScenarioResult | None:
        """A worker has died over this job: it comes next, or ends as `error` when that was the last try."""
        if job is None:
            return None
        self._deaths[job.number] += 1
        if self._deaths[job.number] < DEATHS:
            clear_attempts(self._output, job.number)
            self._waiting.appendleft(job)
            return None
        reason = f"its worker died {DEATHS} times ({why}); look for what takes so much memory, or use fewer workers"
        return scenario_result(job, [Attempt(number=DEATHS, status="error", reason=reason)])


class _Worker:
    """A process that runs one job after the other, one of `count`, and a pipe to it."""

    def __init__(self, settings: Settings, count: int) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, settings, count), daemon=False)
        self.process.start()
        theirs.close()  # so that its death is the end of the pipe
        self.job: QueuedScenario | None = None

    def give(self, job: QueuedScenario | None) -> None:
        self.job = job
        if job is not None:
            with suppress(OSError):  # it died in between: the pipe tells
                self.pipe.send(job)

    def told(self) -> ScenarioResult | BaseException | None:
        """What came of its job; None when it has died over it."""
        try:
            told: ScenarioResult | BaseException = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return told

    def death(self) -> str:
        self.process.join(GRACE)
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"exit code {code}"
        return signal.Signals(-code).name


def _end(crew: list[_Worker]) -> None:
    """Those that wait go home, those that work stop and close their devices, and who does neither in time is killed."""
    for worker in crew:
        if worker.job and worker.process.is_alive():
            worker.process.terminate()
        worker.pipe.close()
    deadline = time.monotonic() + GRACE
    for worker in crew:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.is_alive():
            with suppress(OSError):
                os.killpg(worker.process.pid or 0, signal.SIGKILL)
            worker.process.kill()
            worker.process.join()


def _serve(pipe: Connection[Any, Any], settings: Settings, count: int) -> None:
    """The worker's side: until its pipe or its parent ends."""
    # Each reads and computes on its share of the cores: threads that wait for each other's would spin meanwhile.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    if os.name == "posix":
        os.setsid()  # Ctrl-C is the parent's: it says what becomes of us
    signal.signal(signal.SIGTERM, _interrupted)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(KeyboardInterrupt, OSError, EOFError), closing(ScenarioRunner(settings)) as runner:
        while True:
            job = pipe.recv()
            told: ScenarioResult | Exception
            try:
                told = runner.run(job)
            except Exception as error:
                told = error
            try:
                pipe.send(told)
            except (TypeError, AttributeError, ValueError):  # an error that cannot be sent
                pipe.send(RuntimeError(f"{type(told).__name__}: {told}"))


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    """A runner that is killed takes its workers along, so that nobody writes where it goes on."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
