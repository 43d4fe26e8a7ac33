"""The accessibility bus: where programs tell assistive technology what they show (AT-SPI, through jeepney)."""

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

#: Questions on their way at once: more would fill the bus's queues.
ABREAST = 200

#: Seconds without any answer after which a program counts as silent.
LIMIT = 1.0


class Node(NamedTuple):
    """One thing that a program tells of: the program's name on the bus, and the thing's path in it."""

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
    """The question for a property, whose answer is a pair of its type and its value."""
    return BusRequest(node, PROPERTIES, "Get", "ss", (interface, name))


class Bus:
    """A connection to the bus at an address. Raises OSError when there is none."""

    def __init__(self, address: str) -> None:
        self._connection = open_dbus_connection(bus=address)
        self.silent = set[str]()
        """The names on the bus of programs that did not answer at all for LIMIT seconds; nothing more is asked of them
        until this set is emptied."""
        self.late = set[str]()
        """Those that were still answering when a deadline came."""

    def ask(self, questions: Sequence[BusRequest], deadline: float) -> list[Any]:
        """The first value of each answer, in their order; None for one that failed or did not come in time.

        Many are sent before the first answer is awaited: a screen takes hundreds. A program that answers nothing for
        LIMIT seconds joins `silent`, and costs the others no more than that.
        """
        answers: list[Any] = [None] * len(questions)
        for first in range(0, len(questions), ABREAST):
            pending = dict[int, tuple[int, str]]()
            for number, question in enumerate(questions[first : first + ABREAST], first):
                if question.node.bus in self.silent:
                    continue
                if time.monotonic() > deadline:
                    self.late.add(question.node.bus)
                    continue
                serial = next(self._connection.outgoing_serial)
                place = DBusAddress(question.node.path, question.node.bus, question.interface)
                call = new_method_call(place, question.method, question.signature or None, question.values)
                self._connection.send(call, serial=serial)
                pending[serial] = number, question.node.bus
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
            if bus not in waiting:  # a signal, or an answer that came too late
                continue
            last_answer[bus] = time.monotonic()
            waiting -= Counter([bus])
            if message.header.message_type is MessageType.method_return and message.body:
                answers[number] = message.body[0]

    def process(self, names: Sequence[str], deadline: float) -> dict[str, int]:
        """The process ids of programs by their names on the bus."""
        daemon = Node("org.freedesktop.DBus", "/org/freedesktop/DBus")
        pending = [BusRequest(daemon, daemon.bus, "GetConnectionUnixProcessID", "s", (name,)) for name in names]
        return {name: pid or 0 for name, pid in zip(names, self.ask(pending, deadline), strict=True)}

    def close(self) -> None:
        with suppress(OSError):
            self._connection.close()


def session_address() -> str:
    """The address of the accessibility bus of the user's session; empty when there is none."""
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
