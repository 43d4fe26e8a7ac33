"""Writes `results.json`: all results as one JSON object, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handeye.scenarios.results import results_json
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.suite.scenario import Scenario


class JsonReporter:
    """Writes one object: `counts` by status, `seconds`, `results`."""

    def __init__(self, console: Console, output: Path) -> None:  # noqa: ARG002
        self.path = output / "results.json"

    def begin(self, scenarios: Sequence[Scenario], kept: int = 0) -> None:
        """Do nothing: all results are written at the end."""

    def add(self, result: ScenarioResult) -> None:
        """Do nothing: all results are written at the end."""

    def stop(self) -> None:
        """Write nothing."""

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        """Write the file; return its path."""
        write_atomically(self.path, json.dumps(results_json(results, seconds), ensure_ascii=False, indent=1) + "\n")
        return [self.path]
