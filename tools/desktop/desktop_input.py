"""Compose input on a desktop: click, drag, type, press, and empty and read the focused field.

Points are in the coordinates of the input backend.

A field is read from the accessibility tree. Tk, Xt and others report no value; on X11 they provide the selected
text as the PRIMARY selection, so the field's text is selected by keys and read from there. A terminal supports neither:
its line is cleared by its own keys, and only pixels show the effect.
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

#: Seconds after its opening click in which a GTK menu ignores another click (MENU_SHELL_TIMEOUT is 500 ms).
MENU_TIME = 0.55

#: Seconds between the clicks of a double click: some programs ignore an immediate second click.
CLICK_GAP = 0.06

#: Timeout in seconds for a window manager to give the focus to a clicked window.
FOCUS_TIME = 1.0


class Input:
    """Pointer and keyboard of one screen, with the timing of a person's input."""

    def __init__(self, backend: InputBackend) -> None:
        self._backend = backend
        self._last_click: tuple[float, Place] = (-math.inf, (math.inf, math.inf))
        #: The position to which handeye moved the pointer, at first its initial position; None after a person moved it.
        self.placed: Place | None = backend.pointer()

    def move(self, place: Place) -> None:
        self._backend.move(*place)
        self.placed = self._backend.pointer()

    def click(self, place: Place, button: Button = "left", count: int = 1, modifiers: tuple[str, ...] = ()) -> str:
        """Click, and return the name of the button that reports it was pressed; empty if none does."""
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
        """Drag from the first point over the others to the last, in small steps: programs start a drag, and draw, only
        if they receive motion events with the button down."""
        self.move(stops[0])
        with self._pressed("left"):
            for start, end in pairwise(stops):
                steps = max(5, min(40, round(math.dist(start, end) / 20)))
                for step in range(1, steps + 1):
                    share = step / steps
                    self.move((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share))
                    time.sleep(0.01)
            # The drop target must receive the motion events before the button is released.
            if self._backend.answered(FOCUS_TIME) is None:
                time.sleep(0.1)

    def scroll(self, place: Place, direction: Direction, notches: int) -> None:
        """Move the pointer to a place and turn the wheel."""
        self.move(place)
        self._backend.wheel(direction, notches)

    def type(self, text: str, between: Callable[[], None]) -> None:
        """Type text into the focused control. `between` is called between two pieces of text."""
        self._backend.write(text, between)

    def select_all(self) -> None:
        """Press Ctrl+A (Cmd+A on macOS); in Tk and in terminals it moves the caret to the line's start instead."""
        self.press(("meta",) if sys.platform == "darwin" else ("ctrl",), "a")

    def select_back(self) -> None:
        """Select from the end to the start by keys that move the caret, which all toolkits support."""
        self.press(("ctrl",), "end")
        self.press(("ctrl", "shift"), "home")

    def kill_line(self) -> None:
        """Clear the line of a terminal (Ctrl+E, Ctrl+U)."""
        self.press(("ctrl",), "e")
        self.press(("ctrl",), "u")

    def focus(self, place: Place) -> None:
        """Click, and wait until the window at this point has the focus, which a window manager sets asynchronously."""
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


#: Timeouts in seconds for a program to report an empty field, and to own the selection.
EMPTIED, SELECTED = 1.5, 0.4


class FocusedField:
    """The field that has the focus now; created for each text that is typed."""

    def __init__(self, backend: InputBackend, device_input: Input) -> None:
        self._backend, self._input = backend, device_input
        self._shares = False
        """Whether its program has provided the selected text."""
        elements = backend.elements() if backend.selection else []
        self._reported = next((each for each in elements if each.focused and each.takes_text), None)
        program = next((each.program for each in backend.windows() if each.focused), "")
        self._terminal = program.lower() in TERMINALS
        self.silent = bool(backend.selection) and not self._terminal and not elements
        """Whether no element on this screen reports its value, and handeye may select its text by keys."""

    def empty(self) -> None:
        """Clear the field, or select its text so that typing replaces it.

        Raises ActionFailed if the field is known to contain text afterwards.
        """
        if self._terminal and self._reported is None:
            self._input.kill_line()
        elif self._reported is not None and not self._reported.secret:
            self._empty_reported(self._reported)
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
                return  # no further keys: Ctrl+End sets a GTK number field to its largest value
        if held:
            raise ActionFailed(f"the field could not be cleared: it still contains “{held[:60]}”; nothing was typed")

    def _left(self) -> str:
        """Return its value, after its program has had EMPTIED seconds to clear it."""
        deadline = time.monotonic() + EMPTIED
        while True:
            now = next((each for each in self._backend.elements() if each.focused and each.takes_text), None)
            if now is None or not now.value or time.monotonic() > deadline:
                return now.value if now else ""
            time.sleep(0.05)

    def _empty_silent(self) -> None:
        held = self._selected()
        self._input.press((), "delete")
        if held is None:  # it was empty, or its program does not provide the selection
            self._input.select_all()
            return
        self._shares = True
        if left := self._selected():
            raise ActionFailed(f"the field could not be cleared: it still contains “{left[:60]}”; nothing was typed")

    def _selected(self) -> str | None:
        """Select its text and return it; None if its program does not provide the selection."""
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
        """Return its text and move the caret to its end; None if it is unreadable, or if elements report it."""
        if not self.silent:
            return None
        try:
            held = self._selected()
        except ActionFailed:  # its program does not reply
            return None
        self._input.press(("ctrl",), "end")
        return "" if held is None and self._shares else held
