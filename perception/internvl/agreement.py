"""Groups several answers to one grounding question by place, and computes the confidence from their votes."""

from __future__ import annotations

from dataclasses import dataclass
from math import dist
from typing import TYPE_CHECKING

from handeye.perception.snapping import SAME, likeness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.snapping import Place

#: Samples are drawn at this temperature, from the tokens that make up `engine.TOP_P` of the probability, as InternVL's
#: authors do for best-of-N (VLMEvalKit; the first answer is greedy).
TEMPERATURE = 0.6
#: The side in pixels of one visual token on a tile: 2 x 2 patches of 14 pixels.
TOKEN_PIXELS = 28
#: The share of the doubt that remains when a known element is at the place.
DOUBT_LEFT = 0.2
#: Below this, fewer than half of the answers agree and no element confirms them.
LOW = 0.5


@dataclass(frozen=True)
class Vote:
    """The place that most answers name."""

    place: Place
    votes: int
    """How many of them mean it."""


def agree(one: Place, other: Place, reach: tuple[float, float]) -> bool:
    """Return whether two answers name the same place.

    They do when they name the same known element, when their boxes overlap (intersection over union of at least 0.4),
    or when their points are no farther apart than `reach`, in pixels across and down.
    """
    if one.known and one.element == other.element:
        return True
    if one.drawn and other.drawn and likeness(one.drawn, other.drawn) >= SAME:
        return True
    return abs(one.point.x - other.point.x) <= reach[0] and abs(one.point.y - other.point.y) <= reach[1]


def majority(places: Sequence[Place | None], reach: tuple[float, float]) -> Vote | None:
    """Return the place that the largest group of answers names; None when no answer names one.

    A group is an answer with all answers that agree with it. Of equally large groups that of the earliest answer wins,
    which is the greedy one if it comes first. The place is the group's medoid: the member nearest to all others.
    """
    named = [place for place in places if place is not None]
    groups = [[other for other in named if agree(place, other, reach)] for place in named]
    if not groups:
        return None
    group = max(groups, key=len)  # the first of several
    medoid = min(group, key=lambda place: sum(dist(place.point, other.point) for other in group))
    return Vote(medoid, len(group))


def confidence(votes: int, answers: int, known: bool) -> float:
    """Return the confidence, 0 to 1, in a place that `votes` of `answers` answers name.

    It is votes / (answers + 1): a single answer gives 1/2, three equal answers give 3/4. A known element at the place
    (`known`) removes four fifths of the doubt.
    """
    doubt = 1 - votes / (answers + 1)
    return 1 - doubt * (DOUBT_LEFT if known else 1)
