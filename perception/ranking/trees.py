"""Evaluates boosted regression trees that are shipped as a table of numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


@dataclass(frozen=True)
class Trees:
    """A sum of complete binary trees: node n has the children 2n+1 and 2n+2; a row goes right where its value is
    larger than the node's threshold."""

    columns: npt.NDArray[np.int32]
    """(trees, inner nodes): the feature that a node compares."""
    thresholds: npt.NDArray[np.float32]
    """(trees, inner nodes)."""
    leaves: npt.NDArray[np.float32]
    """(trees, leaves): what a tree adds to the score."""
    absent: float = 0.0
    """The score of “not there”, with which the scores of all candidates compete."""

    def scores(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the score of each row of features, shape (rows,)."""
        if not len(rows):
            return np.zeros(0)
        trees = np.arange(len(self.columns))
        node = np.zeros((len(rows), len(trees)), np.int32)
        inner = self.columns.shape[1]
        for _ in range(int(np.log2(inner + 1))):
            values = np.take_along_axis(rows, self.columns[trees, node], axis=1)
            node = 2 * node + 1 + (values > self.thresholds[trees, node])
        return np.asarray(self.leaves[trees, node - inner].sum(axis=1, dtype=np.float64))

    def probabilities(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return how likely each candidate is meant, shape (rows,); what is missing to 1 is “not there”."""
        scores = self.scores(rows)
        top = max(self.absent, scores.max(initial=self.absent))
        shares = np.exp(scores - top)
        return np.asarray(shares / (shares.sum() + np.exp(self.absent - top)))

    def to_json(self) -> dict[str, Any]:
        """Return the table as JSON values."""
        return {
            "absent": round(self.absent, 4),
            "columns": self.columns.tolist(),
            "thresholds": [[round(float(each), 5) for each in row] for row in self.thresholds],
            "leaves": [[round(float(each), 4) for each in row] for row in self.leaves],
        }


def read_trees(path: Path, features: tuple[str, ...]) -> Trees:
    """Return the trees of a file. Raises ValueError if they were fitted on other features."""
    table = json.loads(path.read_text(encoding="utf-8"))
    if tuple(table["features"]) != features:
        raise ValueError(f"{path} was fitted on other features; run python -m benchmarks.fit_ranking again")
    trees = table["trees"]
    return Trees(
        np.asarray(trees["columns"], np.int32),
        np.asarray(trees["thresholds"], np.float32),
        np.asarray(trees["leaves"], np.float32),
        float(trees["absent"]),
    )
