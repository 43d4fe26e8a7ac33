"""Tiling, against a plain Pillow version of the model card's algorithm and the table of known sizes."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from PIL import Image

from handeye.perception.internvl.tiling import (
    MAX_TILES,
    TilePoint,
    choose_grid,
    from_normalised,
    tile,
    to_normalised,
    tokens,
)
from handeye.tools.errors import UsageError
from tests.perception.reference import reference_grid, reference_pixels


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


GOLDEN = [
    *[(size, [(2, 1, 770), (4, 2, 2306), (5, 3, 4098)]) for size in [(1920, 1080), (1280, 720), (2560, 1440)]],
    *[(size, [(2, 1, 770), (4, 2, 2306), (5, 3, 4098)]) for size in [(3840, 2160), (1366, 768)]],
    *[(size, [(3, 2, 1794), (3, 2, 1794), (5, 3, 4098)]) for size in [(1440, 900), (1280, 800)]],
    *[(size, [(3, 2, 1794), (4, 3, 3330), (4, 3, 3330)]) for size in [(1600, 1200), (1024, 768)]],
    ((1080, 1920), [(1, 2, 770), (2, 4, 2306), (3, 5, 4098)]),
    ((1080, 2400), [(1, 2, 770), (2, 5, 2818), (3, 7, 5634)]),
    ((1024, 1024), [(2, 2, 1282), (3, 3, 2562), (3, 3, 2562)]),
]


@pytest.mark.parametrize(("size", "rows"), GOLDEN, ids=lambda value: str(value) if isinstance(value, tuple) else "")
def test_known_screens_get_the_known_grids_and_token_counts(
    size: tuple[int, int], rows: list[tuple[int, int, int]]
) -> None:
    for max_tiles, (columns, lines, token_count) in zip((6, 12, 24), rows, strict=True):
        assert choose_grid(*size, max_tiles) == (columns, lines)
        assert tokens(columns * lines + 1) == token_count


def test_a_known_screen_is_cut_into_the_known_number_of_tiles() -> None:
    made = tile(noise(1920, 1080))
    assert (made.grid, len(made), made.pixels.shape) == ((4, 2), 9, (9, 3, 448, 448))
    assert made.pixels.dtype == np.float32


def test_the_grid_equals_the_reference_for_random_sizes_and_every_tile_count() -> None:
    rng = random.Random(7)
    for _ in range(2000):
        width, height, max_tiles = rng.randint(1, 5000), rng.randint(1, 5000), rng.randint(1, MAX_TILES)
        assert choose_grid(width, height, max_tiles) == reference_grid(width, height, max_tiles)


def test_ties_are_broken_as_in_the_reference() -> None:
    """Square pictures and those whose ratio lies in the middle between two grids, at sizes around each limit."""
    ratios = sorted({i / j for i, j in itertools.product(range(1, 13), repeat=2) if i * j <= 12})
    middles = [(a + b) / 2 for a, b in itertools.pairwise(ratios)]
    for ratio in [*ratios, *middles]:
        for height in (1, 16, 64, 224, 240, 316, 317, 336, 448, 480, 634, 896, 960, 1200):
            for width in {max(1, int(height * ratio)), max(1, round(height * ratio))}:
                for max_tiles in (1, 2, 6, 12, 40):
                    assert choose_grid(width, height, max_tiles) == reference_grid(width, height, max_tiles)
    assert choose_grid(316, 316) == (1, 1)
    assert choose_grid(634, 634) == (2, 2)


@pytest.mark.parametrize(
    ("width", "height", "max_tiles"),
    [(1, 1, 12), (1, 1, 1), (20000, 50, 12), (50, 20000, 40), (448, 448, 12), (1280, 800, 12), (1920, 1080, 24)],
)
def test_pixels_equal_the_reference_exactly(width: int, height: int, max_tiles: int) -> None:
    image = noise(width, height)
    assert np.array_equal(tile(image, max_tiles).pixels, reference_pixels(image, max_tiles))


def test_pixels_equal_the_reference_exactly_for_random_sizes_and_every_tile_count() -> None:
    """200 pictures, each count of tiles five times; the first four at the real side of a tile."""
    rng = random.Random(3)
    whole = np.asarray(noise(700, 700))
    for number in range(200):
        width, height, max_tiles = rng.randint(1, 700), rng.randint(1, 700), number % MAX_TILES + 1
        image = Image.fromarray(np.ascontiguousarray(whole[:height, :width]))
        side = 448 if number < 4 else 64
        made, expected = tile(image, max_tiles, side), reference_pixels(image, max_tiles, side)
        assert np.array_equal(made.pixels, expected), (width, height, max_tiles)


def test_tiles_run_row_by_row_and_the_thumbnail_comes_last() -> None:
    image = Image.new("RGB", (1344, 896))
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250), (250, 0, 250)]
    for number, colour in enumerate(colours):
        image.paste(colour, (number % 3 * 448, number // 3 * 448, number % 3 * 448 + 448, number // 3 * 448 + 448))
    made = tile(image, 6)
    assert made.grid == (3, 2)
    assert [tuple(int(v) for v in each[224, 224]) for each in made.tiles[:6]] == colours
    assert tuple(made.tiles[6][0, 0]) == colours[0]
    assert tuple(made.tiles[6][447, 447]) == colours[5]


def test_equal_tiles_have_equal_digests_and_a_changed_pixel_changes_only_its_tiles() -> None:
    before = noise(1344, 896)
    after = before.copy()
    after.putpixel((10, 10), (0, 255, 0) if before.getpixel((10, 10)) != (0, 255, 0) else (0, 0, 0))
    one, two = tile(before, 6), tile(after, 6)
    assert one.digests == tile(before.copy(), 6).digests
    changed = [number for number in range(7) if one.digests[number] != two.digests[number]]
    assert changed in ([0], [0, 6])


def test_a_single_tile_has_no_thumbnail() -> None:
    made = tile(noise(300, 300))
    assert (len(made), made.grid, made.has_thumbnail) == (1, (1, 1), False)


@pytest.mark.parametrize("max_tiles", [0, -1, 41])
def test_too_few_or_too_many_tiles_are_refused(max_tiles: int) -> None:
    with pytest.raises(UsageError, match="outside 1 to 40"):
        tile(noise(10, 10), max_tiles)


def test_other_picture_modes_are_read_as_rgb() -> None:
    for mode in ("L", "RGBA", "CMYK", "P", "1"):
        assert tile(Image.new(mode, (500, 300))).tiles.shape[-1] == 3


def test_places_map_to_tiles_and_back() -> None:
    made = tile(noise(1920, 1080))
    rng = random.Random(1)
    for _ in range(500):
        point = (rng.uniform(0, 1919.9), rng.uniform(0, 1079.9))
        place = made.to_tile(point)
        assert 0 <= place.tile < 8
        assert 0 <= place.x < 448
        assert 0 <= place.y < 448
        assert made.from_tile(place) == pytest.approx(point)
    assert made.to_tile((0, 0)) == (0, 0, 0)
    assert made.to_tile((1919.999, 1079.999)).tile == 7
    assert made.to_tile((1920, 1080)).tile == 7
    assert made.from_tile(TilePoint(8, 224, 224)) == (960, 540)
    assert made.from_tile(TilePoint(5, 0, 0)) == (480, 540)


def test_a_place_on_a_tile_shows_what_the_screen_shows_there() -> None:
    image = Image.new("RGB", (1920, 1080), "white")
    image.paste((255, 0, 0), (1390, 790, 1411, 811))
    made = tile(image)
    place = made.to_tile((1400, 800))
    assert tuple(made.tiles[place.tile][int(place.y), int(place.x)]) == (255, 0, 0)


def test_normalised_coordinates_map_to_pixels_and_back() -> None:
    size = (1920, 1080)
    assert from_normalised((0, 0), size) == (0, 0)
    assert from_normalised((1000, 1000), size) == (1919, 1079)
    assert from_normalised((500, 500), size) == (960, 540)
    assert to_normalised((960, 540), size) == (500, 500)
    for x in range(0, 1920, 7):
        assert abs(from_normalised(to_normalised((x + 0.5, 0), size), size).x - x) <= 0
