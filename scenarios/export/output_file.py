"""Writing a file for a person: never over another one unasked, and never half."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.tools.errors import SetupError, UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def check_writable(path: Path, force: bool) -> None:
    """Raise UsageError where a file would be lost, or no file can be."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; name another file, or replace it with --force")


def write_output(path: Path, text: str) -> None:
    """Replace the file's content at once. Raises SetupError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except OSError as error:
        raise SetupError(f"{path} cannot be written ({error.strerror or error}); name a file you may write") from error
