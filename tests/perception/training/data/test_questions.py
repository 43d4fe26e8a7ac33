"""Questions: their phrases mean one thing on their screen, and handeye's own readers read their answers."""

from __future__ import annotations

from random import Random

import pytest
from PIL import Image

from handeye.perception.dialects import parse_action, parse_boxes
from handeye.perception.training.data.drawn import drawn, pair
from handeye.perception.training.data.questions import ABSENT, PROFILE, change, questions, rejected
from handeye.perception.training.data.screen import LabeledScreen, LabeledTarget
from handeye.perception.training.data.target_phrases import Names
from handeye.perception.training.data.texts import text_question
from handeye.tools.actions import targets
from handeye.tools.geometry import Box


def of(*things: LabeledTarget) -> Names:
    return Names(LabeledScreen(Image.new("RGB", (400, 300)), things))


def said(names: Names) -> dict[str, LabeledTarget]:
    return {phrase.text: phrase.target for phrase in names.phrases}


BIN = LabeledTarget(Box(10, 10, 30, 30), "icon", icon="trash", colour="red")
OTHER_BIN = LabeledTarget(Box(60, 10, 80, 30), "icon", icon="trash", colour="blue")
SAVE = LabeledTarget(Box(10, 50, 60, 70), "button", text="Save")


def test_a_phrase_that_means_two_things_is_no_question() -> None:
    phrases = said(of(BIN, OTHER_BIN, SAVE))
    assert phrases["the red trash icon"] == phrases["the red bin icon"] == BIN
    assert phrases["the Save button"] == phrases["Save"] == SAVE
    assert "the trash icon" not in phrases
    assert "trash" not in phrases
    # The button may look red, too: nobody said what colour it has.
    assert "the red icon" not in phrases
    assert said(of(BIN, OTHER_BIN))["red"] == BIN


def test_words_next_to_a_field_name_it_and_are_no_phrase_for_themselves() -> None:
    label = LabeledTarget(Box(10, 100, 50, 112), "text", text="Email")
    field = LabeledTarget(Box(10, 116, 200, 140), "field")
    check = LabeledTarget(Box(10, 160, 24, 174), "checkbox")
    beside = LabeledTarget(Box(30, 161, 120, 173), "text", text="Remember me")
    phrases = said(of(label, field, check, beside))
    assert phrases["the Email field"] == field
    assert phrases["the Remember me checkbox"] == check
    assert "Email" not in phrases


def test_one_of_many_is_identified_by_its_row() -> None:
    rows = [LabeledTarget(Box(10, 30 * n, 60, 30 * n + 14), "text", text=name) for n, name in enumerate(("Ada", "Ben"))]
    bins = [LabeledTarget(Box(80, 30 * n, 94, 30 * n + 14), "icon", icon="trash") for n in range(2)]
    phrases = said(of(*rows, *bins))
    assert phrases["the trash icon next to Ben"] == bins[1]
    assert phrases["the first trash icon from the top"] == bins[0]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_answers_are_read_by_handeye_as_what_they_are_about(level: int) -> None:
    kinds = set()
    for seed in range(12):
        screen = drawn(seed, level)
        size = screen.image.size
        asked = questions(screen, Random(seed), count=10)
        assert asked == questions(drawn(seed, level), Random(seed), count=10)
        for question in asked:
            kinds.add(question.kind)
            if question.kind == "ground" and question.target:
                assert f"<ref>{question.phrase}</ref>" in question.prompt
                (box,) = parse_boxes(question.answer, PROFILE, size)
                assert box.overlap(question.target) > 0.6 * max(box.area, question.target.area)
                wrong = rejected(question, screen, Random(1))
                assert wrong is None or not parse_boxes(wrong, PROFILE, size)[0].holds(question.target.centre)
            elif question.kind == "ground":
                assert question.answer == ABSENT
            elif question.kind == "act":
                assert question.before.startswith("Goal: ")
                _, action = parse_action(question.answer, PROFILE, size)
                for aim in targets(action).values():
                    assert question.target
                    assert aim.phrase == question.phrase if aim.phrase else question.target.holds(aim.point or (0, 0))
    assert kinds == {"ground", "read", "act"}


def test_what_changed_is_the_thing_that_came_or_went() -> None:
    told = []
    for seed in range(20):
        before, after = pair(seed)
        question = change(before, after)
        told.append(question.answer.rpartition(" ")[2])
        if before.image.tobytes() == after.image.tobytes():
            assert question.answer == "Nothing changed."
        else:
            assert question.target in {target.box for target in {*before.targets} ^ {*after.targets}}
    assert set(told) == {"appeared.", "gone.", "changed."}


def test_text_samples_are_many_and_the_same_for_the_same_seed() -> None:
    asked = [text_question(Random(seed)) for seed in range(300)]
    assert asked == [text_question(Random(seed)) for seed in range(300)]
    assert len({question.prompt for question in asked}) > 250
    assert all(question.pictures == 0 and question.answer for question in asked)
