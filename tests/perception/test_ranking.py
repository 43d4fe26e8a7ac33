"""Phrases and instructions become evidence; what fits it best is answered with its probability."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from PIL import Image

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.observation import Observation
from handeye.perception.phrases.spans import Line, Word
from handeye.perception.ranking.evidence import PhraseEvidence, read_evidence
from handeye.perception.training.boosting import Boosting, fit_trees
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

SIZE = (900, 600)


def names(evidence: PhraseEvidence) -> set[str]:
    return {name.text for name in evidence.names if not name.whole}


@pytest.mark.parametrize(
    ("phrase", "expected", "kinds", "places", "relations"),
    [
        ("Save", {"Save"}, (), (), []),
        ("the Save button", {"Save"}, ("button",), (), []),
        ('Click the "File" menu in the top left of the window to open it.', {"File"}, ("menu",), ("top", "left"), []),
        ("Press the gear icon (Settings) at the upper right, so that I can change the theme",
         {"gear", "Settings"}, ("icon",), ("top", "right"), []),
        ("In order to finish, use the Pages link", {"Pages"}, ("link",), (), []),
        ("open the settings by clicking the three dots", {"three dots"}, (), (), []),
        ("In the toolbar, click Bold", {"Bold"}, (), (), [("inside", "toolbar")]),
        ("the Edit button next to Invoice 12", {"Edit"}, ("button",), (), [("near", "Invoice 12")]),
        ('type "Ada" into the Name field', {"Name"}, ("field",), (), []),
        ("the checkbox labelled I agree", {"I agree"}, ("checkbox",), (), []),
        ("close the dialog", {"close"}, (), (), [("inside", "dialog")]),
        ("Add to cart", {"Add to cart"}, (), (), []),
        ("the blue Submit button below the form", {"Submit"}, ("button",), (), [("below", "form")]),
    ],
)  # fmt: skip
def test_evidence_of_phrases_and_instructions(
    phrase: str, expected: set[str], kinds: tuple[str, ...], places: tuple[str, ...], relations: list[tuple[str, str]]
) -> None:
    evidence = read_evidence(phrase)
    assert names(evidence) == expected
    assert evidence.kinds == kinds
    assert evidence.places == places
    assert [(each.kind, each.anchor) for each in evidence.relations] == relations


def line(number: int, name: str, left: int, top: int) -> Line:
    words, x = [], left
    for word in name.split():
        words.append(Word(word, Box(x, top, x + 8 * len(word), top + 18)))
        x += 8 * len(word) + 6
    box = Box(left, top, x - 6, top + 18)
    return Line(id=f"t{number}", role="text", name=name, source="ocr", box=box, words=tuple(words))


PLACES = {
    "File": (10, 5), "Edit": (60, 5), "View": (110, 5), "Invoices": (20, 100), "Customers": (20, 140),
    "Export report": (700, 100), "Total amount": (300, 300), "Delete account": (300, 400), "Sign out": (800, 5),
    "Rename": (300, 200), "Print": (300, 500), "print": (600, 500),
}  # fmt: skip
WORDS = tuple(line(number, name, *place) for number, (name, place) in enumerate(PLACES.items()))


def observed(words: tuple[Element, ...] = WORDS, size: tuple[int, int] = SIZE) -> Observation:
    return Observation(Screenshot(Image.new("RGB", size, "white")), reader=lambda _: words)


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("Click on the Edit menu in order to undo the last change", "Edit"),
        ("the Customers entry (it opens another page)", "Customers"),
        ("the Rename button of the dialog", "Rename"),  # no dialog is seen
        ("Please select Export report so that I can send it", "Export report"),
        ('Press "Sign out" at the top right of the window', "Sign out"),
        ("the Invoices link on the desktop", "Invoices"),
        ("Find the Total amount text below Nothing of that name", "Total amount"),
    ],
)
def test_instructions_find_what_they_name(phrase: str, name: str) -> None:
    grounding = EmbeddedPerception().ground(observed(), phrase)
    assert grounding is not None
    assert Box(*next(each.box for each in WORDS if each.name == name)).holds(grounding.point)
    assert grounding.confidence >= 0.5


@pytest.mark.parametrize(
    "phrase",
    [
        'Click the "Delete forever" button to continue',
        '"Rename file"',
        "the Wi-Fi switch",
        "Please open the Bluetooth menu",
        "",
    ],
)
def test_what_is_not_there_is_not_found(phrase: str) -> None:
    assert EmbeddedPerception().ground(observed(), phrase) is None


def test_near_ties_are_reported_and_an_unlikely_place_is_not_acted_on() -> None:
    twins = (line(1, "Remove", 100, 100), line(2, "Remove", 100, 300))
    grounding = EmbeddedPerception().ground(observed(twins), "Click Remove to go on")
    assert grounding is not None
    assert "say which one" in grounding.unclear
    listed = EmbeddedPerception(min_confidence=0.0).candidates(observed(), "the Customers and Invoices")
    assert [each.confidence for each in listed] == sorted((each.confidence for each in listed), reverse=True)
    assert all(each.unclear for each in listed if each.confidence < 0.75)


def test_a_higher_least_confidence_answers_less() -> None:
    phrases = [name[:-2] for name in PLACES]
    counts = [
        sum(EmbeddedPerception(least).ground(observed(), phrase) is not None for phrase in phrases)
        for least in (0.01, 0.5, 0.999)
    ]
    assert counts[0] >= counts[1] >= counts[2] == 0
    assert counts[0] > 0


@pytest.mark.parametrize("size", [(1, 1), (20_000, 50), SIZE])
def test_any_phrase_on_any_picture_is_answered_in_bounded_time(size: tuple[int, int]) -> None:
    rng = random.Random(1)
    said = [word for name in PLACES for word in name.split()] + ["next", "to", "in", "(", '"', "the"]
    many = tuple(line(n, " ".join(rng.choices(said, k=3)), rng.randrange(900), rng.randrange(600)) for n in range(300))
    perception, began = EmbeddedPerception(), time.monotonic()
    for phrase in (" ".join(rng.choices(said, k=10_000)), "?!…", "", "(" * 2000, '"' * 2001, "a" * 20_000):
        perception.ground(observed(many, size), phrase)
    assert time.monotonic() - began < 20


def test_trees_learn_which_candidate_is_right_and_how_sure_that_is() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(600), 4)
    rows = rng.random((2400, 3)).astype(np.float32)
    right = np.zeros(2400, bool)
    for number in range(0, 2400, 4):
        best = number + int(rows[number : number + 4, 0].argmax())
        right[best] = rows[best, 0] > 0.8 and rng.random() < 0.9  # else it is not there
    trees = fit_trees(rows, right, groups, np.ones(600), Boosting(trees=60, depth=3))
    chances = np.concatenate([trees.probabilities(rows[n : n + 4]) for n in range(0, 2400, 4)]).reshape(600, 4)
    assert np.allclose(chances, np.clip(chances, 0, 1))
    assert (chances.sum(axis=1) <= 1 + 1e-9).all()
    best = chances.argmax(axis=1)
    found = right.reshape(600, 4)[np.arange(600), best]
    assert found[chances.max(axis=1) > 0.7].mean() > 0.8
    assert abs(chances.max(axis=1).mean() - found.mean()) < 0.08
