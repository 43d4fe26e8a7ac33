"""Pillow's bicubic resize as matrix products: equal bytes in less time, on all cores.

Resizing along one axis makes each new pixel from a few old ones and their weights. Pillow handles single pixels. Here a
block of new pixels is a small dense matrix, and NumPy multiplies it with a strip of the image. The bytes are equal:

- Pillow's weights are integers over 2**22, and sums of bytes are exact, as they are in doubles with 53 bits. Both round
  halves up (see `UP`). Where a weight is so close to the middle of two integers that the last bit of a double could
  change it, Pillow itself is used.
- Pillow stores bytes between the two axes, so that their order matters. It depends on the sizes (since Pillow 13).
  It is determined on noise, once for each pair of sizes. Where neither order gives Pillow's bytes, Pillow is used.
"""

from __future__ import annotations

import os
import threading
from _thread import start_new_thread
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

#: Pillow's weights are integers of this many bits after the point (`PRECISION_BITS` in its Resample.c).
WEIGHT_BITS = 22
#: A factor that lets a sum ending in a half be rounded up to the next integer, as Pillow does.
#: The smallest such sum grows by 2**-33, ten bits above what doubles lose in adding a thousand numbers below 512; the
#: largest by 2**-24, while no other sum is nearer to a half than 2**-22.
UP = 1 + 2.0**-32
#: New pixels per block. Small blocks need many products, large blocks multiply many zeros.
BLOCKS = range(4, 33)


class Axis(NamedTuple):
    """The resize of one side, as a batch of dense products."""

    block: int
    """New pixels per product."""
    step: int
    """Old pixels between the starts of two blocks."""
    start: int
    """The first old pixel that the first block reads; negative outside the image."""
    weights: NDArray[np.float64]
    """(blocks, old pixels, new pixels), times `UP`; 0 outside the image."""

    @property
    def blocks(self) -> int:
        """The number of blocks; the last one may compute more pixels than needed."""
        return int(self.weights.shape[0])

    @property
    def reads(self) -> int:
        """The number of old pixels that one block reads."""
        return int(self.weights.shape[1])

    @property
    def reach(self) -> int:
        """The number of old pixels that all blocks read together."""
        return (self.blocks - 1) * self.step + self.reads


@lru_cache(maxsize=64)
def axis(size: int, wanted: int) -> Axis:
    """Return the cheapest plan to resize a side of `size` pixels to `wanted` pixels."""
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
    """Return whether the plan certainly gives Pillow's bytes for these sizes of a side.

    It does unless a weight is so close to the middle of two integers that the last bit of a double could change it, or
    a pixel depends on more weights than `UP` allows for.
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


T = TypeVar("T")
Order = Literal["width first", "height first"]

#: Bytes of the image, as doubles, that a thread processes at once: about the cache of one core.
STRIP_BYTES = 3_000_000

#: The limit of threads. More do not help: one thread splits the image, and each thread has separate buffers.
MOST_THREADS = 8

#: Buffers of threads, reused for the next image: an allocation takes about as long as the computation.
_spare: list[NDArray[np.float64]] = []


def resize_into(image: Image.Image, grids: Sequence[NDArray[np.uint8]]) -> None:
    """Fill each grid with an RGB image, resized to the grid, with the same bytes as Pillow's bicubic resize.

    A grid is (rows of tiles, pixels down, columns of tiles, pixels across, 3) uint8, and may be a view.
    """
    todo: list[tuple[NDArray[np.uint8], Order]] = []
    left = []
    for grid in grids:
        order = order_of_sides(image.size, _size(grid))
        if order is None:
            left.append(grid)
        else:
            todo.append((grid, order))
    try:
        if todo:
            _resize(image, todo)
    except MemoryError:  # Pillow needs less
        left += [grid for grid, _ in todo]
    for grid in left:
        grid[:] = np.asarray(image.resize(_size(grid), Image.Resampling.BICUBIC)).reshape(grid.shape)


def in_parallel(work: Callable[[T], None], items: Iterable[T]) -> None:
    """Call `work` with every item, in threads if there are several cores; raises what `work` raises."""
    # A thread that dies of too little memory before it has begun takes no item, and must not be waited for, as
    # `threading` would for ever. So items are waited for, and this thread does all that no other takes.
    held = [(item, threading.Lock()) for item in items]
    queue = iter(held)
    wrong: list[Exception] = []

    def each() -> None:
        for item, busy in queue:  # one iterator for all of them: its next item is given out once
            try:
                work(item)
            except Exception as error:
                wrong.append(error)
            finally:
                busy.release()

    for _, busy in held:
        busy.acquire()
    # New threads each time: none is left behind that a forked process could not use.
    for _ in range(min(len(held), cores()) - 1):
        with suppress(RuntimeError, MemoryError):
            start_new_thread(each, ())
    each()
    for _, busy in held:
        busy.acquire()
    if wrong:
        raise wrong[0]


@lru_cache(maxsize=1)
def cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=64)
def order_of_sides(size: tuple[int, int], wanted: tuple[int, int]) -> Order | None:
    """Return which side Pillow resizes first, for two sizes (width, height); None where Pillow itself must be used."""
    # A picture that keeps its size is only copied, which nothing does faster.
    if size == wanted or not (certain(size[0], wanted[0]) and certain(size[1], wanted[1])):
        return None
    try:
        return _order_on_noise(size, wanted)
    except MemoryError:
        return None


def _order_on_noise(size: tuple[int, int], wanted: tuple[int, int]) -> Order | None:
    # As good as noise, and much faster: the length is prime, so that rows differ.
    dice = np.random.default_rng(0).integers(0, 256, 65521, dtype=np.uint8)
    noise = Image.fromarray(np.resize(dice, (size[1], size[0], 3)))
    right = np.asarray(noise.resize(wanted, Image.Resampling.BICUBIC))
    made = np.empty((1, wanted[1], 1, wanted[0], 3), np.uint8)
    orders: tuple[Order, ...] = ("width first", "height first")
    for order in orders:
        _resize(noise, [(made, order)])
        if np.array_equal(made.reshape(right.shape), right):
            return order
    return None


def _resize(image: Image.Image, grids: Sequence[tuple[NDArray[np.uint8], Order]]) -> None:
    """Fill the grids, each in its order of the sides, with every core doing its part of each of them."""
    # Sooner done than one array of the whole picture, of which each plane would then be picked out.
    planes = [np.asarray(plane) for plane in image.split()]
    turned = [plane.T for plane in planes]
    parts = min(cores(), MOST_THREADS)
    works = [
        _Work(grid, planes, parts) if order == "width first" else _Work(grid.transpose(2, 3, 0, 1, 4), turned, parts)
        for grid, order in grids
    ]
    numbers = max(work.numbers for work in works)

    def fill(part: int) -> None:
        memory = _spare.pop() if _spare else np.zeros(0)
        # All finite from the start, and ever after.
        memory = memory if memory.size >= numbers else np.zeros(numbers)
        for work in works:
            work.fill(part, memory)
        _spare.append(memory)

    in_parallel(fill, range(parts))
    del _spare[parts:]


class _Rooms(NamedTuple):
    """Where one thread works, three planes side by side in each row."""

    source: NDArray[np.float64]
    """Rows of the picture."""
    windows: NDArray[np.float64]
    """What each block of the source reads."""
    middle: NDArray[np.float64]
    """Rows resized along their length."""
    blocks: NDArray[np.float64]
    """The middle, by the blocks that give it."""
    strips: NDArray[np.float64]
    """What each block of columns reads of the middle."""
    result: NDArray[np.float64]
    """The middle's columns resized, by the blocks that give them."""


class _Work:
    """One grid to be filled, rows resized before columns, in so many parts."""

    def __init__(self, grid: NDArray[np.uint8], planes: Sequence[NDArray[np.uint8]], parts: int) -> None:
        rows, tall, columns, across, _ = grid.shape
        self.grid, self.planes = grid, planes
        self.height, self.width = planes[0].shape
        self.row, self.column = axis(self.width, columns * across), axis(self.height, rows * tall)
        # What a row is read from, a little outside the picture at both ends, and what it becomes.
        self.source = max(self.row.reach, self.width - self.row.start)
        self.result = self.row.blocks * self.row.block
        self.edges = np.linspace(0, self.column.blocks, parts + 1).astype(int).tolist()
        most = max(STRIP_BYTES // (3 * 8 * self.source * self.column.step), 1)
        self.strip = min(most, -(-self.column.blocks // parts))
        # Rows of the picture that a strip adds, and those it has in common with the next one.
        self.fresh = self.strip * self.column.step
        self.shared = max(self.column.reads - self.column.step, 0)
        self.shapes = (
            (max(self.fresh, self.shared), 3, self.source),
            (self.fresh + self.shared, 3, self.result),
            (3, self.strip, self.column.block, self.result),
        )
        self.numbers = sum(int(np.prod(shape)) for shape in self.shapes)

    def fill(self, part: int, memory: NDArray[np.float64]) -> None:
        """Resize what one part of the new rows shows, a strip at a time.

        What is read outside the picture is any finite number: its weight is 0.
        """
        begin, end = self.edges[part], self.edges[part + 1]
        rooms = self._rooms(memory)
        pixels = np.empty((3, self.strip * self.column.block, self.result), np.uint8)
        short = np.empty(rooms.result.shape, np.int16)
        weights = np.ascontiguousarray(self.column.weights[begin:end].swapaxes(1, 2))
        top = self.column.start + begin * self.column.step
        self._resize_rows(top, self.shared, rooms, self.fresh)
        for first in range(0, end - begin, self.strip):
            many = min(self.strip, end - begin - first)
            rooms.middle[: self.shared] = rooms.middle[self.fresh :]
            self._resize_rows(top + first * self.column.step + self.shared, self.fresh, rooms, self.shared)
            np.matmul(weights[first : first + many], rooms.strips[:, :many], out=rooms.result[:, :many])
            # Cut off as short integers, which takes a tenth of the time.
            np.copyto(short, np.rint(rooms.result, out=rooms.result), casting="unsafe")
            np.copyto(pixels, np.clip(short, 0, 255, out=short).reshape(pixels.shape), casting="unsafe")
            self._put((begin + first) * self.column.block, many * self.column.block, pixels)

    def _rooms(self, memory: NDArray[np.float64]) -> _Rooms:
        made, taken = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            made.append(memory[taken : taken + size].reshape(shape))
            taken += size
        source, middle, result = made
        windows = sliding_window_view(source.reshape(-1, self.source), self.row.reads, axis=1)[:, :: self.row.step]
        windows = windows[:, : self.row.blocks].swapaxes(0, 1)
        blocks = middle.reshape(-1, self.row.blocks, self.row.block).swapaxes(0, 1)
        strips = sliding_window_view(middle, self.column.reads, axis=0)[:: self.column.step].transpose(1, 0, 3, 2)
        return _Rooms(source, windows, middle, blocks, strips, result)

    def _resize_rows(self, top: int, many: int, rooms: _Rooms, place: int) -> None:
        """So many rows of the picture from `top` on, resized along their length, into the middle from `place` on."""
        first, last = min(max(top, 0), self.height), min(max(top + many, 0), self.height)
        for channel, plane in enumerate(self.planes):
            target = rooms.source[first - top : last - top, channel, -self.row.start : self.width - self.row.start]
            target[:] = plane[first:last]
        rows = slice(3 * place, 3 * (place + many))
        np.matmul(rooms.windows[:, : 3 * many], self.row.weights, out=rooms.blocks[:, rows])
        whole = rooms.middle[place : place + many]
        np.clip(np.rint(whole, out=whole), 0, 255, out=whole)

    def _put(self, top: int, many: int, pixels: NDArray[np.uint8]) -> None:
        """Write so many new rows from `top` on into the tiles they belong to."""
        rows, tall, columns, across, _ = self.grid.shape
        bottom = min(top + many, rows * tall)
        for row in range(top // tall, -(-bottom // tall)):
            first, last = max(top, row * tall), min(bottom, (row + 1) * tall)
            for channel in range(3):
                target = pixels[channel, first - top : last - top, : columns * across].reshape(-1, columns, across)
                self.grid[row, first - row * tall : last - row * tall, :, :, channel] = target


def _size(grid: NDArray[np.uint8]) -> tuple[int, int]:
    """Width and height of the picture that a grid of tiles holds."""
    return grid.shape[2] * grid.shape[3], grid.shape[0] * grid.shape[1]
