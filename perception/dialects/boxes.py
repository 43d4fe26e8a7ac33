"""Places on a picture: InternVL's `<ref>…</ref><box>[[x1, y1, x2, y2]]</box>`, bare boxes, and points."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.picture import NUMBER, Picture
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.profiles import Profile
    from handeye.tools.geometry import Box

#: Places stand at the start of an answer (after its thoughts), or not at all.
MOST_CHARACTERS, MOST_THOUGHTS = 8000, 64_000
#: So many places of a shape are looked at: nobody asks for more things at once.
MOST_PLACES = 100

#: Not part of the answer: thinking, and the phrase, which may hold numbers itself.
ASIDE = re.compile(
    r"<think>.*?(?:</think>|$)|<ref>.*?(?:</ref>|$)|<\|object_ref_start\|>.*?(?:<\|object_ref_end\|>|$)", re.DOTALL
)
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


def parse_boxes(text: str, profile: Profile, size: tuple[int, int]) -> list[Box]:
    """The boxes in an answer, in pixels of the picture of that `size`, in the order written.

    Boxes that are off the picture are left out: `[[-1, -1, -1, -1]]` is how a model says that a thing is not there.
    """
    text = _plain(text)
    found = [(match.start(), match.groups()) for shape in (BOX, ROUND_BOX, CORNERS) for match in _first(shape, text)]
    boxes = []
    for _, numbers in sorted(found):
        try:
            boxes.append(profile.to_box([float(number) for number in numbers], size))
        except ActionRefused:
            continue
    return boxes


def parse_point(text: str, profile: Profile, size: tuple[int, int]) -> Point | None:
    """The place an answer means, in pixels of the picture: its first box's centre, or its first point.

    None when it holds neither on the picture.
    """
    if boxes := parse_boxes(text, profile, size):
        return boxes[0].centre
    text, picture = _plain(text), Picture(profile, size)
    found = [(match.start(), False, match.groups()) for shape in POINTS for match in _first(shape, text)]
    found += [(match.start(), True, match.groups()) for match in _first(NAMED, text)]
    for _, named, written in sorted(found):
        numbers = [float(number) for number in written]
        try:
            return Point(*(picture.named(*numbers) if named else picture.point(numbers)))
        except ActionRefused:
            continue
    return None


def read(text: str, picture: Picture) -> tuple[str, dict[str, Any]] | None:
    """For models that answer with a place and no action: a click on it. None without a place on the picture."""
    point = parse_point(text, picture.profile, picture.size)
    if point is None:
        return None
    across, down = picture.origin
    return "", {"kind": "click", "target": {"point": [point.x + across, point.y + down]}}


def _first(shape: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return islice(shape.finditer(text), MOST_PLACES)


def _plain(text: str) -> str:
    return ASIDE.sub(" ", text[:MOST_THOUGHTS])[:MOST_CHARACTERS]
