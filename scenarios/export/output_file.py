"""Writes an output file for the user: an existing file is not replaced without `--force`, and never half written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.tools.errors import SetupError, UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(path: Path, force: bool) -> None:
    """Raise UsageError if the path is a folder, or a file that may not be replaced."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; choose a file in it")
    if path.exists() and not force:
        raise UsageError(f"{path} exists; choose another file, or replace it with --force")


def write_output(path: Path, text: str) -> None:
    """Replace the file's content atomically. Raises SetupError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except OSError as error:
        raise SetupError(
            f"{path} cannot be written ({error.strerror or error}); choose a file that you may write"
        ) from error
