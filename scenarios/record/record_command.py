"""`handeye record`: records a person and writes a suite."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import Force, GivenOptions, Json, with_options
from handeye.agent.options import OPTIONS

if TYPE_CHECKING:
    from rich.console import Console

    from handeye.scenarios.record.recording import RecordedStep, Recording

HOW_ELSEWHERE = "Ctrl+Shift+click checks what is under the mouse; close the program, or press Ctrl+Alt+End, to end."
HOW = "Ctrl+Shift+click checks what is under the mouse; close the window or press Ctrl-C here to end."


@with_options("viewport")
def command(
    on: Annotated[
        str, typer.Argument(metavar="URL|app:COMMAND|desktop", help="A web page, a program to start, or your desktop.")
    ],
    options: GivenOptions,
    out: Annotated[Path, typer.Option("--out", envvar="HANDEYE_OUT", metavar="FILE", help="File of the suite.")] = Path(
        "recorded.yaml"
    ),
    force: Force = False,
    test: Annotated[
        bool,
        typer.Option(
            "--try",
            envvar="HANDEYE_TRY",
            help="Run the suite once afterwards. This repeats everything, and stores anchors.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Record what you click and type as a suite in plain English.

    Each action is written as a step at once.

    [b]Example[/b]: handeye record http://localhost:8000 --out shop.yaml
    """
    code = 0
    with report_errors(as_json, file=None, steps=0, checks=0):
        from handeye.agent.resources import looks_like_page
        from handeye.scenarios.export.output_file import check_writable, write_output
        from handeye.tools.errors import UsageError

        check_writable(out, force)
        size = options.checked().viewport
        console = note_console()
        page = looks_like_page(on)
        if not page and on != "desktop" and not on.startswith("app:"):
            raise UsageError(f"{on!r} cannot be recorded; give a web address, app:COMMAND, or desktop")
        recording = _recording(
            on, out, OPTIONS["viewport"].text(size) if page and size != OPTIONS["viewport"].default else ""
        )

        printed = 0

        def on_entry(_: RecordedStep) -> None:
            nonlocal printed
            write_output(out, recording.draft().render())
            printed = _show(console, recording, printed, len(recording.entries) - 1)  # the last one may still grow

        _check_screen()
        console.print(f"[dim]{HOW if page else HOW_ELSEWHERE}[/]", soft_wrap=True)
        with suppress(KeyboardInterrupt):
            if page:
                asyncio.run(_browse(on, recording, on_entry, size))
            else:
                from handeye.scenarios.record.desktop_recorder import listen

                listen(on, recording, on_entry)
        _show(console, recording, printed, len(recording.entries))
        if recording.done:
            write_output(out, recording.draft().render())
            console.print(f"  {out}", soft_wrap=True, markup=False)
        else:
            console.print("nothing was done, so nothing is written")
        checks = sum(entry.check for entry in recording.entries)
        if as_json:
            steps = len(recording.entries) - checks
            print_json({"file": str(out) if recording.done else None, "steps": steps, "checks": checks})
        code = 1 if not recording.done else _tried(out) if test else 0
    raise typer.Exit(code)


def _check_screen() -> None:
    """Raise SetupError where there is no display for a visible browser."""
    from handeye.tools.errors import SetupError

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SetupError("a person needs a screen, and $DISPLAY is not set; record inside a desktop session")


async def _browse(on: str, recording: Recording, on_entry: object, size: tuple[int, int]) -> None:
    from handeye.scenarios.record.browser_recorder import BrowserRecorder

    async with BrowserRecorder(on, recording, on_entry, viewport=size) as recorder:  # type: ignore[arg-type]
        await recorder.wait()


def _recording(on: str, out: Path, viewport: str) -> Recording:
    from handeye.scenarios.record.recording import Recording

    if on.startswith("app:"):
        return Recording(on.removeprefix("app:").strip(), device="virtual")
    if on == "desktop":
        return Recording("", device="desktop")
    if Path(on).is_file():
        on = os.path.relpath(Path(on).resolve(), out.resolve().parent)
    return Recording(on, viewport=viewport)


def _show(console: Console, recording: Recording, start: int, end: int) -> int:
    """Print the entries up to there that were not printed before; return how many are printed now."""
    from rich.markup import escape

    for entry in recording.entries[start:end]:
        if entry.step_text.step:
            console.print(f"  {'[green]✓[/] ' if entry.check else ''}{escape(entry.step_text.step)}", soft_wrap=True)
        if entry.step_text.comment:
            console.print(f"    [yellow]{escape(entry.step_text.comment)}[/]", soft_wrap=True)
    return max(0, end)


def _tried(out: Path) -> int:
    """Run the suite, and return its exit code."""
    from handeye.scenarios.loading import load_scenarios
    from handeye.scenarios.reporters import open_reporters
    from handeye.scenarios.results import exit_code
    from handeye.scenarios.runner import Settings
    from handeye.scenarios.suite_command import OUTPUT
    from handeye.scenarios.suite_run import run_all

    reporters = open_reporters("list", note_console(), OUTPUT)
    results = run_all(load_scenarios(out), Settings(output=OUTPUT), 1, 0, reporters)
    for each in reporters:
        each.end(results, sum(result.seconds for result in results))
    return exit_code(results)
