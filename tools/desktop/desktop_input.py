"""Compose input on a desktop: click, drag, type, press, and empty and read the focused field.

Points are in the coordinates of the input backend.

The value that a program reports to assistive technology decides. Tk, Xt and others report none; on X11 they provide the
selected text as the PRIMARY selection, so the field's text is selected by keys and read from there. A terminal supports
neither: its line is emptied by its own keys, and only pixels show the effect.
"""

from __future__ import annotations

import math
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

from handeye.tools.desktop.driven_programs import TERMINALS
from handeye.tools.errors import ActionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from handeye.tools.desktop.input_backend import Button, Direction, InputBackend

    Place = tuple[float, float]
    from handeye.tools.element import Element


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


#: Seconds for a program to tell that a field is empty, and to own what was selected in it.
EMPTIED, SELECTED = 1.5, 0.4


class FocusedField:
    """The one that has the keyboard now; made anew for each text that is typed."""

    def __init__(self, backend: InputBackend, device_input: Input) -> None:
        self._backend, self._input = backend, device_input
        self._shares = False
        """Whether its program has handed over what was selected in it."""
        elements = backend.elements() if backend.selection else []
        self._told = next((each for each in elements if each.focused and each.takes_text), None)
        program = next((each.program for each in backend.windows() if each.focused), "")
        self._terminal = program.lower() in TERMINALS
        self.silent = bool(backend.selection) and not self._terminal and not elements
        """Whether nothing on this screen tells what it holds, as far as handeye may try its keys."""

    def empty(self) -> None:
        """Have it hold nothing, or all of it selected so that typing replaces it.

        Raises ActionFailed when it is known to hold something still.
        """
        if self._terminal and self._told is None:
            self._input.kill_line()
        elif self._told is not None and not self._told.secret:
            self._empty_reported(self._told)
        elif self.silent:
            self._empty_silent()
        else:
            self._input.select_all()

    def _empty_reported(self, element: Element) -> None:
        held = element.value
        for select in (self._input.select_all, self._input.select_back):
            select()
            if not held:
                return
            self._input.press((), "delete")
            if not (held := self._left()):
                return  # and no key more: Ctrl+End sets a number field of GTK to its largest value
        if held:
            raise ActionFailed(f"the field could not be emptied: it still holds “{held[:60]}”; nothing was typed")

    def _left(self) -> str:
        """What it holds once its program has had time to empty it."""
        deadline = time.monotonic() + EMPTIED
        while True:
            now = next((each for each in self._backend.elements() if each.focused and each.takes_text), None)
            if now is None or not now.value or time.monotonic() > deadline:
                return now.value if now else ""
            time.sleep(0.05)

    def _empty_silent(self) -> None:
        held = self._selected()
        self._input.press((), "delete")
        if held is None:  # it was empty, or its program hands nothing over: then perhaps the usual key selects
            self._input.select_all()
            return
        self._shares = True
        if left := self._selected():
            raise ActionFailed(f"the field could not be emptied: it still holds “{left[:60]}”; nothing was typed")

    def _selected(self) -> str | None:
        """All that it holds, by selecting it; None where its program hands nothing over."""
        selection = self._backend.selection
        assert selection is not None
        selection.take()
        self._input.select_back()
        deadline = time.monotonic() + SELECTED
        while not selection.taken():
            if time.monotonic() > deadline:
                return None
            time.sleep(0.02)
        return selection.read()

    def read(self) -> str | None:
        """Return its text, with the caret at its end afterwards; None if unreadable, or if elements report it."""
        if not self.silent:
            return None
        try:
            held = self._selected()
        except ActionFailed:  # its program does not answer
            return None
        self._input.press(("ctrl",), "end")
        return "" if held is None and self._shares else held
