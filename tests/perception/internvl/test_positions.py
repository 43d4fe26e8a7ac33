"""V2PE: visual tokens that advance the position by less than one."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handeye.perception.engines import EngineOptions
from handeye.perception.engines.engine import Request
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.internvl.positions import LEAST_DELTA, after, positions
from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.prompt import ChatTurn, Prompt, ground_prompt
from handeye.tools.errors import ModelError, UsageError

pytestmark = pytest.mark.model

IMAGE = 9


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    rng = np.random.default_rng(3)
    return Image.fromarray(rng.integers(0, 256, (448, 896, 3), dtype=np.uint8))


def opened(checkpoint: Path, **options: Any) -> InProcessEngine:
    return InProcessEngine.open(str(checkpoint), EngineOptions(**options))


def told(engine: InProcessEngine) -> list[list[float]]:
    """The positions that the rotary embedding is given, pass by pass, from now on."""
    seen: list[list[float]] = []
    rotary = engine._checkpoint.model.model.language_model.rotary_emb
    rotary.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append([*args, *kwargs.values()][1][0].tolist()), with_kwargs=True
    )
    return seen


@pytest.mark.parametrize("delta", [1.0, 0.5, 0.25, 3 / 256, LEAST_DELTA])
def test_text_advances_by_one_and_a_visual_token_by_delta(delta: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        ids = [1, *(int(each) for each in rng.choice([1, IMAGE, IMAGE, IMAGE], 200))]
        expected: list[Fraction] = []
        for place, token in enumerate(ids):
            last = expected[-1] if expected else Fraction(-1)
            seen = token == IMAGE
            step = Fraction(delta) if seen else Fraction(1)
            expected.append((last if seen and ids[place - 1] == IMAGE else Fraction(math.ceil(last))) + step)
        assert positions(ids, IMAGE, delta).tolist() == [float(each) for each in expected]


def test_text_goes_on_at_the_next_whole_number() -> None:
    assert positions([1, 1, IMAGE, IMAGE, IMAGE, 1, 1], IMAGE, 0.25).tolist() == [0, 1, 1.25, 1.5, 1.75, 3, 4]
    assert positions([1, *[IMAGE] * 256, 1], IMAGE, LEAST_DELTA).tolist()[-2:] == [1, 2]
    assert [after(each) for each in (3, 3.25, 4.0)] == [4, 5, 5]


def test_delta_1_gives_the_stock_logits_to_the_last_bit(small_checkpoint: Path, picture: Image.Image) -> None:
    import torch

    engine = opened(small_checkpoint, v2pe=1)
    model = engine._checkpoint.model
    ids, (tiling,) = engine._tokenise(ground_prompt(INTERNVL3, picture, "the Save button"), 12)
    inputs = {"input_ids": torch.tensor([ids]), "pixel_values": torch.from_numpy(tiling.pixels)}
    where = torch.from_numpy(positions(ids, engine._checkpoint.image_token, 1.0)).unsqueeze(0)
    with torch.inference_mode():
        stock = model(**inputs).logits
        assert torch.equal(model(**inputs, position_ids=where).logits, stock)
        # As numbers with a fraction, which is what other deltas are given as.
        mask = torch.ones_like(inputs["input_ids"])
        assert torch.equal(model(**inputs, attention_mask=mask, position_ids=where.float()).logits, stock)


def test_an_answer_behind_a_picture_goes_on_at_the_right_position(small_checkpoint: Path, picture: Image.Image) -> None:
    import torch

    engine = opened(small_checkpoint, v2pe=0.3, cache_mb=0)
    prompt = Prompt("s", (ChatTurn("user", ("look: ", picture, "what is it?")),))
    ids, tilings = engine._tokenise(prompt, 12)
    expected = positions(ids, engine._checkpoint.image_token, 0.3)
    seen = told(engine)
    (answer,) = engine.generate(Request(prompt, max_tokens=6))
    last = float(expected[-1])
    assert [each for part in seen for each in part] == [*expected.tolist(), *(last + n for n in range(1, 6))]
    assert answer.window == last + 5
    assert math.ceil(3 * 256 * 0.3) < answer.window < answer.tokens_in / 2

    # What was read step by step is what one pass over prompt and answer reads.
    written = engine._checkpoint.tokenizer.encode(answer.text, add_special_tokens=False)
    with torch.inference_mode():
        step = engine._reader.read(ids, tilings, forced=written[:5], deadline=math.inf).logits
        whole = engine._reader.read(ids, tilings, forced=written[:5], deadline=math.inf, places=[len(ids) + 4]).logits
    assert torch.allclose(step, whole, atol=1e-5)


def test_delta_changes_answers_and_the_caches_do_not(small_checkpoint: Path, picture: Image.Image) -> None:
    prompts = [ground_prompt(INTERNVL3, picture, name) for name in ("the Save button", "a lamp")]
    kept, plain, stock = (
        opened(small_checkpoint, **options) for options in ({"v2pe": 0.25}, {"v2pe": 0.25, "cache_mb": 0}, {})
    )
    texts = [
        [engine.generate(Request(each, max_tokens=16))[0].text for each in prompts] for engine in (kept, plain, stock)
    ]
    assert texts[0] == texts[1] != texts[2]
    again = kept.generate(Request(prompts[1], max_tokens=1))[0]
    assert again.tokens_reused > 768
    assert (
        again.window
        == plain.generate(Request(prompts[1], max_tokens=1))[0].window
        < stock.generate(Request(prompts[1], max_tokens=1))[0].window
    )


def test_pictures_take_less_of_the_context(small_checkpoint: Path, picture: Image.Image) -> None:
    prompt = Prompt("s", (ChatTurn("user", (*[picture] * 22, "q")),))
    with pytest.raises(ModelError, match="holds 16384"):
        opened(small_checkpoint, max_tiles=1).generate(
            Request(Prompt("s", (ChatTurn("user", (*[picture] * 70, "q")),)), max_tokens=1)
        )
    assert opened(small_checkpoint, max_tiles=12)._fitting.bound(prompt, 1)[1]
    assert not opened(small_checkpoint, max_tiles=12, v2pe=0.25)._fitting.bound(prompt, 1)[1]


def test_a_language_part_that_rounds_positions_is_refused(small_checkpoint: Path) -> None:
    from handeye.perception.engines.in_process.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(str(small_checkpoint))
    rotary = checkpoint.model.model.language_model.rotary_emb
    rotary.register_forward_pre_hook(lambda _, args: (args[0], args[1].long()))
    with pytest.raises(UsageError, match=r"v2pe=0\.25 needs .* that of small-internvl \(qwen2\) does not; leave v2pe"):
        InProcessEngine(checkpoint, EngineOptions(v2pe=0.25))
    InProcessEngine(checkpoint, EngineOptions())
    checkpoint.model.model.language_model.rotary_emb = None
    with pytest.raises(UsageError, match="leave v2pe at 1"):
        InProcessEngine(checkpoint, EngineOptions(v2pe=0.5))


def test_the_time_for_an_answer_bounds_reading_and_writing(small_checkpoint: Path) -> None:
    from handeye.perception.engines.in_process.decode import decode_rows

    engine = opened(small_checkpoint, answer_seconds=1e-9)
    prompt = Prompt("s", (ChatTurn("user", ("q",)),))
    with pytest.raises(ModelError, match="did not read the prompt in the time"):
        engine.generate(Request(prompt))
    import torch

    with torch.inference_mode():
        reading = engine._reader.read(*engine._tokenise(prompt, 12), deadline=math.inf)
        row = engine._row(Request(prompt, max_tokens=64), None, None)
        row.read(reading.position)
        decode_rows(engine._reader, reading.cache, None, [row], reading.logits, 0.0, deadline=time.monotonic() - 1)
    assert (row.tokens, row.finish) == (1, "length")
