"""Decides when and where a model looks at an enlarged region: for images with more pixels than its tiles show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.internvl.agreement import TOKEN_PIXELS
from handeye.perception.internvl.tiling import choose_grid
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.tools.geometry import Point

#: The scale below which a region is encoded again, enlarged: text of 12 pixels has less than 9 then, and a patch 14.
#: In 12 tiles the scale of 1920x1080 is 0.83, of 2560x1440 0.62, of 3840x2160 0.41.
ENOUGH = 0.75
#: The fraction of the view's sides that a region has, as in the action `zoom`.
ACROSS = 1 / 3
#: The smallest width and height of a region, in pixels: a part below one tile shows too little context.
LEAST = 448


def tile_scale(size: tuple[int, int], profile: ModelProfile) -> tuple[float, float]:
    """Return how many pixels of the tiles show one pixel of an image of `size`, across and down."""
    columns, rows = choose_grid(*size, profile.max_tiles, profile.tile)
    return columns * profile.tile / size[0], rows * profile.tile / size[1]


def same_place_distance(size: tuple[int, int], profile: ModelProfile) -> tuple[float, float]:
    """Return how far apart, in pixels of the image, two answers for one place may be: the size of a visual token."""
    across, down = tile_scale(size, profile)
    return TOKEN_PIXELS / across, TOKEN_PIXELS / down


def zoom_region(point: Point, box: Box | None, view: Box, profile: ModelProfile) -> Box | None:
    """Return the region of a view to look at again, around a first answer; None when it would not show more.

    All values are in pixels of the screenshot. It is None when the tiles show at least `ENOUGH` of the view's pixels
    each way, or when the first answer's box does not fit into the region. The region is a third of the view's sides,
    but at least 448 pixels. It is inside the view, with the point as near to its middle as possible. It is made smaller
    where its tiles would show less than its pixels.
    """
    if min(tile_scale((view.width, view.height), profile)) >= ENOUGH:
        return None
    width = min(view.width, max(LEAST, round(view.width * ACROSS)))
    height = min(view.height, max(LEAST, round(view.height * ACROSS)))
    # The loop ends, because each pass cuts a side, and one tile shows 448x448 without loss.
    while min(across_down := tile_scale((width, height), profile)) < 1:
        width = round(width * min(1.0, across_down[0]))
        height = round(height * min(1.0, across_down[1]))
    if (width, height) == (view.width, view.height) or (box and (box.width > width or box.height > height)):
        return None
    left = min(max(point.x - width // 2, view.left), view.right - width)
    top = min(max(point.y - height // 2, view.top), view.bottom - height)
    return Box(left, top, left + width, top + height)


def is_far(one: Point, other: Point, part: Box) -> bool:
    """Return whether the second answer is another place: farther away than a quarter of the region's shorter side.

    The error of a first answer is a few hundredths of the screen. An answer farther away is a similar element
    elsewhere.
    """
    most = min(part.width, part.height) / 4
    return (one.x - other.x) ** 2 + (one.y - other.y) ** 2 > most**2
