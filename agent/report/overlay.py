"""Marks drawn over a screenshot: the point, box or path of an action, in pixels of the screenshot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from handeye.tools.actions import Drag, Scroll, targets
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from handeye.agent.event_log import Decided
    from handeye.tools.actions import Action

SCROLL_STEPS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


@dataclass(frozen=True)
class Arrow:
    """The path of a drag or a scroll."""

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
    """All marks of one screenshot with this size."""

    width: int
    height: int
    points: tuple[Point, ...] = ()
    boxes: tuple[Box, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    changed: Box | None = None
    samples: tuple[Point, ...] = ()
    """The points of the model's single answers."""

    @property
    def unit(self) -> float:
        """The radius of a point's ring: relative to the screenshot's size, smaller if a box marks the target too."""
        return round(max(self.width, self.height, 200) / (140 if self.boxes else 95), 1)


def decision_overlay(decision: Decided, size: tuple[int, int]) -> Overlay:
    """The marks of an action and of the model's answers for its targets, on the screenshot it was chosen on."""
    samples = tuple(point for each in decision.groundings if len(each.samples) > 1 for point in each.samples if point)
    return replace(action_overlay(decision.action, size), samples=samples)


def action_overlay(action: Action, size: tuple[int, int]) -> Overlay:
    """The marks of an action on the screenshot it was chosen on."""
    width, height = size
    found = list(targets(action).values())
    points = tuple(target.point for target in found if target.point)
    boxes = tuple(box for target in found if target.box and (box := target.box.within(width, height)))
    arrows: tuple[Arrow, ...] = ()
    if isinstance(action, Drag) and len(points) == 2:
        arrows = (Arrow(*points),)
    elif isinstance(action, Scroll):
        start = points[0] if points else Point(width // 2, height // 2)
        x, y = SCROLL_STEPS[action.direction]
        reach = max(width, height) // 10
        arrows = (Arrow(start, Point(start.x + x * reach, start.y + y * reach)),)
    return Overlay(width, height, points, boxes, arrows)


def change_overlay(box: tuple[int, int, int, int] | None, size: tuple[int, int]) -> Overlay:
    """The mark of the region that an action changed, on the screenshot after it."""
    return Overlay(*size, changed=Box(*box).within(*size) if box else None)
