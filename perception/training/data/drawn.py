"""Screens drawn with Pillow: thousands per minute, reproducible by seed, with the box of every target.

Level 0 is three or four coloured shapes on a plain picture; 1 a few icons and buttons; 2 small screens of cards, forms,
lists and toolbars; 3 whole desktops with many small targets.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from handeye.perception.training.data import appearance, blocks, words
from handeye.perception.training.data.canvas import Canvas
from handeye.perception.training.data.icons import SHAPES, SIGNS
from handeye.perception.training.data.parts import Sketch
from handeye.perception.training.data.strokes import Variant, hand
from handeye.tools.errors import SetupError
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from handeye.perception.training.data.appearance import Colour, Theme
    from handeye.perception.training.data.screen import LabeledScreen

LEVELS = 4
#: The sizes of each level's pictures: one is drawn by lot.
SIZES: tuple[tuple[tuple[int, int], ...], ...] = (
    ((224, 224),),
    ((224, 224), (336, 336), (448, 448)),
    ((448, 448), (672, 448), (448, 672)),
    ((1344, 896),),
)
_SMALLEST = 96
_BLOCKS = (
    blocks.card, blocks.form, blocks.listing, blocks.table, blocks.paragraph, blocks.buttons, blocks.toolbar,
    blocks.choices, blocks.tabs, blocks.links, blocks.photograph,
)  # fmt: skip


def drawn(seed: int, level: int = 0, held_out: bool = False, size: tuple[int, int] | None = None) -> LabeledScreen:
    """The screen of a seed; a held-out one has other colours, themes, fonts and layouts than any for training."""
    canvas, about = painted(seed, level, held_out, size)
    return canvas.screen(about)


def pair(seed: int, level: int = 2, held_out: bool = False) -> tuple[LabeledScreen, LabeledScreen]:
    """Return two pictures of a screen: a target appeared, is gone, or nothing changed."""
    rng = Random(f"handeye pair {seed} {level} {held_out}")  # noqa: S311 - screens, not secrets
    canvas, about = painted(seed, level, held_out)
    whole, kind = canvas.screen(about), rng.randrange(5)
    if kind == 0 or not canvas.numbers:
        return whole, whole
    less, _ = painted(seed, level, held_out, skip=rng.choice(canvas.numbers))
    return (less.screen(about), whole) if kind < 3 else (whole, less.screen(about))


def painted(
    seed: int, level: int = 0, held_out: bool = False, size: tuple[int, int] | None = None, skip: int | None = None
) -> tuple[Canvas, dict[str, str]]:
    """The canvas of a seed and what it is about; the target numbered `skip` is left out of the picture."""
    if not 0 <= level < LEVELS:
        raise SetupError(f"there is no level {level} of drawn screens (0 to {LEVELS - 1}); choose one of these")
    if size and min(size) < _SMALLEST:
        raise SetupError(
            f"a drawn screen of {size[0]}x{size[1]} is too small (at least {_SMALLEST}x{_SMALLEST}); ask for more"
        )
    rng = Random(f"handeye {seed} {level} {held_out}")  # noqa: S311 - screens, not secrets
    size = size or rng.choice(SIZES[level])
    return (_shapes, _few, _small, _desktop)[level](rng, size, held_out, skip, {"seed": str(seed), "level": str(level)})


def _shapes(
    rng: Random, size: tuple[int, int], held_out: bool, skip: int | None, about: dict[str, str]
) -> tuple[Canvas, dict[str, str]]:
    ground = appearance.shade(rng, rng.choice(("white", "white", "black", "grey")), held_out)
    canvas = Canvas(size, ground, skip)
    fits = [
        word
        for word in appearance.COLOURS
        if all(_apart(shade, ground) for shade in appearance.COLOURS[word][held_out])
    ]
    count = rng.randint(3, 4)
    colours, names = rng.sample(fits, count), rng.sample(SHAPES, count)
    for cell, word, name in zip(_cells(rng, size, count), colours, names, strict=False):
        room = min(cell.width, cell.height)
        side = rng.randint(max(16, room * 45 // 100), max(17, room * 85 // 100))
        x = rng.randint(cell.left + side // 2, cell.right - side + side // 2)
        y = rng.randint(cell.top + side // 2, cell.bottom - side + side // 2)
        with canvas.thing("icon", icon=name, colour=word):
            stroke = rng.choice((4.0, 5.0)) if name in {"cross", "plus", "ring"} else 1.0
            variant = Variant(name, stroke, filled=True, rounded=False, turned=rng.choice((-8, 0, 0, 8)))
            canvas.icon(x, y, variant, side, appearance.shade(rng, word, held_out))
    return canvas, about | {"theme": "held-out" if held_out else "plain"}


def _few(
    rng: Random, size: tuple[int, int], held_out: bool, skip: int | None, about: dict[str, str]
) -> tuple[Canvas, dict[str, str]]:
    theme = appearance.theme(rng, held_out, sizes=(14, 16, 18, 22))
    sketch = Sketch(Canvas(size, theme.page, skip), theme, rng, _language(rng, theme), held_out)
    count = rng.randint(3, max(4, min(size) // 56))
    inks = [
        word
        for word in appearance.COLOURS
        if all(_apart(shade, theme.page) for shade in appearance.COLOURS[word][held_out])
    ]
    for cell in _cells(rng, size, count):
        kind = rng.random()
        if kind < 0.55 or cell.width < 8 * theme.base:
            room = min(cell.width, cell.height)
            side = rng.randint(max(14, room // 3), max(15, room * 4 // 5))
            x = rng.randint(cell.left + side // 2, cell.right - side + side // 2)
            y = rng.randint(cell.top + side // 2, cell.bottom - side + side // 2)
            word, sketch.hand = rng.choice(inks), hand(rng)
            sketch.icon(x, y, rng.choice(SIGNS), side, word, appearance.shade(rng, word, held_out))
            continue
        text = sketch.pick(words.ACTIONS)
        wide = round(theme.base * (2.5 + 0.62 * len(text)))
        x = rng.randint(cell.left, max(cell.left, cell.right - wide))
        y = rng.randint(cell.top, max(cell.top, cell.bottom - sketch.height))
        if kind < 0.9:
            sketch.button(x, y, text, kind=rng.choice(("primary", "", "danger")))
        else:
            sketch.field(Box(x, y, x + wide, y + sketch.height), sketch.pick(words.FIELDS))
    return sketch.canvas, about | _about(sketch)


def _small(
    rng: Random, size: tuple[int, int], held_out: bool, skip: int | None, about: dict[str, str]
) -> tuple[Canvas, dict[str, str]]:
    theme = appearance.theme(rng, held_out, sizes=(13, 14, 15, 16, 18))
    sketch = Sketch(Canvas(size, theme.page, skip), theme, rng, _language(rng, theme), held_out)
    area, pad = sketch.canvas.whole, theme.base
    if rng.random() < 0.7:
        area = _header(sketch, area, below=held_out and rng.random() < 0.5)
    inner = Box(area.left + pad, area.top + pad, area.right - pad, area.bottom - pad)
    _columns(sketch, inner, 2 if size[0] > 560 and rng.random() < 0.6 else 1)
    if rng.random() < 0.15:
        blocks.dialog(sketch, sketch.canvas.whole)
    return sketch.canvas, about | _about(sketch)


def _desktop(
    rng: Random, size: tuple[int, int], held_out: bool, skip: int | None, about: dict[str, str]
) -> tuple[Canvas, dict[str, str]]:
    theme = appearance.theme(rng, held_out, sizes=(11, 12, 13, 14, 15))
    sketch = Sketch(Canvas(size, theme.page, skip), theme, rng, _language(rng, theme), held_out)
    area, base = sketch.canvas.whole, theme.base
    if rng.random() < 0.6:
        area = _header(sketch, area, below=held_out and rng.random() < 0.5)
    if rng.random() < 0.7:
        bar = Box(area.left + base, area.top + 4, area.right - base, area.top + 4 + 2 * sketch.height)
        area = Box(area.left, blocks.toolbar(sketch, bar) + 4, area.right, area.bottom)
    if rng.random() < 0.7 and size[0] >= 640:
        # Held-out screens have their side bar on the right.
        wide = rng.randint(13, 18) * base
        side = (
            Box(area.right - wide, area.top, area.right, area.bottom)
            if held_out
            else Box(area.left, area.top, area.left + wide, area.bottom)
        )
        sketch.canvas.panel(side, theme.surface)
        blocks.stack(sketch, Box(side.left + base, side.top + base, side.right - base, side.bottom - base),
                     (blocks.listing, blocks.listing, blocks.choices, blocks.paragraph), gap=base)  # fmt: skip
        area = (
            Box(area.left, area.top, side.left, area.bottom)
            if held_out
            else Box(side.right, area.top, area.right, area.bottom)
        )
    inner = Box(area.left + base, area.top + base, area.right - base, area.bottom - base)
    _columns(sketch, inner, max(1, min(rng.choice((1, 2, 2, 3)), inner.width // (22 * base))))
    if rng.random() < 0.2:
        blocks.dialog(sketch, sketch.canvas.whole)
    return sketch.canvas, about | _about(sketch)


def _header(sketch: Sketch, area: Box, below: bool) -> Box:
    """A bar across the screen with a title, tabs or menus, and a few icons; what is left of the area."""
    theme, height = sketch.theme, sketch.height + 10
    bar = (
        Box(area.left, area.bottom - height, area.right, area.bottom)
        if below
        else Box(area.left, area.top, area.right, area.top + height)
    )
    coloured = sketch.rng.random() < 0.4
    fill = theme.accent if coloured else theme.surface
    sketch.canvas.panel(bar, fill)
    sketch.ink = appearance.on(fill) if coloured else theme.ink
    middle, x = bar.centre.y, bar.left + theme.base
    title = sketch.label(x, middle, sketch.pick(words.THINGS), "heading", round(theme.base * 1.2), bold=True)
    right = bar.right - theme.base
    for name in sketch.rng.sample(SIGNS, sketch.rng.randint(1, 4)):
        side = round(sketch.height * 0.9)
        if right - side < title.right + 20:
            break
        sketch.icon_button(Box(right - side, middle - side // 2, right, middle - side // 2 + side), name, plain=True)
        right -= side + 6
    x = title.right + 2 * theme.base
    for text in sketch.rng.sample(words.THINGS[sketch.language], 4):
        with_room = x + theme.base * (len(text) + 2) * 2 // 3 < right
        if with_room:
            x = sketch.label(x, middle, text, "link").right + round(theme.base * 1.6)
    sketch.ink = theme.ink
    return (
        Box(area.left, area.top, area.right, bar.top) if below else Box(area.left, bar.bottom, area.right, area.bottom)
    )


def _columns(sketch: Sketch, area: Box, count: int) -> None:
    gap = round(sketch.theme.base * 1.4)
    wide = (area.width - gap * (count - 1)) // count
    for column in range(count):
        left = area.left + column * (wide + gap)
        blocks.stack(sketch, Box(left, area.top, left + wide, area.bottom), _BLOCKS, gap)


def _cells(rng: Random, size: tuple[int, int], count: int) -> list[Box]:
    """Places that do not overlap, some of a grid's."""
    width, height = size
    across = next(n for n in range(1, count + 1) if n * n >= count) if rng.random() < 0.6 else rng.randint(2, 3)
    down = -(-count // across)
    margin = max(2, min(size) // 40)
    wide, high = width // across, height // down
    cells = [
        Box(x * wide + margin, y * high + margin, (x + 1) * wide - margin, (y + 1) * high - margin)
        for y in range(down) for x in range(across)
    ]  # fmt: skip
    return rng.sample(cells, count)


def _apart(one: Colour, other: Colour) -> bool:
    """Whether a shape of one colour is visible on the other."""
    return sum(abs(first - second) for first, second in zip(one, other, strict=True)) > 150


def _language(rng: Random, theme: Theme) -> str:
    # Pillow's own font has only the letters of English.
    return "en" if rng.random() < 0.7 or theme.face.family == appearance.PLAIN else rng.choice(words.LANGUAGES)


def _about(sketch: Sketch) -> dict[str, str]:
    return {"theme": sketch.theme.name, "font": sketch.theme.face.family, "language": sketch.language}
