"""What lies over what on an X server: every surface on the screen, menus and tooltips included."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from Xlib import X, error

from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.tools.desktop.backends.x11_connection import Connection


#: What a program counts from its window's corner begins at most so far from it, in units of its own.
NEAR_ORIGIN = 64

#: So many pixels a popup may be higher than what its program says of it.
POPUP_SHADOW = 16


class Surface(NamedTuple):
    """One top-level window as the X server has it, frame and all."""

    box: Box
    """In root coordinates."""
    pid: int
    """The process it belongs to, or 0 when it does not tell."""
    popup: bool
    """Its window manager has no say in it: a menu, a tooltip, a list that was dropped down."""
    inner: Box = Box(0, 0, 0, 0)
    """The part that the program draws, in root coordinates; its window manager draws a frame around it."""
    title: str = ""
    active: bool = False
    """It has the keyboard."""


def surfaces(connection: Connection) -> list[Surface]:
    """Those that can be seen, the topmost first."""
    active = connection.active()
    managed = {_outermost(connection, number): number for number in connection.clients()}
    found = list[Surface]()
    for window in reversed(connection.root.query_tree().children):
        with suppress(error.XError):  # gone meanwhile
            attributes = window.get_attributes()
            if attributes.map_state != X.IsViewable or attributes.win_class != X.InputOutput:
                continue
            number = managed.get(window.id, window.id)
            box, popup = connection.place(window.id), window.id not in managed
            inner, title = (box, "") if popup else (connection.place(number), connection.title(number))
            found.append(Surface(box, connection.owner(number), popup, inner, title, number == active))
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
    """The surface that a program's top-level element is drawn on, and how its coordinates become those of the root."""

    surface: Surface
    scale: int
    """Root pixels per unit of the program's own, which a program made for fine screens counts in."""
    left: int = 0
    top: int = 0
    """Added after scaling: GTK 4 and programs of Wayland count from their window's corner, not from the screen's."""

    def placed(self, box: Box) -> Box:
        """A box in the program's coordinates as one in root coordinates."""
        left, top, right, bottom = (self.scale * side for side in box)
        return Box(left + self.left, top + self.top, right + self.left, bottom + self.top)

    def to_program(self, point: tuple[int, int]) -> tuple[int, int]:
        """A point of the root in the program's coordinates."""
        return (point[0] - self.left) // self.scale, (point[1] - self.top) // self.scale


def own(box: Box, pid: int, found: Sequence[Surface], title: str = "", active: bool = False) -> Own | None:
    """The surface of this process that fits the box best, at the scale and origin that make it fit.

    None when none does, or when several windows fit equally well from their own corners and neither `title` nor
    `active` distinguishes them: then it is unknown where the program draws.
    """
    candidates = [
        (
            round(_likeness(placed.placed(box), surface.inner), 2),
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
    """Where a part of a window is drawn whose program counts from a corner that is not the popup's; None elsewhere.

    GTK 4 tells of a popover as a part of its window, some pixels away from where it pops up, and without its shadow.
    """
    size = [on.scale * side for side in (box.width, box.height)]
    for surface in found:
        wider, higher = surface.box.width - size[0], surface.box.height - size[1]
        if surface.popup and surface.pid == on.surface.pid and abs(wider) <= 2 and 0 <= higher <= POPUP_SHADOW:
            left = surface.box.left + wider // 2 - on.scale * box.left
            return Own(surface, on.scale, left, surface.box.top + higher // 2 - on.scale * box.top)
    return None


def _likeness(one: Box, other: Box) -> float:
    """1 for the same box, 0 for two that lie apart."""
    both = one.overlap(other)
    return both / (one.area + other.area - both) if both else 0.0
