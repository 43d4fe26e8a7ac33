"""Reads the text in a picture: lines with a box for each word."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from handeye.perception.phrases.spans import Line, Word
from handeye.perception.reading.groups import around
from handeye.perception.reading.text_detection import TileMaps, find_lines
from handeye.perception.reading.text_recognition import LineTexts, word_boxes
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    import numpy.typing as npt

    from handeye.tools.element import Element
    from handeye.tools.screenshot import Screenshot

#: Lines with a lower score are noise.
LEAST = 0.5
#: A gap between words wider than this many line heights separates two elements, such as two menus.
WIDE_GAP = 0.75
#: The number of pictures whose text is stored.
MOST_PICTURES = 16

_lock = threading.Lock()
_pages: OrderedDict[str, tuple[Element, ...]] = OrderedDict()
_maps = TileMaps()
_texts = LineTexts()


class _Read(NamedTuple):
    words: tuple[Word, ...]
    text: str
    confidence: float


def read(screenshot: Screenshot) -> tuple[Element, ...]:
    """Return the lines of text in a picture, in reading order: role `text`, source `ocr`, with boxes in its pixels.

    Words far apart on one line become separate elements. The results of the last pictures, the tiles and the lines in
    them are cached by content: of a changed screen only what changed is read, and the words are those of a full read.
    Raises SetupError when rapidocr is not installed.
    """
    with _lock:
        if (known := _pages.get(screenshot.digest)) is not None:
            _pages.move_to_end(screenshot.digest)
            return known
        lines = tuple(_in_order(_lines(np.asarray(screenshot.image.convert("RGB")))))
        _pages[screenshot.digest] = lines
        while len(_pages) > MOST_PICTURES:
            _pages.popitem(last=False)
        return lines


def forget() -> None:
    """Drop all stored texts, so that the next picture is read in full."""
    global _maps, _texts
    with _lock:
        _pages.clear()
        _maps, _texts = TileMaps(), LineTexts()


def _lines(pixels: npt.NDArray[np.uint8]) -> list[_Read]:
    boxes = find_lines(pixels, _maps)
    crops = [np.ascontiguousarray(pixels[box.top : box.bottom, box.left : box.right]) for box in boxes]
    found: list[_Read] = []
    for box, crop, reading in zip(boxes, crops, _texts.read(crops), strict=True):
        if reading.confidence < LEAST or not reading.text.strip():
            continue
        marked = [Word(text, where) for text, where in word_boxes(reading, box, crop)]
        for piece in _split(marked, box):
            found.append(_Read(tuple(piece), _spoken(piece, reading.text), reading.confidence))
    return found


def _split(marked: list[Word], whole: Box) -> list[list[Word]]:
    """Split a line at its wide gaps: a menu bar is not one sentence."""
    height = max(8, whole.height)
    pieces = [[marked[0]]]
    for last, word in pairwise(marked):
        if word.box.left - last.box.right > WIDE_GAP * height:
            pieces.append([word])
        else:
            pieces[-1].append(word)
    return pieces


def _spoken(piece: list[Word], text: str) -> str:
    """Return the words with the spaces between them in the text of the line."""
    joined, place = "", text.find(piece[0].text)
    if place < 0:
        return " ".join(word.text for word in piece)
    for word in piece:
        at = text.find(word.text, place)
        if at < 0:
            return " ".join(word.text for word in piece)
        joined += (" " if joined and text[place:at].strip() != text[place:at] else "") + word.text
        place = at + len(word.text)
    return joined


def _in_order(found: list[_Read]) -> list[Element]:
    boxed = [(around(word.box for word in line.words), line) for line in found if line.text.strip()]
    boxed.sort(key=lambda pair: (pair[0].centre.y, pair[0].left))
    rows: list[list[tuple[Box, _Read]]] = []
    for box, line in boxed:
        if rows and abs(box.centre.y - rows[-1][0][0].centre.y) < 0.5 * min(box.height, rows[-1][0][0].height):
            rows[-1].append((box, line))
        else:
            rows.append([(box, line)])
    ordered = [pair for row in rows for pair in sorted(row, key=lambda pair: pair[0].left)]
    return [
        Line(
            id=f"t{number}",
            box=box,
            role="text",
            name=re.sub(r"\s+", " ", line.text).strip(),
            source="ocr",
            confidence=round(min(1.0, line.confidence), 4),
            words=line.words,
        )
        for number, (box, line) in enumerate(ordered, start=1)
    ]
