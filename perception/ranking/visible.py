"""What a picture shows, in one data model: text, outlined controls and icons; and the matches of the exact reading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from handeye.perception.icons.finder import names_icon, screen_icons
from handeye.perception.phrases.matching import find
from handeye.perception.ranking.evidence import read_evidence
from handeye.perception.ranking.features import place_fit
from handeye.perception.reading.outlines import outlined, readable
from handeye.tools.element import Element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.icons.finder import ScreenIcons
    from handeye.perception.observation import Observation
    from handeye.perception.phrases.match import Match
    from handeye.perception.ranking.evidence import PhraseEvidence

#: A match of the exact reading that is this good is not compared with one of the instruction's noun phrase.
GOOD = 0.75
#: A longer phrase has too many exact readings to try all of them.
LONGEST_EXACT = 120
#: Kinds that may be drawn without text.
DRAWN_KINDS = frozenset(("", "icon", "button", "link", "menu", "thing", "tab", "search"))
#: So many icons of each sort are candidates: those that look like the name, and those at the place.
MOST_ICONS = 12


@dataclass(frozen=True)
class Visible:
    """Everything that one picture shows."""

    observation: Observation

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the screenshot, in pixels."""
        return self.observation.screenshot.width, self.observation.screenshot.height

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """Text, and outlined fields and controls."""
        words = self.observation.words
        return (*words, *outlined(self.observation.screenshot, words)) if self.observation.reader else words

    def exact(self, phrase: str) -> list[Match]:
        """Return the matches of the exact reading."""
        return exact_matches(phrase, readable(self.observation, phrase), self.size)

    def icons(self, evidence: PhraseEvidence) -> list[tuple[Element, float]]:
        """Return drawings without text that the evidence may mean, each with the probability that it shows the name."""
        kind = next(iter(evidence.kinds), "")
        if not self.observation.reader or evidence.quoted or evidence.writes or kind not in DRAWN_KINDS:
            return []
        if not (evidence.content or kind == "icon"):
            return []
        drawn = self._icons
        chances = [0.0] * len(drawn.boxes)
        # A word such as “menu” or “folder” is read as a kind, and only whole phrases remain as names.
        parts = [name for name in evidence.names if not name.whole and names_icon(name.text)]
        for name in parts or (evidence.names if "icon" in evidence.kinds else ()):
            scores = dict(drawn.matches(name.text))
            chances = [
                max(chance, name.weight * scores.get(box, 0.0))
                for chance, box in zip(chances, drawn.boxes, strict=True)
            ]
        order = sorted((place for place, chance in enumerate(chances) if chance), key=lambda place: -chances[place])
        chosen = order[:MOST_ICONS]
        if "icon" in evidence.kinds:
            placed = [place_fit(evidence.places, box, self.size) for box in drawn.boxes]
            chosen += sorted(range(len(placed)), key=lambda place: -placed[place])[:MOST_ICONS]
        return [(self._element(place), chances[place]) for place in dict.fromkeys(chosen)]

    @cached_property
    def _icons(self) -> ScreenIcons:
        return screen_icons(self.observation.screenshot, self.observation.words)

    def _element(self, place: int) -> Element:
        return Element(id=f"i{place + 1}", box=self._icons.boxes[place], role="icon", name="", source="model")


def exact_matches(phrase: str, elements: Sequence[Element], size: tuple[int, int]) -> list[Match]:
    """Return the matches of the exact reading of a phrase, or of the noun phrase in an instruction."""
    core = read_evidence(phrase).core
    found = find(phrase, elements, size=size) if len(phrase) <= LONGEST_EXACT else []
    if core == phrase or len(core) > LONGEST_EXACT or (found and found[0].score >= GOOD):
        return found
    return find(core, elements, size=size) or found
