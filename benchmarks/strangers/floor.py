"""The floor to compare with: plain OCR and a fuzzy match of the words of the instruction, no understanding of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz import fuzz

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.tools.element import Element

#: A line that matches worse is no answer. Chosen on the split `fit`.
LEAST = 70.0
#: Words that are in most instructions and name nothing.
_STOP = (
    "a an and at before below button by click could field for from go icon if in into is it link me menu my next of on "
    "or over please press select so that the then this to under with field box"
)
STOP = frozenset(_STOP.split())


class FloorAnswer(NamedTuple):
    """The centre of the best line, and how well it matches, 0 to 1."""

    point: tuple[float, float]
    confidence: float


def floor_answer(instruction: str, lines: Sequence[Element]) -> FloorAnswer | None:
    """The line that shares most words with the instruction; None if no line is similar enough."""
    words = [word for word in re.findall(r"\w+", instruction.casefold()) if word not in STOP]
    wanted = " ".join(words)
    best: tuple[float, float, Element] | None = None
    for line in lines:
        text = line.name.casefold()
        if len(text) < 2:
            continue
        rated = fuzz.token_set_ratio(wanted, text), fuzz.ratio(wanted, text)
        if best is None or rated > best[:2]:
            best = (*rated, line)
    if best is None or best[0] < LEAST:
        return None
    box = best[2].box
    return FloorAnswer(((box.left + box.right) / 2, (box.top + box.bottom) / 2), best[0] / 100)
