"""An observation of a screen: the screenshot, its elements, and, when requested, its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from handeye.tools.device import Signals

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from handeye.tools.actions import Action
    from handeye.tools.element import Element
    from handeye.tools.geometry import Box, Point
    from handeye.tools.hit import Hit
    from handeye.tools.screenshot import Screenshot

    Reader: TypeAlias = Callable[[Screenshot], tuple[Element, ...]]
    """Returns the text of a picture: one element for each line, in reading order."""


@dataclass(frozen=True)
class Observation:
    """What one capture of a device shows."""

    screenshot: Screenshot
    elements: tuple[Element, ...] = ()
    """Elements of the platform (`dom`, `accessibility`), in reading order; their boxes may be outside the screen."""
    signals: Signals = field(default_factory=Signals)
    reader: Reader | None = None
    """Reads the text of the screenshot. It takes about a second, so it runs when `words` is first used."""
    hit_test: Callable[[Action], tuple[Hit, ...]] | None = None
    """Returns what an action would act on; None where the platform cannot report it."""
    view: Box | None = None
    """The region to ask about first, after a zoom."""

    @cached_property
    def words(self) -> tuple[Element, ...]:
        """Text that OCR reads in the screenshot, one element (`source` ocr, role text) per line, in reading order."""
        return self.reader(self.screenshot) if self.reader else ()

    @property
    def read(self) -> tuple[Element, ...]:
        """`words` if they were read already, otherwise empty: never starts the OCR."""
        return tuple(self.__dict__.get("words", ()))


@dataclass(frozen=True)
class Grounding:
    """Where a phrase is on a screenshot."""

    point: Point
    """In pixels of the screenshot."""
    by: str
    """The source: `dom`, `accessibility`, `ocr`, `internvl` …"""
    box: Box | None = None
    confidence: float = 1.0
    element: str = ""
    """The id of the element, if it is one of the observation."""
    notes: tuple[str, ...] = ()
    unclear: str = ""
    """Why the place would be a guess: the other candidates that match equally well, and how to distinguish them.
    Empty if it is no guess. No action is performed on an unclear place."""
    samples: tuple[Point | None, ...] = ()
    """The place in each answer of a model, the greedy one first; None for “not there”. Empty without a model."""
    votes: int = 0
    """The number of samples that agree on this place."""
