"""Makes the training data of one step from drawn screens: tiles, labels of their patches, and phrases for targets.

A lesson depends only on its number, so a training that was stopped continues exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from handeye.perception.training.data.drawn import drawn
from handeye.perception.training.data.icons import SIGNS
from handeye.perception.training.data.shards import any_sample
from handeye.perception.training.data.target_phrases import Names
from handeye.perception.training.icon_sheets import sheet
from handeye.perception.training.losses import random_jpeg
from handeye.perception.training.pocket import PATCH, PATCH_CLASSES
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from handeye.perception.training.data.screen import LabeledScreen, LabeledTarget

#: Beyond the levels of drawn screens: sheets of icons.
SHEET = 4
#: Tiles per screen of each level; a phrase is searched in all of them.
TILES = (1, 1, 2, 4, 1)
#: Phrases per screen of each level.
TARGETS_PER_TILE = (4, 4, 4, 6, 8)
#: The share of phrases for targets that are not there.
ABSENT = 0.08
#: The share of a patch that a target must cover to label it.
_COVERED = 0.3
#: The least visible share of a target that the edge of a tile cuts.
_CUT = 0.5
_EDGE = 10.0


@dataclass(frozen=True)
class PointingLesson:
    """The tiles of several screens, with their labels."""

    tiles: NDArray[np.uint8]
    """(screens * tiles of each, side, side, 3)."""
    screens: int
    patch_classes: dict[str, NDArray[np.int64]]
    """For each list of `PATCH_CLASSES` the class of each patch, (tiles, patches); -1 if it is undefined."""
    edges: NDArray[np.float32]
    """How far left, up, right and down of each patch's middle the thing under it reaches, in patches; NaN for none."""
    phrases: list[str]
    of: NDArray[np.int64]
    """Which screen each phrase is about."""
    goals: NDArray[np.float32]
    """Where on the screen's tiles it is, (phrases, patches of the screen + 1), adding up to 1; the last: nowhere."""
    boxes: list[tuple[float, float, float, float] | None]
    """The thing on the first of the screen's tiles that shows most of it, in that tile's pixels."""


def lesson(
    seed: str,
    level: int,
    screens: int,
    side: int,
    held_out: bool = False,
    practice: bool = True,
    ease: float = 0.0,
    shards: Path | None = None,
) -> PointingLesson:
    """The lesson of a seed; `practice` adds traces of JPEG and phrases for what is not there; `ease` is of sheets.

    Of screens larger than a tile every other one is out of `shards`, where there are some.
    """
    rng = Random(f"lesson {seed} {level} {held_out}")  # noqa: S311 - screens, not secrets
    tiles, spots, phrases, of, goals = [], [], [], [], []
    boxes: list[tuple[float, float, float, float] | None] = []
    for number in range(screens):
        size = (side, side) if TILES[level] == 1 else None
        seed_ = rng.randrange(1 << 40)
        if shards and TILES[level] > 1 and rng.random() < 0.5:
            screen = any_sample(shards, rng).screen
        else:
            screen = sheet(seed_, side, held_out, ease) if level == SHEET else drawn(seed_, level, held_out, size)
        names = Names(screen)
        wanted = [n for n, target in enumerate(screen.targets) if target.icon and not target.text]
        corners = _corners(screen, [screen.targets[n].box for n in wanted], TILES[level], side, rng)
        picture = random_jpeg(screen.image, rng) if practice and rng.random() < 0.5 else screen.image
        tiles += [_cut(picture, corner, side) for corner in corners]
        spots += [_spots(screen.targets, corner, side) for corner in corners]
        rng.shuffle(wanted)
        count = 0
        for target in wanted:
            box = screen.targets[target].box
            covers = np.concatenate([_covers(box, corner, side).ravel() for corner in corners])
            whole = [c for c in corners if _seen(box, c, side) >= _CUT]
            plain = [phrase.text for phrase in names.of(target) if phrase.plain] if whole else []
            if not plain or count == TARGETS_PER_TILE[level]:
                continue
            count += 1
            x, y = whole[0]
            phrases.append(rng.choice(plain))
            of.append(number)
            goals.append(np.append(covers / covers.sum(), 0).astype(np.float32))
            boxes.append((box.left - x, box.top - y, box.right - x, box.bottom - y))
        if practice and rng.random() < TARGETS_PER_TILE[level] * ABSENT and not names.known(sign := rng.choice(SIGNS)):
            phrases.append(rng.choice((sign, f"the {sign} icon")))
            of.append(number)
            goals.append(np.append(np.zeros(len(corners) * (side // PATCH) ** 2), 1).astype(np.float32))
            boxes.append(None)
    patch_classes = {name: np.stack([spot[0][name] for spot in spots]) for name in PATCH_CLASSES}
    edges = np.stack([spot[1] for spot in spots])
    goal = np.stack(goals) if goals else np.zeros((0, 0), np.float32)
    return PointingLesson(np.stack(tiles), screens, patch_classes, edges, phrases, np.array(of, np.int64), goal, boxes)


def corpus(count: int = 60) -> list[str]:
    """Phrases of many screens, for a tokenizer to learn from."""
    from handeye.perception.training.data.questions import questions

    rng, found = Random("corpus"), []  # noqa: S311
    for number in range(count):
        screen = drawn(number, number % 3)
        found += [phrase.text.casefold() for phrase in Names(screen).phrases]
        found += [text for each in questions(screen, rng) for text in (each.prompt, each.answer)]
    return [*SIGNS, *found]


def _corners(screen: LabeledScreen, boxes: list[Box], count: int, side: int, rng: Random) -> list[tuple[int, int]]:
    """Corners of the tiles to cut: around possible targets, sometimes at random."""
    width, height = screen.image.size
    if (width, height) == (side, side):
        return [(0, 0)] * count
    made = []
    for _ in range(count):
        if boxes and rng.random() < 0.85:
            box = rng.choice(boxes)
            x, y = box.centre.x - rng.randint(20, side - 20), box.centre.y - rng.randint(20, side - 20)
        else:
            x, y = rng.randint(0, max(0, width - side)), rng.randint(0, max(0, height - side))
        made.append((min(max(x, 0), max(0, width - side)), min(max(y, 0), max(0, height - side))))
    return made


def _cut(image: Any, corner: tuple[int, int], side: int) -> NDArray[np.uint8]:
    return np.asarray(image.crop((*corner, corner[0] + side, corner[1] + side)), np.uint8)


def _seen(box: Box, corner: tuple[int, int], side: int) -> float:
    """How much of a box is on a tile, 0 to 1."""
    shared = box.overlap(Box(*corner, corner[0] + side, corner[1] + side))
    return shared / box.area


def _covers(box: Box, corner: tuple[int, int], side: int) -> NDArray[np.float32]:
    """How much of each patch of a tile a box covers, (rows, columns)."""
    starts = np.arange(0, side, PATCH)

    def along(low: float, high: float) -> Any:
        return np.clip(np.minimum(high, starts + PATCH) - np.maximum(low, starts), 0, PATCH) / PATCH

    x, y = corner
    across, down = along(box.left - x, box.right - x), along(box.top - y, box.bottom - y)
    return np.asarray(np.outer(down, across), np.float32)


def _spots(targets: Sequence[LabeledTarget], corner: tuple[int, int], side: int) -> tuple[dict[str, Any], Any]:
    """What each patch of a tile shows; what is drawn later and smaller lies on top."""
    count = side // PATCH
    patch_classes = {name: np.zeros((count, count), np.int64) for name in PATCH_CLASSES}
    edges = np.full((count, count, 4), np.nan, np.float32)
    middles = np.arange(count) * PATCH + PATCH / 2
    for target in sorted(targets, key=lambda each: -each.box.area):
        covers = _covers(target.box, corner, side)
        on = covers >= min(_COVERED, 0.6 * covers.max()) if covers.max() > 0.05 else covers > 1
        if not on.any():
            continue
        icon = -1 if target.icon and target.text else _number("icon", target.icon)
        patch_classes["icon"][on] = icon
        patch_classes["role"][on] = _number("role", target.role)
        patch_classes["colour"][on] = _number("colour", target.colour)
        left, top, right, bottom = target.box
        x, y = corner
        sides = np.stack(np.broadcast_arrays(
            middles[None, :] - (left - x), middles[:, None] - (top - y),
            (right - x) - middles[None, :], (bottom - y) - middles[:, None],
        ), -1) / PATCH  # fmt: skip
        edges[on] = np.clip(sides[on], -2, _EDGE)
    return {name: each.ravel() for name, each in patch_classes.items()}, edges.reshape(-1, 4)


def _number(name: str, word: str) -> int:
    return 1 + PATCH_CLASSES[name].index(word) if word in PATCH_CLASSES[name] else 0
