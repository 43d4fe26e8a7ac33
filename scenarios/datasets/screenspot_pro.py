"""ScreenSpot-Pro (github.com/likaixin2000/ScreenSpot-Pro-GUI-Grounding), as its authors publish it.

`annotations/*.json` hold lists of records with `img_filename` (relative to `images/`), `bbox` as [left, top, right,
bottom] in pixels, `img_size`, `instruction`, `instruction_cn`, `id`, `application`, `platform`, `group` and `ui_type`
(text or icon). The published table parts groups, and text and icon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.scenarios.datasets.item import Dataset, GroundingItem
from handeye.scenarios.datasets.records import box, check_on_picture, json_list, picture

if TYPE_CHECKING:
    from pathlib import Path


def files(path: Path) -> list[Path]:
    """The files of annotations at a path: itself, or those in `annotations/`."""
    if path.is_file():
        return [path] if path.parent.name == "annotations" and path.suffix == ".json" else []
    folder = path if path.name == "annotations" else path / "annotations"
    return sorted(folder.glob("*.json"))


def read(path: Path) -> Dataset:
    """The items of a folder or of one of its files; raises UsageError naming file and record."""
    items = []
    for file in files(path) or ([path] if path.is_file() else []):
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
