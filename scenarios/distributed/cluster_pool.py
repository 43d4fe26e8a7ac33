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

#: Seconds in which one worker at least must come up.
PATIENCE = 120.0
#: So many workers may die one after the other before one has begun.
FALSE_STARTS = 3


@dataclass
class _Flight:
    """A station, and the job it is at; none while it comes up."""

    station: Any
    job: QueuedScenario | None = None


class ClusterPool:
    """Runs jobs on a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self._ray = cluster, cluster.ray
        self._parcels: dict[Path, tuple[str, SuiteFolders, list[Any]]] = {}
        self._flying: dict[Any, _Flight] = {}
        self._idle: list[Any] = []

    @property
    def serves(self) -> bool:
        """Whether its workers serve what suites serve themselves, because they are on other machines."""
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
                yield from self._landed()
        finally:
            self._end()

    def _open(self) -> None:
        """One more station, wherever there is a core for it."""
        settings = replace(self._settings, output=self._settings.output.resolve())
        actor = self._ray.remote(num_cpus=1, max_restarts=0)(ClusterWorker)
        station = actor.remote(settings, apart=self.cluster.apart)
        self._call(station)

    def _call(self, station: Any) -> None:
        """Ask a station whether it is there and can work; with its answer it gets a job."""
        self._flying[station.ready.remote(version("handeye"))] = _Flight(station)

    def _landed(self) -> list[ScenarioResult]:
        """What has come back by now, each station with its next job."""
        done, _ = self._ray.wait(list(self._flying), num_returns=1, timeout=1.0)
        if done or any(flight.job for flight in self._flying.values()):
            self._last = time.monotonic()
        elif time.monotonic() - self._last > PATIENCE:
            raise SetupError(f"the Ray cluster has no core free for a worker in {PATIENCE:.0f} s; see ray status there")
        found = list[ScenarioResult]()
        for ref in done:
            flight = self._flying.pop(ref)
            try:
                told = self._ray.get(ref)
            except self._ray.exceptions.RayError as error:
                found += self._lost(flight, error)
                continue
            if flight.job is None:
                if told:
                    raise SetupError(f"a worker of the Ray cluster cannot be used: {told}; install the same on both")
                self._failed = 0
            else:
                found.append(self._taken_in(flight.job, told))
            self._give(flight.station)
        self._left -= len(found)
        return found

    def _give(self, station: Any) -> None:
        job = self._queue.next()
        if job is None:
            self._idle.append(station)
            return
        slim = job.scenario.suite.model_copy(update={"scenarios": ()})  # the others would travel with each
        sent = job._replace(scenario=replace(job.scenario, suite=slim, file=job.scenario.file.resolve()))
        more = self._parcel(job) if self.cluster.apart else ()
        self._flying[station.run.remote(sent, *more)] = _Flight(station, job)

    def _lost(self, flight: _Flight, error: Exception) -> list[ScenarioResult]:
        why = str(error).strip().splitlines()[0] or type(error).__name__
        self._failed += flight.job is None
        if self._failed >= FALSE_STARTS and not any(other.job for other in self._flying.values()):
            last = [line.strip() for line in str(error).splitlines() if line.strip()][-1]
            raise SetupError(
                f"workers of the Ray cluster cannot be started ({last}); install handeye {version('handeye')} on each "
                "of its machines"
            ) from error
        lost = self._queue.lost(flight.job, why)
        if self._idle:  # asked first whether it is still there: its machine may have gone as well
            self._call(self._idle.pop())
        elif self._failed < FALSE_STARTS:
            self._open()
        return [lost] if lost else []

    def _taken_in(self, job: QueuedScenario, told: WorkerReply) -> ScenarioResult:
        """The result as it would be had it come about here; with its files, from another machine."""
        if told.error is not None:
            raise told.error
        assert told.result is not None
        if told.trials:
            unpack(told.trials, self._settings.output)
        if told.anchors:
            with suppress(OSError):  # a folder that cannot be written keeps no anchors, here as there
                unpack(told.anchors, suite_folders(job.scenario).root)
        result = told.result.model_copy(update={"file": str(job.scenario.file), "key": job.scenario.key})
        return result.model_copy(update={"attempts": tuple(self._at_home(each) for each in result.attempts)})

    def _at_home(self, attempt: Attempt) -> Attempt:
        """With its folders where they are now."""
        checks = tuple(each.model_copy(update={"picture": self._here(each.picture)}) for each in attempt.checks)
        return attempt.model_copy(update={"run": self._here(attempt.run), "checks": checks})

    def _here(self, path: str) -> str:
        """What a trial has left, wherever it was, below the output."""
        parts = Path(path).parts
        if ATTEMPTS not in parts:
            return path
        below = len(parts) - 1 - parts[::-1].index(ATTEMPTS)
        return str(Path(self._settings.output, *parts[below:]))

    def _parcel(self, job: QueuedScenario) -> tuple[str, SuiteFolders, list[Any]]:
        """Its suite's files, put into the cluster once; the list keeps Ray from sending them with each job."""
        file = job.scenario.file.resolve()
        if file not in self._parcels:
            place = suite_folders(job.scenario)
            packed = pack_suite(place, self._settings.output.resolve())
            self._parcels[file] = (hashlib.sha256(packed).hexdigest()[:16], place, [self._ray.put(packed)])
        return self._parcels[file]

    def _end(self) -> None:
        """Those that wait close their devices; those that work are ended."""
        if closing := [station.close.remote() for station in self._idle]:
            self._ray.wait(closing, num_returns=len(closing), timeout=GRACE)
        for station in (*self._idle, *(flight.station for flight in self._flying.values())):
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(station)
        self._idle, self._flying = [], {}
