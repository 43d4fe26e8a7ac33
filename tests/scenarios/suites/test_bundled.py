"""The bundled suites are valid, name each scenario once, and start on existing pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

SUITES = Path(__file__).parents[3] / "scenarios" / "suites"


def read(folder: str) -> dict[Path, dict[Any, Any]]:
    return {file: yaml.safe_load(file.read_text("utf-8")) for file in sorted((SUITES / folder).glob("*.yaml"))}


def test_no_two_scenarios_of_a_suite_have_one_name() -> None:
    suites = read("web") | read("desktop")
    assert suites
    for file, suite in suites.items():
        names = [each["name"] for each in suite["scenarios"]]
        assert len(names) == len(set(names)), file


def test_each_web_suite_begins_on_a_page_that_is_served() -> None:
    for file, suite in read("web").items():
        # To YAML itself, a bare `on` is the truth value.
        page = str(suite[True]).removeprefix("${serve}/")
        assert (SUITES / "web" / "site" / page).is_file(), file
