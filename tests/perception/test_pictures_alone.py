"""What is found where a picture is all there is: rows by their words, checkboxes and switches by their shape."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from handeye.perception.phrases.matching import find
from handeye.perception.reading.outlines import outlined
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

SIZE = (900, 600)
PLACES = {
    "Chats": (20, 10), "Playlists": (20, 560), "Ada Berg": (70, 200), "See you": (70, 225), "Tom Keller": (70, 300),
    "Volume": (300, 180), "Dark mode": (300, 100), "Play sounds": (300, 140), "Rain": (300, 300),
    "notes.txt": (340, 400),
}  # fmt: skip


def lines() -> list[Element]:
    """Texts as they are read off a picture."""
    return [
        Element(id=f"t{number}", role="text", name=name, source="ocr", box=Box(x, y, x + 8 * len(name), y + 18))
        for number, (name, (x, y)) in enumerate(PLACES.items())
    ]


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("the message from Tom Keller", "Tom Keller"),
        ("the chat with Ada Berg", "Ada Berg"),  # not the heading “Chats”
        ("the “Rain” playlist", "Rain"),  # not the heading “Playlists”
    ],
)
def test_a_row_is_known_by_what_stands_in_it(phrase: str, name: str) -> None:
    found = find(phrase, lines(), size=SIZE)
    assert found
    assert found[0].element.name == name


def test_a_row_that_is_not_there_is_not_found() -> None:
    assert not find("the message from Rosa Duarte", lines(), size=SIZE)


def cards(rows: int, columns: int) -> list[Element]:
    """Titles with a price below them and a button further down, nearer to the title of the card below."""
    names = ["Oak stool", "Wool rug", "Plant pot", "Reading lamp", "Side table", "Desk tidy"]
    found = []
    for number, name in enumerate(names[: rows * columns]):
        x, y = 40 + 220 * (number % columns), 160 + 180 * (number // columns)
        for text, left, top in ((name, x, y), (f"{number + 3}9 €", x, y + 60), ("Add", x + 120, y + 130)):
            box = Box(left, top, left + 8 * len(text), top + 18)
            found.append(Element(id=f"{text}{number}", role="text", name=text, source="ocr", box=box))
    return found


@pytest.mark.parametrize(("rows", "columns"), [(3, 1), (2, 3), (3, 2)])
def test_the_button_of_a_card_is_its_own_though_a_neighbours_is_nearer(rows: int, columns: int) -> None:
    screen = cards(rows, columns)
    titles = [each for each in screen if each.name[0].isupper() and each.name != "Add"]
    assert len(titles) == rows * columns
    for number, title in enumerate(titles):
        assert find(f'the "Add" button next to "{title.name}"', screen, size=SIZE)[0].element.id == f"Add{number}"


def test_a_row_keeps_the_button_in_its_own_line() -> None:
    """Though each button, that of the whole list as well, has a text one line below it on the left."""
    screen = [
        Element(id=f"{text}{row}", role="text", name=text, source="ocr", box=Box(x, y, x + 8 * len(text), y + 18))
        for row, name in enumerate(["", "Roses", "Tulips", "Asters", "3 flowers"])
        for text, x, y in ((name, 40, 100 + 40 * row), ("Edit" if row < 4 else "", 400, 100 + 40 * row))
        if text
    ]
    for row, name in enumerate(["Roses", "Tulips", "Asters"], start=1):
        assert find(f"Edit next to {name}", screen, size=SIZE)[0].element.id == f"Edit{row}"


@pytest.fixture(scope="module")
def shapes() -> list[Element]:
    """Two switches, a slider with a rule below it, a checkbox, a paper beside it, and a letter like a box."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for top, fill in ((100, "#2457d6"), (140, "#777777")):
        draw.rounded_rectangle((800, top, 836, top + 18), 9, fill)
    draw.rectangle((400, 187, 600, 190), "#cccccc")
    draw.ellipse((440, 180, 456, 196), "#2457d6")
    draw.rectangle((360, 205, 600, 207), "#cccccc")
    draw.rectangle((300, 400, 317, 417), outline="#444444", width=2)
    draw.rectangle((322, 400, 333, 417), outline="#444444", width=2)
    draw.rectangle((340 + 32, 404, 340 + 42, 414), outline="#444444", width=2)
    return [*lines(), *outlined(Screenshot(image), lines())]


@pytest.mark.parametrize(
    ("phrase", "box"),
    [
        ("the Dark mode switch", (800, 100, 836, 118)),  # at the end of its row
        ("the Play sounds switch", (800, 140, 836, 158)),
        ("the Volume slider", (400, 180, 601, 197)),
        ("the checkbox next to notes.txt", (300, 400, 317, 417)),  # nearer stands a paper, and a letter in the name
    ],
)
def test_shapes_are_told_from_each_other(shapes: list[Element], phrase: str, box: tuple[int, int, int, int]) -> None:
    found = find(phrase, shapes, size=SIZE)
    assert found
    assert Box(*box).holds(found[0].element.box.centre)
