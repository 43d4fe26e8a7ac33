"""The examples of the verb families, and goals that nothing can be made of."""

from __future__ import annotations

import time

import pytest

from handeye.policies.plain_english import parse
from handeye.policies.plain_english.frames import FAMILIES
from handeye.policies.plain_english.parsing import outline
from handeye.tools.errors import ActionRefused, UsageError

EXAMPLES = [(sentence, meaning) for family in FAMILIES for sentence, meaning in family.examples.items()]


@pytest.mark.parametrize(("sentence", "meaning"), EXAMPLES, ids=[sentence for sentence, _ in EXAMPLES])
def test_an_example_means_what_its_family_documents(sentence: str, meaning: str) -> None:
    assert outline(parse(sentence)) == meaning


@pytest.mark.parametrize(
    "goal",
    ["click Save without clicking", '"a" "b"', "“a “b” c”", "🦄 the button", "klick auf den Knopf", "do not click Save",
     'find the "A" and wobble it', "click Save, wobble the slider", "click Save and wobble the slider",
     'add two "Lamp" to the cart', 'click 3 "Delete"', 'type "a" beside "b" into Name', "between 1 and 5 is 3"],
)  # fmt: skip
def test_a_goal_that_is_not_understood_is_refused(goal: str) -> None:
    with pytest.raises(ActionRefused):
        parse(goal)


def test_a_goal_of_10000_steps_is_refused_in_bounded_time() -> None:
    began = time.monotonic()
    with pytest.raises(UsageError, match="more than 500 steps"):
        parse("click A\n" * 10_000)
    assert time.monotonic() - began < 20
