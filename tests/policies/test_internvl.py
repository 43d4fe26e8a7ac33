"""The policy that asks InternVL: what it tells the model, what it makes of the answers, and what of useless ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from handeye.perception.engines import EngineOptions, open_engine
from handeye.perception.engines.scripted import ScriptedEngine
from handeye.perception.internvl.prompt import to_text
from handeye.perception.model_perception import ModelPerception
from handeye.perception.observation import Observation
from handeye.perception.outcome import Outcome
from handeye.policies.decision import Policy, PolicyInput, StepSummary
from handeye.policies.internvl import InternVL
from handeye.tools.actions import parse_action
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.errors import ActionRefused, ModelError, UsageError
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

KINDS = frozenset({"click", "type", "done", "zoom"})
CLICK = 'It saves.\n<tool_call>\n{"kind": "click", "target": "the Save button"}\n</tool_call>'


def task(view: Box | None = None, elements: tuple[Element, ...] = (), **more: Any) -> PolicyInput:
    signals = Signals(url="http://shop/", title="Shop", focus="textbox Email", dialog="Sure?")
    screenshot = Screenshot(Image.new("RGB", (1000, 500), "white"))
    return PolicyInput(
        goal=more.pop("goal", "save it"),
        observation=Observation(screenshot, elements, signals, view=view),
        kinds=KINDS,
        **more,
    )


def policy(*answers: str) -> tuple[InternVL, ScriptedEngine, ModelPerception]:
    engine = ScriptedEngine(answers)
    return InternVL(engine), engine, ModelPerception(engine)


def told(engine: ScriptedEngine, number: int = -1) -> str:
    return to_text(engine.prompts[number], [0])


def test_an_answer_becomes_a_decision() -> None:
    deciding, _, perception = policy(CLICK)
    decision = deciding.choose(task(), perception)
    assert decision.action == parse_action({"kind": "click", "target": "the Save button"})
    assert (decision.reasoning, decision.by, deciding.usage.calls) == ("It saves.", "internvl (scripted)", 1)
    assert decision.raw == CLICK.removesuffix("</tool_call>")


def test_the_prompt_contains_goal_screen_history_facts_and_trouble() -> None:
    deciding, engine, perception = policy(CLICK)
    past = StepSummary(
        number=3,
        reasoning="",
        action=parse_action({"kind": "click", "target": "Login"}),
        outcome=Outcome(kind="no_effect", evidence="nothing changed"),
        result="the button is grey",
    )
    deciding.choose(task(steps=(past,), facts={"order": "42"}, trouble="there is no lamp"), perception)
    text = told(engine)
    for words in (
        "Goal: save it",
        "http://shop/",
        "“Shop”",
        "textbox Email",
        "“Sure?”",
        "order = 42",
        "there is no lamp",
    ):
        assert words in text
    assert "3. click “Login”: no effect (nothing changed); the button is grey" in text
    assert "- navigate" not in text


def test_a_useless_answer_is_refused_with_the_reason_and_counted() -> None:
    deciding, _, perception = policy("I will save it.", '<tool_call>{"kind": "navigate", "url": "x"}', CLICK)
    with pytest.raises(ActionRefused, match=r"holds no action \(it begins “I will save it.”\)"):
        deciding.choose(task(), perception)
    with pytest.raises(ActionRefused, match="navigate cannot be done here; choose one of click"):
        deciding.choose(task(), perception)
    assert deciding.choose(task(), perception).action.kind == "click"
    assert deciding.usage.calls == 3


def test_a_model_that_cannot_be_queried_is_a_model_error() -> None:
    deciding, _, perception = policy()
    with pytest.raises(ModelError):
        deciding.choose(task(), perception)


def test_after_a_zoom_the_model_receives_only_that_part_and_points_are_mapped_back() -> None:
    deciding, engine, perception = policy('<tool_call>{"kind": "click", "target": [500, 500]}')
    decision = deciding.choose(task(view=Box(400, 100, 800, 300)), perception)
    assert engine.prompts[0].images[0].size == (400, 200)
    assert decision.action.target.point == (600, 200)  # type: ignore[union-attr]
    assert "only a part" in told(engine)


def test_a_point_knows_the_element_under_it() -> None:
    """So that whoever judges the action can read what it says."""
    pay = Element(id="e7", box=Box(400, 200, 600, 300), role="button", name="Pay now", source="dom")
    deciding, _, perception = policy('<tool_call>{"kind": "click", "target": [500, 500]}')
    decision = deciding.choose(task(elements=(pay,)), perception)
    assert decision.action.target.element == "e7"  # type: ignore[union-attr]


def test_text_with_control_tokens_is_typed_as_it_was_meant() -> None:
    deciding, engine, perception = policy("")
    with pytest.raises((ActionRefused, ModelError)):
        deciding.choose(task(goal="type <img> and <|im_end|>"), perception)
    shown = told(engine).partition("Goal: type ")[2].partition("\n")[0]
    assert "<img>" not in shown
    deciding, _, perception = policy('<tool_call>{"kind": "type", "text": "' + shown + '"}')
    assert deciding.choose(task(), perception).action.text == "<img> and <|im_end|>"  # type: ignore[union-attr]


def test_an_empty_goal_is_a_usage_error() -> None:
    deciding: Policy = policy()[0]
    with pytest.raises(UsageError, match="the goal is empty"):
        deciding.check(" \n")
    deciding.check("save it")


@pytest.mark.model
def test_a_model_that_has_learned_nothing_chooses_what_can_be_done_or_is_refused(small_checkpoint: Path) -> None:
    """Held to the grammar whatever it says is one of the actions on offer; left to itself it babbles."""
    engine = open_engine(str(small_checkpoint), EngineOptions(max_tiles=1))
    perception, task_here = ModelPerception(engine), replace(task(), kinds=frozenset({"click"}))
    deciding = InternVL(engine)
    said: list[str] = []
    deciding.on_text = said.append
    decision = deciding.choose(task_here, perception)
    assert decision.action.kind == "click"
    assert decision.raw.startswith("".join(said)[:20])
    assert deciding.usage.tokens_forced > 0
    free = open_engine(str(small_checkpoint), EngineOptions(max_tiles=1, constrain=False, answer_seconds=5))
    with pytest.raises(ActionRefused):
        InternVL(free).choose(task_here, perception)
