"""What every command prints: notes on stderr, JSON on stdout, and errors as one sentence without a traceback."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The exit code after Ctrl-C.
INTERRUPTED = 130


def note_console() -> Console:
    """A console on stderr for messages to people. Stdout has only results."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@contextmanager
def report_errors(as_json: bool = False, **shape: Any) -> Iterator[None]:
    """Turn an error into one sentence on stderr and an exit code.

    With `as_json`, an object of the given shape is printed on stdout as well, with the sentence as its `reason`.
    """
    try:
        yield
    except HandeyeError as error:
        reason = _redact(str(error))
        note_console().print(f"[bold red]handeye:[/] {escape(reason)}", soft_wrap=True)
        if as_json:
            status = {"status": "interrupted"} if "status" in shape and error.exit_code == INTERRUPTED else {}
            print_json(shape | status | {"reason": reason, "error": type(error).__name__})
        raise typer.Exit(error.exit_code) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("HANDEYE_DEBUG"):
            raise
        reason = _redact(f"{type(error).__name__}: {error}; please report it, with the output of HANDEYE_DEBUG=1")
        note_console().print(f"[bold red]handeye:[/] {escape(reason)}", soft_wrap=True)
        if as_json:
            print_json(shape | {"reason": reason, "error": type(error).__name__})
        raise typer.Exit(3) from None
    except KeyboardInterrupt:
        note_console().print("[yellow]interrupted[/]")
        if as_json and "status" in shape:
            print_json(shape | {"status": "interrupted", "reason": "interrupted before the run began"})
        raise typer.Exit(INTERRUPTED) from None


def _redact(text: str) -> str:
    """The text without the values of secrets."""
    from handeye.tools.secrets.store import hide_known  # not at the top: help texts must appear at once

    return hide_known(text)
