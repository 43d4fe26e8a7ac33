"""Runs in processes of their own that can be killed: forked from one that has imported everything already.

A process dies at a named point of its run, reached for the n-th time: before or after a line of the journal, a saved
checkpoint, an event of the trace, a deed of the device. The points are wrapped around the real parts in the process
that is to die; nothing in the agent knows of them.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import ForkServerContext
    from pathlib import Path


class Kill(NamedTuple):
    """When a process dies: the n-th time it comes to a point, or so many seconds after its first step began."""

    point: str = ""
    nth: int = 0
    seconds: float = 0.0
    signal: int = signal.SIGKILL


class Job(NamedTuple):
    """What a process is to do."""

    device: str
    """`paper` for the quick one, `browser` for the real ones: what `--on` means by `url`."""
    url: str
    goal: str
    folder: Path
    kill: Kill | None = None
    resume: bool = False
    answer: str | None = None
    approve: Literal["never", "risky", "always"] = "never"
    said: Path | None = None
    """Where the result is written: the verdict, the reason, and the points that were come to."""
    question: str = ""
    """The id of the question that is answered; empty: the one that the run ended with."""


@cache
def nursery() -> ForkServerContext:
    """Processes forked from a clean one with the imports done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.reliability.worker_imports"])
    return context


def work(job: Job, seconds: float = 120) -> int:
    """Do it in a process of its own; its exit code, -9 when it was killed."""
    process = nursery().Process(target=_work, args=(job,), daemon=True)
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError(f"{job} was not done within {seconds:g} s")
    code = process.exitcode
    process.close()
    return -1 if code is None else code


def _work(job: Job) -> None:
    """In the process itself."""
    from benchmarks.reliability.paper import Paper
    from handeye.agent import Agent
    from handeye.agent.resources import open_device
    from handeye.agent.run_folder import RunConfig, RunFolder

    wires = Tripwires(job.kill)
    wires.lay()
    device: Any = Paper(job.url) if job.device == "paper" else open_device(job.url)
    wires.around(device, "perform", "settle", "device_state")
    try:
        config = RunConfig(goal=job.goal, on=job.url, approve=job.approve)
        agent = Agent(device, options=config, run_dir=job.folder, listen=lambda event: wires.reach(f"{event.event}"))
        result = (
            agent.resume(RunFolder.open(job.folder), job.answer, job.question) if job.resume else agent.run(job.goal)
        )
    finally:
        device.close()
    if job.said:
        told = {"status": result.status, "reason": result.reason, "points": wires.seen}
        job.said.write_text(json.dumps(told), encoding="utf-8")


class Tripwires:
    """Counts the points a run comes to, and ends the process at one of them."""

    def __init__(self, kill: Kill | None) -> None:
        self.kill = kill
        self.seen: Counter[str] = Counter()

    def reach(self, point: str) -> None:
        """The run comes to a point."""
        self.seen[point] += 1
        if self.kill is None:
            return
        if self.kill.seconds and point == "observed" and self.seen[point] == 1:
            threading.Timer(self.kill.seconds, os.kill, (os.getpid(), self.kill.signal)).start()
        if (point, self.seen[point]) == (self.kill.point, self.kill.nth):
            os.kill(os.getpid(), self.kill.signal)

    def lay(self) -> None:
        """Around what is written down."""
        from handeye.agent.effect_journal import EffectJournal
        from handeye.agent.recorder import LatestSaver

        self.around(LatestSaver, "put", "put_writes")
        for name in ("record_intent", "record_request", "record_answer", "record_outcome"):
            self.around(EffectJournal, name)

    def around(self, holder: Any, *names: str) -> None:
        """Two points for each of these: before and after it."""
        for name in names:
            setattr(holder, name, self._wrapped(name, getattr(holder, name)))

    def _wrapped(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def between(*given: Any, **named: Any) -> Any:
            self.reach(f"before {name}")
            result = work(*given, **named)
            self.reach(f"after {name}")
            return result

        return between
