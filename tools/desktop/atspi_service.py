"""An accessibility bus of a virtual display's own, so that programs there tell what they show and none elsewhere do."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.tools.desktop.atspi_bus import ROOT, Bus, Node, Question

if TYPE_CHECKING:
    from handeye.tools.desktop.programs import Programs

#: Seconds for the bus and the registry to come up.
START = 10.0

CONFIGURATIONS = ("/usr/share/defaults/at-spi2/accessibility.conf", "/etc/at-spi2/accessibility.conf")
REGISTRIES = tuple(f"/usr/{place}/at-spi2-registryd" for place in ("libexec", "lib/at-spi2-core", "lib/at-spi2"))

#: What makes programs of the usual toolkits tell, without a session bus that says so.
TELLING = {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "ACCESSIBILITY_ENABLED": "1", "GNOME_ACCESSIBILITY": "1"}


def _first(paths: tuple[str, ...]) -> str:
    return next((path for path in paths if Path(path).is_file()), "")


def missing() -> list[str]:
    """The programs and files that this machine lacks for it."""
    there = {
        "dbus-daemon": shutil.which("dbus-daemon"),
        "accessibility.conf": _first(CONFIGURATIONS),
        "at-spi2-registryd": _first(REGISTRIES),
    }
    return [name for name, path in there.items() if not path]


def start_bus(programs: Programs, env: dict[str, str]) -> dict[str, str]:
    """Start bus and registry, and return the variables for programs that should use them.

    Empty where at-spi2-core or dbus-daemon is not installed, or does not come up.
    """
    if missing():
        return {}
    daemon, configuration, registry = shutil.which("dbus-daemon") or "", _first(CONFIGURATIONS), _first(REGISTRIES)
    address = f"unix:path={programs.folder / 'accessibility'}"
    settings = [f"--config-file={configuration}", f"--address={address}", "--nofork", "--nopidfile", "--nosyslog"]
    programs.start("accessibility", [daemon, *settings], env, service=True)
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        try:
            bus = Bus(address)
            break
        except OSError:
            time.sleep(0.01)
    else:
        return {}
    with closing(bus):
        # Qt 5 does not tell without a session bus, so this one stands in: nothing else lives on it, nor can be started.
        telling = {"AT_SPI_BUS_ADDRESS": address, "DBUS_SESSION_BUS_ADDRESS": address, **TELLING}
        programs.start("registry", [registry], env | telling, service=True)
        daemon_itself = Node("org.freedesktop.DBus", "/org/freedesktop/DBus")
        there = Question(daemon_itself, daemon_itself.bus, "NameHasOwner", "s", (ROOT.bus,))
        while time.monotonic() < deadline:
            if bus.ask([there], deadline) == [True]:
                return telling
            time.sleep(0.01)
    return {}
