"""A checkpoint is tuned with LoRA or whole, on answers, on pairs, and as a critic; what comes out is one again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from handeye.perception.internvl.prompt import CRITIC, ChatTurn, Prompt, PromptPrefix, critic_prompt
from handeye.perception.training.examples import Example, of_runs, of_screens
from handeye.perception.training.tuning import Tuner, Tuning
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.model

RED, BLUE = (Image.new("RGB", (64, 64), colour) for colour in ("#d11", "#11d"))
ASKED = Prompt("s", (ChatTurn("user", (RED, "Where is the lamp?")),))
PAIR = Example(ASKED, "[[10, 20, 30, 40]]", "[[500, 600, 700, 800]]")


@pytest.fixture(scope="module")
def base(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from handeye.perception.training.pocket import Pocket, preset

    folder = tmp_path_factory.mktemp("base")
    sizes = replace(preset("tiny-cpu"), vision=(32, 1), text=(64, 2))
    return Pocket.new(sizes, [CRITIC, PAIR.answer, PAIR.rejected], seed=1).save(folder)


def tuner(base: Path, out: Path, examples: list[Example], **given: Any) -> Tuner:
    made = Tuner(
        Tuning(str(base), out, steps=given.pop("steps", 12), rate=1e-2, tiles=1, examples=1, screens=1, **given)
    )
    made.examples = examples
    return made


@pytest.mark.parametrize("rank", [4, 0])
def test_mpo_makes_the_right_box_likelier_than_the_wrong_one(base: Path, tmp_path: Path, rank: int) -> None:
    losses: list[dict[str, float]] = []
    made = tuner(base, tmp_path / "out", [PAIR], stage="mpo", rank=rank)
    made.run(lambda _, each: losses.append(each))
    assert losses[0]["margin"] == pytest.approx(0, abs=1e-4)  # before the first step it is the reference itself
    assert losses[-1]["margin"] > 5
    assert losses[-1]["generation"] < losses[0]["generation"] - 1


def test_a_critic_weighs_signs_as_best_of_n_asks_it(base: Path, tmp_path: Path) -> None:
    from handeye.perception.engines import open_engine
    from handeye.policies.best_of_n import SIGNS

    def judged(step: str, sign: str) -> Example:
        return Example(critic_prompt(None, RED, "Buy a lamp", step), sign)

    steps = {"click the lamp": "+", "close the page": "-"}
    made = tuner(base, tmp_path / "critic", [judged(*each) for each in steps.items()], stage="sft", rank=4, steps=60)
    folder = made.run()
    engine = open_engine(str(folder))
    for step, sign in steps.items():
        shares = engine.score_options(critic_prompt(None, RED, "Buy a lamp", step), SIGNS).probabilities[-1]
        assert shares[SIGNS.index(sign)] > 0.6, step
    engine.close()


def test_a_tuning_that_was_stopped_goes_on_to_the_last_bit(base: Path, tmp_path: Path) -> None:
    def losses(out: Path, stop: int) -> list[float]:
        found: list[float] = []
        made = tuner(base, out, [PAIR, Example(ASKED, "no")], rank=4, every=3, steps=6)

        def tell(step: int, each: dict[str, float]) -> None:
            found.append(each["all"])
            if step == stop:
                raise KeyboardInterrupt

        if stop:
            with pytest.raises(KeyboardInterrupt):
                made.run(tell)
        else:
            made.run(tell)
        return found

    whole = losses(tmp_path / "whole", 0)
    first = losses(tmp_path / "halves", 4)
    assert first == whole[:4]
    assert losses(tmp_path / "halves", 0) == whole[3:]


def test_drawn_screens_give_pairs_and_runs_are_required_where_they_are_needed(tmp_path: Path) -> None:
    pairs = of_screens("mpo", 3, seed=0)
    assert pairs
    assert all(each.rejected and each.rejected != each.answer for each in pairs)
    assert {type(each.prompt.images[0]) for each in pairs} == {Image.Image}
    with pytest.raises(UsageError, match="name a folder of runs with --data"):
        of_screens("critic", 3, seed=0)
    with pytest.raises(UsageError, match="holds no run"):
        of_runs(tmp_path, "sft")
    assert PromptPrefix(CRITIC).system == CRITIC
