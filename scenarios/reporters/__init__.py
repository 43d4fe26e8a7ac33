"""Reporters: report results while they arrive and at the end."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.suite.scenario import Scenario


class Reporter(Protocol):
    """Receives the events of a suite run."""

    def begin(self, scenarios: Sequence[Scenario], previous: int = 0) -> None:
        """The run starts; `previous` scenarios have results of an earlier run, which are added at once."""
        ...

    def add(self, result: ScenarioResult) -> None:
        """A scenario has ended."""
        ...

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        """All scenarios have ended; returns the files that were written."""
        ...

    def stop(self) -> None:
        """The run was cut off: called instead of `end`."""
        ...


REPORTERS = {
    "list": "handeye.scenarios.reporters.terminal:ListReporter",
    "line": "handeye.scenarios.reporters.terminal:LineReporter",
    "json": "handeye.scenarios.reporters.json:JsonReporter",
    "junit": "handeye.scenarios.reporters.junit:JUnitReporter",
    "html": "handeye.scenarios.reporters.html:HtmlReporter",
}


def open_reporters(names: str, console: Console, output: Path) -> list[Reporter]:
    """The reporters of a list of names such as `list,junit`. Raises UsageError for an unknown name."""
    reporters: list[Reporter] = []
    for name in filter(None, (each.strip() for each in names.split(","))):
        if name not in REPORTERS:
            raise UsageError(f"unknown reporter {name!r}; choose {', '.join(REPORTERS)}")
        module, _, attribute = REPORTERS[name].partition(":")
        reporters.append(getattr(import_module(module), attribute)(console, output))
    return reporters
