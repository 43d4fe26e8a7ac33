"""Finds suite files and loads their scenarios, whatever their format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.scenarios.formats.midscene import read_flow
from handeye.scenarios.suite.expansion import expand_suite, read_suite
from handeye.scenarios.suite.file_types import is_flow, is_suite
from handeye.scenarios.suite.ground import ground_scenarios
from handeye.scenarios.suite.yaml_source import read_source
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.scenarios.suite.scenario import Scenario

SUFFIXES = (".yaml", ".yml")


def find_files(paths: list[Path]) -> list[Path]:
    """The suite files at these paths; folders are searched. Raises UsageError when there is none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
            found += [each for each in inside if is_suite(each)]
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"{path} is neither a file nor a folder; give a suite, such as tests/shop.yaml")
    if not found:
        raise UsageError(f"there is no suite in {', '.join(map(str, paths))}; a suite is a YAML file with `scenarios`")
    return list(dict.fromkeys(found))


def load_scenarios(path: Path, *, pictures: bool = True) -> list[Scenario]:
    """All scenarios of a suite file, in its order. Raises UsageError, with file and line, for a mistake in it.

    `pictures`: the picture files that its checks name must exist.
    """
    source = read_source(path)
    if is_flow(source.value):
        return read_flow(source)
    suite, specs = read_suite(path, pictures=pictures)
    return [*expand_suite(suite, specs, source), *ground_scenarios(suite, source)]
