"""The clipboard of an X display: read it, write it, or lend it a text and restore the content afterwards."""

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

#: Timeout in seconds for a program to deliver what it has copied, or to read what it pastes.
TRANSFER_TIMEOUT = 5.0

#: Seconds without a reply after which a former owner of the clipboard counts as closed.
SILENCE = 0.3

#: Bytes that are stored of another program's clipboard; a picture in ten formats may be larger.
MOST = 50_000_000

#: The target names under which programs request text.
AS_TEXT = ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "TEXT")

#: Targets that are commands or metadata, not content (ICCCM, section 2.6).
NO_CONTENTS = {"TARGETS", "MULTIPLE", "TIMESTAMP", "DELETE", "SAVE_TARGETS", "INSERT_SELECTION", "INSERT_PROPERTY"}


class _Gone(Exception):
    """The program that received the request no longer owns the clipboard and does not reply."""


class X11Clipboard:
    """The clipboard of one display. Every method raises ActionFailed if the owner program does not reply."""

    def __init__(self, display: str, selection: str = "CLIPBOARD") -> None:
        self._connection = Connection(display)
        self._selection = self._connection.atom(selection)
        self._display = self._connection.display
        mask = X.PropertyChangeMask
        self._window = self._connection.root.create_window(-9, -9, 1, 1, 0, X.CopyFromParent, event_mask=mask)
        self._owner_process: subprocess.Popen[bytes] | None = None
        self._requested_owner: int = X.NONE
        """The window of the owner that received the last request."""

    @x_errors()
    def read(self) -> str:
        """Return the text in the clipboard; empty if there is none."""
        contents = next(filter(None, (self._contents(target) for target in ("UTF8_STRING", "STRING"))), b"")
        try:
            return contents.decode()
        except UnicodeDecodeError:
            return contents.decode("latin-1")

    @x_errors()
    def everything(self) -> dict[str, bytes]:
        """Return the content by target name, in all formats of the owner, within MOST bytes and TRANSFER_TIMEOUT."""
        found, deadline = dict[str, bytes](), time.monotonic() + TRANSFER_TIMEOUT
        for name in self._offered():
            if name not in NO_CONTENTS and sum(map(len, found.values())) < MOST and time.monotonic() < deadline:
                with suppress(ActionFailed):
                    found[name] = self._contents(name)
        return {name: data for name, data in found.items() if data}

    def write(self, text: str) -> None:
        """Write text to the clipboard; it remains after the device is closed."""
        contents = dict.fromkeys(AS_TEXT, text.encode())
        with suppress(UnicodeEncodeError):
            contents["STRING"] = text.encode("latin-1")  # STRING is Latin-1 (ICCCM, section 2.6.2)
        self._hold(contents)

    @contextmanager
    def lent(self, text: str) -> Iterator[None]:
        """Write a text to the clipboard until a program has read it, then restore the previous content."""
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
        """Return the content in the format `target`; empty if the owner does not have it."""
        return self._insist(lambda: self._handed_over(target))

    def _insist(self, read_selection: Callable[[], Given]) -> Given:
        """Return the reply; if the owner changes meanwhile, repeat the request to the next owner."""
        deadline = time.monotonic() + 2 * TRANSFER_TIMEOUT
        while True:
            try:
                return read_selection()
            except _Gone:
                if time.monotonic() > deadline:
                    raise ActionFailed(
                        f"the clipboard changed its owner repeatedly for {2 * TRANSFER_TIMEOUT:g} s; copy again"
                    ) from None

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
        """Return the owner's reply; None without an owner, or if it does not have this format."""
        place = self._connection.atom("HANDEYE_CLIPBOARD")
        self._requested_owner = self._owner()
        if self._requested_owner == X.NONE:
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
        """Return the property's value and delete it; the deletion requests the next piece (ICCCM, section 2.7.2)."""
        found = self._window.get_full_property(place, X.AnyPropertyType)
        self._window.delete_property(place)
        self._display.flush()
        return found

    def _next(self, is_reply: Any) -> Any:
        deadline = time.monotonic() + TRANSFER_TIMEOUT
        self._display.flush()
        while True:
            while self._display.pending_events():
                if is_reply(got := self._display.next_event()):
                    return got
            left = deadline - time.monotonic()
            if left <= 0:
                raise ActionFailed(
                    f"the owner of the clipboard did not deliver its content within {TRANSFER_TIMEOUT:g} s; copy again"
                )
            ready = select.select([self._display], [], [], min(left, SILENCE))[0]
            if not ready and self._owner() != self._requested_owner:
                raise _Gone

    def _hold(self, contents: dict[str, bytes]) -> None:
        """Start a process that owns the clipboard with these contents; none for no contents. The earlier one ends."""
        if not contents and self._owner_process:
            self._owner_process.terminate()
            self._owner_process.wait()
        self._let_go()
        if not contents:
            return
        self._owner_process = subprocess.Popen(
            [sys.executable, "-I", str(Path(clipboard_owner.__file__)), self._connection.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it must survive this process, like a clipboard
        )
        assert self._owner_process.stdin
        coded = {name: base64.b64encode(data).decode() for name, data in contents.items()}
        self._owner_process.stdin.write(json.dumps(coded).encode() + b"\n")
        self._owner_process.stdin.flush()
        self._await("held")

    def _await(self, word: str) -> None:
        assert self._owner_process
        assert self._owner_process.stdout
        received, deadline = b"", time.monotonic() + 2 * TRANSFER_TIMEOUT
        while word.encode() not in received:
            ready = select.select([self._owner_process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]
            more = os.read(self._owner_process.stdout.fileno(), 4096) if ready else b""
            if not more:
                raise ActionFailed(
                    f"the clipboard did not report {word!r} within {2 * TRANSFER_TIMEOUT:g} s; type it instead"
                )
            received += more

    @x_errors()
    def take(self) -> None:
        """Own the selection without content, so that `taken` reports whether a program has selected text since."""
        self._window.set_selection_owner(self._selection, X.CurrentTime)
        self._connection.sync()

    @x_errors()
    def taken(self) -> bool:
        """Whether another program owns the selection now."""
        return self._owner() not in (X.NONE, self._window.id)

    def _let_go(self) -> None:
        """Detach from the owner process without ending it."""
        if self._owner_process:
            for pipe in (self._owner_process.stdin, self._owner_process.stdout):
                if pipe:
                    with suppress(OSError):
                        pipe.close()
            self._owner_process.returncode = 0  # it may continue to run, on purpose
            self._owner_process = None

    def close(self) -> None:
        """Close the connection; written text remains. May be called twice."""
        self._let_go()
        self._connection.close()
