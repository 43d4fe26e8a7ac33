"""The losses of the recipe, against plain recomputation."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from PIL import Image

from handeye.perception.training.losses import mpo_loss, random_jpeg, square_weights


def test_a_sample_weighs_the_root_of_its_length() -> None:
    lengths = [1, 4, 0, 25]
    weights = square_weights(lengths)
    shares = [weight * length for weight, length in zip(weights, lengths, strict=True)]
    assert shares == pytest.approx([1 / 8, 2 / 8, 0, 5 / 8])
    assert square_weights([0, 0]) == [0.0, 0.0]


@pytest.mark.model
def test_the_terms_of_mpo_are_what_plain_arithmetic_gives() -> None:
    import torch

    chosen, rejected, generation = [1.5, -2.0], [-0.5, 3.0], [0.7, 1.1]
    beta, shift = 0.3, 0.2

    def loss(x: float) -> float:
        return math.log(1 + math.exp(-x))

    pairs = list(zip(chosen, rejected, strict=True))
    preference = sum(loss(beta * (c - r)) for c, r in pairs) / 2
    quality = sum(loss(beta * c - shift) + loss(shift - beta * r) for c, r in pairs) / 2
    given = [torch.tensor(values, dtype=torch.float64) for values in (chosen, rejected, generation)]
    expected = 0.8 * preference + 0.2 * quality + 1.0 * sum(generation) / 2
    assert mpo_loss(*given, beta=beta, shift=shift).item() == pytest.approx(expected, rel=1e-12)


def test_jpeg_changes_little_and_the_same_way_for_one_seed() -> None:
    # A smooth picture: noise is what JPEG throws away.
    across = np.linspace(0, 255, 64, dtype=np.uint8)
    image = Image.fromarray(np.stack([np.tile(across, (64, 1))] * 3, axis=2))
    once, again = (np.asarray(random_jpeg(image, random.Random(5))) for _ in range(2))
    assert (once == again).all()
    difference = np.abs(once.astype(int) - np.asarray(image).astype(int))
    assert 0 < difference.max() < 16
    assert len({random_jpeg(image, random.Random(seed)).tobytes() for seed in range(12)}) > 3
