"""Draws the controls of a screen: buttons, icons, fields, links, checkboxes, text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from handeye.perception.training.data import appearance, words
from handeye.perception.training.data.canvas import Canvas, text_width
from handeye.perception.training.data.icons import SIGNS
from handeye.perception.training.data.strokes import Variant, hand
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from random import Random

    from handeye.perception.training.data.appearance import Colour, Theme


@dataclass
class Sketch:
    """The state of drawing one screen: canvas, theme and random generator."""

    canvas: Canvas
    theme: Theme
    rng: Random
    language: str = "en"
    held_out: bool = False

    def __post_init__(self) -> None:
        # All icons of a screen have one style.
        self.hand = hand(self.rng)
        self.ink = self.theme.ink

    @property
    def line(self) -> int:
        """The height of a line of plain text with its gap."""
        return round(self.theme.base * 1.6)

    @property
    def height(self) -> int:
        """The height of a button or field."""
        return round(self.theme.base * 2.2)

    def pick(self, kind: dict[str, tuple[str, ...]]) -> str:
        """A word of the screen's language."""
        return words.pick(self.rng, kind, self.language)

    def tinge(self) -> tuple[str, Colour]:
        """Return a colour that is visible on this screen, with its word."""
        while True:
            word = self.rng.choice(appearance.VIVID)
            colour = appearance.shade(self.rng, word, self.held_out)
            if min(appearance.contrast(colour, self.theme.page), appearance.contrast(colour, self.theme.surface)) > 1.8:
                return word, colour

    def sign(self) -> str:
        """The name of an icon."""
        return self.rng.choice(SIGNS)

    def label(
        self, x: int, y: int, text: str, role: str = "text", size: int = 0, bold: bool = False,
        colour: Colour | None = None, across: float = 0.0, width: int = 0,
    ) -> Box:  # fmt: skip
        """Draw words as a target, cut to a width if one is given."""
        font = self.theme.font(size, bold)
        text = fitted(text, font, width) if width else text
        with self.canvas.thing(role, text):
            return self.canvas.text(x, y, text, font, colour or self.ink, across)

    def icon(self, x: int, y: int, name: str, size: int, word: str = "", colour: Colour | None = None) -> Box:
        """Draw an icon; `word` is the colour that distinguishes it. Sometimes it has a disc or tile behind it."""
        with self.canvas.thing("icon", icon=name, colour=word):
            if not (word and colour and size > 18 and self.rng.random() < 0.2):
                return self.canvas.icon(x, y, self._variant(name), size, colour or self.ink)
            box = Box(x - size // 2, y - size // 2, x - size // 2 + size, y - size // 2 + size)
            if self.rng.random() < 0.5:
                self.canvas.disc(box, colour)
            else:
                self.canvas.panel(box, colour, None, max(2, size // 6))
            self.canvas.icon(x, y, self._variant(name), round(size * 0.6), appearance.on(colour))
            return box

    def icon_button(self, box: Box, name: str, plain: bool = False) -> Box:
        """Draw a button that shows only an icon."""
        size = max(10, round(min(box.width, box.height) * 0.62))
        word = self.theme.accent_word if self.rng.random() < 0.2 and not plain else ""
        fill = self.theme.accent if word else None if plain else self.theme.surface
        ink = appearance.on(fill) if word and fill else self.ink
        if not word and ink == self.theme.ink and self.rng.random() < 0.15:
            word, ink = self.tinge()
        with self.canvas.thing("button", icon=name, colour=word):
            self.canvas.panel(
                box, fill, None if fill == self.theme.accent or plain else self.theme.edge, self.theme.radius
            )
            self.canvas.icon(*box.centre, self._variant(name), size, ink)
        return box

    def button(self, x: int, y: int, text: str, icon: str = "", kind: str = "", width: int = 0, size: int = 0) -> Box:
        """A button with words, its top left corner at (x, y); `kind` is primary, danger, or empty for a plain one."""
        size = size or self.theme.base
        height, font = round(size * 2.2), self.theme.font(size, bold=bool(kind))
        mark = round(size * 1.25) if icon else 0
        content = text_width(font, text) + (mark + size // 2 if icon else 0)
        box = Box(x, y, x + max(width, content + round(size * 1.8)), y + height)
        word = {"primary": self.theme.accent_word, "danger": "red"}.get(kind, "")
        fill: Colour | None = self.theme.accent if kind == "primary" else None
        if kind == "danger":
            fill = appearance.shade(self.rng, "red", self.held_out)
        fill = fill or self.theme.surface
        ink = appearance.on(fill) if kind else self.ink
        with self.canvas.thing("button", text, icon, word):
            self.canvas.panel(box, fill, None if kind else self.theme.edge, self.theme.radius)
            left, middle = box.left + (box.width - content) // 2, box.centre.y
            if icon:
                self.canvas.icon(left + mark // 2, middle, self._variant(icon), mark, ink)
            self.canvas.text(left + content - text_width(font, text), middle, text, font, ink)
        return box

    def link(self, x: int, y: int, text: str, width: int = 0) -> Box:
        """Coloured words, underlined on some screens."""
        font = self.theme.font()
        text = fitted(text, font, width) if width else text
        ink = self.link_ink
        with self.canvas.thing("link", text):
            box = self.canvas.text(x, y, text, font, ink)
            if self.theme.radius % 2 == 0:
                under = y + round(self.theme.base * 0.55)
                self.canvas.panel(Box(box.left, under, box.right, under + 1), ink)
        return box

    @property
    def link_ink(self) -> Colour:
        """Return the accent colour, or the text colour where the accent has too little contrast."""
        return self.theme.accent if appearance.contrast(self.theme.accent, self.theme.surface) > 3 else self.ink

    def field(self, box: Box, inside: str = "", icon: str = "", held: bool = False) -> Box:
        """Draw a text field with a placeholder or value, sometimes with an icon."""
        font, pad = self.theme.font(), round(self.theme.base * 0.6)
        inside = fitted(inside, font, box.width - 3 * pad - (self.theme.base if icon else 0)) if inside else ""
        with self.canvas.thing("field", inside, icon):
            self.canvas.panel(box, self.theme.surface, self.theme.edge, self.theme.radius)
            left, middle = box.left + pad, box.centre.y
            if icon:
                self.canvas.icon(
                    left + self.theme.base // 2, middle, self._variant(icon), self.theme.base, self.theme.faint
                )
                left += round(self.theme.base * 1.5)
            if inside:
                self.canvas.text(left, middle, inside, font, self.ink if held else self.theme.faint)
        return box

    def combo(self, box: Box, inside: str) -> Box:
        """A drop-down list, closed."""
        font, pad = self.theme.font(), round(self.theme.base * 0.6)
        inside = fitted(inside, font, box.width - 3 * pad - self.theme.base)
        with self.canvas.thing("combobox", inside):
            self.canvas.panel(box, self.theme.surface, self.theme.edge, self.theme.radius)
            self.canvas.text(box.left + pad, box.centre.y, inside, font, self.ink)
            x, y, half = box.right - pad - self.theme.base // 2, box.centre.y, max(2, self.theme.base // 4)
            for step in range(half + 1):
                self.canvas.panel(
                    Box(x - step, y + half - step - half // 2, x + step + 1, y + half - step - half // 2 + 1),
                    self.theme.faint,
                )
        return box

    def choice(self, x: int, y: int, text: str, kind: str) -> Box:
        """A checkbox, a radio button or a switch with its label to the right; `y` is the middle of its line."""
        side = round(self.theme.base * 1.1)
        wide = round(side * 1.9) if kind == "switch" else side
        box = Box(x, y - side // 2, x + wide, y - side // 2 + side)
        chosen = self.rng.random() < 0.5
        fill = self.theme.accent if chosen else self.theme.surface
        edge = self.theme.accent if chosen else self.theme.faint
        with self.canvas.thing(kind):
            if kind == "checkbox":
                self.canvas.panel(box, fill, edge, min(2, self.theme.radius))
                if chosen:
                    self.canvas.icon(*box.centre, Variant("check", stroke=3.2), side - 2, appearance.on(fill))
            elif kind == "radio":
                self.canvas.disc(box, self.theme.surface, edge, 2)
                if chosen:
                    third = side // 3
                    self.canvas.disc(
                        Box(box.left + third, box.top + third, box.right - third, box.bottom - third), fill
                    )
            else:
                self.canvas.panel(box, fill if chosen else self.theme.faint, None, side // 2)
                knob = box.right - side if chosen else box.left
                self.canvas.disc(Box(knob + 2, box.top + 2, knob + side - 2, box.bottom - 2), (255, 255, 255))
        words_box = self.label(box.right + round(self.theme.base * 0.6), y, text)
        return Box(box.left, min(box.top, words_box.top), words_box.right, max(box.bottom, words_box.bottom))

    def _variant(self, name: str) -> Variant:
        return replace(self.hand, name=name)


def fitted(text: str, font: appearance.Font, width: int) -> str:
    """Return as many whole words of a text as fit a width, at least the first letter."""
    while text_width(font, text) > width and len(text) > 1:
        text = text.rpartition(" ")[0] or text[: max(1, len(text) * 2 // 3)]
    return text


def phrase_of(sketch: Sketch) -> str:
    """A few words for a list or a card: a thing, a person, or a short sentence."""
    kind = sketch.rng.random()
    if kind < 0.5:
        return sketch.pick(words.THINGS)
    return sketch.rng.choice(words.PEOPLE) if kind < 0.7 else words.sentence(sketch.rng, 5)
