"""Control by the person at the screen: stops a run, and prevents a second run on the same screen."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import shlex
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from handeye.tools.desktop.input_backend import own_display
from handeye.tools.errors import ActionRefused, SetupError, Stopped
from handeye.tools.keyboard import parse_chord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from handeye.tools.desktop.desktop_input import Input
    from handeye.tools.keyboard import Chord

#: Pressed in any program, this stops handeye.
STOP_KEY = "ctrl+alt+end"

#: How close to a corner the pointer must be pushed to stop handeye, in input units.
CORNER = 1.5


class UserControl:
    """The person at a screen that handeye drives. Raises SetupError if another run drives it already.

    `note` says in words that the stop key cannot be received; there is none on Windows and macOS.
    """

    def __init__(self, display: str | None, stop_key: str) -> None:
        self._keys = stop_key
        self._chord = parse_chord(stop_key)
        self._stopped = False
        self._stop: Callable[[], None] | None = None
        self._watched: tuple[Input, Callable[[], Iterable[tuple[int, int]]]] | None = None
        self._at_corner = 0
        self.note = ""
        windows_or_mac = display is None and platform.system() in ("Windows", "Darwin")
        with ExitStack() as opened:
            self._lock = ScreenLock("the screen" if windows_or_mac else f"the X display {display or own_display()}")
            opened.callback(self._lock.close)
            if not windows_or_mac:
                from handeye.tools.desktop.backends.x11_stop_key import StopKey

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

    def watch(self, device_input: Input, corners: Callable[[], Iterable[tuple[int, int]]]) -> None:
        """From now on, stop the run also while it waits when the pointer is pushed into one of these corners."""
        self._watched = device_input, corners

    def _moved(self, pointer: tuple[float, float]) -> None:
        """In the listening thread: the pointer is there now."""
        if self._watched is None or self._stop is None:
            return
        device_input, corners = self._watched
        there = pointer != device_input.placed and any(math.dist(pointer, corner) <= CORNER for corner in corners())
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

    def check(self, device_input: Input, pointer: tuple[float, float], corners: Iterable[tuple[int, int]]) -> None:
        """Raise Stopped when the person has stopped handeye, by the key or by pushing the pointer into a corner."""
        if self._stopped:
            self._stopped = False
            raise Stopped(f"{self._keys} was pressed, which stops handeye; resume the run when you like")
        if pointer == device_input.placed:
            return
        device_input.placed = None
        if any(math.dist(pointer, corner) <= CORNER for corner in corners):
            raise Stopped(
                f"the pointer was pushed into the top left corner {pointer}, which stops handeye; "
                "move it away and resume the run"
            )

    def close(self) -> None:
        """Let others have the screen; may be called twice."""
        self._opened.close()


class ScreenLock:
    """Held while handeye drives the screen of that name; it ends with the process, however that ends.

    It holds among the processes of one user. Raises SetupError, naming who has it, when it is taken.
    """

    def __init__(self, screen: str) -> None:
        # Several machines may share one home; the part of an X display's name after the dot is the same screen's.
        name = re.sub(r"\W+", "-", f"{platform.node()} {screen.partition('.')[0]}")
        folder = user_state_path("handeye", appauthor=False) / "screens"
        self._note = folder / f"{name}.json"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FileLock(folder / f"{name}.lock", thread_local=False)
            self._lock.acquire(blocking=False)
        except Timeout:
            raise SetupError(
                f"{screen} is already driven by {self._driver()}; wait until that has ended, or use a virtual display: "
                "--on virtual, or --on app:COMMAND"
            ) from None
        except OSError as error:
            raise SetupError(f"{folder} cannot be written ({error.strerror}); free it or make room") from error
        self.work_for("")

    def _driver(self) -> str:
        with suppress(OSError, ValueError):
            owner = json.loads(self._note.read_text(encoding="utf-8"))
            run = f"the run {owner['run']}" if owner["run"] else f"“{owner['command']}”"
            return f"{run} (process {owner['pid']})"
        return "another process"

    def work_for(self, run: str) -> None:
        """Record which run has the screen, for the error of others."""
        owner = {"pid": os.getpid(), "run": run, "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200]}
        with suppress(OSError):  # a full disk must not stop the run: the lock holds without the note
            self._note.touch(mode=0o600)
            self._note.write_text(json.dumps(owner), encoding="utf-8")

    def close(self) -> None:
        """Let others have the screen; may be called twice."""
        self._lock.release()
