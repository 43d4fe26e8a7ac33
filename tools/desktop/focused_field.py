"""The field that has the keyboard on a desktop: emptied for sure, and read back.

Where its program tells assistive technology what it holds, that decides. Tk, Xt and others do not; on X11 they hand
over what is selected in them (the PRIMARY selection), so the field is selected by keys and asked for that. A terminal
has neither: its line is emptied by its own keys, and only the picture shows what came of it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from handeye.tools.desktop.driven_programs import TERMINALS
from handeye.tools.errors import ActionFailed

if TYPE_CHECKING:
    from handeye.tools.desktop.desktop_input import Input
    from handeye.tools.desktop.input_backend import InputBackend
    from handeye.tools.element import Element

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
