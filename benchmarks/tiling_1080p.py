"""Tiling a 1920x1080 screenshot into 9 normalised tiles, against the model card's algorithm in plain Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.measuring import Row, in_turns
from handeye.perception.internvl.tiling import tile
from tests.perception.reference import reference_pixels

if TYPE_CHECKING:
    from benchmarks.lab import Lab

SIZE = (1920, 1080)


def measure(lab: Lab) -> Row:
    """Noise, which compresses in no way: the worst case for whoever would take short cuts, and the same work always."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3), dtype=np.uint8))
    made, right = tile(image).pixels, reference_pixels(image, 12)
    apart = float(np.abs(made - right).max())
    assert len(made) == 9
    assert apart == 0.0, f"tiles differ from the reference by {apart}"
    ours, reference = in_turns(lambda: tile(image).pixels, lambda: reference_pixels(image, 12), lab.repeats)
    what = "tiling 1920x1080 into 9 normalised tiles; against the model card's algorithm in plain Pillow, same pixels"
    return Row(ours, reference, "ms", what, 3.0)
