"""The appearance of drawn screens: fonts of this machine, named colours, themes. Held-out screens use others."""

from __future__ import annotations

import math
import os
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ImageFont

from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont

#: Shades of each plain colour word: those of training, and the held-out ones.
COLOURS: dict[str, tuple[tuple[Colour, ...], tuple[Colour, ...]]] = {
    "red": (((220, 38, 38), (200, 20, 30), (239, 68, 68)), ((185, 28, 40), (230, 50, 50))),
    "orange": (((245, 130, 32), (234, 100, 12), (251, 146, 60)), ((240, 115, 20), (255, 140, 0))),
    "yellow": (((250, 204, 21), (240, 190, 10), (253, 224, 71)), ((245, 215, 40), (255, 205, 0))),
    "green": (((22, 163, 74), (34, 139, 34), (60, 180, 90)), ((16, 150, 60), (46, 125, 50))),
    "turquoise": (((20, 184, 166), (13, 160, 150), (45, 205, 190)), ((0, 170, 160), (38, 198, 178))),
    "blue": (((37, 99, 235), (29, 78, 216), (66, 133, 244)), ((25, 90, 200), (50, 110, 250))),
    "purple": (((126, 58, 200), (147, 51, 234), (108, 43, 217)), ((115, 50, 180), (140, 70, 210))),
    "pink": (((236, 72, 153), (244, 114, 182), (230, 90, 170)), ((233, 80, 160), (245, 105, 175))),
    "brown": (((120, 72, 32), (139, 85, 45), (101, 60, 25)), ((110, 65, 35), (130, 80, 40))),
    "grey": (((120, 120, 125), (140, 140, 145), (105, 110, 120)), ((130, 132, 135), (112, 115, 118))),
    "black": (((17, 17, 20), (0, 0, 0), (28, 28, 32)), ((10, 12, 14), (24, 22, 26))),
    "white": (((255, 255, 255), (250, 250, 252), (245, 245, 245)), ((252, 250, 248), (248, 250, 255))),
}
#: Colours that distinguish a button or icon on a light and on a dark screen.
VIVID = ("red", "orange", "green", "turquoise", "blue", "purple", "pink")

_FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/Library/Fonts",
    "/System/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
#: Fonts without Latin letters, or with letters that no screen is set in.
_UNFIT = ("symbol", "emoji", "math", "dingbat", "icon", "awesome", "d0500", "z003", "italic", "oblique", "bdita")
_BOLD = ("bold", "demi", "black", "heavy")
_MOST_FONTS = 400
#: Chosen so that some plain fonts of usual systems fall on either side.
_SALT = 759
PLAIN = "Pillow's own"


@dataclass(frozen=True)
class Face:
    """A family of one or two files; empty paths stand for the font that Pillow carries."""

    family: str
    regular: str = ""
    bold: str = ""


@dataclass(frozen=True)
class Theme:
    """The colours and measures of one screen."""

    name: str
    dark: bool
    page: Colour
    surface: Colour
    ink: Colour
    faint: Colour
    edge: Colour
    accent: Colour
    accent_word: str
    radius: int
    face: Face
    base: int
    """The size of its plain text in pixels."""

    def font(self, size: int = 0, bold: bool = False) -> Font:
        """Its font at a size, or at that of its plain text."""
        return font(self.face.bold if bold and self.face.bold else self.face.regular, size or self.base)


@lru_cache(maxsize=512)
def font(path: str, size: int) -> Font:
    """The font of a file at a size in pixels; Pillow's own where the path is empty."""
    if not path:
        plain = ImageFont.load_default(size)
        if not isinstance(plain, ImageFont.FreeTypeFont):
            raise SetupError("this Pillow has no FreeType, so it draws letters of one size; pip install -U pillow")
        return plain
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=2)
def faces(held_out: bool) -> tuple[Face, ...]:
    """The font families for training, or those held out; Pillow's own is always there to train with."""
    found: dict[str, dict[bool, str]] = {}
    for path in _files():
        family = path.stem.split("-")[0]
        bold = any(word in path.stem.lower() for word in _BOLD)
        if _latin(str(path)):
            found.setdefault(family, {}).setdefault(bold, str(path))
    usable = [Face(family, files[False], files.get(True, "")) for family, files in found.items() if False in files]
    # A family is held out by its name alone, so that two machines with it agree.
    usable = [face for face in usable if (zlib.crc32(f"{_SALT}{face.family}".encode()) % 3 == 0) == held_out]
    return tuple(usable) if held_out and usable else (Face(PLAIN), *usable)


def _files() -> list[Path]:
    folders = [Path(folder).expanduser() for folder in _FOLDERS]
    fonts = (
        Path(folder) / name
        for base in folders
        for folder, _, names in os.walk(base)
        for name in names
        if name.lower().endswith((".ttf", ".otf")) and not any(word in name.lower() for word in _UNFIT)
    )
    return sorted(fonts, key=lambda path: (path.stem, str(path)))[:_MOST_FONTS]


def _latin(path: str) -> bool:
    """Whether a font can be read and has Latin letters, with and without marks."""
    try:
        tried = ImageFont.truetype(path, 20, layout_engine=ImageFont.Layout.BASIC)
        missing = bytes(tried.getmask("\U000f1234"))
        return all(bytes(tried.getmask(letter)) != missing for letter in "Agéß")
    except OSError:
        return False


def shade(rng: Random, word: str, held_out: bool = False) -> Colour:
    """One shade of a colour."""
    return rng.choice(COLOURS[word][held_out])


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2, https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio)."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (math.pow(value / 255, 2.2) for value in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def on(colour: Colour) -> Colour:
    """Return white or near-black, whichever has more contrast on a colour."""
    return max((255, 255, 255), (20, 20, 24), key=lambda ink: contrast(ink, colour))


def theme(rng: Random, held_out: bool = False, sizes: Sequence[int] = (12, 13, 14, 15, 16)) -> Theme:
    """A theme drawn by lot: light or dark, tinted or plain."""
    dark = rng.random() < 0.35
    # Held-out screens are tinted otherwise: warm paper and deep sea instead of cool greys.
    tint = (6, 2, -8) if held_out else rng.choice([(0, 0, 0), (-4, -1, 5), (-2, 1, 2), (0, 0, 0)])
    level = rng.randint(16, 38) if dark else rng.randint(234, 252)
    page = _tinted(level, tint)
    surface = _tinted(level + rng.randint(8, 18) if dark else min(255, level + rng.randint(2, 14)), tint)
    ink = _tinted(rng.randint(220, 245) if dark else rng.randint(15, 55), tint)
    faint = _tinted(rng.randint(150, 180) if dark else rng.randint(85, 115), tint)
    edge = _tinted(level + rng.randint(34, 60) if dark else level - rng.randint(28, 60), tint)
    word = rng.choice(VIVID)
    return Theme(
        name=f"{'dark' if dark else 'light'}-{word}{'-held' if held_out else ''}",
        dark=dark,
        page=page,
        surface=surface,
        ink=ink,
        faint=faint,
        edge=edge,
        accent=shade(rng, word, held_out),
        accent_word=word,
        radius=rng.choice((1, 5, 12) if held_out else (0, 3, 6, 8)),
        face=rng.choice(faces(held_out)),
        base=rng.choice(sizes),
    )


def _tinted(level: int, tint: Colour) -> Colour:
    red, green, blue = (max(0, min(255, level + part)) for part in tint)
    return red, green, blue
