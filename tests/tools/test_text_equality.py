"""Texts are compared literally: signs, digits and letters carry meaning; how a text is set does not."""

from __future__ import annotations

import pytest
from PIL import Image

from handeye.perception.observation import Observation
from handeye.perception.phrases.matching import shows
from handeye.perception.phrases.wording import alike
from handeye.tools.element import Element
from handeye.tools.field_values import CONVERSIONS, means
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot
from handeye.tools.text_equality import contains, held, same

HELD = {
    "same": [
        ("it’s", "it's"), ("naïve", "nai\u0308ve"), ("co\u00adop", "coop"), ("a  b", " a\u00a0b "), ("１２", "12"),
        ("ﬁx", "fix"),
    ],
    "reformatted": [
        ("9165550123", "(916) 555-0123"), ("24122027", "24.12.2027"), ("4000123412341234", "4000 1234 1234 1234"),
        ("98765.4", "98,765.40"), ("7250000", "7,250,000"), ("2,5", "2,50"), ("30", "30 %"), ("8", "8.00"),
        ("12345678909", "123.456.789-09"), ("9876543", "98,76,543"),
        ("DE44500105175407324931", "DE44 5001 0517 5407 3249 31"),
    ],
    "unclear": [("4321", "4.321")],
    "different": [
        ("2,5", "25"), ("25", "2.5"), ("2500", "25.00"), ("-3.75", "3.75"), ("3.75", "-3.75"), ("£9", "9"),
        ("007", "7"),
        ("7", "(7)"), ("12.50", "12.5"), ("Eve Ray", "EveRay"), ("Evelyn", "Evel"), ("iPad", "IPAD"), ("C++", "C"),
        ("B-", "B"), ("10³", "103"), ("¼", "1/4"), ("new", "newold"), ("new", "oldnew"), ("new", "new old"),
        ("new", ""),
        ("", "old"), ("\u00ad", "old"), ("50 %", "50"), ("a@b", "ab"), ("≥", "="),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("typed", "value", "how"), [(*pair, how) for how, pairs in HELD.items() for pair in pairs])
def test_what_a_field_holds_is_what_was_typed_or_that_set_apart(typed: str, value: str, how: str) -> None:
    assert held(typed, value) == how


@pytest.mark.parametrize(
    ("text", "wanted", "there"),
    [
        ("Total 84.90 kg", "84.90", True), ("Total €84.90", "84.90", True), ("184.90", "84.90", False),
        ("84.905", "84.90", False),
        ("13 files", "3 files", False), ("3 files left", "3 files", True), ("3files", "3 files", True),
        ("€30", "€3", False),
        ("-7", "7", False), ("at -7 °C", "7", False), ("4-7", "7", True), ("≥7", "7", False), ("7½", "7", False),
        ("Not in stock", "in stock", True), ("Depart now", "part", False), ("Parts", "part", False),
        ("C++ and C#", "C", False),
        ("C++ and C#", "C++", True), ("rated B+", "rated B", False), ("rated B", "rated B+", False),
        ("AU$9", "$9", False),
        ("1.2.3", "1.2", False), ("2,5", "25", False), ("新しい本", "本", True), ("Ann’s bag", "Ann's", True),
        ("anything", "", False), ("anything", "\u200b", False), ("", "", False), ("x²", "x2", False),
        ("BUY now", "buy", True), ("9.00 each", "9", True), ("€9,00", "€9", True), ("9.50", "9.5", True),
        ("9,000", "9", False),
        ("9,500", "9,5", False), ("9.05", "9.0", False), ("9.00.1", "9", False), ("90", "9", False),
    ],
)  # fmt: skip
def test_a_text_stands_in_another_as_a_whole(text: str, wanted: str, there: bool) -> None:
    assert contains(text, wanted, case=False) is there
    element = Element(id="e1", box=Box(0, 0, 9, 9), role="text", name=text, source="dom")
    observation = Observation(Screenshot(Image.new("RGB", (20, 20))), (element,))
    assert shows(observation, wanted) is there


@pytest.mark.parametrize(
    ("wanted", "name", "least", "most"),
    [
        ("C++", "C", 0, 0), ("C", "C#", 0, 0), ("A-", "A", 0, 0), ("€9", "9", 0, 0), ("9", "€9", 0.62, 0.85),
        ("€9", "$9", 0, 0),
        ("2,5", "25", 0, 0), ("-9", "9", 0, 0), ("≥", "€", 0, 0), ("60%", "60", 0, 0), ("Add", "+ Add", 0.95, 1),
        ("Next", "Next >", 0.95, 1), ("E-mail", "Email", 0.9, 1), ("1,200", "1200", 0.9, 1),
        ("2½ cups", "2 cups", 0, 0),
        ("\u00ad", "\u200b", 0, 0), ("Cart", "Cart (4)", 0.9, 1), ("Basket", "Cart (4)", 0.8, 0.9),
    ],
)  # fmt: skip
def test_a_name_answers_only_with_its_signs_and_numbers(wanted: str, name: str, least: float, most: float) -> None:
    assert least <= alike(wanted, name).score <= most


def test_texts_that_hold_nothing_are_never_the_same() -> None:
    assert not same("", "")
    assert not same("\u00ad", " ")
    assert same("Straße", "STRASSE", case=False)
    assert not same("Straße", "STRASSE")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("date", "2027-06-05", "2027-06-05"), ("date", "5 June 2027", "2027-06-05"),
        ("date", "Sat, Jun 5th, 2027", "2027-06-05"),
        ("date", "05.06.2027", ""), ("date", "06/05/2027", ""), ("date", "6/6/2027", "2027-06-06"),
        ("date", "13.6.2027", "2027-06-13"),
        ("date", "31 June 2027", ""), ("date", "5 Foo 2027", ""), ("date", "tomorrow", ""),
        ("time", "9:05 am", "09:05"),
        ("time", "12 am", "00:00"), ("time", "24:00", ""), ("time", "9", ""), ("time", "23:59:30", "23:59:30"),
        ("datetime-local", "5 Jun 2027, 9:05 pm", "2027-06-05T21:05"), ("datetime-local", "5 Jun 2027", ""),
        ("month", "6/2027", "2027-06"), ("month", "Sept 2027", "2027-09"), ("month", "13/2027", ""),
        ("week", "week 9, 2027", "2027-W09"),
        ("week", "2027-W54", ""), ("color", "teal", "#008080"), ("color", "0A0B0C", "#0a0b0c"),
        ("color", "rgba(1, 2, 3, 0.5)", ""),
        ("range", "12.50", "12.5"), ("range", "1,5", ""), ("range", "5 kg", ""),
    ],
)  # fmt: skip
def test_a_value_is_written_in_the_one_form_that_its_input_takes(kind: str, text: str, value: str) -> None:
    assert CONVERSIONS[kind](text) == value
    if value and kind != "range":
        assert means(text, value)
