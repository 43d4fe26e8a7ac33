"""Readers of published data sets of grounding questions.

The formats are handeye's JSON lines, ScreenSpot (arXiv 2401.10935), ScreenSpot-v2 (arXiv 2410.23218), ScreenSpot-Pro
(arXiv 2504.07981) and OSWorld-G (arXiv 2505.13227). Each format has two functions: one finds its files at a path, the
other reads their questions.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.scenarios.datasets.item import Area, Dataset, GroundingItem
from handeye.scenarios.datasets.records import (
    Record,
    box,
    check_on_picture,
    json_lines,
    json_list,
    json_object,
    picture,
    polygon,
)
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


# handeye's own format: one JSON object per line.
#
#     {"image": path relative to the file, "instruction": str, "bbox": [x1, y1, x2, y2], "type": str?, "source": str?}
#
# `bbox` is in pixels of the picture. It is null where the element is absent, and the right answer then is that it is
# absent. Results are also grouped by further text fields with few values, such as `"theme": "dark"`.

JSONL_FIELDS = frozenset({"image", "instruction", "bbox", "type", "source"})
#: A field with more values than this, or without a repeated one, identifies records and forms no groups.
MAX_VALUES = 20


def jsonl_files(path: Path) -> list[Path]:
    """Return the files of this format at a path: the path itself, or the files directly in the folder."""
    if path.is_dir():
        return sorted(path.glob("*.jsonl"))
    return [path] if path.suffix == ".jsonl" else []


def read_jsonl(path: Path) -> Dataset:
    """Return the data set of a file, or of all files in a folder. Raises UsageError with file and line."""
    items = []
    for file in jsonl_files(path) or ([path] if path.is_file() else []):
        for record in json_lines(file):
            name = record.text("image")
            where = picture(record, name, [file.parent])
            truth = None
            if record.fields.get("bbox", ()) is not None:
                numbers = record.numbers("bbox", 4)
                truth = box(record, "bbox", numbers, numbers)
                check_on_picture(record, "bbox", truth, where, whole=True)
            kind = record.optional("type")
            instruction, source = record.text("instruction"), record.optional("source")
            fields = {
                key: value
                for key, value in record.fields.items()
                if key not in JSONL_FIELDS and isinstance(value, str) and value
            }
            items.append(GroundingItem(name, where, instruction, truth, (kind,) if kind else (), source, fields=fields))
    return Dataset(path, "jsonl", tuple(_with_grouping_fields(items)))


def _with_grouping_fields(items: list[GroundingItem]) -> list[GroundingItem]:
    """Return the items with only those fields that divide them into groups."""
    values: dict[str, list[str]] = {}
    for item in items:
        for key, value in item.fields.items():
            values.setdefault(key, []).append(value)
    grouping = {key for key, texts in values.items() if len(set(texts)) <= min(MAX_VALUES, len(texts) - 1)}
    return [replace(item, fields={key: item.fields[key] for key in item.fields if key in grouping}) for item in items]


# ScreenSpot (github.com/njucckevin/SeeClick) and ScreenSpot-v2 (OS-Copilot/ScreenSpot-v2), as they are published.
#
# `screenspot_desktop.json`, `_mobile`, `_web` (`screenspot_desktop_v2.json` …) hold lists of records. A record has
# `img_filename`, `bbox` as [left, top, width, height] in pixels, `instruction`, `data_type` (text or icon) and
# `data_source`; the pictures are in `screenspot_imgs/` (`screenspotv2_image/`). The published tables separate desktop,
# mobile and web, and text and icon.

SCREENSPOT_FOLDERS = {
    "screenspot": ("screenspot_imgs", "images", "."),
    "screenspot-v2": ("screenspotv2_image", "images", "."),
}
SCREENSPOT_FILES = {
    "screenspot": re.compile(r"screenspot_(desktop|mobile|web)\.json"),
    "screenspot-v2": re.compile(r"screenspot_(desktop|mobile|web)_v2\.json"),
}


def screenspot_files(path: Path, version: str) -> list[Path]:
    """Return the files of ScreenSpot at a path: the path itself, or files in the folder or one folder below."""
    found = [path] if path.is_file() else [*path.glob("*.json"), *path.glob("*/*.json")]
    return sorted(file for file in found if SCREENSPOT_FILES[version].fullmatch(file.name))


def read_screenspot(path: Path, version: str) -> Dataset:
    """Return the data set of a folder or of one of its files. Raises UsageError with file and record."""
    items = []
    for file in screenspot_files(path, version) or ([path] if path.is_file() else []):
        named = SCREENSPOT_FILES[version].fullmatch(file.name)
        folders = [
            root / folder for root in (file.parent, file.parent.parent) for folder in SCREENSPOT_FOLDERS[version]
        ]
        for record in json_list(file):
            name = record.text("img_filename")
            left, top, width, height = numbers = record.numbers("bbox", 4)
            truth = box(record, "bbox", (left, top, left + width, top + height), numbers)
            where = picture(record, name, [folder for folder in folders if folder.is_dir()])
            check_on_picture(record, "bbox", truth, where, whole=False)
            kind, source = record.optional("data_type"), record.optional("data_source")
            group = named[1] if named else ""
            items.append(
                GroundingItem(name, where, record.text("instruction"), truth, (kind,) if kind else (), source, group)
            )
    return Dataset(path, version, tuple(items))


# ScreenSpot-Pro (github.com/likaixin2000/ScreenSpot-Pro-GUI-Grounding), as its authors publish it.
#
# `annotations/*.json` hold lists of records with `img_filename` (relative to `images/`), `bbox` as [left, top, right,
# bottom] in pixels, `img_size`, `instruction`, `instruction_cn`, `id`, `application`, `platform`, `group` and `ui_type`
# (text or icon). The published table parts groups, and text and icon.


def screenspot_pro_files(path: Path) -> list[Path]:
    """Return the files of ScreenSpot-Pro at a path: the path itself, or the files in `annotations/`."""
    if path.is_file():
        return [path] if path.parent.name == "annotations" and path.suffix == ".json" else []
    folder = path if path.name == "annotations" else path / "annotations"
    return sorted(folder.glob("*.json"))


def read_screenspot_pro(path: Path) -> Dataset:
    """Return the data set of a folder or of one of its files. Raises UsageError with file and record."""
    items = []
    for file in screenspot_pro_files(path) or ([path] if path.is_file() else []):
        folders = [file.parent.parent / "images", file.parent / "images"]
        for record in json_list(file):
            name = record.text("img_filename")
            numbers = record.numbers("bbox", 4)
            truth = box(record, "bbox", numbers, numbers)
            where = picture(record, name, folders)
            check_on_picture(record, "bbox", truth, where, whole=False)
            kind = record.optional("ui_type")
            source = " ".join(filter(None, (record.optional("application"), record.optional("platform"))))
            types, group = (kind,) if kind else (), record.optional("group")
            items.append(GroundingItem(name, where, record.text("instruction"), truth, types, source, group))
    return Dataset(path, "screenspot-pro", tuple(items))


# OSWorld-G (github.com/xlang-ai/OSWorld-G, folder `benchmark`), as its authors publish it.
#
# `OSWorld-G.json` and `OSWorld-G_refined.json` (the same questions, spelled out) hold lists of records with `id`,
# `image_path` (relative to `images/`), `image_size`, `instruction`, `box_type`, `box_coordinates` and `GUI_types`. A
# `bbox` is [left, top, width, height] in pixels, a `polygon` the x and y of its corners in turn; for a `refusal` the
# element is absent. `classification_result.json` next to them sorts the ids into the capabilities of the published
# table; where it is missing, questions are counted under their `GUI_types`.

OSWORLD_G_FILES = ("OSWorld-G.json", "OSWorld-G_refined.json")
CAPABILITIES_FILE = "classification_result.json"


def osworld_g_files(path: Path) -> list[Path]:
    """Return the files of OSWorld-G at a path: the path itself, or those in the folder or its `benchmark`.

    `OSWorld-G.json` comes before the file with longer instructions.
    """
    if path.is_file():
        return [path] if path.name in OSWORLD_G_FILES else []
    places = [folder / name for name in OSWORLD_G_FILES for folder in (path, path / "benchmark")]
    return [place for place in places if place.is_file()]


def read_osworld_g(path: Path) -> Dataset:
    """Return the data set of one of the two files; of `OSWorld-G.json` for a folder with both.

    Raises UsageError with file and record.
    """
    found = osworld_g_files(path) or ([path] if path.is_file() else [])
    if not found:
        return Dataset(path, "osworld-g", ())
    file, *others = found
    capabilities = _capabilities(file.parent / CAPABILITIES_FILE)
    items = [_osworld_g_item(record, file.parent, capabilities) for record in json_list(file)]
    notes = [f"{other} was left out; name it to ask its questions instead" for other in others]
    return Dataset(file, "osworld-g", tuple(items), tuple(notes))


def _osworld_g_item(record: Record, folder: Path, capabilities: dict[str, tuple[str, ...]]) -> GroundingItem:
    name = record.text("image_path")
    where = picture(record, name, [folder / "images", folder])
    truth = _osworld_g_truth(record)
    if truth:
        check_on_picture(record, "box_coordinates", truth, where, whole=False)
    kinds = record.fields.get("GUI_types")
    types = tuple(map(str, kinds)) if isinstance(kinds, list) else ()
    if capabilities:
        types = capabilities.get(str(record.fields.get("id")), ())
    if truth is None and "refusal" not in types:
        types = ("refusal",) if capabilities else ("refusal", *types)
    return GroundingItem(name, where, record.text("instruction"), truth, types)


def _osworld_g_truth(record: Record) -> Area | None:
    kind = record.text("box_type")
    if kind == "refusal":
        return None
    if kind == "bbox":
        left, top, width, height = numbers = record.numbers("box_coordinates", 4)
        return box(record, "box_coordinates", (left, top, left + width, top + height), numbers)
    if kind == "polygon":
        return polygon(record, "box_coordinates", record.numbers("box_coordinates"))
    raise UsageError(f"{record.place}: box_type {kind!r} is none of bbox, polygon, refusal; mend it")


def _capabilities(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the capabilities of each id; empty when the file is missing."""
    if not path.is_file():
        return {}
    sorted_ids: dict[str, tuple[str, ...]] = {}
    classified: Any = json_object(path).get("classified")
    if not isinstance(classified, dict):
        raise UsageError(f"{path} has no object `classified`; mend it, or remove the file to count by GUI_types")
    for capability, entries in classified.items():
        for entry in entries if isinstance(entries, list) else ():
            known = str(entry.get("id") if isinstance(entry, dict) else entry)
            sorted_ids[known] = (*sorted_ids.get(known, ()), str(capability))
    return sorted_ids


class DatasetFormat(NamedTuple):
    """A format of data sets."""

    files: Callable[[Path], list[Path]]
    """Returns the files of this format at a path; empty for any other path."""
    read: Callable[[Path], Dataset]
    """Returns the data set at a path. Raises UsageError with the file and the wrong record."""


PUBLISHED_FORMATS: dict[str, DatasetFormat] = {
    "jsonl": DatasetFormat(jsonl_files, read_jsonl),
    "screenspot": DatasetFormat(
        partial(screenspot_files, version="screenspot"), partial(read_screenspot, version="screenspot")
    ),
    "screenspot-v2": DatasetFormat(
        partial(screenspot_files, version="screenspot-v2"), partial(read_screenspot, version="screenspot-v2")
    ),
    "screenspot-pro": DatasetFormat(screenspot_pro_files, read_screenspot_pro),
    "osworld-g": DatasetFormat(osworld_g_files, read_osworld_g),
}
