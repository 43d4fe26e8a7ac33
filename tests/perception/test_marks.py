"""Marked pictures: what is drawn is at the right place, seen on any background, and readable."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageChops

from handeye.perception.marks import COLOURS, mark
from handeye.perception.observation import Grounding
from handeye.perception.reading import ocr
from handeye.tools.geometry import Box, Point
from handeye.tools.screenshot import Screenshot


def found(x: int, y: int, box: Box | None = None) -> Grounding:
    return Grounding(Point(x, y), by="ocr", box=box)


def changed(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int]:
    box = ImageChops.difference(before.convert("RGB"), after).getbbox()
    assert box
    return box


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (128, 128, 128), *COLOURS])
def test_a_mark_is_seen_on_every_background(ground: tuple[int, int, int]) -> None:
    blank = Image.new("RGB", (640, 480), ground)
    pixels = np.asarray(mark(blank, [("here", found(300, 200))]), dtype=int)
    around = pixels[185:216, 285:316].reshape(-1, 3)
    distances = np.abs(around - np.array(ground)).sum(axis=1)
    assert (distances > 200).sum() > 60


@pytest.mark.parametrize("size", [(640, 480), (1344, 896), (3840, 2160)])
def test_the_dot_is_on_the_point(size: tuple[int, int]) -> None:
    point = Point(size[0] // 3, size[1] // 2)
    marked = mark(Image.new("RGB", size, "white"), [("", Grounding(point, by="x"))])
    assert marked.getpixel(point) == COLOURS[0]


def test_a_box_is_drawn_around_its_pixels_and_covers_none_of_them_but_the_crosshair() -> None:
    blank = Image.new("RGB", (640, 480), "white")
    box = Box(100, 200, 400, 300)
    marked = mark(blank, [("x", found(250, 250, box))])
    inside = np.asarray(marked.crop(box)).copy()
    inside[30:70, 130:170] = 255
    assert (inside == 255).all()
    edge = np.asarray(marked)[200:300, box.right : box.right + 4].reshape(-1, 3)
    assert (edge == COLOURS[0]).all(axis=1).any()


def test_the_label_can_be_read() -> None:
    marked = mark(
        Image.new("RGB", (1344, 896), "black"), [("Save draft", found(400, 300)), ("Cancel", found(900, 600))]
    )
    words = " ".join(element.name for element in ocr.read(Screenshot(marked)))
    assert "1" in words
    assert "Save draft" in words
    assert "Cancel" in words


@pytest.mark.parametrize("point", [(0, 0), (799, 0), (0, 599), (799, 599), (400, 0), (0, 300)])
@pytest.mark.parametrize("boxed", [False, True])
def test_labels_of_marks_at_the_edge_stay_inside(point: tuple[int, int], boxed: bool) -> None:
    blank = Image.new("RGB", (800, 600), "white")
    box = Box(point[0] - 20, point[1] - 10, point[0] + 20, point[1] + 10) if boxed else None
    marked = np.asarray(mark(blank, [("at the edge", found(*point, box))]))
    colour = (marked == COLOURS[0]).all(axis=2)
    rows = np.flatnonzero(colour.sum(axis=1) > 60)
    assert len(rows) >= 10, "the whole height of the label is in the picture"


def test_labels_do_not_cover_what_was_found_or_each_other() -> None:
    blank = Image.new("RGB", (1344, 896), "white")
    rows = [Box(300, 100 + 60 * n, 500, 130 + 60 * n) for n in range(5)]
    marked = np.asarray(mark(blank, [(f"row {n}", found(*box.centre, box)) for n, box in enumerate(rows)]))
    for index, box in enumerate(rows):
        inside = marked[box.top : box.bottom, box.left : box.right]
        for other in COLOURS[:index] + COLOURS[index + 1 :]:
            assert not (inside == other).all(axis=2).any()
        assert (marked == COLOURS[index]).all(axis=2).sum() > 700, "its label is whole"


def test_labels_go_where_there_is_least_to_see() -> None:
    picture = Image.new("RGB", (800, 600), "white")
    stripes = Image.new("RGB", (400, 8))
    for row in range(0, 600, 16):
        picture.paste(stripes, (400, row))
    marked = np.asarray(mark(picture, [("quiet side", found(395, 300, Box(380, 290, 410, 310)))]))
    assert (marked[:, 420:] == np.asarray(picture)[:, 420:]).all()


def test_the_picture_given_is_left_alone() -> None:
    picture = Image.new("RGB", (300, 200), "white")
    marked = mark(picture, [("x", found(100, 100))])
    assert picture.getcolors() == [(60_000, (255, 255, 255))]
    assert marked.size == picture.size
    assert changed(picture, marked)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_every_kind_of_picture_can_be_marked(mode: str) -> None:
    assert mark(Image.new(mode, (200, 100)), [("x", found(50, 50))]).mode == "RGB"


@pytest.mark.parametrize("phrase", ["", "世界 🌍", "two\nlines", "x" * 5000, "\x00\x1b[31m", "‮abc"])
@pytest.mark.parametrize("size", [(1, 1), (9, 200), (400, 300)])
def test_any_phrase_on_any_picture(phrase: str, size: tuple[int, int]) -> None:
    marked = mark(Image.new("RGB", size, "white"), [(phrase, found(size[0] // 2, size[1] // 2))])
    assert marked.size == size
    changed(Image.new("RGB", size, "white"), marked)


def test_nothing_found_leaves_a_plain_copy() -> None:
    picture = Image.new("RGB", (30, 20), "red")
    assert mark(picture, []) == picture


def test_each_answer_of_several_has_a_dot_and_a_single_one_has_none() -> None:
    blank = Image.new("RGB", (640, 480), "white")
    places = (Point(100, 100), None, Point(500, 400))
    several = Grounding(Point(100, 100), by="x", samples=places, votes=1)
    marked = mark(blank, [("", several)])
    assert marked.getpixel((500, 400)) == COLOURS[0]
    single = mark(blank, [("", Grounding(Point(100, 100), by="x", samples=(Point(500, 400),), votes=1))])
    assert single.getpixel((500, 400)) == (255, 255, 255)
