"""Measures how often a pocket model points at the right place, on held-out screens.

Each score has a control: the same questions about the picture of another screen. While both are equal, the model does
not use the picture.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from handeye.perception.internvl.tiling import normalise
from handeye.perception.training.lessons import lesson
from handeye.perception.training.pocket import PATCH

if TYPE_CHECKING:
    from handeye.perception.training.pocket import Pocket

_AT_ONCE = 16


@dataclass
class PointingScore:
    """Shares of right answers, 0 to 1: the point lies in the box."""

    level: int
    questions: int
    right: float
    shuffled: float
    """The same questions on another screen."""
    parts: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By the size of the thing: the share of right answers, and of how many."""

    @property
    def gain(self) -> float:
        """The difference to the control."""
        return self.right - self.shuffled


def held_out(pocket: Pocket, level: int, screens: int = 100, seed: str = "held out") -> PointingScore:
    """Ask about so many held-out screens of a level."""
    taught = lesson(seed, level, screens, pocket.sizes.side, held_out=True, practice=False)
    with torch.inference_mode():
        device = pocket.model.device
        pixels = normalise(taught.tiles)
        parts = [
            pocket.keys(pocket.look(torch.from_numpy(pixels[start : start + _AT_ONCE]).to(device)))
            for start in range(0, len(pixels), _AT_ONCE)
        ]
        keys = torch.cat(parts)
        keys = keys.reshape(screens, -1, keys.shape[-1])
        words = pocket.words(pocket.tokens(taught.phrases).to(device))
        of = torch.from_numpy(taught.of).to(device)
        hits = [
            taught.goals[range(len(of)), pocket.scores(words, keys[(of + shift) % screens])[:, :-1].argmax(1).cpu()] > 0
            for shift in (0, 1)
        ]
    by_size: dict[str, list[bool]] = defaultdict(list)
    for box, hit in zip(taught.boxes, hits[0], strict=True):
        if box:
            by_size[_size(max(box[2] - box[0], box[3] - box[1]))].append(bool(hit))
    parts_ = {name: (float(np.mean(by_size[name])), len(by_size[name])) for name in sorted(by_size)}
    return PointingScore(level, len(of), float(hits[0].mean()), float(hits[1].mean()), parts_)


def _size(pixels: float) -> str:
    for most in (PATCH, 24, 40):
        if pixels <= most:
            return f"up to {most} px"
    return "larger"
