"""What lies over what on an X server: every surface on the screen, menus and tooltips included."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from Xlib import X, error

from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.tools.desktop.x11 import Connection


class Surface(NamedTuple):
    """One top-level window as the X server has it, frame and all."""

    box: Box
    """In root coordinates."""
    pid: int
    """The process it belongs to, or 0 when it does not tell."""
    popup: bool
    """Its window manager has no say in it: a menu, a tooltip, a list that was dropped down."""


def surfaces(connection: Connection) -> list[Surface]:
    """Those that can be seen, the topmost first."""
    managed = {_outermost(connection, number): number for number in connection.clients()}
    found = list[Surface]()
    for window in reversed(connection.root.query_tree().children):
        with suppress(error.XError):  # gone meanwhile
            attributes = window.get_attributes()
            if attributes.map_state != X.IsViewable or attributes.win_class != X.InputOutput:
                continue
            shape = window.get_geometry()
            box = Box(shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
            found.append(Surface(box, connection.owner(managed.get(window.id, window.id)), window.id not in managed))
    return found


def _outermost(connection: Connection, number: int) -> int:
    """The window manager's frame around a program's window."""
    with suppress(error.XError):
        while parent := connection.window(number).query_tree().parent:
            if parent == connection.root:
                break
            number = parent.id
    return number


def topmost(found: Sequence[Surface], point: tuple[int, int]) -> Surface | None:
    """What is seen there."""
    return next((surface for surface in found if surface.box.holds(point)), None)


class Own(NamedTuple):
    """The surface that a program's top-level element is drawn on."""

    surface: Surface
    scale: int
    """Root pixels per unit of the program's own, which a program made for fine screens counts in."""


def own(box: Box, pid: int, found: Sequence[Surface]) -> Own | None:
    """The surface of this process that fits the box best, at the scale that makes it fit; None when none does."""
    candidates = [
        (_likeness(Box(*(scale * side for side in box)), surface.box), scale, surface)
        for surface in found
        if pid in (surface.pid, 0) or not surface.pid
        for scale in (1, 2, 3)
    ]
    best = max(candidates, default=None, key=lambda candidate: candidate[0])
    return Own(best[2], best[1]) if best and best[0] > 0.5 else None


def _likeness(one: Box, other: Box) -> float:
    """1 for the same box, 0 for two that lie apart."""
    both = one.overlap(other)
    return both / (one.area + other.area - both) if both else 0.0
