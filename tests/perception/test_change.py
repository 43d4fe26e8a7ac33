"""What changed between two pictures is told region by region; a blinking cursor is no change."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from handeye.perception.change import difference, fingerprint
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot


def picture(*marks: tuple[int, int, int, int], seed: int = 1, size: tuple[int, int] = (800, 600)) -> Screenshot:
    noise = np.random.default_rng(seed).integers(0, 200, (size[1] // 20, size[0] // 20, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize(size, Image.Resampling.NEAREST)
    for mark in marks:
        ImageDraw.Draw(image).rectangle((mark[0], mark[1], mark[2] - 1, mark[3] - 1), fill="white")
    return Screenshot(image)


def test_equal_pictures_do_not_differ() -> None:
    assert difference(picture(), picture()).fraction == 0
    assert difference(picture(), picture()).boxes == ()


def test_changed_regions_are_separate_and_exact_to_the_pixel() -> None:
    change = difference(picture(), picture((100, 50, 160, 90), (500, 400, 700, 440)))
    assert set(change.boxes) == {Box(100, 50, 160, 90), Box(500, 400, 700, 440)}
    assert change.box == Box(100, 50, 700, 440)
    assert change.fraction == (60 * 40 + 200 * 40) / (800 * 600)


def test_pictures_of_different_sizes_differ_everywhere() -> None:
    assert difference(picture(), picture(size=(400, 300))).fraction == 1


def test_a_caret_is_a_blink_and_a_letter_is_not() -> None:
    assert difference(picture(), picture((100, 100, 102, 116))).blink
    assert not difference(picture(), picture((100, 100, 108, 112))).blink


def test_the_fingerprint_overlooks_a_caret_and_a_clock_but_not_a_dialog() -> None:
    before = fingerprint(picture())
    assert fingerprint(picture((100, 100, 102, 116))) == before
    assert fingerprint(picture((700, 580, 760, 596))) == before
    assert fingerprint(picture((200, 200, 600, 400))) != before
    assert fingerprint(picture(seed=2)) != before
