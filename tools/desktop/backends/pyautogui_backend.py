"""Pointer and keyboard of Windows and macOS through PyAutoGUI; text goes through the clipboard.

Text is pasted, because that works for every character and keyboard layout. The clipboard's text is restored
afterwards; images and files in it are lost, and a clipboard history stores the typed text.
"""

from __future__ import annotations

import re
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from handeye.tools.errors import ActionFailed, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handeye.tools.desktop.input_backend import Button, Direction, OpenWindow, ProcessLoad
    from handeye.tools.element import Element

#: Seconds to wait for a program to read the clipboard before it is restored; no platform reports the read.
PASTE_TIME = 0.3

#: Timeout in seconds until the clipboard contains a written text.
TAKE_TIME = 5.0

#: One notch of the wheel in PyAutoGUI's unit.
NOTCH = 120 if sys.platform == "win32" else 1

#: handeye's key names that differ from PyAutoGUI's.
KEYS = {
    "meta": "command" if sys.platform == "darwin" else "win",
    "altgr": "altright",
    "menu": "apps",
    **({"alt": "option"} if sys.platform == "darwin" else {}),
}


class TextClipboard:
    """The text of the clipboard, through pyperclip. Raises ActionFailed if the clipboard cannot be used."""

    def __init__(self, pyperclip: Any) -> None:
        self._pyperclip = pyperclip

    def read(self) -> str:
        with self._errors():
            return str(self._pyperclip.paste())

    def write(self, text: str) -> None:
        """Write the text and wait until it can be read; pyperclip may start a slow program."""
        self._put(text)
        until = time.monotonic() + TAKE_TIME
        while self.read().replace("\r\n", "\n") != text.replace("\r\n", "\n"):
            if time.monotonic() > until:
                raise ActionFailed(f"the clipboard did not take the text within {TAKE_TIME:g} s; type it in parts")
            time.sleep(0.02)

    def _put(self, text: str) -> None:
        with self._errors():
            self._pyperclip.copy(text)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Restore the clipboard's text on exit."""
        before = self.read()
        try:
            yield
        finally:
            self._put(before)

    @contextmanager
    def lent(self, text: str) -> Iterator[None]:
        with self.restored():
            self.write(text)
            yield
            time.sleep(PASTE_TIME)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._pyperclip.PyperclipException as error:
            raise ActionFailed(f"the clipboard cannot be used ({error}); free it and try again") from error


class PyAutoGuiBackend:
    """Input on the user's own screen. It cannot list windows, nor check whether programs have read their input."""

    lists_windows = False
    selection = None
    bus_address: str | None = ""
    silent: tuple[str, ...] = ()

    def __init__(self) -> None:
        try:
            import pyautogui
            import pyperclip  # type: ignore[import-untyped]
        except (SystemExit, Exception) as error:  # without Tk, mouseinfo calls sys.exit
            raise SetupError(f"PyAutoGUI cannot be loaded ({error}); install it with: pip install pyautogui") from error
        self._gui: Any = pyautogui
        self.clipboard = TextClipboard(pyperclip)
        pyautogui.PAUSE = 0
        pyautogui.FAILSAFE = False  # Desktop checks the corner itself, on every platform

    def pointer(self) -> tuple[float, float]:
        x, y = self._gui.position()
        return (float(x), float(y))

    def move(self, x: float, y: float) -> None:
        self._gui.moveTo(round(x), round(y))

    def button(self, name: Button, down: bool) -> None:
        (self._gui.mouseDown if down else self._gui.mouseUp)(button=name)

    def on_popup(self, x: float, y: float) -> bool:  # noqa: ARG002 - neither Windows nor macOS tells
        return False

    def held(self, x: float, y: float) -> str:  # noqa: ARG002 - neither Windows nor macOS tells
        return ""

    def wheel(self, direction: Direction, notches: int) -> None:
        way = notches * NOTCH * (1 if direction in ("up", "right") else -1)
        if direction in ("up", "down"):
            self._gui.scroll(way)
        elif sys.platform == "win32":  # PyAutoGUI has no horizontal wheel there; programs take shift and the wheel
            with self._gui.hold("shift"):
                self._gui.scroll(-way)
        else:
            self._gui.hscroll(way)

    def key(self, name: str, down: bool) -> None:
        known = KEYS.get(name, name)
        if not self._gui.isValidKey(known):
            raise ActionFailed(f"PyAutoGUI cannot press {name!r} on this keyboard; type it as text instead")
        (self._gui.keyDown if down else self._gui.keyUp)(known)

    def write(self, text: str, between: Callable[[], None]) -> None:
        """Paste the text line by line; raises ActionFailed when the clipboard cannot be used."""
        with self.clipboard.restored():
            for piece in re.split(r"([\n\t])", text):
                between()
                self._write_piece(piece)

    def _write_piece(self, piece: str) -> None:
        if piece in ("\n", "\t"):
            self._gui.press("enter" if piece == "\n" else "tab")
        elif piece:
            self.clipboard.write(piece)
            self._gui.hotkey("command" if sys.platform == "darwin" else "ctrl", "v")
            time.sleep(PASTE_TIME)

    def windows(self) -> list[OpenWindow]:
        return []

    def elements(self) -> list[Element]:
        return []

    def manage(self, window: OpenWindow, do: str) -> None:
        raise ActionFailed(f"PyAutoGUI cannot {do} the window “{window.title}”; use the keyboard or the task bar")

    def answered(self, timeout: float) -> bool | None:  # noqa: ARG002 - the protocol's signature
        return None

    def load(self) -> ProcessLoad | None:
        return None

    def close(self) -> None:
        """Do nothing; there is nothing to release."""
