"""The pointing losses: patches learn their labels, and phrases learn to point at patches."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy, smooth_l1_loss

from handeye.perception.internvl.tiling import normalise
from handeye.perception.training.lessons import TILES, lesson
from handeye.perception.training.pocket import PATCH_CLASSES

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.perception.training.lessons import PointingLesson
    from handeye.perception.training.pocket import Pocket, Preset

#: The weight of all patches without a label, relative to those with one.
_NOTHING = 0.3
#: The progress of the training at which each level of screens, and the sheets of icons, are added.
_OPENS = (0.0, 0.25, 0.35, 0.45, 0.0)

#: Until this progress, icons of sheets move away from a common position; without this none is learned in an hour.
_EASED = 0.35


def level_at(sizes: Preset, seed: int, step: int, done: float) -> int:
    """Which level's screens a step learns from: the easy ones first, then all in the preset's shares."""
    rng = Random(f"level {seed} {step}")  # noqa: S311 - screens, not secrets
    open_now = [share if done >= _OPENS[number] else 0.0 for number, share in enumerate(sizes.levels)]
    return rng.choices(range(len(open_now)), open_now)[0]


def practice(sizes: Preset, seed: int, step: int, part: int, done: float, shards: Path | None = None) -> PointingLesson:
    """What a step learns from; the same arguments give the same lesson."""
    level = level_at(sizes, seed, step, done)
    ease = max(0.0, 1 - done / _EASED)
    screens = max(1, sizes.tiles // TILES[level])
    return lesson(f"{seed} {step} {part}", level, screens, sizes.side, ease=ease, shards=shards)


def losses(pocket: Pocket, taught: PointingLesson) -> dict[str, Any]:
    """The losses of a lesson; their sum is what is learned from.

    `point`: from phrase to patches, less what a right answer spread over its patches costs; `name`: from patches back
    to the phrases of their screen; the others: what each patch shows.
    """
    device = pocket.model.device
    patches = pocket.look(torch.from_numpy(normalise(taught.tiles)).to(device))
    found = {name: _patch_loss(logits, taught, name) for name, logits in pocket.classify_patches(patches).items()}
    if not taught.phrases:
        return found
    keys = pocket.keys(patches)
    keys = keys.reshape(taught.screens, -1, keys.shape[-1])
    of = torch.from_numpy(taught.of).to(device)
    goals = torch.from_numpy(taught.goals).to(device)
    scores = pocket.scores(pocket.words(pocket.tokens(taught.phrases).to(device)), keys[of]).float()
    sure = -(goals * goals.clamp(min=1e-9).log()).sum(1).mean()
    return {"point": cross_entropy(scores, goals) - sure, "name": _named(scores, goals, of), **found}


def _named(scores: Any, goals: Any, of: Any) -> Any:
    """Which phrase of its screen a patch answers to, for the patches that a phrase means."""
    there = goals[:, -1] == 0
    scores, goals, of = scores[there, :-1], goals[there, :-1], of[there]
    if not len(of):
        return scores.sum()
    same = of[:, None] == of[None, :]
    # (phrase whose patch it is, phrase compared with it): each phrase's score on the patches of each phrase.
    on = goals @ scores.T
    return cross_entropy(on.masked_fill(~same, -1e4), torch.arange(len(of), device=of.device))


def _patch_loss(logits: Any, taught: PointingLesson, name: str) -> Any:
    logits = logits.float()
    if name not in PATCH_CLASSES:
        edges = torch.from_numpy(taught.edges).to(logits.device)
        on = ~torch.isnan(edges)
        return smooth_l1_loss(logits[on], edges[on]) if on.any() else logits.sum() * 0
    truth = torch.from_numpy(taught.patch_classes[name]).to(logits.device).flatten()
    each = cross_entropy(logits.flatten(0, 1), truth.clamp(min=0), reduction="none")
    # Most patches have no label; averaged with them, the labeled ones would hardly count.
    return _mean(each, truth > 0) + _NOTHING * _mean(each, truth == 0)


def _mean(values: Any, on: Any) -> Any:
    return (values * on).sum() / on.sum().clamp(min=1)
