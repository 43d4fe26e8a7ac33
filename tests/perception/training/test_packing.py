"""Packed questions are read exactly as they would be alone."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from handeye.perception.internvl.positions import positions
from handeye.perception.training.packing import DELTAS, IGNORED, any_delta, pack, read

pytestmark = pytest.mark.model

IMAGE = 5
#: Two screens, the first with three questions that share their beginning, and a text without a picture.
SCREENS = [
    [([1, 3, *[IMAGE] * 64, 4, 20, 30], [40, 41, 2]), ([1, 3, *[IMAGE] * 64, 4, 20, 31, 32], [42, 2]),
     ([1, 3, *[IMAGE] * 64, 4, 21], [43, 44, 45, 2])],
    [([1, 3, *[IMAGE] * 64, 4, 22, 33], [46, 2])],
    [([1, 23, 34], [47, 48])],
]  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Any:
    from handeye.perception.training.pocket import Pocket, preset

    pocket = Pocket.new(preset("tiny-cpu"), ["the red heart"], seed=3)
    assert pocket.image_token == IMAGE
    return pocket.model.eval()


@pytest.mark.parametrize("delta", [1.0, 1 / 256])
def test_packed_logits_are_those_of_each_question_alone(model: Any, delta: float) -> None:
    import torch

    torch.manual_seed(1)
    pixels = torch.randn(2, 3, 224, 224)
    row = pack(SCREENS, IMAGE, delta)
    with torch.inference_mode():
        together = read(model, row, pixels)
        start = 0
        for number, screen in enumerate(SCREENS):
            for question, answer in screen:
                ids = torch.tensor([question + answer[:-1]])
                stands = torch.from_numpy(positions(ids[0].tolist(), IMAGE, delta))[None]
                shown = {"pixel_values": pixels[number : number + 1]} if IMAGE in question else {}
                # The model's own forward, causal over one question: no mask of ours, no packing.
                alone = model(input_ids=ids, position_ids=stands, **shown).logits[0, len(question) - 1 :]
                torch.testing.assert_close(together[start : start + len(answer)], alone, atol=2e-4, rtol=1e-4)
                start += len(answer)
    assert start == len(together)


def test_a_question_sees_no_other_and_no_other_screen() -> None:
    row = pack(SCREENS, IMAGE)
    for token, (screen, part) in enumerate(zip(row.screens, row.parts, strict=True)):
        seen = np.flatnonzero(row.mask[token])
        assert set(row.screens[seen]) == {screen}
        assert set(row.parts[seen]) <= {0, part}
        assert seen.max() == token


def test_each_answer_weighs_the_root_of_its_length() -> None:
    row = pack(SCREENS, IMAGE)
    weights = [row.weights[row.question(number)].sum() for number in range(1, 6)]
    roots = np.sqrt([3, 2, 4, 2, 2])
    assert weights == pytest.approx(roots / roots.sum(), rel=1e-6)
    assert row.weights[row.targets == IGNORED].sum() == 0


def test_a_random_delta_moves_text_after_a_picture_to_the_next_whole_number() -> None:
    chance = random.Random(0)
    assert {any_delta(chance) for _ in range(200)} == set(DELTAS)
    for delta in DELTAS:
        row = pack(SCREENS[:1], IMAGE, delta)
        visual = np.flatnonzero(row.ids == IMAGE)
        assert np.diff(row.positions[visual]) == pytest.approx(delta)
        first = row.positions[visual[0] - 1]
        assert row.positions[visual[-1] + 1] == np.ceil(first + delta * len(visual)) + 1
        # Every question goes on at the same place.
        starts = {row.positions[np.flatnonzero(row.parts == part)[0]] for part in (1, 2, 3)}
        assert len(starts) == 1
