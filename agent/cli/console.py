"""What the commands share: consoles, options that several have, and errors told without a traceback."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The exit code of what the person stopped.
INTERRUPTED = 130

Json = Annotated[
    bool, typer.Option("--json", envvar="HANDEYE_JSON", help="Print one JSON object on stdout, all else on stderr.")
]
Model = Annotated[
    str,
    typer.Option(
        envvar="HANDEYE_MODEL",
        metavar="embedded|HF-ID|DIR|URL|serve:…",
        help="What looks and thinks: [b]embedded[/b] (no model; OCR and explicit steps), a checkpoint's id or folder "
        "(in-process, needs handeye\\[transformers]), the address of an OpenAI-compatible server such as vLLM, or "
        "[b]serve:[/b] before an id or folder, to start vLLM for this one command.",
    ),
]


def note_console() -> Console:
    """For people: stderr, so that stdout holds results alone."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@contextmanager
def report_errors(as_json: bool = False, **shape: Any) -> Iterator[None]:
    """Turn what handeye raises into one sentence on stderr and an exit code.

    With `--json`, stdout gets an object of the given shape as well, with the sentence as its `reason`.
    """
    try:
        yield
    except HandeyeError as error:
        said = _hidden(str(error))
        note_console().print(f"[bold red]handeye:[/] {escape(said)}", soft_wrap=True)
        if as_json:
            status = {"status": "interrupted"} if "status" in shape and error.exit_code == INTERRUPTED else {}
            print_json(shape | status | {"reason": said, "error": type(error).__name__})
        raise typer.Exit(error.exit_code) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("HANDEYE_DEBUG"):
            raise
        said = _hidden(f"{type(error).__name__}: {error}; please report it, with what HANDEYE_DEBUG=1 shows")
        note_console().print(f"[bold red]handeye:[/] {escape(said)}", soft_wrap=True)
        if as_json:
            print_json(shape | {"reason": said, "error": type(error).__name__})
        raise typer.Exit(3) from None
    except KeyboardInterrupt:
        note_console().print("[yellow]interrupted[/]")
        if as_json and "status" in shape:
            print_json(shape | {"status": "interrupted", "reason": "interrupted before the run began"})
        raise typer.Exit(INTERRUPTED) from None


def _hidden(text: str) -> str:
    """The text without the values of secrets."""
    from handeye.tools.secrets.store import hide_known  # imported when needed: help texts must come at once

    return hide_known(text)
