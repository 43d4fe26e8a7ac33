"""Own the clipboard of an X display until another program owns it.

On X the program that copied the text serves it, so the text needs an owner process after a device is closed. Run this
file as a script with the name of the display. The contents are JSON on stdin. It prints `held` when programs can read
them, and `given` when a program has read them.
"""

from __future__ import annotations

import base64
import json
import math
import os
import select
import sys
import time
from contextlib import suppress
from typing import Any

from Xlib import X, error
from Xlib.display import Display
from Xlib.protocol import event

#: The most bytes sent at once; larger contents are sent in pieces (INCR of the Inter-Client Communication Conventions).
PIECE = 200_000

#: Seconds in which an incremental transfer must end, once another program owns the clipboard.
TRANSFER_TIMEOUT = 5.0


class SelectionOwner:
    """The owner of the clipboard. `contents` has bytes by target, such as UTF8_STRING."""

    def __init__(self, display: str, contents: dict[str, bytes]) -> None:
        self.display = Display(display)
        self.display.set_error_handler(lambda *_: None)  # the requestor may no longer exist
        self.contents = {self.display.intern_atom(name): data for name, data in contents.items()}
        self.window = self.display.screen().root.create_window(-9, -9, 1, 1, 0, X.CopyFromParent)
        self.clipboard = self.display.intern_atom("CLIPBOARD")
        self.targets = self.display.intern_atom("TARGETS")
        self.pieces: dict[tuple[int, int], tuple[int, list[bytes]]] = {}
        self.window.set_selection_owner(self.clipboard, X.CurrentTime)
        self.display.sync()

    def serve(self) -> None:
        """Serve the contents until another program owns the clipboard or the display closes; complete all transfers."""
        until = math.inf
        while self.pieces or until == math.inf:
            while not self.display.pending_events():
                left = until - time.monotonic()
                if left <= 0:
                    return
                select.select([self.display], [], [], None if left == math.inf else left)
            got = self.display.next_event()
            if got.type == X.SelectionClear:
                until = time.monotonic() + TRANSFER_TIMEOUT
            elif got.type == X.SelectionRequest:
                self.answer(got)
            elif got.type == X.PropertyNotify and got.state == X.PropertyDelete:
                self.go_on(got.window, got.atom)

    def answer(self, request: Any) -> None:
        """Answer a request for the contents."""
        place = request.property or request.target
        if request.target == self.targets:
            known = [self.targets, *self.contents]
            request.requestor.change_property(place, self.display.intern_atom("ATOM"), 32, known)
        elif request.target in self.contents:
            self.hand_over(request.requestor, place, request.target)
        else:
            place = X.NONE
        request.requestor.send_event(
            event.SelectionNotify(
                time=request.time,
                requestor=request.requestor,
                selection=request.selection,
                target=request.target,
                property=place,
            )
        )
        self.display.flush()

    def hand_over(self, window: Any, place: int, target: int) -> None:
        """Write the content to the requestor's property, or start an incremental transfer if it is large."""
        data = self.contents[target]
        if len(data) <= PIECE:
            window.change_property(place, target, 8, data)
            self.display.flush()
            report("given")
            return
        cut = [data[start : start + PIECE] for start in range(0, len(data), PIECE)]
        self.pieces[window.id, place] = (target, [*cut, b""])
        window.change_attributes(event_mask=X.PropertyChangeMask)
        window.change_property(place, self.display.intern_atom("INCR"), 32, [len(data)])

    def go_on(self, window: Any, place: int) -> None:
        """Send the next piece after the last one was taken; an empty piece ends the transfer (ICCCM, INCR)."""
        target, left = self.pieces.get((window.id, place), (0, []))
        if not left:
            return
        window.change_property(place, target, 8, left.pop(0))
        self.display.flush()
        if not left:
            del self.pieces[window.id, place]
            report("given")


def report(word: str) -> None:
    """Write a word to the parent process, if it still reads."""
    with suppress(OSError):
        os.write(1, word.encode() + b"\n")


def main() -> None:
    """Own the clipboard of the display that the arguments name."""
    contents = {name: base64.b64decode(data) for name, data in json.loads(sys.stdin.readline()).items()}
    try:
        owner = SelectionOwner(sys.argv[1], contents)
        report("held")
        owner.serve()
    except (error.ConnectionClosedError, error.DisplayConnectionError, OSError):
        return


if __name__ == "__main__":
    main()
