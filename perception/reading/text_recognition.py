"""Reads the text in the boxes of lines: the words, their boxes and a confidence.

Each line is padded to the next multiple of a step, so its text does not depend on the other lines of its batch. That
makes the texts of equal crops equal, and lets them be stored.
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from handeye.perception.reading.ocr_models import in_parallel, load_model
from handeye.perception.reading.text_detection import digest, to_batch
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

#: The height of a line for the model, the least width, the step of widths, and the columns of input per output.
HEIGHT, NARROWEST, STEP, COLUMN = 48, 48, 32, 8
#: The widest line for the model; longer lines are read in shrunken form.
WIDEST = 3200
#: The most pixels of width in a batch: larger batches do not fit the caches of a processor.
BATCH = 960
#: A box that is so many times as high as wide may be turned text.
TURNED = 1.5
#: The most lines whose texts are stored.
MOST_LINES = 8192
#: Columns without a character that end a word, even without a space.
GAP = 5


class Reading(NamedTuple):
    """The text of one line. The words are pairs of text and extent: left and right as fractions of the width."""

    text: str
    confidence: float
    words: tuple[tuple[str, float, float], ...]


class LineTexts:
    """The texts of recent lines, by the digest of their pixels; the oldest are dropped."""

    def __init__(self, limit: int = MOST_LINES) -> None:
        self._limit = limit
        self._known: OrderedDict[bytes, Reading] = OrderedDict()

    def read(self, crops: Sequence[npt.NDArray[np.uint8]]) -> list[Reading]:
        """Return the text of each RGB crop of one line; equal crops are read once."""
        keys = [digest(crop) for crop in crops]
        new = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in self._known}
        found = dict(zip(new, _recognize(list(new.values())), strict=True))
        readings = []
        for key in keys:
            reading = found[key] if key in found else self._known[key]
            self._known[key] = reading
            self._known.move_to_end(key)
            readings.append(reading)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)
        return readings


def _recognize(crops: list[npt.NDArray[np.uint8]]) -> list[Reading]:
    """Return the text of each crop; a high one is read upright and turned, and the surer text counts."""
    pictures, owners = [], []
    for number, crop in enumerate(crops):
        height, width = crop.shape[:2]
        if height >= TURNED * width:
            pictures.append(np.rot90(crop))
            owners.append(number)
        if height < 3 * width:
            pictures.append(crop)
            owners.append(number)
    best = [Reading("", 0.0, ())] * len(crops)
    for number, reading in zip(owners, _read_upright(pictures), strict=True):
        if reading.confidence > best[number].confidence:
            best[number] = reading
    return best


def _read_upright(pictures: list[npt.NDArray[np.uint8]]) -> list[Reading]:
    scaled = [_scaled(picture) for picture in pictures]
    by_width: dict[int, list[int]] = defaultdict(list)
    for number, picture in enumerate(scaled):
        by_width[_padded_width(picture.shape[1])].append(number)
    batches = [
        numbers[start : start + size]
        for width, numbers in sorted(by_width.items(), reverse=True)
        for size in (max(1, BATCH // width),)
        for start in range(0, len(numbers), size)
    ]
    found: dict[int, Reading] = {}
    for numbers, readings in zip(
        batches, in_parallel(lambda some: _read_batch([scaled[number] for number in some]), batches), strict=True
    ):
        found.update(zip(numbers, readings, strict=True))
    return [found[number] for number in range(len(pictures))]


def _read_batch(pictures: list[npt.NDArray[np.uint8]]) -> list[Reading]:
    """Return the texts of pictures with the same padded width."""
    width = _padded_width(pictures[0].shape[1])
    batch = np.zeros((len(pictures), 3, HEIGHT, width), np.float32)
    for row, picture in zip(batch, pictures, strict=True):
        row[:, :, : picture.shape[1]] = to_batch([picture])[0]
    outputs = load_model("rec").run(batch)
    return [_decode(output, picture.shape[1]) for output, picture in zip(outputs, pictures, strict=True)]


def _padded_width(width: int) -> int:
    return max(NARROWEST, -(-width // STEP) * STEP)


def _scaled(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import cv2

    height, width = picture.shape[:2]
    wide = min(WIDEST, max(1, -(-HEIGHT * width // height)))
    made: npt.NDArray[np.uint8] = cv2.resize(np.ascontiguousarray(picture), (wide, HEIGHT)).astype(np.uint8)
    return made


@lru_cache(maxsize=1)
def _characters() -> tuple[str, ...]:
    return tuple(load_model("rec").characters)


def _decode(output: npt.NDArray[np.float32], width: int) -> Reading:
    """Return the most probable text by CTC: repeated classes count once, class 0 separates."""
    best = output.argmax(axis=1)
    chosen = (best != 0) & (np.diff(best, prepend=-1) != 0)
    places = np.flatnonzero(chosen)
    if not places.size:
        return Reading("", 0.0, ())
    # A character of several columns ends where the class changes.
    ends = np.append(np.flatnonzero(np.diff(best)), len(best) - 1)
    characters = [_characters()[index] for index in best[places]]
    confidence = float(output[places, best[places]].mean())
    lasts = ends[np.searchsorted(ends, places)]
    middles = ((places + lasts + 1) / 2 * COLUMN).tolist()
    return Reading("".join(characters), confidence, _words(characters, places.tolist(), middles, width))


def _words(
    characters: list[str], columns: list[int], middles: list[float], width: int
) -> tuple[tuple[str, float, float], ...]:
    """Group characters into words at spaces, at wide gaps, and around each character of a script without spaces."""
    groups: list[list[int]] = []
    last = -1
    for number, character in enumerate(characters):
        if character.isspace():
            last = -1
            continue
        joined = last >= 0 and columns[number] - columns[last] <= GAP
        if joined and not _alone(character) and not _alone(characters[last]):
            groups[-1].append(number)
        else:
            groups.append([number])
        last = number
    pitch = _pitch(groups, middles) or width / max(1, len(characters))
    edges: list[tuple[str, float, float]] = []
    for group in groups:
        left, right = middles[group[0]] - pitch / 2, middles[group[-1]] + pitch / 2
        text = "".join(characters[number] for number in group)
        edges.append((text, max(0.0, left / width), min(1.0, right / width)))
    return tuple(edges)


def _pitch(groups: list[list[int]], middles: list[float]) -> float:
    """Return the mean distance of neighbouring characters of a word, 0 if no word has two."""
    pairs = [(middles[group[-1]] - middles[group[0]], len(group) - 1) for group in groups if len(group) > 1]
    return sum(length for length, _ in pairs) / sum(count for _, count in pairs) if pairs else 0.0


@lru_cache(maxsize=4096)
def _alone(character: str) -> bool:
    """Whether a character belongs to a script that is written without spaces (UAX #24: Han, kana)."""
    return unicodedata.name(character, "").startswith(("CJK", "HIRAGANA", "KATAKANA"))


def word_boxes(reading: Reading, line: Box, crop: npt.NDArray[np.uint8]) -> list[tuple[str, Box]]:
    """Return the words of a line with their boxes in the picture; `crop` has the pixels of the line's box."""
    if line.height >= TURNED * line.width:
        return [(text, Box(line.left, line.top + round(low * line.height), line.right,
                           line.top + round(high * line.height))) for text, low, high in reading.words]  # fmt: skip
    ink = _ink(crop)
    found = []
    for number, (text, low, high) in enumerate(reading.words):
        before = reading.words[number - 1][2] if number else 0.0
        after = reading.words[number + 1][1] if number + 1 < len(reading.words) else 1.0
        # Ink further away than a letter's width belongs to a checkbox or an icon.
        letter = (high - low) / len(text)
        left = round(max((before + low) / 2, low - letter) * line.width)
        right = round(min((high + after) / 2, high + letter) * line.width)
        columns = np.flatnonzero(ink[max(0, left) : right])
        if columns.size:
            left, right = max(0, left) + int(columns[0]), max(0, left) + int(columns[-1]) + 1
        else:
            left, right = round(low * line.width), round(high * line.width)
        found.append((text, Box(line.left + left, line.top, max(line.left + right, line.left + left + 1), line.bottom)))
    return found


def _ink(crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return the columns of a line in which something is drawn on its background."""
    grey = crop.astype(np.int16).mean(axis=2)
    background = np.median(grey, axis=0)
    contrast = max(24.0, 0.35 * float(np.abs(grey - np.median(background)).max()))
    drawn: npt.NDArray[np.bool_] = (np.abs(grey - np.median(background)) > contrast).sum(axis=0) >= 1
    return drawn
