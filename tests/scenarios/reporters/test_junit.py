"""`junit.xml` is valid by its schema, for any names of scenarios and texts of pages."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from rich.console import Console

from handeye.scenarios.checks.run_check import CheckResult
from handeye.scenarios.reporters.junit import JUnitReporter
from handeye.scenarios.results import Attempt, ScenarioResult

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
HOSTILE = [
    "]]> & <b>",
    "null \x00 bell \x07 escape \x1b[31m",
    "🦊 \U0010ffff ￾￿",
    "half \ud83d a pair",
    "tab\tline\nend",
    "' \" =",
]


def _result(number: int, name: str, status: str, seen: str = "") -> ScenarioResult:
    check = CheckResult(expected=f"it shows {name}", status="failed", actual=seen)
    attempt = Attempt(number=1, status=status, reason=f"not {name}", checks=(check,), seconds=0.1)  # type: ignore[arg-type]
    return ScenarioResult.of(
        attempts=[attempt], key=str(number), name=name, suite=name, file=f"{number % 2}.yaml", line=1
    )


def test_hostile_names_make_a_valid_file(tmp_path: Path) -> None:
    statuses = ["passed", "failed", "error", "skipped"]
    results = [
        _result(number, name, status, seen=name)
        for number, (name, status) in enumerate((name, status) for name in HOSTILE for status in statuses)
    ]
    (path,) = JUnitReporter(Console(), tmp_path).end(results, 1.5)
    SCHEMA.validate(path)
    scenarios = ElementTree.parse(path).getroot().findall(".//testcase")
    assert len(scenarios) == len(results)
    named = [scenario.get("name") or "" for scenario in scenarios]
    assert "]]> & <b>" in named
    assert any("🦊" in name for name in named)
    assert all("\x1b" not in name for name in named)


def test_no_results_make_a_valid_file(tmp_path: Path) -> None:
    (path,) = JUnitReporter(Console(), tmp_path).end([], 0.0)
    SCHEMA.validate(path)


def test_the_schema_refuses_what_is_no_report(tmp_path: Path) -> None:
    (path,) = JUnitReporter(Console(), tmp_path).end([_result(1, "a", "failed")], 1.0)
    path.write_text(path.read_text(encoding="utf-8").replace("<failure", "<failed").replace("</failure", "</failed"))
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        SCHEMA.validate(path)
