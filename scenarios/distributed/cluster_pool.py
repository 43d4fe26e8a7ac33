"""The driver's side of a distributed run: assigns scenarios to workers and receives their results.

Each worker has at most one scenario, however many there are in all. Results go to the disk as they arrive, so the
driver's memory use does not grow. A worker that dies is replaced, and its scenario runs again once.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.scenarios.distributed.archives import SuiteFolders, pack_suite, suite_folders, unpack
from handeye.scenarios.distributed.cluster_worker import ClusterWorker, WorkerReply
from handeye.scenarios.pool import GRACE, ScenarioQueue
from handeye.scenarios.results import ATTEMPTS, Attempt, ScenarioResult
from handeye.scenarios.runner import QueuedScenario
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.scenarios.distributed.cluster import Cluster
    from handeye.scenarios.runner import Settings

#: Seconds until at least one worker must be ready.
PATIENCE = 120.0
#: The number of workers that may die in a row before they are ready.
FALSE_STARTS = 3


@dataclass
class _Assignment:
    """A worker and its scenario; None while the worker starts."""

    worker: Any
    queued: QueuedScenario | None = None


class ClusterPool:
    """Runs queued scenarios on a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self._ray = cluster, cluster.ray
        self._archives: dict[Path, tuple[str, SuiteFolders, list[Any]]] = {}
        self._in_flight: dict[Any, _Assignment] = {}
        self._idle: list[Any] = []

    @property
    def serves(self) -> bool:
        """Whether workers start the suites' servers, because they are on other machines."""
        return self.cluster.apart

    def __call__(self, jobs: Sequence[QueuedScenario], settings: Settings, workers: int) -> Iterator[ScenarioResult]:
        """`workers`: 0 is as many as the cluster has cores."""
        self._settings = settings
        self._queue = ScenarioQueue(jobs, settings.output)
        self._left = len(jobs)
        self._failed, self._last = 0, time.monotonic()
        try:
            for _ in range(min(workers or self.cluster.cores, len(jobs))):
                self._open()
            while self._left:
                yield from self._completed()
        finally:
            self._end()

    def _open(self) -> None:
        """Start a worker on a free core of the cluster."""
        settings = replace(self._settings, output=self._settings.output.resolve())
        actor = self._ray.remote(num_cpus=1, max_restarts=0)(ClusterWorker)
        worker = actor.remote(settings, apart=self.cluster.apart)
        self._call(worker)

    def _call(self, worker: Any) -> None:
        """Ask a worker whether it is ready; its answer starts its first scenario."""
        self._in_flight[worker.ready.remote(version("handeye"))] = _Assignment(worker)

    def _completed(self) -> list[ScenarioResult]:
        """The results that have arrived; their workers get their next scenarios."""
        done, _ = self._ray.wait(list(self._in_flight), num_returns=1, timeout=1.0)
        if done or any(flight.queued for flight in self._in_flight.values()):
            self._last = time.monotonic()
        elif time.monotonic() - self._last > PATIENCE:
            raise SetupError(f"the Ray cluster has no core free for a worker in {PATIENCE:.0f} s; see ray status there")
        found = list[ScenarioResult]()
        for ref in done:
            flight = self._in_flight.pop(ref)
            try:
                reply = self._ray.get(ref)
            except self._ray.exceptions.RayError as error:
                found += self._lost(flight, error)
                continue
            if flight.queued is None:
                if reply:
                    raise SetupError(f"a worker of the Ray cluster cannot be used: {reply}; install the same on both")
                self._failed = 0
            else:
                found.append(self._receive_result(flight.queued, reply))
            self._give(flight.worker)
        self._left -= len(found)
        return found

    def _give(self, worker: Any) -> None:
        queued = self._queue.next()
        if queued is None:
            self._idle.append(worker)
            return
        slim = queued.scenario.suite.model_copy(update={"scenarios": ()})  # the others would travel with each
        sent = queued._replace(scenario=replace(queued.scenario, suite=slim, file=queued.scenario.file.resolve()))
        more = self._archive(queued) if self.cluster.apart else ()
        self._in_flight[worker.run.remote(sent, *more)] = _Assignment(worker, queued)

    def _lost(self, flight: _Assignment, error: Exception) -> list[ScenarioResult]:
        why = str(error).strip().splitlines()[0] or type(error).__name__
        self._failed += flight.queued is None
        if self._failed >= FALSE_STARTS and not any(other.queued for other in self._in_flight.values()):
            last = [line.strip() for line in str(error).splitlines() if line.strip()][-1]
            raise SetupError(
                f"workers of the Ray cluster cannot be started ({last}); install handeye {version('handeye')} on each "
                "of its machines"
            ) from error
        lost = self._queue.requeue(flight.queued, why)
        if self._idle:  # checked first: its machine may be gone too
            self._call(self._idle.pop())
        elif self._failed < FALSE_STARTS:
            self._open()
        return [lost] if lost else []

    def _receive_result(self, queued: QueuedScenario, reply: WorkerReply) -> ScenarioResult:
        """The result with paths of this machine; files from another machine are extracted."""
        if reply.error is not None:
            raise reply.error
        assert reply.result is not None
        if reply.attempts:
            unpack(reply.attempts, self._settings.output)
        if reply.anchors:
            with suppress(OSError):  # a folder that cannot be written keeps no anchors, here as there
                unpack(reply.anchors, suite_folders(queued.scenario).root)
        result = reply.result.model_copy(update={"file": str(queued.scenario.file), "key": queued.scenario.key})
        return result.model_copy(update={"attempts": tuple(self._with_local_paths(each) for each in result.attempts)})

    def _with_local_paths(self, attempt: Attempt) -> Attempt:
        """The attempt with the paths of its folders on this machine."""
        checks = tuple(each.model_copy(update={"picture": self._here(each.picture)}) for each in attempt.checks)
        return attempt.model_copy(update={"run": self._here(attempt.run), "checks": checks})

    def _here(self, path: str) -> str:
        """The path below the output folder of a file of an attempt."""
        parts = Path(path).parts
        if ATTEMPTS not in parts:
            return path
        below = len(parts) - 1 - parts[::-1].index(ATTEMPTS)
        return str(Path(self._settings.output, *parts[below:]))

    def _archive(self, queued: QueuedScenario) -> tuple[str, SuiteFolders, list[Any]]:
        """Its suite's files, put into the cluster once; the list keeps Ray from sending them with each queued."""
        file = queued.scenario.file.resolve()
        if file not in self._archives:
            place = suite_folders(queued.scenario)
            packed = pack_suite(place, self._settings.output.resolve())
            self._archives[file] = (hashlib.sha256(packed).hexdigest()[:16], place, [self._ray.put(packed)])
        return self._archives[file]

    def _end(self) -> None:
        """Those that wait close their devices; those that work are ended."""
        if closing := [worker.close.remote() for worker in self._idle]:
            self._ray.wait(closing, num_returns=len(closing), timeout=GRACE)
        for worker in (*self._idle, *(flight.worker for flight in self._in_flight.values())):
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(worker)
        self._idle, self._in_flight = [], {}
