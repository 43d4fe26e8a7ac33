"""Finds out in which way numbers mean places, from numbers whose places are known.

Every way to write a place is tried: the space of the coordinates, the order of a pair, and how a box is spelled. For
each the scale and offset that fit best are sought without trusting any single answer, and the way with the smallest
error wins, where a scale and an offset have to earn their place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, get_args

import numpy as np

from handeye.perception.internvl.profiles import BoxForm, ModelProfile, Space

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from handeye.tools.geometry import Box

    Floats = NDArray[np.float64]

#: Scales and offsets beyond these are no miscalibration but another way to write: they would let an answer that is
#: always the same fit anything.
LEAST_SCALE, MOST_SCALE, MOST_OFFSET = 0.6, 1.6, 0.25
#: Two answers nearer to each other than this part of a side tell too little about the scale.
APART = 0.15
#: The share of answers that are thought to mean the place, and to scatter around it; the others are anywhere.
TRUSTED = 0.65
#: Scatter below this is the rounding of numbers, in pixels; no way to write is better for being further below.
ROUNDING = 1.0
#: An answer further off than this part of the diagonal is no answer to the question, however the others scatter.
WILD = 0.05
#: From the median of the distances of normally scattered answers (Rayleigh: 1.18 sigma) to three sigma.
SPREAD = 3 / 1.1774


@dataclass(frozen=True)
class Known:
    """The numbers given for a place that is known."""

    numbers: tuple[float, ...]
    """Two or four, as they were written."""
    box: Box
    """Where it truly is, in pixels of the picture."""
    size: tuple[int, int]
    """Width and height of the picture."""


@dataclass(frozen=True)
class Convention:
    """One way to write places, and how well it fits."""

    changes: dict[str, object]
    """The fields of a `Profile` that say so."""
    cost: float
    """Smaller is better: how unlikely the answers are, and what the convention's freedom costs."""

    def applied(self, profile: ModelProfile) -> ModelProfile:
        """The profile with this way to write places."""
        return profile.model_copy(update=self.changes)


def find(known: Sequence[Known]) -> Convention | None:
    """The way to write places that explains the numbers best; None when there are too few to tell.

    All numbers are two, or all are four. Up to about a third of them may be wild. Pictures should differ in size and
    proportions, else pixels cannot be told from shares of the picture.
    """
    if len(known) < 4:
        return None
    return min((each for way in _ways(len(known[0].numbers)) for each in _fits(known, *way)), key=lambda one: one.cost)


def _ways(count: int) -> Iterator[tuple[Space, str, BoxForm]]:
    forms: tuple[BoxForm, ...] = get_args(BoxForm) if count == 4 else ("corners",)
    yield from product(get_args(Space), ("xy", "yx"), forms)


def _fits(known: Sequence[Known], space: Space, order: str, form: BoxForm) -> Iterator[Convention]:
    """This way to write places: as it stands, and with the scale and offset that fit best."""
    plain = ModelProfile(name="tried", space=space, order=order, box=form)  # type: ignore[arg-type]
    # Shape (answers, corners, 2): shares of the picture's sides; a point is its own only corner.
    given = np.array([plain.shares(one.numbers, one.size) for one in known])
    truth = np.array([_corners(one) for one in known])
    sizes = np.array([one.size for one in known], dtype=np.float64)
    fields = {"space": space, "order": order, "box": form, "answers": "box" if given.shape[1] == 2 else "point"}
    straight = (np.ones(2), np.zeros(2))
    for (scale, offset), freedom in ((straight, 0), (_bent(given, truth, sizes), 4)):
        errors = _errors(given, truth, sizes, scale, offset)
        # Twice what Schwarz (1978) charges for each free number: they were chosen among many.
        cost = _unlikely(errors, sizes) + 2 * freedom * math.log(len(known))
        fitted = {"scale": _rounded(scale), "offset": _rounded(offset)}
        yield Convention({**fields, **fitted}, cost)


def _corners(one: Known) -> list[list[float]]:
    """The true place in the same form as the answer: two corners of a box, or its middle."""
    width, height = one.size
    left, top, right, bottom = one.box
    if len(one.numbers) == 4:
        return [[left / width, top / height], [right / width, bottom / height]]
    return [[(left + right) / 2 / width, (top + bottom) / 2 / height]]


def _errors(given: Floats, truth: Floats, sizes: Floats, scale: Floats, offset: Floats) -> Floats:
    """How far off each answer is, in pixels: the root of the mean square over its corners."""
    off = (given * scale + offset - truth) * sizes[:, None, :]
    return np.asarray(np.sqrt((off**2).sum(axis=2).mean(axis=1)))


def _unlikely(errors: Floats, sizes: Floats) -> float:
    """Minus twice the logarithm of the answers' likelihood, at the scatter that makes them likeliest.

    Answers lie normally around the place or, with the chance that is left, anywhere on the picture: so wild ones cost
    the same in every way to write, and the others decide.
    """
    anywhere = (1 - TRUSTED) / (sizes[:, 0] * sizes[:, 1])
    scatters = np.geomspace(ROUNDING, WILD * float(np.hypot(*sizes.max(axis=0))), 25)[:, None]
    near = TRUSTED / (2 * math.pi * scatters**2) * np.exp(-(errors**2) / (2 * scatters**2))
    return float((-2 * np.log(near + anywhere).sum(axis=1)).min())


def _bent(given: Floats, truth: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """The scale and offset across and down that fit best.

    Least median of squares over all pairs of answers (Rousseeuw, 1984), which up to half of wild answers cannot lead
    astray; then least squares over the answers near that.
    """
    middles, wanted = given.mean(axis=1), truth.mean(axis=1)
    scale, offset = np.ones(2), np.zeros(2)
    off = np.hypot(*((middles - wanted) * sizes).T)
    least = float(np.median(off))
    for one, other in combinations(range(len(given)), 2):
        apart = middles[one] - middles[other]
        if np.abs(apart).min() < APART:
            continue
        tried = (wanted[one] - wanted[other]) / apart
        shift = wanted[one] - tried * middles[one]
        if not _sensible(tried, shift):
            continue
        errors = np.hypot(*((middles * tried + shift - wanted) * sizes).T)
        median = float(np.median(errors))
        if median < least:
            least, scale, offset, off = median, tried, shift, errors
    for _ in range(3):
        near = off <= near_enough(float(np.median(off)), sizes)
        if near.sum() < 4:
            break
        tried, shift = _least_squares(middles[near], wanted[near])
        if not _sensible(tried, shift):
            break
        scale, offset = tried, shift
        off = np.hypot(*((middles * scale + offset - wanted) * sizes).T)
    return scale, offset


def near_enough(median: float, sizes: Floats) -> Floats:
    """How far off an answer may be and still be an answer to the question, in pixels, for pictures of these sizes."""
    return np.asarray(np.minimum(max(6.0, SPREAD * median), WILD * np.hypot(sizes[:, 0], sizes[:, 1])))


def _least_squares(given: Floats, truth: Floats) -> tuple[Floats, Floats]:
    middle, target = given.mean(axis=0), truth.mean(axis=0)
    spread = ((given - middle) ** 2).sum(axis=0)
    scale = ((given - middle) * (truth - target)).sum(axis=0) / np.maximum(spread, 1e-12)
    return scale, target - scale * middle


def _sensible(scale: Floats, offset: Floats) -> bool:
    return bool((scale >= LEAST_SCALE).all() and (scale <= MOST_SCALE).all() and (np.abs(offset) <= MOST_OFFSET).all())


def _rounded(pair: Floats) -> tuple[float, float]:
    return round(float(pair[0]), 4), round(float(pair[1]), 4)
