"""Counts the results of a benchmark: success rates with confidence intervals, overall and for each group."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from handeye.scenarios.eval.score import Share
from handeye.scenarios.reporters.terminal import LineReporter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from handeye.scenarios.agent_benchmarks.benchmark_task import BenchmarkTask
    from handeye.scenarios.results import ScenarioResult

PASSED = frozenset({"passed", "flaky"})


@dataclass(frozen=True)
class TallyRow:
    """Results that are counted together. An error counts as failed; a skipped task does not count."""

    name: str
    share: Share
    steps: float
    seconds: float
    reward: float | None
    """The mean reward, where the benchmark has rewards."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: as in `handeye eval`, with steps and seconds."""
        fields = self.share.to_json() | {"steps": round(self.steps, 2), "seconds": round(self.seconds, 3)}
        return fields | ({} if self.reward is None else {"reward": round(self.reward, 4)})


@dataclass(frozen=True)
class Tally:
    """A benchmark's results, counted."""

    overall: TallyRow
    groups: tuple[TallyRow, ...]
    """In the order of first occurrence."""
    errors: int
    """The number of tasks that ended with an error; they count as failed."""
    skipped: int
    """The number of skipped tasks; they do not count."""
    trouble: str = ""
    """The reason of the first error."""


class BenchmarkProgress(LineReporter):
    """The progress bar while tasks run; failures are not listed, because the table counts them."""

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:  # noqa: ARG002
        """Remove the progress bar."""
        self._bar.stop()
        return []


def tally(tasks: Sequence[BenchmarkTask], results: Sequence[ScenarioResult]) -> Tally:
    """Return the counts of the results of these tasks."""
    group_of = {task.key: task.group for task in tasks}
    tried = [result for result in results if result.status != "skipped"]
    groups = dict.fromkeys(group_of[result.key] for result in tried)
    return Tally(
        _row("all", tried),
        tuple(_row(group, [each for each in tried if group_of[each.key] == group]) for group in groups),
        sum(result.status == "error" for result in results),
        len(results) - len(tried),
        next((result.reason for result in results if result.status == "error"), ""),
    )


def to_json(
    benchmark: str,
    model: str,
    tasks: Sequence[BenchmarkTask],
    results: Sequence[ScenarioResult],
    counted: Tally,
    seconds: float,
) -> dict[str, Any]:
    """Return the result for `--json`: the keys of `handeye eval`, with each task."""
    group_of = {task.key: task.group for task in tasks}
    overall = counted.overall.to_json()
    return {
        "model": model,
        "n": overall["n"],
        "accuracy": overall["accuracy"],
        "by_type": {row.name: row.to_json() for row in counted.groups},
        "results": [_result(each, group_of[each.key]) for each in results],
        "correct": overall["correct"],
        "interval": overall["interval"],
        **({} if counted.overall.reward is None else {"reward": overall["reward"]}),
        "errors": counted.errors,
        "skipped": counted.skipped,
        "benchmark": benchmark,
        "seconds": round(seconds, 3),
    }


def _result(result: ScenarioResult, group: str) -> dict[str, Any]:
    last = result.attempts[-1]
    return {
        "task": result.name,
        "type": group,
        "correct": result.status in PASSED,
        "status": result.status,
        "run_status": last.run_status,
        "reason": result.reason,
        "steps": last.steps,
        "seconds": last.seconds,
        "model_calls": last.model_calls,
        "tokens": last.tokens,
        "run": last.run,
        **last.measured,
    }


def _row(name: str, results: Sequence[ScenarioResult]) -> TallyRow:
    attempts = [result.attempts[-1] for result in results]
    rewards = [float(str(each.measured["reward"])) for each in attempts if "reward" in each.measured]
    return TallyRow(
        name,
        Share(sum(result.status in PASSED for result in results), len(results)),
        fmean(each.steps for each in attempts) if attempts else 0.0,
        fmean(each.seconds for each in attempts) if attempts else 0.0,
        # A task that ended with an error has no reward, and counts as 0.
        sum(rewards) / len(attempts) if rewards else None,
    )
