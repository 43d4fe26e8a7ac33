"""Which tiles deserve all their tokens: what `--fast` does to a picture, with stock weights and nothing learned.

InternVL3.5-Flash learns to give a tile a quarter of its tokens where that loses little. Stock weights have no router,
so pixels are: a tile on which nearly nothing is to be seen is looked at in half its size, which costs a fifth and gives
a quarter of the tokens. What a tile takes follows from its pixels alone and not from earlier screens, so that
prompts keep their common beginning; no tile is left out, so that the grid stays whole and coordinates mean what they
meant.

The thumbnail, which shows the tiles once more and smaller, always takes a quarter. It changes with every letter typed;
while it is near enough to one that was looked at before, it counts as that one.
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
    """Chooses what each tile of a picture takes, and remembers thumbnails."""

    def __init__(self, per_tile: int) -> None:
        """`per_tile` is how many tokens the model makes of a tile."""
        self._per_tile = per_tile
        side = math.isqrt(per_tile)
        self._fewer = per_tile // COMPRESSION if side * side == per_tile and side % 2 == 0 else per_tile
        self._thumbnails: deque[tuple[str, NDArray[np.uint8]]] = deque(maxlen=REMEMBERED)

    def route(self, tiling: Tiling) -> Tiling:
        """The same tiles with the tokens each takes, and the thumbnail as an earlier one where it is near enough."""
        takes = [self._fewer if quiet(tile) else self._per_tile for tile in tiling.tiles]
        names = list(tiling.digests)
        if tiling.has_thumbnail:
            takes[-1] = self._fewer
            names[-1] = self._known(tiling.tiles[-1], names[-1])
        return replace(tiling, tokens=tuple(takes), names=tuple(names))

    def _known(self, thumbnail: NDArray[np.uint8], digest: str) -> str:
        """The digest of an earlier thumbnail that this one is near enough to, else its own."""
        for name, known in self._thumbnails:
            if known.shape == thumbnail.shape and changed(known, thumbnail) <= STILL:
                return name
        self._thumbnails.appendleft((digest, thumbnail))
        return digest


def quiet(tile: NDArray[np.uint8]) -> bool:
    """Whether nearly nothing is to be seen on a tile (side, side, 3)."""
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
    """The part of the pixels of two tiles that differ visibly."""
    return float((np.maximum(one, two) - np.minimum(one, two) > EDGE).any(-1).mean())


def halved(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A tile (side, side, 3) at half its size, each pixel the mean of four."""
    side = len(tile) // 2
    means: NDArray[np.float32] = tile.reshape(side, 2, side, 2, 3).mean((1, 3), dtype=np.float32)
    return np.asarray(means + 0.5, np.uint8)
