"""The JSON Schema agrees with the loader, and docs/reference.md with the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from handeye.agent.cli import app
from handeye.policies.plain_english.frames import FAMILIES
from handeye.scenarios import reference
from handeye.scenarios.editors import suite_schema
from handeye.scenarios.loading import find_files, load_scenarios
from handeye.scenarios.suite.yaml_source import parse_yaml, read_source
from handeye.tools.errors import UsageError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schema() -> Any:
    """A validator, for a schema that is one."""
    made = suite_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


GOOD = (
    "{name: a, steps: [click x, {step: click y, when: [true, 'not ${{CI}}']}], unchecked: true, needs: [sh]}",
    "{name: a, steps: {step: click x}, unchecked: true}",
    "{name: a, goal: click x, unchecked: true}",
    "{name: a, steps: click x, ensures: the page shows x}",
    "{name: a, steps: [click x, click y], ensures: [the page shows x, {cell: {row: a, column: b, equals: 3}}]}",
    "{name: a, steps: click x, ensures: {url: /cart}, always: {kind: text, value: x}, never: {element: Error}}",
    "{name: a, goal: click x, unchecked: yes, when: true, tags: smoke, skip: not today, timeout: 3.5, max-steps: 9}",
    "{name: a, goal: click x, ensures: {element: {name: b, enabled: no}}, when: ['${{CI}}', '${x} == 3'], retries: 2}",
    "{name: a, goal: click x, ensures: {ask: {question: 'Is it?', votes: 3}}, matrix: {x: [1, two, true]}, repeat: 3}",
    "{name: a, goal: click x, ensures: {http: {url: 'http://x.test/', json: {a.0: [1]}}}, variables: {x: 1.5}}",
    "{name: a, goal: click x, ensures: [{sql: {database: a.db, query: select 1, equals: 1}}, {python: 'a:b'}]}",
    "{name: a, goal: click x, ensures: {count: {role: row, least: 2}}, requires: {process: {name: x, running: false}}}",
)
BAD = (
    "{name: a, goal: click x, steps: click y, unchecked: true}",
    "{goal: click x, unchecked: true}",
    "{name: a, unchecked: true}",
    "{name: a, goal: click x, unchecked: true, timout: 3}",
    "{name: a, goal: click x, unchecked: maybe}",
    "{name: a, goal: click x, ensures: {txt: x}}",
    "{name: a, goal: click x, ensures: {text: x, url: y}}",
    "{name: a, goal: click x, ensures: {element: {name: b, enbled: false}}}",
    "{name: a, goal: click x, ensures: {kind: nothing}}",
    "{name: a, goal: click x, ensures: {cell: {row: a}}}",
    "{name: a, goal: click x, ensures: {ask: {question: a, votes: 0}}}",
    "{name: a, goal: click x, ensures: {ask: {question: a, answer: perhaps}}}",
    "{name: a, goal: click x, ensures: {sql: {database: a.db}}}",
    "{name: a, goal: click x, unchecked: true, timeout: 0}",
    "{name: a, goal: click x, unchecked: true, when: {}}",
    "{name: a, goal: click x, unchecked: true, matrix: {x: 3}}",
    "{name: a, steps: [{click: x}], unchecked: true}",
    "{name: a, steps: [{step: click x, wen: true}], unchecked: true}",
)


@pytest.mark.parametrize(("scenario", "good"), [*((each, True) for each in GOOD), *((each, False) for each in BAD)])
def test_the_schema_takes_what_the_loader_takes_and_refuses_what_it_refuses(
    schema: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scenario: str, good: bool
) -> None:
    monkeypatch.setenv("CI", "1")
    file = tmp_path / "suite.yaml"
    file.write_text(f"variables: {{x: 3}}\nscenarios:\n  - {scenario}\n", encoding="utf-8")
    assert schema.is_valid(parse_yaml(file.read_text("utf-8"))) is good
    if good:
        assert load_scenarios(file)
    else:
        with pytest.raises(UsageError, match=r"suite.yaml:3: "):
            load_scenarios(file)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("serve: {folder: a}\nground: {image: a.png, instruction: x, bbox: [1, 2, 3, 4]}", True),
        ("ground: [{dataset: a.jsonl, at-least: 0.5}]\nscenarios: []", True),
        ("include: [a.yaml]\ntags: x\nsetup: [click y, {step: click z, when: true}]\nneeds: sh\ndevice: virtual", True),
        ("serve: {folder: a, command: b}\ninclude: a.yaml", False),
        ("ground: {image: a.png, dataset: a.jsonl}", False),
        ("name: nothing", False),
        ("device: phone\ninclude: a.yaml", False),
        ("scenarios: {name: a}", False),
        ("variables: {x: [1]}\ninclude: a.yaml", False),
    ],
)
def test_the_schema_knows_the_rest_of_a_suite(schema: Any, text: str, good: bool) -> None:
    assert schema.is_valid(parse_yaml(text)) is good


def test_every_suite_of_the_repository_fits(schema: Any) -> None:
    files = find_files([ROOT / "scenarios"])
    assert files
    for file in files:
        assert list(schema.iter_errors(read_source(file).value)) == [], file


def test_the_command_prints_it_or_writes_it(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["schema"])
    assert json.loads(told.stdout) == suite_schema()
    assert CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "suite.json")]).exit_code == 0
    assert json.loads((tmp_path / "suite.json").read_text("utf-8")) == suite_schema()
    assert CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "none" / "suite.json")]).exit_code == 3


def test_the_reference_is_current_and_a_stale_one_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = reference.reference()
    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == text, "write it anew with: make reference"
    for told in ("### `handeye test PATH…`", "`HANDEYE_UPDATE_PICTURES`", "`max-steps`", "### `cell`", "`--resume`"):
        assert told in text
    page = reference.what_you_can_say()
    assert (ROOT / "docs" / "what-you-can-say.md").read_text("utf-8") == page, "write it anew with: make reference"
    assert all(f"- {example}" in page for family in FAMILIES for example in family.examples)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    assert reference.main(["--check"]) == 1
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
