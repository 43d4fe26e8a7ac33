"""`handeye export`: a run as a suite, as a test for pytest, or as a Playwright script."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import Force, Json, RunName

FORMS = ("yaml", "pytest", "playwright")


def command(
    name: RunName = "latest",
    form: Annotated[
        str,
        typer.Option(
            "--to",
            envvar="HANDEYE_TO",
            metavar="yaml|pytest|playwright",
            help="A suite for [b]handeye test[/b], a pytest test that uses handeye, or a Playwright script without it.",
        ),
    ] = "yaml",
    out: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_OUT", metavar="FILE", help="Output file.", show_default="stdout"),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Export a run as a test: a suite, a pytest test or a Playwright script.

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
            raise UsageError(f"--to must be one of {', '.join(FORMS)}, got {form!r}")
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
