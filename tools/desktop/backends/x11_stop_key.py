"""A key chord on X11 that stops handeye, whichever program is in front."""

from __future__ import annotations

import os
import select
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from Xlib import X, error

from handeye.tools.desktop.backends.x11_connection import Connection, x_errors
from handeye.tools.desktop.backends.x11_keymap import keysym_of
from handeye.tools.errors import DeviceLost
from handeye.tools.keyboard import parse_chord

if TYPE_CHECKING:
    from collections.abc import Callable

MASKS = {"shift": X.ShiftMask, "ctrl": X.ControlMask, "alt": X.Mod1Mask, "meta": X.Mod4Mask}

#: Seconds between two reads of the pointer's position.
POINTER_INTERVAL = 0.1

NUM_LOCK = 0xFF7F


class StopKey:
    """Calls `pressed` when the chord is pressed on the display, and `moved` every POINTER_INTERVAL with the pointer's
    position; both in a separate thread.

    The chord is not received while a program, such as an open menu, grabs the keyboard. `note` reports that another
    program has grabbed the chord already.
    """

    def __init__(
        self, display: str, keys: str, pressed: Callable[[], None], moved: Callable[[tuple[float, float]], None]
    ) -> None:
        self.note = ""
        self._pressed, self._moved = pressed, moved
        self._connection = Connection(display)
        self._waking, self._waker = os.pipe()
        with x_errors():
            if not self._grab(keys):
                self.note = (
                    f"another program has taken {keys}, so it does not stop handeye; push the pointer into a corner"
                )
        self._thread = threading.Thread(target=self._listen, name="handeye stop key", daemon=True)
        self._thread.start()

    def _grab(self, keys: str) -> bool:
        """Grab the chord with every combination of locks; False if another program has grabbed it."""
        chord, display = parse_chord(keys), self._connection.display
        held = 0
        for modifier in chord.modifiers:
            held |= MASKS[modifier]
        locks = (0, X.LockMask, self._num_lock(), X.LockMask | self._num_lock())
        refused = error.CatchError(error.BadAccess)
        for code, _ in display.keysym_to_keycodes(keysym_of(chord.key)):
            for lock in dict.fromkeys(locks):
                self._connection.root.grab_key(
                    code, held | lock, False, X.GrabModeAsync, X.GrabModeAsync, onerror=refused
                )
        display.sync()
        return refused.get_error() is None

    def _num_lock(self) -> int:
        """Return the mask of the modifier that Num Lock sets on this layout; 0 if there is none."""
        display = self._connection.display
        codes = {code for code, _ in display.keysym_to_keycodes(NUM_LOCK)}
        rows = display.get_modifier_mapping()
        return next((1 << number for number, row in enumerate(rows) if codes & set(row)), 0)

    def _listen(self) -> None:
        display = self._connection.display
        with suppress(DeviceLost), x_errors():
            while self._waking not in select.select([display, self._waking], [], [], POINTER_INTERVAL)[0]:
                while display.pending_events():
                    if display.next_event().type == X.KeyPress:
                        self._pressed()
                found = self._connection.root.query_pointer()
                self._moved((found.root_x, found.root_y))

    def close(self) -> None:
        """Stop listening; may be called twice."""
        if self._thread.is_alive():
            os.write(self._waker, b".")
            self._thread.join()
        if self._waker >= 0:
            os.close(self._waker)
            os.close(self._waking)
            self._waker = -1
        self._connection.close()
