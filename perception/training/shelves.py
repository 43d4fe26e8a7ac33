"""Shards for a training: pages rendered by Chromium, and pairs of pictures between which something changed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from handeye.perception.training.data.drawn import pair
from handeye.perception.training.data.pages import Pages
from handeye.perception.training.data.questions import change, questions
from handeye.perception.training.data.shards import Sample, write_shards

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handeye.perception.training.data.shards import Shard

#: Any sample of a shard is reached through those before it, so that shards are small.
_PER_SHARD = 64
#: Every so-manieth sample is a pair.
_PAIRS = 8
_ASKED = 4


def write_pages(
    folder: Path, count: int, seed: int = 0, tell: Callable[[int], None] = lambda _: None
) -> tuple[Shard, ...]:
    """Write so many samples; the same call goes on where it was stopped. `tell` hears of each that is made."""
    with Pages() as pages:

        def make(number: int) -> Sample:
            tell(number)
            rng = Random(f"pages {seed} {number}")  # noqa: S311 - screens, not secrets
            if number % _PAIRS == _PAIRS - 1:
                before, after = pair(rng.randrange(1 << 30), level=2)
                return Sample(after, (change(before, after),), before)
            screen = pages.screen(rng.randrange(1 << 30))
            return Sample(screen, tuple(questions(screen, rng, _ASKED)))

        return write_shards(folder, make, count, per_shard=_PER_SHARD)
