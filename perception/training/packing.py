"""Packs several questions about several screens into one row of tokens.

The common prefix of a screen's questions, mainly its pictures, is in the row once. A token attends to this prefix and
to its own question, up to itself. Positions of each question continue from the end of the prefix, so the result is
exactly that of the question alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from handeye.perception.internvl.positions import after, positions
from handeye.perception.training.losses import square_weights

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: As `ignore_index` of torch's cross entropy.
IGNORED = -100
#: The steps of a visual token that V2PE samples from.
DELTAS = tuple(2.0**-power for power in range(9))

#: Tokens of a question, and those of its answer.
QuestionTokens = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Pack:
    """One row of tokens."""

    ids: NDArray[np.int64]
    positions: NDArray[Any]
    """Whole numbers, or float32 where visual tokens step by less than 1."""
    screens: NDArray[np.int64]
    """The number of each token's screen."""
    parts: NDArray[np.int64]
    """0 for what a screen's questions share, else the number of the question in the row."""
    targets: NDArray[np.int64]
    """The token that is to follow, in answers; `IGNORED` elsewhere."""
    weights: NDArray[np.float32]
    """The weight of each target: 1 / sqrt(length of its answer), normalised to a sum of 1."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The attention mask, (tokens, tokens): True where a token (row) attends."""
        same = self.screens[:, None] == self.screens[None, :]
        own = (self.parts[:, None] == self.parts[None, :]) | (self.parts[None, :] == 0)
        return np.asarray(np.tril(same & own), np.bool_)

    def question(self, number: int) -> NDArray[np.int64]:
        """Where the tokens of a question stand that its answer follows from, by its number from 1."""
        return np.flatnonzero((self.parts == number) & (self.targets != IGNORED))


def pack(screens: Sequence[Sequence[QuestionTokens]], image_token: int, delta: float = 1.0) -> Pack:
    """Questions and answers, by screen, in one row; the questions of one screen have the same pictures."""
    ids, places, of, parts, targets = [], [], [], [], []
    number = 0
    for screen, questions in enumerate(screens):
        # A question's last token is its own: the answer's first one is to follow it.
        shared = _shared([question[:-1] for question, _ in questions])
        beginning = list(questions[0][0][:shared])
        stands = positions(beginning, image_token, delta)
        ids += beginning
        places.append(stands)
        of += [screen] * shared
        parts += [0] * shared
        targets += [IGNORED] * shared
        start = after(float(stands[-1])) if shared else 0
        for question, answer in questions:
            number += 1
            rest = question[shared:] + answer[:-1]  # nothing follows an answer's last token
            ids += rest
            places.append(np.arange(start, start + len(rest)))
            of += [screen] * len(rest)
            parts += [number] * len(rest)
            targets += [IGNORED] * (len(rest) - len(answer)) + answer
    lengths = [len(answer) for questions in screens for _, answer in questions]
    each = [0.0, *square_weights(lengths)]
    learned = np.array(targets) != IGNORED
    weights = np.where(learned, np.array(each)[parts], 0).astype(np.float32)
    kind = np.int64 if delta == 1 else np.float32
    return Pack(
        ids=np.array(ids, np.int64),
        positions=np.concatenate(places).astype(kind),
        screens=np.array(of, np.int64),
        parts=np.array(parts, np.int64),
        targets=np.array(targets, np.int64),
        weights=weights,
    )


def any_delta(rng: random.Random) -> float:
    """V2PE's random step: 1, 1/2, …, 1/256."""
    return rng.choice(DELTAS)


def read(model: Any, row: Pack, pixels: Any = None) -> Any:
    """Run an InternVL on a row; return the logits at each token with a target, (targets, vocabulary)."""
    import torch

    device = model.device
    ids = torch.from_numpy(row.ids)[None].to(device)
    embeddings = model.get_input_embeddings()(ids)
    if pixels is not None:
        seen = model.get_image_features(pixel_values=pixels, return_dict=True).pooler_output
        visual = (ids == model.config.image_token_id).unsqueeze(-1)
        embeddings = embeddings.masked_scatter(visual, seen.reshape(-1, seen.shape[-1]).to(embeddings.dtype))
    states = model.model.language_model(
        inputs_embeds=embeddings,
        attention_mask=torch.from_numpy(row.mask)[None, None].to(device),
        position_ids=torch.from_numpy(row.positions)[None].to(device),
        use_cache=False,
    ).last_hidden_state[0]
    return model.lm_head(states[torch.from_numpy(row.targets != IGNORED).to(device)])


def _shared(rows: Sequence[list[int]]) -> int:
    """How many tokens all rows begin with."""
    count = 0
    for tokens in zip(*rows, strict=False):
        if len(set(tokens)) > 1:
            break
        count += 1
    return count
