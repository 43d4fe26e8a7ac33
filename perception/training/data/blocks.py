"""The blocks of drawn screens. Each function draws a block into an area and returns its bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.training.data import appearance, words
from handeye.perception.training.data.canvas import text_width
from handeye.perception.training.data.icons import SIGNS
from handeye.perception.training.data.parts import fitted, phrase_of
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.training.data.parts import Sketch

    Block = Callable[[Sketch, Box], int]


def toolbar(sketch: Sketch, area: Box) -> int:
    """A row of icon buttons."""
    side, gap = round(sketch.height * sketch.rng.choice((0.9, 1.0, 1.2))), sketch.rng.choice((2, 4, 8))
    count = min(sketch.rng.randint(3, 12), max(1, (area.width + gap) // (side + gap)))
    names = sketch.rng.sample(SIGNS, count)
    plain = sketch.rng.random() < 0.5
    for step, name in enumerate(names):
        left = area.left + step * (side + gap)
        sketch.icon_button(Box(left, area.top, left + side, area.top + side), name, plain)
    return area.top + side


def buttons(sketch: Sketch, area: Box) -> int:
    """A row of buttons with words."""
    x, kinds = area.left, ["primary", "", "", "danger"]
    for step in range(sketch.rng.randint(1, 4)):
        text = sketch.pick(words.ACTIONS)
        icon = sketch.sign() if sketch.rng.random() < 0.3 else ""
        if x + text_width(sketch.theme.font(bold=True), text) + sketch.theme.base * 4 > area.right:
            break
        box = sketch.button(x, area.top, text, icon, kinds[step] if sketch.rng.random() < 0.8 else "")
        x = box.right + round(sketch.theme.base * 0.7)
    return area.top + sketch.height


def form(sketch: Sketch, area: Box) -> int:
    """Labelled fields, choices, and the buttons that send them."""
    y, aside = area.top, sketch.rng.random() < 0.3 and area.width > 24 * sketch.theme.base
    width = min(area.width, sketch.rng.randint(16, 30) * sketch.theme.base)
    for name in sketch.rng.sample(words.FIELDS[sketch.language], sketch.rng.randint(2, 4)):
        needed = sketch.height + (0 if aside else sketch.line)
        if y + needed > area.bottom:
            return y
        inside = words.value(sketch.rng) if sketch.rng.random() < 0.4 else ""
        left = area.left + (round(9 * sketch.theme.base) if aside else 0)
        if aside:
            sketch.label(area.left, y + sketch.height // 2, name, width=round(8.5 * sketch.theme.base))
        else:
            sketch.label(area.left, y + sketch.line // 2, name, width=width)
            y += sketch.line
        box = Box(left, y, max(left + 40, area.left + width), y + sketch.height)
        if sketch.rng.random() < 0.2:
            sketch.combo(box, sketch.pick(words.THINGS))
        else:
            sketch.field(box, inside, held=bool(inside))
        y = box.bottom + round(sketch.theme.base * 0.8)
    if y + sketch.line < area.bottom and sketch.rng.random() < 0.6:
        sketch.choice(area.left, y + sketch.line // 2, sketch.pick(words.CHOICES), "checkbox")
        y += round(sketch.line * 1.3)
    return buttons(sketch, Box(area.left, y, area.right, area.bottom)) if y + sketch.height < area.bottom else y


def choices(sketch: Sketch, area: Box) -> int:
    """Checkboxes, radio buttons or switches, one below the other."""
    y, kind = area.top, sketch.rng.choice(("checkbox", "radio", "switch"))
    every = words.CHOICES[sketch.language]
    for text in sketch.rng.sample(every, sketch.rng.randint(2, min(5, len(every)))):
        if y + sketch.line > area.bottom:
            break
        sketch.choice(area.left, y + sketch.line // 2, text, kind)
        y += round(sketch.line * 1.15)
    return y


def paragraph(sketch: Sketch, area: Box) -> int:
    """A heading and lines of text, perhaps a link."""
    big = round(sketch.theme.base * sketch.rng.choice((1.3, 1.6, 2.0)))
    y = area.top + round(big * 0.8)
    sketch.label(area.left, y, sketch.pick(words.THINGS), "heading", big, bold=True, width=area.width)
    y += round(big * 0.8)
    for _ in range(sketch.rng.randint(1, 3)):
        if y + sketch.line > area.bottom:
            return y
        sketch.label(area.left, y + sketch.line // 2, words.sentence(sketch.rng), width=area.width)
        y += sketch.line
    if y + sketch.line < area.bottom and sketch.rng.random() < 0.6:
        sketch.link(area.left, y + sketch.line // 2, sketch.pick(words.ACTIONS), width=area.width)
        y += sketch.line
    return y


def listing(sketch: Sketch, area: Box) -> int:
    """Draw rows with an icon, words and actions."""
    y, pad = area.top, round(sketch.theme.base * 0.6)
    row = round(sketch.line * sketch.rng.choice((1.2, 1.5, 1.9)))
    mark, ends, chosen = sketch.rng.random() < 0.7, sketch.rng.random() < 0.5, sketch.rng.randrange(8)
    end = sketch.sign()
    for step in range(sketch.rng.randint(3, 9)):
        if y + row > area.bottom:
            break
        box = Box(area.left, y, area.right, y + row)
        if step == chosen:
            sketch.canvas.panel(box, sketch.theme.edge, None, sketch.theme.radius)
        x, middle = box.left + pad, box.centre.y
        if mark:
            tinge = sketch.tinge() if sketch.rng.random() < 0.25 else ("", None)
            sketch.icon(x + sketch.theme.base // 2, middle, sketch.sign(), round(sketch.theme.base * 1.2), *tinge)
            x += round(sketch.theme.base * 1.9)
        room = box.right - x - pad - (round(row * 0.9) if ends else 0)
        sketch.label(x, middle, phrase_of(sketch), width=max(20, room))
        if ends:
            side = round(row * 0.7)
            corner = box.right - side - 2
            sketch.icon_button(
                Box(corner, middle - side // 2, corner + side, middle - side // 2 + side), end, plain=True
            )
        sketch.canvas.panel(Box(box.left, box.bottom - 1, box.right, box.bottom), sketch.theme.edge)
        y += row
    return y


def table(sketch: Sketch, area: Box) -> int:
    """Columns with names, and rows of values."""
    count = max(2, min(sketch.rng.randint(2, 6), area.width // (8 * sketch.theme.base)))
    wide, row = area.width // count, round(sketch.line * 1.25)
    names = sketch.rng.sample(words.FIELDS[sketch.language], count)
    y = area.top
    if y + 2 * row > area.bottom:
        return paragraph(sketch, area)
    sketch.canvas.panel(Box(area.left, y, area.right, y + row), sketch.theme.edge)
    for column, name in enumerate(names):
        sketch.label(area.left + column * wide + 6, y + row // 2, name, "columnheader", bold=True, width=wide - 12)
    for _ in range(sketch.rng.randint(2, 8)):
        y += row
        if y + row > area.bottom:
            return y
        for column in range(count):
            sketch.label(area.left + column * wide + 6, y + row // 2, words.value(sketch.rng), "cell", width=wide - 12)
        sketch.canvas.panel(Box(area.left, y + row - 1, area.right, y + row), sketch.theme.edge)
    return y + row


def tabs(sketch: Sketch, area: Box) -> int:
    """Tabs side by side, one of them chosen."""
    x, chosen, height = area.left, sketch.rng.randrange(3), sketch.height
    font = sketch.theme.font()
    for step, text in enumerate(sketch.rng.sample(words.THINGS[sketch.language], sketch.rng.randint(3, 6))):
        width = text_width(font, text) + round(sketch.theme.base * 1.8)
        if x + width > area.right:
            break
        box = Box(x, area.top, x + width, area.top + height)
        with sketch.canvas.thing("tab", text):
            fill = sketch.theme.surface if step == chosen else sketch.theme.page
            sketch.canvas.panel(box, fill, sketch.theme.edge, 0)
            if step == chosen:
                sketch.canvas.panel(Box(box.left, box.bottom - 3, box.right, box.bottom), sketch.theme.accent)
            sketch.canvas.text(*box.centre, text, font, sketch.ink, across=0.5)
        x = box.right + (0 if sketch.held_out else 2)
    return area.top + height


def links(sketch: Sketch, area: Box) -> int:
    """Links in a row, as at the foot of a page."""
    x, font = area.left, sketch.theme.font()
    for text in sketch.rng.sample(words.THINGS[sketch.language], 5):
        width = text_width(font, text)
        if x + width > area.right:
            break
        sketch.link(x, area.top + sketch.line // 2, text)
        x += width + round(sketch.theme.base * 1.5)
    return area.top + sketch.line


def photograph(sketch: Sketch, area: Box) -> int:
    """Draw a decorative picture, which is not a target."""
    rng, base = sketch.rng, sketch.theme.base
    width, height = min(area.width, rng.randint(8, 30) * base), min(area.height, rng.randint(5, 12) * base)
    colours = [
        appearance.shade(rng, rng.choice(list(appearance.COLOURS)), sketch.held_out) for _ in range(rng.randint(2, 8))
    ]
    blots = []
    for colour in colours[2:]:
        x, y, side = rng.randrange(width), rng.randrange(height), rng.randint(base, 6 * base)
        blots.append((Box(x - side, y - side // 2, x + side, y + side // 2), colour))
    box = Box(area.left, area.top, area.left + width, area.top + height)
    return sketch.canvas.photograph(box, (colours[0], colours[1]), blots).bottom


def card(sketch: Sketch, area: Box) -> int:
    """A framed surface with another block or two on it."""
    pad = round(sketch.theme.base * sketch.rng.choice((0.8, 1.0, 1.3)))
    height = min(area.height, round(sketch.theme.base * sketch.rng.randint(9, 20)))
    if height < 5 * sketch.theme.base:
        return paragraph(sketch, area)
    box = Box(area.left, area.top, area.right, area.top + height)
    sketch.canvas.panel(box, sketch.theme.surface, sketch.theme.edge, sketch.theme.radius)
    inner = Box(box.left + pad, box.top + pad, box.right - pad, box.bottom - pad)
    if sketch.rng.random() < 0.3 and inner.width > 12 * sketch.theme.base:
        word = sketch.rng.choice(appearance.VIVID)
        side = 4 * sketch.theme.base
        sketch.icon(
            inner.left + side // 2, inner.top + side // 2, sketch.sign(), side - 4,
            word, appearance.shade(sketch.rng, word, sketch.held_out),
        )  # fmt: skip
        inner = Box(inner.left + side + pad, inner.top, inner.right, inner.bottom)
    stack(sketch, inner, (paragraph, buttons, choices, form, toolbar, links), gap=pad // 2)
    return box.bottom


def dialog(sketch: Sketch, screen: Box) -> None:
    """Draw a dialog in the middle of the screen, over other blocks."""
    base = sketch.theme.base
    width, height = min(screen.width - 20, 28 * base), min(screen.height - 20, 11 * base)
    left = screen.left + (screen.width - width) // 2
    top = screen.top + (screen.height - height) // (3 if sketch.held_out else 2)
    box = Box(left, top, left + width, top + height)
    sketch.canvas.cover(box)
    sketch.canvas.panel(box, sketch.theme.surface, sketch.theme.faint, sketch.theme.radius)
    sketch.label(
        left + base, top + round(base * 1.6), sketch.pick(words.THINGS), "heading", round(base * 1.2), bold=True
    )
    close = Box(box.right - 2 * base - 6, top + 6, box.right - 6, top + 6 + 2 * base)
    sketch.icon_button(close, "cross", plain=True)
    sketch.label(left + base, top + round(base * 4.2), words.sentence(sketch.rng), width=width - 2 * base)
    x = box.right - base
    for kind in ("primary", ""):
        text = fitted(sketch.pick(words.ACTIONS), sketch.theme.font(bold=True), 9 * base)
        wide = text_width(sketch.theme.font(bold=bool(kind)), text) + 2 * base
        x -= wide
        sketch.button(x, box.bottom - sketch.height - base, text, kind=kind, width=wide)
        x -= base


def stack(sketch: Sketch, area: Box, kinds: tuple[Block, ...], gap: int) -> int:
    """Blocks below each other, as many as there is room for."""
    y = area.top
    while y + sketch.height + 2 < area.bottom:
        y = sketch.rng.choice(kinds)(sketch, Box(area.left, y, area.right, area.bottom)) + gap
    return y
