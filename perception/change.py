"""Compares two pictures: the regions that changed, and whether they show the same screen. NumPy only, a few ms."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from handeye.tools.screenshot import Screenshot

#: Side of a cell, in pixels: changes are reported cell by cell.
CELL = 8
#: A pixel differs if one of its colour channels differs by more than this.
LEVEL = 10
#: The widest focus ring around a control, in pixels.
EDGE = 5
#: Cells that changed at most this far apart are one region.
_JOIN = 3
#: The largest caret, and the largest clock, in pixels.
_CARET, _CLOCK = Box(0, 0, 3, 60), Box(0, 0, 90, 28)
_recent: deque[tuple[str, Screenshot]] = deque(maxlen=4)


@dataclass(frozen=True)
class Change:
    """The difference between two pictures."""

    fraction: float
    """The share of the pixels that changed, 0 to 1."""
    boxes: tuple[Box, ...] = ()
    """Regions that changed, in pixels, the largest first."""

    @property
    def box(self) -> Box | None:
        """The smallest box around everything that changed."""
        if not self.boxes:
            return None
        lefts, tops, rights, bottoms = zip(*self.boxes, strict=True)
        return Box(min(lefts), min(tops), max(rights), max(bottoms))

    @property
    def blink(self) -> bool:
        """Whether nothing changed, or only a blinking cursor."""
        if not self.boxes:
            return True
        only = self.boxes[0]
        return len(self.boxes) == 1 and only.width <= _CARET.width and 8 <= only.height <= _CARET.height


def difference(before: Screenshot, after: Screenshot, ignoring: Iterable[Box] = ()) -> Change:
    """Return where two pictures differ outside the boxes `ignoring`; pictures of different sizes differ everywhere."""
    if before is after or before.image is after.image:
        return Change(0.0)
    if before.image.size != after.image.size:
        return Change(1.0, (Box(0, 0, after.width, after.height),))
    one, two = np.asarray(before.image), np.asarray(after.image)
    flat, other = one.reshape(len(one), -1), two.reshape(len(two), -1)
    if flat.shape[1] % 8 == 0:
        # Eight bytes at a time, to find the rows that differ.
        flat, other = flat.view(np.uint64), other.view(np.uint64)
    rows = np.flatnonzero((flat != other).any(axis=1))
    if not len(rows):
        return Change(0.0)
    # Most steps change few rows: only those are compared pixel by pixel.
    start, end = int(rows[0]) // CELL * CELL, int(rows[-1]) + 1
    one, two = one[start:end], two[start:end]
    # Unsigned numbers wrap around: subtract the smaller from the larger.
    apart = (np.maximum(one, two) - np.minimum(one, two)) > LEVEL
    changed: npt.NDArray[np.bool_] = apart[..., 0] | apart[..., 1] | apart[..., 2]
    for box in ignoring:
        top, bottom = max(0, box.top - start), max(0, box.bottom - start)
        changed[top:bottom, max(0, box.left) : max(0, box.right)] = False
    count = int(np.count_nonzero(changed))
    if not count:
        return Change(0.0)
    boxes = [Box(box.left, box.top + start, box.right, box.bottom + start) for box in _regions(changed)]
    return Change(count / (after.width * after.height), tuple(boxes))


def covered(box: Box, others: Iterable[Box]) -> bool:
    """Whether every pixel of a box lies in one of the others."""
    seen = np.zeros((box.height, box.width), dtype=bool)
    for other in others:
        if other.overlap(box):
            top, left = max(0, other.top - box.top), max(0, other.left - box.left)
            seen[top : other.bottom - box.top, left : other.right - box.left] = True
    return bool(seen.all())


def is_frame(before: Screenshot, after: Screenshot, box: Box) -> bool:
    """Whether two pictures differ in a box only along its edges, as when a focus ring appears."""
    if before.image.size != after.image.size or min(box.width, box.height) < 4 * EDGE:
        return False
    one, two = (np.asarray(each.image)[box.top : box.bottom, box.left : box.right] for each in (before, after))
    inner = (slice(EDGE, -EDGE), slice(EDGE, -EDGE))
    changed = (np.maximum(one, two) - np.minimum(one, two) > LEVEL).any(axis=2)
    edges = changed.sum() - changed[inner].sum()
    # The caret that appears with the focus may be inside.
    columns = np.flatnonzero(changed[inner].any(axis=0))
    caret = not len(columns) or columns[-1] - columns[0] < _CARET.width
    return bool(caret and edges >= box.width + box.height)


def fingerprint(screenshot: Screenshot, ignoring: Iterable[Box] = ()) -> str:
    """Return equal strings for pictures of the same screen, even if a cursor blinks or a clock advances in it.

    A picture that differs from one of the last few by no more than that, and by what changes in the boxes `ignoring`,
    gets the fingerprint of that one.
    """
    animated_regions = tuple(ignoring)
    for name, known in _recent:
        change = difference(known, screenshot, animated_regions)
        if change.blink or (change.box and change.box.width <= _CLOCK.width and change.box.height <= _CLOCK.height):
            return name
    name = screenshot.digest[:16]
    _recent.appendleft((name, screenshot))
    return name


def _regions(changed: npt.NDArray[np.bool_]) -> tuple[Box, ...]:
    height, width = changed.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    padded = np.zeros((rows * CELL, columns * CELL), dtype=bool)
    padded[:height, :width] = changed
    cells: npt.NDArray[np.bool_] = np.any(padded.reshape(rows, CELL, columns, CELL), axis=(1, 3))
    boxes: list[Box] = []
    for top, bottom in _runs(np.any(cells, axis=1)):
        for left, right in _runs(np.any(cells[top:bottom], axis=0)):
            inner = cells[top:bottom, left:right]
            for start, end in _runs(np.any(inner, axis=1)):
                pixels = padded[(top + start) * CELL : (top + end) * CELL, left * CELL : right * CELL]
                ys, xs = np.nonzero(np.any(pixels, axis=1))[0], np.nonzero(np.any(pixels, axis=0))[0]
                x, y = left * CELL, (top + start) * CELL
                boxes.append(Box(x + int(xs[0]), y + int(ys[0]), x + int(xs[-1]) + 1, y + int(ys[-1]) + 1))
    return tuple(sorted(boxes, key=lambda box: -box.area))


def _runs(line: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of set cells in a row; gaps of up to _JOIN cells are closed."""
    places = np.nonzero(line)[0]
    if not len(places):
        return []
    breaks = np.nonzero(np.diff(places) > _JOIN)[0]
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(places) - 1]])
    return [(int(places[start]), int(places[end]) + 1) for start, end in zip(starts, ends, strict=True)]
