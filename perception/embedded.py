"""Perception without a model: the elements of the platform, and what the picture shows, ranked by their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.observation import Grounding, Observation
from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import permitted, unclear
from handeye.perception.ranking.evidence import bounded
from handeye.perception.ranking.ranking import rank
from handeye.perception.ranking.visible import GOOD, Visible, exact_matches
from handeye.perception.reading import ocr
from handeye.perception.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.ranking.ranking import Ranked
    from handeye.tools.device import Device
    from handeye.tools.element import Element

#: Answers that are less sure are “not there”; docs/eval.md has the share of absent targets that is rejected then.
MIN_CONFIDENCE = 0.25
#: Where several places are alike, each of them may be less sure: together they must be this sure.
PRESENT = 0.8
#: A place that is less sure is reported, but no action is performed on it.
ACTING = 0.75
#: Another place with at least this share of the confidence of the first is a near tie.
NEAR_TIE = 0.6
#: Places that are less likely are never listed.
LEAST = 0.01
#: So many places are listed.
LISTED = 6


class EmbeddedPerception:
    """Grounds phrases by names: elements of the page or program first, then everything that the picture shows."""

    name = "embedded"

    def __init__(self, min_confidence: float = MIN_CONFIDENCE) -> None:
        self.usage = Usage()
        self.notes: tuple[str, ...] = ()
        self.min_confidence = min_confidence

    def observe(self, device: Device) -> Observation:
        """Capture the screen and request the elements of the platform. Text is read when it is first needed."""
        screenshot = device.capture()
        elements, signals = tuple(device.elements()), device.signals()
        return Observation(screenshot, elements, signals, reader=ocr.read, hit_test=device.hit_test)

    def ground(self, observation: Observation, phrase: str) -> Grounding | None:
        """Return where the phrase is; None if nothing is at least `min_confidence` likely to be it."""
        phrase = bounded(phrase)
        size = (observation.screenshot.width, observation.screenshot.height)
        known = [match for match in exact_matches(phrase, observation.elements, size) if _on(match, size)]
        if known and known[0].score >= GOOD:
            return _grounding(phrase, known[0], observation.elements, size)
        ranked = self.candidates(observation, phrase)
        if known and (not ranked or known[0].confidence >= ranked[0].confidence):
            return _grounding(phrase, known[0], observation.elements, size)
        return ranked[0] if ranked else None

    def candidates(self, observation: Observation, phrase: str, least: float | None = None) -> list[Grounding]:
        """Return the places in the picture that the phrase may mean, the most likely first, as `ground --all` lists.

        Places below `least` (default `min_confidence`) are left out, unless several alike are likely together.
        """
        phrase, visible = bounded(phrase), Visible(observation)
        ranked = rank(phrase, visible, permitted(visible.exact(phrase), phrase, observation.elements))
        if observation.elements:  # the structure of the platform's elements decides before the picture
            matches = {id(each): Match(each.candidate.element, each.confidence, "") for each in ranked}
            free = permitted(list(matches.values()), phrase, observation.elements)
            ranked = [each for each in ranked if matches[id(each)] in free]
        if least is None:
            least = self.min_confidence
        likely = [each for each in ranked if each.confidence >= max(least, LEAST)]
        if not likely and least <= MIN_CONFIDENCE and sum(each.confidence for each in ranked) >= PRESENT:
            likely = ranked[:LISTED]
        return [_ranked(phrase, each, ranked, visible.size) for each in likely]

    def close(self) -> None:
        """Do nothing: no model is loaded."""


def _on(match: Match, size: tuple[int, int]) -> bool:
    return match.element.box.within(*size) is not None


def _grounding(phrase: str, match: Match, elements: tuple[Element, ...], size: tuple[int, int]) -> Grounding | None:
    best = match.element
    visible = best.box.within(*size)
    if visible is None:
        return None
    several = unclear(phrase, match, elements, size)
    notes = (match.why, several) if several else (match.why,)
    return Grounding(visible.centre, best.source, visible, match.confidence, best.id, notes, unclear=several)


def _ranked(phrase: str, each: Ranked, ranked: Sequence[Ranked], size: tuple[int, int]) -> Grounding:
    element = each.candidate.element
    box = element.box.within(*size) or element.box
    notes = (_why(each),)
    doubt = _doubt(phrase, each, ranked)
    return Grounding(
        box.centre, element.source, box, each.confidence, element.id, (*notes, doubt) if doubt else notes, unclear=doubt
    )


def _why(each: Ranked) -> str:
    candidate = each.candidate
    kind = f"{'an' if candidate.element.role[:1] in 'aeiou' else 'a'} {candidate.element.role}"
    named = f"“{candidate.text}”" if candidate.text else kind
    by = {
        "label": f"the {candidate.element.role} of {named}",
        "kind": kind,
        "part": f"in a line, {named}",
    }
    return by.get(candidate.via, named) + (f", {candidate.name.why}" if candidate.name.why else "")


def _doubt(phrase: str, each: Ranked, ranked: Sequence[Ranked]) -> str:
    """Why no action is performed on a place: others are nearly as likely, or it is not likely enough."""
    others = [other for other in ranked if other is not each and other.confidence >= NEAR_TIE * each.confidence]
    if others:
        places = "; ".join(
            f"{_why(one)} at {tuple(one.candidate.element.box.centre)}" for one in [each, *others][:LISTED]
        )
        return (
            f"{1 + len(others)} places fit “{phrase}” nearly as well: {places}; say which one, by its place or by what "
            "stands next to it"
        )
    if each.confidence < ACTING:
        return (
            f"{_why(each)} is meant by “{phrase}” with a probability of only {each.confidence:.2f}; an action needs "
            f"{ACTING}: use the words on the screen"
        )
    return ""
