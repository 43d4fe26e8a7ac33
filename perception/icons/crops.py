"""Cuts icons out of a picture and normalises them for the encoder: same size, no colour, no background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from handeye.tools.geometry import Box

#: Side of a normalised icon, and of the drawing in it, in pixels.
SIDE, DRAWN = 32, 28
#: Pixels around a box that show the colour of its background.
MARGIN = 2
#: A box whose pixels differ from its background by less than this (0 to 255) is empty.
_FAINT = 14
#: The share of the strongest difference from which a pixel belongs to the drawing.
_INK = 0.22


def cut(pixels: npt.NDArray[np.uint8], boxes: Sequence[Box]) -> npt.NDArray[np.uint8]:
    """Return one normalised icon for each box, shape (boxes, 2, SIDE, SIDE); all zeros for a box of one colour.

    `pixels` has the shape (height, width, 3); parts of boxes outside it are ignored.
    """
    height, width = pixels.shape[:2]
    made = np.zeros((len(boxes), 2, SIDE, SIDE), np.uint8)
    for number, box in enumerate(boxes):
        left, top = max(0, box.left - MARGIN), max(0, box.top - MARGIN)
        right, bottom = min(width, box.right + MARGIN), min(height, box.bottom + MARGIN)
        if right - left > 2 and bottom - top > 2:
            made[number] = normalise(pixels[top:bottom, left:right])
    return made


def normalise(crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return two layers of a crop, shape (2, SIDE, SIDE), with the drawing scaled to DRAWN pixels.

    The first layer is the difference of each pixel from the background, 0 to 255, the second one is the contrast at
    edges within the drawing. The background is the median colour of the outermost pixels of the crop. Light icons on a
    dark screen and dark ones on a light screen look alike in the result.
    """
    import cv2

    made = np.zeros((2, SIDE, SIDE), np.uint8)
    ring = np.concatenate([crop[0], crop[-1], crop[1:-1, 0], crop[1:-1, -1]])
    background = np.sort(ring, axis=0)[len(ring) // 2]
    apart = _strongest(cv2.absdiff(crop, _filled(crop.shape, background)))
    peak = int(apart.max())
    if peak < _FAINT:
        return made
    ink = apart > _INK * peak
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    drawn = crop[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = DRAWN / max(drawn.shape[:2])
    width, height = max(1, round(drawn.shape[1] * scale)), max(1, round(drawn.shape[0] * scale))
    scaled = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    plain = _filled((SIDE, SIDE, 3), background)
    canvas = plain.copy()
    left, top = (SIDE - width) // 2, (SIDE - height) // 2
    canvas[top : top + height, left : left + width] = scaled
    differs = _strongest(cv2.absdiff(canvas, plain))
    edges = _strongest(cv2.morphologyEx(canvas, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    for layer, values in enumerate((differs, edges)):
        made[layer] = np.minimum(255, values * np.float32(255 / max(_FAINT, int(values.max())))).astype(np.uint8)
    return made


def _strongest(colours: Any) -> Any:
    return np.maximum(np.maximum(colours[..., 0], colours[..., 1]), colours[..., 2])


def _filled(shape: tuple[int, ...], colour: Any) -> Any:
    made = np.empty(shape, np.uint8)
    made[:] = colour
    return made
