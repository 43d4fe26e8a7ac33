"""Perception without a model: the elements of the platform, and the text that OCR reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.observation import Grounding, Observation
from handeye.perception.phrases.matching import find, permitted, unclear
from handeye.perception.reading import ocr
from handeye.perception.reading.outlines import readable
from handeye.perception.usage import Usage

if TYPE_CHECKING:
    from handeye.perception.phrases.match import Match
    from handeye.tools.device import Device
    from handeye.tools.element import Element

#: Platform elements that match at least this well are not compared with the text in the picture.
GOOD = 0.75


class EmbeddedPerception:
    """Grounds phrases by names: elements of the page or program first, then text of the picture."""

    name = "embedded"

    def __init__(self) -> None:
        self.usage = Usage()
        self.notes: tuple[str, ...] = ()

    def observe(self, device: Device) -> Observation:
        """Capture the screen and request the elements of the platform. Text is read when it is first needed."""
        screenshot = device.capture()
        elements, signals = tuple(device.elements()), device.signals()
        return Observation(screenshot, elements, signals, reader=ocr.read, hit_test=device.hit_test)

    def ground(self, observation: Observation, phrase: str) -> Grounding | None:
        """Return where the phrase is; None if no element matches it well enough."""
        size = (observation.screenshot.width, observation.screenshot.height)
        known = [match for match in find(phrase, observation.elements, size=size) if _on(match, size)]
        if known and known[0].score >= GOOD:
            return _grounding(phrase, known[0], observation.elements, size)
        texts = tuple(readable(observation, phrase))
        read = permitted(find(phrase, texts, size=size), phrase, observation.elements)
        if read and (not known or read[0].score > known[0].score):
            return _grounding(phrase, read[0], texts, size)
        return _grounding(phrase, known[0], observation.elements, size) if known else None

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
