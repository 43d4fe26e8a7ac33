"""Resizing by products of matrices, against Pillow."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from handeye.perception.internvl import resizing
from handeye.perception.internvl.resizing import WEIGHT_BITS, axis, certain, in_parallel, order_of_sides, resize_into
from handeye.perception.internvl.tiling import choose_grid


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


def resized(image: Image.Image, *sizes: tuple[int, int]) -> list[NDArray[np.uint8]]:
    made = [np.full((1, height, 1, width, 3), 77, np.uint8) for width, height in sizes]
    resize_into(image, made)
    return [grid[0, :, 0] for grid in made]


def whole(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


@pytest.mark.parametrize("cores", [1, 2, 3, 16])
def test_random_sizes_equal_pillow_to_the_byte(monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    monkeypatch.setattr(resizing, "cores", lambda: cores)
    order_of_sides.cache_clear()
    rng = random.Random(cores)
    for _ in range(6):
        image = noise(rng.randint(1, 1500), rng.randint(1, 1500))
        sizes = [(448 * rng.randint(1, 4), 448 * rng.randint(1, 3)), (448, 448)]
        for made, size in zip(resized(image, *sizes), sizes, strict=True):
            assert np.array_equal(made, whole(image, size)), (image.size, size)


@pytest.mark.parametrize("strip", [1, 200_000, 10**9])
def test_strips_of_any_height_give_the_same(monkeypatch: pytest.MonkeyPatch, strip: int) -> None:
    monkeypatch.setattr(resizing, "STRIP_BYTES", strip)
    for size in [(700, 500), (301, 1009)]:
        image = noise(*size)
        for made, wanted in zip(resized(image, (448, 896), (448, 448)), [(448, 896), (448, 448)], strict=True):
            assert np.array_equal(made, whole(image, wanted)), (size, wanted)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (5, 3000), (6000, 40)])
def test_pictures_of_extreme_shapes(size: tuple[int, int]) -> None:
    image = noise(*size)
    assert np.array_equal(resized(image, (448, 448))[0], whole(image, (448, 448)))


@pytest.mark.parametrize("size", [(224, 224), (112, 448), (896, 1792)])
def test_halves_are_rounded_up(size: tuple[int, int]) -> None:
    """With these sizes weights are multiples of 1/1024, and many a sum ends in a half."""
    image = noise(*size)
    assert order_of_sides(size, (448, 448)) is not None
    assert np.array_equal(resized(image, (448, 448))[0], whole(image, (448, 448)))


@pytest.mark.parametrize("extreme", [(0, 255), (255, 0)])
def test_what_overshoots_at_an_edge_is_cut_off(extreme: tuple[int, int]) -> None:
    dots = np.full((300, 500, 3), extreme[0], np.uint8)
    dots[::7, ::5] = extreme[1]
    image = Image.fromarray(dots)
    assert np.array_equal(resized(image, (896, 448))[0], whole(image, (896, 448)))


def test_where_memory_is_short_pillow_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise MemoryError

    image = noise(500, 400)
    assert order_of_sides(image.size, (448, 448)) is not None
    monkeypatch.setattr(resizing._Work, "fill", none)
    assert np.array_equal(resized(image, (448, 448))[0], whole(image, (448, 448)))
    order_of_sides.cache_clear()
    assert order_of_sides(image.size, (448, 448)) is None
    assert np.array_equal(resized(image, (448, 448))[0], whole(image, (448, 448)))
    order_of_sides.cache_clear()


def test_tiles_are_filled_where_they_lie() -> None:
    image = noise(640, 480)
    cells = np.empty((6, 448, 448, 3), np.uint8)
    resize_into(image, [cells.reshape(2, 3, 448, 448, 3).swapaxes(1, 2)])
    right = whole(image, (1344, 896))
    assert np.array_equal(cells[1], right[:448, 448:896])
    assert np.array_equal(cells[5], right[448:, 896:])


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 800), (2560, 1440), (3840, 2160), (1366, 768), (1170, 2532)])
def test_common_screens_are_resized_without_pillow(size: tuple[int, int]) -> None:
    columns, rows = choose_grid(*size)
    assert order_of_sides(size, (columns * 448, rows * 448)) is not None
    assert order_of_sides(size, (448, 448)) is not None


def test_the_side_pillow_takes_first_is_found_out() -> None:
    """Pillow 13 takes the height first when it shrinks much more than the width does."""
    assert order_of_sides((1920, 1080), (1792, 896)) == "width first"
    assert order_of_sides((390, 844), (448, 448)) == "height first"
    image = noise(1000, 1000)
    for size in [(896, 448), (1792, 448), (448, 1792), (1792, 896), (896, 400)]:
        assert np.array_equal(resized(image, size)[0], whole(image, size)), size


def test_weights_in_the_middle_between_two_integers_are_left_to_pillow() -> None:
    found = [width for width in range(960, 1130) if not certain(width, 896)]
    assert 974 in found
    assert len(found) < 20
    for width in found:
        assert order_of_sides((width, 20), (896, 40)) is None
        image = noise(width, 20)
        assert np.array_equal(resized(image, (896, 40))[0], whole(image, (896, 40)))


def test_a_picture_of_the_right_size_is_only_copied() -> None:
    assert order_of_sides((1344, 896), (1344, 896)) is None
    image = noise(1344, 896)
    assert np.array_equal(resized(image, (1344, 896))[0], np.asarray(image))


@pytest.mark.parametrize(("size", "wanted"), [(1920, 1792), (1080, 896), (1366, 1792), (7, 448), (3000, 448)])
def test_every_new_pixel_weighs_as_much_as_one_old_one(size: int, wanted: int) -> None:
    side = axis(size, wanted)
    sums = side.weights.sum(axis=1).reshape(-1)[:wanted]
    taps = np.count_nonzero(side.weights, axis=1).max()
    assert np.abs(sums - 1).max() <= taps / 2**WEIGHT_BITS
    assert -side.start <= side.reads
    assert side.reach >= size


def test_pictures_of_several_threads_do_not_mix() -> None:
    images = [noise(300 + 40 * number, 400) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda image: resized(image, (896, 448), (448, 448)), images))
    for image, (large, small) in zip(images, made, strict=True):
        assert np.array_equal(large, whole(image, (896, 448)))
        assert np.array_equal(small, whole(image, (448, 448)))


def test_an_error_in_a_thread_is_raised() -> None:
    def work(number: int) -> None:
        if number == 5:
            raise ValueError("five")

    with pytest.raises(ValueError, match="five"):
        in_parallel(work, range(9))


def never_begins(*_: object) -> int:
    return 0


def cannot_be_started(*_: object) -> int:
    raise RuntimeError("can't start new thread")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("start", [never_begins, cannot_be_started])
def test_without_memory_for_threads_one_does_it_all(start: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resizing, "start_new_thread", start)
    monkeypatch.setattr(resizing, "cores", lambda: 4)
    done: list[int] = []
    in_parallel(done.append, range(9))
    assert done == list(range(9))
