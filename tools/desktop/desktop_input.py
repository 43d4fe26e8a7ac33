"""What hands do in one go: click, drag, type, press; in the input's coordinates."""

from __future__ import annotations

import math
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from handeye.tools.desktop.input_backend import Button, Direction, InputBackend

    Place = tuple[float, float]

#: Two clicks closer than this, in seconds and input units, would be taken for a double click.
DOUBLE_CLICK = (0.5, 8.0)

#: Seconds after the click that opened it in which a menu of GTK ignores another one (MENU_SHELL_TIMEOUT is 500 ms).
MENU_TIME = 0.55

#: Seconds between the clicks of a double click: some programs lose one that comes at once.
CLICK_GAP = 0.06

#: Seconds a window manager gets to give the keyboard to the window that was clicked.
FOCUS_TIME = 1.0


class Input:
    """Pointer and keyboard of one screen, used as a person would."""

    def __init__(self, backend: InputBackend) -> None:
        self._backend = backend
        self._last_click: tuple[float, Place] = (-math.inf, (math.inf, math.inf))
        #: Where the pointer is by our doing, or was before anybody moved it; None since a person moved it.
        self.placed: Place | None = backend.pointer()

    def move(self, place: Place) -> None:
        self._backend.move(*place)
        self.placed = self._backend.pointer()

    def click(self, place: Place, button: Button = "left", count: int = 1, modifiers: tuple[str, ...] = ()) -> str:
        """Returns the name of the button that says it was pressed, empty where none does."""
        when, where = self._last_click
        pause, reach = DOUBLE_CLICK
        if math.dist(where, place) <= reach:
            time.sleep(max(0.0, when + pause - time.monotonic()))
        if time.monotonic() < when + MENU_TIME and self._backend.on_popup(*place):
            time.sleep(max(0.0, when + MENU_TIME - time.monotonic()))
        self.move(place)
        pressed = ""
        with self._held(modifiers):
            for number in range(count):
                if number:
                    time.sleep(CLICK_GAP)
                with self._pressed(button):
                    pressed = pressed or (self._backend.held(*place) if not number and button == "left" else "")
        self._last_click = (time.monotonic(), place)
        return pressed

    def drag(self, stops: Sequence[Place]) -> None:
        """From the first place over the others to the last, in steps: programs start a drag only when they see the
        pointer move with the button down, and draw only where it was seen."""
        self.move(stops[0])
        with self._pressed("left"):
            for start, end in pairwise(stops):
                steps = max(5, min(40, round(math.dist(start, end) / 20)))
                for step in range(1, steps + 1):
                    share = step / steps
                    self.move((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share))
                    time.sleep(0.01)
            # What lies under the end must have noticed the pointer before the button goes up.
            if self._backend.answered(FOCUS_TIME) is None:
                time.sleep(0.1)

    def scroll(self, place: Place, direction: Direction, notches: int) -> None:
        """Move the pointer to a place and turn the wheel."""
        self.move(place)
        self._backend.wheel(direction, notches)

    def type(self, text: str, between: Callable[[], None]) -> None:
        """Type where the keyboard is. `between` is called every little while."""
        self._backend.write(text, between)

    def select_all(self) -> None:
        """By the key that most toolkits have for it; in Tk and in terminals it goes to the line's beginning instead."""
        self.press(("meta",) if sys.platform == "darwin" else ("ctrl",), "a")

    def select_back(self) -> None:
        """From the end to the beginning, by keys that move in the text: all toolkits have those."""
        self.press(("ctrl",), "end")
        self.press(("ctrl", "shift"), "home")

    def kill_line(self) -> None:
        """What terminals take for emptying their line."""
        self.press(("ctrl",), "e")
        self.press(("ctrl",), "u")

    def focus(self, place: Place) -> None:
        """Click, and wait until the window there has the keyboard, for a window manager gives it a moment later."""
        self.click(place)
        deadline = time.monotonic() + FOCUS_TIME
        while time.monotonic() < deadline:
            windows = self._backend.windows()
            there = [window for window in windows if window.box.holds((int(place[0]), int(place[1])))]
            if not there or there[0].focused:
                return
            time.sleep(0.02)

    def press(self, modifiers: tuple[str, ...], key: str) -> None:
        """Press a key while modifiers are held."""
        with self._held(modifiers):
            try:
                self._backend.key(key, True)
            finally:
                self._backend.key(key, False)

    @contextmanager
    def _held(self, modifiers: tuple[str, ...]) -> Iterator[None]:
        down = list[str]()
        try:
            for modifier in modifiers:
                down.append(modifier)
                self._backend.key(modifier, True)
            yield
        finally:
            for modifier in reversed(down):
                self._backend.key(modifier, False)

    @contextmanager
    def _pressed(self, button: Button) -> Iterator[None]:
        self._backend.button(button, True)
        try:
            yield
        finally:
            self._backend.button(button, False)
