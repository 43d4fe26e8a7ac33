"""What typing did, told from the signals of a program that names no elements."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from handeye.perception.observation import Observation
from handeye.perception.outcome import judge
from handeye.perception.reading import ocr
from handeye.tools.actions import Type
from handeye.tools.device import Signals
from handeye.tools.screenshot import Screenshot

BEFORE = Signals(title="Untitled", tabs=("Untitled",))
MARKED = BEFORE.model_copy(update={"title": "*Untitled", "tabs": ("*Untitled",)})


def observation(signals: Signals, text: str = "") -> Observation:
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).text((20, 20), text, "black", font_size=30)
    return Observation(Screenshot(image), signals=signals, reader=ocr.read)


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        (observation(MARKED, "hello"), "confirmed"),
        (observation(BEFORE, "hello"), "confirmed"),
        (observation(BEFORE), "no_effect"),
        (
            observation(BEFORE.model_copy(update={"tabs": ("Untitled", "Find"), "tab": 1, "title": "Find"})),
            "unexpected",
        ),
        (observation(BEFORE.model_copy(update={"dialog": "Leave?"}), "hello"), "unexpected"),
    ],
)
def test_an_editor_that_marks_its_title_has_taken_the_text(after: Observation, kind: str) -> None:
    assert judge(Type(text="hello"), observation(BEFORE), after).kind == kind


@pytest.mark.parametrize(
    ("before", "after", "kind", "evidence"),
    [
        ("", "second", "confirmed", "the picture reads “second”"),
        ("first", "second", "confirmed", "the picture reads “second”"),
        ("first", "secondfirst", "unexpected", "“secondfirst”, more than was typed"),
        ("first", "firstsecond", "unexpected", "“firstsecond”, more than was typed"),
        ("first", "third", "unknown", "the picture reads “third”"),
        ("first", "first", "no_effect", "nothing changed"),
    ],
)
def test_a_field_that_only_the_picture_shows_is_read_off_it(before: str, after: str, kind: str, evidence: str) -> None:
    outcome = judge(Type(text="second", clear=True), observation(BEFORE, before), observation(BEFORE, after))
    assert (outcome.kind, evidence in outcome.evidence) == (kind, True), outcome


def test_without_anything_that_reads_the_picture_it_stays_unknown() -> None:
    before, after = (replace(observation(BEFORE, text), reader=None) for text in ("", "second"))
    outcome = judge(Type(text="second", clear=True), before, after)
    assert outcome.kind == "unknown"
    assert "what the field holds cannot be read" in outcome.evidence
