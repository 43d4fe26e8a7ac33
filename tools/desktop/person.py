"""The person at the screen: how they stop handeye, and that nobody else drives it meanwhile."""

from __future__ import annotations

import math
import platform
from contextlib import ExitStack
from typing import TYPE_CHECKING

from handeye.tools.desktop.hands import own_display
from handeye.tools.desktop.keyboard import parse_chord
from handeye.tools.desktop.lock import ScreenLock
from handeye.tools.errors import ActionRefused, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from handeye.tools.desktop.keyboard import Chord
    from handeye.tools.desktop.motions import Motions

#: Pressed in any program, this stops handeye.
STOP_KEY = "ctrl+alt+end"

#: How close to a corner the pointer must be pushed to stop handeye, in input units.
CORNER = 1.5


class Person:
    """Somebody at a screen that handeye drives. Raises SetupError when another run drives it already.

    `note` says in words when the stop key cannot be heard; on Windows and macOS nobody listens for it.
    """

    def __init__(self, display: str | None, stop_key: str) -> None:
        self._keys = stop_key
        self._chord = parse_chord(stop_key)
        self._stopped = False
        self._stop: Callable[[], None] | None = None
        self._watched: tuple[Motions, Callable[[], Iterable[tuple[int, int]]]] | None = None
        self._at_corner = 0
        self.note = ""
        windows_or_mac = display is None and platform.system() in ("Windows", "Darwin")
        with ExitStack() as opened:
            self._lock = ScreenLock("the screen" if windows_or_mac else f"the X display {display or own_display()}")
            opened.callback(self._lock.close)
            if not windows_or_mac:
                from handeye.tools.desktop.stop_key import StopKey

                key = StopKey(display or own_display(), stop_key, self._pressed, self._moved)
                opened.callback(key.close)
                self.note = key.note
            self._opened = opened.pop_all()

    def _pressed(self) -> None:
        """In the listening thread: stop the run, or what is done with the device without one."""
        if self._stop:
            self._stop()
        else:
            self._stopped = True

    def watch(self, motions: Motions, corners: Callable[[], Iterable[tuple[int, int]]]) -> None:
        """From now on, stop the run also while it waits when the pointer is pushed into one of these corners."""
        self._watched = motions, corners

    def _moved(self, pointer: tuple[float, float]) -> None:
        """In the listening thread: the pointer is there now."""
        if self._watched is None or self._stop is None:
            return
        motions, corners = self._watched
        there = pointer != motions.placed and any(math.dist(pointer, corner) <= CORNER for corner in corners())
        # Twice in a row: the hand that drives the pointer says where it has put it only a moment later.
        self._at_corner = self._at_corner + 1 if there else 0
        if self._at_corner > 1:
            self._stop()

    def work_for(self, run: str, stop: Callable[[], None] | None) -> None:
        """Register a run as the user of the screen, and what stops it; without arguments that count, no run."""
        self._stop = stop
        self._lock.work_for(run)

    def check_key(self, chord: Chord) -> None:
        """Raise ActionRefused for the stop key, which is the person's."""
        if chord.key == self._chord.key and set(chord.modifiers) == set(self._chord.modifiers):
            raise ActionRefused(f"{self._keys} is the key that stops handeye; press another one")

    def check(self, motions: Motions, pointer: tuple[float, float], corners: Iterable[tuple[int, int]]) -> None:
        """Raise Stopped when the person has stopped handeye, by the key or by pushing the pointer into a corner."""
        if self._stopped:
            self._stopped = False
            raise Stopped(f"{self._keys} was pressed, which stops handeye; resume the run when you like")
        if pointer == motions.placed:
            return
        motions.placed = None
        if any(math.dist(pointer, corner) <= CORNER for corner in corners):
            raise Stopped(
                f"the pointer was pushed into the top left corner {pointer}, which stops handeye; "
                "move it away and resume the run"
            )

    def close(self) -> None:
        """Let others have the screen; may be called twice."""
        self._opened.close()
