"""ScreenSpot (github.com/njucckevin/SeeClick) and ScreenSpot-v2 (OS-Copilot/ScreenSpot-v2), as they are published.

`screenspot_desktop.json`, `_mobile`, `_web` (`screenspot_desktop_v2.json` …) hold lists of records with `img_filename`,
`bbox` as [left, top, width, height] in pixels, `instruction`, `data_type` (text or icon) and `data_source`; the
pictures lie in `screenspot_imgs/` (`screenspotv2_image/`) beside them. The published tables part desktop, mobile and
web, and text and icon.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.scenarios.datasets.item import Dataset, GroundingItem
from handeye.scenarios.datasets.records import box, check_on_picture, json_list, picture

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = {
    "screenspot": ("screenspot_imgs", "images", "."),
    "screenspot-v2": ("screenspotv2_image", "images", "."),
}
NAMES = {
    "screenspot": re.compile(r"screenspot_(desktop|mobile|web)\.json"),
    "screenspot-v2": re.compile(r"screenspot_(desktop|mobile|web)_v2\.json"),
}


def files(path: Path, version: str) -> list[Path]:
    """The files of this benchmark at a path: itself, or those in the folder or one folder below."""
    found = [path] if path.is_file() else [*path.glob("*.json"), *path.glob("*/*.json")]
    return sorted(file for file in found if NAMES[version].fullmatch(file.name))


def read(path: Path, version: str) -> Dataset:
    """The items of a folder or of one of its files; raises UsageError naming file and record."""
    items = []
    for file in files(path, version) or ([path] if path.is_file() else []):
        named = NAMES[version].fullmatch(file.name)
        folders = [root / folder for root in (file.parent, file.parent.parent) for folder in FOLDERS[version]]
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
