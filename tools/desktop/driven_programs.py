"""Which program an action would reach, and whether that program may be driven: checked at the moment of the action.

Not covered: what a program that may be driven does by itself, and keys that the window manager takes for its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.tools.actions import Key, Scroll, Type, Wait, Window, describe, targets
from handeye.tools.desktop.input_backend import find_window
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.tools.actions import Action
    from handeye.tools.desktop.input_backend import OpenWindow
    from handeye.tools.geometry import Point


#: Programs in whose windows one types commands. In the rules, `shell` allows them, or their name
#: in `allow_apps`.
TERMINALS = frozenset(
    {
        "alacritty", "cmd", "conhost", "cool-retro-term", "foot", "ghostty", "gnome-terminal", "gnome-terminal-server",
        "guake", "hyper", "iterm2", "kgx", "kitty", "konsole", "lxterminal", "mate-terminal", "mintty", "powershell",
        "ptyxis", "putty", "pwsh", "qterminal", "rio", "rxvt", "sakura", "st", "tabby", "terminal", "terminator",
        "terminology", "tilda", "tilix", "uxterm", "urxvt", "wezterm", "wezterm-gui", "windowsterminal",
        "xfce4-terminal", "xterm", "yakuake"
    }
)  # fmt: skip


def check_programs(
    action: Action, windows: Sequence[OpenWindow], middle: Point, drives: Callable[[str], str], *, known: bool
) -> None:
    """Raise ActionRefused when a program that the action would reach may not be driven.

    `windows` are the front one first, their boxes and `middle` (of the screen) in the pixels of the action's points.
    `drives` says why a program may not be driven. `known`: whether the platform tells windows and programs at all.
    """
    if isinstance(action, Wait):
        return
    reached = _reached(action, windows, middle) if known else [""]
    for program in reached:
        if why := drives(program):
            raise ActionRefused(f"{describe(action)}: {why}")


def _reached(action: Action, windows: Sequence[OpenWindow], middle: Point) -> list[str]:
    """The names of the programs; empty for the bare screen and for a window that does not tell."""
    if isinstance(action, Window):
        return [find_window(action.title, windows).program]
    points = [target.point for target in targets(action).values() if target.point]
    if isinstance(action, Scroll) and not points:
        points = [middle]
    if not points and isinstance(action, (Type, Key)):
        return [next((window.program for window in windows if window.focused), "")]
    visible = [window for window in windows if not window.hidden]
    return [next((window.program for window in visible if window.box.holds(point)), "") for point in points]
