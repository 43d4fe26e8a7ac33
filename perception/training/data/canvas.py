"""A picture that records which targets were drawn on it, and where."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from handeye.perception.training.data import strokes
from handeye.perception.training.data.screen import LabeledScreen, LabeledTarget
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from handeye.perception.training.data.appearance import Colour, Font
    from handeye.perception.training.data.strokes import Variant

#: A pixel belongs to a letter or an icon where its mask covers at least so much of it, of 255.
COVERED = 64


class Canvas:
    """Pixels, and the targets drawn so far.

    The target numbered `skip` is not painted, though all else is where it would be: so a test can see which pixels are
    its own.
    """

    def __init__(self, size: tuple[int, int], background: Colour, skip: int | None = None) -> None:
        self.image = Image.new("RGB", size, background)
        self._placed: list[tuple[int, LabeledTarget]] = []
        self._begun = 0
        self._skip = skip
        self._extents: list[list[Box]] = []
        self._pen = ImageDraw.Draw(self.image)
        self._hidden = False

    @property
    def whole(self) -> Box:
        return Box(0, 0, *self.image.size)

    @property
    def targets(self) -> tuple[LabeledTarget, ...]:
        """Return the visible targets, in the order in which they were started."""
        return tuple(target for _, target in sorted(self._placed, key=lambda entry: entry[0]))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number to skip for each of `targets`."""
        return tuple(sorted(number for number, _ in self._placed))

    def screen(self, about: Mapping[str, str]) -> LabeledScreen:
        """The picture with its targets."""
        return LabeledScreen(self.image, self.targets, about)

    @contextmanager
    def thing(self, role: str, text: str = "", icon: str = "", colour: str = "") -> Iterator[None]:
        """Everything drawn inside the context is one target; one cut off by the edge of the picture is dropped."""
        number, self._begun = self._begun, self._begun + 1
        hidden, self._hidden = self._hidden, self._hidden or number == self._skip
        self._extents.append([])
        try:
            yield
        finally:
            self._hidden = hidden
            drawn = self._extents.pop()
            if self._extents:
                self._extents[-1] += drawn
        if drawn:
            box = Box(
                min(each.left for each in drawn),
                min(each.top for each in drawn),
                max(each.right for each in drawn),
                max(each.bottom for each in drawn),
            )
            if box.within(*self.image.size) == box and not (self._hidden or number == self._skip):
                self._placed.append((number, LabeledTarget(box, role, text, icon, colour)))

    def cover(self, box: Box) -> None:
        """Drop the targets that the next drawing covers in part."""
        self._placed = [entry for entry in self._placed if not entry[1].box.overlap(box)]

    def panel(
        self, box: Box, fill: Colour | None = None, edge: Colour | None = None, radius: int = 0, width: int = 1
    ) -> Box:
        """A rectangle, filled, edged or both."""
        if box.width < 1 or box.height < 1:
            return box
        # Without fill and edge, Pillow would draw a white edge.
        if not self._hidden and (fill or edge):
            corners = (box.left, box.top, box.right - 1, box.bottom - 1)
            radius = min(radius, (min(box.width, box.height) - 1) // 2)
            if radius > 0:
                self._pen.rounded_rectangle(corners, radius, fill, edge, width)
            else:
                self._pen.rectangle(corners, fill, edge, width)
        return self._mark(box)

    def photograph(self, box: Box, colours: tuple[Colour, Colour], blots: Iterable[tuple[Box, Colour]]) -> Box:
        """Draw decoration: a gradient with blots."""
        fade = Image.linear_gradient("L").resize((box.width, box.height))
        photo = ImageOps.colorize(fade, *colours)
        pen = ImageDraw.Draw(photo)
        for blot, colour in blots:
            pen.ellipse(blot, colour)
        if not self._hidden:
            self.image.paste(photo, (box.left, box.top))
        return self._mark(box)

    def disc(self, box: Box, fill: Colour | None = None, edge: Colour | None = None, width: int = 1) -> Box:
        """An ellipse that fills a box."""
        if not self._hidden:
            self._pen.ellipse((box.left, box.top, box.right - 1, box.bottom - 1), fill, edge, width)
        return self._mark(box)

    def text(self, x: int, y: int, words: str, font: Font, colour: Colour, across: float = 0.0) -> Box:
        """Words whose line is centred on `y`, from `x` on; or with that share of their width left of `x`."""
        letters, top, tight = _letters(font, words)
        left = x - round(across * tight.width) - tight.left
        if not self._hidden:
            self.image.paste(colour, (left, y + top), letters)
        return self._mark(tight.moved(left, y + top))

    def icon(self, x: int, y: int, variant: Variant, size: int, colour: Colour) -> Box:
        """An icon in a square of that size around a point."""
        marks, tight = _marks(variant, size)
        left, top = x - size // 2, y - size // 2
        if not self._hidden:
            self.image.paste(colour, (left, top), marks)
        return self._mark(tight.moved(left, top))

    def _mark(self, box: Box) -> Box:
        if self._extents:
            self._extents[-1].append(box)
        return box


def text_width(font: Font, words: str) -> int:
    """How many pixels wide some words are."""
    return _letters(font, words)[2].width


@lru_cache(maxsize=4096)
def _letters(font: Font, words: str) -> tuple[Image.Image, int, Box]:
    """The mask of some words, how far its top lies from the middle of the line, and the box of their letters in it."""
    core, (_, top) = font.getmask2(words, "L")
    letters = Image.frombytes("L", core.size, bytes(core)) if all(core.size) else Image.new("L", (1, 1))
    return letters, int(top - _middle(font)), _tight(letters)


@lru_cache(maxsize=512)
def _middle(font: Font) -> float:
    """The middle of a capital is the middle of the line, whatever letters hang below."""
    _, top, _, bottom = font.getbbox("H")
    return (top + bottom) / 2


@lru_cache(maxsize=8192)
def _marks(variant: Variant, size: int) -> tuple[Image.Image, Box]:
    marks = strokes.mask(variant, size)
    return marks, _tight(marks)


def _tight(mask: Image.Image) -> Box:
    covered = np.asarray(mask) >= COVERED
    across, down = np.flatnonzero(covered.any(axis=0)), np.flatnonzero(covered.any(axis=1))
    if not len(across):
        return Box(0, 0, 1, 1)
    return Box(int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1)
