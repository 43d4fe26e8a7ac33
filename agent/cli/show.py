"""`handeye report` and `handeye actions`."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from handeye.agent.cli.console import Json, print_json, report_errors


def report(
    name: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name, or [b]latest[/b].")] = "latest",
    show: Annotated[bool, typer.Option("--open", envvar="HANDEYE_OPEN", help="Open it in the web browser.")] = False,
    as_json: Json = False,
) -> None:
    """Write a run's report anew and say where it lies.

    [b]Example[/b]: handeye report latest --open
    """
    with report_errors(as_json, report=None):
        from handeye.agent.report.run_page import write_report
        from handeye.agent.run_folder import disk, find_run

        folder = find_run(name)
        with disk(folder):
            path = write_report(folder).resolve()
        if show:
            typer.launch(path.as_uri())
    if as_json:
        print_json({"report": str(path)})
    else:
        typer.echo(str(path))


def actions(as_json: Json = False) -> None:
    """Print every action with its fields, as a model is told.

    [b]Example[/b]: handeye actions
    """
    from handeye.tools.actions import ACTIONS, ADAPTER

    if as_json:
        print_json(ADAPTER.json_schema())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 1, 0), show_header=True, header_style="bold")
    for title in ("action", "fields", "what it does"):
        table.add_column(title)
    for model in ACTIONS:
        fields = Text()
        for name, field in model.model_fields.items():
            if name != "kind":
                default = "" if field.is_required() else f" = {_plain(field.default)}"
                fields.append(f"{name}{default}\n")
        table.add_row(
            Text(model.model_fields["kind"].default, style="bold cyan"),
            fields[:-1] if fields else fields,
            Text(inspect.cleandoc(model.__doc__ or "")),
        )
    Console(highlight=False).print(table)


def _plain(value: object) -> str:
    if value is None or value in ("", ()):
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
