"""Resizing in strips, against Pillow resizing in one piece."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from handeye.perception.resizing import in_parallel, resized, strips
from handeye.perception.tiling import choose_grid


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


def whole(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


@pytest.mark.parametrize("most", [1, 2, 4])
def test_strips_equal_the_whole_for_random_sizes(most: int) -> None:
    rng = random.Random(most)
    for _ in range(6):
        image = noise(rng.randint(1, 1500), rng.randint(1, 1500))
        sizes = [(448 * rng.randint(1, 4), 448 * rng.randint(1, 3)), (448, 448)]
        for made, size in zip(resized(image, sizes, most), sizes, strict=True):
            assert np.array_equal(made, whole(image, size)), (image.size, size)


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 800), (2560, 1440), (3840, 2160)])
def test_common_screens_are_resized_in_strips(size: tuple[int, int]) -> None:
    columns, rows = choose_grid(*size)
    assert len(strips(size, (columns * 448, rows * 448), 4)) == 4
    assert len(strips(size, (448, 448), 2)) == 2


def test_a_picture_that_pillow_shrinks_in_another_order_than_its_strips_is_resized_in_one_piece() -> None:
    """Pillow 13 takes the height first when it shrinks more than the width does; a narrower strip turns that round."""
    image = noise(1000, 1000)
    for size in [(896, 448), (1792, 448), (448, 1792), (1792, 896), (896, 400)]:
        assert np.array_equal(resized(image, [size], 4)[0], whole(image, size)), size


def test_weights_in_the_middle_between_two_integers_keep_a_picture_in_one_piece() -> None:
    found = [width for width in range(960, 1130) if len(strips((width, 20), (896, 20), 2)) == 1]
    assert 974 in found
    assert len(found) < 20
    for width in found:
        image = noise(width, 20)
        assert np.array_equal(resized(image, [(896, 20)], 2)[0], whole(image, (896, 20)))


def test_a_picture_of_the_right_size_is_not_resized() -> None:
    assert len(strips((1344, 896), (1344, 896), 4)) == 1
    image = noise(1344, 896)
    assert np.array_equal(resized(image, [(1344, 896)], 4)[0], np.asarray(image))


def test_what_goes_wrong_in_a_thread_is_told() -> None:
    def work(number: int) -> None:
        if number == 5:
            raise ValueError("five")

    with pytest.raises(ValueError, match="five"):
        in_parallel(work, range(9))
