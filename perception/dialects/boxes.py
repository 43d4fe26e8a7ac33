"""Places on an image: InternVL's `<ref>…</ref><box>[[x1, y1, x2, y2]]</box>`, bare boxes, and points.

InternVL writes integers from 0 to 1000, relative to the whole image, whatever the tiles.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.coordinates import NUMBER, CoordinateFrame
from handeye.perception.dialects.reasoning import Separated, separated
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.tools.geometry import Box

#: Only the beginning of an answer is searched for places, after phrases were removed from a longer part of it.
MOST_CHARACTERS, MOST_SEARCHED = 8000, 64_000
#: The most places that are parsed for each form of writing.
MOST_PLACES = 100

#: A phrase may contain numbers and is not part of the place.
PHRASE = re.compile(r"<ref>.*?(?:</ref>|$)|<\|object_ref_start\|>.*?(?:<\|object_ref_end\|>|$)", re.DOTALL)
#: All quantifiers are possessive, so that the search takes linear time.
GAP = r"(?>\s*+,\s*+|\s++)"
_ONE = rf"((?>{NUMBER}))"
_PAIR = rf"{_ONE}{GAP}{_ONE}\s*+"
BOX = re.compile(rf"\[\s*+{_ONE}{GAP}{_ONE}{GAP}{_PAIR}\]")
ROUND_BOX = re.compile(rf"\(\s*+{_ONE}{GAP}{_ONE}{GAP}{_PAIR}\)")
CORNERS = re.compile(rf"\(\s*+{_PAIR}\)\s*+,?+\s*+\(\s*+{_PAIR}\)")
POINTS = (re.compile(rf"[\[(]\s*+{_PAIR}[\])]"), re.compile(rf"<point>\s*+{_PAIR}</point>"))
_QUOTE = "[\"']?+"
#: `x=0.5, y=0.4`, `"x": 0.5, "y": 0.4` and Molmo's `<point x="12.3" y="45.6">`: names give the order of the numbers.
NAMED = re.compile(
    rf"(?<![\w.])x1?+{_QUOTE}\s*+[=:]\s*+{_QUOTE}{_ONE}{_QUOTE}(?>\s*+,\s*+|\s++)"
    rf"{_QUOTE}y1?+{_QUOTE}\s*+[=:]\s*+{_QUOTE}{_ONE}(?![\w.])"
)

#: Molmo 2's `<points coords="1 1 500 500">`: the picture's number and the point's, then across and down.
COORDS = re.compile(rf"<points?\s++coords=[\"']\s*+[0-9]{{1,4}}\s++[0-9]{{1,4}}\s++{_ONE}\s++{_ONE}(?=[\s;,\"'])")


def parse_boxes(text: str | Separated, profile: ModelProfile, size: tuple[int, int]) -> list[Box]:
    """Return the boxes in an answer, in pixels of an image of `size` (width, height), in the order written.

    Boxes outside the image are left out. `[[-1, -1, -1, -1]]` is how a model reports that something is not there.
    """
    plain = _without_phrases(text)
    found = [
        (match.start(), match.groups()) for shape in (BOX, ROUND_BOX, CORNERS) for match in _first_matches(shape, plain)
    ]
    boxes = []
    for _, numbers in sorted(found):
        try:
            boxes.append(profile.to_box([float(number) for number in numbers], size))
        except ActionRefused:
            continue
    return boxes


def parse_point(text: str | Separated, profile: ModelProfile, size: tuple[int, int]) -> Point | None:
    """Return the place an answer names, in pixels of the image: the centre of its first box, or its first point.

    Returns None when neither is on the image.
    """
    parts = separated(text)
    if boxes := parse_boxes(parts, profile, size):
        return boxes[0].centre
    plain, frame = _without_phrases(parts), CoordinateFrame(profile, size)
    found = [(match.start(), False, match.groups()) for shape in POINTS for match in _first_matches(shape, plain)]
    found += [
        (match.start(), True, match.groups()) for shape in (NAMED, COORDS) for match in _first_matches(shape, plain)
    ]
    for _, named, written in sorted(found):
        numbers = [float(number) for number in written]
        try:
            return Point(*(frame.pixel_point_xy(*numbers) if named else frame.pixel_point(numbers)))
        except ActionRefused:
            continue
    return None


def parse_click_at_point(text: str, frame: CoordinateFrame) -> tuple[str, dict[str, Any]] | None:
    """Return a click on the place of an answer without an action; None without a place on the image."""
    # The reasoning was already separated from the text of an action parser.
    point = parse_point(Separated(text), frame.profile, frame.size)
    if point is None:
        return None
    across, down = frame.origin
    return "", {"kind": "click", "target": {"point": [point.x + across, point.y + down]}}


def _first_matches(shape: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return islice(shape.finditer(text), MOST_PLACES)


def _without_phrases(text: str | Separated) -> str:
    """Return the beginning of the answer without the phrases in it."""
    text = separated(text).answer[:MOST_SEARCHED]
    return PHRASE.sub(" ", text)[:MOST_CHARACTERS]
