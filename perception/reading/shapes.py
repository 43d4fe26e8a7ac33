"""Finds the shapes of controls in the pixels of a picture: boxes, small squares, discs, pills and bars with a knob.

Two kinds of evidence: outlines (contours of edges), and plain areas (connected pixels of one colour), which find
fields without a border and fields that touch another control.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]

#: Least and largest height and width of a field, for text of the usual size (scale 1), in pixels.
FIELD_HEIGHT, FIELD_WIDTH = (15, 300), (40, 1800)
#: Sides of a checkbox or radio, and how much they may differ; icons of papers and folders differ more.
SQUARE, ASKEW = (9, 28), 2
#: Height of a switch, and its width as a multiple of the height.
PILL, LONG = (10, 34), (1.4, 2.6)
#: Height of a slider's knob, the thickness of its bar as a part of it, and the least length of the bar.
KNOB, THIN, BAR = (8, 32), 0.7, 48
#: The share of each side of an outline that must be an edge, and of a plain area that must be of its colour.
DRAWN, PLAIN = 0.8, 0.5
#: The part of its box that the outline of a square fills at least, and that of a disc between these.
FULL, ROUND = 0.9, (0.66, 0.92)
#: The least part of its box that a pill fills; a lens, such as an eye, fills less.
STADIUM = 0.72
#: The largest deviation of grey values along a circle or frame within a control.
EVEN = 18


class Shapes(NamedTuple):
    """The shapes in a picture, as boxes in its pixels."""

    boxes: list[Box]
    squares: list[Box]
    discs: list[Box]
    pills: list[Box]
    sliders: list[Box]


def find_shapes(grey: Grey, scale: float = 1.0) -> Shapes:
    """Return the shapes in a grey picture; `scale` is the size of its text relative to the usual one."""
    import cv2

    edges = cv2.Canny(grey, 12, 36)
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    made = Shapes([], [], [], [], [])
    for contour in contours:
        left, top, width, height = (int(value) for value in cv2.boundingRect(contour))
        if height > FIELD_HEIGHT[1] * scale or width > FIELD_WIDTH[1] * scale or min(width, height) < SQUARE[0]:
            continue
        box = Box(left, top, left + width, top + height)
        if _is_small(box, scale):
            fill = float(cv2.contourArea(contour)) / ((width - 1) * (height - 1))
            if ROUND[0] <= fill <= ROUND[1] and _is_closed_ring(edges, box):
                made.discs.append(box)
            elif fill >= FULL and _outline(closed, box) >= DRAWN and _is_plain_inside(grey, box):
                made.squares.append(box)
        elif _is_pill(box, scale) and cv2.contourArea(contour) >= STADIUM * width * height and _has_knob(grey, box):
            made.pills.append(box)
        elif _is_field(box, scale) and _outline(closed, box) >= DRAWN:
            made.boxes.append(box)
        elif _is_slider(closed, box, scale):
            made.sliders.append(box)
    made.boxes.extend(_plain_areas(grey, scale))
    discs = [box for box in made.discs if _is_radio(grey, box)]
    knobs = [box for box in (*made.discs, *made.squares) if KNOB[0] * scale <= box.height <= KNOB[1] * scale]
    made.sliders.extend(bar for knob in knobs if (bar := _bar_of(grey, knob, scale)) is not None)
    sliders = _distinct(made.sliders, smallest_first=False)
    free = [
        _distinct((box for box in found if not any(_inside(box, bar) for bar in sliders)), smallest_first=False)
        for found in (made.squares, discs)
    ]
    pills = _distinct(made.pills, smallest_first=False)
    small = [[box for box in found if not any(_inside(box, pill) for pill in pills)] for found in free]
    return Shapes(_fields_of(made.boxes), small[0], small[1], pills, sliders)


def _is_small(box: Box, scale: float) -> bool:
    low, high = SQUARE[0], SQUARE[1] * scale
    sides = low <= box.width <= high and low <= box.height <= high
    return sides and abs(box.width - box.height) <= ASKEW * scale


def _is_pill(box: Box, scale: float) -> bool:
    return PILL[0] <= box.height <= PILL[1] * scale and LONG[0] <= box.width / box.height <= LONG[1]


def _is_field(box: Box, scale: float) -> bool:
    high = FIELD_HEIGHT[0] <= box.height <= FIELD_HEIGHT[1] * scale
    return high and FIELD_WIDTH[0] <= box.width <= FIELD_WIDTH[1] * scale and box.width > 1.3 * box.height


def _outline(edges: npt.NDArray[Any], box: Box) -> float:
    """Return the share of the least drawn side, without the corners, which may be round."""
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


def _is_closed_ring(edges: npt.NDArray[Any], box: Box) -> bool:
    """Whether edges follow the circle of a box: at most two of 24 directions are without one."""
    angles = np.arange(24) * (2 * np.pi / 24)
    radius, x, y = (box.width - 1) / 2, box.left + (box.width - 1) / 2, box.top + (box.height - 1) / 2
    hits = np.zeros(24, bool)
    for off in (-1.5, -0.75, 0.0, 0.75):
        columns = np.clip(np.rint(x + (radius + off) * np.cos(angles)).astype(int), 0, edges.shape[1] - 1)
        rows = np.clip(np.rint(y + (radius + off) * np.sin(angles)).astype(int), 0, edges.shape[0] - 1)
        hits |= edges[rows, columns] > 0
    return int(hits.sum()) >= 22


def _is_radio(grey: Grey, box: Box) -> bool:
    """Whether a disc is plain but for a dot in its middle: the grey values on two circles within it are even."""
    angles = np.arange(16) * (2 * np.pi / 16)
    radius, x, y = (box.width - 1) / 2, box.left + (box.width - 1) / 2, box.top + (box.height - 1) / 2
    for part in (0.25, 0.66):
        rows, columns = y + part * radius * np.sin(angles), x + part * radius * np.cos(angles)
        values = grey[np.rint(rows).astype(int), np.rint(columns).astype(int)]
        if float(np.abs(values.astype(int) - np.median(values)).mean()) > EVEN:
            return False
    return True


def _is_plain_inside(grey: Grey, box: Box) -> bool:
    """Whether a square has an even frame within its outline, as checkboxes have, ticked or not, and icons have not."""
    off = max(3, round(0.2 * box.width))
    part = grey[box.top + off : box.bottom - off, box.left + off : box.right - off].astype(int)
    if part.size < 9:
        return True
    frame = np.concatenate((part[0], part[-1], part[:, 0], part[:, -1]))
    return float((np.abs(frame - np.median(frame)) <= 24).mean()) >= 0.7


def field_sign(grey: Grey, box: Box, text_end: int) -> str:
    """Return what the sign at the right end of a field means: `combobox`, `spinbutton` or nothing.

    A list has one sign that is wider than high (an arrow downwards), a spin box two signs one above the other. The sign
    is right of `text_end`, a column of the picture.
    """
    import cv2

    left = max(text_end + 2, box.right - round(1.3 * box.height), box.left + box.width // 2)
    part = grey[box.top + 3 : box.bottom - 3, left : box.right - 4]
    if min(part.shape) < 6:
        return ""
    drawn = (np.abs(part.astype(int) - np.median(part)) > 40).astype(np.uint8)
    joined = cv2.dilate(drawn, np.ones((2, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    signs = [tuple(sign[:4]) for sign in stats[1:].tolist() if sign[4] >= 6]
    if len(signs) == 1:
        width, height = signs[0][2:]
        return "combobox" if 1.2 * height <= width <= 0.7 * box.height and height >= 3 else ""
    if len(signs) == 2:
        (one, upper, wide, high), (two, lower, other_wide, other_high) = sorted(signs, key=lambda sign: sign[1])
        alike = abs(wide - other_wide) <= 3 and abs(high - other_high) <= 3 and abs(one - two) <= 3
        return "spinbutton" if alike and upper + high <= lower + 2 and wide <= 0.6 * box.height else ""
    return ""


def _has_knob(grey: Grey, box: Box) -> bool:
    """Whether the middle row of a pill has a knob at one end: two plain parts, one about as long as the box is high.

    A filled pill without a knob counts too: the knob may have the colour of the track.
    """
    row = grey[(box.top + box.bottom) // 2, box.left + 2 : box.right - 2].astype(int)
    if row.size < 8:
        return False
    steps = np.flatnonzero(np.abs(np.diff(row)) >= 12)
    inner = steps[(steps > 2) & (steps < row.size - 4)]
    if not inner.size:
        outside = int(grey[(box.top + box.bottom) // 2, max(0, box.left - 3)])
        return abs(float(np.median(row)) - outside) > 30
    if int(np.ptp(inner)) > 1.2 * box.height:
        return False
    middle = float(inner.mean())
    ends = (middle, row.size - middle)
    return 0.25 * row.size <= min(ends) and float(np.std(row[3 : max(5, int(inner[0]) - 1)])) < 25


def _is_slider(edges: npt.NDArray[Any], box: Box, scale: float) -> bool:
    """Whether a bar runs through the middle, with a short knob above and below it."""
    if not (KNOB[0] <= box.height <= KNOB[1] * scale and box.width >= max(BAR * scale, 3 * box.height)):
        return False
    part = edges[box.top : box.bottom, box.left : box.right] > 0
    third = box.height // 3
    above, bar, below = (np.nonzero(rows.any(axis=0))[0] for rows in (part[:third], part[third:-third], part[-third:]))
    if not (above.size and below.size) or bar.size < 0.6 * box.width:
        return False
    return bool(np.ptp(above) <= 1.5 * box.height and np.ptp(below) <= 1.5 * box.height)


def _bar_of(grey: Grey, knob: Box, scale: float) -> Box | None:
    """Return the slider of a knob: a thin bar that goes on from its left or right, at the height of its middle."""
    middle = (knob.top + knob.bottom) // 2
    reach = max(3, round(THIN * knob.height / 2))
    if middle - reach - 2 < 0 or middle + reach + 2 >= grey.shape[0]:
        return None
    row = grey[middle].astype(int)
    other = [grey[middle + off].astype(int) for off in (-reach - 2, reach + 2)]
    drawn = np.minimum(*(np.abs(row - each) for each in other)) >= 6
    left, right = knob.left, knob.right
    gap = max(3, knob.width // 3)
    while left > gap and drawn[left - gap : left].any():
        left -= 1
    while right < len(row) - gap and drawn[right : right + gap].any():
        right += 1
    longest = FIELD_WIDTH[1] * scale
    return (
        Box(left, knob.top, right, knob.bottom)
        if max(BAR * scale, 3 * knob.height) <= right - left <= longest
        else None
    )


def _plain_areas(grey: Grey, scale: float) -> list[Box]:
    """Return the boxes of plain areas of the size of a field; text in them may interrupt them."""
    import cv2

    same = np.zeros(grey.shape, np.uint8)
    same[1:, 1:] = (grey[1:, 1:] == grey[:-1, 1:]) & (grey[1:, 1:] == grey[1:, :-1])
    _, _, stats, _ = cv2.connectedComponentsWithStats(same, connectivity=4)
    found = []
    for left, top, width, height, area in stats[1:][stats[1:, 4] >= 200].tolist():
        box = Box(left - 1, top - 1, left + width, top + height)
        if _is_field(box, scale) and area >= PLAIN * width * height and _has_plain_rim(same, box):
            found.append(box)
    return found


def _has_plain_rim(same: npt.NDArray[np.uint8], box: Box) -> bool:
    """Whether the area fills its box up to the sides: text is not at the rim of a field."""
    round_off = max(2, box.height // 4)
    rows = (box.top + 2, box.bottom - 2)
    return all(float(same[row, box.left + round_off : box.right - round_off].mean()) >= DRAWN for row in rows)


def _fields_of(boxes: Iterable[Box]) -> list[Box]:
    remaining = _distinct(boxes, smallest_first=True)
    return [box for box in remaining if not any(_frames(box, other) for other in remaining)]


def _distinct(boxes: Iterable[Box], *, smallest_first: bool) -> list[Box]:
    """Return one of several boxes that are about the same: the inner and the outer side of an outline."""
    ordered = sorted(boxes, key=lambda box: box.area, reverse=not smallest_first)
    if not ordered:
        return []
    sides = np.array(ordered)
    areas = (sides[:, 2] - sides[:, 0]) * (sides[:, 3] - sides[:, 1])
    remaining: list[int] = []
    for number, box in enumerate(ordered):
        known = sides[remaining]
        shared = np.clip(np.minimum(known[:, 2:], box[2:]) - np.maximum(known[:, :2], box[:2]), 0, None).prod(axis=1)
        near = (box.height <= 40) & (np.abs(known - np.array(box)) <= 4).all(axis=1)
        if not (near | (shared > 0.75 * np.maximum(areas[remaining], box.area))).any():
            remaining.append(number)
    return [ordered[number] for number in remaining]


def _inside(inner: Box, outer: Box) -> bool:
    return outer.overlap(inner) > 0.8 * inner.area


def _frames(outer: Box, inner: Box) -> bool:
    """Whether a box only frames others: a form, a table cell around its field."""
    if outer == inner or outer.overlap(inner) <= 0.95 * inner.area:
        return False
    # A button at the end of a field is as high as the field.
    return outer.height > 1.4 * inner.height or 0.6 * outer.width < inner.width < 0.9 * outer.width
