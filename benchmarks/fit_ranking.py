"""Fits the ranking of grounding (`perception/ranking/ranking.json`) on harvested screens, and prints how it does.

    python -m benchmarks.fit_ranking DATA [--out FILE]

`DATA` has the folders `fit` and `look`, each with a `questions.jsonl` as `handeye eval` reads it, with the keys `also`
(further right boxes) and `source` (kit or program). Trees are fitted on `fit` only; `look` is only measured.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handeye.perception.embedded import MIN_CONFIDENCE
from handeye.perception.observation import Observation
from handeye.perception.ranking.evidence import bounded
from handeye.perception.ranking.features import FEATURES
from handeye.perception.ranking.ranking import TABLE, describe_visible, pooled
from handeye.perception.ranking.visible import Visible
from handeye.perception.reading import ocr
from handeye.perception.training.boosting import Boosting, fit_trees
from handeye.tools.screenshot import Screenshot, open_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.perception.ranking.features import Described
    from handeye.perception.ranking.trees import Trees

#: Bins of the reliability curve.
BINS = 10


@dataclass(frozen=True)
class Question:
    """A question with the features of its candidates."""

    described: Described
    boxes: tuple[tuple[float, float, float, float], ...]
    """The right boxes; none if the target is absent."""
    kind: str
    source: str

    @property
    def right(self) -> list[bool]:
        """For each candidate, whether its middle is in a right box."""
        return [self.holds(each.element.box.centre) for each in self.described.candidates]

    def holds(self, point: Sequence[float]) -> bool:
        """Whether a point is in a right box."""
        x, y = point
        return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in self.boxes)


def read_questions(folder: Path) -> Iterator[Question]:
    """Yield the questions of a folder; each picture is read once."""
    observations: dict[str, Observation] = {}
    records = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    for record in sorted(records, key=lambda each: str(each["image"])):
        image = record["image"]
        if image not in observations:
            observations = {image: Observation(Screenshot(open_image(folder / image)), reader=ocr.read)}
        yield question_of(record, observations[image])


def question_of(record: dict[str, Any], observation: Observation) -> Question:
    """Return a record of a data set with the features of its candidates."""
    described = describe_visible(bounded(record["instruction"]), Visible(observation))
    boxes = ([record["bbox"]] if record["bbox"] else []) + record.get("also", [])
    return Question(described, tuple(map(tuple, boxes)), record.get("type", ""), record.get("source", ""))


def fit(questions: Sequence[Question], settings: Boosting) -> Trees:
    """Return trees fitted on questions."""
    rows = np.concatenate([each.described.features for each in questions])
    right = np.concatenate([np.asarray(each.right, bool) for each in questions])
    groups = np.repeat(np.arange(len(questions)), [len(each.described.candidates) for each in questions])
    return fit_trees(rows, right, groups, np.ones(len(questions)), settings)


def measure(trees: Trees, questions: Sequence[Question], least: float) -> dict[str, Any]:
    """Return the share of right answers per type, and the calibration of the answers."""
    by_type: dict[str, list[bool]] = defaultdict(list)
    answers: list[tuple[float, bool]] = []
    for each in questions:
        ranked = pooled(each.described.candidates, trees.probabilities(each.described.features).tolist())
        first = ranked[0] if ranked and ranked[0].confidence >= least else None
        correct = each.holds(first.candidate.element.box.centre) if first else not each.boxes
        by_type[each.kind].append(correct)
        if first:
            answers.append((first.confidence, correct))
    return {
        "found": {kind: round(100 * sum(some) / len(some), 1) for kind, some in sorted(by_type.items())},
        "calibration error": round(calibration_error(answers), 4),
        "curve": [(round(sure, 2), round(right, 2), count) for sure, right, count in curve(answers)],
    }


def curve(answers: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """Return the reliability curve: mean confidence, share of right answers and number of answers, per bin."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for sure, correct in answers:
        bins[min(BINS - 1, int(sure * BINS))].append((sure, correct))
    return [
        (sum(sure for sure, _ in some) / len(some), sum(correct for _, correct in some) / len(some), len(some))
        for _, some in sorted(bins.items())
    ]


def calibration_error(answers: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error: the mean difference of confidence and share of right answers per bin.

    Guo et al. 2017, "On calibration of modern neural networks", with bins of the same width.
    """
    return sum(count * abs(sure - right) for sure, right, count in curve(answers)) / max(1, len(answers))


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    questions = list(read_questions(options.data / "fit"))
    trees = fit(questions, Boosting())
    table = {"features": FEATURES, "questions": len(questions), "trees": trees.to_json()}
    options.out.write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"fit  {len(questions)} questions: {measure(trees, questions, MIN_CONFIDENCE)}")
    look = list(read_questions(options.data / "look"))
    print(f"look {len(look)} questions: {measure(trees, look, MIN_CONFIDENCE)}")


if __name__ == "__main__":
    main()
