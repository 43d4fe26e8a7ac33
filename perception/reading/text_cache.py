"""Stores the text of pictures on disk, so that another process does not read the same picture again.

Only commands whose user names the picture (`handeye ground`, `handeye eval`) use it. A run never does: what is on the
screen of a run may be private, and is stored in the run's own folder alone, with its secrets redacted.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path
from pydantic import TypeAdapter

from handeye.perception.phrases.spans import Line
from handeye.perception.reading import ocr
from handeye.perception.reading.ocr_models import models_version

if TYPE_CHECKING:
    from handeye.perception.observation import Reader
    from handeye.tools.element import Element
    from handeye.tools.screenshot import Screenshot

#: The number of pictures, and how long their text is stored, in seconds: a week.
MOST_FILES, LONGEST = 2000, 7 * 24 * 3600
#: Part of the key. Raise it when the text of a picture changes: another model input, other boxes, other fields here.
FORMAT = 1
_LINES = TypeAdapter(list[Line])


def text_reader(*, cached: bool) -> Reader:
    """Return the function that reads the text of a picture: with the cache on disk, or `ocr.read` alone."""
    return TextCache().read if cached else ocr.read


class TextCache:
    """The texts of pictures in a folder that only its owner can read, one compressed file for each picture.

    The name of a file is a digest of the picture, of the release of the models and of the format. A file that cannot be
    read counts as absent, and a folder that cannot be written is not used.
    """

    def __init__(self, folder: Path | None = None, most: int = MOST_FILES, longest: float = LONGEST) -> None:
        self.folder = folder or user_cache_path("handeye") / "text"
        self.most, self.longest = most, longest

    def read(self, screenshot: Screenshot) -> tuple[Element, ...]:
        """Return the text of a picture as `ocr.read` does, from disk if it was stored there."""
        path = self.folder / _file_name(screenshot)
        with contextlib.suppress(OSError, ValueError, zlib.error):
            if time.time() - path.stat().st_mtime <= self.longest:
                lines = tuple(_LINES.validate_json(zlib.decompress(path.read_bytes())))
                os.utime(path)
                return lines
        found = ocr.read(screenshot)
        with contextlib.suppress(OSError):
            self._store(path, [line for line in found if isinstance(line, Line)])
        return found

    def _store(self, path: Path, lines: list[Line]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        # The mode is given at creation: no other user can open the file in between.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(zlib.compress(_LINES.dump_json(lines, exclude_defaults=True)))
        draft.replace(path)
        self._drop_old()

    def _drop_old(self) -> None:
        """Remove texts that are too old, those above the limit, and what an interrupted process left."""
        dated = sorted(((path.stat().st_mtime, path) for path in self.folder.iterdir()), reverse=True)
        oldest = time.time() - self.longest
        for number, (at, path) in enumerate(dated):
            if number >= self.most or at < oldest:
                path.unlink(missing_ok=True)


def _file_name(screenshot: Screenshot) -> str:
    return hashlib.sha256(f"{screenshot.digest} {models_version()} {FORMAT}".encode()).hexdigest()[:40]
