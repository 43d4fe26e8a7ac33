"""Finds lines of text in a picture: tiles at native resolution, one map of text, boxes.

The map of a tile depends on the pixels of the tile alone, so unchanged tiles of a changed screen are not read again.
The steps after the model are those of DB (Liao et al., https://arxiv.org/abs/1911.08947) for upright rectangles: text
on screens is not rotated.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from handeye.perception.reading.ocr_models import in_parallel, load_model
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

#: The largest side of a tile without its margin, and the margin, in pixels; both are multiples of 32.
CORE, MARGIN = 416, 32
#: The model halves its input five times, so sides are multiples of this.
STRIDE = 32
#: Least difference of neighbouring grey values for a pixel to be content.
CONTRAST = 8
#: A pixel is text, and a box is a line, from this probability on. The values of RapidOCR.
TEXT, LINE = 0.3, 0.5
#: How far a box is widened: area / perimeter times this, as the model was trained on shrunken boxes.
UNCLIP = 1.6
#: The least sides of a line in the map, in pixels, before it is widened.
LEAST = 3
#: Pictures with a shorter side are enlarged until it has so many pixels, but at most by this factor.
SMALL, ENLARGED = 736, 2.0
#: Bytes of maps that are stored, about 30 screens of 1920x1080.
MOST_BYTES = 64 << 20


class _Tile(NamedTuple):
    core: Box
    """The part of the picture that the tile decides about."""
    whole: Box
    """The core with its margins: what the model receives."""


class TileMaps:
    """The maps of text of recent tiles, by the digest of their pixels; the oldest are dropped."""

    def __init__(self, limit: int = MOST_BYTES) -> None:
        self._limit, self._bytes = limit, 0
        self._maps: OrderedDict[bytes, npt.NDArray[np.uint8]] = OrderedDict()

    def text_maps(self, tiles: Sequence[npt.NDArray[np.uint8]]) -> list[npt.NDArray[np.uint8]]:
        """Return the probability of text for each pixel of RGB tiles, 0 to 255; equal tiles are read once."""
        keys = [digest(tile) for tile in tiles]
        new = {key: tile for key, tile in zip(keys, tiles, strict=True) if key not in self._maps}
        made = dict(zip(new, in_parallel(_detect, list(new.values())), strict=True))
        found = [made[key] if key in made else self._maps[key] for key in keys]
        for key, text_map in zip(keys, found, strict=True):
            if key not in self._maps:
                self._bytes += text_map.nbytes
            self._maps[key] = text_map
            self._maps.move_to_end(key)
        while self._bytes > self._limit:
            self._bytes -= self._maps.popitem(last=False)[1].nbytes
        return found


def find_lines(pixels: npt.NDArray[np.uint8], maps: TileMaps) -> list[Box]:
    """Return the boxes of the lines of text in an RGB picture of shape (height, width, 3), in its pixels.

    Small pictures are enlarged first, because boxes are then more exact.
    """
    import cv2

    height, width = pixels.shape[:2]
    scale = min(ENLARGED, SMALL / min(height, width))
    if scale <= 1:
        return _find_lines(pixels, maps)
    enlarged = cv2.resize(pixels, None, fx=scale, fy=scale).astype(np.uint8)
    return [
        Box(int(left / scale), int(top / scale), min(width, ceil(right / scale)), min(height, ceil(bottom / scale)))
        for left, top, right, bottom in _find_lines(enlarged, maps)
    ]


def _find_lines(pixels: npt.NDArray[np.uint8], maps: TileMaps) -> list[Box]:
    height, width = pixels.shape[:2]
    content = _content(pixels)
    probability = np.zeros((height, width), np.uint8)
    trimmed = [(tile.core, part) for tile in _tiles(width, height) if (part := _trimmed(content, tile))]
    found = maps.text_maps([np.ascontiguousarray(_cut(pixels, part)) for _, part in trimmed])
    for (core, part), text_map in zip(trimmed, found, strict=True):
        left, top = max(part.left, core.left), max(part.top, core.top)
        right, bottom = min(part.right, core.right), min(part.bottom, core.bottom)
        if left < right and top < bottom:
            shared = Box(left, top, right, bottom)
            probability[top:bottom, left:right] = _cut(text_map, shared.moved(-part.left, -part.top))
    return _boxes(probability)


def digest(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return 16 bytes that name these pixels and their shape."""
    return hashlib.blake2b(repr(pixels.shape).encode() + pixels.tobytes(), digest_size=16).digest()


def _cut(array: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8]:
    return array[box.top : box.bottom, box.left : box.right]


def _tiles(width: int, height: int) -> Iterator[_Tile]:
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            whole = Box(left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN).within(width, height)
            assert whole is not None
            yield _Tile(Box(left, top, right, bottom), whole)


def _spans(length: int) -> list[tuple[int, int]]:
    """Divide a side into even parts of at most CORE pixels."""
    count = -(-length // CORE)
    edges = [round(length * number / count) for number in range(count + 1)]
    return list(pairwise(edges))


def _content(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return where a picture is not plain: pixels that differ from the one at their left or above."""
    import cv2

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    found = np.zeros(grey.shape, bool)
    found[:, 1:] |= cv2.absdiff(grey[:, 1:], grey[:, :-1]) >= CONTRAST
    found[1:] |= cv2.absdiff(grey[1:], grey[:-1]) >= CONTRAST
    return found


def _trimmed(content: npt.NDArray[np.bool_], tile: _Tile) -> Box | None:
    """Return the part of a tile that has content, with a margin; None for a tile whose core is plain."""
    box, core = tile.whole, tile.core
    if not content[core.top : core.bottom, core.left : core.right].any():
        return None
    part = content[box.top : box.bottom, box.left : box.right]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return Box(
        max(box.left, box.left + int(columns[0]) - MARGIN // 2),
        max(box.top, box.top + int(rows[0]) - MARGIN // 2),
        min(box.right, box.left + int(columns[-1]) + 1 + MARGIN // 2),
        min(box.bottom, box.top + int(rows[-1]) + 1 + MARGIN // 2),
    )


def _detect(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import cv2

    height, width = pixels.shape[:2]
    below, right = -height % STRIDE, -width % STRIDE
    padded = cv2.copyMakeBorder(pixels, 0, below, 0, right, cv2.BORDER_REPLICATE).astype(np.uint8)
    found = load_model("det").run(to_batch([padded]))[0, 0, :height, :width]
    made: npt.NDArray[np.uint8] = (found * 255 + 0.5).astype(np.uint8)
    return made


def to_batch(pictures: list[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
    """Return RGB pictures of one size as the models want them: BGR, planes first, values from -1 to 1."""
    stacked = np.stack(pictures)[:, :, :, ::-1].transpose(0, 3, 1, 2)
    scaled: npt.NDArray[np.float32] = np.ascontiguousarray(stacked, dtype=np.float32)
    scaled *= 2 / 255
    scaled -= 1
    return scaled


def _boxes(probability: npt.NDArray[np.uint8]) -> list[Box]:
    """Return the boxes around connected text, widened to the whole letters."""
    import cv2

    height, width = probability.shape
    mask = (probability > TEXT * 255).astype(np.uint8)
    joined = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    sums = cv2.integral(probability)
    found: list[Box] = []
    for left, top, wide, high, _ in stats[1:].tolist():
        if min(wide, high) < LEAST:
            continue
        right, bottom = left + wide, top + high
        total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        if total < LINE * 255 * wide * high:
            continue
        by = round(UNCLIP * wide * high / (2 * (wide + high)))
        found.append(Box(max(0, left - by), max(0, top - by), min(width, right + by), min(height, bottom + by)))
    return found
