"""The model that has learned the shop buys a lamp with its eyes: real weights, tiles, tokens, boxes and clicks."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from handeye.perception.engines.engine import Answer, Request

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from PIL import Image

from handeye.agent import Agent, RunOptions
from handeye.agent.run_folder import RunResult
from handeye.perception.engines import Engine, open_engine
from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.perception.model_perception import ModelPerception
from handeye.perception.training.packing import IGNORED, Pack, pack
from handeye.policies.internvl import InternVL
from handeye.scenarios.demo import learn, learn_screens
from handeye.scenarios.demo.demo import PURCHASE, is_the_purchase
from handeye.scenarios.demo.learn_batches import jittered, questions, stack
from handeye.scenarios.demo.learn_model import Learner, make_tokenizer
from handeye.scenarios.demo.learn_screens import LESSONS, PHRASES, LessonScreen
from handeye.scenarios.demo.shop import Shop, ShopOrder
from handeye.tools import Browser

pytestmark = [pytest.mark.model]


class Overheard:
    """An engine with everything it was asked and answered kept."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.heard: list[tuple[Request, str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def generate(self, request: Request) -> list[Answer]:
        answers = self.engine.generate(request)
        self.heard.append((request, answers[0].text))
        return answers


@dataclass(frozen=True)
class Bought:
    """A purchase by the learned model, and what it was asked on the way."""

    run: RunResult
    orders: list[ShopOrder]
    engine: Engine
    heard: list[tuple[Request, str]]

    @property
    def decisions(self) -> list[tuple[Request, str]]:
        return [each for each in self.heard if "<ref>" not in str(each[0].prompt.turns[-1].parts[-1])]

    @property
    def places(self) -> list[tuple[Request, str]]:
        return [each for each in self.heard if each not in self.decisions]


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Bought:
    engine = Overheard(open_engine(str(learn.LEARNED)))
    with Shop() as shop:
        with Browser(shop.url) as browser:
            place = tmp_path_factory.mktemp("learned") / "run"
            agent = Agent(
                browser,
                "learned",
                perception=ModelPerception(engine),
                policy=InternVL(engine),
                run_dir=place,
                options=RunOptions(max_steps=20),
            )
            run = agent.run(PURCHASE)
        return Bought(run, shop.orders, engine.engine, engine.heard)


def test_it_buys_the_lamp_in_process(bought: Bought) -> None:
    """Approvals are asked for as they are by default: nothing in this purchase needs one."""
    assert bought.run.status == "succeeded", f"{bought.run.reason}: {learn.remedy()}"
    assert is_the_purchase(bought.orders)
    assert len(bought.decisions) == len(LESSONS)
    assert len(bought.places) == len(PHRASES)  # every click and every field was found by its box


def test_every_answer_was_written_as_it_was_taught(bought: Bought) -> None:
    written = [text.removesuffix("</tool_call>").strip() for _, text in bought.decisions]
    assert written == [lesson.answer.removesuffix("</tool_call>").strip() for lesson in LESSONS]


def test_with_the_pictures_of_other_steps_it_acts_for_those_pictures(bought: Bought) -> None:
    """The control: everything told in words stays, only the pictures are swapped."""
    asked = bought.decisions
    others = asked[4:] + asked[:4]
    swapped = [
        bought.engine.generate(_showing(request, other.prompt.images[-1]))[0].text
        for (request, _), (other, _) in zip(asked, others, strict=True)
    ]
    own = sum(text == answer for text, (_, answer) in zip(swapped, asked, strict=True))
    of_picture = sum(text == answer for text, (_, answer) in zip(swapped, others, strict=True))
    assert own == 0, swapped
    assert of_picture >= len(asked) - 1, swapped


def test_what_is_not_on_the_picture_has_no_place(bought: Bought) -> None:
    """The same phrase is looked for on the other pictures: found where it is, and nowhere else."""
    by_phrase = {_phrase(request.prompt): (request, text) for request, text in bought.places}
    thanks = bought.decisions[-1][0].prompt.images[-1]
    for phrase in ("the user name field", "the Check out button", "the first Add to cart button"):
        request, text = by_phrase[phrase]
        assert min(json.loads(text)[0]) >= 0
        assert bought.engine.generate(_showing(request, thanks))[0].text == learn_screens.NOT_THERE


def test_it_is_sure_of_what_it_learned(bought: Bought) -> None:
    """Samples agree with the greedy answer at the temperature that agreement is measured at."""
    for request, text in (bought.decisions[1], bought.places[1]):
        samples = bought.engine.generate(replace(request, temperature=0.6, samples=8))
        assert sum(sample.text == text for sample in samples) >= 7


def test_the_checkpoint_is_small_and_says_what_it_is() -> None:
    assert sum(file.stat().st_size for file in learn.LEARNED.iterdir()) <= 4_000_000
    card = (learn.LEARNED / "README.md").read_text(encoding="utf-8")
    assert "does not generalise" in card
    assert "handeye.scenarios.demo.learn --seed" in card


@pytest.fixture(scope="module")
def screens() -> list[LessonScreen]:
    return learn_screens.purchase(style=0)


def test_the_loop_sends_a_scripted_teacher_the_questions_of_the_training(screens: list[LessonScreen]) -> None:
    assert [screen.lesson for screen in screens] == list(range(len(LESSONS)))
    for screen in screens[:-1]:
        assert min(json.loads(screen.boxes[LESSONS[screen.lesson].phrase])[0]) > 0
    assert set(screens[-1].boxes) == set(PHRASES)


def test_questions_in_one_row_are_answered_as_if_each_was_queried_alone(screens: list[LessonScreen]) -> None:
    tokenizer = make_tokenizer(["Where is it? [[1, 2, 3, 4]]"])
    learner = Learner(tokenizer, seed=0)
    rng = random.Random(0)
    question = [rng.randrange(20, 200) for _ in range(30)]
    pairs = [([*question, 5, 6], [7, 8, 9]), ([*question, 5, 16, 17, 18], [19, 21]), ([*question, 4], [22])]
    together = _scores(learner, [pack([pairs], learner.image_token)])
    apart = torch.cat([_scores(learner, [pack([[pair]], learner.image_token)]) for pair in pairs])
    assert together.shape == (6, len(tokenizer))
    assert torch.allclose(together, apart, atol=1e-4)
    filled = _scores(
        learner, [pack([each], learner.image_token) for each in (pairs, pairs[2:])]
    )  # a shorter row beside it changes nothing
    assert torch.allclose(filled, torch.cat([apart, apart[-1:]]), atol=1e-4)


def test_the_history_with_a_picture_may_be_of_any_screen(screens: list[LessonScreen]) -> None:
    """Else the words would give the step away, and the picture would not have to be looked at."""
    chance = random.Random(0)
    told = [str(questions(screens[3], screens, chance, keep=1.0)[0][0].turns[-1].parts[-1]) for _ in range(40)]
    assert {"none" in each.splitlines()[1] for each in told} == {True, False}
    assert len({each.count("confirmed") for each in told}) > 4
    assert all(each.endswith("one action.") for each in told)


def test_the_same_seed_gives_the_same_batches(screens: list[LessonScreen]) -> None:
    tokenizer = make_tokenizer(["Where is it?"])

    def batch(seed: int) -> Any:
        return learn.School(screens, tokenizer.encode, 0, 5, 2, random.Random(seed)).batch(0)

    one, again, other = batch(1), batch(1), batch(2)
    assert one.lessons == again.lessons
    assert all(np.array_equal(one.rows[name], again.rows[name]) for name in one.rows)
    assert np.array_equal(one.pixels, again.pixels)
    assert not np.array_equal(one.rows["ids"], other.rows["ids"])


def test_pictures_are_changed_a_little_and_never_much() -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((160, 120))
    chance = random.Random(0)
    changed = [np.asarray(jittered(picture, chance), np.int16) for _ in range(20)]
    apart = [np.abs(each - np.asarray(picture, np.int16)).mean() for each in changed]
    assert min(apart) == 0
    assert 0 < max(apart) < 25
    assert len({each.tobytes() for each in changed}) > 10


def _showing(request: Request, image: Image.Image) -> Request:
    prompt = request.prompt
    turns = [ChatTurn(turn.role, tuple(_swapped(turn.parts, image))) for turn in prompt.turns]
    return replace(request, prompt=replace(prompt, turns=tuple(turns)))


def _swapped(parts: Sequence[Any], image: Image.Image) -> list[Any]:
    return [image if isinstance(part, Image.Image) else part for part in parts]


def _phrase(prompt: Prompt) -> str:
    return str(prompt.turns[-1].parts[-1]).partition("<ref>")[2].partition("</ref>")[0]


def _scores(learner: Learner, packs: list[Pack]) -> torch.Tensor:
    """Logits at every place where an answer's token follows."""
    rows = stack(packs, 0)
    with torch.inference_mode():
        states = learner.read(rows, learner.model.get_input_embeddings()(torch.from_numpy(rows["ids"])))
        return learner.model.lm_head(states[torch.from_numpy(rows["targets"]) != IGNORED])
