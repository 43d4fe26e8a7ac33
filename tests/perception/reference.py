"""A plain Pillow version of the InternVL model card's tiling, step by step, for tests and benchmarks to compare with.

It is written to be read, not to be fast: candidates in a set, crops one by one, one tile normalised at a time. The card
knows one side of a tile, 448; a smaller one makes many comparisons cheap.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 448
# ImageNet's, per channel.
MEAN = np.array((0.485, 0.456, 0.406), np.float32)[:, None, None]
STD = np.array((0.229, 0.224, 0.225), np.float32)[:, None, None]


def reference_grid(width: int, height: int, max_num: int, side: int = SIDE) -> tuple[int, int]:
    """Columns and rows of the grid whose ratio is closest to the picture's; the larger of two only when it is big."""
    best_diff, best = float("inf"), (1, 1)
    for ratio in _candidates(max_num):
        diff = abs(width / height - ratio[0] / ratio[1])
        if diff < best_diff:
            best_diff, best = diff, ratio
        elif diff == best_diff and width * height > 0.5 * side * side * ratio[0] * ratio[1]:
            best = ratio
    return best


def reference_tiles(image: Image.Image, max_num: int, side: int = SIDE) -> list[Image.Image]:
    """The tiles, cropped row by row from the resized picture, and the thumbnail when there is more than one."""
    columns, rows = reference_grid(*image.size, max_num, side)
    resized = image.resize((side * columns, side * rows))
    made = []
    for number in range(columns * rows):
        left, top = number % columns * side, number // columns * side
        made.append(resized.crop((left, top, left + side, top + side)))
    if len(made) != 1:
        made.append(image.resize((side, side)))
    return made


def reference_pixels(image: Image.Image, max_num: int, side: int = SIDE) -> NDArray[np.float32]:
    """(n, 3, side, side) float32: each tile as RGB, resized (to its own size), scaled to 0-1 and normalised."""
    planes = []
    for each in reference_tiles(image, max_num, side):
        whole = each.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        plane = np.array(whole, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)
        planes.append((plane - MEAN) / STD)
    return np.stack(planes)


@cache
def _candidates(max_num: int) -> list[tuple[int, int]]:
    """Every grid of at most `max_num` tiles, by its number of tiles."""
    found = {
        (i, j) for n in range(1, max_num + 1) for i in range(1, n + 1) for j in range(1, n + 1) if 1 <= i * j <= max_num
    }
    return sorted(found, key=lambda pair: pair[0] * pair[1])
