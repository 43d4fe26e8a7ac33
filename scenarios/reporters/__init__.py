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

    def begin(self, scenarios: Sequence[Scenario], kept: int = 0) -> None:
        """These are about to be run; so many have results from before, which are added at once."""
        ...

    def add(self, result: ScenarioResult) -> None:
        """One has ended."""
        ...

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        """All have; returns what was written."""
        ...

    def stop(self) -> None:
        """The run has come to a bad end, in the place of `end`: what stands on the terminal may stay."""
        ...


REPORTERS = {
    "list": "handeye.scenarios.reporters.terminal:ListReporter",
    "line": "handeye.scenarios.reporters.terminal:LineReporter",
    "json": "handeye.scenarios.reporters.json:JsonReporter",
    "junit": "handeye.scenarios.reporters.junit:JUnitReporter",
    "html": "handeye.scenarios.reporters.html:HtmlReporter",
}


def open_reporters(names: str, console: Console, output: Path) -> list[Reporter]:
    """Those in a list such as `list,junit`. Raises UsageError for a name that is none."""
    found: list[Reporter] = []
    for name in filter(None, (each.strip() for each in names.split(","))):
        if name not in REPORTERS:
            raise UsageError(f"no reporter is called {name!r}; there are {', '.join(REPORTERS)}")
        module, _, attribute = REPORTERS[name].partition(":")
        found.append(getattr(import_module(module), attribute)(console, output))
    return found
