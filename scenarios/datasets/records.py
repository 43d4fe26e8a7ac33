"""Reads JSON records of a data set, and reports mistakes with file and line."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from handeye.scenarios.datasets.item import Area
from handeye.tools.errors import UsageError
from handeye.tools.files import json_lines as lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Record:
    """A JSON object of a file."""

    place: str
    """File and line, or file and number, for messages."""
    fields: dict[str, Any]

    def text(self, *names: str) -> str:
        """Return the first of these fields that exists. Raises UsageError when none does, or for a value that is blank
        or no text.
        """
        for name in names:
            if name in self.fields:
                value = self.fields[name]
                if isinstance(value, str) and value.strip():
                    return value
                raise UsageError(f"{self.place}: {name} is {_quoted(value)}; give a text")
        raise UsageError(f"{self.place}: there is no {names[0]} among {', '.join(self.fields) or 'nothing'}; add it")

    def optional(self, name: str) -> str:
        """Return a text field that may be missing. Raises UsageError for another value."""
        value = self.fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise UsageError(f"{self.place}: {name} is {_quoted(value)}; give a text or leave it out")
        return value

    def numbers(self, name: str, count: int | None = None) -> tuple[float, ...]:
        """Return a list of finite numbers, `count` of them. Raises UsageError for anything else."""
        value = self.fields.get(name)
        if name not in self.fields:
            raise UsageError(f"{self.place}: there is no {name} among {', '.join(self.fields) or 'nothing'}; add it")
        good = isinstance(value, list) and all(
            isinstance(one, (int, float)) and not isinstance(one, bool) and math.isfinite(one) for one in value
        )
        if not good or (count is not None and len(value) != count):  # type: ignore[arg-type]
            wanted = f"{count} numbers" if count else "a list of numbers"
            raise UsageError(f"{self.place}: {name} is {_quoted(value)}; give {wanted}")
        return tuple(float(one) for one in value)  # type: ignore[union-attr]


def json_lines(path: Path) -> Iterator[Record]:
    """Yield the objects of a file with one JSON object per line; blank lines are skipped."""
    for number, line in enumerate(lines_of(_text(path)), 1):
        if line.strip():
            yield _record(f"{path}, line {number}", _json(line, f"{path}, line {number}"))


def json_list(path: Path) -> Iterator[Record]:
    """Yield the objects of a file that contains one JSON list."""
    value = _json(_text(path), str(path))
    if not isinstance(value, list):
        raise UsageError(f"{path} holds {_quoted(value)}; a list of records is expected")
    for number, one in enumerate(value, 1):
        yield _record(f"{path}, record {number}", one)


def json_objects(path: Path) -> Iterator[Record]:
    """Yield the objects of a file that contains one object, or a list of them."""
    value = _json(_text(path), str(path))
    if not isinstance(value, list):
        yield _record(str(path), value)
        return
    for number, one in enumerate(value, 1):
        yield _record(f"{path}, record {number}", one)


def json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file."""
    return _record(str(path), _json(_text(path), str(path))).fields


def box(record: Record, name: str, numbers: Sequence[float], original: Sequence[float]) -> Area:
    """Return a box from left, top, right, bottom in pixels. Raises UsageError when it has no width or height."""
    left, top, right, bottom = numbers
    if right <= left or bottom <= top:
        raise UsageError(
            f"{record.place}: {name} {_list(original)} has no width or no height; mend or remove the record"
        )
    return Area("box", tuple(numbers))


def polygon(record: Record, name: str, numbers: Sequence[float]) -> Area:
    """Return a polygon from x and y of each corner in pixels. Raises UsageError when it has no area."""
    if len(numbers) < 6 or len(numbers) % 2:
        raise UsageError(
            f"{record.place}: {name} has {len(numbers)} numbers; a polygon has x and y of 3 corners or more"
        )
    area = Area("polygon", tuple(numbers))
    left, top, right, bottom = area.bounds
    if left == right or top == bottom:
        raise UsageError(f"{record.place}: {name} {_list(numbers)} encloses nothing; mend or remove the record")
    return area


def picture(record: Record, name: str, folders: Sequence[Path]) -> Path:
    """Return the path of an image, in the first folder that contains it. Raises UsageError when none does."""
    for folder in folders:
        if (path := folder / name).is_file():
            return path
    where = " or ".join(str(folder) for folder in folders)
    raise UsageError(f"{record.place}: there is no picture {name} in {where}; put it there, or remove the record")


def check_on_picture(record: Record, name: str, area: Area, path: Path, *, whole: bool) -> None:
    """Raise UsageError when an area is outside its image; with `whole`, also when a part of it is.

    An image whose size cannot be read passes: the error is reported when its question is measured.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return
    left, top, right, bottom = area.bounds
    if max(map(abs, area.bounds)) <= 1 and min(width, height) > 1:
        raise UsageError(
            f"{record.place}: {name} {_list(area.numbers)} seems to be given as shares of the picture; "
            f"give pixels of {path.name} ({width}x{height})"
        )
    off = right <= 0 or bottom <= 0 or left >= width or top >= height
    out = left < 0 or top < 0 or right > width or bottom > height
    if off or (whole and out):
        raise UsageError(
            f"{record.place}: {name} {_list(area.numbers)} lies outside of {path.name} ({width}x{height}); "
            "give pixels of the picture"
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}; give a data set's file or folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); give a UTF-8 text file you may read") from error


def _json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = place if ", line " in place else f"{place}, line {error.lineno}"
        raise UsageError(f"{where}, column {error.colno} is not valid JSON ({error.msg}); mend it") from error
    except RecursionError as error:
        raise UsageError(f"{place} is nested too deeply to be read; mend it") from error


def _record(place: str, value: Any) -> Record:
    if not isinstance(value, dict):
        raise UsageError(f"{place} holds {_quoted(value)}; an object with fields is expected")
    return Record(place, value)


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


def _list(numbers: Sequence[float]) -> str:
    return "[" + ", ".join(f"{number:g}" for number in numbers) + "]"
