"""Decides when and where a model looks at an enlarged region: for images with more pixels than its tiles show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.internvl.agreement import TOKEN_PIXELS
from handeye.perception.internvl.tiling import choose_grid
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.tools.geometry import Point

#: Below this scale, text of 12 pixels has less than 9, and one patch has 14: the part is encoded again, enlarged.
#: In 12 tiles the scale of 1920x1080 is 0.83, of 2560x1440 0.62, of 3840x2160 0.41.
ENOUGH = 0.75
#: The part of the screen's sides that a closer look shows; the same as of the action `zoom`.
ACROSS = 1 / 3
#: A closer look is at least this wide and high: smaller pictures than one tile hold too little to recognise a place by.
LEAST = 448


def tile_scale(size: tuple[int, int], profile: ModelProfile) -> tuple[float, float]:
    """Pixels of the tiles for one pixel of a picture of that size, across and down."""
    columns, rows = choose_grid(*size, profile.max_tiles, profile.tile)
    return columns * profile.tile / size[0], rows * profile.tile / size[1]


def same_place_distance(size: tuple[int, int], profile: ModelProfile) -> tuple[float, float]:
    """How far apart two answers about a picture may lie and mean one place: what one visual token shows of it."""
    across, down = tile_scale(size, profile)
    return TOKEN_PIXELS / across, TOKEN_PIXELS / down


def zoom_region(point: Point, box: Box | None, view: Box, profile: ModelProfile) -> Box | None:
    """The part of a view to look at again, around what was found there; None when a second look would show no more.

    It is None when the tiles show at least three quarters of the view's pixels either way, and when what was found
    does not fit into the part. The part is a third of the view's sides but at least 448 pixels, lies inside the view
    with the point as near to its middle as that allows, and loses no pixel to the tiles: where its shape would be
    tiled at less than its size, it is made smaller.
    """
    if min(tile_scale((view.width, view.height), profile)) >= ENOUGH:
        return None
    width = min(view.width, max(LEAST, round(view.width * ACROSS)))
    height = min(view.height, max(LEAST, round(view.height * ACROSS)))
    while (
        min(across_down := tile_scale((width, height), profile)) < 1
    ):  # each turn cuts a side, and one tile shows 448x448
        width = round(width * min(1.0, across_down[0]))
        height = round(height * min(1.0, across_down[1]))
    if (width, height) == (view.width, view.height) or (box and (box.width > width or box.height > height)):
        return None
    left = min(max(point.x - width // 2, view.left), view.right - width)
    top = min(max(point.y - height // 2, view.top), view.bottom - height)
    return Box(left, top, left + width, top + height)


def is_far(one: Point, other: Point, part: Box) -> bool:
    """Whether the closer look's place is another one: further off than a quarter of the part's shorter side.

    A first look errs by a few hundredths of the screen; a place out there is something else that looks alike.
    """
    most = min(part.width, part.height) / 4
    return (one.x - other.x) ** 2 + (one.y - other.y) ** 2 > most**2
