"""Tools come from files, modules and entry points, and none of them is there unless it was named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from handeye.tools.actions import Call
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.tool_sources import open_tools

SOURCE = '''
from __future__ import annotations
from dataclasses import dataclass
from typing import Literal
from handeye.tools import tool
from beside import RATE

@tool
def convert(amount: float, to: Literal["eur", "usd"] = "eur") -> str:
    """Convert an amount."""
    return f"{amount * RATE} {to}"

@tool(name="convert-all")
def everything() -> str:
    """Convert everything."""
    return "all"

def helper(x: int) -> int:
    """No tool."""
    return x
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("RATE = 2.0\n")
    path = tmp_path / "my_tools.py"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def installed(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package on the path, whose metadata names tools."""
    info = tmp_path / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[handeye.tools]\nconvert = my_tools:convert\nwrong = my_tools:helper\ngone = no_such_module:x\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("my_tools", "beside"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_file_provides_only_the_named_tools(file: Path) -> None:
    box = open_tools(["convert"], [str(file)])
    assert [tool.name for tool in box.tools] == ["convert"]
    assert box.use(Call(tool="convert", arguments={"amount": 3})).result == "6.0 eur"
    assert [tool.name for tool in open_tools(["convert*"], [str(file)]).tools] == ["convert", "convert-all"]
    assert open_tools([]).tools == ()


def test_a_source_of_which_nothing_is_named_says_what_it_brings(file: Path) -> None:
    with pytest.raises(UsageError, match="brings convert, convert-all, and none of them is named; add --tool convert"):
        open_tools([], [str(file)])
    with pytest.raises(UsageError, match="no tool is called 'covert'; did you mean convert"):
        open_tools(["convert", "covert"], [str(file)])


def test_a_file_that_cannot_be_imported_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("import no_such_module\n")
    with pytest.raises(UsageError, match=r"wrong\.py cannot be imported \(ModuleNotFoundError"):
        open_tools(["x"], [str(tmp_path / "wrong.py")])
    with pytest.raises(UsageError, match="there is no such file"):
        open_tools(["x"], ["nowhere.py"])
    with pytest.raises(UsageError, match="cannot be imported"):
        open_tools(["x"], ["no_such_module"])


@pytest.mark.usefixtures("installed")
def test_entry_points_of_other_packages_are_loaded_when_they_are_named() -> None:
    assert [tool.name for tool in open_tools(["convert"]).tools] == ["convert"]
    with pytest.raises(SetupError, match="no tool called wrong"):
        open_tools(["wrong"])
    with pytest.raises(SetupError, match="the tool gone of other cannot be loaded"):
        open_tools(["gone"])
    assert [tool.name for tool in open_tools(["convert"], ["my_tools"]).tools] == ["convert"]
