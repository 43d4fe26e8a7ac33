"""Requests to the accessibility bus, on which programs report their elements (AT-SPI, through jeepney)."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCESSIBLE = "org.a11y.atspi.Accessible"
ACTION = "org.a11y.atspi.Action"
COMPONENT = "org.a11y.atspi.Component"
TEXT = "org.a11y.atspi.Text"
VALUE = "org.a11y.atspi.Value"
APPLICATION = "org.a11y.atspi.Application"
TABLE = "org.a11y.atspi.Table"
PROPERTIES = "org.freedesktop.DBus.Properties"

#: Requests in flight at once: more would fill the bus's queues.
MOST_IN_FLIGHT = 200

#: Seconds without any answer after which a program counts as silent.
LIMIT = 1.0


class Node(NamedTuple):
    """A reference to one AT-SPI object: the program's name on the bus, and the object's path in the program."""

    bus: str
    path: str


ROOT = Node("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")


class BusRequest(NamedTuple):
    """A method call."""

    node: Node
    interface: str
    method: str
    signature: str = ""
    values: tuple[Any, ...] = ()


def about(node: Node, interface: str, name: str) -> BusRequest:
    """Return the request for a property; the reply is a pair of its type and its value."""
    return BusRequest(node, PROPERTIES, "Get", "ss", (interface, name))


class Bus:
    """A connection to the bus at an address. Raises OSError if no bus listens there."""

    def __init__(self, address: str) -> None:
        self._connection = open_dbus_connection(bus=address)
        self.silent = set[str]()
        """The names on the bus of programs that did not reply for LIMIT seconds; they get no requests until this set
        is cleared."""
        self.late = set[str]()
        """The names of programs that were still replying at a deadline."""

    def ask(self, requests: Sequence[BusRequest], deadline: float) -> list[Any]:
        """Return the first value of each reply, in order; None for a request that failed or timed out.

        Requests are pipelined, because one screen needs hundreds. A program that does not reply for LIMIT seconds
        is added to `silent`, so that it delays the others only once.
        """
        answers: list[Any] = [None] * len(requests)
        for first in range(0, len(requests), MOST_IN_FLIGHT):
            pending = dict[int, tuple[int, str]]()
            for number, request in enumerate(requests[first : first + MOST_IN_FLIGHT], first):
                if request.node.bus in self.silent:
                    continue
                if time.monotonic() > deadline:
                    self.late.add(request.node.bus)
                    continue
                serial = next(self._connection.outgoing_serial)
                place = DBusAddress(request.node.path, request.node.bus, request.interface)
                call = new_method_call(place, request.method, request.signature or None, request.values)
                self._connection.send(call, serial=serial)
                pending[serial] = number, request.node.bus
            self._gather(pending, answers, deadline)
        return answers

    def _gather(self, pending: dict[int, tuple[int, str]], answers: list[Any], deadline: float) -> None:
        now = time.monotonic()
        last_answer = dict.fromkeys((bus for _, bus in pending.values()), now)
        waiting = Counter(bus for _, bus in pending.values())
        while waiting:
            until = min(deadline, *(last_answer[bus] + LIMIT for bus in waiting))
            try:
                message = self._connection.receive(timeout=max(0.0, until - time.monotonic()))
            except TimeoutError:
                now = time.monotonic()
                silent = {bus for bus in waiting if now >= last_answer[bus] + LIMIT}
                late = set(waiting) - silent if now >= deadline else set[str]()
                self.silent |= silent
                self.late |= late
                waiting = Counter({bus: left for bus, left in waiting.items() if bus not in silent | late})
                continue
            number, bus = pending.pop(message.header.fields.get(HeaderFields.reply_serial, -1), (-1, ""))
            if bus not in waiting:  # a signal, or a late reply
                continue
            last_answer[bus] = time.monotonic()
            waiting -= Counter([bus])
            if message.header.message_type is MessageType.method_return and message.body:
                answers[number] = message.body[0]

    def process(self, names: Sequence[str], deadline: float) -> dict[str, int]:
        """Return the process ids of programs by their names on the bus; 0 if unknown."""
        daemon = Node("org.freedesktop.DBus", "/org/freedesktop/DBus")
        pending = [BusRequest(daemon, daemon.bus, "GetConnectionUnixProcessID", "s", (name,)) for name in names]
        return {name: pid or 0 for name, pid in zip(names, self.ask(pending, deadline), strict=True)}

    def close(self) -> None:
        with suppress(OSError):
            self._connection.close()


def session_address() -> str:
    """Return the address of the accessibility bus of the user's session; empty if there is none."""
    if given := os.environ.get("AT_SPI_BUS_ADDRESS"):
        return given
    try:
        session = Bus("SESSION")
    except (OSError, KeyError, ValueError, RuntimeError):
        return ""
    try:
        launcher = Node("org.a11y.Bus", "/org/a11y/bus")
        (address,) = session.ask([BusRequest(launcher, "org.a11y.Bus", "GetAddress")], time.monotonic() + 2.0)
        return str(address or "")
    except OSError:
        return ""
    finally:
        session.close()
