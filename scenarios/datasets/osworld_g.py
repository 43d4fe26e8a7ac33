"""OSWorld-G (github.com/xlang-ai/OSWorld-G, folder `benchmark`), as its authors publish it.

`OSWorld-G.json` and `OSWorld-G_refined.json` (the same questions, spelled out) hold lists of records with `id`,
`image_path` (relative to `images/`), `image_size`, `instruction`, `box_type`, `box_coordinates` and `GUI_types`. A
`bbox` is [left, top, width, height] in pixels, a `polygon` the x and y of its corners in turn; of a `refusal` the thing
is not on the picture. `classification_result.json` beside them sorts the ids into the capabilities of the published
table; where it is missing, questions are counted under their `GUI_types`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handeye.scenarios.datasets.item import Area, Dataset, GroundingItem
from handeye.scenarios.datasets.records import (
    Record,
    box,
    check_on_picture,
    json_list,
    json_object,
    picture,
    polygon,
)
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("OSWorld-G.json", "OSWorld-G_refined.json")
CAPABILITIES = "classification_result.json"


def files(path: Path) -> list[Path]:
    """The file of this benchmark at a path: itself, or in the folder or its `benchmark`, the short questions first."""
    if path.is_file():
        return [path] if path.name in NAMES else []
    places = [folder / name for name in NAMES for folder in (path, path / "benchmark")]
    return [place for place in places if place.is_file()]


def read(path: Path) -> Dataset:
    """The items of one of the two files; in a folder with both, of `OSWorld-G.json`.

    Raises UsageError naming file and record.
    """
    found = files(path) or ([path] if path.is_file() else [])
    if not found:
        return Dataset(path, "osworld-g", ())
    file, *others = found
    capabilities = _capabilities(file.parent / CAPABILITIES)
    items = [_item(record, file.parent, capabilities) for record in json_list(file)]
    notes = [f"{other} was left out; name it to ask its questions instead" for other in others]
    return Dataset(file, "osworld-g", tuple(items), tuple(notes))


def _item(record: Record, folder: Path, capabilities: dict[str, tuple[str, ...]]) -> GroundingItem:
    name = record.text("image_path")
    where = picture(record, name, [folder / "images", folder])
    truth = _truth(record)
    if truth:
        check_on_picture(record, "box_coordinates", truth, where, whole=False)
    kinds = record.fields.get("GUI_types")
    types = tuple(map(str, kinds)) if isinstance(kinds, list) else ()
    if capabilities:
        types = capabilities.get(str(record.fields.get("id")), ())
    if truth is None and "refusal" not in types:
        types = ("refusal",) if capabilities else ("refusal", *types)
    return GroundingItem(name, where, record.text("instruction"), truth, types)


def _truth(record: Record) -> Area | None:
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
    """The capabilities each id is sorted into; empty where the file is missing."""
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
