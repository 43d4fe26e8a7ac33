"""A scenario of a suite file, ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.scenarios.suite.schema import ScenarioSpec, Suite


@dataclass(frozen=True)
class Scenario:
    """One scenario to run, with all its variables filled in."""

    suite: Suite
    file: Path
    spec: ScenarioSpec
    name: str
    """The name from the suite file, followed by the values from its matrix and the number of its repeat."""
    attempt_runner: str = "handeye.scenarios.runner:AttemptRunner"
    """The class that runs an attempt, as `module:name`: `AttemptRunner` or a subclass of it."""

    @property
    def id(self) -> str:
        """The name for reports, such as `shop.yaml › buys a lamp`."""
        return f"{self.file.name} › {self.name}"

    @property
    def tags(self) -> frozenset[str]:
        """The tags of the suite and of the scenario."""
        return frozenset((*self.suite.tags, *self.spec.tags))

    @property
    def key(self) -> str:
        """The identifier that stays equal from run to run; `--last-failed` and `--resume` use it."""
        return f"{self.file.resolve()}::{self.name}"
