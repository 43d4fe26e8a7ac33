"""Draws the curve of a training as SVG: losses, and held-out scores with their control."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WIDE, _HIGH, _LEFT, _TOP = 720, 220, 56, 34
_INKS = ("#1d4ed8", "#b91c1c", "#15803d", "#a16207", "#7e22ce", "#0e7490", "#be185d", "#44403c", "#65a30d", "#475569")


def draw(metrics: Path, out: Path) -> None:
    """Draw what stands in `metrics.jsonl`; a part without figures is left out."""
    losses: dict[str, list[tuple[float, float]]] = {}
    scores: dict[str, list[tuple[float, float]]] = {}
    for text in metrics.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        for name, value in line.get("losses", {}).items():
            losses.setdefault(name, []).append((line["step"], value))
        for score in line.get("scores", ()):
            scores.setdefault(f"level {score['level']}", []).append((line["step"], 100 * score["right"]))
            scores.setdefault(f"level {score['level']} shuffled", []).append((line["step"], 100 * score["shuffled"]))
    parts = [("Loss by step", {n: _smooth(p) for n, p in losses.items() if n != "all"}, 0.0)] if losses else []
    parts += [("Held-out points in the box, per cent", scores, 100.0)] if scores else []
    drawn = [_chart(title, lines, top, number * (_HIGH + 60)) for number, (title, lines, top) in enumerate(parts)]
    high = len(parts) * (_HIGH + 60) + 10
    out.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE + 240}" height="{high}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="#fff"/>{"".join(drawn)}</svg>\n',
        encoding="utf-8",
    )


def _chart(title: str, lines: dict[str, list[tuple[float, float]]], top: float, down: int) -> str:
    last = max(step for points in lines.values() for step, _ in points) or 1
    top = top or max(value for points in lines.values() for _, value in points) or 1
    zero = down + _TOP + _HIGH
    made = [f'<text x="{_LEFT}" y="{down + 20}" font-size="14" font-weight="600">{title}</text>']
    for number in range(5):
        y, value = zero - number * _HIGH / 4, top * number / 4
        made.append(f'<path d="M{_LEFT} {y:.1f}H{_LEFT + _WIDE}" stroke="#e5e7eb"/>')
        made.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#6b7280">{value:.3g}</text>')
    made.append(f'<text x="{_LEFT + _WIDE}" y="{zero + 16}" text-anchor="end" fill="#6b7280">step {last:.0f}</text>')
    for number, (name, points) in enumerate(lines.items()):
        ink = _INKS[number % len(_INKS)]
        path = " ".join(
            f"{_LEFT + _WIDE * step / last:.1f},{zero - _HIGH * min(max(value, 0), top) / top:.1f}"
            for step, value in points
        )
        dashes = ' stroke-dasharray="4 3"' if name.endswith("shuffled") else ""
        made.append(f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="1.6"{dashes}/>')
        y = down + _TOP + 14 + 18 * number
        made.append(f'<rect x="{_LEFT + _WIDE + 16}" y="{y - 9}" width="10" height="10" rx="2" fill="{ink}"/>')
        made.append(f'<text x="{_LEFT + _WIDE + 32}" y="{y}">{name} {points[-1][1]:.3g}</text>')
    return "".join(made)


def _smooth(points: Sequence[tuple[float, float]], most: int = 240) -> list[Any]:
    """At most so many points, each the mean of its neighbours."""
    size = max(1, len(points) // most)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(group[-1][0], sum(value for _, value in group) / len(group)) for group in groups]
