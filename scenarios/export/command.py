"""`handeye export`: a run as a suite, as a test for pytest, or as a Playwright script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handeye.agent.cli.console import Json, note_console, print_json, report_errors

FORMS = ("yaml", "pytest", "playwright")


def command(
    name: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name, or [b]latest[/b].")] = "latest",
    form: Annotated[
        str,
        typer.Option(
            "--to",
            envvar="HANDEYE_TO",
            metavar="yaml|pytest|playwright",
            help="A suite for [b]handeye test[/b], a test that runs with handeye, or one that runs without it.",
        ),
    ] = "yaml",
    out: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_OUT", metavar="FILE", help="Where it is written.", show_default="stdout"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", envvar="HANDEYE_FORCE", help="Replace the file where there is one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a run down as a test: every step it took, and what it checked.

    [b]Example[/b]: handeye export latest --to playwright --out test_shop.py
    """
    with report_errors(as_json, file=None, to=form):
        from handeye.agent.run_folder import find_run
        from handeye.scenarios.export.output_file import check_writable, write_output
        from handeye.scenarios.export.playwright import to_playwright
        from handeye.scenarios.export.suite_writer import to_pytest, to_yaml
        from handeye.scenarios.export.transcript import read_transcript
        from handeye.tools.errors import UsageError

        writers = {"yaml": to_yaml, "pytest": to_pytest, "playwright": to_playwright}
        if form not in writers:
            raise UsageError(f"--to {form!r} is nothing a run can become; choose {', '.join(FORMS)}")
        if out:
            check_writable(out, force)
        text = writers[form](read_transcript(find_run(name)), out)
        if out:
            write_output(out, text)
            note_console().print(f"  {out}", soft_wrap=True, markup=False)
        if as_json:
            print_json({"file": str(out) if out else None, "to": form, "text": text})
        elif not out:
            typer.echo(text, nl=False)
