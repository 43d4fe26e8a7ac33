"""A separate accessibility bus for a virtual display, on which only the programs of this display report elements."""

from __future__ import annotations

import shutil
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.tools.desktop.accessibility.bus import ACCESSIBLE, ROOT, Bus, BusRequest, Node, about

if TYPE_CHECKING:
    from handeye.tools.supervisor import ProgramSupervisor

#: Timeout in seconds for the start of the bus and the registry.
START = 10.0

CONFIGURATIONS = ("/usr/share/defaults/at-spi2/accessibility.conf", "/etc/at-spi2/accessibility.conf")
LAUNCHERS = tuple(f"/usr/{place}/at-spi-bus-launcher" for place in ("libexec", "lib/at-spi2-core", "lib/at-spi2"))

#: Environment variables that enable accessibility in Qt, GTK and GNOME programs.
ACCESSIBILITY_VARIABLES = {
    "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
    "ACCESSIBILITY_ENABLED": "1",
    "GNOME_ACCESSIBILITY": "1",
}

#: Configuration of a session bus that starts no services; only the accessibility bus is announced on it.
SESSION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <auth>EXTERNAL</auth>
  <listen>{address}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def _first(paths: tuple[str, ...]) -> str:
    return next((path for path in paths if Path(path).is_file()), "")


def missing() -> list[str]:
    """Return the names of the required programs and files that this machine does not have."""
    there = {
        "dbus-daemon": shutil.which("dbus-daemon"),
        "accessibility.conf": _first(CONFIGURATIONS),
        "at-spi-bus-launcher": _first(LAUNCHERS),
    }
    return [name for name, path in there.items() if not path]


def start_bus(programs: ProgramSupervisor, env: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Start the buses; returns the accessibility bus's address, and the environment variables for its programs.

    Both are empty if at-spi2-core or dbus-daemon is not installed or does not start. Programs look the accessibility
    bus up on a session bus, because Qt 6 reports no elements if AT_SPI_BUS_ADDRESS is set.
    """
    if missing():
        return "", {}
    session = f"unix:path={programs.folder / 'session'}"
    configuration = programs.folder / "session.conf"
    configuration.write_text(SESSION.format(address=session))
    daemon = shutil.which("dbus-daemon") or ""
    settings = [f"--config-file={configuration}", "--nofork", "--nopidfile", "--nosyslog"]
    programs.start("session", [daemon, *settings], env, service=True)
    deadline = time.monotonic() + START
    if not (bus := _connect(session, deadline)):
        return "", {}
    variables = {"DBUS_SESSION_BUS_ADDRESS": session, **ACCESSIBILITY_VARIABLES}
    launcher = [_first(LAUNCHERS), "--launch-immediately", "--a11y=1"]
    programs.start("accessibility", launcher, env | variables, service=True)
    with closing(bus):
        place = Node("org.a11y.Bus", "/org/a11y/bus")
        address = _first_answer(bus, BusRequest(place, place.bus, "GetAddress"), deadline)
    if not address or not (bus := _connect(address, deadline)):
        return "", {}
    with closing(bus):
        # The request starts the registry, with which programs register.
        if not _first_answer(bus, about(ROOT, ACCESSIBLE, "ChildCount"), deadline):
            return "", {}
    programs.adopt()
    return address, variables


def _connect(address: str, deadline: float) -> Bus | None:
    """Return a connection to a bus that may still be starting; None after the deadline."""
    while time.monotonic() < deadline:
        with suppress(OSError):
            return Bus(address)
        time.sleep(0.01)
    return None


def _first_answer(bus: Bus, request: BusRequest, deadline: float) -> Any:
    """Return the first reply of a service that may still be starting; None after the deadline."""
    while time.monotonic() < deadline:
        bus.silent.clear()
        if (answer := bus.ask([request], deadline)[0]) is not None:
            return answer
        time.sleep(0.01)
    return None
