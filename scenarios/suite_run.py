"""Selects scenarios and runs them: stores each result as it arrives, and informs the reporters."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from handeye.tools.errors import HandeyeError, SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.distributed import ClusterPool
    from handeye.scenarios.reporters import Reporter
    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.runner import Settings
    from handeye.scenarios.suite.scenario import Scenario

#: Bytes a disk must have free for an error of a scenario not to be its fault.
MIN_FREE_BYTES = 1_000_000


def select_scenarios(
    scenarios: list[Scenario],
    grep: str,
    tags: Sequence[str],
    forbid_only: bool,
    last: Path | None,
    *,
    resume: bool = False,
) -> list[Scenario]:
    """The selected scenarios. Raises UsageError for an invalid pattern and for a forbidden `only`.

    `last`: select those that failed in the results of this folder; with `resume`, those that its run had selected.
    """
    from handeye.scenarios.results import read_results
    from handeye.scenarios.resume import read_plan

    only = [scenario for scenario in scenarios if scenario.spec.only]
    if only and forbid_only:
        raise UsageError(f"{only[0].file}:{only[0].spec.line}: “{only[0].name}” has `only`; remove it")
    found = only or scenarios
    if grep:
        try:
            pattern = re.compile(grep, re.IGNORECASE)
        except re.error as error:
            raise UsageError(f"--grep {grep!r} is not a valid pattern ({error})") from error
        found = [scenario for scenario in found if pattern.search(scenario.id)]
    if tags:
        found = [scenario for scenario in found if scenario.tags & set(tags)]
    if last is not None and resume:
        planned = {each.key for each in read_plan(last).scenarios}
        found = [scenario for scenario in found if scenario.key in planned]
    elif last is not None:
        earlier = read_results(last / "results.jsonl")
        if not earlier:
            raise UsageError(f"--last-failed: there are no results in {last}; run the suites once, or name --output")
        failed = {result.key for result in earlier if result.status in ("failed", "error")}
        found = [scenario for scenario in found if scenario.key in failed]
    return found


def select_shard(scenarios: list[Scenario], shard: str) -> list[Scenario]:
    """The N-th of M parts of nearly equal size. Raises UsageError for an invalid N/M."""
    if not shard:
        return scenarios
    hit = re.fullmatch(r"(\d+)/(\d+)", shard)
    number, count = (int(hit[1]), int(hit[2])) if hit else (0, 0)
    if not 1 <= number <= count:
        raise UsageError(f"--shard {shard!r} is invalid; write N/M with N from 1 to M, such as 1/3")
    return scenarios[number - 1 :: count]


class SuiteRun(NamedTuple):
    """The results of a run of scenarios."""

    results: list[ScenarioResult]
    """In the order of the scenarios."""
    seconds: float
    stopped: bool
    """Whether it was interrupted by Ctrl-C."""
    written: list[Path]
    """Files that the reporters wrote."""


def run_and_report(
    scenarios: Sequence[Scenario],
    settings: Settings,
    workers: int,
    reporters: Sequence[Reporter],
    max_failures: int = 0,
    *,
    resume: bool = False,
    work: ClusterPool | None = None,
) -> SuiteRun:
    """Run scenarios with `run_all`, and let the reporters write their output, also after an interruption."""
    from handeye.agent.run_folder import disk

    began = time.monotonic()
    stopped = False
    try:
        results = run_all(scenarios, settings, workers, max_failures, reporters, resume=resume, work=work)
    except Interrupted as interrupted:
        results, stopped = interrupted.results, True
    except HandeyeError:
        for each in reporters:
            each.stop()
        raise
    results.sort(key=lambda result: result.number)
    seconds = time.monotonic() - began
    with disk(settings.output):
        return SuiteRun(results, seconds, stopped, [path for each in reporters for path in each.end(results, seconds)])


class Interrupted(KeyboardInterrupt):
    """Raised after Ctrl-C, with the results that had arrived."""

    def __init__(self, results: list[ScenarioResult]) -> None:
        super().__init__()
        self.results = results


def run_all(
    scenarios: Sequence[Scenario],
    settings: Settings,
    workers: int,
    max_failures: int,
    reporters: Sequence[Reporter],
    *,
    resume: bool = False,
    work: ClusterPool | None = None,
) -> list[ScenarioResult]:
    """Run scenarios in their order, `workers` at a time, with their suites' servers; store each result as it arrives.

    `resume`: continue the run in the output folder. `work`: the cluster that runs them instead of local processes.
    """
    from handeye.scenarios.environment import serve_suite, skip_reason
    from handeye.scenarios.pool import run_in_process, run_in_workers
    from handeye.scenarios.results import ResultsFile
    from handeye.scenarios.resume import RunPlan, resumed_results
    from handeye.scenarios.runner import QueuedScenario

    earlier = resumed_results(scenarios, settings) if resume else None
    results = list(earlier or ())
    done = {result.number for result in results}
    with ExitStack() as up:
        ledger = ResultsFile(settings.output, earlier)
        up.callback(ledger.close)
        RunPlan.of(scenarios, settings).write(settings.output)
        left = [(number, scenario) for number, scenario in enumerate(scenarios) if number not in done]
        served = (
            {}
            if work and work.serves
            else {scenario.file: scenario for _, scenario in left if not skip_reason(scenario)}
        )
        urls = {
            file: up.enter_context(serve_suite(scenario.suite.serve, file.parent, file))
            for file, scenario in served.items()
        }
        queue = [QueuedScenario(scenario, urls.get(scenario.file, ""), number) for number, scenario in left]
        for each in reporters:
            each.begin(scenarios, len(results))
            for result in results:
                each.add(result)
        run = work or (run_in_process if workers == 1 else run_in_workers)
        failures = sum(each.failed for each in results)
        if max_failures and failures >= max_failures:
            return results
        try:
            with closing(run(queue, settings, workers)) as coming:  # type: ignore[type-var]
                for result in coming:
                    _check_room(settings.output, result)
                    ledger.add(result)
                    results.append(result)
                    for each in reporters:
                        each.add(result)
                    failures += result.failed
                    if max_failures and failures >= max_failures:
                        break
        except KeyboardInterrupt:
            raise Interrupted(results) from None
    return results


def _check_room(output: Path, result: ScenarioResult) -> None:
    """Raise SetupError where a scenario ended with an error because the disk is full: all others would too."""
    if result.status == "error" and shutil.disk_usage(output).free < MIN_FREE_BYTES:
        raise SetupError(
            f"the disk with {output} is full; finished results are safe: free disk space, and continue with --resume"
        )
