"""Settings from `handeye.toml`, or from `[tool.handeye]` of `pyproject.toml`.

The order of precedence is flag, HANDEYE_… variable, configuration file, default. A key is a flag's name, with dashes or
underscores, and counts for every command that has this flag. A table with the name of a command counts for that command
alone:

    model = "http://127.0.0.1:8000/v1"
    [run]
    max-steps = 80

Two kinds of tables belong to no command: `[guard]` has the rules of every run, see
`handeye.policies.guard.guard_policy`, and `[mcp.NAME]` is an MCP server whose tools a run may use, see
`handeye.tools.mcp_client`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.options import OPTIONS, RunOptions, did_you_mean
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from handeye.policies.guard.guard_policy import GuardPolicy

#: The table with the rules.
GUARD = "guard"
#: The table with the MCP servers, and with the settings of the command `handeye mcp`.
MCP = "mcp"
#: Keys that are a flag's name but not the name of the option.
ALIASES = {option.flag.removeprefix("--").replace("-", "_"): name for name, option in OPTIONS.items()}


def find_config(folder: Path | None = None) -> tuple[Path, dict[str, Any]] | None:
    """The nearest configuration file and its content, from this folder upwards; None when there is none."""
    start = (folder or Path.cwd()).resolve()
    for each in (start, *start.parents):
        own, project = each / "handeye.toml", each / "pyproject.toml"
        if own.is_file():
            return own, _read(own)
        if project.is_file() and (table := _read(project).get("tool", {}).get("handeye")):
            return project, table
    return None


def rules_here(folder: Path | None = None) -> GuardPolicy | None:
    """The rules of the user: the table `[guard]` of the nearest configuration file, None where there is none.

    Raises UsageError for a wrong table.
    """
    path, table = find_config(folder) or (Path(), {})
    if GUARD not in table:
        return None
    from handeye.policies.guard.guard_policy import read_rules

    return read_rules(path, table[GUARD])


def rules_of(guard: str) -> GuardPolicy | None:
    """The rules of the file that `--guard` names, else those of the nearest configuration file."""
    if not guard:
        return rules_here()
    from handeye.policies.guard.guard_policy import rules_file

    return rules_file(Path(guard))


def servers_here(folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """The MCP servers of the nearest configuration file, by name: its tables `[mcp.NAME]`."""
    _, table = find_config(folder) or (Path(), {})
    return {name: each for name, each in table.get(MCP, {}).items() if isinstance(each, dict)}


def defaults(commands: Mapping[str, set[str]], folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """The defaults that the nearest configuration file sets, by command and parameter.

    `commands` has the parameters of each command. Raises UsageError for a key that no command has, with the nearest
    one, and for a wrong value of a run's option.
    """
    found = find_config(folder)
    made: dict[str, dict[str, Any]] = {name: {} for name in commands}
    if found is None:
        return made
    path, table = found
    table = {key: value for key, value in table.items() if key != GUARD}
    if isinstance(servers := table.get(MCP), dict):
        table[MCP] = {key: value for key, value in servers.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in table.items() if key in commands and isinstance(value, dict)}
    for command, settings in tables.items():
        made[command] = _checked(settings, commands[command], path)
    every = set().union(*commands.values())
    for key, value in table.items():
        if key in tables:
            continue
        for name, setting in _checked({key: value}, every, path, commands).items():
            for command, parameters in commands.items():
                if name in parameters:
                    made[command].setdefault(name, setting)
    return made


def _checked(settings: dict[str, Any], names: set[str], path: Path, more: Iterable[str] = ()) -> dict[str, Any]:
    """Settings by the names of parameters. Raises UsageError for an unknown key and for a wrong value of an option."""
    made: dict[str, Any] = {}
    for key, value in settings.items():
        name = key.replace("-", "_")
        name = ALIASES.get(name, name)
        if name not in names:
            raise UsageError(f"{path}: there is no setting called {key!r}{did_you_mean(key, [*names, *more])}")
        if option := OPTIONS.get(name):
            RunOptions.of({name: value}, {name: f"{path}: {key}"})
            if option.kind is tuple and isinstance(value, str):
                value = [value]
        made[name] = value
    return made


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML ({error}); correct or remove it") from error
    except RecursionError:
        raise UsageError(f"{path} is nested too deeply to be read; flatten it") from None
