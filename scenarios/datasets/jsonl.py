"""handeye's own format: one JSON object a line.

    {"image": path relative to the file, "instruction": str, "bbox": [x1, y1, x2, y2], "type": str?, "source": str?}

`bbox` is in pixels of the picture; null where the thing is not on it, and saying so is the right answer. Further fields
with a text, such as `"theme": "dark"`, are counted by as well, where they have few values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handeye.scenarios.datasets.item import Dataset, GroundingItem
from handeye.scenarios.datasets.records import box, check_on_picture, json_lines, picture

if TYPE_CHECKING:
    from pathlib import Path

OWN = frozenset({"image", "instruction", "bbox", "type", "source"})
#: A field with more values than this, or with none that is said twice, names its record and parts nothing.
MOST_VALUES = 20


def files(path: Path) -> list[Path]:
    """The files of this format at a path: itself, or those directly in the folder."""
    if path.is_dir():
        return sorted(path.glob("*.jsonl"))
    return [path] if path.suffix == ".jsonl" else []


def read(path: Path) -> Dataset:
    """The items of a file, or of all files in a folder; raises UsageError naming file and line."""
    items = []
    for file in files(path) or ([path] if path.is_file() else []):
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
                key: said for key, said in record.fields.items() if key not in OWN and isinstance(said, str) and said
            }
            items.append(GroundingItem(name, where, instruction, truth, (kind,) if kind else (), source, fields=fields))
    return Dataset(path, "jsonl", tuple(_parted(items)))


def _parted(items: list[GroundingItem]) -> list[GroundingItem]:
    """The items with those of their fields that part them into some groups."""
    values: dict[str, list[str]] = {}
    for item in items:
        for key, value in item.fields.items():
            values.setdefault(key, []).append(value)
    kept = {key for key, said in values.items() if len(set(said)) <= min(MOST_VALUES, len(said) - 1)}
    return [replace(item, fields={key: item.fields[key] for key in item.fields if key in kept}) for item in items]
