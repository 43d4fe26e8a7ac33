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
    from handeye.scenarios.suite.ground import GroundCase, ground_cases
    from handeye.scenarios.suite.yaml_source import read_source

    if path.is_dir():  # a suite is one file
        return Dataset(path, "suite", ())
    cases = ground_cases(read_suite(path, pictures=False)[0], read_source(path))
    items = [item for case in cases if isinstance(case, GroundCase) for item in case.items]
    return Dataset(path, "suite", tuple(replace(each, path=path.parent / each.path) for each in items))
