"""What is drawn over a screenshot: the point, the box or the way of an action, in the screenshot's pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from handeye.tools.actions import Drag, Scroll, targets
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from handeye.agent.event_log import Decided
    from handeye.tools.actions import Action

WAYS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


@dataclass(frozen=True)
class Arrow:
    """From where to where a drag or a scroll goes."""

    start: Point
    end: Point

    def head(self, size: float) -> str:
        """The arrow's head as an SVG path, `size` pixels long."""
        angle = math.atan2(self.end.y - self.start.y, self.end.x - self.start.x)
        corners = [
            (self.end.x - size * math.cos(angle + turn), self.end.y - size * math.sin(angle + turn))
            for turn in (-0.5, 0.5)
        ]
        return f"M{self.end.x} {self.end.y}" + "".join(f"L{x:.1f} {y:.1f}" for x, y in corners) + "Z"


@dataclass(frozen=True)
class Overlay:
    """Everything to draw over one screenshot of that size."""

    width: int
    height: int
    points: tuple[Point, ...] = ()
    boxes: tuple[Box, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    changed: Box | None = None
    samples: tuple[Point, ...] = ()
    """Where the single answers of a model have what was looked for."""

    @property
    def unit(self) -> float:
        """The radius of a point's ring: alike on small and large screenshots, smaller where a box shows the place."""
        return round(max(self.width, self.height, 200) / (140 if self.boxes else 95), 1)


def of_thought(reasoning: Decided, size: tuple[int, int]) -> Overlay:
    """Where an action goes on the screenshot it was chosen on, and where the model's answers had its targets."""
    samples = tuple(
        point for found in reasoning.groundings if len(found.samples) > 1 for point in found.samples if point
    )
    return replace(of_action(reasoning.action, size), samples=samples)


def of_action(action: Action, size: tuple[int, int]) -> Overlay:
    """Where an action goes on the screenshot it was chosen on."""
    width, height = size
    aims = list(targets(action).values())
    points = tuple(aim.point for aim in aims if aim.point)
    boxes = tuple(box for aim in aims if aim.box and (box := aim.box.within(width, height)))
    arrows: tuple[Arrow, ...] = ()
    if isinstance(action, Drag) and len(points) == 2:
        arrows = (Arrow(*points),)
    elif isinstance(action, Scroll):
        start = points[0] if points else Point(width // 2, height // 2)
        x, y = WAYS[action.direction]
        reach = max(width, height) // 10
        arrows = (Arrow(start, Point(start.x + x * reach, start.y + y * reach)),)
    return Overlay(width, height, points, boxes, arrows)


def of_change(box: tuple[int, int, int, int] | None, size: tuple[int, int]) -> Overlay:
    """The region that an action changed, on the screenshot after it."""
    return Overlay(*size, changed=Box(*box).within(*size) if box else None)
