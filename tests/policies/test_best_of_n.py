"""Best of N: several proposals, one critic, and the score that decides."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from handeye.perception.engines.scripted import ScriptedEngine
from handeye.perception.internvl.prompt import to_text
from handeye.perception.model_perception import ModelPerception
from handeye.perception.observation import Observation
from handeye.perception.outcome import Outcome
from handeye.policies.best_of_n import BestOfN, in_thousandths, same
from handeye.policies.decision import Policy, PolicyInput, StepSummary
from handeye.tools.actions import parse_action
from handeye.tools.device import Signals
from handeye.tools.errors import ActionRefused, ModelError
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

KINDS = frozenset({"click", "type", "done"})
SIZE = (1000, 500)


def task(view: Box | None = None, **more: Any) -> PolicyInput:
    screenshot = Screenshot(Image.new("RGB", SIZE, "white"))
    return PolicyInput(
        goal="save it", observation=Observation(screenshot, (), Signals(), view=view), kinds=KINDS, **more
    )


def click(target: str, why: str = "It saves.") -> str:
    return f'{why}\n<tool_call>\n{{"kind": "click", "target": {target}}}\n</tool_call>'


def choosing(*answers: str, n: int = 3, critic: ScriptedEngine | None = None) -> tuple[BestOfN, ScriptedEngine]:
    engine = ScriptedEngine(answers)
    return BestOfN(engine, n, critic), engine


def choose(policy: BestOfN, on: PolicyInput | None = None) -> Any:
    return policy.choose(on or task(), ModelPerception(policy.engine))


def test_the_candidate_with_the_best_score_is_chosen_and_all_are_reported() -> None:
    policy, _ = choosing(click('"Cancel"'), click('"Save"'), click('"Help"'), "0.2 0.8", "0.9 0.1", "0.3 0.7")
    decision = choose(policy)
    assert decision.action.target.phrase == "Save"
    assert [(each.description, each.votes) for each in decision.candidates] == [
        ("click “Save”", 1),
        ("click “Help”", 1),
        ("click “Cancel”", 1),
    ]
    assert [each.right for each in decision.candidates] == pytest.approx([0.9, 0.3, 0.2])
    assert [each.score for each in decision.candidates] == pytest.approx([0.3, 0.1, 0.2 / 3])
    assert decision.confidence == pytest.approx(0.3)
    assert decision.by == "best of 3, internvl (scripted)"
    assert policy.usage.calls == 5


def test_each_answer_votes_with_the_weight_the_critic_gives_it() -> None:
    policy, _ = choosing(click('"Cancel"'), click('"Save"'), click('"the save button."'), "0.9 0.1", "0.5 0.5")
    decision = choose(policy)
    assert decision.action.target.phrase == "Save"
    assert [each.votes for each in decision.candidates] == [2, 1]
    assert decision.candidates[0].score == pytest.approx(2 / 3 * 0.5)


def test_points_that_agree_are_one_candidate() -> None:
    policy, _ = choosing(click("[500, 500]"), click("[505, 510]"), click("[900, 500]"), "1 0", "1 0")
    decision = choose(policy)
    assert decision.action.target.point == (500, 250)
    assert [each.votes for each in decision.candidates] == [2, 1]


def test_of_equal_scores_the_greedy_answer_wins() -> None:
    policy, _ = choosing(click('"One"'), click('"Two"'), "1 1", "1 1", n=2)
    assert choose(policy).action.target.phrase == "One"


def test_answers_that_cannot_be_used_are_votes_for_nothing() -> None:
    policy, _ = choosing("I would save it.", click('"Save"'), '<tool_call>{"kind": "navigate", "url": "x"}', "1 0")
    decision = choose(policy)
    assert decision.action.target.phrase == "Save"
    assert decision.confidence == pytest.approx(1 / 3)
    assert [each.action is None for each in decision.candidates] == [False, True, True]
    assert "navigate cannot be done here" in decision.candidates[2].description


def test_nothing_usable_at_all_is_refused_for_the_greedy_answers_reason() -> None:
    policy, engine = choosing("I would save it.", "Me too.", "So would I.")
    with pytest.raises(ActionRefused, match="I would save it"):
        choose(policy)
    assert len(engine.prompts) == 2, "no critic is asked about nothing"


def past() -> StepSummary:
    return StepSummary(
        number=1,
        reasoning="",
        action=parse_action({"kind": "click", "target": "Login"}),
        outcome=Outcome(kind="no_effect", evidence="nothing changed"),
    )


def test_the_same_model_as_critic_is_queried_over_the_prefix_of_the_decision() -> None:
    policy, engine = choosing(click('"Save"'), click('"Cancel"'), "1 0", "0 1", n=2)
    choose(policy, task(steps=(past(),)))
    texts = [to_text(prompt, [1]) for prompt in engine.prompts]
    shared = texts[0][: texts[0].index("</img>") + len("</img>")]
    assert shared.count("Goal: save it") == 1
    assert len(texts) == 4
    assert all(text.startswith(shared) for text in texts)
    assert texts[2].index("### Question:\nsave it\nSteps so far:\n1. click “Login”: no effect") > len(shared)
    assert "### Solution Process:\nIt saves.\nclick “Save”<|im_end|>" in texts[2]
    assert "click “Cancel”<|im_end|>" in texts[3]


def test_a_separate_critic_receives_its_task_as_system_text() -> None:
    critic = ScriptedEngine(["0 1", "1 0"], name="critic")
    policy, engine = choosing(click('"Save"'), click('"Cancel"'), n=2, critic=critic)
    decision = choose(policy)
    assert decision.action.target.phrase == "Cancel"
    assert len(engine.prompts) == 2
    text = to_text(critic.prompts[0], [1])
    assert text.startswith("<|im_start|>system\nYou supervise")
    assert "You operate a computer" not in text
    assert policy.usage.calls == 4
    policy.close()
    policy.close()


def test_a_critic_that_cannot_be_queried_is_a_model_error() -> None:
    policy, _ = choosing(click('"Save"'), click('"Save"'), "good", n=2)
    with pytest.raises(ModelError, match="no 2 weights"):
        choose(policy)


def test_the_critic_receives_points_as_the_model_gives_them() -> None:
    view = Box(400, 100, 800, 300)
    policy, engine = choosing(click("[500, 250]"), click("[500, 250]"), "1 0", n=2)
    decision = choose(policy, task(view=view))
    assert decision.action.target.point == (600, 150)
    assert "click (500, 250)" in to_text(engine.prompts[-1], [1])
    assert in_thousandths(decision.action, view).target.point == (500, 250)  # type: ignore[union-attr]
    assert engine.prompts[-1].images[0].size == (400, 200)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"kind": "click", "target": "Save"}, {"kind": "click", "target": "the save"}, True),
        ({"kind": "click", "target": "Save"}, {"kind": "click", "target": "Save", "count": 2}, False),
        ({"kind": "click", "target": "Save"}, {"kind": "move", "target": "Save"}, False),
        ({"kind": "click", "target": [10, 10]}, {"kind": "click", "target": [15, 19]}, True),
        ({"kind": "click", "target": [10, 10]}, {"kind": "click", "target": [10, 21]}, False),
        ({"kind": "click", "target": [10, 10]}, {"kind": "click", "target": "Save"}, False),
        ({"kind": "type", "text": "a"}, {"kind": "type", "text": "a"}, True),
        ({"kind": "type", "text": "a"}, {"kind": "type", "text": "A"}, False),
        ({"kind": "type", "text": "a"}, {"kind": "type", "text": "a", "target": "Name"}, False),
        ({"kind": "click", "target": "“+”"}, {"kind": "click", "target": "“−”"}, False),
        ({"kind": "click", "target": "Save button"}, {"kind": "click", "target": "Save"}, True),
        ({"kind": "click", "target": "Save button"}, {"kind": "click", "target": "Save link"}, False),
        ({"kind": "click", "target": "the button"}, {"kind": "click", "target": "the link"}, False),
        ({"kind": "click", "target": "the A"}, {"kind": "click", "target": "the B"}, False),
    ],
)
def test_what_is_the_same_action(one: dict[str, Any], other: dict[str, Any], alike: bool) -> None:
    assert same(parse_action(one), parse_action(other), (10.0, 10.0)) is alike


def test_it_is_a_policy() -> None:
    made: Policy = choosing()[0]
    made.check("save it")
