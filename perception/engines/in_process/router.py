"""Chooses the number of tokens per tile for `--fast`, with stock weights and without training.

InternVL3.5-Flash learns to give a tile a quarter of its tokens where that loses little (arXiv 2508.18265). Stock
weights have no such router, so pixels decide. A tile with almost no content is encoded at half its size, which costs a
fifth of the time and gives a quarter of the tokens. The number depends on the tile's pixels alone and not on earlier
screens, so that prompts keep their common beginning. No tile is left out: the grid and the coordinates keep their
meaning.

The thumbnail, which repeats the content of all tiles, always takes a quarter. It changes with every letter typed. A
thumbnail that is similar enough to an encoded one is replaced by that one.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from handeye.perception.internvl.tiling import Tiling

#: Neighbouring pixels that differ by more than this in a colour have an edge between them.
EDGE = 8
#: A tile is looked at in so many cells a side, each about as large as what one token shows.
CELLS = 16
#: A tile with edges in at most this part of its cells is quiet: a border and a word or two.
QUIET = 1 / 16
#: The part of the tokens that quiet tiles keep.
COMPRESSION = 4
#: A thumbnail with at most this part of its pixels changed counts as the earlier one.
STILL = 0.01
#: Thumbnails remembered.
REMEMBERED = 8


class TileRouter:
    """Chooses the number of tokens of each tile, and remembers thumbnails."""

    def __init__(self, per_tile: int) -> None:
        """`per_tile` is the number of tokens that the model makes of a full tile."""
        self._per_tile = per_tile
        side = math.isqrt(per_tile)
        self._fewer = per_tile // COMPRESSION if side * side == per_tile and side % 2 == 0 else per_tile
        self._thumbnails: deque[tuple[str, NDArray[np.uint8]]] = deque(maxlen=REMEMBERED)

    def route(self, tiling: Tiling) -> Tiling:
        """Return the tiling with its tokens per tile, and with a similar earlier thumbnail in place of its own."""
        takes = [self._fewer if quiet(tile) else self._per_tile for tile in tiling.tiles]
        names = list(tiling.digests)
        if tiling.has_thumbnail:
            takes[-1] = self._fewer
            names[-1] = self._known(tiling.tiles[-1], names[-1])
        return replace(tiling, tokens=tuple(takes), names=tuple(names))

    def _known(self, thumbnail: NDArray[np.uint8], digest: str) -> str:
        """Return the digest of a similar earlier thumbnail, or else its own."""
        for name, known in self._thumbnails:
            if known.shape == thumbnail.shape and changed(known, thumbnail) <= STILL:
                return name
        self._thumbnails.appendleft((digest, thumbnail))
        return digest


def quiet(tile: NDArray[np.uint8]) -> bool:
    """Return whether a tile, (side, side, 3) uint8, has almost no content."""
    cell = -(-len(tile) // CELLS)
    # Unsigned numbers wrap: the larger minus the smaller does not.
    across = np.maximum(tile[:, 1:], tile[:, :-1]) - np.minimum(tile[:, 1:], tile[:, :-1]) > EDGE
    down = np.maximum(tile[1:], tile[:-1]) - np.minimum(tile[1:], tile[:-1]) > EDGE
    rows, columns, _ = np.nonzero(across)
    more_rows, more_columns, _ = np.nonzero(down)
    seen = np.zeros((CELLS, CELLS), dtype=bool)
    seen[rows // cell, columns // cell] = True
    seen[more_rows // cell, more_columns // cell] = True
    return float(seen.mean()) <= QUIET


def changed(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """Return the share of pixels, 0 to 1, that differ visibly between two tiles, (side, side, 3) uint8."""
    return float((np.maximum(one, two) - np.minimum(one, two) > EDGE).any(-1).mean())


def halved(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a tile, (side, side, 3) uint8, at half its size; each pixel is the mean of four."""
    side = len(tile) // 2
    means: NDArray[np.float32] = tile.reshape(side, 2, side, 2, 3).mean((1, 3), dtype=np.float32)
    return np.asarray(means + 0.5, np.uint8)
