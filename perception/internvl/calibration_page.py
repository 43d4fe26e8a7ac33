"""Draws images and pages of shapes at known positions, for calibration and training."""

from __future__ import annotations

import html
import math
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from handeye.tools.errors import UsageError
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Colours that differ clearly, each with the colour of the label on it.
COLOURS = {
    "red": ("#d22630", "white"),
    "green": ("#1f8a3b", "white"),
    "blue": ("#1f5fd0", "white"),
    "orange": ("#f08a1d", "black"),
    "purple": ("#7a35b8", "white"),
    "yellow": ("#f2d21b", "black"),
    "black": ("#1c1c1c", "white"),
    "pink": ("#f28fb8", "black"),
}
SHAPES = ("circle", "square", "triangle", "diamond", "star", "hexagon")
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
#: Height and width of a shape, in pixels: from a small icon to a large button.
LEAST, MOST = 36, 120
BACKGROUND = "#f3f4f6"
#: Pillow draws without smoothing, so boards are drawn this many times larger and shrunk.
FINER = 3
#: Sides of a picture of different proportions, so that pixels, thousandths and fractions cannot be mistaken.
SIZES = ((1600, 900), (900, 1200), (1024, 640))


@dataclass(frozen=True)
class CalibrationTarget:
    """One shape on a board."""

    colour: str
    shape: str
    label: str
    """A letter and a digit that stand in the shape, and nowhere else on the board."""
    box: Box
    """Around the shape, in pixels of the board."""

    @property
    def phrase(self) -> str:
        """The phrase of the question."""
        return f"the {self.colour} {self.shape} labelled {self.label}"

    @property
    def outline(self) -> tuple[tuple[float, float], ...]:
        """The corners of the shape; none for a circle."""
        left, top, right, bottom = self.box
        return tuple((left + x * (right - left), top + y * (bottom - top)) for x, y in _unit(self.shape))

    @property
    def middle(self) -> tuple[float, float]:
        """Where its label stands: the middle of the box, lower in a triangle."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2 + (bottom - top) * (0.14 if self.shape == "triangle" else 0)


@dataclass(frozen=True)
class CalibrationBoard:
    """Shapes spread over a picture; no two have colour and shape in common."""

    size: tuple[int, int]
    """Width and height in pixels."""
    targets: tuple[CalibrationTarget, ...]

    def draw(self) -> Image.Image:
        """The board as a picture."""
        image = Image.new("RGB", (self.size[0] * FINER, self.size[1] * FINER), BACKGROUND)
        pen = ImageDraw.Draw(image)
        for target in self.targets:
            fill, ink = COLOURS[target.colour]
            if target.outline:
                pen.polygon([(x * FINER, y * FINER) for x, y in target.outline], fill)
            else:
                left, top, right, bottom = (FINER * edge for edge in target.box)
                pen.ellipse((left, top, right - 1, bottom - 1), fill)
            middle = (target.middle[0] * FINER, target.middle[1] * FINER)
            pen.text(middle, target.label, ink, _font(_letters(target) * FINER), anchor="mm")
        return image.resize(self.size, Image.Resampling.BOX)

    def page(self) -> str:
        """The board as an HTML page for a viewport of its size."""
        width, height = self.size
        parts = []
        for target in self.targets:
            fill, ink = COLOURS[target.colour]
            left, top, right, bottom = target.box
            if target.outline:
                points = " ".join(f"{x:g},{y:g}" for x, y in target.outline)
                parts.append(f'<polygon points="{points}" fill="{fill}"/>')
            else:
                x, y, across, down = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
                parts.append(f'<ellipse cx="{x:g}" cy="{y:g}" rx="{across:g}" ry="{down:g}" fill="{fill}"/>')
            x, y = target.middle
            letters = f'x="{x:g}" y="{y:g}" fill="{ink}" font-size="{_letters(target)}"'
            parts.append(f"<text {letters}>{html.escape(target.label)}</text>")
        style = (
            f"html,body{{margin:0;background:{BACKGROUND};overflow:hidden}}svg{{display:block}}"
            "text{font-family:sans-serif;text-anchor:middle;dominant-baseline:central}"
        )
        svg = f'<svg width="{width}" height="{height}">{"".join(parts)}</svg>'
        return f"<!doctype html><meta charset=utf-8><title>Targets</title><style>{style}</style>{svg}\n"


def make_board(size: tuple[int, int], count: int, seed: int) -> CalibrationBoard:
    """A board with `count` shapes at random places; the same arguments give the same board.

    Shapes lie apart from each other, and over the whole of the picture up to its edges. Raises UsageError when there
    is no room for so many.
    """
    chance = random.Random(f"{size[0]}x{size[1]}:{count}:{seed}")  # noqa: S311 - nothing to guess
    columns = max(1, round(math.sqrt(count * size[0] / size[1])))
    rows = -(-count // columns)
    cell = (size[0] / columns, size[1] / rows)
    most = min(MOST, int(min(cell)) - 8)
    if most < LEAST or count > len(COLOURS) * len(SHAPES):
        raise UsageError(f"{count} shapes have no room on {size[0]}x{size[1]}; ask for fewer, or a larger picture")
    cells = chance.sample([(column, row) for row in range(rows) for column in range(columns)], count)
    kinds = chance.sample([(colour, shape) for colour in COLOURS for shape in SHAPES], count)
    labels = chance.sample([letter + digit for letter in LETTERS for digit in "23456789"], count)
    targets = []
    for (column, row), (colour, shape), label in zip(cells, kinds, labels, strict=True):
        side = chance.randint(LEAST, most)
        width, height = (side, side) if shape in {"circle", "square"} else (side, max(LEAST, round(side * 0.92)))
        left = chance.randint(round(column * cell[0]), round((column + 1) * cell[0]) - width - 1)
        top = chance.randint(round(row * cell[1]), round((row + 1) * cell[1]) - height - 1)
        targets.append(CalibrationTarget(colour, shape, label, Box(left, top, left + width, top + height)))
    return CalibrationBoard(size, tuple(targets))


def make_boards(count: int, seed: int, sizes: Sequence[tuple[int, int]] = SIZES) -> Iterator[CalibrationBoard]:
    """Boards of these sizes with `count` shapes in all, spread evenly."""
    for number, size in enumerate(sizes):
        share = count // len(sizes) + (number < count % len(sizes))
        if share:
            yield make_board(size, share, seed)


@cache
def _unit(shape: str) -> tuple[tuple[float, float], ...]:
    """The corners of a shape in a box from 0 to 1, which it touches on all sides."""
    if shape == "square":
        return (0, 0), (1, 0), (1, 1), (0, 1)
    if shape == "triangle":
        return (0.5, 0), (1, 1), (0, 1)
    if shape == "diamond":
        return (0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)
    if shape == "hexagon":
        return (0.25, 0), (0.75, 0), (1, 0.5), (0.75, 1), (0.25, 1), (0, 0.5)
    if shape == "star":
        rays = [(math.pi * ray / 5 - math.pi / 2, 1 if ray % 2 == 0 else 0.5) for ray in range(10)]
        places = [(math.cos(angle) * far, math.sin(angle) * far) for angle, far in rays]
        across, down = [x for x, _ in places], [y for _, y in places]
        return tuple(
            ((x - min(across)) / (max(across) - min(across)), (y - min(down)) / (max(down) - min(down)))
            for x, y in places
        )
    return ()


def _letters(target: CalibrationTarget) -> int:
    """Height of the writing in pixels."""
    return max(11, round(target.box.width * (0.3 if target.shape in {"triangle", "star", "diamond"} else 0.4)))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
