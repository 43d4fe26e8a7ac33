"""Pillow's bicubic resize on several processor cores at once, to the very same pixels.

Pillow resizes on one core and lets other Python threads run meanwhile, so a picture is resized in upright strips, one
thread each. A strip is Pillow's own work on a part of the picture. Two things could make it differ from the same part
of the whole, and where one of them may, the picture is resized in one piece:

- Pillow counts a strip's columns from the strip's own edge, which rounds differently in the last bit of a double. The
  weights it then uses are integers, so that matters only where one lies as good as in the middle between two.
- Since version 13 Pillow shrinks the height before the width when the height shrinks much more, judging a strip by
  its own width; the pixels in between are bytes, so the order shows.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")

#: Pillow's weights are integers of this many bits after the point (`PRECISION_BITS` in its Resample.c).
WEIGHT_BITS = 22


class Strip(NamedTuple):
    """Columns `left` to `right` of the resized picture, and the part of the picture they show, in its pixels."""

    left: int
    right: int
    start: float
    end: float


def resized(image: Image.Image, sizes: Sequence[tuple[int, int]], most: int | None = None) -> list[NDArray[np.uint8]]:
    """The RGB picture at each (width, height), as (height, width, 3) bytes equal to Pillow's bicubic resize.

    `most` strips at most; by default four where there are several cores, so that none of them waits long for another.
    """
    most = most or (4 if cores() > 1 else 1)
    made = [np.empty((height, width, 3), np.uint8) for width, height in sizes]
    jobs = [(whole, strip) for whole, size in zip(made, sizes, strict=True) for strip in strips(image.size, size, most)]
    # The longest first: begun last, it would be alone at the end.
    jobs.sort(key=lambda job: job[1].start - job[1].end)

    def fill(job: tuple[NDArray[np.uint8], Strip]) -> None:
        whole, strip = job
        whole[:, strip.left : strip.right] = np.asarray(_cut(image, strip, len(whole)))

    in_parallel(fill, jobs)
    return made


def in_parallel(work: Callable[[T], None], items: Iterable[T]) -> None:
    """Do the work for every item, in threads where there are cores for them; raises what the work raises."""
    todo = list(items)
    if min(len(todo), cores()) < 2:
        for item in todo:
            work(item)
        return
    # A pool of its own each time costs 0.2 ms, and leaves none behind that a forked process could not use.
    with ThreadPoolExecutor(min(len(todo), cores())) as pool:
        list(pool.map(work, todo))


@lru_cache(maxsize=1)
def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=64)
def strips(size: tuple[int, int], wanted: tuple[int, int], most: int) -> tuple[Strip, ...]:
    """How to resize pictures of a size to another in at most so many strips; one when they could differ from the whole.

    Found out once for each pair of sizes. More than four gain nothing, and the edges of halves and quarters are
    numbers that Pillow's single-precision boxes hold exactly.
    """
    # A picture that keeps its size is only copied, which Pillow does not see in a strip of it.
    most = 1 if size == wanted else most
    parts = next((parts for parts in (4, 2) if parts <= most and wanted[0] % parts == 0), 1)
    made = _even(size[0], wanted[0], parts)
    if parts > 1 and not (_certain(size[0], wanted[0]) and _same_order(size, wanted, made[0])):
        return _even(size[0], wanted[0], 1)
    return made


def _even(width: int, wanted: int, parts: int) -> tuple[Strip, ...]:
    columns = wanted // parts
    return tuple(
        Strip(part * columns, (part + 1) * columns, part * width / parts, (part + 1) * width / parts)
        for part in range(parts)
    )


def _cut(image: Image.Image, strip: Strip, height: int) -> Image.Image:
    box = (strip.start, 0, strip.end, image.height)
    return image.resize((strip.right - strip.left, height), Image.Resampling.BICUBIC, box)


def _same_order(size: tuple[int, int], wanted: tuple[int, int], strip: Strip) -> bool:
    """Whether Pillow takes width and height of a strip in the same order as those of the whole, seen on noise."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, size[::-1], dtype=np.uint8))
    whole = np.asarray(noise.resize(wanted, Image.Resampling.BICUBIC))
    return np.array_equal(whole[:, strip.left : strip.right], np.asarray(_cut(noise, strip, wanted[1])))


def _certain(width: int, wanted: int) -> bool:
    """Whether no weight lies so near the middle between two integers that the last bit of a double could turn it.

    The weights are those of Pillow's Resample.c: a cubic with a = -0.5, stretched when the picture shrinks.
    """
    scale = width / wanted
    stretch = max(scale, 1.0)
    centres = (np.arange(wanted) + 0.5) * scale
    firsts = np.maximum(np.floor(centres - 2 * stretch + 0.5), 0)
    lasts = np.minimum(np.floor(centres + 2 * stretch + 0.5), width)
    taps = firsts[:, None] + np.arange(int(np.ceil(2 * stretch)) * 2 + 1)
    weights = np.where(taps < lasts[:, None], _cubic((taps - centres[:, None] + 0.5) / stretch), 0.0)
    scaled = weights / weights.sum(axis=1, keepdims=True) * 2**WEIGHT_BITS
    apart = np.abs(scaled - np.floor(scaled) - 0.5)
    return bool((apart > 2**WEIGHT_BITS * width * 4 * np.finfo(np.float64).eps).all())


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))
