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

#: Bytes that a suite's folders may hold.
MOST = 200_000_000
#: Bytes of one scenario's runs that come back; of more, the largest files stay away.
MOST_BACK = 100_000_000
#: What no suite needs.
LEFT_OUT = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache"})
#: In a run's folder that came back: what did not.
TOLD = "left-out.txt"


class SuiteFolders(NamedTuple):
    """The folders that a suite lives on, below one root."""

    root: Path
    folders: tuple[Path, ...]


def suite_folders(scenario: Scenario) -> SuiteFolders:
    """Of a case: its suite's folder, and what that serves from elsewhere."""
    folder = scenario.file.resolve().parent
    found = [folder]
    if scenario.suite.serve and scenario.suite.serve.folder:
        served = (folder / scenario.suite.serve.folder).resolve()
        if not served.is_relative_to(folder):
            found.append(served)
    return SuiteFolders(Path(os.path.commonpath(found)), tuple(found))


def pack_suite(place: SuiteFolders, without: Path | None = None) -> bytes:
    """The folders' files in one piece, without what `without` holds. Raises UsageError for more than may travel."""
    made = BytesIO()
    total = 0
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parcel:
        for path in (path for folder in place.folders for path in _files(folder, without)):
            total += path.stat().st_size
            if total > MOST:
                raise UsageError(
                    f"{place.folders[0]} holds more than {MOST // 1_000_000} MB, which is the most that is sent to "
                    "other machines; give the suite a folder of its own"
                )
            parcel.write(path, path.relative_to(place.root))
    return made.getvalue()


def pack_attempt(folder: Path, root: Path, most: int = MOST_BACK) -> bytes:
    """What a scenario has left, without its largest files where it is more than may come back."""
    sizes = {path: path.stat().st_size for path in _files(folder, None)}
    total, left = sum(sizes.values()), list[Path]()
    for path in sorted(sizes, key=lambda each: sizes[each], reverse=True):
        if total <= most:
            break
        total -= sizes.pop(path)
        left.append(path)
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parcel:
        for path in sizes:
            parcel.write(path, path.relative_to(root))
        if left:
            parcel.writestr(
                str((folder / TOLD).relative_to(root)),
                "".join(f"{path.relative_to(folder)}\n" for path in left),
            )
    return made.getvalue()


def unpack(parcel: bytes, folder: Path) -> None:
    """Lay the files of a parcel into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(BytesIO(parcel)) as opened:
        opened.extractall(folder)


def _files(folder: Path, without: Path | None) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT and Path(here, name) != without)
        yield from (path for name in sorted(names) if (path := Path(here, name)).is_file())
