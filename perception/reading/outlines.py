"""Finds fields, checkboxes, switches and sliders by their outlines in a picture, with the text in them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from handeye.perception.phrases.phrase import readings
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from handeye.perception.observation import Observation
    from handeye.perception.phrases.matching import Want
    from handeye.tools.screenshot import Screenshot

#: Sizes of a field and of a checkbox, in pixels.
FIELD_HEIGHT, FIELD_WIDTH, SQUARE = (15, 300), (48, 1600), (9, 30)
#: Height of a switch, and its width as a multiple of the height.
PILL, LONG = (10, 40), (1.5, 2.4)
#: The largest difference of width and height of a checkbox; icons of papers and folders differ more.
ASKEW = 2
#: Height of a slider's knob, and the least length of its bar.
KNOB, BAR = (8, 32), 48
#: The share of a field's outline that must be an edge.
DRAWN = 0.8
_FIELDS = frozenset({"field", "search", "list", "checkbox", "box", "spin", "radio", "switch", "slider"})
_kept: OrderedDict[str, tuple[Element, ...]] = OrderedDict()


def readable(observation: Observation, phrase: str, want: Want = "any") -> tuple[Element, ...]:
    """Return what a phrase can mean on a picture without elements: text, and fields if a field is wanted."""
    asks = want in ("type", "tick", "choose") or any(query.role in _FIELDS for query in readings(phrase))
    return (
        (*observation.words, *outlined(observation.screenshot, observation.words))
        if asks and observation.reader
        else observation.words
    )


def outlined(screenshot: Screenshot, lines: Sequence[Element]) -> tuple[Element, ...]:
    """Return the fields, checkboxes, switches and sliders in a picture, in reading order; `lines` is its text.

    A rectangle with text in its middle counts as a button and is left out. All results are guesses.
    """
    if (known := _kept.get(screenshot.digest)) is not None:
        return known
    found: list[Element] = []
    rectangles, sliders = _shapes(screenshot)
    found += [_element("slider", box, "") for box in sliders if not any(_in_text(box, line.box) for line in lines)]
    for box in rectangles:
        inside = [line for line in lines if line.box.overlap(box) > 0.6 * line.box.area]
        text = " ".join(line.name for line in inside)
        if _square(box):
            if not inside and not any(_letter(box, line.box) for line in lines):
                found.append(_element("checkbox", box, ""))
        elif _pill(box):
            if not any(_in_text(box, line.box) for line in lines):
                found.append(_element("switch", box, ""))
        elif len(inside) <= 1 and not (inside and _centred(inside[0].box, box)):
            found.append(_element("textbox", box, text))
    switches = [element.box for element in found if element.role == "switch"]
    knobs = [each for each in found if _square(each.box) and any(_holds(switch, each.box) for switch in switches)]
    found = [element for element in found if element not in knobs]
    found.sort(key=lambda element: (element.box.top // 12, element.box.left))
    made = tuple(element.model_copy(update={"id": f"o{number}"}) for number, element in enumerate(found, start=1))
    _kept[screenshot.digest] = made
    while len(_kept) > 4:
        _kept.popitem(last=False)
    return made


def _element(role: str, box: Box, name: str) -> Element:
    return Element(id="o", box=box, role=role, name=name, source="ocr", confidence=0.7)


def _square(box: Box) -> bool:
    low, high = SQUARE
    return low <= box.width <= high and low <= box.height <= high and abs(box.width - box.height) <= ASKEW


def _in_text(box: Box, line: Box) -> bool:
    return box.overlap(line) > 0.5 * box.area


def _letter(box: Box, line: Box) -> bool:
    """Whether a square is inside a line of text; at the ends of a line it may be a checkbox."""
    amid = line.left + line.height < box.left and box.right < line.right - line.height
    return amid and _in_text(box, line)


def _pill(box: Box) -> bool:
    return PILL[0] <= box.height <= PILL[1] and LONG[0] <= box.width / box.height <= LONG[1]


def _centred(text: Box, box: Box) -> bool:
    """Whether there is text in the middle of a box, as on a button."""
    left, right = text.left - box.left, box.right - text.right
    return abs(left - right) <= max(6, 0.2 * (left + right)) and text.width > 0.2 * box.width


def _shapes(screenshot: Screenshot) -> tuple[list[Box], list[Box]]:
    """Return rectangles, and bars with a knob on them."""
    import cv2

    grey = np.asarray(screenshot.image.convert("L"))
    edges = cv2.Canny(grey, 12, 36)
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found: list[Box] = []
    sliders: list[Box] = []
    for contour in contours:
        left, top, width, height = (int(value) for value in cv2.boundingRect(contour))
        box = Box(left, top, left + width, top + height)
        is_field = (
            FIELD_HEIGHT[0] <= height <= FIELD_HEIGHT[1]
            and FIELD_WIDTH[0] <= width <= FIELD_WIDTH[1]
            and width > 1.3 * height
        )
        if (is_field or _square(box) or _pill(box)) and _outline(closed, box) >= DRAWN:
            found.append(box)
        elif _is_slider(closed, box) and not any(_same(box, other) for other in sliders):
            sliders.append(box)
    kept: list[Box] = []
    for box in sorted(found, key=lambda box: box.area):
        if not any(_same(box, other) for other in kept):
            kept.append(box)
    return [box for box in kept if not any(_frames(box, other) for other in kept)], sliders


def _is_slider(edges: npt.NDArray[Any], box: Box) -> bool:
    """Whether a bar runs through the middle, with a short knob above and below it."""
    if not (KNOB[0] <= box.height <= KNOB[1] and box.width >= max(BAR, 3 * box.height)):
        return False
    part = edges[box.top : box.bottom, box.left : box.right] > 0
    third = box.height // 3
    above, bar, below = (np.nonzero(rows.any(axis=0))[0] for rows in (part[:third], part[third:-third], part[-third:]))
    if not (above.size and below.size) or bar.size < 0.6 * box.width:
        return False
    return bool(np.ptp(above) <= 1.5 * box.height and np.ptp(below) <= 1.5 * box.height)


def _outline(edges: npt.NDArray[Any], box: Box) -> float:
    """Return the share of the four sides that is drawn, without the corners, which may be round."""
    round_off = max(2, min(box.width, box.height) // 5)
    across = slice(box.left + round_off, box.right - round_off)
    down = slice(box.top + round_off, box.bottom - round_off)
    sides = (
        edges[box.top : box.top + 3, across].any(axis=0),
        edges[box.bottom - 3 : box.bottom, across].any(axis=0),
        edges[down, box.left : box.left + 3].any(axis=1),
        edges[down, box.right - 3 : box.right].any(axis=1),
    )
    return min((float(side.mean()) for side in sides if side.size), default=0.0)


def _same(one: Box, two: Box) -> bool:
    return one.overlap(two) > 0.75 * max(one.area, two.area)


def _holds(outer: Box, inner: Box) -> bool:
    return outer.overlap(inner) > 0.9 * inner.area


def _frames(outer: Box, inner: Box) -> bool:
    """Whether a box only frames others: a form, a table cell around its field."""
    return outer != inner and outer.area > 1.3 * inner.area and outer.overlap(inner) > 0.95 * inner.area and (
        inner.width > SQUARE[1]
    )  # fmt: skip
