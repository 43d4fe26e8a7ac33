"""Fits boosted regression trees that choose one candidate of a group, or none.

The model is a multinomial logit: candidate i of a question has probability exp(s_i) / (1 + sum_j exp(s_j)), and what is
missing to 1 is “none of them”. Trees are fitted to the gradient of its log-likelihood with Newton steps (Friedman 2001,
"Greedy function approximation: a gradient boosting machine"), on quantile bins. Deterministic for one seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handeye.perception.ranking.trees import Trees

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class Boosting:
    """The settings of a fit."""

    trees: int = 220
    depth: int = 4
    rate: float = 0.08
    bins: int = 48
    least: float = 6.0
    """The least sum of second derivatives in a leaf."""
    ridge: float = 4.0
    """Pulls leaves towards 0."""
    rows: float = 0.7
    columns: float = 0.5
    """Shares of the questions and of the features that each tree sees."""
    seed: int = 1


def fit_trees(
    rows: npt.NDArray[np.float32],
    right: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    settings: Boosting,
) -> Trees:
    """Return trees for rows of features (n, features); `groups` numbers the question of each row in ascending order.

    `right` marks the rows that are right answers; a question without one has the right answer “none”. `weights` has one
    number for each question.
    """
    rng = np.random.default_rng(settings.seed)
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, settings.bins + 1)[1:-1])) for column in rows.T]
    binned = np.stack([np.searchsorted(edge, column) for edge, column in zip(edges, rows.T, strict=True)], axis=1)
    count, inner = int(groups.max()) + 1, 2**settings.depth - 1
    columns = np.zeros((settings.trees, inner), np.int32)
    thresholds = np.full((settings.trees, inner), np.inf, np.float32)
    leaves = np.zeros((settings.trees, inner + 1), np.float32)
    scores = np.zeros(len(rows))
    for tree in range(settings.trees):
        chance = _softmax(scores, groups, count)
        gradient, hessian = _derivatives(chance, right, groups, count)
        sampled = (rng.random(count) < settings.rows)[groups]
        gradient, hessian = gradient * weights[groups] * sampled, hessian * weights[groups] * sampled
        usable = np.flatnonzero(rng.random(rows.shape[1]) < settings.columns)
        node = np.zeros(len(rows), np.int64)
        for place in range(inner):
            inside = np.flatnonzero(node == place)
            split = _best_split(binned[inside], gradient[inside], hessian[inside], usable, settings)
            if split is not None:
                column, edge = split
                columns[tree, place], thresholds[tree, place] = column, edges[column][edge]
                node[inside] = 2 * place + 1 + (binned[inside, column] > edge)
            else:
                node[inside] = 2 * place + 1
        leaf = node - inner
        sums = np.bincount(leaf, gradient, inner + 1), np.bincount(leaf, hessian, inner + 1)
        leaves[tree] = settings.rate * sums[0] / (sums[1] + settings.ridge)
        scores += leaves[tree][leaf]
    return Trees(columns, thresholds, leaves)


def _softmax(scores: npt.NDArray[np.float64], groups: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.float64]:
    top = np.zeros(count)
    np.maximum.at(top, groups, scores)
    shares = np.exp(scores - top[groups])
    whole = np.bincount(groups, shares, count) + np.exp(-top)
    return np.asarray(shares / whole[groups])


def _derivatives(
    chance: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64], count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The negative gradient and the diagonal of the Hessian of the negative log-likelihood."""
    correct = np.bincount(groups, chance * right, count)
    has = np.bincount(groups, right, count) > 0
    wanted = np.where(right, chance / np.maximum(correct[groups], 1e-9), 0.0) * has[groups]
    return wanted - chance, np.maximum(chance * (1 - chance), 1e-6)


def _best_split(
    binned: npt.NDArray[np.int64],
    gradient: npt.NDArray[np.float64],
    hessian: npt.NDArray[np.float64],
    usable: npt.NDArray[np.int64],
    settings: Boosting,
) -> tuple[int, int] | None:
    """The feature and bin whose split gains most; None if none gains."""
    best, found = 1e-6, None
    if not len(binned):
        return None
    whole_g, whole_h = gradient.sum(), hessian.sum()
    base = whole_g**2 / (whole_h + settings.ridge)
    for column in usable:
        length = settings.bins + 1
        left_g = np.cumsum(np.bincount(binned[:, column], gradient, length))[:-1]
        left_h = np.cumsum(np.bincount(binned[:, column], hessian, length))[:-1]
        fits = (left_h >= settings.least) & (whole_h - left_h >= settings.least)
        gain = left_g**2 / (left_h + settings.ridge)
        gain = gain + (whole_g - left_g) ** 2 / (whole_h - left_h + settings.ridge) - base
        gain = np.where(fits, gain, -1.0)
        if gain.max() > best:
            best, found = float(gain.max()), (int(column), int(gain.argmax()))
    return found
