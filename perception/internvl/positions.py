"""Computes the position of each token; with V2PE a visual token advances it by a fraction.

Source: V2PE (arXiv 2412.09616), `get_rope_pos_id` of OpenGVLab/V2PE with `v2pe_fix`; InternVL3 was trained with it
(arXiv 2504.10479). Text advances the position by 1, a visual token by delta from the position of `<img>`, and text
after an image continues at the next integer.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: The smallest step that V2PE was trained with.
LEAST_DELTA = 1 / 256


def positions(ids: Sequence[int], image_token: int, delta: float = 1.0) -> NDArray[Any]:
    """Return the position of each token, (tokens,): int64 at delta 1 (standard), float32 below it.

    `delta` was drawn from 1, 1/2, 1/4 … 1/256 in training.
    """
    if delta == 1:
        return np.arange(len(ids))
    visual = np.asarray(ids) == image_token
    edges = np.flatnonzero(np.diff(visual, prepend=~visual[:1], append=~visual[-1:]))
    made = np.empty(len(ids), np.float32)
    last = -1.0
    for start, end in pairwise(edges):
        step = delta if visual[start] else 1.0
        made[start:end] = math.ceil(last) + step * np.arange(1, end - start + 1)
        last = float(made[end - 1])
    return made


def after(position: float) -> int:
    """Return the position of the text token that follows a token at `position`."""
    return math.ceil(position) + 1


def takes_fractions(model: Any) -> bool:
    """Return whether the rotary embedding of a model's language part distinguishes fractional positions."""
    rotary = getattr(model.get_decoder(), "rotary_emb", None)
    if rotary is None:
        return False
    device = next((each.device for each in rotary.buffers()), model.device)
    try:
        with torch.inference_mode():
            cosines = rotary(torch.zeros(1, device=device), torch.tensor([[0.0, 0.5, 1.0]], device=device))[0][0]
    except (RuntimeError, IndexError, TypeError):
        return False
    zero, half, one = cosines
    return not torch.equal(half, zero) and not torch.equal(half, one)
