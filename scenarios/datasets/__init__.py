"""Data sets of questions about pictures, in handeye's own format and as the authors of benchmarks publish theirs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from handeye.scenarios.datasets import jsonl, osworld_g, screenspot, screenspot_pro, suite_format
from handeye.scenarios.datasets.item import Area, Dataset, GroundingItem
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["FORMATS", "Area", "Dataset", "GroundingItem", "read_dataset"]


class Format(NamedTuple):
    """One way data sets are written."""

    files: Callable[[Path], list[Path]]
    """Its files at a path; none when the path holds something else."""
    read: Callable[[Path], Dataset]


FORMATS: dict[str, Format] = {
    "jsonl": Format(jsonl.files, jsonl.read),
    "screenspot": Format(
        partial(screenspot.files, version="screenspot"), partial(screenspot.read, version="screenspot")
    ),
    "screenspot-v2": Format(
        partial(screenspot.files, version="screenspot-v2"), partial(screenspot.read, version="screenspot-v2")
    ),
    "screenspot-pro": Format(screenspot_pro.files, screenspot_pro.read),
    "osworld-g": Format(osworld_g.files, osworld_g.read),
    "suite": Format(suite_format.files, suite_format.read),
}


def read_dataset(path: Path, format: str = "auto") -> Dataset:  # noqa: A002 - the flag's name
    """The data set at a path; `auto` tells the format by the files' names.

    Raises UsageError for an unknown format, a path that holds none, a record that cannot be used, and no record at all.
    """
    if format not in (*FORMATS, "auto"):
        raise UsageError(f"there is no format {format!r}; choose auto, {', '.join(FORMATS)}")
    if not path.exists():
        raise UsageError(f"there is no data set at {path}; give its file or folder")
    chosen = _told(path) if format == "auto" else format
    dataset = FORMATS[chosen].read(path)
    if not dataset.items:
        raise UsageError(f"{path} holds no question in the format {chosen}; give one with records, or another --format")
    return dataset


def _told(path: Path) -> str:
    fitting = [name for name, each in FORMATS.items() if each.files(path)]
    if not fitting:
        names = ", ".join(FORMATS)
        raise UsageError(f"the format of {path} cannot be told by its files' names; name it with --format ({names})")
    if len(fitting) > 1:
        raise UsageError(f"{path} holds {' and '.join(fitting)}; choose one with --format")
    return fitting[0]
