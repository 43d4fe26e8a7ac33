"""Pointer and keyboard of an X server through its XTEST extension; one process can use several displays.

PyAutoGUI uses XTEST too, but it supports one display per process, types ASCII only and needs Tk.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from Xlib import X
from Xlib.ext import xtest

import handeye.tools.cancellation as cancellation
from handeye.tools.desktop.accessibility.bus import session_address
from handeye.tools.desktop.accessibility.tree import Accessibility
from handeye.tools.desktop.backends.x11_connection import Connection, x_errors
from handeye.tools.desktop.backends.x11_keymap import Keymap, keysym_of
from handeye.tools.desktop.backends.x11_stacking import surfaces, topmost
from handeye.tools.desktop.clipboard import X11Clipboard
from handeye.tools.desktop.input_backend import ProcessLoad, process_load
from handeye.tools.errors import ActionFailed, DeviceLost, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handeye.tools.desktop.input_backend import Button, Direction, OpenWindow
    from handeye.tools.element import Element

BUTTONS = {"left": 1, "middle": 2, "right": 3}
WHEEL = {"up": 4, "down": 5, "left": 6, "right": 7}

#: Characters typed between two checks that the program has read its input, so that a slow program's queue stays short.
PIECE = 100

#: Seconds after which a window that has not replied gets another ping, if it is still in front.
PING_AGAIN = 0.5

#: Timeout in seconds for a program to read typed text.
READ_TIMEOUT = 10.0

#: Timeout in seconds for a window manager to bring a window to the front.
FOCUS_TIMEOUT = 5.0

#: Timeout in seconds for a program to report that its button is pressed; a button that repeats starts to repeat later.
PRESSED_TIMEOUT = 0.15

#: Seconds to wait before and after a key changes its meaning, for programs that do not answer pings (Xt and Tk).
BLIND_WAIT = 0.2


class X11Backend:
    """Input on one X display."""

    lists_windows = True

    def __init__(self, display: str) -> None:
        self.connection = Connection(display)
        if not self.connection.display.has_extension("XTEST"):
            self.connection.close()
            raise SetupError(f"the X server {display} has no XTEST extension; start it with: +extension XTEST")
        self._keymap = Keymap(self.connection)
        self.bus_address: str | None = None
        self.silent: tuple[str, ...] = ()
        self._accessibility: Accessibility | None = None
        self._clipboard: X11Clipboard | None = None
        self._selection: X11Clipboard | None = None

    def _fake(self, kind: int, detail: int = 0, x: int = 0, y: int = 0) -> None:
        xtest.fake_input(self.connection.display, kind, detail, x=x, y=y)

    @x_errors()
    def pointer(self) -> tuple[float, float]:
        found = self.connection.root.query_pointer()
        return (found.root_x, found.root_y)

    @x_errors()
    def move(self, x: float, y: float) -> None:
        self._fake(X.MotionNotify, x=round(x), y=round(y))
        self.connection.sync()

    @x_errors()
    def button(self, name: Button, down: bool) -> None:
        self._fake(X.ButtonPress if down else X.ButtonRelease, BUTTONS[name])
        self.connection.sync()

    @x_errors()
    def on_popup(self, x: float, y: float) -> bool:
        there = topmost(surfaces(self.connection), (round(x), round(y)))
        return there is not None and there.popup

    @x_errors()
    def held(self, x: float, y: float) -> str:
        if self._accessibility is None or not (button := self._accessibility.button_at((round(x), round(y)))):
            return ""
        self._has_read(PRESSED_TIMEOUT)
        try:
            return f"“{button.name[:60]}”" * self._accessibility.is_down(button, PRESSED_TIMEOUT)
        except (OSError, EOFError):
            self._forget_accessibility()
            return ""

    @x_errors()
    def wheel(self, direction: Direction, notches: int) -> None:
        for _ in range(notches):
            self._fake(X.ButtonPress, WHEEL[direction])
            self._fake(X.ButtonRelease, WHEEL[direction])
        self.connection.sync()

    @x_errors()
    def key(self, name: str, down: bool) -> None:
        group = self._group()
        keysym = keysym_of(name)
        if not self._keymap.has(keysym, group):
            self._cover({keysym})
        code, shifted = self._keymap.key(keysym, group)
        shift = self._keymap.key(keysym_of("shift")).code
        if shifted and down:
            self._fake(X.KeyPress, shift)
        self._fake(X.KeyPress if down else X.KeyRelease, code)
        if shifted and not down:
            self._fake(X.KeyRelease, shift)
        self.connection.sync()

    @x_errors()
    def write(self, text: str, between: Callable[[], None]) -> None:
        """Type text exactly; raises ActionFailed when the program in front stops reading it."""
        group = self._group()
        locked = bool(self.connection.root.query_pointer().mask & X.LockMask)
        if locked:
            self._tap(keysym_of("capslock"), group)
        try:
            for piece in self._pieces(text, group):
                between()
                keysyms = [keysym_of(character) for character in piece]
                without_a_key = {keysym for keysym in keysyms if not self._keymap.has(keysym, group)}
                self._cover(without_a_key)
                for keysym in keysyms:
                    self._tap(keysym, group)
                self.connection.sync()
                self._keep_pace()
        finally:
            if locked:
                self._tap(keysym_of("capslock"), group)
                self.connection.sync()

    def _group(self) -> int:
        """The active layout group: 1 if, for example, the second of two layouts is active."""
        return int(self.connection.root.query_pointer().mask >> 13 & 3)

    def _pieces(self, text: str, group: int) -> Iterator[str]:
        """Split the text into pieces of at most PIECE characters that need no more than the spare keycodes."""
        room = max(1, self._keymap.room)
        piece, new = "", set[int]()
        for character in text:
            keysym = keysym_of(character)
            lent = set() if self._keymap.has(keysym, group) else {keysym}
            if len(piece) >= PIECE or len(new | lent) > room:
                yield piece
                piece, new = "", set()
            piece += character
            new |= lent
        if piece:
            yield piece

    def _tap(self, keysym: int, group: int) -> None:
        code, shifted = self._keymap.key(keysym, group)
        shift = self._keymap.key(keysym_of("shift")).code
        if shifted:
            self._fake(X.KeyPress, shift)
        self._fake(X.KeyPress, code)
        self._fake(X.KeyRelease, code)
        if shifted:
            self._fake(X.KeyRelease, shift)

    def _keep_pace(self) -> None:
        if self._has_read(READ_TIMEOUT) is False and not cancellation.stopping():
            raise ActionFailed(
                f"the window in front did not read the typed text within {READ_TIMEOUT:g} s; "
                "wait until it reacts, then check the text in the field"
            )

    def _cover(self, keysyms: set[int]) -> None:
        """Assign a key to each keysym, and wait until the program in front has read the new mapping."""
        if self._keymap.cover(keysyms, self._wait_until_read):
            # After the first wait the program has read the change and requested the mapping, after the second it has
            # the reply. Chromium uses the old keys in between.
            self._wait_until_read()
            self._has_read(READ_TIMEOUT)

    def _wait_until_read(self) -> None:
        if self._has_read(READ_TIMEOUT) is None:
            time.sleep(BLIND_WAIT)

    @x_errors()
    def windows(self) -> list[OpenWindow]:
        return self.connection.windows()

    @property
    def clipboard(self) -> X11Clipboard:
        """The clipboard of this display, opened at the first access."""
        if self._clipboard is None:
            self._clipboard = X11Clipboard(self.connection.name)
        return self._clipboard

    @property
    def selection(self) -> X11Clipboard:
        """The PRIMARY selection of this display, opened at the first access."""
        if self._selection is None:
            self._selection = X11Clipboard(self.connection.name, "PRIMARY")
        return self._selection

    @x_errors()
    def elements(self) -> list[Element]:
        if self.bus_address is None:
            self.bus_address = self.connection.bus_address() or session_address()
        if not self.bus_address:
            return []
        found, self.silent = surfaces(self.connection), ()
        try:
            self._accessibility = self._accessibility or Accessibility(self.bus_address)
            elements = self._accessibility.elements(found)
        except (OSError, EOFError):  # the bus has closed; another one may start
            self._forget_accessibility()
            return []
        titles = [each.title for each in found if each.title and each.pid in self._accessibility.silent]
        unnamed = ["a program"] if self._accessibility.silent and not titles else []
        self.silent = tuple(dict.fromkeys(titles or unnamed))
        return elements

    def _forget_accessibility(self) -> None:
        if self._accessibility:
            self._accessibility.close()
            self._accessibility = None

    @x_errors()
    def manage(self, window: OpenWindow, do: Literal["focus", "raise", "close"]) -> None:
        if do == "close":
            self.connection.close_window(window.id)
        elif do == "raise" and not window.hidden:
            self.connection.restack(window.id)
        else:
            self.connection.activate(window.id)
            self._await_focus(window)

    def _await_focus(self, window: OpenWindow) -> None:
        deadline = time.monotonic() + FOCUS_TIMEOUT
        while self.connection.active() != window.id:
            if time.monotonic() > deadline:
                raise ActionFailed(
                    f"the window “{window.title}” did not get the focus within {FOCUS_TIMEOUT:g} s; click it"
                )
            time.sleep(0.02)

    @x_errors()
    def answered(self, timeout: float) -> bool | None:
        start = time.monotonic()
        if self.connection.ping_manager(timeout) is False:
            return False
        return self._has_read(max(0.0, start + timeout - time.monotonic()))

    def _has_read(self, timeout: float) -> bool | None:
        """Whether the program in front has read its input; None if it does not answer pings."""
        deadline = time.monotonic() + timeout
        while active := self.connection.active():
            left = max(0.0, deadline - time.monotonic())
            answer = self.connection.ping(active, min(left, PING_AGAIN))
            # A window that has closed, such as a dialog after Enter, does not reply; the next window may.
            if (
                answer is not False
                or cancellation.stopping()
                or (left <= PING_AGAIN and self.connection.active() == active)
            ):
                return answer
        return None

    @x_errors()
    def load(self) -> ProcessLoad | None:
        pid = self.connection.owner(self.connection.active())
        return process_load(pid) if pid else None

    def close(self) -> None:
        # If the server has ended, there is no keyboard to restore.
        with suppress(DeviceLost, ActionFailed), x_errors():
            self._keymap.give_back(self._wait_until_read)
        self._forget_accessibility()
        for each in (self._clipboard, self._selection):
            if each:
                each.close()
        self.connection.close()
