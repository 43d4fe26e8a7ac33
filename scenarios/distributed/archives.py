"""Packs the folders of a suite for a worker, and the folder of an attempt for the way back."""

from __future__ import annotations

import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.scenarios.suite.scenario import Scenario

#: The largest size of a suite's folders in bytes.
MAX_SUITE_BYTES = 200_000_000
#: The largest size in bytes of the runs of a scenario; the largest files are omitted beyond it.
MAX_ATTEMPT_BYTES = 100_000_000
#: Folders that are never sent.
IGNORED_FOLDERS = frozenset(
    {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache"}
)
#: The list of omitted files, in the folder of a received run.
OMITTED_LIST = "left-out.txt"


class SuiteFolders(NamedTuple):
    """The folders that a suite needs, with their common root."""

    root: Path
    folders: tuple[Path, ...]


def suite_folders(scenario: Scenario) -> SuiteFolders:
    """The folder of a scenario's suite, and the folder that it serves where that is outside of it."""
    folder = scenario.file.resolve().parent
    found = [folder]
    if scenario.suite.serve and scenario.suite.serve.folder:
        served = (folder / scenario.suite.serve.folder).resolve()
        if not served.is_relative_to(folder):
            found.append(served)
    return SuiteFolders(Path(os.path.commonpath(found)), tuple(found))


def pack_suite(place: SuiteFolders, without: Path | None = None) -> bytes:
    """A zip archive of the folders, without the folder `without`. Raises UsageError above the size limit."""
    made = BytesIO()
    total = 0
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in (path for folder in place.folders for path in _files(folder, without)):
            total += path.stat().st_size
            if total > MAX_SUITE_BYTES:
                raise UsageError(
                    f"{place.folders[0]} has more than {MAX_SUITE_BYTES // 1_000_000} MB, the limit for sending to "
                    "other machines; move the suite to a separate folder"
                )
            archive.write(path, path.relative_to(place.root))
    return made.getvalue()


def pack_attempt(folder: Path, root: Path, most: int = MAX_ATTEMPT_BYTES) -> bytes:
    """A zip archive of a scenario's runs; above the size limit, the largest files are omitted."""
    sizes = {path: path.stat().st_size for path in _files(folder, None)}
    total, left = sum(sizes.values()), list[Path]()
    for path in sorted(sizes, key=lambda each: sizes[each], reverse=True):
        if total <= most:
            break
        total -= sizes.pop(path)
        left.append(path)
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sizes:
            archive.write(path, path.relative_to(root))
        if left:
            archive.writestr(
                str((folder / OMITTED_LIST).relative_to(root)),
                "".join(f"{path.relative_to(folder)}\n" for path in left),
            )
    return made.getvalue()


def unpack(archive: bytes, folder: Path) -> None:
    """Lay the files of an archive into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        opened.extractall(folder)


def _files(folder: Path, without: Path | None) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in IGNORED_FOLDERS and Path(here, name) != without)
        yield from (path for name in sorted(names) if (path := Path(here, name)).is_file())
