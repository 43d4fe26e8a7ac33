"""The results of a run of suites as JSON: `results.json`."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.suite.scenario import Scenario


class JsonReporter:
    """Writes one object with `counts` by status, `seconds` and `results`."""

    def __init__(self, console: Console, output: Path) -> None:  # noqa: ARG002
        self.path = output / "results.json"

    def begin(self, scenarios: Sequence[Scenario], previous: int = 0) -> None:
        """Do nothing: the file is written at the end."""

    def add(self, result: ScenarioResult) -> None:
        """Do nothing: the file is written at the end."""

    def stop(self) -> None:
        """Do nothing: an unfinished run of suites gets no file."""

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        """Write the file; returns its path."""
        write_atomically(self.path, json.dumps(results_json(results, seconds), ensure_ascii=False, indent=1) + "\n")
        return [self.path]


def results_json(results: Sequence[ScenarioResult], seconds: float) -> dict[str, object]:
    """The content of `results.json`."""
    return {
        "counts": dict(Counter(result.status for result in results)),
        "seconds": round(seconds, 3),
        "results": [result.model_dump(mode="json") for result in results],
    }
