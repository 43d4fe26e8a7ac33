"""Defaults come from the nearest handeye.toml or pyproject.toml; a wrong key is named with the nearest right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.agent.config import defaults, servers_here
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = {"run": {"model", "max_steps", "allow_domains"}, "ground": {"model", "out"}}


def test_a_key_reaches_every_command_that_has_it_and_a_table_its_command_alone(tmp_path: Path) -> None:
    (tmp_path / "handeye.toml").write_text('model = "M"\n[run]\nmax-steps = 9\nallow-domain = ["a.test"]\n')
    assert defaults(COMMANDS, tmp_path) == {
        "run": {"model": "M", "max_steps": 9, "allow_domains": ["a.test"]},
        "ground": {"model": "M"},
    }


def test_a_commands_own_table_wins(tmp_path: Path) -> None:
    (tmp_path / "handeye.toml").write_text('model = "M"\n[ground]\nmodel = "N"\n')
    assert defaults(COMMANDS, tmp_path)["ground"] == {"model": "N"}


def test_pyproject_and_folders_above_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.handeye]\nmodel = "M"\n')
    (tmp_path / "sub").mkdir()
    assert defaults(COMMANDS, tmp_path / "sub")["run"] == {"model": "M"}


@pytest.mark.parametrize("text", ["modle = 1", "[run]\nmodle = 1", "[rnu]\nmodel = 1"])
def test_an_unknown_key_is_named_with_the_nearest(text: str, tmp_path: Path) -> None:
    (tmp_path / "handeye.toml").write_text(text)
    with pytest.raises(UsageError, match=r"there is no setting called .*did you mean (model|run)"):
        defaults(COMMANDS, tmp_path)


def test_a_file_that_is_not_toml_is_reported(tmp_path: Path) -> None:
    (tmp_path / "handeye.toml").write_text("model = ")
    with pytest.raises(UsageError, match="not valid TOML"):
        defaults(COMMANDS, tmp_path)


def test_tools_and_servers_are_named_in_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "handeye.toml").write_text(
        'tools = ["stock", "files.*"]\ntools-from = ["mine.py"]\n'
        '[mcp]\nhttp = 8765\n[mcp.files]\ncommand = "files"\n[mcp.wiki]\nurl = "http://127.0.0.1:9/mcp"\n'
    )
    commands = {"run": {"tools", "tools_from"}, "mcp": {"http", "tools"}, "report": {"name"}}
    found = defaults(commands, tmp_path)
    assert found["run"] == {"tools": ["stock", "files.*"], "tools_from": ["mine.py"]}
    assert found["mcp"] == {"http": 8765, "tools": ["stock", "files.*"]}
    assert found["report"] == {}
    assert servers_here(tmp_path) == {"files": {"command": "files"}, "wiki": {"url": "http://127.0.0.1:9/mcp"}}
