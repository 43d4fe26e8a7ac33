"""An element that a phrase may mean, and how well it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handeye.perception.phrases.wording import way

if TYPE_CHECKING:
    from handeye.tools.element import Element


@dataclass(frozen=True)
class Match:
    """An element that answers to a phrase."""

    element: Element
    score: float
    """0 to 1; below ENOUGH nothing is reported."""
    why: str
    """In words, for people."""
    rivals: tuple[Match, ...] = ()
    """Other controls that answer equally well, so that this one would be a guess."""

    @property
    def kind(self) -> int:
        """In which way its words are alike: see `wording.way`; 0 is the best."""
        return way(self.why)

    @property
    def confidence(self) -> float:
        """How sure it is that this is meant, 0 to 1: its score, and a share of it where others answer as well."""
        return max(0.0, min(1.0, self.score * self.element.confidence)) / (1 + len(self.rivals))
