"""The stacking order of an X server: every surface on the screen, including menus and tooltips."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from Xlib import X, error

from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.tools.desktop.backends.x11_connection import Connection


#: The largest offset, in a program's units, of its content from the corner of its window if it counts from there.
NEAR_ORIGIN = 64

#: The largest difference in pixels between the height of a popup and the height that its program reports.
POPUP_SHADOW = 16


class Surface(NamedTuple):
    """One top-level window of the X server, with its frame."""

    box: Box
    """In root coordinates."""
    pid: int
    """The id of its process; 0 if it does not report it."""
    popup: bool
    """The window manager does not manage it: a menu, a tooltip, an open drop-down list."""
    inner: Box = Box(0, 0, 0, 0)
    """The box of its content in root coordinates, without the frame of the window manager."""
    title: str = ""
    active: bool = False
    """It has the focus."""


def surfaces(connection: Connection) -> list[Surface]:
    """Return the visible surfaces, the topmost first."""
    active = connection.active()
    managed = {_outermost(connection, number): number for number in connection.clients()}
    found = list[Surface]()
    for window in reversed(connection.root.query_tree().children):
        with suppress(error.XError):  # closed meanwhile
            attributes = window.get_attributes()
            if attributes.map_state != X.IsViewable or attributes.win_class != X.InputOutput:
                continue
            number = managed.get(window.id, window.id)
            box, popup = connection.place(window.id), window.id not in managed
            inner, title = (box, "") if popup else (connection.place(number), connection.title(number))
            found.append(Surface(box, connection.owner(number), popup, inner, title, number == active))
    return found


def _outermost(connection: Connection, number: int) -> int:
    """Return the id of the window manager's frame around a program's window, or of the window if it has none."""
    with suppress(error.XError):
        while parent := connection.window(number).query_tree().parent:
            if parent == connection.root:
                break
            number = parent.id
    return number


def topmost(found: Sequence[Surface], point: tuple[int, int]) -> Surface | None:
    """Return the surface that is visible at a point; None if there is none."""
    return next((surface for surface in found if surface.box.holds(point)), None)


class Own(NamedTuple):
    """The surface that a program's top-level element is drawn on, and the transform to root coordinates."""

    surface: Surface
    scale: int
    """Root pixels per unit of the program's coordinates; over 1 for a program that scales for high resolutions."""
    left: int = 0
    top: int = 0
    """Added after scaling: GTK 4 and Wayland programs count from the corner of their window, not of the screen."""

    def placed(self, box: Box) -> Box:
        """Convert a box from the program's coordinates to root coordinates."""
        left, top, right, bottom = (self.scale * side for side in box)
        return Box(left + self.left, top + self.top, right + self.left, bottom + self.top)

    def to_program(self, point: tuple[int, int]) -> tuple[int, int]:
        """Convert a point from root coordinates to the program's coordinates."""
        return (point[0] - self.left) // self.scale, (point[1] - self.top) // self.scale


def own(box: Box, pid: int, found: Sequence[Surface], title: str = "", active: bool = False) -> Own | None:
    """Return the surface of this process that matches the box best, with the scale and origin of the match.

    None if no surface matches, or if several windows match equally well and neither `title` nor `active` distinguishes
    them.
    """
    candidates = [
        (
            round(_overlap_ratio(placed.placed(box), surface.inner), 2),
            surface.title == title,
            surface.active == active,
            placed,
        )
        for surface in found
        if pid in (surface.pid, 0) or not surface.pid
        for scale in (1, 2, 3)
        for placed in (
            Own(surface, scale),
            Own(surface, scale, surface.inner.left - scale * box.left, surface.inner.top - scale * box.top),
        )
        if placed.left == placed.top == 0 or abs(box.left) + abs(box.top) <= NEAR_ORIGIN
    ]
    if not candidates:
        return None
    best = max(candidates, key=lambda candidate: candidate[:3])
    like = [each for each in candidates if each[:3] == best[:3] and each[3].surface != best[3].surface]
    return None if best[0] <= 0.5 or like else best[3]


def on_popup(box: Box, on: Own, found: Sequence[Surface]) -> Own | None:
    """Return the popup on which a part of a window is drawn; None if it is drawn on the window itself.

    GTK 4 reports a popover as a part of its window, some pixels away from the popup, and without its shadow.
    """
    size = [on.scale * side for side in (box.width, box.height)]
    for surface in found:
        wider, higher = surface.box.width - size[0], surface.box.height - size[1]
        if surface.popup and surface.pid == on.surface.pid and abs(wider) <= 2 and 0 <= higher <= POPUP_SHADOW:
            left = surface.box.left + wider // 2 - on.scale * box.left
            return Own(surface, on.scale, left, surface.box.top + higher // 2 - on.scale * box.top)
    return None


def _overlap_ratio(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes: 1 for equal boxes, 0 for disjoint ones."""
    both = one.overlap(other)
    return both / (one.area + other.area - both) if both else 0.0
