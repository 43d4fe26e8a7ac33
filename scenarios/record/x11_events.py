"""Reads a person's mouse and keyboard events from an X server, without taking them from the programs."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from Xlib import X
from Xlib.ext import record
from Xlib.protocol import rq

from handeye.tools.desktop.backends.x11_connection import Connection
from handeye.tools.desktop.backends.x11_keymap import KEYSYMS
from handeye.tools.desktop.backends.x11_stop_key import MASKS
from handeye.tools.errors import DeviceLost, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = {keysym: name for name, keysym in KEYSYMS.items()} | {0xFF8D: "enter", 0xFE20: "tab"}
_HELD = frozenset({"ctrl", "shift", "alt", "meta", "altgr", "capslock"})
#: Keysyms of modifiers on the right, of locks, and of groups: 0xFFE1 to 0xFFEE, 0xFE01 to 0xFE13.
_MODIFIERS = (range(0xFFE1, 0xFFEF), range(0xFE01, 0xFE14), range(0xFF7E, 0xFF80))
_ALTGR, _LOCK = X.Mod5Mask, X.LockMask
#: Mouse buttons of the wheel.
_WHEEL = range(4, 8)


class X11Event(NamedTuple):
    """One press or release; `point` is in pixels of the screen."""

    kind: Literal["press", "release", "key"]
    at: float
    point: tuple[int, int] = (0, 0)
    button: int = 1
    held: tuple[str, ...] = ()
    key: str = ""
    """The name of a key, or one character."""


class X11Listener:
    """Receives all events until `close`. Programs do not receive Ctrl+Shift+click, which adds a check.

    Raises SetupError where the X server has no RECORD extension.
    """

    def __init__(self, display: str) -> None:
        self.events: deque[X11Event] = deque()
        self._control, self._line = Connection(display), Connection(display)
        if not self._line.display.has_extension("RECORD"):
            self.close()
            raise SetupError(
                f"the X server {display} has no RECORD extension, so input cannot be recorded; record a web page"
            )
        everything = {
            "core_requests": (0, 0), "core_replies": (0, 0), "ext_requests": (0, 0, 0, 0), "ext_replies": (0, 0, 0, 0),
            "delivered_events": (0, 0), "device_events": (X.KeyPress, X.ButtonRelease), "errors": (0, 0),
            "client_started": False, "client_died": False,
        }  # fmt: skip
        self._context = self._line.display.record_create_context(0, [record.AllClients], [everything])
        mask, locks = MASKS["ctrl"] | MASKS["shift"], (0, X.LockMask, X.Mod2Mask, X.LockMask | X.Mod2Mask)
        for lock in locks:
            self._control.root.grab_button(
                1, mask | lock, False, X.ButtonPressMask, X.GrabModeAsync, X.GrabModeAsync, X.NONE, X.NONE
            )
        self._control.display.sync()
        self._thread = threading.Thread(target=self._listen, name="handeye ears", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with suppress(Exception):  # the server has gone, or `close` has ended it
            self._line.display.record_enable_context(self._context, self._reply)

    def _reply(self, reply: Any) -> None:
        if reply.category != record.FromServer or reply.client_swapped or not reply.data:
            return
        data = reply.data
        while data:
            event, data = rq.EventField(None).parse_binary_value(data, self._line.display.display, None, None)
            for each in self._meaning(event):
                self.events.append(each)

    def _meaning(self, event: Any) -> Iterator[X11Event]:
        now = time.monotonic()
        held = tuple(name for name, mask in MASKS.items() if event.state & mask)
        where = (event.root_x, event.root_y)
        if event.type == X.ButtonPress and event.detail not in _WHEEL:
            yield X11Event("press", now, where, event.detail, held)
        elif event.type == X.ButtonRelease and event.detail not in _WHEEL:
            yield X11Event("release", now, where, event.detail, held)
        elif event.type == X.KeyPress and (key := self._key(event.detail, event.state)):
            yield X11Event("key", now, where, 0, held, key)

    def _key(self, code: int, state: int) -> str:
        shift = bool(state & X.ShiftMask)
        level = (4 if state & _ALTGR else 0) + shift
        # The keymap is read on the control connection: the recording connection cannot send requests while it records.
        display = self._control.display
        keysym = display.keycode_to_keysym(code, level) or display.keycode_to_keysym(code, 0)
        if any(keysym in keys for keys in _MODIFIERS):
            return ""
        name = NAMES.get(keysym, "")
        if name and name != "space":
            return "" if name in _HELD else name
        letter = _letter(keysym)
        return letter.upper() if state & _LOCK and letter.isalpha() and not shift else letter

    def close(self) -> None:
        """Stop receiving events; may be called twice."""
        with suppress(Exception):
            self._control.display.record_disable_context(self._context)
            self._control.display.sync()
        for each in (self._control, self._line):
            with suppress(DeviceLost, OSError):
                each.close()


def _letter(keysym: int) -> str:
    """Return the character that a keysym types; empty for none."""
    if 0x20 <= keysym <= 0x7E or 0xA0 <= keysym <= 0xFF:
        return chr(keysym)
    if 0xFFAA <= keysym <= 0xFFB9:  # the number pad
        return chr(keysym - 0xFF80)
    return chr(keysym & 0xFFFFFF) if keysym & 0xFF000000 == 0x01000000 else ""
