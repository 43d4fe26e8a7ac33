"""Draws the icons of the sets as they look on screens: small, in any colours, on buttons, next to other things."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from handeye.perception.icons.crops import normalise
from handeye.perception.training.data import appearance
from handeye.perception.training.icon_sets import SETS, IconSet, icons
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

#: Side of a rendered icon in pixels, from which all smaller ones are scaled.
RENDERED = 48
#: Sizes of icons on screens, in pixels.
_SIZES = (12, 14, 15, 16, 16, 16, 18, 18, 20, 20, 20, 22, 24, 24, 24, 28, 32, 32, 40, 48)
_LEAST_CONTRAST = 1.6
_WORDS = "OK No Yes File Edit View Help Home Name Save Open Total Search Settings 2024 12:30 5 17 99 A B e km Aa ab it"


@dataclass(frozen=True)
class RenderedSet:
    """The icons of one set as pictures."""

    of: IconSet
    names: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    pixels: Pixels
    """Shape (icons, RENDERED, RENDERED, 4): red, green, blue and opacity."""


def rendered(folder: Path, of: IconSet) -> RenderedSet:
    """Return the pictures of a set; they are rendered once and stored next to its package.

    Raises SetupError when resvg_py is not installed.
    """
    stored = folder / f"{of.name}-{of.version}-{RENDERED}.npz"
    if not stored.is_file():
        try:
            import resvg_py
        except ImportError as error:
            raise SetupError("rendering icons needs: pip install 'handeye[train]'") from error
        found, pictures = [], []
        for icon in icons(folder, of):
            try:
                png = resvg_py.svg_to_bytes(
                    svg_string=icon.svg, width=RENDERED, height=RENDERED, skip_system_fonts=True
                )
            except ValueError:  # a drawing that resvg does not support
                continue
            picture = Image.open(io.BytesIO(png)).convert("RGBA")
            canvas = Image.new("RGBA", (RENDERED, RENDERED))
            canvas.paste(picture, ((RENDERED - picture.width) // 2, (RENDERED - picture.height) // 2))
            pixels = np.asarray(canvas)
            if int(pixels[..., 3].max()) > 0:
                found.append(icon)
                pictures.append(pixels)
        np.savez_compressed(stored, pixels=np.stack(pictures), names=np.array([icon.name for icon in found]),
                            words=np.array([" ".join(icon.words) for icon in found]))  # fmt: skip
    with np.load(stored) as arrays:
        words = tuple(tuple(str(each).split()) for each in arrays["words"])
        return RenderedSet(of, tuple(map(str, arrays["names"])), words, arrays["pixels"])


def all_rendered(folder: Path, split: str) -> list[RenderedSet]:
    """Return the pictures of the sets of a split."""
    return [rendered(folder, of) for of in SETS if of.split == split]


def on_screen(picture: Pixels, colour: bool, rng: Random) -> Pixels:
    """Return an icon as `crops.cut` finds it on a screen: shape (2, SIDE, SIDE), drawn by lot.

    `picture` has the shape (RENDERED, RENDERED, 4). The strokes of an icon of one colour get another colour.
    """
    import cv2

    size = rng.choice(_SIZES)
    around = rng.randint(3, 6)
    side = size + 2 * around
    drawn = cv2.warpAffine(_shrunk(picture, size), np.array([[1, 0, rng.random()], [0, 1, rng.random()]]), (size, size),
                           flags=cv2.INTER_LINEAR) if rng.random() < 0.5 else _shrunk(picture, size)  # fmt: skip
    back, ink = _colours(rng)
    canvas = np.empty((side, side, 3), np.float32)
    canvas[:] = back
    if rng.random() < 0.12:
        ink = _framed(canvas, back, ink, rng)
    elif rng.random() < 0.08:
        canvas += np.linspace(-1, 1, side, dtype=np.float32)[:, None, None] * rng.uniform(2, 14)
    opacity = drawn[..., 3:].astype(np.float32) * (rng.uniform(0.6, 1) / 255)
    paint = drawn[..., :3].astype(np.float32) if colour and rng.random() < 0.85 else np.float32(ink)
    part = canvas[around : around + size, around : around + size]
    part += (paint - part) * opacity
    _disturb(canvas, size, ink, rng)
    return normalise(np.clip(canvas + 0.5, 0, 255).astype(np.uint8)[1:-1, 1:-1])


def no_icon(rng: Random) -> Pixels:
    """Return what is not an icon as `crops.cut` finds it: letters, frames, lines, patches of pictures."""
    back, ink = (tuple(int(value) for value in each) for each in _colours(rng))
    width, height = rng.randint(10, 60), rng.randint(10, 40)
    image = Image.new("RGB", (width, height), back)
    draw = ImageDraw.Draw(image)
    kind = rng.random()
    if kind < 0.6:
        text = rng.choice(_WORDS.split()) if rng.random() < 0.6 else "".join(rng.choices("aeionrstlhdcumpfgbw", k=4))
        font = appearance.font(rng.choice(appearance.faces(False)).regular, rng.randint(9, 22))
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        image = Image.new("RGB", (int(right - left) + 8, int(bottom - top) + 8), back)
        ImageDraw.Draw(image).text((4 - left, 4 - top), text, fill=ink, font=font)
    elif kind < 0.75:
        draw.rounded_rectangle((3, 3, width - 4, height - 4), rng.randint(0, 5), outline=ink, width=rng.randint(1, 2))
    elif kind < 0.85:
        draw.rectangle((3, 3, width - 4, rng.randint(4, height - 4)), fill=ink)
    else:
        noise = np.frombuffer(rng.randbytes(5 * 5 * 3), np.uint8).reshape(5, 5, 3)
        image.paste(Image.fromarray(noise).resize((width - 6, height - 6), Image.Resampling.BICUBIC), (3, 3))
    return normalise(np.asarray(image)[1:-1, 1:-1])


def _shrunk(picture: Pixels, size: int) -> Any:
    import cv2

    return picture if size == RENDERED else cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)


def _colours(rng: Random) -> tuple[Any, Any]:
    """Return the colours of background and strokes, with enough contrast."""
    while True:
        kind = rng.random()
        back = [rng.randint(225, 255)] * 3 if kind < 0.5 else [rng.randint(15, 70)] * 3 if kind < 0.75 else _any(rng)
        back = [max(0, min(255, value + rng.randint(-6, 6))) for value in back]
        level = rng.choice((rng.randint(0, 130), rng.randint(180, 255)))
        ink = [level] * 3 if rng.random() < 0.65 else _any(rng)
        if appearance.contrast((back[0], back[1], back[2]), (ink[0], ink[1], ink[2])) >= _LEAST_CONTRAST:
            return np.array(back, np.float32), np.array(ink, np.float32)


def _any(rng: Random) -> list[int]:
    return [rng.randint(0, 255) for _ in range(3)]


def _framed(canvas: Any, back: Any, ink: Any, rng: Random) -> Any:
    """Draw a button or a disc under the icon, and return the colour of strokes on it."""
    side = len(canvas)
    image = Image.fromarray(canvas.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    radius = rng.choice((3, 5, side // 2))
    box = (2, 2, side - 3, side - 3)
    fill = tuple(int(value) for value in ink)
    if rng.random() < 0.5:
        draw.rounded_rectangle(box, radius, fill=fill)
        ink = back
    else:
        draw.rounded_rectangle(box, radius, outline=fill, width=1)
    canvas[:] = np.asarray(image)
    return ink


def _disturb(canvas: Any, size: int, ink: Any, rng: Random) -> None:
    """Add what stands next to an icon, blur and noise, in place."""
    import cv2

    side, kind = len(canvas), rng.random()
    if kind < 0.06:
        canvas[:, : rng.randint(1, 3)] = ink
    elif kind < 0.1:
        at = rng.randint(2, side - 6)
        radius = rng.randint(2, max(2, size // 5))
        cv2.circle(canvas, (side - at // 2 - 3, 4 + at // 3), radius, [float(value) for value in _any(rng)], -1)
    elif kind < 0.14:
        lost = rng.randint(1, max(1, size // 6))
        which = rng.randrange(4)
        part = (np.s_[: 4 + lost], np.s_[-4 - lost :], np.s_[:, : 4 + lost], np.s_[:, -4 - lost :])[which]
        canvas[part] = canvas[0, 0]
    if rng.random() < 0.12:
        canvas[:] = cv2.GaussianBlur(canvas, (3, 3), rng.uniform(0.3, 0.8))
    if rng.random() < 0.12:
        noise = np.frombuffer(rng.randbytes(canvas.size), np.int8).reshape(canvas.shape)
        canvas += noise * np.float32(rng.uniform(0.01, 0.06))


def plain(picture: Pixels, size: int = 24) -> Pixels:
    """Return an icon in black on white as `crops.cut` finds it: shape (2, SIDE, SIDE); colours remain."""
    opacity = _shrunk(picture, size).astype(np.float32)
    canvas = np.full((size + 6, size + 6, 3), 255, np.float32)
    canvas[3:-3, 3:-3] += (opacity[..., :3] - 255) * (opacity[..., 3:] / 255)
    return normalise(np.clip(canvas + 0.5, 0, 255).astype(np.uint8))
