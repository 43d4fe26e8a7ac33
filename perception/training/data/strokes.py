"""Converts an icon recipe to lines, and lines to a pixel mask or SVG."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from handeye.perception.training.data.icon_forms import forms
from handeye.perception.training.data.icons import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

GRID = 24
#: Supersampling factor: a pixel of a mask is the mean of this many in each direction.
FINER = 4
#: Opacity of a lighter tone, of 255.
_TONE = 90
_PART = re.compile(r"([A-Z])([^A-Z]*)")
_ROUND_STEPS, _CURVE_STEPS = 40, 10

Spot = tuple[float, float]


@dataclass(frozen=True)
class StrokeLine:
    """Points on the grid, joined; `closed` when the last is joined to the first."""

    points: tuple[Spot, ...]
    closed: bool


@dataclass(frozen=True)
class Variant:
    """One way to draw an icon."""

    name: str
    stroke: float = 2.0
    """The width of its lines on the grid of 24."""
    filled: bool = False
    rounded: bool = True
    """Lines end round."""
    turned: int = 0
    """Degrees, clockwise."""
    form: int = 0
    """Which of its drawings; counted round where it has fewer."""
    wide: float = 1.0
    """Its width for its height."""
    toned: bool = False
    """Its body is filled with a lighter tone, and outlined."""

    @property
    def recipe(self) -> Recipe:
        """Return the recipe of an icon in this variant."""
        every = forms(self.name)
        return every[self.form % len(every)]

    def part(self, name: str) -> tuple[StrokeLine, ...]:
        """The lines of one part of its recipe."""
        return lines(self.recipe.get(name, ""))


@cache
def lines(path: str) -> tuple[StrokeLine, ...]:
    """The lines of a part of a recipe."""
    return tuple(_read(path))


@lru_cache(maxsize=8192)
def mask(variant: Variant, size: int) -> Image.Image:
    """The icon as a mask of `size` by `size` pixels: 255 where it is, 0 where it is not."""
    scale = size * FINER / GRID
    picture = Image.new("L", (size * FINER, size * FINER))
    pen = ImageDraw.Draw(picture)
    width = max(FINER, round(variant.stroke * scale))
    for part, fill in _order(variant):
        for line in variant.part(part):
            points = [_placed(spot, variant, scale) for spot in line.points]
            solid = line.closed and (part == "dot" or (variant.filled and part in {"body", "hole"}))
            if solid or (line.closed and variant.toned and part == "body"):
                pen.polygon(points, fill=fill if solid else _TONE)
            if not solid or part == "body":
                _stroke(pen, points, line.closed, fill, width, variant.rounded)
    return picture.reduce(FINER)


def hand(rng: Random) -> Variant:
    """A way of drawing icons; with `replace` it draws any of them."""
    style = rng.choice(("line", "line", "line", "filled", "filled", "toned"))
    return Variant(
        "plus",
        stroke=rng.choice((1.3, 1.6, 2.0, 2.0, 2.5, 3.0)),
        filled=style == "filled",
        rounded=rng.random() < 0.6,
        turned=rng.choice((0, 0, 0, 0, -4, 4)),
        form=rng.randrange(3),
        wide=rng.choice((1.0, 1.0, 1.0, 0.9, 1.1)),
        toned=style == "toned",
    )


def svg(variant: Variant, colour: str, size: float) -> str:
    """The icon as an `<svg>` element of that many CSS pixels."""
    marks = []
    knife = any(variant.part(part) for part, fill in _order(variant) if fill == 0)
    key = f"{variant.name}-{variant.form}".replace(" ", "-")
    for part, fill in _order(variant):
        path = "".join(map(_path, variant.part(part)))
        if not path or fill == 0:
            continue
        solid = part == "dot" or (variant.filled and part == "body")
        cut = f' mask="url(#{key})"' if knife and part == "body" else ""
        stroked = f'stroke="{colour}" ' if part != "dot" else ""
        toned = variant.toned and not variant.filled and part == "body"
        fill_with = f'{colour}" fill-opacity="{_TONE / 255:.2f}' if toned else colour if solid else "none"
        marks.append(f'<path d="{path}" fill="{fill_with}" {stroked}{cut}/>')
    defs = ""
    if knife:
        holes = "".join(map(_path, variant.part("hole")))
        cuts = "".join(map(_path, variant.part("cut")))
        defs = (
            f'<mask id="{key}"><rect width="24" height="24" fill="white" stroke="none"/>'
            f'<path d="{holes}" fill="black" stroke="none"/><path d="{cuts}" fill="none" stroke="black"/></mask>'
        )
    move = f"translate(12 12) rotate({variant.turned}) scale({variant.wide} 1) translate(-12 -12)"
    cap = "round" if variant.rounded else "butt"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 24 24">{defs}'
        f'<g transform="{move}" stroke-width="{variant.stroke}" stroke-linecap="{cap}" '
        f'stroke-linejoin="{"round" if variant.rounded else "miter"}">{"".join(marks)}</g></svg>'
    )


def _order(variant: Variant) -> list[tuple[str, int]]:
    knife = 0 if variant.filled and "body" in variant.recipe else 255
    return [("body", 255), ("cut", knife), ("hole", knife), ("line", 255), ("dot", 255)]


def _stroke(pen: ImageDraw.ImageDraw, points: list[Spot], closed: bool, fill: int, width: int, rounded: bool) -> None:
    if closed:
        points = [*points, points[0]]
    pen.line(points, fill=fill, width=width, joint="curve")
    half = width / 2
    # A closed line's last corner is not joined by Pillow: a dot joins it.
    for x, y in points[:1] if closed else (points[0], points[-1]) if rounded else ():
        pen.ellipse((x - half, y - half, x + half, y + half), fill=fill)


def _placed(spot: Spot, variant: Variant, scale: float) -> Spot:
    x, y = (spot[0] - GRID / 2) * variant.wide, spot[1] - GRID / 2
    if variant.turned:
        angle = math.radians(variant.turned)
        x, y = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
    return (x + GRID / 2) * scale, (y + GRID / 2) * scale


def _path(line: StrokeLine) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in line.points) + ("Z" if line.closed else "")


def _read(path: str) -> Iterator[StrokeLine]:
    points: list[Spot] = []
    for command, numbers in _PART.findall(path):
        values = [float(number) for number in numbers.split()]
        if command in "MORBPSG" and points:
            yield StrokeLine(tuple(points), closed=False)
            points = []
        if command in "MLHVC":
            points += _next(command, values, points)
        elif command == "Z":
            yield StrokeLine(tuple(points), closed=True)
            points = []
        elif command == "R":
            yield StrokeLine(tuple(_arc(*values)), closed=False)
        else:
            yield StrokeLine(tuple(_figure(command, values)), closed=True)
    if points:
        yield StrokeLine(tuple(points), closed=False)


def _next(command: str, values: list[float], points: list[Spot]) -> list[Spot]:
    if command == "H":
        return [(values[0], points[-1][1])]
    if command == "V":
        return [(points[-1][0], values[0])]
    if command == "C":
        corners = [points[-1], *zip(values[::2], values[1::2], strict=True)]
        return [_curve(corners, step / _CURVE_STEPS) for step in range(1, _CURVE_STEPS + 1)]
    return [(values[0], values[1])]


def _curve(corners: list[Spot], t: float) -> Spot:
    shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x = sum(share * corner[0] for share, corner in zip(shares, corners, strict=True))
    return x, sum(share * corner[1] for share, corner in zip(shares, corners, strict=True))


def _arc(x: float, y: float, r: float, start: float, end: float) -> Iterator[Spot]:
    steps = max(4, round(_ROUND_STEPS * abs(end - start) / 360))
    for step in range(steps + 1):
        yield _around(x, y, r, start + (end - start) * step / steps)


def _around(x: float, y: float, r: float, degrees: float) -> Spot:
    return x + r * math.cos(math.radians(degrees)), y + r * math.sin(math.radians(degrees))


def _figure(command: str, values: list[float]) -> Iterator[Spot]:
    if command == "O":
        x, y, r = values
        yield from list(_arc(x, y, r, 0, 360))[:-1]
    elif command == "B":
        x1, y1, x2, y2, r = values
        if not r:
            yield from ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
            return
        corners = ((x2 - r, y1 + r, -90), (x2 - r, y2 - r, 0), (x1 + r, y2 - r, 90), (x1 + r, y1 + r, 180))
        for x, y, start in corners:
            yield from _arc(x, y, r, start, start + 90)
    elif command == "P":
        x, y, r, n = values
        yield from (_around(x, y, r, -90 + 360 * step / n) for step in range(int(n)))
    elif command == "S":
        x, y, r, inner, n = values
        yield from (_around(x, y, inner if step % 2 else r, -90 + 180 * step / n) for step in range(int(2 * n)))
    else:
        x, y, r, inner, n = values
        tooth = 360 / n
        for step in range(int(n)):
            for share, radius in ((-0.32, inner), (-0.2, r), (0.2, r), (0.32, inner)):
                yield _around(x, y, radius, -90 + tooth * (step + share))
