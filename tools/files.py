"""Writing files so that a crash, and another writer, leave the old content or the new, never a part of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from pathlib import Path

#: How the names of files end that are being written.
PART = ".part"


def write_atomically(path: Path, content: str | bytes, mode: int = 0o644, *, sync: bool = True) -> None:
    """Replace a file's content. Of several that write it at once, one is the last, and none is disturbed.

    `sync`: wait until the disk has it, so that it outlives a loss of power.
    """
    part = path.with_name(f"{path.name}.{uuid4().hex[:12]}{PART}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def json_lines(text: str) -> list[str]:
    """The lines of a text that holds one JSON value a line, each with its line feed where it has one.

    Only a line feed ends a line: JSON strings may hold U+2028, U+0085 and the like, at which `str.splitlines` cuts
    (https://jsonlines.org, https://docs.python.org/3/library/stdtypes.html#str.splitlines).
    """
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def clear_parts(folder: Path) -> None:
    """Remove the temporary files of killed writers. No writer may be active in the folder."""
    for part in folder.glob(f"*{PART}"):
        part.unlink(missing_ok=True)
