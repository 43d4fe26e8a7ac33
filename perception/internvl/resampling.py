"""What Pillow's bicubic resize gives each new pixel of the old ones along one side, as blocks of dense matrices."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pillow's weights are integers of this many bits after the point (`PRECISION_BITS` in its Resample.c).
WEIGHT_BITS = 22
#: Makes a sum that ends in a half a little larger, so that rounding to the nearest integer takes it up, as Pillow does.
#: The smallest such sum grows by 2**-33, ten bits above what doubles lose in adding a thousand numbers below 512; the
#: largest by 2**-24, while no other sum is nearer to a half than 2**-22.
UP = 1 + 2.0**-32
#: New pixels to a block. Fewer make many products, more have more zeros to multiply.
BLOCKS = range(4, 33)


class Axis(NamedTuple):
    """How one side is resized, as a batch of dense products."""

    block: int
    """New pixels that one product gives."""
    step: int
    """Old pixels from where one block begins to read to where the next one does."""
    start: int
    """Where the first block begins to read: 0, or the negative number of pixels before the picture."""
    weights: NDArray[np.float64]
    """(blocks, old pixels, new pixels), times `UP`; 0 for what lies outside the picture."""

    @property
    def blocks(self) -> int:
        """How many there are; the last one may give more pixels than are wanted."""
        return int(self.weights.shape[0])

    @property
    def reads(self) -> int:
        """Old pixels that a block reads."""
        return int(self.weights.shape[1])

    @property
    def reach(self) -> int:
        """Old pixels that all blocks read."""
        return (self.blocks - 1) * self.step + self.reads


@lru_cache(maxsize=64)
def axis(size: int, wanted: int) -> Axis:
    """How a side of so many pixels becomes one of so many, in blocks that cost the least."""
    firsts, lasts, exact = _exact(size, wanted)
    # Halves go away from 0, as in a cast to an integer after 0.5 is added or taken off.
    weights = np.trunc(exact + np.copysign(0.5, exact)) / 2**WEIGHT_BITS * UP
    best = min((_Blocks.of(firsts, lasts, size, block) for block in (*BLOCKS, wanted)), key=lambda blocks: blocks.cost)
    dense = np.zeros((best.many, best.reads, best.block))
    for pixel in range(wanted):
        number, column = divmod(pixel, best.block)
        first, many = firsts[pixel] - number * best.step - best.start, lasts[pixel] - firsts[pixel]
        dense[number, first : first + many, column] = weights[pixel, :many]
    return Axis(best.block, best.step, best.start, dense)


@lru_cache(maxsize=128)
def certain(size: int, wanted: int) -> bool:
    """Whether no weight lies so near the middle between two integers that the last bit of a double could turn it.

    Nor may a pixel be made of more of them than `UP` allows for.
    """
    _, _, exact = _exact(size, wanted)
    if exact.shape[1] > 1000:
        return False
    apart = np.abs(exact - np.floor(exact) - 0.5)
    return bool((apart > 2**WEIGHT_BITS * size * 4 * np.finfo(np.float64).eps).all())


class _Blocks(NamedTuple):
    """A side cut into blocks that all read as many pixels, the same way apart; some read a few more than they need."""

    block: int
    many: int
    step: int
    start: int
    reads: int

    @staticmethod
    def of(firsts: NDArray[np.int_], lasts: NDArray[np.int_], size: int, block: int) -> _Blocks:
        wanted = len(firsts)
        step = max(round(block * size / wanted), 1)
        begins = np.arange(-(-wanted // block))
        start = min(int((firsts[::block] - begins * step).min()), 0)
        ends = lasts[np.minimum((begins + 1) * block, wanted) - 1]
        return _Blocks(block, len(begins), step, start, int((ends - begins * step).max()) - start)

    @property
    def cost(self) -> float:
        """Each new pixel is multiplied with all that its block reads; 2 pixels more is what beginning a block costs."""
        return self.reads * (self.block + 2) * self.many


def _exact(size: int, wanted: int) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.float64]]:
    """For each new pixel the first old one it is made of, the one after the last, and the weights from the first on.

    They are those of Pillow's Resample.c before it rounds them to integers: a cubic with a = -0.5, stretched when the
    picture shrinks.
    """
    scale = size / wanted
    stretch = max(scale, 1.0)
    centres = (np.arange(wanted) + 0.5) * scale
    firsts = np.maximum((centres - 2 * stretch + 0.5).astype(int), 0)
    lasts = np.minimum((centres + 2 * stretch + 0.5).astype(int), size)
    taps = firsts[:, None] + np.arange(int(np.ceil(2 * stretch)) * 2 + 1)
    weights = np.where(taps < lasts[:, None], _cubic((taps - centres[:, None] + 0.5) / stretch), 0.0)
    return firsts, lasts, weights / weights.sum(axis=1, keepdims=True) * 2**WEIGHT_BITS


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
