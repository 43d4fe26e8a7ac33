"""Input backends: X11 (XTEST), and PyAutoGUI for Windows and macOS."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from handeye.tools.desktop.input_backend import own_display

if TYPE_CHECKING:
    from handeye.tools.desktop.input_backend import InputBackend


def open_backend(display: str | None = None) -> InputBackend:
    """The input backend for this machine: XTEST on X11, PyAutoGUI on Windows and macOS.

    `display` is an X display such as `:7`, or None for the user's own. Raises SetupError when there is no screen.
    """
    if display is None and platform.system() in ("Windows", "Darwin"):
        from handeye.tools.desktop.backends.pyautogui_backend import PyAutoGuiBackend

        return PyAutoGuiBackend()
    from handeye.tools.desktop.backends.x11 import X11Backend

    return X11Backend(display or own_display())
