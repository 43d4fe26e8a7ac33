"""Compares icons with phrases and names, by the words that the encoder learned and by a gallery of known icons."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handeye.perception.icons.encoder import MODEL, PEAK, parameters
from handeye.perception.icons.terms import stem, terms

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

#: How much less a tag of an icon counts than a word of its name.
_TAG = 0.75
#: Known icons that count for an inferred name.
_NEIGHBOURS = 8
#: What stands before the thing that an icon is compared with.
_LIKENESS = re.compile(r"^.*\blooks? like\b", re.IGNORECASE | re.DOTALL)
#: The entry of the vocabulary for pictures that are no icon.
_NO_ICON = 0


class InferredName(NamedTuple):
    """What an icon without a name probably shows. Never a name that a platform gave."""

    name: str
    confidence: float
    """The share of icons named with this confidence whose name is right, 0 to 1."""


@dataclass(frozen=True)
class IconEvidence:
    """What speaks for a phrase, for each of some icons: arrays of the shape (icons,)."""

    words: npt.NDArray[np.float32]
    """Cosine of the icon and the phrase's words."""
    known: npt.NDArray[np.float32]
    """Cosine of the icon and the most similar known icon of that name, less for names that fit in part."""
    rival: npt.NDArray[np.float32]
    """Cosine of the icon and the most similar known icon of any name."""
    no_icon: npt.NDArray[np.float32]
    """Cosine of the icon and the entry for what is no icon."""
    fits: float
    """How well the best name in the gallery fits the phrase, 0 to 1."""

    def features(self) -> npt.NDArray[np.float64]:
        """Return the inputs of the logistic regression, shape (icons, 7)."""
        known = np.maximum(self.known, 0)
        columns = (
            self.words, np.square(np.maximum(self.words, 0)), known, known * known * known,
            self.rival - known, self.no_icon, np.full(len(known), self.fits, np.float32),
        )  # fmt: skip
        return np.stack(columns, axis=1).astype(np.float64)


class Meanings:
    """The words and known icons of a model's file."""

    def __init__(self, path: Path = MODEL) -> None:
        stored = parameters(path)
        text = json.loads(stored["text"].tobytes())
        self.names: tuple[str, ...] = tuple(text["names"])
        self._index = {word: number for number, word in enumerate(text["vocabulary"])}
        self._words = stored["words"].astype(np.float32) * (PEAK / 127)
        self._weights = stored["word_weights"].astype(np.float32)
        self._gallery = stored["gallery"].astype(np.float32) * (PEAK / 127)
        self._of = stored["gallery_names"].astype(np.int64)
        self._sets = np.array(text["sets"], np.float32)
        vocabulary = text["vocabulary"]
        self._of_word: dict[str, list[tuple[int, float]]] = {}
        self._lengths = np.ones(len(self.names), np.float32)
        for number, (name, tags) in enumerate(zip(self.names, text["tags"], strict=True)):
            parts = name.split()
            self._lengths[number] = len(parts)
            for word in parts:
                self._of_word.setdefault(word, []).append((number, 1.0))
            for tag in tags:
                self._of_word.setdefault(vocabulary[tag], []).append((number, _TAG))
        # Coefficients, and the intercept as the last one; zeros until they are fitted.
        self._fit: npt.NDArray[np.float64] = stored.get("fit", np.zeros(8)).astype(np.float64)
        self._name_fit: npt.NDArray[np.float64] = stored.get("name_fit", np.zeros(3)).astype(np.float64)

    def known_terms(self, phrase: str) -> tuple[str, ...]:
        """Return the stems of a phrase that name icons; of “the icon that looks like a bell” those after “like”."""
        found = []
        for term in terms(_LIKENESS.sub("", phrase)):
            found += [term] if self._knows(term) else list(_halves(term, self._knows))
        return tuple(dict.fromkeys(found))

    def evidence(self, icons: npt.NDArray[np.float32], phrase: str) -> IconEvidence | None:
        """Return what speaks for a phrase, for embeddings of shape (icons, length); None if no word names an icon."""
        wanted = self.known_terms(phrase)
        if not wanted:
            return None
        known = [self._index[term] for term in wanted if term in self._index]
        bag: npt.NDArray[Any] = self._weights[known] @ self._words[known]
        bag /= max(float(np.linalg.norm(bag)), 1e-6)
        fits = self._fits(wanted)
        alike = icons @ self._gallery.T
        weighted = alike * fits[self._of]
        words: npt.NDArray[np.float32] = (icons @ bag).astype(np.float32)
        return IconEvidence(
            words, weighted.max(axis=1), alike.max(axis=1), icons @ self._words[_NO_ICON], float(fits.max())
        )

    def probabilities(self, icons: npt.NDArray[np.float32], phrase: str) -> npt.NDArray[np.float64]:
        """Return how probably each icon shows what the phrase names, 0 to 1; zeros if no word names an icon."""
        evidence = self.evidence(icons, phrase)
        if evidence is None or not len(icons):
            return np.zeros(len(icons))
        return _logistic(evidence.features(), self._fit)

    def inferred(self, icons: npt.NDArray[np.float32]) -> list[InferredName]:
        """Return the most probable name of each icon."""
        return [
            InferredName(name, float(_logistic(np.array([features]), self._name_fit)[0]))
            for name, features in self.nearest(icons)
        ]

    def nearest(self, icons: npt.NDArray[np.float32]) -> list[tuple[str, tuple[float, float]]]:
        """Return a name for each icon with its share of the most similar known icons, and the best cosine."""
        alike = icons @ self._gallery.T
        found = []
        for row in alike:
            count = min(_NEIGHBOURS, len(row))
            best = np.argpartition(-row, count - 1)[:count]
            votes: dict[int, float] = {}
            for icon in best:
                # Icons of common names are more frequent on screens than others that look alike.
                vote = float(np.exp(12 * (row[icon] - 1))) * float(self._sets[self._of[icon]]) ** 0.5
                votes[int(self._of[icon])] = votes.get(int(self._of[icon]), 0.0) + vote
            name = max(sorted(votes), key=lambda each: votes[each])
            found.append((self.names[name], (votes[name] / sum(votes.values()), float(row.max()))))
        return found

    def _knows(self, term: str) -> bool:
        return term in self._index or term in self._of_word

    def _fits(self, wanted: tuple[str, ...]) -> npt.NDArray[np.float32]:
        """Return how well each name in the gallery fits some words, 0 to 1."""
        named = np.zeros(len(self.names), np.float32)
        exact = np.zeros(len(self.names), np.float32)
        for term in wanted:
            best: dict[int, float] = {}
            for name, weight in self._of_word.get(term, ()):
                best[name] = max(best.get(name, 0.0), weight)
            for name, weight in best.items():
                named[name] += weight
                exact[name] += weight == 1.0
        # Words of the phrase that the name lacks count most, then words of the name that the phrase lacks.
        missing = len(wanted) - named
        beyond = np.maximum(self._lengths - exact, 0) * (exact > 0)
        fits = (1 - 0.6 * missing / len(wanted)) * (1 - 0.12 * np.minimum(beyond, 4))
        return np.where(named > 0, np.maximum(fits, 0), 0).astype(np.float32)


@lru_cache(maxsize=1)
def meanings() -> Meanings:
    """Return the words and known icons that are part of handeye."""
    return Meanings()


def _halves(term: str, knows: Any) -> tuple[str, ...]:
    """Return the two known words that a compound is made of, such as `trash` and `can`; empty if there are none."""
    for at in range(3, len(term) - 2):
        first, second = stem(term[:at]), stem(term[at:])
        if knows(first) and knows(second):
            return first, second
    return ()


def _logistic(features: npt.NDArray[np.float64], fit: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    made: npt.NDArray[np.float64] = 1 / (1 + np.exp(-(features @ fit[:-1] + fit[-1])))
    return made
