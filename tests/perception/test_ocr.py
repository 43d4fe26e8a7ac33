"""Text is read off pictures line by line, with a box for every word."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageFont

from handeye.perception.phrases.spans import Line, Word
from handeye.perception.reading import ocr
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot


def drawn(
    *texts: tuple[int, int, str], size: tuple[int, int] = (900, 200), ink: str = "black", paper: str = "white"
) -> Screenshot:
    image = Image.new("RGB", size, paper)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(18)
    for left, top, text in texts:
        pen.text((left, top), text, fill=ink, font=font)
    return Screenshot(image)


@pytest.mark.parametrize(("ink", "paper"), [("black", "white"), ("#ddd", "#1e1e1e"), ("white", "#0b57d0")])
def test_lines_are_read_in_reading_order_light_and_dark(ink: str, paper: str) -> None:
    screen = drawn(
        (20, 120, "Below the first line"), (20, 20, "Save the document"), (500, 22, "Cancel"), ink=ink, paper=paper
    )
    lines = ocr.read(screen)
    assert [line.name for line in lines] == ["Save the document", "Cancel", "Below the first line"]
    assert [line.id for line in lines] == ["t1", "t2", "t3"]
    assert {(line.role, line.source) for line in lines} == {("text", "ocr")}
    assert all(line.confidence > 0.8 for line in lines)


def test_every_word_has_its_own_box_inside_the_line() -> None:
    line = ocr.read(drawn((20, 20, "Save or discard the changes")))[0]
    assert isinstance(line, Line)
    assert [word.text for word in line.words] == ["Save", "or", "discard", "the", "changes"]
    assert all(line.box.left <= word.box.left < word.box.right <= line.box.right for word in line.words)
    assert line.words[2].box.left > line.words[0].box.right


def test_words_far_apart_on_a_line_are_things_of_their_own() -> None:
    names = [line.name for line in ocr.read(drawn((20, 20, "File"), (85, 20, "Edit"), (150, 20, "View")))]
    assert names == ["File", "Edit", "View"]
    words = [Word("File", Box(0, 0, 30, 20)), Word("Edit", Box(46, 0, 76, 20)), Word("all", Box(82, 0, 100, 20))]
    pieces = ocr._split(words, Box(0, 0, 100, 20))
    assert [[word.text for word in piece] for piece in pieces] == [["File"], ["Edit", "all"]]


def test_an_empty_picture_holds_no_text() -> None:
    assert ocr.read(drawn()) == ()
    assert ocr.read(Screenshot(Image.new("RGB", (2, 2)))) == ()


def test_a_picture_seen_before_is_not_read_again() -> None:
    screen = drawn((20, 20, "Once only"))
    first = ocr.read(screen)
    assert ocr.read(Screenshot(screen.image.copy())) is first


def test_a_large_screen_is_read_in_parts_and_each_line_once() -> None:
    texts = [(100, 100, "Top left corner"), (2900, 100, "Top right corner"), (1780, 700, "Across the middle seam")]
    lines = ocr.read(drawn(*texts, size=(3200, 900)))
    assert sorted(line.name for line in lines) == sorted(text for _, _, text in texts)
    right = next(line for line in lines if "right" in line.name)
    assert abs(right.box.left - 2900) < 8
