"""An accessibility bus of a virtual display's own, so that programs there tell what they show and none elsewhere do."""

from __future__ import annotations

import shutil
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.tools.desktop.accessibility.bus import ACCESSIBLE, ROOT, Bus, BusRequest, Node, about

if TYPE_CHECKING:
    from handeye.tools.supervisor import ProgramSupervisor

#: Seconds for the bus and the registry to come up.
START = 10.0

CONFIGURATIONS = ("/usr/share/defaults/at-spi2/accessibility.conf", "/etc/at-spi2/accessibility.conf")
LAUNCHERS = tuple(f"/usr/{place}/at-spi-bus-launcher" for place in ("libexec", "lib/at-spi2-core", "lib/at-spi2"))

#: What makes programs of the usual toolkits tell what they show.
TELLING = {"QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "ACCESSIBILITY_ENABLED": "1", "GNOME_ACCESSIBILITY": "1"}

#: A session bus on which nothing can be started: only the accessibility bus is announced there.
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
    """The programs and files that this machine lacks for it."""
    there = {
        "dbus-daemon": shutil.which("dbus-daemon"),
        "accessibility.conf": _first(CONFIGURATIONS),
        "at-spi-bus-launcher": _first(LAUNCHERS),
    }
    return [name for name, path in there.items() if not path]


def start_bus(programs: ProgramSupervisor, env: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Start the buses; returns the accessibility bus's address, and the variables for programs that should use it.

    Both empty where at-spi2-core or dbus-daemon is not installed, or does not come up. Programs find the accessibility
    bus through a session bus: Qt 6 shows no elements where AT_SPI_BUS_ADDRESS names it.
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
    telling = {"DBUS_SESSION_BUS_ADDRESS": session, **TELLING}
    launcher = [_first(LAUNCHERS), "--launch-immediately", "--a11y=1"]
    programs.start("accessibility", launcher, env | telling, service=True)
    with closing(bus):
        place = Node("org.a11y.Bus", "/org/a11y/bus")
        address = _first_answer(bus, BusRequest(place, place.bus, "GetAddress"), deadline)
    if not address or not (bus := _connect(address, deadline)):
        return "", {}
    with closing(bus):
        # Asking starts the registry, to which programs announce themselves.
        if not _first_answer(bus, about(ROOT, ACCESSIBLE, "ChildCount"), deadline):
            return "", {}
    programs.adopt()
    return address, telling


def _connect(address: str, deadline: float) -> Bus | None:
    """A connection to a bus that may be about to come up; None when it does not in time."""
    while time.monotonic() < deadline:
        with suppress(OSError):
            return Bus(address)
        time.sleep(0.01)
    return None


def _first_answer(bus: Bus, question: BusRequest, deadline: float) -> Any:
    """Return the first answer of a service that may be starting; None without one in time."""
    while time.monotonic() < deadline:
        bus.silent.clear()
        if (answer := bus.ask([question], deadline)[0]) is not None:
            return answer
        time.sleep(0.01)
    return None
