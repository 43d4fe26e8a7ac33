"""Where custom tools come from: files, modules, entry points of other packages, MCP servers; all off until named.

[project.entry-points."handeye.tools"]      # of another package: the tool's name, and where it stands
stock = "my_shop.tools:stock"
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import contextmanager
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.tools.custom_tools import Function, Tool, Toolbox
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.metadata import EntryPoint

    from handeye.tools.mcp_client import McpServer

GROUP = "handeye.tools"


def open_tools(
    names: Sequence[str], sources: Sequence[str] = (), servers: Mapping[str, Mapping[str, Any]] | None = None
) -> Toolbox:
    """The tools of these names; a name may be a pattern such as `files.*`.

    `sources` are files (`tools.py`) and modules, `servers` the tables `[mcp.NAME]` of a configuration; a server is
    started only when a name begins with its own. Raises UsageError for a name that nothing answers to and for a source
    that brings nothing that was named, SetupError for a server that cannot be reached.
    """
    there: dict[str, Tool] = {}
    for source in sources:
        loaded = load(source)
        if not any(_wanted(name, names) for name in loaded):
            raise UsageError(
                f"--tools-from {source} brings {', '.join(loaded) or 'none'}, and none of them is named; "
                f"add --tool {next(iter(loaded), 'NAME')}"
            )
        there |= loaded
    points = {point.name: point for package in distributions() for point in package.entry_points.select(group=GROUP)}
    there |= {name: _loaded(point) for name, point in points.items() if _wanted(name, names) and name not in there}
    started: list[McpServer] = []

    def close() -> None:
        while started:
            started.pop().close()

    try:
        for name, table in (servers or {}).items():
            if any(each.partition(".")[0] == name and "." in each for each in names):
                from handeye.tools.mcp_client import McpServer

                started.append(McpServer(name, table))
                there |= {tool.name: tool for tool in started[-1].tools()}
        for each in names:
            if not any(fnmatchcase(name, each) for name in there):
                raise UsageError(_nothing(each, [*there, *points], servers or {}))
        return Toolbox(tuple(tool for name, tool in there.items() if _wanted(name, names)), close)
    except BaseException:
        close()
        raise


def load(source: str) -> dict[str, Tool]:
    """The tools of a file or a module, by name. Raises UsageError when it cannot be imported."""
    path = Path(source)
    try:
        if source.endswith(".py"):
            if not path.is_file():
                raise UsageError(f"--tools-from {source}: there is no such file; give a .py file or a module's name")
            with _importable(path.resolve().parent):
                spec = importlib.util.spec_from_file_location(f"handeye_tools_{path.stem}", path)
                assert spec is not None
                assert spec.loader is not None
                module = importlib.util.module_from_spec(spec)
                sys.modules[spec.name] = module
                spec.loader.exec_module(module)
        else:
            with _importable(Path.cwd()):
                module = importlib.import_module(source)
    except UsageError:
        raise
    except Exception as error:  # third-party code may fail in any way
        raise UsageError(
            f"--tools-from {source} cannot be imported ({type(error).__name__}: {error}); mend it"
        ) from error
    return {each.name: each for each in vars(module).values() if isinstance(each, Function)}


def _wanted(name: str, names: Sequence[str]) -> bool:
    return any(fnmatchcase(name, each) for each in names)


def _nothing(name: str, there: Sequence[str], servers: Mapping[str, Any]) -> str:
    near = get_close_matches(name, there, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(there) or 'none'}"
    if name in servers:
        hint = f"name one of the tools of that server, or {name}.* for all of them"
    return f"no tool is called {name!r}; {hint}; --tools-from FILE brings those of a file"


def _loaded(point: EntryPoint) -> Tool:
    package = point.dist.name if point.dist else point.value
    try:
        found = point.load()
    except Exception as error:  # as above
        raise SetupError(
            f"the tool {point.name} of {package} cannot be loaded ({type(error).__name__}: {error}); update {package}"
        ) from error
    if not isinstance(found, Tool) or found.name != point.name:
        raise SetupError(f"{point.value} of {package} is no tool called {point.name}; see @tool")
    return found


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
