"""Where a model looks a second time: a part of the screen that its tiles show whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.zoom import LEAST, tile_scale, zoom_region
from handeye.tools.geometry import Box, Point


def part(size: tuple[int, int], point: tuple[int, int], tiles: int = 12, box: Box | None = None) -> Box | None:
    return zoom_region(Point(*point), box, Box(0, 0, *size), INTERNVL3.with_tiles(tiles))


@pytest.mark.parametrize(
    ("size", "tiles", "again"),
    [
        ((1344, 896), 12, False),
        ((1920, 1080), 12, False),
        ((1920, 1080), 6, True),
        ((1080, 2400), 12, False),
        ((2560, 1440), 12, True),
        ((2560, 1440), 24, False),
        ((3840, 2160), 24, True),
        ((3840, 2160), 40, False),
        ((448, 448), 1, False),
        ((600, 600), 1, True),
        ((300, 200), 1, False),
    ],
)
def test_a_screen_is_looked_at_again_when_its_tiles_show_less_than_three_quarters_of_it(
    size: tuple[int, int], tiles: int, again: bool
) -> None:
    assert (part(size, (size[0] // 2, size[1] // 2), tiles) is not None) is again


@given(st.integers(60, 9000), st.integers(60, 9000), st.integers(1, 40), st.data())
def test_the_part_is_on_the_screen_holds_the_point_and_loses_no_pixel(
    width: int, height: int, tiles: int, data: st.DataObject
) -> None:
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    found = part((width, height), (x, y), tiles)
    if found is None:
        return
    assert found.within(width, height) == found
    assert found.holds((x, y))
    assert min(tile_scale((found.width, found.height), INTERNVL3.with_tiles(tiles))) >= 1
    assert found.width >= min(width, LEAST)
    assert found.height >= min(height, LEAST)


def test_the_point_is_in_the_middle_unless_the_edge_of_the_screen_is_near() -> None:
    middle, corner = part((3840, 2160), (1920, 1080)), part((3840, 2160), (3839, 0))
    assert middle == Box(1280, 720, 2560, 1440)
    assert corner == Box(2560, 0, 3840, 720)


def test_what_is_larger_than_the_part_is_seen_well_enough() -> None:
    assert part((3840, 2160), (1920, 1080), box=Box(1280, 800, 2560, 900)) is not None
    assert part((3840, 2160), (1920, 1080), box=Box(1000, 800, 2800, 900)) is None
