"""Commands from other packages: those whose entry point in the group `handeye.commands` names a function.

    [project.entry-points."handeye.commands"]
    eval = "handeye.scenarios.evaluate.command:command"

The function's signature says its arguments and flags, as typer reads them. It is imported when the command is called
or listed, never before.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, distributions
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from handeye.agent.cli.console import report_errors
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "handeye.commands"


class Commands(TyperGroup):
    """The commands of handeye itself, then those of other packages; a name of handeye's own cannot be taken."""

    def list_commands(self, ctx: Any) -> list[str]:
        self._load_all()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self._load_all()
        return super().get_command(ctx, cmd_name)

    def _load_all(self) -> None:
        if self.__dict__.get("_loaded"):
            return
        self._loaded = True
        # All of them, because `entry_points` passes over a distribution that another of its name comes before: what a
        # build left in the source folder would hide what is installed.
        points = (point for package in distributions() for point in package.entry_points.select(group=GROUP))
        for point in points:
            if point.name not in self.commands:
                self.commands[point.name] = as_command(point.name, _function(point))


def as_command(name: str, function: Callable[..., Any]) -> Any:
    """A function with typer's annotations as a command that can stand in a group."""
    alone = typer.Typer(rich_markup_mode="rich", add_completion=False, pretty_exceptions_enable=False)
    alone.command(name, context_settings={"help_option_names": ["-h", "--help"]})(function)
    return typer.main.get_command(alone)


def _function(point: EntryPoint) -> Callable[..., Any]:
    """What the entry point names; when it cannot be imported, a command that says why."""
    try:
        found = point.load()
        if not callable(found):
            raise TypeError(f"{point.value} is no function")
        as_command(point.name, found)  # annotations that typer cannot read show themselves here
    except Exception as error:  # somebody else's code may fail in any way, and handeye's own commands must still work
        return _broken(point, f"{type(error).__name__}: {error}")
    return found  # type: ignore[no-any-return]


def _broken(point: EntryPoint, why: str) -> Callable[[], None]:
    package = point.dist.name if point.dist else point.value.partition(":")[0]

    def command() -> None:
        with report_errors():
            raise SetupError(
                f"the command {point.name} of {package} cannot be loaded ({why}); update or remove {package}"
            )

    command.__doc__ = f"(cannot be loaded: {why})".replace("[", r"\[")
    return command
