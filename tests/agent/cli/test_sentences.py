"""`handeye check` shows how sentences are read, and `handeye actions --sentences` which are understood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from handeye.agent.cli import app
from handeye.policies.plain_english.frames import FAMILIES

if TYPE_CHECKING:
    from pathlib import Path


def check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", *arguments])
    return result.exit_code, result.stdout


def test_check_shows_the_fields_of_each_step() -> None:
    code, out = check('type "Ada" into Name, click "Save"')
    assert code == 0
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["1", "Write", "text", "Ada", "target", "Name"], ["2", "ClickOn", "target", '"Save"']
    ]  # fmt: skip


def test_check_exits_with_2_for_a_step_that_is_not_understood() -> None:
    code, out = check('click "Save" and polish the table')
    assert code == 2
    assert "✗" in out
    assert "“polish the table”" in out


def test_check_reads_each_line_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "goals.txt"
    path.write_text("# goals\nclick Save\n\nfrobnicate the page\n", encoding="utf-8")
    code, out = check(str(path), "--json")
    assert code == 2
    assert [(each["text"], each["understood"]) for each in json.loads(out)["sentences"]] == [
        ("click Save", True), ("frobnicate the page", False)
    ]  # fmt: skip


def test_check_names_a_file_without_a_sentence(tmp_path: Path) -> None:
    for content in (b"# nothing\n", b"\xff\xfe"):
        path = tmp_path / "goals.txt"
        path.write_bytes(content)
        result = CliRunner().invoke(app, ["check", str(path)])
        assert result.exit_code == 2
        assert "goals.txt" in result.stderr.replace("\n", "")


def test_actions_lists_the_sentences_of_every_family() -> None:
    result = CliRunner().invoke(app, ["actions", "--sentences", "--json"])
    listed = {family["title"]: family for family in json.loads(result.stdout)["families"]}
    assert {family.title for family in FAMILIES} == set(listed)
    assert all(listed[family.title]["examples"] == family.examples for family in FAMILIES)
    text = CliRunner().invoke(app, ["actions", "--sentences"]).stdout
    assert all(f"› {example}" in text for family in FAMILIES for example in family.examples)
