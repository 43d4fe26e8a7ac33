"""Lines of text read by OCR, and the words in them that answer to a phrase: each part has its own box."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handeye.perception.phrases.wording import Likeness, alike, words
from handeye.perception.reading.groups import around
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence


class Word(NamedTuple):
    """One word of a line."""

    text: str
    box: Box


class Line(Element):
    """A line of text with the boxes of its words."""

    words: tuple[Word, ...] = ()


def spans(wanted: str, line: Element) -> list[tuple[Element, Likeness]]:
    """The parts of a line that say what is wanted, each as an element with its own box (and the line's id).

    A part scores a little less than a line that says nothing else, the less the more stands around it.
    """
    if not isinstance(line, Line) or len(line.words) < 2:
        return []
    asked = max(1, len(words(wanted)))
    found: list[tuple[Element, Likeness]] = []
    texts = [word.text for word in line.words]
    for length in dict.fromkeys((asked, len(wanted.split()), asked + 1, max(1, asked - 1))):
        if length >= len(texts):
            continue
        for start in range(len(texts) - length + 1):
            score, why = alike(wanted, " ".join(texts[start : start + length]), True)
            if score < 0.86 or why in ("begins with it", "holds it", "is part of it"):
                continue
            box = around(word.box for word in line.words[start : start + length])
            if any(box.overlap(other.box) and score <= likeness.score for other, likeness in found):
                continue
            found = [pair for pair in found if not box.overlap(pair[0].box)]
            part = line.model_copy(update={"box": box, "name": " ".join(texts[start : start + length])})
            off = 0.03 + 0.01 * min(6, len(texts) - length)
            found.append((part, Likeness(score - off, f"{why}, in “{line.name}”")))
    return found or _glued(wanted, line)


#: Lines of one label, one under the other, are at most this part of a line's height apart.
_LEADING = 0.8


def wrapped(wanted: str, elements: Sequence[Element]) -> list[tuple[Element, Likeness]]:
    """Labels that are broken into lines: what is wanted stands in two or three lines, one under the other.

    Each as an element with the first line's id and the box around all of them.
    """
    asked = len(words(wanted))
    lines = [element for element in elements if isinstance(element, Line) and len(words(element.name)) < asked]
    found: list[tuple[Element, Likeness]] = []
    for first in lines:
        block = [first]
        while len(block) < 3 and (below := next((line for line in lines if _continues(block[-1], line)), None)):
            block.append(below)
            score, why = alike(wanted, " ".join(line.name for line in block), True)
            if score >= 0.86 and not why.startswith(("begins", "holds", "is part")):
                whole = first.model_copy(update={"name": wanted, "box": around(line.box for line in block)})
                found.append((whole, Likeness(score - 0.02, f"{why}, in {len(block)} lines")))
    return found


def _continues(line: Element, other: Element) -> bool:
    """Whether the other line stands right under this one: they begin, end or have their middle at the same place."""
    upper, lower = line.box, other.box
    high = min(upper.height, lower.height)
    if not -0.5 * high <= lower.top - upper.bottom <= _LEADING * high or lower.centre.y <= upper.centre.y:
        return False
    sides = (lower.left - upper.left, lower.right - upper.right, lower.centre.x - upper.centre.x)
    return min(map(abs, sides)) <= 0.6 * high and max(upper.height, lower.height) <= 1.6 * high


#: Little words that OCR likes to join to their neighbours.
_LITTLE_WORDS = """
a an and are as at be before by can click for from here in is it more not now of on or our out please see the then this
to use via with you your und oder der die das mit zu im et ou la le les de du y o el
"""
_LITTLE = frozenset(_LITTLE_WORDS.split())


def _glued(wanted: str, line: Line) -> list[tuple[Element, Likeness]]:
    """The wanted words where OCR lost a space around them: `Renameor`, `canView`. The box is in proportion."""
    asked = words(wanted)
    letters = [
        (letter, index, place) for index, word in enumerate(line.words) for place, letter in enumerate(word.text)
    ]
    text, needle = "".join(letter for letter, *_ in letters), "".join(wanted.split())
    at = text.find(needle)
    if at < 0 or not asked or len(needle) < 4:
        return []
    first, last = letters[at], letters[at + len(needle) - 1]
    before, after = line.words[first[1]].text[: first[2]], line.words[last[1]].text[last[2] + 1 :]
    for rest in (before, after.rstrip(".,:;!?")):
        if rest and rest.lower() not in _LITTLE and not rest[:1].isupper():
            return []
    start, end = line.words[first[1]], line.words[last[1]]
    left = start.box.left + round(start.box.width * first[2] / len(start.text))
    right = end.box.left + round(end.box.width * (last[2] + 1) / len(end.text))
    box = Box(left, min(start.box.top, end.box.top), max(left + 1, right), max(start.box.bottom, end.box.bottom))
    part = line.model_copy(update={"box": box, "name": wanted})
    return [(part, Likeness(0.78, f"without a space, in “{line.name}”"))]
