"""Scenarios over Ray, from the repository's root: `python -m benchmarks.spread` (8 minutes on 2 cores).

First, how much sooner two workers are done with browser scenarios that wait for their page, than one. Then a simulated
cluster of 8 machines with 1,000 light scenarios, of which one machine is lost on the way: how many results there are,
and how the driver's memory grows.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.scenarios.distributed import ClusterPool, connect
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.results import read_results
from handeye.scenarios.runner import AttemptRunner, Settings
from handeye.scenarios.suite.scenario import Scenario
from handeye.scenarios.suite_run import run_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.results import ScenarioResult

#: Its answer comes so late as answers of real servers do that have something to do.
PAGE = """<!doctype html><meta charset=utf-8><title>Orders</title><h1>Orders</h1>
<button onclick="setTimeout(() => said.textContent = 'All orders sent', 4000)">Send</button><p id=said></p>"""
SUITE = """serve: {{folder: .}}
scenarios:
- name: sends
  steps: click "Send"
  ensures: the page shows "All orders sent"
  repeat: {count}
"""


class Light(AttemptRunner):
    """A scenario that opens nothing: what is left is what handing it out and taking it in costs."""

    def carry_out(self) -> dict[str, Any]:
        (self.folder / "run").mkdir(parents=True)
        (self.folder / "run" / "report.html").write_text("<h1>Light</h1>")
        time.sleep(0.05)
        return {"status": "passed", "run_status": "succeeded", "steps": 1}


class Scale:
    """A reporter that weighs the driver while results come, and may do something at one of them."""

    def __init__(self, at: int = 0, then: Any = None) -> None:
        self.megabytes: list[float] = []
        self._at, self._then = at, then

    def begin(self, scenarios: Sequence[Scenario], kept: int = 0) -> None:
        """Nothing."""

    def add(self, result: ScenarioResult) -> None:  # noqa: ARG002
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.megabytes.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
        if self._then and len(self.megabytes) == self._at:
            self._then()

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:  # noqa: ARG002
        return []

    def stop(self) -> None:
        """Nothing."""


def browsers(count: int, workers: int, folder: Path) -> float:
    """Seconds that so many workers need for so many browser scenarios, from the first one's start."""
    suite = folder / f"orders-{workers}" / "suite.yaml"
    suite.parent.mkdir()
    suite.with_name("index.html").write_text(PAGE)
    suite.write_text(SUITE.format(count=count))
    with connect("local", cores=workers) as cluster:
        settings = Settings(output=folder / f"out-{workers}", anchors=False)
        # The workers' start is the same for few scenarios and many, and is not counted.
        run_all(load_scenarios(suite)[:workers], settings, workers, 0, [], work=ClusterPool(cluster))
        began = time.monotonic()
        results = run_all(load_scenarios(suite), settings, workers, 0, [], work=ClusterPool(cluster))
        seconds = time.monotonic() - began
    states = Counter(result.status for result in results)
    assert states == {"passed": count}, f"not all passed: {states}, {[each.reason for each in results][:3]}"
    return seconds


def simulated(count: int, nodes: int, folder: Path) -> dict[str, Any]:
    """Many light scenarios on machines that are none, one of which goes away half-way."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    suite = folder / "light.yaml"
    suite.write_text(f"on: 'about:blank'\nscenarios:\n- {{name: light, goal: x, unchecked: true, repeat: {count}}}\n")
    scenarios = [
        Scenario(each.suite, each.file, each.spec, each.name, "benchmarks.spread:Light")
        for each in load_scenarios(suite)
    ]
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        added = [made.add_node(num_cpus=1) for _ in range(nodes)]
        scale = Scale(count // 2, lambda: made.remove_node(added[-1], allow_graceful=False))
        with connect(made.address) as cluster:
            began = time.monotonic()
            run_all(scenarios, Settings(output=folder / "light"), 0, 0, [scale], work=ClusterPool(cluster))
            seconds = time.monotonic() - began
    finally:
        made.shutdown()
    results = read_results(folder / "light" / "results.jsonl")
    tenth = scale.megabytes[count // 10]
    return {
        "nodes": nodes,
        "scenarios": count,
        "passed": sum(each.status == "passed" for each in results),
        "twice": len(results) - len({each.number for each in results}),
        "lost": count - len({each.number for each in results}),
        "seconds": round(seconds, 1),
        "driver_mb_after_a_tenth": round(tenth, 1),
        "driver_mb_at_the_end": round(scale.megabytes[-1], 1),
        "grown": round(scale.megabytes[-1] / tenth, 3),
    }


def main() -> None:
    """Print both as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spread", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=40, help="browser scenarios (default 40; 0 leaves them out)")
    parser.add_argument("--light", type=int, default=1000, help="light ones (default 1000; 0 leaves them out)")
    parser.add_argument("--nodes", type=int, default=8, help="simulated machines (default 8)")
    given = parser.parse_args()
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if given.light:
            told["simulated"] = simulated(given.light, given.nodes, Path(folder))
            print(json.dumps(told["simulated"]), flush=True)
        if given.scenarios:
            one, two = (browsers(given.scenarios, workers, Path(folder)) for workers in (1, 2))
            told["browsers"] = {"scenarios": given.scenarios, "one": round(one, 1), "two": round(two, 1)}
            told["browsers"]["ratio"] = round(one / two, 2)
            print(json.dumps(told["browsers"]), flush=True)


if __name__ == "__main__":
    main()
