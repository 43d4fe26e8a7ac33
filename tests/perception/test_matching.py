"""Phrases find what a person would point at, and nothing when it is not there."""

from __future__ import annotations

import pytest

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import find, nearest
from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.spans import Line, Word
from handeye.perception.phrases.wording import alike
from handeye.tools.element import Element
from handeye.tools.geometry import Box

SIZE = (1000, 900)


class Screen(list[Element]):
    """Elements, added by role, name and place; ids e1, e2 …"""

    def put(
        self, role: str, name: str, left: int, top: int, width: int = 90, height: int = 20, **more: object
    ) -> Element:
        box = Box(left, top, left + width, top + height)
        made = Element.model_validate(
            {"id": f"e{len(self) + 1}", "role": role, "name": name, "box": box, "source": "dom", **more}
        )
        self.append(made)
        return made


@pytest.fixture(scope="module")
def shop() -> Screen:
    screen = Screen()
    header = screen.put("banner", "", 0, 0, 1000, 60)
    screen.put("link", "Home", 20, 20, parent=header.id)
    screen.put("link", "Basket (1)", 800, 20, parent=header.id)
    screen.put("button", "☰", 950, 20, 30, 30, parent=header.id)
    screen.put("searchbox", "", 300, 20, 200, description="Search products", parent=header.id)
    results = screen.put("list", "Results", 100, 100, 600, 300)
    for index, name in enumerate(["Desk lamp", "Floor lamp", "Lamp shade"]):
        item = screen.put("listitem", "", 100, 100 + index * 100, 600, 90, parent=results.id)
        screen.put("link", name, 120, 105 + index * 100, parent=item.id)
        screen.put("text", "€ 12", 120, 130 + index * 100, parent=item.id)
        screen.put("button", "Add to cart", 500, 130 + index * 100, parent=item.id)
    screen.put("heading", "Your account", 100, 600)
    screen.put("text", "Email", 100, 640)
    screen.put("textbox", "", 200, 640, 200)
    screen.put("text", "Password", 100, 680)
    screen.put("textbox", "Password", 200, 680, 200, secret=True)
    screen.put("textbox", "First name", 200, 710, 200)
    screen.put("button", "Save As...", 100, 740)
    screen.put("button", "Save", 200, 740)
    screen.put("checkbox", "I agree to the terms", 100, 780, checked=False)
    screen.put("text", "Newsletter", 130, 810)
    screen.put("checkbox", "", 100, 810, 20, checked=True)
    screen.put("button", "Größe ändern", 400, 740)
    screen.put("button", "Off screen", 400, 1400)
    dialog = screen.put("dialog", "Settings", 600, 600, 300, 200)
    screen.put("button", "Save", 700, 760, parent=dialog.id)
    return screen


@pytest.mark.parametrize(
    ("phrase", "want", "place"),
    [
        ("Save", "click", (200, 740)),
        ("save", "click", (200, 740)),
        ("the Save button", "click", (200, 740)),
        ("save as", "click", (100, 740)),
        ('"Save As…"', "click", (100, 740)),
        ("the Save button in the dialog", "click", (700, 760)),
        ("Save in the Settings dialog", "click", (700, 760)),
        ("the second Add to cart button", "any", (500, 230)),
        ("the last Add to cart", "any", (500, 330)),
        ("the Add to cart button next to Floor lamp", "any", (500, 230)),
        ("Add to cart in the Lamp shade row", "any", (500, 330)),
        ("the second result", "click", (120, 205)),
        ("last result", "click", (120, 305)),
        ("result 3", "click", (120, 305)),
        ("the result with Floor lamp", "click", (120, 205)),
        ("first of the links", "any", (20, 20)),
        ("third link", "any", (120, 105)),
        ("the icon at the top right", "any", (950, 20)),
        ("menu", "click", (950, 20)),
        ("basket", "click", (800, 20)),
        ("the cart", "click", (800, 20)),
        ("home in the header", "click", (20, 20)),
        ("search box", "type", (300, 20)),
        ("the search field", "any", (300, 20)),
        ("Email", "type", (200, 640)),
        ("E-Mail", "type", (200, 640)),
        ("the field next to Email", "any", (200, 640)),
        ("the field for Email", "type", (200, 640)),
        ("the field below Email", "type", (200, 680)),
        ("Passwort", "type", (200, 680)),
        ("First name", "type", (200, 710)),
        ("the first name field", "type", (200, 710)),
        ("Newsletter", "tick", (100, 810)),
        ("the checkbox to the left of Newsletter", "tick", (100, 810)),
        ("Terms", "tick", (100, 780)),
        ("Grosse andern", "click", (400, 740)),
        ("the button to the right of Save As", "any", (200, 740)),
        ("off screen", "click", (400, 1400)),
    ],
)
def test_a_phrase_finds_what_a_person_would_point_at(
    shop: Screen, phrase: str, want: str, place: tuple[int, int]
) -> None:
    found = find(phrase, shop, want=want, size=SIZE)  # type: ignore[arg-type]
    assert found, nearest(phrase, shop)
    assert tuple(found[0].element.box[:2]) == place, found[:3]


@pytest.mark.parametrize(
    "phrase", ["Order now", "the fourth Add to cart button", "the fifth result", "Delete", "Save in the header", "zzz"]
)
def test_what_is_not_there_is_not_found(shop: Screen, phrase: str) -> None:
    assert find(phrase, shop, size=SIZE) == []


def test_the_nearest_names_help_whoever_made_a_mistake(shop: Screen) -> None:
    assert nearest("Ad to card", shop)[0] == "Add to cart"
    assert nearest("the Sav button", shop)[0] == "Save"


def test_equally_good_matches_are_reported_as_rivals(shop: Screen) -> None:
    assert len(find("Add to cart", shop, size=SIZE)[0].rivals) == 2
    assert find("Basket", shop, size=SIZE)[0].rivals == ()


def test_enabled_comes_before_disabled_and_visible_before_off_screen() -> None:
    screen = Screen()
    screen.put("button", "Go", 10, 10, enabled=False)
    screen.put("button", "Go", 10, 2000)
    screen.put("button", "Go", 10, 100)
    assert find("Go", screen, size=SIZE)[0].element.id == "e3"


def test_a_control_comes_before_plain_text_of_the_same_name() -> None:
    screen = Screen()
    screen.put("heading", "Settings", 10, 10)
    screen.put("link", "Settings", 10, 100)
    assert find("Settings", screen, want="click", size=SIZE)[0].element.role == "link"


def test_a_part_of_what_stands_in_quotes_is_something_else() -> None:
    screen = Screen()
    screen.put("button", "Account", 100, 100)
    screen.put("text", "Hello", 100, 200, source="ocr")
    assert not find('"Delete account"', screen, size=SIZE)
    assert not find('the "Delete account" button', screen, size=SIZE)
    assert not find('"Hello Ada"', screen, size=SIZE)
    assert find("Delete account", screen, size=SIZE)  # without quotes it may be meant


def test_a_label_that_is_broken_into_lines_is_found_whole() -> None:
    def line(name: str, left: int, top: int) -> Line:
        return Line(
            id=name, role="text", name=name, source="ocr", box=Box(left, top, left + 8 * len(name), top + 18),
            words=tuple(Word(word, Box(left, top, left + 20, top + 18)) for word in name.split()),
        )  # fmt: skip

    apart = [line("Delete", 100, 100), line("account", 100, 180), line("Move to", 400, 100), line("account", 404, 122)]
    assert not find('"Delete account"', apart, size=SIZE)
    (whole, *_) = find('"Move to account"', apart, size=SIZE)
    assert whole.element.box == Box(400, 100, 460, 140)


def test_a_quoted_role_word_is_a_label() -> None:
    screen = Screen()
    screen.put("button", "Search", 10, 10)
    screen.put("link", "Search button", 10, 100)
    assert find("the Search button", screen, size=SIZE)[0].element.role == "button"
    assert find('"Search button"', screen, size=SIZE)[0].element.role == "link"


def test_cards_without_any_container_are_told_apart_by_their_places() -> None:
    screen = Screen()
    for column in range(3):
        screen.put("heading", f"Plan {'ABC'[column]}", 100 + column * 300, 100)
        screen.put("text", "per month", 100 + column * 300, 140)
        screen.put("button", "Choose", 100 + column * 300, 180)
    found = find("the Choose button next to Plan B", screen, size=SIZE)
    assert found[0].element.box.left == 400
    assert find("the third Choose button", screen, size=SIZE)[0].element.box.left == 700


@pytest.mark.parametrize(
    ("better", "worse"),
    [("Save", "save"), ("save", "SAVE!"), ("Save…", "Save as"), ("Save as", "Do not save"), ("Save as", "Quit")],
)
def test_the_closer_wording_scores_higher(better: str, worse: str) -> None:
    assert alike("Save", better).score > alike("Save", worse).score


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("log in", "Login"), ("cafe", "Café"), ("strasse", "Straße"), ("e-mail", "Email"), ("lamps", "Lamp"),
        ("Don't save", "Don’t save"), ("Ｓａｖｅ", "Save"), ("close", "×"), ("basket", "Cart (3)"),
        ("设置", "打开设置"),
    ],
)  # fmt: skip
def test_the_same_in_other_letters_is_still_good_enough(wanted: str, text: str) -> None:
    assert alike(wanted, text).score >= 0.75


def test_a_phrase_is_read_literally_first() -> None:
    assert readings("First name")[0].text == "First name"
    assert any(query.ordinal == 1 and query.text == "name" for query in readings("First name"))
    assert [query.text for query in readings('"Next button"')] == ["Next button"]


@pytest.mark.parametrize(
    ("wanted", "text"),
    [("Invoice 99", "Invoice 11"), ("Invoice 99", "Invoices"), ("Green chair", "Red chair"), ("Save", "Safe mode")],
)
def test_a_neighbour_is_never_good_enough(wanted: str, text: str) -> None:
    assert alike(wanted, text).score < 0.62


def test_a_row_is_known_by_what_stands_first_in_it_rather_than_by_another_of_its_cells() -> None:
    screen = Screen()
    table = screen.put("table", "", 0, 0, 600, 90)
    for place, (name, boss) in enumerate([("Ann", "Zed"), ("Zed", "Mia")]):
        row = screen.put("row", "", 0, 30 * place, 600, 30, parent=table.id)
        screen.put("cell", name, 0, 30 * place, parent=row.id)
        screen.put("cell", boss, 200, 30 * place, parent=row.id)
        screen.put("button", "Remove", 400, 30 * place, parent=row.id)
    for place, name in enumerate(["Mia", "Ed"]):
        screen.put("text", name, 0, 300 + 30 * place)
        screen.put("button", "Delete", 100, 300 + 30 * place)
    assert [match.element.box.top for match in found(screen, '"Remove" in the row with "Zed"')[:1]] == [30]
    assert [match.element.box.top for match in found(screen, '"Remove" in the row with "Mia"')[:1]] == [30]
    assert [match.element.box.top for match in found(screen, '"Delete" next to "Mia"')[:1]] == [300]
    assert found(screen, '"Delete" in the row with "Mia"') == []  # that row has none


def found(screen: Screen, phrase: str) -> list[Match]:
    return find(phrase, screen, want="click", size=SIZE)


def grid() -> Screen:
    """Three rows of a page that has no roles for them, and a button above."""
    screen = Screen()
    for row, name in enumerate(("Ada Byron", "Bob Lind", "Zoë Kühn")):
        for place, (role, text) in enumerate((("text", name), ("button", "Edit"), ("button", "Löschen"))):
            screen.put(role, text, 20 + 120 * place, 40 + 40 * row, path=(1, row, place), items=(2,))
    screen.put("button", "Edit", 600, 0, path=(0, 1))
    return screen


@pytest.mark.parametrize(
    ("phrase", "tops"),
    [
        ("Bob Lind's Edit button", [80]), ("Edit for Bob Lind", [80]), ("the Edit button of “Bob Lind”", [80]),
        ("Edit in the row with Zoe Kuhn", [120]), ("Löschen in the third card", [120]), ("Edit below Bob Lind", [120]),
        ("the last Löschen", [120]), ("the button in the row with Bob Lind", [80, 80]), ("Edit", [40, 80, 120, 0]),
        ("Edit on the right", [0]), ("Löschen on the left", [40, 80, 120]), ("Edit in the row with Bobby", []),
    ],
)  # fmt: skip
def test_a_match_carries_those_that_answer_as_well(phrase: str, tops: list[int]) -> None:
    matches = found(grid(), phrase)[:1]
    assert [each.element.box.top for match in matches for each in (match, *match.rivals)] == tops
    assert all(match.confidence <= 1 / len(tops) for match in matches)


def test_things_in_a_line_are_counted_from_the_left_though_some_stand_a_little_lower() -> None:
    screen = Screen()
    for place, (top, button) in enumerate(((42, 70), (40, 110), (41, 68))):  # the second card's text is longer
        screen.put("text", "abc"[place], 20 + 200 * place, top, path=(0, place, 0), items=(2,))
        screen.put("button", "Open", 20 + 200 * place, button, path=(0, place, 1), items=(2,))
    for ordinal, left in (("first", 20), ("second", 220), ("third", 420), ("last", 420)):
        assert [match.element.box.left for match in found(screen, f"the {ordinal} Open")] == [left]
    bare = Screen(each.model_copy(update={"path": (), "items": ()}) for each in screen if each.box.top != 110)
    assert [match.element.box.left for match in found(bare, "the first Open")] == [20]
