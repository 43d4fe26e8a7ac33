"""The picture an answer is about, and how the numbers in it become pixels of the screenshot."""

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
#: What stands around coordinates: InternVL's, Doubao's, Qwen's and GLM's marks.
MARK = r"</?(?:b?box|point)>|<\|(?:box_start|box_end|begin_of_box|end_of_box)\|>"
#: A string that is nothing but coordinates, in any brackets: `[[1, 2, 3, 4]]`, `(3, 4)`, `<box>[[1,2,3,4]]</box>`.
ONLY_NUMBERS = re.compile(rf"(?:{MARK}|[\[\](),;\s]++|(?>{NUMBER})(?![\d.]))++")
BRACKET = re.compile(rf"[\[(,]|{MARK}")
REF = re.compile(r"<ref>([^<]*+)</ref>")


@dataclass(frozen=True)
class Picture:
    """What the model was shown."""

    profile: ModelProfile
    size: tuple[int, int]
    """Width and height."""
    origin: tuple[int, int] = (0, 0)
    """Where its top left corner lies on the screenshot."""
    tools: frozenset[str] = frozenset()
    """Names of the custom tools that were offered with it."""

    def point(self, values: Sequence[Any]) -> list[int]:
        """Two numbers of the model as a pixel of the screenshot; ActionRefused when they are off the picture."""
        point = self.profile.to_point([_number(value) for value in values], self.size)
        return [point.x + self.origin[0], point.y + self.origin[1]]

    def named(self, x: Any, y: Any) -> list[int]:
        """As `point`, of two numbers that say themselves which is which."""
        return self.point([y, x] if self.profile.order == "yx" else [x, y])

    def box(self, values: Sequence[Any]) -> Box:
        """Four numbers of the model as a box on the screenshot, errors as in `point`."""
        left, top, right, bottom = self.profile.to_box([_number(value) for value in values], self.size)
        dx, dy = self.origin
        return Box(left + dx, top + dy, right + dx, bottom + dy)

    def spelt(self, value: Any) -> dict[str, Any]:
        """A place and nothing else, as the fields of a target: two or four numbers, or a text or an object of these."""
        if isinstance(value, str):
            found = self._spelt(value)
        elif isinstance(value, (list, tuple)):
            found = self._numbers(value)
        else:
            found = self.target(value)
        if not isinstance(found, dict) or "point" not in found:
            raise ActionRefused(f"{str(value)[:60]!r} is no place on the screen; give a point such as (x, y)")
        return found

    def target(self, value: Any) -> Any:
        """What a model wrote for a target, as the fields of one: words, two or four numbers, or an object of these."""
        if isinstance(value, str):
            return self._spelt(value)
        if isinstance(value, (list, tuple)):
            return self._numbers(value)
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
            made["point"] = self.named(pair["x"], pair["y"])
        elif place is not None:
            found = self.target(place)
            made |= found if isinstance(found, dict) else {}
        if isinstance(fields.get("element"), str):
            made["element"] = fields["element"]
        return made

    def _spelt(self, text: str) -> Any:
        """A target in words, unless the words are coordinates."""
        # Models trained on Chinese write full-width digits, brackets and commas now and then.
        bare = unicodedata.normalize("NFKC", REF.sub("", text)).strip()
        numbers = re.findall(NUMBER, bare)
        if len(numbers) not in {2, 4} or not ONLY_NUMBERS.fullmatch(bare) or not BRACKET.search(bare):
            return REF.sub(r"\1", text)
        found = self._numbers([float(number) for number in numbers])
        named = REF.search(text)
        return found | ({"phrase": named[1]} if named else {})

    def _numbers(self, values: Sequence[Any]) -> dict[str, Any]:
        while len(values) == 1 and isinstance(values[0], (list, tuple)):
            values = values[0]
        if len(values) == 2 and all(isinstance(value, (list, tuple)) and len(value) == 2 for value in values):
            values = [*values[0], *values[1]]
        if len(values) == 2:
            return {"point": self.point(values)}
        if len(values) == 4:
            box = self.box(values)
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
