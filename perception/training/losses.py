"""The losses of InternVL3's recipe, each a plain function of tensors.

What is not here: the packing of batches, positions with a random delta, and the training itself.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

PREFERENCE, QUALITY, GENERATION = 0.8, 0.2, 1.0
JPEG_QUALITIES = range(75, 101)


def square_weights(lengths: Sequence[int]) -> list[float]:
    """What each token of a sample weighs, by how many tokens of the sample are learned from: 1/x**0.5.

    Over all tokens of the batch the weights add up to 1; a sample without such tokens weighs nothing.
    """
    raw = [length**-0.5 if length else 0.0 for length in lengths]
    total = sum(weight * length for weight, length in zip(raw, lengths, strict=True))
    return [weight / total for weight in raw] if total else raw


def mpo_loss(chosen: Any, rejected: Any, generation: Any, *, beta: float = 0.1, shift: float = 0.0) -> Any:
    """Mixed preference optimisation: 0.8 preference (sigmoid) + 0.2 quality (BCO pair) + 1.0 generation.

    `chosen` and `rejected` hold log-probabilities of whole answers less those of the reference model; `generation` is
    the loss of the chosen answers; `shift` is the running mean of the rewards, both answers' together.
    """
    from torch.nn.functional import logsigmoid

    preference = -logsigmoid(beta * (chosen - rejected))
    quality = -logsigmoid(beta * chosen - shift) - logsigmoid(-(beta * rejected - shift))
    return PREFERENCE * preference.mean() + QUALITY * quality.mean() + GENERATION * generation.mean()


def random_jpeg(image: Image.Image, chance: random.Random) -> Image.Image:
    """The picture after JPEG at a random quality of 75 to 100; the same chance gives the same pixels."""
    file = BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=chance.choice(JPEG_QUALITIES))
    return Image.open(BytesIO(file.getvalue())).convert("RGB")
