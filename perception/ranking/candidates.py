"""Collects everything on a screen that a phrase may mean, from any source, as one list of candidates.

Sources: elements of the platform, lines and parts of lines read by OCR, labels broken into lines, outlined controls,
and the controls that labels stand for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rapidfuzz import fuzz, process

from handeye.perception.phrases.kinds import SUITS
from handeye.perception.phrases.spans import Line, spans, wrapped
from handeye.perception.phrases.wording import NOTHING, PARTLY, Likeness, alike, normal, same_meaning, way
from handeye.perception.reading.fields import field_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handeye.perception.ranking.evidence import Name, PhraseEvidence
    from handeye.tools.element import Element

Via = Literal["name", "part", "lines", "description", "value", "label", "kind", "icon"]

_NEARLY = way("nearly the same")

#: So many candidates of each kind of source are scored further, the best first.
MOST = 24
#: A text this unlike a name, 0 to 100, is not compared letter by letter.
PREFILTER = 55
#: Names with verbs and kinds count only where a label is called so as a whole.
WHOLE = 0.8
#: Kinds of controls that a label next to them names.
LABELLED = frozenset({"field", "search", "list", "checkbox", "radio", "switch", "slider", "spin", "box"})
#: Signs such as “×” or “三” may mean a word with which they share no letter.
_SIGN = 3
_DISCOUNT = {"description": 0.04, "value": 0.1}


@dataclass(frozen=True)
class TargetCandidate:
    """Something visible that a phrase may mean."""

    element: Element
    """Where to point; a part of a line has a box of its own."""
    name: Likeness
    """How alike its best text is to the best name, weighted."""
    via: Via
    text: str = ""
    """The text by which it is known."""
    label: Element | None = None
    """The label that names it, where that is another element."""
    quoted: bool = False
    """A quoted name is what its text is alike to."""
    icon: float = 0.0
    """How much a picture without text looks like what is named, 0 to 1."""


def collect(
    evidence: PhraseEvidence, elements: Sequence[Element], icons: Sequence[tuple[Element, float]] = ()
) -> list[TargetCandidate]:
    """Return the candidates of a screen, best names first, at most some dozens.

    `icons` are drawings without text, each with the probability that it shows what the phrase names.
    """
    named: list[TargetCandidate] = []
    for name in evidence.names:
        named += _called(name, elements)
    named = _best(named)
    labelled = [each for label in named[:MOST] for each in _labelled(label, evidence, elements)]
    kinds = _of_kind(evidence, elements)
    found = _best([*named, *labelled, *kinds])
    if evidence.quoted:  # a label that is not there is not replaced by another one
        found = [each for each in found if each.quoted and not PARTLY <= way(each.name.why) < _NEARLY]
    drawn = [TargetCandidate(each, NOTHING, "icon", icon=chance) for each, chance in icons]
    return found[: 3 * MOST] + drawn


def _called(name: Name, elements: Sequence[Element]) -> list[TargetCandidate]:
    """What is called so, by any of its texts."""
    texts = [(element, via, text) for element in elements for via, text in _texts(element)]
    wanted = normal(name.text)
    found: list[TargetCandidate] = []
    for element, via, text in _likely(wanted, texts, 88 if name.whole else PREFILTER):
        likeness = alike(name.text, text, element.source == "ocr")
        if via == "name" and isinstance(element, Line) and not name.whole:
            parts = spans(name.text, element)
            found += [_candidate(name, part, "part", part.name, each) for part, each in parts]
        if likeness.score >= (WHOLE if name.whole else 0.7 if name.quoted else 0.3):
            found.append(_candidate(name, element, via, text, likeness))
    best = max((each.name.score for each in found), default=0.0)
    if best < 0.86 and " " in wanted and not name.whole:
        found += [_candidate(name, block, "lines", block.name, each) for block, each in wrapped(name.text, elements)]
    return found


def _candidate(name: Name, element: Element, via: Via, text: str, likeness: Likeness) -> TargetCandidate:
    score = max(0.0, name.weight * (likeness.score - _DISCOUNT.get(via, 0.0)))
    return TargetCandidate(element, Likeness(score, likeness.why), via, text, quoted=name.quoted)


def _texts(element: Element) -> Iterable[tuple[Via, str]]:
    if element.name:
        yield "name", element.name
    if element.text and element.text != element.name:
        yield "name", element.text
    if element.description:
        yield "description", element.description
    if element.value and not element.secret and element.value != element.name:
        yield "value", element.value


def _likely(wanted: str, texts: Sequence[tuple[Element, Via, str]], least: int) -> list[tuple[Element, Via, str]]:
    """The texts that share words or letters with a name, or may mean the same."""
    plain = [normal(text) for *_, text in texts]
    likely: dict[int, float] = {}
    for scorer in (fuzz.token_set_ratio, fuzz.partial_ratio, fuzz.ratio):
        for _, score, place in process.extract(wanted, plain, scorer=scorer, score_cutoff=least, limit=2 * MOST):
            likely[place] = max(score, likely.get(place, 0.0))
    meant = same_meaning(wanted)
    for place, text in enumerate(plain):
        if len(text) <= _SIGN or text in meant or text.rstrip("0123456789() ") in meant:
            likely.setdefault(place, 100.0)
    return [texts[place] for place in sorted(likely)]


def _labelled(label: TargetCandidate, evidence: PhraseEvidence, elements: Sequence[Element]) -> list[TargetCandidate]:
    """The controls that a label stands for."""
    if label.element.acts or label.via not in ("name", "part", "lines") or label.name.score < 0.5:
        return []
    kinds = set(evidence.kinds) & LABELLED
    if not (kinds or evidence.writes):
        return []
    wants = ["tick"] if kinds & {"checkbox", "radio", "switch"} else ["any"]
    found = [(want, field_for(label.element, elements, want)) for want in wants]
    return [
        TargetCandidate(field, label.name, "label", label.text, label.element, label.quoted)
        for _, field in found
        if field
    ]


def _of_kind(evidence: PhraseEvidence, elements: Sequence[Element]) -> list[TargetCandidate]:
    """Everything of a kind that the phrase names, whatever it is called."""
    suits = {role for kind in evidence.kinds for role in SUITS.get(kind, ())} - {"text", "heading", "paragraph"}
    if "thing" in evidence.kinds:
        return []
    return [TargetCandidate(each, NOTHING, "kind", each.name) for each in elements if each.role in suits][: 2 * MOST]


def _best(found: Iterable[TargetCandidate]) -> list[TargetCandidate]:
    """One candidate for each place: the one with the best name."""
    best: dict[tuple[str, tuple[int, ...]], TargetCandidate] = {}
    for each in found:
        key = (each.element.id, tuple(each.element.box))
        known = best.get(key)
        if known is None or each.name.score > known.name.score:
            best[key] = each if known is None else replace(each, quoted=each.quoted)
    return sorted(best.values(), key=lambda each: -each.name.score)
