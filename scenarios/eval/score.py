"""Measurements, and the share of correct answers with its confidence interval."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handeye.scenarios.datasets.item import GroundingItem

#: 95 % of a normal distribution is within this number of standard deviations.
Z95 = 1.959963984540054


class Measurement(BaseModel):
    """The answer to one question, and whether it is correct."""

    model_config = ConfigDict(frozen=True)

    image: str
    instruction: str
    point: tuple[int, int] | None
    """The answer in pixels of the picture; None when nothing was found."""
    correct: bool
    seconds: float
    box: tuple[int, int, int, int] | None = None
    by: str = ""
    """The method that found it: `ocr`, `internvl` …"""
    confidence: float | None = None
    answer: str = ""
    """The model's answers, one per line; empty without a model."""
    error: str = ""
    """Why there is no answer: an unreadable picture, or an error of the model."""


@dataclass(frozen=True)
class Share:
    """A number of correct answers of a number of questions."""

    correct: int
    n: int

    @property
    def accuracy(self) -> float:
        """The share of correct answers, 0 to 1; 0 without questions."""
        return self.correct / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the share, both ends 0 to 1.

        Wilson (1927), "Probable inference, the law of succession, and statistical inference": it stays within 0 to 1,
        and is accurate for few questions and for shares near 0 or 1.
        """
        if not self.n:
            return 0.0, 1.0
        share, z2 = self.accuracy, Z95 * Z95 / self.n
        middle = (share + z2 / 2) / (1 + z2)
        half = Z95 * math.sqrt(share * (1 - share) / self.n + z2 / (4 * self.n)) / (1 + z2)
        return max(0.0, middle - half), min(1.0, middle + half)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "n": self.n,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "interval": [round(end, 4) for end in self.interval],
        }


@dataclass(frozen=True)
class ScoreGroup:
    """The score of questions with a common property."""

    whole: Share
    by_type: dict[str, Share]

    def to_json(self) -> dict[str, Any]:
        """Return the counts of the group as JSON values."""
        return self.whole.to_json() | {"by_type": {name: share.to_json() for name, share in self.by_type.items()}}


@dataclass(frozen=True)
class Score:
    """The score of an evaluation."""

    overall: Share
    by_type: dict[str, Share]
    """In the order of first occurrence; empty when no question has a type. A question may have several."""
    by_source: dict[str, Share]
    table: dict[str, dict[str, Share]]
    """Group, then type, as benchmarks publish it; empty when no question has a group."""
    by_field: dict[str, dict[str, ScoreGroup]]
    """Scores by further fields of the data set, such as themes: field, then value."""
    errors: int
    """The number of questions without an answer; they count as wrong."""


def compute_score(items: Sequence[GroundingItem], results: Sequence[Measurement]) -> Score:
    """Return the counts of the results of these items, which are in the same order."""
    both = list(zip(items, results, strict=True))
    return Score(
        _share(result for _, result in both),
        _by([(kind, result) for item, result in both for kind in item.types]),
        _by([(item.source, result) for item, result in both if item.source]),
        {
            group: _by([(kind, result) for item, result in both if item.group == group for kind in item.types])
            for group in dict.fromkeys(item.group for item in items if item.group)
        },
        {
            name: {
                value: _part([pair for pair in both if pair[0].fields.get(name) == value])
                for value in dict.fromkeys(item.fields[name] for item in items if name in item.fields)
            }
            for name in dict.fromkeys(name for item in items for name in item.fields)
        },
        sum(bool(result.error) for result in results),
    )


def _part(both: list[tuple[GroundingItem, Measurement]]) -> ScoreGroup:
    by_type = _by([(kind, result) for item, result in both for kind in item.types])
    return ScoreGroup(_share(result for _, result in both), by_type)


def _by(named: list[tuple[str, Measurement]]) -> dict[str, Share]:
    sorted_out: defaultdict[str, list[Measurement]] = defaultdict(list)
    for name, result in named:
        sorted_out[name].append(result)
    return {name: _share(results) for name, results in sorted_out.items()}


def _share(results: Iterable[Measurement]) -> Share:
    right = [result.correct for result in results]
    return Share(sum(right), len(right))
