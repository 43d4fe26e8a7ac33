"""Whether a part of a screen shows something else than before, or the same in other colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt
    from PIL.Image import Image

    from handeye.tools.geometry import Box

#: A pixel differs when one of its colours does by more than this.
LEVEL = 10
#: A pixel is not explained by new colours when it is off by more than this; so many of them are other content.
OFF, CONTENT = 48, 6
#: The widest caret, in pixels, and the least and greatest height.
CARET = (3, 8, 60)
#: How far around a point a press is compared: a button, with some room for the row that it stands in.
AROUND = (180, 60)
#: The same for a press that can be undone: about the button.
NEAR = (60, 20)


def redrawn(before: Image, after: Image, ignoring: Iterable[Box] = ()) -> bool:
    """Whether two pictures (RGB) of one part of a screen show different things; `ignoring` boxes are in their pixels.

    Other colours are no difference, where each old colour became one new colour and the reverse: so a style looks that
    follows the mouse or the focus. Neither is a caret.
    """
    if before.size != after.size:
        return True
    one, two = np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB"))
    apart = (np.maximum(one, two) - np.minimum(one, two)).max(axis=2) > LEVEL
    considered = np.ones(apart.shape, dtype=bool)
    for box in ignoring:
        considered[max(0, box.top) : max(0, box.bottom), max(0, box.left) : max(0, box.right)] = False
    apart &= considered
    rows, columns = np.flatnonzero(apart.any(axis=1)), np.flatnonzero(apart.any(axis=0))
    if not len(rows):
        return False
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    if right - left <= CARET[0] and CARET[1] <= bottom - top <= CARET[2]:
        return False
    part = (slice(top, bottom), slice(left, right))
    return any(_unexplained(old[part], new[part], considered[part]) >= CONTENT for old, new in ((one, two), (two, one)))


def _unexplained(old: npt.NDArray[np.uint8], new: npt.NDArray[np.uint8], considered: npt.NDArray[np.bool_]) -> int:
    """How many pixels are not what most pixels of their old colour have become.

    Where the ground itself has another colour, what lies between its neighbours' new colours is the edge of a shape.
    """
    codes = ((old.astype(np.uint32) >> 3) @ np.array([1024, 32, 1], dtype=np.uint32)).ravel()
    pixels, became = new.reshape(-1, 3).astype(np.int16), np.empty((codes.size, 3), dtype=np.int16)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=np.uint32(1 << 20)))
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        group = order[start:end]
        became[group] = np.median(pixels[group], axis=0)
    expected, now = became.reshape(new.shape), new.astype(np.int16)
    low = high = expected
    if np.median(np.abs(expected - old).max(axis=2)) > LEVEL:
        padded = np.pad(expected, ((1, 1), (1, 1), (0, 0)), mode="edge")
        height, width = codes.size // old.shape[1], old.shape[1]
        near = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
        low, high = np.minimum.reduce(near), np.maximum.reduce(near)
    off = np.maximum(low - now, now - high).max(axis=2) > OFF
    return int(np.count_nonzero(off & considered))
