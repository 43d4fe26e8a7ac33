"""Sheets of many icons: one tile has more icons than ten screens, which speeds up learning them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from handeye.perception.training.data import appearance, words
from handeye.perception.training.data.canvas import Canvas
from handeye.perception.training.data.icons import SIGNS
from handeye.perception.training.data.parts import Sketch
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from handeye.perception.training.data.screen import LabeledScreen

_CELLS = (26, 30, 36, 44, 56)
_SMALLEST = 12
#: Two of InternViT's patches.
_PLACE = 28


def sheet(seed: int, side: int, held_out: bool = False, ease: float = 0.0) -> LabeledScreen:
    """The sheet of a seed: icons alone and on buttons, of one theme, with a few words between them.

    With `ease` 1 all icons are of one size and lie on the patches alike, so that their drawings are learned before
    their places and sizes; less of it lets them stray.
    """
    rng = Random(f"sheet {seed} {held_out}")  # noqa: S311 - screens, not secrets
    theme = appearance.theme(rng, held_out)
    sketch = Sketch(Canvas((side, side), theme.page, None), theme, rng, "en", held_out)
    if ease > 0:
        return _easy(sketch, side, ease)
    cell = rng.choice(_CELLS)
    across = side // cell
    names: list[str] = []
    for number in range(across * across):
        names = names or rng.sample(SIGNS, len(SIGNS))
        left, top = number % across * cell, number // across * cell
        kind = rng.random()
        if kind < 0.1:
            continue
        if kind < 0.18:
            sketch.label(left + 2, top + cell // 2, rng.choice(words.ACTIONS["en"])[: cell // 7], "text", 11)
            continue
        name = names.pop()
        if kind < 0.45:
            size = rng.randint(min(20, cell - 2), cell - 2)
            x, y = left + rng.randint(0, cell - size), top + rng.randint(0, cell - size)
            sketch.icon_button(Box(x, y, x + size, y + size), name, plain=rng.random() < 0.5)
            continue
        size = rng.randint(_SMALLEST, cell - 2)
        x, y = (at + size // 2 + rng.randint(0, cell - size) for at in (left, top))
        if rng.random() < 0.3:
            word = rng.choice(appearance.VIVID)
            sketch.icon(x, y, name, size, word, appearance.shade(rng, word, held_out))
        else:
            sketch.icon(x, y, name, size)
    return sketch.canvas.screen({"theme": theme.name, "source": "sheet"})


def _easy(sketch: Sketch, side: int, ease: float) -> LabeledScreen:
    rng, free, across = sketch.rng, 1 - ease, side // _PLACE
    names: list[str] = []
    for number in range(across * across):
        names = names or rng.sample(SIGNS, len(SIGNS))
        size = round(_PLACE - 2 - free * rng.uniform(0, _PLACE - 2 - _SMALLEST))
        stray = free * (_PLACE - size + 6) / 2
        x, y = (at * _PLACE + _PLACE // 2 + round(rng.uniform(-stray, stray)) for at in divmod(number, across))
        sketch.icon(x, y, names.pop(), size)
    return sketch.canvas.screen({"theme": sketch.theme.name, "source": "sheet"})
