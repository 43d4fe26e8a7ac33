"""Training rows with written answers: handeye's questions through the whole model, packed into one row.

These rows are used together with pointing lessons from the first step: one stage, images and text. A row depends only
on its number, like a lesson.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from handeye.perception.internvl.prompt import ChatTurn, Prompt, to_text
from handeye.perception.internvl.tiling import normalise, tile
from handeye.perception.training.data.drawn import drawn
from handeye.perception.training.data.questions import PROFILE, questions
from handeye.perception.training.data.shards import any_sample
from handeye.perception.training.data.texts import text_question
from handeye.perception.training.losses import random_jpeg
from handeye.perception.training.packing import IGNORED, any_delta, pack, read
from handeye.perception.training.pocket import PATCH

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image

    from handeye.perception.training.data.questions import TrainingQuestion
    from handeye.perception.training.pocket import Pocket, Preset

#: Screens in a row, questions about each, and questions without a picture.
_SCREENS, _QUESTIONS, _TEXTS = 3, 3, 3
#: A picture out of shards has so many tiles at most; drawn ones are one tile.
_TILES = 6
#: Until so much of a training is over, the drawn screens are of the easiest level.
_EASY = 0.2


@dataclass(frozen=True)
class Spelled:
    """What one row of tokens is made of."""

    tiles: NDArray[np.uint8]
    """Of all pictures, in order."""
    groups: tuple[tuple[tuple[str, str], ...], ...]
    """Whole prompts with their image tokens, and answers; adjacent ones share their pictures."""
    delta: float
    """How far a visual token moves the position on (V2PE)."""


def spelled(sizes: Preset, seed: int, step: int, done: float, shards: Path | None = None) -> Spelled | None:
    """The row of a step; None in most steps, by the preset's share."""
    rng = Random(f"spelled {seed} {step}")  # noqa: S311 - screens, not secrets
    if rng.random() >= sizes.mix:
        return None
    tiles: list[NDArray[np.uint8]] = []
    groups = []
    for _ in range(_SCREENS):
        if shards and rng.random() < 0.5:
            sample = any_sample(shards, rng)
            screens = [each for each in (sample.before, sample.screen) if each][-sample.questions[0].pictures :]
            pictures, sample_questions = [each.image for each in screens], sample.questions
        else:
            level = 0 if done < _EASY else rng.choice((0, 1))
            screen = drawn(rng.randrange(1 << 40), level, False, (sizes.side, sizes.side))
            pictures, sample_questions = [screen.image], tuple(questions(screen, rng, _QUESTIONS))
        cut = [tile(random_jpeg(picture, rng), _TILES, sizes.side).tiles for picture in pictures]
        by_opening: dict[str, list[tuple[str, str]]] = {}
        for each in sample_questions[:_QUESTIONS]:
            by_opening.setdefault(each.before, []).append(_text(each, pictures, [len(part) for part in cut], sizes))
        for group in by_opening.values():  # text before the pictures prevents sharing them
            tiles += cut
            groups.append(tuple(group))
    groups += [(_text(text_question(rng), [], [], sizes),) for _ in range(_TEXTS)]
    none = np.zeros((0, sizes.side, sizes.side, 3), np.uint8)
    return Spelled(np.concatenate([none, *tiles]), tuple(groups), any_delta(rng) if rng.random() < 0.5 else 1.0)


def losses(pocket: Pocket, row: Spelled) -> dict[str, Any]:
    """The loss of the answers about pictures (`spell`) and of those without (`text`); together that of the row."""
    encode = pocket.tokenizer.encode
    groups = [
        [
            (encode(prompt, add_special_tokens=False), encode(f"{answer}<|im_end|>", add_special_tokens=False))
            for prompt, answer in group
        ]
        for group in row.groups
    ]
    packed = pack(groups, pocket.image_token, row.delta)
    device = pocket.model.device
    pixels = torch.from_numpy(normalise(row.tiles)).to(device) if len(row.tiles) else None
    learned = packed.targets != IGNORED
    log_probabilities = read(pocket.model, packed, pixels).float().log_softmax(-1)
    each = -log_probabilities.gather(1, torch.from_numpy(packed.targets[learned])[:, None].to(device))[:, 0]
    each = each * torch.from_numpy(packed.weights[learned]).to(device)
    alone = torch.from_numpy(packed.screens[learned] >= len(row.groups) - _TEXTS).to(device)
    return {"spell": each[~alone].sum(), "text": each[alone].sum()}


def _text(question: TrainingQuestion, pictures: list[Image.Image], counts: list[int], sizes: Preset) -> tuple[str, str]:
    before = (question.before,) if question.before else ()
    prompt = Prompt(question.system or PROFILE.system, (ChatTurn("user", (*before, *pictures, question.prompt)),))
    return to_text(prompt, counts, (sizes.side // PATCH // 2) ** 2), question.answer
