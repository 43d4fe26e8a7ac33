"""The environment of a program on a display of the run's own: the user's, less what ties it to the user's session."""

from __future__ import annotations

import os
from pathlib import Path

#: Would lead to the user's screen, session or input method.
LEFT_OUT = ("WAYLAND_DISPLAY", "WAYLAND_SOCKET", "SESSION_MANAGER", "DESKTOP_STARTUP_ID", "XDG_ACTIVATION_TOKEN",
            "AT_SPI_BUS_ADDRESS", "NO_AT_BRIDGE", "GTK_A11Y")  # fmt: skip

FIXED = {
    "XDG_SESSION_TYPE": "x11",
    "GDK_BACKEND": "x11",
    "QT_QPA_PLATFORM": "xcb",
    "MOZ_ENABLE_WAYLAND": "0",
    # No session bus: programs start at once instead of launching one or waiting for it.
    "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    "GSETTINGS_BACKEND": "memory",
    "GTK_USE_PORTAL": "0",
    # Characters come as key presses; an input method would compose them into others.
    "GTK_IM_MODULE": "gtk-im-context-simple",
    "QT_IM_MODULE": "simple",
    "XMODIFIERS": "@im=none",
    # Xlib's programs, the window manager included, would read half a megabyte whenever a key gets another character.
    "XCOMPOSEFILE": "/dev/null",
}


#: Where there is no accessibility bus for them, programs are not to look for one.
SILENT = {"NO_AT_BRIDGE": "1", "GTK_A11Y": "none"}


def isolated(display: str, folder: Path) -> dict[str, str]:
    """Environment variables for a program on `display`, whose settings and state live below `folder`."""
    env = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    data = env.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    system = env.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    env |= FIXED | {"DISPLAY": display, "XAUTHORITY": str(folder / "Xauthority")}
    env["XDG_DATA_DIRS"] = f"{data}:{system}"  # the user's own themes and icons can still be read
    for kind in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        place = folder / kind.lower()
        place.mkdir(mode=0o700, exist_ok=True)
        env[f"XDG_{kind}"] = str(place)
    (folder / "Xauthority").touch(mode=0o600)  # some programs insist on one, though this server asks for none
    return _speaks_utf8(env)


def _speaks_utf8(env: dict[str, str]) -> dict[str, str]:
    """Without a UTF-8 locale, X programs drop every character outside Latin-1."""
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    if "utf8" in locale.lower().replace("-", ""):
        return env
    env.pop("LC_ALL", None)
    return env | {"LC_CTYPE": "C.UTF-8"}
