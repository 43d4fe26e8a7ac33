"""Describes each candidate by numbers: how well each part of the evidence fits it, and how it compares with others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz

from handeye.perception.phrases.kinds import NEARLY, SUITS
from handeye.perception.phrases.placing import landmark
from handeye.perception.phrases.wording import OF_KIND, is_sign, stem, way, words
from handeye.perception.ranking.candidates import collect
from handeye.perception.ranking.evidence import read_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from handeye.perception.phrases.match import Match
    from handeye.perception.ranking.candidates import TargetCandidate
    from handeye.perception.ranking.evidence import PhraseEvidence, Relation
    from handeye.tools.element import Element
    from handeye.tools.geometry import Box

FEATURES = (
    "name", "way", "exact", "weight_gap", "name_rank", "rivals", "cover", "precision", "text_words", "content_words",
    "hints", "quoted", "strict", "strict_first", "strict_any", "strict_gap",
    "kind_none", "kind_text", "kind_field", "kind_tick", "kind_icon", "kind_area", "kind_fit",
    "via_text", "via_part", "via_lines", "via_label", "via_kind", "via_icon", "platform", "guess", "control", "sign",
    "place", "place_fit", "place_rank", "relation", "anchor", "relation_fit", "relation_rank", "near_anchor",
    "ordinal", "ordinal_fit", "confidence", "height", "label_distance", "sentence", "writes", "area", "acts", "off",
    "icon_score", "icon_gap", "icon_rank", "icon_best", "named_best", "kind_count", "label_fit", "label_rank",
)  # fmt: skip

_KIND_GROUPS = {
    "field": "field", "search": "field", "list": "field", "spin": "field", "slider": "field", "box": "field",
    "checkbox": "tick", "radio": "tick", "switch": "tick", "icon": "icon", "dialog": "area", "area": "area",
    "thing": "none",
}  # fmt: skip
#: Names that differ in score by less than this are rivals.
_RIVAL = 0.03
#: An anchor below this is not that thing.
_ANCHOR = 0.55


@dataclass(frozen=True)
class Described:
    """The candidates of a phrase with their features."""

    candidates: tuple[TargetCandidate, ...]
    features: npt.NDArray[np.float32]
    """One row for each candidate, one column for each name of FEATURES."""


def describe(
    evidence: PhraseEvidence,
    candidates: Sequence[TargetCandidate],
    elements: Sequence[Element],
    size: tuple[int, int],
    strict: Sequence[Match] = (),
) -> Described:
    """Return the features of candidates; `strict` are the matches of the exact reading, as further evidence."""
    view = _Screen(evidence, tuple(candidates), elements, size, strict)
    rows = [view.row(number) for number in range(len(candidates))]
    shape = np.asarray(rows, np.float32).reshape(len(rows), len(FEATURES))
    return Described(tuple(candidates), shape)


@dataclass
class _Screen:
    evidence: PhraseEvidence
    candidates: tuple[TargetCandidate, ...]
    elements: Sequence[Element]
    size: tuple[int, int]
    strict: Sequence[Match]

    def row(self, number: int) -> list[float]:
        """The features of one candidate, in the order of FEATURES."""
        each, evidence = self.candidates[number], self.evidence
        element = each.element
        cover, precision = self._covers[number]
        names = self._names
        better = sum(name > names[number] + _RIVAL for name in names)
        others = [name for place, name in enumerate(names) if not self._same[number][place]]
        strict = self._strict_score(element.box)
        best_strict = self.strict[0].score if self.strict else 0.0
        groups = self._groups
        text_words = words(each.text)
        values: dict[str, float] = {
            "name": names[number],
            "way": way(each.name.why) / OF_KIND if names[number] else 1.0,
            "exact": float(names[number] >= 0.97),
            "weight_gap": names[number] - max(others, default=0.0),
            "name_rank": min(better, 8),
            "rivals": min(8, self._rivals[number]),
            "cover": cover,
            "precision": precision,
            "text_words": min(12, len(text_words)),
            "content_words": min(8, len(evidence.content)),
            "hints": self._hinted(text_words),
            "quoted": (1.0 if each.quoted and names[number] >= 0.86 else -1.0) if evidence.quoted else 0.0,
            "strict": strict,
            "strict_first": float(strict >= best_strict > 0),
            "strict_any": best_strict,
            "strict_gap": strict - best_strict,
            "kind_none": float(not groups),
            "kind_text": float("text" in groups),
            "kind_field": float("field" in groups),
            "kind_tick": float("tick" in groups),
            "kind_icon": float("icon" in groups),
            "kind_area": float("area" in groups),
            "kind_fit": self._kind_fits[number],
            "via_text": float(each.via in ("name", "description", "value")),
            "via_part": float(each.via == "part"),
            "via_lines": float(each.via == "lines"),
            "via_label": float(each.via == "label"),
            "via_kind": float(each.via == "kind"),
            "via_icon": float(each.via == "icon"),
            "platform": float(element.source in ("dom", "accessibility")),
            "guess": float(element.confidence < 0.5),
            "control": float(element.source == "ocr" and element.role != "text"),
            "sign": float(is_sign(each.text)),
            "place": float(bool(evidence.places)),
            "place_fit": self._places[number],
            "place_rank": self._rank(self._places, number),
            "relation": float(bool(evidence.relations)),
            "anchor": self._anchor_score,
            "relation_fit": self._fits[number],
            "relation_rank": self._rank(self._fits, number),
            "near_anchor": float(self._on_anchor(element.box)),
            "ordinal": float(bool(evidence.ordinal)),
            "ordinal_fit": self._ordinal_fit(number),
            "confidence": element.confidence,
            "height": min(4.0, element.box.height / self._line),
            "label_distance": self._label_distance(each),
            "sentence": float(evidence.sentence),
            "writes": float(evidence.writes),
            "area": math.log1p(element.box.area),
            "acts": float(element.acts),
            "off": float(element.box.within(*self.size) is None or element.covered or element.inert),
            "icon_score": each.icon,
            "icon_gap": each.icon - max(
                (other.icon for place, other in enumerate(self.candidates) if not self._same[number][place]),
                default=0.0,
            ),
            "icon_rank": min(8, sum(other.icon > each.icon for other in self.candidates)),
            "icon_best": max((other.icon for other in self.candidates), default=0.0),
            "named_best": max(names, default=0.0),
            "kind_count": min(12, self._kind_count),
            "label_fit": self._label_fits[number],
            "label_rank": min(5, sum(fit > self._label_fits[number] for fit in self._label_fits)),
        }  # fmt: skip
        return [values[name] for name in FEATURES]

    @cached_property
    def _names(self) -> list[float]:
        return [each.name.score for each in self.candidates]

    @cached_property
    def _same(self) -> list[list[bool]]:
        """Whether two candidates are at the same place."""
        boxes = [each.element.box for each in self.candidates]
        return [[_same_place(one, two) for two in boxes] for one in boxes]

    @cached_property
    def _rivals(self) -> list[int]:
        names = self._names
        return [
            sum(
                not self._same[one][two] and abs(names[one] - names[two]) < _RIVAL and names[one] > 0
                for two in range(len(names))
            )
            for one in range(len(names))
        ]

    @cached_property
    def _kind_fits(self) -> list[float]:
        return [self._kind_fit(each) for each in self.candidates]

    @cached_property
    def _kind_count(self) -> int:
        """How many candidates are surely of the kind that the phrase names."""
        return sum(fit == 1.0 for fit in self._kind_fits)

    @cached_property
    def _groups(self) -> frozenset[str]:
        found = {_KIND_GROUPS.get(kind, "text") for kind in self.evidence.kinds[:1]} - {"none"}
        return frozenset(found | ({"field"} if self.evidence.writes else set()))

    @cached_property
    def _covers(self) -> list[tuple[float, float]]:
        """Of the words in the names those that a text has, and of the text's letters those that the names have."""
        return [_cover(self.evidence.content, each.text) for each in self.candidates]

    def _hinted(self, text_words: Sequence[str]) -> float:
        stems = {stem(word) for word in text_words}
        return len(stems & self.evidence.hints) / max(1, len(stems)) if self.evidence.hints else 0.0

    def _strict_score(self, box: Box) -> float:
        return max((match.score for match in self.strict if _same_place(match.element.box, box)), default=0.0)

    def _kind_fit(self, each: TargetCandidate) -> float:
        """How well what the candidate is suits the kind: 1 suits, 0 does not, 0.5 unknown."""
        element, kinds = each.element, self.evidence.kinds
        if not kinds and not self.evidence.writes:
            return 0.5
        if self.evidence.kinds and each.via == "icon":
            return 1.0 if "icon" in self._groups else 0.3
        if element.role == "text" and element.source == "ocr":
            return 0.2 if self._groups & {"field", "tick"} else 0.6
        if element.confidence < 0.5:
            return 0.4
        if any(element.role in SUITS.get(kind, ()) for kind in kinds) or (self.evidence.writes and element.takes_text):
            return 1.0
        return 0.6 if any(element.role in NEARLY.get(kind, ()) for kind in kinds) else 0.0

    @cached_property
    def _places(self) -> list[float]:
        return [place_fit(self.evidence.places, each.element.box, self.size) for each in self.candidates]

    def _rank(self, values: Sequence[float], number: int) -> float:
        """How many rivals fit better, 0 to 4."""
        names = self._names
        return min(
            4.0,
            sum(
                values[place] > values[number] + 0.02 and names[place] >= names[number] - 0.06
                for place in range(len(values))
                if not self._same[number][place]
            ),
        )

    @cached_property
    def _anchors(self) -> list[tuple[Relation, list[tuple[Element, float]]]]:
        return [(each, _anchors(each.anchor, self.elements)) for each in self.evidence.relations[:2]]

    @cached_property
    def _anchor_score(self) -> float:
        scores = [anchors[0][1] if anchors else 0.0 for _, anchors in self._anchors]
        return min(scores, default=0.0)

    @cached_property
    def _fits(self) -> list[float]:
        return [self._relation_fit(each.element) for each in self.candidates]

    def _relation_fit(self, element: Element) -> float:
        fits = []
        for relation, anchors in self._anchors:
            if not anchors and relation.kind == "inside" and (area := self._landmark(relation.anchor)):
                fits.append(1.0 if any(each.box == element.box or each.id == element.id for each in area) else 0.0)
            elif anchors:
                fits.append(
                    max(
                        score * relation_fit(relation.kind, element.box, anchor.box, self._line)
                        for anchor, score in anchors
                    )
                )
        return min(fits, default=0.0)

    def _landmark(self, phrase: str) -> Sequence[Element]:
        return landmark(phrase, self.elements, self.size)

    def _on_anchor(self, box: Box) -> bool:
        return any(_same_place(box, anchor.box) for _, anchors in self._anchors for anchor, _ in anchors)

    def _ordinal_fit(self, number: int) -> float:
        """Whether it is the one with this number among the candidates that are called so, in reading order."""
        ordinal, names = self.evidence.ordinal, self._names
        if not ordinal:
            return 0.0
        group: list[int] = []
        nameless = not self.evidence.content
        for place, name in enumerate(names):
            like = abs(name - names[number]) <= 0.06 and self.candidates[place].via == self.candidates[number].via
            if nameless:  # of “the second field” all fields count, whatever is in them
                like = self._sort(place) == self._sort(number)
            if like and not any(self._same[place][other] for other in group):
                group.append(place)
        line = self._line
        boxes = {place: self.candidates[place].element.box for place in group}
        group.sort(key=lambda place: (round(boxes[place].centre.y / (1.5 * line)), boxes[place].left))
        index = ordinal - 1 if ordinal > 0 else ordinal
        return float(-len(group) <= index < len(group) and self._same[group[index]][number])

    @cached_property
    def _label_fits(self) -> list[float]:
        """How well a text that is called so is placed as the label of each control: 0 to 1; 0 of what is no control."""
        labels = [each for each in self.candidates if each.via in ("name", "part", "lines") and each.name.score >= 0.5]
        return [
            max((label_fit(each.element, label, self._line) for label in labels[:12]), default=0.0)
            if each.element.role != "text"
            else 0.0
            for each in self.candidates
        ]

    def _sort(self, number: int) -> tuple[float, bool]:
        return self._kind_fits[number], self.candidates[number].via == "icon"

    @cached_property
    def _line(self) -> float:
        """The usual height of a line of text on this screen, in pixels."""
        heights = [each.box.height for each in self.elements if each.role == "text" and each.box.height > 4]
        return float(median(heights)) if heights else 18.0

    def _label_distance(self, each: TargetCandidate) -> float:
        if each.label is None:
            return 0.0
        return min(30.0, _gap(each.element.box, each.label.box) / self._line)


def place_fit(places: Sequence[str], box: Box, size: tuple[int, int]) -> float:
    """How well a box lies at a place on a screen, 0 to 1; 0 without a place."""
    if not places:
        return 0.0
    x, y = box.centre.x / size[0], box.centre.y / size[1]
    fit = 1.0
    for side in places:
        away = {"top": y, "bottom": 1 - y, "left": x, "right": 1 - x}.get(side)
        if away is None:
            away = abs(x - 0.5) if {"top", "bottom"} & set(places) else min(1.0, abs(x - 0.5) + abs(y - 0.5))
        fit *= 1 - away if away < 0.5 else 0.5 * (1 - away)
    return float(fit ** (1 / len(places)))


def relation_fit(kind: str, box: Box, anchor: Box, line: float) -> float:
    """How well a box stands in a relation to an anchor, 0 to 1, by their places; `line` is a line's height."""
    across = max(0, box.left - anchor.right, anchor.left - box.right)
    down = max(0, box.top - anchor.bottom, anchor.top - box.bottom)
    middle, other = box.centre, anchor.centre
    if kind == "inside":
        if anchor.area > 1.2 * box.area and box.overlap(anchor) > 0.8 * box.area:
            return 1.0
        kind = "with"
    if kind in ("right", "left", "below", "above") and box.holds(other):
        return 0.0  # it is the anchor's own box
    aside = {
        "right": (across, down, middle.x > other.x),
        "left": (across, down, middle.x < other.x),
        "below": (down, across, middle.y > other.y),
        "above": (down, across, middle.y < other.y),
    }.get(kind)
    if aside is None:
        weight = 1.0 if down == 0 else 2.0
        sooner = (middle.y, middle.x) < (other.y, other.x)
        wrong = (kind == "after" and sooner) or (kind == "before" and not sooner)
        return 0.0 if wrong else math.exp(-weight * math.hypot(across * 0.5, down) / (8 * line))
    along, off, right_side = aside
    return math.exp(-(along + 3 * off) / (12 * line)) if right_side else 0.0


def label_fit(control: Element, label: TargetCandidate, line: float) -> float:
    """How well a text is placed as the label of a control: in it, above it or on its line; right of ticks."""
    box, text = control.box, label.element.box
    if box == text:
        return 0.0
    if box.overlap(text) > 0.7 * text.area:
        return label.name.score
    ticks = control.role in ("checkbox", "radio", "switch")
    on_line = min(box.bottom, text.bottom) - max(box.top, text.top) > 0.4 * min(box.height, text.height)
    right, left = box.left - text.right, text.left - box.right
    if on_line:
        away = left if ticks and left >= -line else max(0.0, right) * (0.5 if ticks else 1.0)
        behind = left > 0 and not ticks
        return 0.0 if behind or away < -line else label.name.score * math.exp(-max(0.0, away) / (8 * line))
    below = box.top - text.bottom
    if ticks or below < -0.5 * line or text.left > box.right or text.right < box.left - line:
        return 0.0
    return label.name.score * math.exp(-(max(0.0, below) + 0.3 * abs(box.left - text.left)) / (2 * line))


def _anchors(phrase: str, elements: Sequence[Element]) -> list[tuple[Element, float]]:
    """The elements that a phrase names, with scores, the best first."""
    evidence = read_evidence(phrase)
    found = [each for each in collect(evidence, elements) if each.name.score >= _ANCHOR]
    best = found[0].name.score if found else 0.0
    return [(each.element, each.name.score) for each in found[:6] if each.name.score >= best - 0.1]


def _cover(content: Sequence[str], text: str) -> tuple[float, float]:
    text_words = [stem(word) for word in words(text)]
    if not content or not text_words:
        return 0.0, 0.0
    hit_words, matched_words = 0, set()
    for word in content:
        close = [
            place
            for place, other in enumerate(text_words)
            if word == other or (len(word) > 3 and fuzz.ratio(word, other) >= 80)
        ]
        if close or (len(word) > 3 and word in "".join(text_words)):
            hit_words += len(word)
        matched_words.update(close)
    letters = sum(map(len, text_words))
    return hit_words / max(1, sum(map(len, content))), sum(len(text_words[place]) for place in matched_words) / max(
        1, letters
    )


def _same_place(one: Box, two: Box) -> bool:
    return one == two or one.overlap(two) > 0.5 * min(one.area, two.area) > 0


def _gap(one: Box, two: Box) -> float:
    across = max(0, one.left - two.right, two.left - one.right)
    down = max(0, one.top - two.bottom, two.top - one.bottom)
    return math.hypot(across, down)
