"""The clipboard of an X display: read, written, and lent, with what lay in it put back afterwards."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from Xlib import X, error

from handeye.tools.desktop import clipboard_owner
from handeye.tools.desktop.backends.x11_connection import Connection, x_errors
from handeye.tools.errors import ActionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Given = TypeVar("Given")

#: Seconds a program gets to hand over what it has copied, or to take what it pastes.
PATIENCE = 5.0

#: Seconds without an answer after which a former owner of the clipboard counts as gone.
SILENCE = 0.3

#: Bytes that are stored of another program's clipboard; a picture in ten formats may be larger.
MOST = 50_000_000

#: What text is called by the programs that ask for it.
AS_TEXT = ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "TEXT")

#: Targets that are questions, or do something.
NO_CONTENTS = {"TARGETS", "MULTIPLE", "TIMESTAMP", "DELETE", "SAVE_TARGETS", "INSERT_SELECTION", "INSERT_PROPERTY"}


class _Gone(Exception):
    """The program that was asked no longer owns the clipboard, and does not answer."""


class X11Clipboard:
    """The clipboard of one display. Every method raises ActionFailed when the program that owns it does not answer."""

    def __init__(self, display: str, selection: str = "CLIPBOARD") -> None:
        self._connection = Connection(display)
        self._selection = self._connection.atom(selection)
        self._display = self._connection.display
        mask = X.PropertyChangeMask
        self._window = self._connection.root.create_window(-9, -9, 1, 1, 0, X.CopyFromParent, event_mask=mask)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._asked: int = X.NONE
        """The window of the owner that was asked last."""

    @x_errors()
    def read(self) -> str:
        """The text in the clipboard; empty when there is none."""
        contents = next(filter(None, (self._contents(target) for target in ("UTF8_STRING", "STRING"))), b"")
        try:
            return contents.decode()
        except UnicodeDecodeError:
            return contents.decode("latin-1")

    @x_errors()
    def everything(self) -> dict[str, bytes]:
        """What lies there in all the forms that its owner offers, as far as there is room and time for them."""
        found, deadline = dict[str, bytes](), time.monotonic() + PATIENCE
        for name in self._offered():
            if name not in NO_CONTENTS and sum(map(len, found.values())) < MOST and time.monotonic() < deadline:
                with suppress(ActionFailed):
                    found[name] = self._contents(name)
        return {name: data for name, data in found.items() if data}

    def write(self, text: str) -> None:
        """Put text there; it stays when the device is closed."""
        contents = dict.fromkeys(AS_TEXT, text.encode())
        with suppress(UnicodeEncodeError):
            contents["STRING"] = text.encode("latin-1")  # by the conventions
        self._hold(contents)

    @contextmanager
    def lent(self, text: str) -> Iterator[None]:
        """The text lies there until a program has taken it; then what lay there before does again."""
        before = self.everything()
        self.write(text)
        try:
            yield
            self._await("given")
        finally:
            self._hold(before)

    def _offered(self) -> list[str]:
        answer = self._insist(lambda: self._ask("TARGETS"))
        atoms = answer.value if answer is not None and answer.format == 32 else []
        names = []
        for atom in atoms:
            with suppress(error.XError):
                names.append(str(self._display.get_atom_name(atom)))
        return names

    def _contents(self, target: str) -> bytes:
        """What the owner hands over in this form."""
        return self._insist(lambda: self._handed_over(target))

    def _insist(self, read_selection: Callable[[], Given]) -> Given:
        """The answer; of the next owner, where the one that was asked goes away meanwhile."""
        deadline = time.monotonic() + 2 * PATIENCE
        while True:
            try:
                return read_selection()
            except _Gone:
                if time.monotonic() > deadline:
                    raise ActionFailed("the clipboard changes hands again and again; copy once more") from None

    def _handed_over(self, target: str) -> bytes:
        answer = self._ask(target)
        if answer is None:
            return b""
        if answer.property_type != self._connection.atom("INCR"):
            return bytes(answer.value) if answer.format == 8 else b""
        pieces = list[bytes]()
        place = self._connection.atom("HANDEYE_CLIPBOARD")
        while True:
            self._next(
                lambda got: got.type == X.PropertyNotify and got.atom == place and got.state == X.PropertyNewValue
            )
            piece = self._taken(place)
            if piece is None or not len(piece.value):
                return b"".join(pieces)
            pieces.append(bytes(piece.value))

    def _ask(self, target: str) -> Any:
        """Return the owner's answer; None without an owner, or if it does not have this format."""
        place = self._connection.atom("HANDEYE_CLIPBOARD")
        self._asked = self._owner()
        if self._asked == X.NONE:
            return None
        self._window.delete_property(place)
        self._connection.sync()
        self._window.convert_selection(self._selection, self._connection.atom(target), place, X.CurrentTime)
        got = self._next(lambda got: got.type == X.SelectionNotify)
        return self._taken(place) if got.property != X.NONE else None

    def _owner(self) -> int:
        owner = self._display.get_selection_owner(self._selection)
        return owner if isinstance(owner, int) else int(owner.id)

    def _taken(self, place: int) -> Any:
        """What was laid down there; taking it away says that the next piece may come."""
        found = self._window.get_full_property(place, X.AnyPropertyType)
        self._window.delete_property(place)
        self._display.flush()
        return found

    def _next(self, meant: Any) -> Any:
        deadline = time.monotonic() + PATIENCE
        self._display.flush()
        while True:
            while self._display.pending_events():
                if meant(got := self._display.next_event()):
                    return got
            left = deadline - time.monotonic()
            if left <= 0:
                raise ActionFailed(f"the program that has copied something did not hand it over within {PATIENCE:g} s")
            if not select.select([self._display], [], [], min(left, SILENCE))[0] and self._owner() != self._asked:
                raise _Gone

    def _hold(self, contents: dict[str, bytes]) -> None:
        """Have a process of its own hold the contents; the one before ends by itself, and with it nothing is held."""
        if not contents and self._keeper:
            self._keeper.terminate()
            self._keeper.wait()
        self._let_go()
        if not contents:
            return
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", str(Path(clipboard_owner.__file__)), self._connection.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it outlives us, as a clipboard does
        )
        assert self._keeper.stdin
        coded = {name: base64.b64encode(data).decode() for name, data in contents.items()}
        self._keeper.stdin.write(json.dumps(coded).encode() + b"\n")
        self._keeper.stdin.flush()
        self._await("held")

    def _await(self, word: str) -> None:
        assert self._keeper
        assert self._keeper.stdout
        received, deadline = b"", time.monotonic() + 2 * PATIENCE
        while word.encode() not in received:
            ready = select.select([self._keeper.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]
            more = os.read(self._keeper.stdout.fileno(), 4096) if ready else b""
            if not more:
                raise ActionFailed(
                    f"the text was not {word} by the clipboard within {2 * PATIENCE:g} s; type it instead"
                )
            received += more

    @x_errors()
    def take(self) -> None:
        """Own the selection with nothing in it, so that `taken` tells whether a program has selected since."""
        self._window.set_selection_owner(self._selection, X.CurrentTime)
        self._connection.sync()

    @x_errors()
    def taken(self) -> bool:
        """Whether another program owns the selection now."""
        return self._owner() not in (X.NONE, self._window.id)

    def _let_go(self) -> None:
        """Of the process, not of what it holds."""
        if self._keeper:
            for pipe in (self._keeper.stdin, self._keeper.stdout):
                if pipe:
                    with suppress(OSError):
                        pipe.close()
            self._keeper.returncode = 0  # it may live on, and that is meant
            self._keeper = None

    def close(self) -> None:
        """What was written stays; may be called twice."""
        self._let_go()
        self._connection.close()
