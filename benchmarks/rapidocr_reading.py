"""The reference of the reading benchmarks: RapidOCR's own pipeline, with the settings that handeye used before.

Pictures above 2,080 pixels are read in square tiles of 1,920 pixels, that overlap by 160.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from handeye.perception.phrases.spans import Word
from handeye.perception.reading.groups import around
from handeye.perception.reading.ocr import LEAST, _in_order, _Read, _split, _spoken
from handeye.tools.errors import SetupError
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    import numpy.typing as npt

    from handeye.tools.element import Element
    from handeye.tools.screenshot import Screenshot

#: RapidOCR shrinks larger pictures and their small letters; they are read in overlapping parts instead.
TILE, OVERLAP = 1920, 160


def read(screenshot: Screenshot) -> tuple[Element, ...]:
    """Return the lines of text in a picture, in reading order; nothing is stored."""
    return tuple(_in_order(_lines(np.asarray(screenshot.image.convert("RGB")))))


@lru_cache(maxsize=1)
def _engine() -> Any:
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise SetupError(f"text cannot be read off the screen ({error}); pip install rapidocr onnxruntime") from error
    variable = os.environ.get("OMP_NUM_THREADS", "")  # which numerical libraries use
    threads = int(variable) if variable.isdigit() and int(variable) else max(1, min(4, os.cpu_count() or 1))
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # text on screens is not rotated
            "Global.max_side_len": TILE + OVERLAP,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        }
    )


def _lines(pixels: npt.NDArray[np.uint8]) -> list[_Read]:
    height, width = pixels.shape[:2]
    if height <= TILE + OVERLAP and width <= TILE + OVERLAP:
        return _read_part(pixels, 0, 0)
    found: list[_Read] = []
    for top in _starts(height):
        for left in _starts(width):
            part = _read_part(pixels[top : top + TILE, left : left + TILE], left, top)
            found = _merged(found, part)
    return found


def _starts(length: int) -> list[int]:
    if length <= TILE:
        return [0]
    count = -(-(length - OVERLAP) // (TILE - OVERLAP))
    return [round(i * (length - TILE) / (count - 1)) for i in range(count)]


def _merged(known: list[_Read], new: list[_Read]) -> list[_Read]:
    """Merge lines of two overlapping parts: of a line that was read twice, the longer reading stays."""
    found = list(known)
    for line in new:
        box = around(word.box for word in line.words)
        twins = [other for other in found if _same_line(box, around(word.box for word in other.words))]
        if any(len(twin.text) >= len(line.text) for twin in twins):
            continue
        found = [other for other in found if other not in twins] + [line]
    return found


def _same_line(one: Box, two: Box) -> bool:
    return one.overlap(two) > 0.5 * min(one.area, two.area)


def _read_part(pixels: npt.NDArray[np.uint8], left: int, top: int) -> list[_Read]:
    height, width = pixels.shape[:2]
    if min(height, width) < 4:
        return []
    result = _engine()(np.ascontiguousarray(pixels[:, :, ::-1]), return_word_box=True, text_score=LEAST)
    found: list[_Read] = []
    texts, scores, boxes, parts = result.txts or (), result.scores or (), result.boxes, result.word_results or ()
    for index, text in enumerate(texts):
        whole = _upright(boxes[index], left, top)
        raw = parts[index] if index < len(parts) else ()
        marked = [Word(str(word), _upright(corners, left, top)) for word, _, corners in raw if str(word).strip()]
        for piece in _split(marked or [Word(str(text), whole)], whole):
            found.append(_Read(tuple(piece), _spoken(piece, str(text)), float(scores[index])))
    return found


def _upright(corners: Any, left: int, top: int) -> Box:
    points = np.asarray(corners, dtype=float)
    low, high = points.min(axis=0), points.max(axis=0)
    box = Box(int(low[0]) + left, int(low[1]) + top, int(np.ceil(high[0])) + left, int(np.ceil(high[1])) + top)
    return Box(max(0, box.left), max(0, box.top), max(box.right, box.left + 1), max(box.bottom, box.top + 1))
