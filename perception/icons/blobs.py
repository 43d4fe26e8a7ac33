"""Finds what may be an icon in a picture: small drawings that stand alone, whatever they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handeye.perception.phrases.spans import Line, Word
from handeye.perception.reading.groups import around
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handeye.tools.element import Element
    from handeye.tools.screenshot import Screenshot

#: Differences of neighbouring pixels (0 to 255) from which they are an edge.
EDGE = 18
#: Least and largest side of an icon, in pixels at scale 1.
SMALLEST, LARGEST = 7, 100
#: The largest ratio of the sides: a menu of three dots in a row is about 1:5.
LONGEST = 6.0
#: Parts of one icon are less than this far apart, in pixels at scale 1; each distance gives its own candidates.
GAPS = (1, 3, 5, 9)
#: No more candidates are returned; those that stand alone come first.
MOST = 500
#: Text of this many letters or more is no icon.
_LETTERS = 3


class _Found(NamedTuple):
    box: Box
    lonely: float
    """Share of the outline around the box that has no edge, 0 to 1."""


def candidates(screenshot: Screenshot, words: Sequence[Element] = ()) -> tuple[Box, ...]:
    """Return the boxes of what may be an icon, in pixels of the screenshot, in reading order; at most MOST.

    `words` is the text that OCR reads in it: words of several letters are left out; single signs remain, because OCR
    reads some icons as letters. Boxes may be nested: a button's frame and the drawing in it are two candidates.
    """
    import cv2

    scale = max(1.0, round(screenshot.scale))
    edges = _edges(np.asarray(screenshot.image.convert("RGB")))
    for box in _lettering(words):
        edges[max(0, box.top) : max(0, box.bottom), max(0, box.left) : max(0, box.right)] = 0
    sums = cv2.integral(edges)
    found: list[_Found] = []
    for gap in GAPS:
        found += _separate(edges, sums, round(gap * scale), scale)
    return tuple(sorted((each.box for each in _distinct(found)), key=lambda box: (box.top // 12, box.left)))


def _edges(pixels: Any) -> Any:
    """Return 1 where a pixel differs from the one right of it or below it, in any colour; shape (height, width)."""
    import cv2

    blocks = np.ones((2, 2), np.uint8)
    change = cv2.absdiff(cv2.dilate(pixels, blocks), cv2.erode(pixels, blocks))
    strongest = np.maximum(np.maximum(change[..., 0], change[..., 1]), change[..., 2])
    return (strongest > EDGE).astype(np.uint8)


def _lettering(lines: Iterable[Element]) -> list[Box]:
    """Return the boxes of text that is no icon: of each line, from its first word of several letters to its last.

    Short words at both ends of a line remain candidates: OCR reads an icon before or after a label as a letter.
    """
    found: list[Box] = []
    for line in lines:
        words = line.words if isinstance(line, Line) and line.words else (Word(line.name, line.box),)
        long = [word for word in words if sum(letter.isalnum() for letter in word.text) >= _LETTERS]
        if long:
            box = around(word.box for word in words[words.index(long[0]) : words.index(long[-1]) + 1])
            # The boxes of OCR cut off parts of the outermost letters.
            aside = max(2, box.height // 6)
            left = box.left - (aside if long[0] is words[0] else 0)
            found.append(Box(left, box.top - 2, box.right + (aside if long[-1] is words[-1] else 0), box.bottom + 2))
    return found


def _separate(edges: Any, sums: Any, gap: int, scale: float) -> list[_Found]:
    """Return the groups of edges that are more than a gap from all others and have the size of an icon."""
    import cv2

    # A kernel with an even side would move what it joins by one pixel.
    side = gap | 1
    joined = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)) if side > 1 else edges
    count, _, places, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    lefts, tops, widths, heights = (places[1:count, column] for column in range(4))
    long, short = np.maximum(widths, heights), np.minimum(widths, heights)
    fits = (
        (long >= SMALLEST * scale)
        & (long <= LARGEST * scale)
        & (short >= 2)
        & (long <= np.where(long <= 32 * scale, LONGEST, 2.2) * short)
    )
    height, width = edges.shape
    found = []
    for left, top, wide, high in zip(*(each[fits].tolist() for each in (lefts, tops, widths, heights)), strict=True):
        box = Box(left, top, left + wide, top + high)
        outer = Box(max(0, left - 2), max(0, top - 2), min(width, box.right + 2), min(height, box.bottom + 2))
        around = _sum(sums, outer) - _sum(sums, box)
        found.append(_Found(box, 1 - around / max(1, outer.area - box.area)))
    return found


def _sum(sums: Any, box: Box) -> int:
    left, top, right, bottom = box
    return int(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])


def _distinct(found: list[_Found]) -> list[_Found]:
    """Return the candidates that stand alone first, each box once, with a limit on their number."""
    chosen: list[_Found] = []
    cells: dict[tuple[int, int], list[Box]] = {}
    for each in sorted(found, key=lambda each: -each.lonely):
        box = each.box
        cell = (box.centre.x // 32, box.centre.y // 32)
        near = [other for x in (-1, 0, 1) for y in (-1, 0, 1) for other in cells.get((cell[0] + x, cell[1] + y), ())]
        if any(_same(box, other) for other in near):
            continue
        cells.setdefault(cell, []).append(box)
        chosen.append(each)
        if len(chosen) == MOST:
            break
    return chosen


def _same(one: Box, other: Box) -> bool:
    if all(abs(side - twin) <= 1 for side, twin in zip(one, other, strict=True)):
        return True
    shared = one.overlap(other)
    return shared > 0.8 * (one.area + other.area - shared)
