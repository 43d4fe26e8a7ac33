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
#: Side in pixels of what one visual token shows of a tile: 14-pixel patches, of which four in a square become one.
TOKEN_PIXELS = 28
#: A place that is confirmed by a known element leaves this part of the doubt.
DOUBT_LEFT = 0.2
#: Below this, fewer than half of the answers agree and no element confirms them.
LOW = 0.5


@dataclass(frozen=True)
class Vote:
    """The place that most answers mean."""

    place: Place
    votes: int
    """How many of them mean it."""


def agree(one: Place, other: Place, reach: tuple[float, float]) -> bool:
    """Whether two answers mean the same place.

    They do when they mean the same known element, when their boxes are alike (intersection over union of at least
    0.4), or when their points are no further apart than `reach`, in pixels across and down.
    """
    if one.known and one.element == other.element:
        return True
    if one.drawn and other.drawn and likeness(one.drawn, other.drawn) >= SAME:
        return True
    return abs(one.point.x - other.point.x) <= reach[0] and abs(one.point.y - other.point.y) <= reach[1]


def majority(places: Sequence[Place | None], reach: tuple[float, float]) -> Vote | None:
    """The place that the largest group of answers means; None when no answer names one.

    A group is an answer with all that agree with it. Among equally large ones that of the earliest answer wins, which
    is the greedy one's where it comes first. The place is the group's medoid: the member nearest to all others.
    """
    named = [place for place in places if place is not None]
    groups = [[other for other in named if agree(place, other, reach)] for place in named]
    if not groups:
        return None
    group = max(groups, key=len)  # the first of several
    medoid = min(group, key=lambda place: sum(dist(place.point, other.point) for other in group))
    return Vote(medoid, len(group))


def confidence(votes: int, answers: int, known: bool) -> float:
    """How sure a place is that `votes` of so many answers mean, 0 to 1.

    Votes over answers plus one: a single answer agrees with nothing, so that it is worth a half, and three that agree
    three quarters. That a known element lies there (`known`) takes away four fifths of the doubt.
    """
    doubt = 1 - votes / (answers + 1)
    return 1 - doubt * (DOUBT_LEFT if known else 1)
