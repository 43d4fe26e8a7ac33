"""InternVL's tiling: an image becomes square tiles in the grid closest to its shape, and a thumbnail.

The result is equal to the algorithm of the InternVL model card, pixel for pixel, with Pillow and NumPy alone. Each tile
has a digest, so that known tiles need not be normalised and encoded again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from handeye.perception.internvl.resizing import cores, in_parallel, resize_into
from handeye.tools.errors import UsageError
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Side of a tile in pixels.
TILE = 448
#: Tokens a tile takes in the prompt, and those around all tiles of a picture (`<img>` and `</img>`).
TOKENS_PER_TILE = 256
TOKENS_PER_IMAGE = 2
MAX_TILES = 40
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class TilePoint(NamedTuple):
    """A place on a tile: which tile, counted from 0 row by row (the thumbnail is the last), and its pixels there."""

    tile: int
    x: float
    y: float


@dataclass(frozen=True)
class Tiling:
    """A picture cut into tiles."""

    size: tuple[int, int]
    """Width and height of the picture the tiles were made from."""
    grid: tuple[int, int]
    """Columns and rows."""
    tiles: NDArray[np.uint8]
    """(n, side, side, 3) RGB, row by row; the thumbnail last when there is more than one."""
    tokens: tuple[int, ...] = ()
    """What each tile takes in a prompt where a router chose; none: each what the model makes of a tile."""
    names: tuple[str, ...] = ()
    """In the place of the digests: tiles that count as ones seen before are called as those are."""

    def __len__(self) -> int:
        return len(self.tiles)

    @property
    def side(self) -> int:
        """The side of a tile in pixels."""
        return int(self.tiles.shape[1])

    @property
    def has_thumbnail(self) -> bool:
        """Whether the last tile is a thumbnail."""
        return len(self) > 1

    @cached_property
    def pixels(self) -> NDArray[np.float32]:
        """(n, 3, side, side) float32, normalised by ImageNet's mean and deviation: what the model is given."""
        return normalise(self.tiles)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """One hex digest per tile, of its pixels, or of those of the tile it counts as."""
        if self.names:
            return self.names
        made = [""] * len(self)

        def fill(number: int) -> None:
            made[number] = hashlib.blake2b(self.tiles[number].tobytes(), digest_size=32).hexdigest()

        in_parallel(fill, range(len(self)))
        return tuple(made)

    def to_tile(self, point: tuple[float, float]) -> TilePoint:
        """Where a place on the picture, in its pixels, lies in the grid of tiles."""
        columns, rows = self.grid
        x = min(max(point[0] / self.size[0] * columns * self.side, 0.0), columns * self.side - 1e-6)
        y = min(max(point[1] / self.size[1] * rows * self.side, 0.0), rows * self.side - 1e-6)
        column, row = int(x // self.side), int(y // self.side)
        return TilePoint(row * columns + column, x - column * self.side, y - row * self.side)

    def from_tile(self, place: TilePoint) -> tuple[float, float]:
        """Where a place on a tile lies on the picture, in the picture's pixels (the thumbnail shows all of it)."""
        columns, rows = self.grid
        if self.has_thumbnail and place.tile == len(self) - 1:
            return place.x / self.side * self.size[0], place.y / self.side * self.size[1]
        row, column = divmod(place.tile, columns)
        x, y = column * self.side + place.x, row * self.side + place.y
        return x / (columns * self.side) * self.size[0], y / (rows * self.side) * self.size[1]


def tile(image: Image.Image, max_tiles: int = 12, side: int = TILE) -> Tiling:
    """Cut a picture as InternVL does: at most `max_tiles` tiles in a grid, plus the thumbnail when more than one.

    Raises UsageError when `max_tiles` is not within 1 to 40.
    """
    picture = image if image.mode == "RGB" else image.convert("RGB")
    columns, rows = choose_grid(picture.width, picture.height, max_tiles, side)
    many = columns * rows
    cells = np.empty((many + (many > 1), side, side, 3), np.uint8)
    grids = [cells[:many].reshape(rows, columns, side, side, 3).swapaxes(1, 2)]
    grids += [cells[many:].reshape(1, side, 1, side, 3)] if many > 1 else []
    resize_into(picture, grids)
    return Tiling(picture.size, (columns, rows), cells)


def choose_grid(width: int, height: int, max_tiles: int = 12, side: int = TILE) -> tuple[int, int]:
    """Columns and rows whose ratio is closest to the picture's.

    Among equally close ones a larger grid wins when the picture has more than half the pixels the larger one holds.
    """
    if not 1 <= max_tiles <= MAX_TILES:
        raise UsageError(f"max_tiles={max_tiles} is outside 1 to {MAX_TILES}; 12 is what InternVL was trained with")
    ratio, area = width / height, width * height
    best, best_distance = (1, 1), float("inf")
    for columns, rows in _grids(max_tiles):
        distance = abs(ratio - columns / rows)
        if distance < best_distance:
            best, best_distance = (columns, rows), distance
        elif distance == best_distance and area > 0.5 * side * side * columns * rows:
            best = (columns, rows)
    return best


def normalise(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, h, w, 3) bytes as (n, 3, h, w) float32 with ImageNet's mean taken off and its deviation divided out."""
    made = np.empty((len(tiles), 3, *tiles.shape[1:3]), np.float32)

    def fill(part: NDArray[np.int_]) -> None:
        # Plane by plane, because one plane stays in the processor's cache through all steps.
        gray = np.empty(tiles.shape[1:3], np.uint8)
        for number, channel in (divmod(plane, 3) for plane in part.tolist()):
            plane = made[number, channel]
            gray[:] = tiles[number, ..., channel]
            np.divide(gray, np.float32(255), out=plane)
            plane -= np.float32(MEAN[channel])
            plane /= np.float32(STD[channel])

    in_parallel(fill, np.array_split(np.arange(3 * len(tiles)), cores()))
    return made


def tokens(tiles: int, per_tile: int = TOKENS_PER_TILE) -> int:
    """Tokens that a picture of so many tiles (thumbnail included) takes in a prompt."""
    return per_tile * tiles + TOKENS_PER_IMAGE


def to_normalised(point: tuple[float, float], size: tuple[int, int]) -> tuple[float, float]:
    """Pixels of a picture of that size as InternVL's 0-1000 coordinates of the whole picture."""
    return point[0] / size[0] * 1000, point[1] / size[1] * 1000


def from_normalised(point: tuple[float, float], size: tuple[int, int]) -> Point:
    """InternVL's 0-1000 coordinates as the pixel they fall on; 1000 is the last one."""
    x, y = int(point[0] * size[0] / 1000), int(point[1] * size[1] / 1000)
    return Point(min(max(x, 0), size[0] - 1), min(max(y, 0), size[1] - 1))


@lru_cache(maxsize=64)
def _grids(max_tiles: int) -> tuple[tuple[int, int], ...]:
    """All (columns, rows) with at most `max_tiles` cells, smallest first."""
    pairs = ((columns, rows) for columns in range(1, max_tiles + 1) for rows in range(1, max_tiles // columns + 1))
    return tuple(sorted(pairs, key=lambda pair: pair[0] * pair[1]))
