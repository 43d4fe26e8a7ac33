"""The command line: `handeye run`, `resume`, `report`, `ground`, `calibrate` …, and other packages' commands."""

from __future__ import annotations

import gc
from typing import Annotated, Any

import typer

from handeye.agent.cli import calibrate, doctor, ground, mcp, replay, run, serve, show, train
from handeye.agent.cli.console import report_errors
from handeye.agent.cli.extensions import Commands
from handeye.agent.config import defaults, find_config

app = typer.Typer(
    name="handeye",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Say what you want done; handeye looks at the screen, does it step by step, and verifies every step.",
)

app.command("run", epilog=run.EXIT_CODES_HELP)(run.run)
app.command("resume", epilog=run.EXIT_CODES_HELP)(run.resume)
app.command("replay", epilog=run.EXIT_CODES_HELP)(replay.replay)
app.command("report")(show.report)
app.command("ground")(ground.ground)
app.command("actions")(show.actions)
app.command("serve")(serve.serve)
app.command("calibrate")(calibrate.calibrate)
app.command("mcp")(mcp.mcp)
app.command("train")(train.train)
app.command("doctor")(doctor.doctor)


@app.callback()
def _settings(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"handeye {installed('handeye')}")
        raise typer.Exit
    with report_errors():
        if find_config():  # the names of all flags are known only once every command is imported
            ctx.default_map = defaults(_parameters(ctx))


def _parameters(ctx: typer.Context) -> dict[str, set[str]]:
    group: Any = ctx.command
    commands: dict[str, Any] = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
    return {name: {parameter.name for parameter in command.params} for name, command in commands.items()}


def main() -> None:
    """The console script."""
    # What a start makes is kept: looking for garbage among it, every 700 objects, took a seventh of the start.
    gc.set_threshold(50_000, 20, 20)
    app()
