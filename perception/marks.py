"""Draws on a screenshot where phrases were found."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from handeye.perception.observation import Grounding

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
#: Used in turn. White text is readable on each; a white outline makes them visible on dark screens.
COLOURS: tuple[Colour, ...] = ((206, 0, 103), (10, 92, 204), (176, 78, 0), (0, 118, 76), (108, 56, 192))
#: For a true place and for an answer; distinguishable with red-green colour blindness, too.
TRUE, GIVEN = COLOURS[3], COLOURS[0]
#: Pillow draws without smoothing, so curves and labels are drawn this many times larger and shrunk.
FINER = 4
#: Longer phrases are cut on their label.
MOST_CHARACTERS = 36
#: At most this many answers of a model are drawn.
MOST_DOTS = 64
#: Pillow's built-in font has no glyphs beyond these: a label then shows its number alone.
LAST_LETTER = "\u024f"


def mark(image: Image.Image, groundings: Sequence[tuple[str, Grounding]]) -> Image.Image:
    """Return a copy of the picture with a crosshair, a box if there is one, and a numbered label per phrase.

    Each of several answers of a model gets a small dot. Labels stay inside the picture and, where there is room,
    clear of each other and of what was found.
    """
    marked = image.convert("RGB")
    marked = marked.copy() if marked is image else marked
    unit = max(12, min(64, round(max(marked.size) / 84)))
    boxes = [_box_of(grounding, unit) for _, grounding in groundings]
    for index, (_, grounding) in enumerate(groundings):
        if grounding.box:
            _outline(marked, grounding.box, COLOURS[index % len(COLOURS)], max(1, unit // 10))
    for index, (_, grounding) in enumerate(groundings):
        for sample in filter(None, grounding.samples[:MOST_DOTS] if len(grounding.samples) > 1 else ()):
            _dot(marked, sample, COLOURS[index % len(COLOURS)], unit)
    for index, (_, grounding) in enumerate(groundings):
        # The box marks the place already, so a crosshair would only hide the text there.
        _crosshair(marked, grounding.point, COLOURS[index % len(COLOURS)], unit * 0.7 if grounding.box else unit)
    taken: list[Box] = []
    for index, (phrase, _) in enumerate(groundings):
        others = [*taken, *boxes[:index], *boxes[index + 1 :]]
        taken.append(_label(marked, f"{index + 1}  {_writable(phrase)}".rstrip(), boxes[index], others, index, unit))
    return marked


def mark_answers(
    image: Image.Image, answers: Sequence[tuple[Sequence[tuple[float, float]], tuple[float, float] | None]]
) -> Image.Image:
    """Return a copy of the picture with true areas outlined and the given points as crosshairs.

    Each answer is the corners of where a thing truly is (none when it is nowhere) and the point given (None for none);
    a line joins a point to the area it misses. Points off the picture are drawn at its edge.
    """
    marked = image.convert("RGB")
    marked = marked.copy() if marked is image else marked
    unit = max(10, min(64, round(max(marked.size) / 84)))
    line = max(2, round(unit / 6))
    draw = ImageDraw.Draw(marked)
    for corners, given in answers:
        if corners and given is not None:
            centre = (sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners))
            for fill, width in ((WHITE, 3 * line), (GIVEN, line)):
                draw.line((*centre, *given), fill, width)
    for corners, _ in answers:
        for fill, width in ((WHITE, 3 * line), (TRUE, line)) if corners else ():
            draw.line([*corners, *corners[:2]], fill, width, joint="curve")
    for _, given in answers:
        if given is not None:
            x, y = (round(max(0, min(given[i], marked.size[i] - 1))) for i in (0, 1))
            _crosshair(marked, Point(x, y), GIVEN, unit)
    return marked


def _box_of(grounding: Grounding, unit: int) -> Box:
    """The part of the picture that a mark covers."""
    x, y = grounding.point
    ring = Box(x - unit, y - unit, x + unit, y + unit)
    box = grounding.box or ring
    return Box(
        min(box.left, ring.left), min(box.top, ring.top), max(box.right, ring.right), max(box.bottom, ring.bottom)
    )


def _outline(image: Image.Image, box: Box, colour: Colour, line: int) -> None:
    """A rectangle around the box, so that its first and last pixels stay visible."""
    draw = ImageDraw.Draw(image)
    for grow, width, fill in ((3 * line, 4 * line, WHITE), (2 * line, 2 * line, colour)):
        left, top = max(box.left - grow, grow - 3 * line), max(box.top - grow, grow - 3 * line)
        right = min(box.right - 1 + grow, image.width - 1)
        bottom = min(box.bottom - 1 + grow, image.height - 1)
        if left < right and top < bottom:
            draw.rectangle((left, top, right, bottom), outline=fill, width=width)


def _dot(image: Image.Image, point: Point, colour: Colour, unit: int) -> None:
    """One answer of several."""
    reach = max(3, round(unit * 0.3))

    def paint(draw: ImageDraw.ImageDraw) -> None:
        centre = (reach + 0.5) * FINER
        for fill, radius in ((WHITE, reach), (colour, reach * 0.6)):
            edge = radius * FINER
            draw.ellipse((centre - edge, centre - edge, centre + edge, centre + edge), fill=fill)

    _draw_finely(image, Box(point.x - reach, point.y - reach, point.x + reach + 1, point.y + reach + 1), paint)


def _crosshair(image: Image.Image, point: Point, colour: Colour, unit: float) -> None:
    """Draw a ring with four ticks and a dot; the pixels between them stay visible."""
    reach = round(unit * 1.3)
    ring, gap, end = unit * 0.62, unit * 0.42, unit * 1.15

    def paint(draw: ImageDraw.ImageDraw) -> None:
        centre = (reach + 0.5) * FINER
        for fill, width in ((WHITE, unit * 0.36), (colour, unit * 0.14)):
            thick = round(width * FINER)
            outer = (ring + width / 2) * FINER
            draw.ellipse((centre - outer, centre - outer, centre + outer, centre + outer), outline=fill, width=thick)
            for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                near, far = gap * FINER, (end + (width / 2 if fill is WHITE else 0)) * FINER
                draw.line((centre + x * near, centre + y * near, centre + x * far, centre + y * far), fill, thick)
            dot = (unit * 0.1 + (unit * 0.1 if fill is WHITE else 0)) * FINER
            draw.ellipse((centre - dot, centre - dot, centre + dot, centre + dot), fill=fill)

    size = 2 * reach + 1
    _draw_finely(
        image, Box(point[0] - reach, point[1] - reach, point[0] - reach + size, point[1] - reach + size), paint
    )


def _label(image: Image.Image, text: str, at: Box, others: Sequence[Box], index: int, unit: int) -> Box:
    """Draw the label near `at`; return its box."""
    font = _font(unit * FINER)
    pad_x, pad_y = round(unit * 0.5), round(unit * 0.3)
    width = round(font.getlength(text) / FINER) + 2 * pad_x
    height = unit + 2 * pad_y
    place = _place(width, height, at, others, image, gap=round(unit * 0.45))
    colour = COLOURS[index % len(COLOURS)]

    def paint(draw: ImageDraw.ImageDraw) -> None:
        edge = max(1, unit // 10) * FINER
        shape = (0, 0, place.width * FINER - 1, place.height * FINER - 1)
        draw.rounded_rectangle(shape, radius=unit * 0.4 * FINER, fill=colour, outline=WHITE, width=edge)
        draw.text((pad_x * FINER, place.height * FINER / 2), text, WHITE, font, anchor="lm")

    _draw_finely(image, place, paint)
    return place


def _place(width: int, height: int, at: Box, others: Iterable[Box], image: Image.Image, gap: int) -> Box:
    """Return the place of a label: above, below, right or left of `at`, where it covers least."""
    middle = (at.top + at.bottom - height) // 2
    corners = [
        (at.left, at.top - gap - height),
        (at.left, at.bottom + gap),
        (at.right + gap, middle),
        (at.left - gap - width, middle),
        (at.right - width, at.top - gap - height),
        (at.right - width, at.bottom + gap),
        (at.left + gap, at.top + gap),
    ]
    found, least = None, 0.0
    busy = list(others)
    for wanted in corners:
        left = max(0, min(wanted[0], image.width - width))
        top = max(0, min(wanted[1], image.height - height))
        label = Box(left, top, left + width, top + height)
        moved = abs(left - wanted[0]) + abs(top - wanted[1])
        cost = sum(label.overlap(other) for other in busy) + label.overlap(at) * 0.5 + moved + _edges(image.crop(label))
        if found is None or cost < least:
            found, least = label, cost
    assert found is not None
    return found


def _edges(part: Image.Image) -> int:
    """Return how much detail there is: the number of pixels that differ clearly from the previous one."""
    grey = np.asarray(part.convert("L"), dtype=np.int16)
    return int((np.abs(np.diff(grey, axis=1)) > 24).sum() + (np.abs(np.diff(grey, axis=0)) > 24).sum())


def _draw_finely(image: Image.Image, box: Box, paint: Callable[[ImageDraw.ImageDraw], None]) -> None:
    canvas = Image.new("RGBA", (box.width * FINER, box.height * FINER), (*WHITE, 0))
    paint(ImageDraw.Draw(canvas))
    small = canvas.resize((box.width, box.height), Image.Resampling.BOX)
    image.paste(small, (box.left, box.top), small)


def _writable(phrase: str) -> str:
    """The phrase on one line as far as the font can write it, else nothing."""
    words = " ".join(phrase.split())
    if any(letter > LAST_LETTER and letter not in "–—‘’“”…€" for letter in words):
        return ""
    return words if len(words) <= MOST_CHARACTERS else words[: MOST_CHARACTERS - 1].rstrip() + "…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
