"""Defaults from `handeye.toml` or `[tool.handeye]` of `pyproject.toml`; flags and HANDEYE_… variables win over them.

A key is a flag's name, with dashes or underscores, for every command that has it; a table named like a command holds
keys for that command alone:

    model = "http://127.0.0.1:8000/v1"
    [run]
    max-steps = 80

The table `[guard]` belongs to no command: it holds the rules of every run, see `handeye.policies.guard.guard_policy`.
The tables `[mcp.NAME]` name MCP servers whose tools a run may use, see `handeye.tools.mcp_client`.
"""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from handeye.policies.guard.guard_policy import GuardPolicy, read_rules
from handeye.tools.errors import UsageError

#: The table of the rules.
GUARD = "guard"
#: The table of the MCP servers, beside the settings of the command of this name.
MCP = "mcp"


def find_config(folder: Path | None = None) -> tuple[Path, dict[str, Any]] | None:
    """The nearest configuration, from this folder upwards, and what it says."""
    start = (folder or Path.cwd()).resolve()
    for each in (start, *start.parents):
        own, project = each / "handeye.toml", each / "pyproject.toml"
        if own.is_file():
            return own, _read(own)
        if project.is_file() and (table := _read(project).get("tool", {}).get("handeye")):
            return project, table
    return None


def rules_here(folder: Path | None = None) -> GuardPolicy | None:
    """The person's rules: the table `[guard]` of the nearest configuration, None where there is none.

    Raises UsageError for a wrong one.
    """
    path, table = find_config(folder) or (Path(), {})
    return read_rules(path, table[GUARD]) if GUARD in table else None


def servers_here(folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """The MCP servers of the nearest configuration: its tables `[mcp.NAME]`."""
    _, table = find_config(folder) or (Path(), {})
    return {name: each for name, each in table.get(MCP, {}).items() if isinstance(each, dict)}


def defaults(commands: dict[str, set[str]], folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """Defaults per command; `commands` gives the parameter names each command has.

    Raises UsageError for a key that no command knows, naming the nearest.
    """
    found = find_config(folder)
    made: dict[str, dict[str, Any]] = {name: {} for name in commands}
    if found is None:
        return made
    path, table = found
    table = {key: value for key, value in table.items() if key != GUARD}
    if isinstance(servers := table.get(MCP), dict):
        table[MCP] = {key: value for key, value in servers.items() if not isinstance(value, dict)}
    for key, value in table.items():
        if key in commands and isinstance(value, dict):
            for inner, setting in value.items():
                made[key][_known(inner, commands[key], path)] = setting
    every = set().union(*commands.values())
    for key, value in table.items():
        if not (key in commands and isinstance(value, dict)):
            name = _known(key, every | set(commands), path)
            for command, parameters in commands.items():
                if name in parameters:
                    made[command].setdefault(name, value)
    return made


def _known(key: str, names: set[str], path: Path) -> str:
    name = key.replace("-", "_")
    name = ALIASES.get(name, name)
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0].replace('_', '-')}?" if near else ""
        raise UsageError(f"{path}: there is no setting called {key!r}{hint}")
    return name


#: Flags that may be given several times are plural inside.
ALIASES = {"allow_domain": "allow_domains", "tool": "tools"}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML ({error}); mend or remove it") from error
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply to be read; flatten it") from None
