"""Fits the confidence of the icon encoder on icon sets it did not learn from, and measures it on others."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from handeye.perception.icons.encoder import IconEncoder, parameters
from handeye.perception.icons.meanings import Meanings
from handeye.perception.training.icon_pictures import no_icon, on_screen

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from handeye.perception.training.icon_pictures import RenderedSet

#: Icons among which the named one is searched.
CHOICES = 16
_STEPS, _DECAY = 40, 1e-3


@dataclass(frozen=True)
class IconScore:
    """How often the named icon is chosen out of `CHOICES` of one set, and how good confidences and names are."""

    of: str
    questions: int
    right: float
    words_alone: float
    """The same by the learned words alone."""
    known_alone: float
    """The same by the gallery of known icons alone."""
    names: float
    """The share of inferred names with a word of the icon's own name or of its synonyms."""


@dataclass(frozen=True)
class _Question:
    phrase: str
    icons: npt.NDArray[np.float32]
    """Embeddings of the icon that is named, and of others: shape (CHOICES, length)."""
    accepted: frozenset[str]


def fit_confidence(path: Path, sets: Sequence[RenderedSet], synonyms: dict[tuple[str, ...], Counter[str]]) -> float:
    """Fit the confidences of a model's file on sets that the encoder did not learn from, and store them in the file.

    Returns the calibration error on these sets, 0 to 1.
    """
    encoder, meanings = IconEncoder(path), Meanings(path)
    questions = [each for of in sets for each in _questions(of, encoder, synonyms, 400, f"fit {of.of.name}")]
    inputs, right, names, named = [], [], [], []
    for each in questions:
        evidence = meanings.evidence(each.icons, each.phrase)
        if evidence is not None:
            inputs.append(evidence.features())
            right.append(np.arange(len(each.icons)) == 0)
        ((name, features),) = meanings.nearest(each.icons[:1])
        names.append(features)
        named.append(bool(each.accepted & set(name.split())))
    stored = dict(parameters(path))
    stored["fit"] = _regression(np.concatenate(inputs), np.concatenate(right))
    stored["name_fit"] = _regression(np.array(names), np.array(named))
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, **stored)  # type: ignore[arg-type]
    partial.replace(path)
    parameters.cache_clear()
    fitted = Meanings(path)
    chances = [fitted.probabilities(each.icons, each.phrase) for each in questions]
    return calibration_error(np.concatenate(chances), np.concatenate([np.arange(len(each)) == 0 for each in chances]))


def score(
    path: Path, sets: Sequence[RenderedSet], synonyms: dict[tuple[str, ...], Counter[str]], count: int = 200
) -> list[IconScore]:
    """Measure a model's file on held-out sets: one question for each icon, with others of the same set as choices."""
    encoder, meanings = IconEncoder(path), Meanings(path)
    found = []
    for of in sets:
        questions = _questions(of, encoder, synonyms, count, f"score {of.of.name}")
        ways: list[list[bool]] = [[], [], []]
        for each in questions:
            evidence = meanings.evidence(each.icons, each.phrase)
            if evidence is None:
                for way in ways:
                    way.append(False)
                continue
            both = meanings.probabilities(each.icons, each.phrase)
            found_by: tuple[npt.NDArray[Any], ...] = (both, evidence.words, evidence.known)
            for way, values in zip(ways, found_by, strict=True):
                way.append(bool(values[0] > values[1:].max()))
        names = [bool(each.accepted & set(meanings.nearest(each.icons[:1])[0][0].split())) for each in questions]
        shares = [float(np.mean(each)) for each in (*ways, names)]
        found.append(IconScore(of.of.name, len(questions), *shares))
    return found


def calibration_error(chances: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error: the mean difference of confidence and frequency over bins of confidence.

    Source: Naeini et al., https://ojs.aaai.org/index.php/AAAI/article/view/9602.
    """
    at = np.minimum((chances * bins).astype(int), bins - 1)
    parts = [(chances[at == each], right[at == each]) for each in range(bins) if (at == each).any()]
    return float(sum(len(one) * abs(one.mean() - true.mean()) for one, true in parts) / len(chances))


def _questions(
    of: RenderedSet, encoder: IconEncoder, synonyms: dict[tuple[str, ...], Counter[str]], count: int, seed: str
) -> list[_Question]:
    rng = Random(seed)  # noqa: S311 - pictures, not secrets
    chosen = rng.sample(range(len(of.names)), min(count, len(of.names)))
    pictures = np.stack([on_screen(of.pixels[icon], of.of.colour, rng) for icon in chosen])
    embeddings = encoder.embed(pictures)
    empty = encoder.embed(np.stack([no_icon(rng) for _ in range(32)]))
    made = []
    for row, icon in enumerate(chosen):
        words = of.words[icon]
        own: dict[str, int] = dict(synonyms.get(words, {}))
        accepted = frozenset(words) | frozenset(own)
        others = [at for at, other in enumerate(chosen) if not accepted & set(of.words[other])]
        if len(others) < CHOICES:
            continue
        some = rng.sample(others, CHOICES - 2)
        icons = np.concatenate([embeddings[[row, *some]], empty[[rng.randrange(len(empty))]]])
        common = [word for word, sets in own.items() if sets > 1]
        phrase = rng.choice(sorted(common)) if common and rng.random() < 0.25 else " ".join(words)
        made.append(_Question(phrase, icons, accepted))
    return made


def _regression(inputs: npt.NDArray[np.float64], right: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the coefficients and the intercept of a logistic regression, by Newton's method with a small decay."""
    inputs = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    fit = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ fit, -30, 30)))
        slope = inputs.T @ (right - chance) - _DECAY * len(inputs) * fit * (np.arange(len(fit)) < len(fit) - 1)
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + _DECAY * len(inputs) * np.eye(len(fit))
        fit = fit + np.linalg.solve(curve, slope)
    return fit
