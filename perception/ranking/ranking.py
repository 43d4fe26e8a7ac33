"""Ranks everything visible by the evidence of a phrase; a confidence is how often such an answer is right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.perception.ranking.candidates import collect
from handeye.perception.ranking.evidence import read_evidence
from handeye.perception.ranking.features import FEATURES, describe
from handeye.perception.ranking.trees import Trees, read_trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.phrases.match import Match
    from handeye.perception.ranking.candidates import TargetCandidate
    from handeye.perception.ranking.features import Described
    from handeye.perception.ranking.visible import Visible

#: The fitted model; `python -m benchmarks.fit_ranking` writes it.
TABLE = Path(__file__).parent / "ranking.json"
#: So many matches of the exact reading are evidence.
_STRICT = 12


@dataclass(frozen=True)
class Ranked:
    """A candidate and how sure it is."""

    candidate: TargetCandidate
    confidence: float
    """The probability that its place is right, 0 to 1; candidates at the same place are summed."""


def rank(phrase: str, visible: Visible, strict: Sequence[Match] | None = None) -> list[Ranked]:
    """Return the places that a phrase may mean, the most likely first, none twice.

    `strict` are the matches of the exact reading, where the caller has fewer than `visible.exact`. What the confidences
    are missing to 1 is “not there”.
    """
    described = describe_visible(phrase, visible, strict)
    return pooled(described.candidates, model().probabilities(described.features).tolist())


def describe_visible(phrase: str, visible: Visible, strict: Sequence[Match] | None = None) -> Described:
    """Return what is visible and may be meant by a phrase, with its features."""
    evidence = read_evidence(phrase)
    strict = visible.exact(phrase) if strict is None else strict
    candidates = collect(evidence, visible.elements, visible.icons(evidence))
    return describe(evidence, candidates, visible.elements, visible.size, strict[:_STRICT])


def pooled(candidates: Sequence[TargetCandidate], chances: Sequence[float]) -> list[Ranked]:
    """Return one entry for each place: a point in the box of another candidate is right where that one is."""
    order = sorted(range(len(candidates)), key=lambda place: -chances[place])
    found: list[Ranked] = []
    for place in order:
        box = candidates[place].element.box
        if any(each.candidate.element.box.holds(box.centre) or box.holds(each.candidate.element.box.centre)
               for each in found):  # fmt: skip
            continue
        inside = [other for other in order if candidates[other].element.box.holds(box.centre)]
        found.append(Ranked(candidates[place], min(1.0, sum(chances[other] for other in inside))))
    return sorted(found, key=lambda each: -each.confidence)


@lru_cache(maxsize=1)
def model() -> Trees:
    """The fitted trees."""
    return read_trees(TABLE, FEATURES)
