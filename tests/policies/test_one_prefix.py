"""Deciding, judging and grounding on one screen: the model reads what they share, and looks at the screen, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handeye.perception.engines import EngineOptions
from handeye.perception.internvl.prompt import ground_prompt, run_prefix, to_text
from handeye.perception.internvl.tiling import choose_grid
from handeye.perception.model_perception import ModelPerception
from handeye.perception.observation import Observation
from handeye.policies.best_of_n import BestOfN
from handeye.policies.decision import PolicyInput
from handeye.policies.internvl import InternVL, question
from handeye.tools.screenshot import Screenshot

pytestmark = pytest.mark.model

KINDS = frozenset({"click"})  # the shortest answers
SIZE = (896, 448)
TILES = 3


@pytest.fixture(scope="module")
def engine(small_checkpoint: Path) -> Iterator[Any]:
    pytest.importorskip("torch")
    from handeye.perception.engines.in_process.transformers_engine import InProcessEngine

    made = InProcessEngine.open(str(small_checkpoint), EngineOptions())
    yield made
    made.close()


@pytest.fixture(scope="module")
def looked(engine: Any) -> list[int]:
    """How many tiles the vision tower was given, call by call."""
    seen: list[int] = []
    tower = engine._checkpoint.model.model.vision_tower
    tower.register_forward_pre_hook(
        lambda _, args, named: seen.append(len(named.get("pixel_values", args[0] if args else ()))), with_kwargs=True
    )
    return seen


def screen(seed: int) -> Observation:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (7, 12, 3), dtype=np.uint8)
    return Observation(Screenshot(Image.fromarray(small).resize(SIZE)))


def task(seed: int) -> PolicyInput:
    return PolicyInput(goal="buy a lamp", observation=screen(seed), kinds=KINDS)


def shared(engine: Any, on: PolicyInput) -> int:
    """Tokens up to and with the screenshot."""
    columns, rows = choose_grid(*SIZE)
    assert columns * rows + 1 == TILES
    prompt = question(on, run_prefix(engine.profile, on.goal, KINDS))
    text = to_text(prompt, [TILES], engine.profile.tokens_per_tile, engine.profile.template)
    until = text[: text.index("</img>") + len("</img>")]
    return len(engine._checkpoint.tokenizer.encode(until, add_special_tokens=False))


def test_the_second_question_about_a_screen_costs_no_look_and_no_reading_of_what_is_shared(
    engine: Any, looked: list[int]
) -> None:
    on, policy, perception = task(1), InternVL(engine), ModelPerception(engine)
    policy.choose(on, perception)
    assert sum(looked) == TILES
    looked.clear()
    perception.ground(on.observation, "the Save button")
    assert looked == []
    assert (perception.usage.calls, perception.usage.tiles, perception.usage.tiles_reused) == (1, TILES, TILES)
    assert perception.usage.tokens_reused >= shared(engine, on)
    alone = to_text(
        ground_prompt(engine.profile, on.observation.screenshot.image, "the Save button", perception.head), [TILES]
    )
    rest = len(engine._checkpoint.tokenizer.encode(alone, add_special_tokens=False)) - shared(engine, on)
    assert perception.usage.tokens_in - perception.usage.tokens_reused <= rest, "only the question itself is read"


def test_samples_cost_one_more_call_and_no_look(engine: Any, looked: list[int]) -> None:
    on, perception = task(2), ModelPerception(engine, samples=3)
    perception.ground(on.observation, "the Save button")
    assert (perception.usage.calls, sum(looked)) == (2, TILES)
    assert perception.usage.tiles_reused == TILES
    looked.clear()
    perception.ground(on.observation, "the Cancel button")
    assert looked == []
    assert perception.usage.tiles_reused == 3 * TILES


def test_a_critic_over_the_same_prefix_costs_no_look(engine: Any, looked: list[int]) -> None:
    looked.clear()
    on, perception, policy = task(3), ModelPerception(engine), BestOfN(engine, 2)
    decision = policy.choose(on, perception)
    calls = 2 + len([each for each in decision.candidates if each.action])
    assert sum(looked) == TILES
    assert (policy.usage.calls, policy.usage.tiles) == (calls, calls * TILES)
    assert policy.usage.tiles_reused == (calls - 1) * TILES
    assert policy.usage.tokens_reused >= (calls - 1) * shared(engine, on)
    assert 0 < decision.candidates[0].right < 1
