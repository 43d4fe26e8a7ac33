"""Converts the coordinates in an answer to pixels of the screenshot."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.internvl.profiles import ModelProfile

NUMBER = r"[-+]?[0-9]{1,7}(?:\.[0-9]{1,17})?"
#: Marks around coordinates: InternVL's, Doubao's, Qwen's and GLM's.
MARK = r"</?(?:b?box|point)>|<\|(?:box_start|box_end|begin_of_box|end_of_box)\|>"
#: A string that is nothing but coordinates, in any brackets: `[[1, 2, 3, 4]]`, `(3, 4)`, `<box>[[1,2,3,4]]</box>`.
ONLY_NUMBERS = re.compile(rf"(?:{MARK}|[\[\](),;\s]++|(?>{NUMBER})(?![\d.]))++")
BRACKET = re.compile(rf"[\[(,]|{MARK}")
REF = re.compile(r"<ref>([^<]*+)</ref>")


@dataclass(frozen=True)
class CoordinateFrame:
    """The image that an answer is about: its size, its position on the screenshot and the model's coordinate space."""

    profile: ModelProfile
    size: tuple[int, int]
    """Width and height."""
    origin: tuple[int, int] = (0, 0)
    """Position of its top left corner on the screenshot, in pixels."""
    tools: frozenset[str] = frozenset()
    """Names of the custom tools that were offered with it."""

    def pixel_point(self, values: Sequence[Any]) -> list[int]:
        """Return two numbers of the model as a pixel of the screenshot; raises ActionRefused outside the image."""
        point = self.profile.to_point([_number(value) for value in values], self.size)
        return [point.x + self.origin[0], point.y + self.origin[1]]

    def pixel_point_xy(self, x: Any, y: Any) -> list[int]:
        """As `pixel_point`, for two numbers whose order is known from their names."""
        return self.pixel_point([y, x] if self.profile.order == "yx" else [x, y])

    def pixel_box(self, values: Sequence[Any]) -> Box:
        """Return four numbers of the model as a box on the screenshot; raises as `pixel_point` does."""
        left, top, right, bottom = self.profile.to_box([_number(value) for value in values], self.size)
        dx, dy = self.origin
        return Box(left + dx, top + dy, right + dx, bottom + dy)

    def parse_place(self, value: Any) -> dict[str, Any]:
        """Return the target fields of a place: two or four numbers, or a text or an object of these.

        Raises ActionRefused for anything else, words included.
        """
        if isinstance(value, str):
            found = self._parse_text(value)
        elif isinstance(value, (list, tuple)):
            found = self._parse_numbers(value)
        else:
            found = self.parse_target(value)
        if not isinstance(found, dict) or "point" not in found:
            raise ActionRefused(f"{str(value)[:60]!r} is no place on the screen; give a point such as (x, y)")
        return found

    def parse_target(self, value: Any) -> Any:
        """Return the fields of a target that was written as words, as two or four numbers, or as an object of these."""
        if isinstance(value, str):
            return self._parse_text(value)
        if isinstance(value, (list, tuple)):
            return self._parse_numbers(value)
        if not isinstance(value, dict):
            raise ActionRefused(f"a target cannot be {str(value)[:60]}; give words for it, or a point [x, y]")
        fields = dict(value)
        made: dict[str, Any] = {}
        phrase = next(
            (fields[name] for name in ("phrase", "text", "label", "name", "description") if name in fields), ""
        )
        if phrase:
            made["phrase"] = str(phrase)
        place = next((fields[name] for name in PLACES if fields.get(name)), None)
        pair = place if isinstance(place, dict) else fields
        if "x" in pair and "y" in pair:
            made["point"] = self.pixel_point_xy(pair["x"], pair["y"])
        elif place is not None:
            found = self.parse_target(place)
            made |= found if isinstance(found, dict) else {}
        if isinstance(fields.get("element"), str):
            made["element"] = fields["element"]
        return made

    def _parse_text(self, text: str) -> Any:
        """Return the text as a phrase, or a place when it consists of coordinates."""
        # Models trained on Chinese text sometimes write full-width digits, brackets and commas.
        bare = unicodedata.normalize("NFKC", REF.sub("", text)).strip()
        numbers = re.findall(NUMBER, bare)
        if len(numbers) not in {2, 4} or not ONLY_NUMBERS.fullmatch(bare) or not BRACKET.search(bare):
            return REF.sub(r"\1", text)
        found = self._parse_numbers([float(number) for number in numbers])
        named = REF.search(text)
        return found | ({"phrase": named[1]} if named else {})

    def _parse_numbers(self, values: Sequence[Any]) -> dict[str, Any]:
        while len(values) == 1 and isinstance(values[0], (list, tuple)):
            values = values[0]
        if len(values) == 2 and all(isinstance(value, (list, tuple)) and len(value) == 2 for value in values):
            values = [*values[0], *values[1]]
        if len(values) == 2:
            return {"point": self.pixel_point(values)}
        if len(values) == 4:
            box = self.pixel_box(values)
            return {"point": list(box.centre), "box": list(box)}
        raise ActionRefused(f"a target has 2 or 4 numbers, not {len(values)}; give a point [x, y]")


#: Names under which models write the place of a target.
PLACES = ("point", "coordinate", "coordinates", "position", "box", "bbox", "bbox_2d", "point_2d", "box_2d")


def _number(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(NUMBER, value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ActionRefused(f"{str(value)[:60]!r} is not a coordinate; give a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ActionRefused(f"a coordinate of {number} is off the screen; give one on it")
    return number
