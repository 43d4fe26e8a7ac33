"""What is on the screen: the picture, its elements, and, when somebody asks, its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from handeye.tools.device import Signals

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.tools.actions import Action
    from handeye.tools.element import Element
    from handeye.tools.geometry import Box, Point
    from handeye.tools.hit import Hit
    from handeye.tools.screenshot import Screenshot


@dataclass(frozen=True)
class Observation:
    """One look at a device."""

    screenshot: Screenshot
    elements: tuple[Element, ...] = ()
    """What the platform knows (`dom`, `accessibility`), in reading order; may lie outside the screen."""
    signals: Signals = field(default_factory=Signals)
    reader: Callable[[Screenshot], tuple[Element, ...]] | None = None
    """Reads the picture's text. Slow (about a second), so it runs only when `words` is first asked for."""
    hit_test: Callable[[Action], tuple[Hit, ...]] | None = None
    """Finds out what an action would act on; None where the platform cannot tell."""
    view: Box | None = None
    """The part to look at more closely, after a zoom."""

    @cached_property
    def words(self) -> tuple[Element, ...]:
        """Text that OCR finds in the picture, one element (`source` ocr, role text) per line, in reading order."""
        return self.reader(self.screenshot) if self.reader else ()

    @property
    def read(self) -> tuple[Element, ...]:
        """`words` as far as somebody has asked for them: never starts the OCR."""
        return tuple(self.__dict__.get("words", ()))


@dataclass(frozen=True)
class Grounding:
    """Where a phrase is on a screenshot."""

    point: Point
    """In pixels of the screenshot."""
    by: str
    """What found it: `dom`, `accessibility`, `ocr`, `internvl` …"""
    box: Box | None = None
    confidence: float = 1.0
    element: str = ""
    """The id of the element, when it is one of the scene's."""
    notes: tuple[str, ...] = ()
    unclear: str = ""
    """Why it would be a guess, where others answer to the phrase equally well: the candidates, and how to tell them
    apart. Empty where it is no guess. Nothing is done to such a place."""
    samples: tuple[Point | None, ...] = ()
    """Where each answer of a model has it, the greedy one first; None where it was not seen. Empty without a model."""
    votes: int = 0
    """How many of the samples mean this place."""
