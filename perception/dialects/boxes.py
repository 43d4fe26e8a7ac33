"""Places on a picture: InternVL's `<ref>…</ref><box>[[x1, y1, x2, y2]]</box>`, bare boxes, and points."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.coordinates import NUMBER, Picture
from handeye.perception.dialects.reasoning import Separated, separated
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.tools.geometry import Box

#: Places stand at the start of an answer, or not at all.
MOST_CHARACTERS, MOST_LOOKED = 8000, 64_000
#: So many places of a shape are looked at: nobody asks for more things at once.
MOST_PLACES = 100

#: Not part of the place: the phrase, which may hold numbers itself.
ASIDE = re.compile(r"<ref>.*?(?:</ref>|$)|<\|object_ref_start\|>.*?(?:<\|object_ref_end\|>|$)", re.DOTALL)
#: Every part is possessive: what a try has read is not read again in another way, which keeps the search linear.
GAP = r"(?>\s*+,\s*+|\s++)"
_ONE = rf"((?>{NUMBER}))"
_PAIR = rf"{_ONE}{GAP}{_ONE}\s*+"
BOX = re.compile(rf"\[\s*+{_ONE}{GAP}{_ONE}{GAP}{_PAIR}\]")
ROUND_BOX = re.compile(rf"\(\s*+{_ONE}{GAP}{_ONE}{GAP}{_PAIR}\)")
CORNERS = re.compile(rf"\(\s*+{_PAIR}\)\s*+,?+\s*+\(\s*+{_PAIR}\)")
POINTS = (re.compile(rf"[\[(]\s*+{_PAIR}[\])]"), re.compile(rf"<point>\s*+{_PAIR}</point>"))
_QUOTE = "[\"']?+"
#: `x=0.5, y=0.4`, `"x": 0.5, "y": 0.4` and Molmo's `<point x="12.3" y="45.6">`: these say which number is which.
NAMED = re.compile(
    rf"(?<![\w.])x1?+{_QUOTE}\s*+[=:]\s*+{_QUOTE}{_ONE}{_QUOTE}(?>\s*+,\s*+|\s++)"
    rf"{_QUOTE}y1?+{_QUOTE}\s*+[=:]\s*+{_QUOTE}{_ONE}(?![\w.])"
)

#: Molmo 2's `<points coords="1 1 500 500">`: the picture's number and the point's, then across and down.
COORDS = re.compile(rf"<points?\s++coords=[\"']\s*+[0-9]{{1,4}}\s++[0-9]{{1,4}}\s++{_ONE}\s++{_ONE}(?=[\s;,\"'])")


def parse_boxes(text: str | Separated, profile: ModelProfile, size: tuple[int, int]) -> list[Box]:
    """The boxes in an answer, in pixels of the picture of that `size`, in the order written.

    Boxes that are off the picture are left out: `[[-1, -1, -1, -1]]` is how a model says that a thing is not there.
    """
    plain = _plain(text)
    found = [(match.start(), match.groups()) for shape in (BOX, ROUND_BOX, CORNERS) for match in _first(shape, plain)]
    boxes = []
    for _, numbers in sorted(found):
        try:
            boxes.append(profile.to_box([float(number) for number in numbers], size))
        except ActionRefused:
            continue
    return boxes


def parse_point(text: str | Separated, profile: ModelProfile, size: tuple[int, int]) -> Point | None:
    """The place an answer means, in pixels of the picture: its first box's centre, or its first point.

    None when it holds neither on the picture.
    """
    said = separated(text)
    if boxes := parse_boxes(said, profile, size):
        return boxes[0].centre
    plain, picture = _plain(said), Picture(profile, size)
    found = [(match.start(), False, match.groups()) for shape in POINTS for match in _first(shape, plain)]
    found += [(match.start(), True, match.groups()) for shape in (NAMED, COORDS) for match in _first(shape, plain)]
    for _, named, written in sorted(found):
        numbers = [float(number) for number in written]
        try:
            return Point(*(picture.named(*numbers) if named else picture.point(numbers)))
        except ActionRefused:
            continue
    return None


def read(text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    """For models that answer with a place and no action: a click on it. None without a place on the picture."""
    # What the readers of actions are given has no reasoning any more.
    point = parse_point(Separated(text), picture.profile, picture.size)
    if point is None:
        return None
    across, down = picture.origin
    return "", {"kind": "click", "target": {"point": [point.x + across, point.y + down]}}


def _first(shape: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return islice(shape.finditer(text), MOST_PLACES)


def _plain(text: str | Separated) -> str:
    """The answer without what is no place in it."""
    text = separated(text).answer[:MOST_LOOKED]
    return ASIDE.sub(" ", text)[:MOST_CHARACTERS]
