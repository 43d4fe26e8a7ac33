"""The list of pictures: each layout in each theme and language, twice with a different appearance."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

LAYOUTS = (
    "settings", "mail", "editor", "dashboard", "shop", "calendar", "files", "chat", "map", "dialog", "player", "code",
    "phone", "form",
)  # fmt: skip
#: Distinguishable colours of each theme.
THEMES = {
    "light": ("#2457d6", "#0b7a4b", "#7a3fc0", "#c2410c"),
    "dark": ("#7aa2ff", "#4cc38a", "#c9a2ff", "#ffb066"),
    "warm": ("#9a4a12", "#5c6b1a", "#8a2b4a", "#1f5c6b"),
}
LANGUAGES = ("en", "de")
#: The first of them is there wherever handeye's tests run; the others are of the package fonts-urw-base35.
FONTS = ("DejaVu Sans", "DejaVu Serif", "Nimbus Sans", "URW Gothic")


class WindowSize(NamedTuple):
    """Of the page: its size in CSS pixels, and how many pixels of the picture each of these is."""

    width: int
    height: int
    scale: float


PLAIN, WIDE, FINE = WindowSize(1344, 896, 1), WindowSize(1280, 720, 1), WindowSize(1200, 800, 1.25)
PHONES = (WindowSize(390, 780, 1.5), WindowSize(360, 740, 2))


@dataclass(frozen=True)
class PicturePlan:
    """One picture to be made; equal plans make equal pictures."""

    layout: str
    theme: str
    language: str
    number: int
    """Counts the pictures that have the first three in common, from 1."""
    seed: int
    accent: str
    font: str
    size: float
    gap: int
    round: int
    stroke: float
    icon: float
    """The size of icons, and of what lies around those that can be pressed, in sizes of the text."""
    pad: float
    window: WindowSize

    @property
    def name(self) -> str:
        """Of its file, without an ending."""
        return f"{self.layout}-{self.theme}-{self.language}-{self.number}"

    def dice(self, purpose: str) -> random.Random:
        """Chance that is the same each time."""
        return random.Random(f"{self.seed}:{self.name}:{purpose}")  # noqa: S311 - nothing to guess


def plans(seed: int = 7) -> list[PicturePlan]:
    """All pictures, in the order of the data set."""
    return [
        plan(layout, theme, language, number, seed)
        for layout in LAYOUTS
        for theme in THEMES
        for language in LANGUAGES
        for number in (1, 2)
    ]


def plan(layout: str, theme: str, language: str, number: int, seed: int) -> PicturePlan:
    """One picture; the first of each kind has the plainest look."""
    dice = random.Random(f"{seed}:{layout}:{theme}:{language}:{number}")  # noqa: S311 - nothing to guess
    narrow = layout == "phone"
    window = dice.choice(PHONES) if narrow else PLAIN if number == 1 else dice.choice((WIDE, FINE))
    return PicturePlan(
        layout=layout,
        theme=theme,
        language=language,
        number=number,
        seed=seed,
        accent=dice.choice(THEMES[theme]),
        font=FONTS[0] if number == 1 else dice.choice(FONTS),
        size=dice.choice((13.5, 14.5) if number == 1 else (12, 13)),
        gap=dice.choice((10, 12) if number == 1 else (8, 10)),
        round=dice.choice((0, 4, 8, 12)),
        stroke=dice.choice((1.6, 1.9, 2.3)),
        icon=dice.choice((1.1, 1.35, 1.7)),
        pad=dice.choice((0.15, 0.35, 0.6)),
        window=window,
    )
