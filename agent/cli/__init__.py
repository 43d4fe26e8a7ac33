"""The command line `handeye`: its own commands, and those of other packages.

A package adds a command by an entry point in the group `handeye.commands` that names a function:

    [project.entry-points."handeye.commands"]
    eval = "handeye.scenarios.eval.eval_command:command"

The function's signature declares arguments and flags, as typer reads them. It is imported when the command is called or
listed.
"""

from __future__ import annotations

import gc
from importlib.metadata import EntryPoint, distributions
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from handeye.agent.cli import calibrate, doctor, ground, mcp, run, sentences, serve, train
from handeye.agent.cli.console import report_errors
from handeye.agent.config import defaults, find_config
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

#: The group of the entry points.
GROUP = "handeye.commands"
#: The panels of `handeye --help`, each with its commands in order. Commands of other packages come last.
PANELS = {
    "Run a goal": ("run", "check", "resume", "replay", "report", "ui"),
    "Test": ("record", "test", "export", "schema"),
    "Find and control": ("ground", "actions", "mcp"),
    "Models": ("serve", "calibrate", "train"),
    "Measure": ("eval", "bench"),
    "Set up": ("doctor",),
}
SETTINGS_HELP = (
    "Every flag can also be set by an environment variable (--max-steps by HANDEYE_MAX_STEPS) or by a key of "
    "handeye.toml (max-steps = 80). A flag wins over a variable, a variable over handeye.toml."
)


class Commands(TyperGroup):
    """The commands of handeye, then those of other packages. Another package cannot replace a command of handeye."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, by panel."""
        self._load_all()
        names = super().list_commands(ctx)
        ordered = [name for panel in PANELS.values() for name in panel if name in names]
        return [*ordered, *(name for name in names if name not in ordered)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name, None when there is none."""
        if cmd_name not in self.commands:
            self._load_all()
        found: Any = super().get_command(ctx, cmd_name)
        if found is None or getattr(found, "_complete", False):
            return found
        found._complete = True
        found.rich_help_panel = next((panel for panel, names in PANELS.items() if cmd_name in names), "Other packages")
        for parameter in found.params:
            parameter.show_envvar = False  # one line at the end says it for all
        found.epilog = "\n\n".join(filter(None, (found.epilog, SETTINGS_HELP)))
        return found

    def _load_all(self) -> None:
        if self.__dict__.get("_loaded"):
            return
        self._loaded = True
        # `entry_points()` skips a distribution when another one of its name comes first: the metadata that a build left
        # in the source folder would hide the installed ones. Therefore all distributions are read.
        points = (point for package in distributions() for point in package.entry_points.select(group=GROUP))
        for point in points:
            if point.name not in self.commands:
                self.commands[point.name] = as_command(point.name, _function(point))


def as_command(name: str, function: Callable[..., Any]) -> Any:
    """A function with typer's annotations as a command of a group."""
    alone = typer.Typer(rich_markup_mode="rich", add_completion=False, pretty_exceptions_enable=False)
    alone.command(name, context_settings={"help_option_names": ["-h", "--help"]})(function)
    return typer.main.get_command(alone)


def _function(point: EntryPoint) -> Callable[..., Any]:
    """The function that an entry point names; when it cannot be imported, a command that reports why."""
    try:
        found = point.load()
        if not callable(found):
            raise TypeError(f"{point.value} is no function")
        as_command(point.name, found)  # raises for annotations that typer cannot read
    except Exception as error:  # code of another package may fail in any way, and the other commands must still work
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


app = typer.Typer(
    name="handeye",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Carry out goals in plain English on a browser or desktop, step by step, and verify every step.",
    epilog="Start with: handeye doctor, then: handeye run 'click \"Save\"' --on URL. Details: handeye COMMAND --help",
)

app.command("run", epilog=run.EXIT_CODES_HELP)(run.run)
app.command("check")(sentences.check)
app.command("resume", epilog=run.EXIT_CODES_HELP)(run.resume)
app.command("replay", epilog=run.EXIT_CODES_HELP)(run.replay)
app.command("report")(run.report)
app.command("ground")(ground.ground)
app.command("actions")(doctor.actions)
app.command("serve")(serve.serve)
app.command("calibrate")(calibrate.calibrate)
app.command("mcp")(mcp.mcp)
app.command("train")(train.train)
app.command("doctor")(doctor.doctor)


@app.callback()
def _settings(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"handeye {installed('handeye')}")
        raise typer.Exit
    with report_errors():
        if find_config():  # the names of all flags are known only when every command is imported
            ctx.default_map = defaults(_parameters(ctx))


def _parameters(ctx: typer.Context) -> dict[str, set[str]]:
    """The names of the parameters of each command."""
    group: Any = ctx.command
    commands: dict[str, Any] = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
    return {name: {parameter.name for parameter in command.params} for name, command in commands.items()}


def main() -> None:
    """The console script."""
    # Objects made at the start live on: collecting garbage among them every 700 objects took a seventh of the start.
    gc.set_threshold(50_000, 20, 20)
    app()
