"""InternVL's tiling: an image becomes square tiles in the grid closest to its shape, and a thumbnail.

Source: `dynamic_preprocess` of the InternVL model card, described in the InternVL 1.5 paper (arXiv 2404.16821). The
result is equal, pixel for pixel, with Pillow and NumPy alone. Each tile has a digest, so that known tiles need not be
normalised and encoded again.
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
#: Tokens of a tile in the prompt, and tokens around all tiles of an image (`<img>` and `</img>`).
TOKENS_PER_TILE = 256
TOKENS_PER_IMAGE = 2
MAX_TILES = 40
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class TilePoint(NamedTuple):
    """A point on a tile: the tile's index, row by row with the thumbnail last, and its pixels on the tile."""

    tile: int
    x: float
    y: float


@dataclass(frozen=True)
class Tiling:
    """An image as tiles."""

    size: tuple[int, int]
    """Width and height of the image in pixels."""
    grid: tuple[int, int]
    """Columns and rows."""
    tiles: NDArray[np.uint8]
    """(n, side, side, 3) RGB, row by row; the thumbnail last when there is more than one."""
    tokens: tuple[int, ...] = ()
    """Tokens of each tile in a prompt, if a router chose them; empty: the model's tokens per tile."""
    names: tuple[str, ...] = ()
    """Digests that a router set: a tile that is replaced by an earlier one has the digest of that one."""

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
        """The model's input, (n, 3, side, side) float32, normalised by ImageNet's mean and standard deviation."""
        return normalise(self.tiles)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """One BLAKE2b hex digest per tile, of its pixels; the entries of `names` where a router has set them."""
        if self.names:
            return self.names
        made = [""] * len(self)

        def fill(number: int) -> None:
            made[number] = hashlib.blake2b(self.tiles[number].tobytes(), digest_size=32).hexdigest()

        in_parallel(fill, range(len(self)))
        return tuple(made)

    def to_tile(self, point: tuple[float, float]) -> TilePoint:
        """Return the tile, and the point on it, that contains a point of the image in pixels. It is never the
        thumbnail.
        """
        columns, rows = self.grid
        x = min(max(point[0] / self.size[0] * columns * self.side, 0.0), columns * self.side - 1e-6)
        y = min(max(point[1] / self.size[1] * rows * self.side, 0.0), rows * self.side - 1e-6)
        column, row = int(x // self.side), int(y // self.side)
        return TilePoint(row * columns + column, x - column * self.side, y - row * self.side)

    def from_tile(self, place: TilePoint) -> tuple[float, float]:
        """Return the point of the image, in its pixels, for a point on a tile or on the thumbnail."""
        columns, rows = self.grid
        if self.has_thumbnail and place.tile == len(self) - 1:
            return place.x / self.side * self.size[0], place.y / self.side * self.size[1]
        row, column = divmod(place.tile, columns)
        x, y = column * self.side + place.x, row * self.side + place.y
        return x / (columns * self.side) * self.size[0], y / (rows * self.side) * self.size[1]


def tile(image: Image.Image, max_tiles: int = 12, side: int = TILE) -> Tiling:
    """Return an image cut as InternVL does: at most `max_tiles` tiles in a grid, and a thumbnail if more than one.

    Each tile is `side` pixels wide and high; the image is resized to the grid without regard to its ratio, with
    Pillow's bicubic filter. Raises UsageError when `max_tiles` is not within 1 to 40.
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
    """Return the columns and rows with the ratio closest to the image's, and at most `max_tiles` cells.

    Of equally close grids, a larger one wins when the image has more than half of that grid's pixels. Source:
    `find_closest_aspect_ratio` of the InternVL model card. Raises UsageError when `max_tiles` is not within 1 to 40.
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
    """Return tiles, (n, h, w, 3) uint8, as (n, 3, h, w) float32, normalised by ImageNet's mean and deviation."""
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
    """Return the tokens in a prompt of an image with `tiles` tiles, thumbnail included.

    A tile of 448 pixels has 32 x 32 patches, of which the pixel shuffle makes 256 tokens (arXiv 2404.16821).
    """
    return per_tile * tiles + TOKENS_PER_IMAGE


def to_normalised(point: tuple[float, float], size: tuple[int, int]) -> tuple[float, float]:
    """Return a point, in pixels of an image of `size` (width, height), in InternVL's 0-1000 coordinates."""
    return point[0] / size[0] * 1000, point[1] / size[1] * 1000


def from_normalised(point: tuple[float, float], size: tuple[int, int]) -> Point:
    """Return the pixel of an image of `size` (width, height) for 0-1000 coordinates. 1000 is the last pixel."""
    x, y = int(point[0] * size[0] / 1000), int(point[1] * size[1] / 1000)
    return Point(min(max(x, 0), size[0] - 1), min(max(y, 0), size[1] - 1))


@lru_cache(maxsize=64)
def _grids(max_tiles: int) -> tuple[tuple[int, int], ...]:
    """Return all (columns, rows) with at most `max_tiles` cells, smallest first."""
    pairs = ((columns, rows) for columns in range(1, max_tiles + 1) for rows in range(1, max_tiles // columns + 1))
    return tuple(sorted(pairs, key=lambda pair: pair[0] * pair[1]))
