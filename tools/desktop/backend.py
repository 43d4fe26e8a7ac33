"""Which input backend this machine needs."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from handeye.tools.desktop.hands import own_display

if TYPE_CHECKING:
    from handeye.tools.desktop.hands import Hands


def open_hands(display: str | None = None) -> Hands:
    """The input backend for this machine: XTEST on X11, PyAutoGUI on Windows and macOS.

    `display` is an X display such as `:7`, or None for the user's own. Raises SetupError when there is no screen.
    """
    if display is None and platform.system() in ("Windows", "Darwin"):
        from handeye.tools.desktop.pyautogui_hands import PyAutoGuiHands

        return PyAutoGuiHands()
    from handeye.tools.desktop.x11_hands import X11Hands

    return X11Hands(display or own_display())
