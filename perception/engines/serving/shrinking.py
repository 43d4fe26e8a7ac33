"""Pictures made smaller before they are sent, so that a server that cannot be told cuts them into fewer tiles."""

from __future__ import annotations

from dataclasses import replace
from math import gcd, sqrt
from typing import TYPE_CHECKING

from PIL import Image

from handeye.perception.internvl.prompt import Prompt, PromptImage
from handeye.perception.internvl.tiling import choose_grid

if TYPE_CHECKING:
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import PromptPart


def tiles_of(size: tuple[int, int], max_tiles: int, side: int) -> int:
    """Tiles of a picture of that size, the thumbnail included."""
    columns, rows = choose_grid(*size, max_tiles, side)
    return columns * rows + (columns * rows > 1)


def count_tiles(prompt: Prompt, max_tiles: int, profile: ModelProfile) -> int:
    """Tiles of all pictures of a prompt, thumbnails included."""
    bounds = prompt.bounds(max_tiles)
    return sum(tiles_of(image.size, bound, profile.tile) for image, bound in zip(prompt.images, bounds, strict=True))


def fewer(prompt: Prompt, max_tiles: int, spare: int, profile: ModelProfile) -> int:
    """The bound below `max_tiles` with which a prompt takes `spare` tokens less, as near to it as there is; 0 if none.

    With `spare` 0 it is not known how much is too much: about half.
    """
    now = count_tiles(prompt, max_tiles, profile)
    most = now - -(-spare // profile.tokens_per_tile) if spare else max(now // 2, len(prompt.images))
    counts = ((bound, count_tiles(prompt, bound, profile)) for bound in range(max_tiles - 1, 0, -1))
    return next((bound for bound, count in counts if count < now and count <= most), 0)


def shrink(prompt: Prompt, max_tiles: int, own: int, side: int) -> Prompt:
    """The prompt with pictures that a server bound to `own` tiles cuts as one bound to `max_tiles` would cut these.

    The model is shown whole pictures still, so that places as parts of a picture mean what they did.
    """
    turns = tuple(
        replace(turn, parts=tuple(_shrunk(part, max_tiles, own, side) for part in turn.parts)) for turn in prompt.turns
    )
    return replace(prompt, turns=turns)


def _shrunk(part: PromptPart, max_tiles: int, own: int, side: int) -> PromptPart:
    """A picture resized to the canvas of its grid, or as it is when the server cuts it into that grid anyway."""
    if isinstance(part, str):
        return part
    image, bound = (part.image, min(part.max_tiles, max_tiles)) if isinstance(part, PromptImage) else (part, max_tiles)
    grid = choose_grid(*image.size, bound, side)
    if grid == choose_grid(*image.size, own, side):
        return image
    return image.convert("RGB").resize(canvas(grid, own, side), Image.Resampling.BICUBIC)


def canvas(grid: tuple[int, int], own: int, side: int) -> tuple[int, int]:
    """The size, of exactly the grid's ratio, that a server bound to `own` tiles cuts into that grid."""
    size = (grid[0] * side, grid[1] * side)
    if choose_grid(*size, own, side) == grid:
        return size
    # A larger grid of the same ratio wins when the picture has more than half its pixels: stay just below that.
    times = gcd(*grid)
    unit = int(side * sqrt(0.5) * (times + 1))
    return grid[0] // times * unit, grid[1] // times * unit
