"""The write-ahead journal of a run: what is about to be done is on the disk before it is done.

`journal.jsonl` holds, for each action, an `intent` line (written and fsynced before the hand moves), any number of
`sent` lines (a request that changes something on a server is about to leave) and `answered` lines (its answer is here),
and an `outcome` line. After a crash an intent without an outcome is the one action about which there is any doubt.

By its method a GET only reads, and by nothing can it be told what a WebSocket carries. Both are written down, and count
as changing something, while an action is under way that the guard finds risky; else they are not.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from handeye.agent.trace import cut_unfinished_line
from handeye.tools.actions import Action
from handeye.tools.files import json_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


#: What starts so is taken for reading, unless the action it belongs to is a risky one.
READING = ("GET ", "WEBSOCKET ")


class Entry(BaseModel):
    """One line of the journal."""

    model_config = ConfigDict(frozen=True)

    entry: Literal["intent", "sent", "answered", "outcome"]
    step: int
    action: Action | None = None
    aim: str = ""
    """`intent`: the name of the element under the action's target."""
    text: str = ""
    """`intent`: the address shown. `sent`, `answered`: the request. `outcome`: the result of the action."""
    failed: bool = False
    local: bool = False
    """`intent`: an input that a page loaded anew would have lost."""
    lasting: bool = True
    """`intent`: what it aims at stood there when its page was loaded; else a page loaded anew may not have it."""
    risky: bool = False
    """`intent`: what the guard would ask about."""


class Doubt(BaseModel):
    """An action that was begun and not finished when the run stopped."""

    model_config = ConfigDict(frozen=True)

    step: int
    action: Action
    aim: str = ""
    address: str = ""
    """Shown when it was begun."""
    lasting: bool = True
    """Whether a page loaded anew has what it aimed at, if nothing has changed."""
    risky: bool = False
    sent: tuple[str, ...] = ()
    """Requests that left, or were about to."""
    answered: tuple[str, ...] = ()
    """Those of them that were answered."""


class Journal:
    """Appends entries; each is on the disk when `add` returns."""

    def __init__(self, path: Path, redact: Callable[[Entry], Entry] = lambda entry: entry) -> None:
        """`redact` takes secrets out of an entry."""
        self.path, self._redact = path, redact
        cut_unfinished_line(path)
        self._file = path.open("a", encoding="utf-8")
        self._step = 0
        self._risky = False
        self.sent = False
        """Whether a request that may have changed something has left since the last intent."""
        self._sent: set[str] = set()
        self._lock = threading.Lock()  # `sending` is called from the device's own thread

    def intend(
        self,
        step: int,
        action: Action,
        aim: str = "",
        address: str = "",
        *,
        local: bool = False,
        lasting: bool = True,
        risky: bool = False,
    ) -> None:
        self._step, self._risky = step, risky
        self.sent = False
        self._sent.clear()
        self._add(
            Entry(
                entry="intent",
                step=step,
                action=action,
                aim=aim,
                text=address,
                local=local,
                lasting=lasting,
                risky=risky,
            )
        )

    def sending(self, request: str) -> None:
        """Called before a request that may change something leaves the device."""
        self.sent = True
        self._sent.add(request)
        self._add(Entry(entry="sent", step=self._step, text=request))

    def reading(self, request: str) -> None:
        """Called before what should only read leaves the device."""
        if self._risky:
            self.sending(request)

    def answered(self, request: str) -> None:
        """Called when the answer to a request has arrived."""
        if request in self._sent:
            self._sent.discard(request)
            self._add(Entry(entry="answered", step=self._step, text=request))

    def finish(self, step: int, result: str, failed: bool) -> None:
        self._risky = False
        self._add(Entry(entry="outcome", step=step, text=result, failed=failed))

    def rest(self) -> None:
        """The device went away: what leaves one that comes back belongs to no action."""
        self._step, self._risky = 0, False
        self._sent.clear()

    def _add(self, entry: Entry) -> None:
        with self._lock:
            self._file.write(self._redact(entry).model_dump_json(exclude_none=True) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def read_journal(path: Path) -> list[Entry]:
    """All entries, oldest first; a last line cut short by a crash was never acted on and is left out."""
    entries: list[Entry] = []
    if not path.exists():
        return entries
    for line in json_lines(path.read_text(encoding="utf-8")):
        try:
            entries.append(Entry.model_validate(json.loads(line)))
        except (json.JSONDecodeError, ValidationError):
            if line.endswith("\n"):
                raise
    return entries


def last_outcome(entries: list[Entry], step: int) -> Entry | None:
    """The recorded outcome of a step's action, if it got that far."""
    return next((entry for entry in reversed(entries) if entry.entry == "outcome" and entry.step == step), None)


def last_intent(entries: list[Entry], step: int) -> Entry | None:
    """What a step set out to do, if it got that far."""
    return next((entry for entry in reversed(entries) if entry.entry == "intent" and entry.step == step), None)


def doubt(entries: list[Entry]) -> Doubt | None:
    """The action that was begun and not finished, if there is one."""
    for position in range(len(entries) - 1, -1, -1):
        entry = entries[position]
        if entry.entry == "outcome":
            return None
        if entry.entry == "intent" and entry.action is not None:
            later = entries[position:]
            return Doubt(
                step=entry.step,
                action=entry.action,
                aim=entry.aim,
                address=entry.text,
                lasting=entry.lasting,
                risky=entry.risky,
                sent=tuple(each.text for each in later if each.entry == "sent"),
                answered=tuple(each.text for each in later if each.entry == "answered"),
            )
    return None


def unsafe_addresses(entries: list[Entry]) -> dict[str, str]:
    """Addresses (without their queries) that may do something when they are opened again, each with the one before."""
    found: dict[str, str] = {}
    shown = ""
    for entry in entries:
        if entry.entry == "intent":
            shown = entry.text
        elif entry.entry == "sent" and entry.text.startswith("GET "):
            found[entry.text.removeprefix("GET ")] = shown
    return found
