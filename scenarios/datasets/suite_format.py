"""The `ground` cases of a suite's file, as a data set."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from handeye.scenarios.datasets.item import Dataset

if TYPE_CHECKING:
    from pathlib import Path


def files(path: Path) -> list[Path]:
    """The file, where it is a suite that holds some."""
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        return []
    return [path] if re.search(r"^ground\s*:", path.read_text("utf-8", "replace"), re.MULTILINE) else []


def read(path: Path) -> Dataset:
    """All of them, one after the other; raises UsageError naming file and line."""
    from handeye.scenarios.suite.expansion import read_suite
    from handeye.scenarios.suite.ground import GroundScenario, ground_scenarios
    from handeye.scenarios.suite.yaml_source import read_source

    if path.is_dir():  # a suite is one file
        return Dataset(path, "suite", ())
    scenarios = ground_scenarios(read_suite(path, pictures=False)[0], read_source(path))
    items = [item for scenario in scenarios if isinstance(scenario, GroundScenario) for item in scenario.items]
    return Dataset(path, "suite", tuple(replace(each, path=path.parent / each.path) for each in items))
