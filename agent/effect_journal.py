"""The write-ahead journal of a run: what is about to be done is on the disk before it is done.

`journal.jsonl` holds, for each action, an `intent` line (written and fsynced before the hand moves), any number of
`sent` lines (a request that changes something on a server is about to leave) and `answered` lines (its answer is here),
and an `outcome` line. After a crash an intent without an outcome is the one action about which there is any doubt.

By its method a GET only reads, and by nothing can it be told what a WebSocket carries. Both are written down, and count
as changing something, while an action is under way that the guard finds risky; else they are not.

A request need not belong to the action during which it leaves: a field that saves itself does so when the next one is
entered, or half a second after the last key. So each `sent` line names in `by` the steps that may have caused it, as
far as the page reports which of its controls were changed since the last request.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from handeye.agent.event_log import cut_unfinished_line
from handeye.tools.actions import Action, targets
from handeye.tools.errors import UsageError, Withheld

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
    checked: bool | None = None
    """`intent`: what a box is after it."""
    by: tuple[int, ...] | None = None
    """`sent`: the steps that may have caused the request; None: the step alone."""

    @property
    def causes(self) -> tuple[int, ...]:
        """`sent`: the steps that may have caused the request."""
        return (self.step,) if self.by is None else self.by


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
    local: bool = False
    """An input that a page loaded anew would have lost."""
    checked: bool | None = None
    """What a box is after it."""
    sent: tuple[str, ...] = ()
    """Requests that left, or were about to."""
    answered: tuple[str, ...] = ()
    """Those of them that were answered."""


class EffectJournal:
    """Appends entries; each is on the disk when `add` returns."""

    def __init__(self, path: Path, redact_record: Callable[[Entry], Entry] = lambda entry: entry) -> None:
        """`redact` takes secrets out of an entry."""
        self.path, self._redact = path, redact_record
        cut_unfinished_line(path)
        self.lines = path.read_bytes().count(b"\n") if path.exists() else 0
        """So many entries stand in the file."""
        self._file = path.open("a", encoding="utf-8")
        self._step = 0
        self._risky = False
        self.sent = False
        """Whether a request that may have changed something has left since the last intent."""
        self.withheld: list[str] = []
        """Requests that did not leave because of `withhold`."""
        self._withhold: frozenset[str] = frozenset()
        self._aims: frozenset[str] = frozenset()
        self._inputs: dict[str, int] = {}
        self._causes: dict[int, list[str]] = {}
        self._open: dict[str, list[int]] = {}
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
        checked: bool | None = None,
    ) -> None:
        self._begin(step, frozenset(target.element for target in targets(action).values() if target.element), local)
        self._risky = risky
        self._causes.pop(step, None)
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
                checked=checked,
            )
        )

    def redo(self, step: int, elements: frozenset[str]) -> None:
        """The input of an earlier step is made again on a page that was loaded anew, on these elements of it."""
        self._begin(step, elements, local=True)

    def sending(self, request: str, edited: tuple[str, ...] | None = ()) -> None:
        """Record a request that may change something before it is sent; see `Hooks.on_request`.

        Raises Withheld when it must not be sent.
        """
        if request in self._withhold:
            self.withheld.append(request)
            raise Withheld(f"{request} was sent before the run stopped and is not sent again while its page comes back")
        self.sent = True
        by = self._due(edited)
        for step in by:
            self._causes.setdefault(step, []).append(request)
        self._open.setdefault(request, []).append(self._step)
        self._add(Entry(entry="sent", step=self._step, text=request, by=None if by == (self._step,) else by))

    def reading(self, request: str, edited: tuple[str, ...] | None = ()) -> None:
        """Record a request that should only read before it is sent, after a risky action; see `Hooks.on_read`."""
        if self._risky:
            self.sending(request, edited)

    def answered(self, request: str) -> None:
        """Called when the answer to a request has arrived."""
        if steps := self._open.get(request):
            self._add(Entry(entry="answered", step=steps.pop(0), text=request))

    def finish(self, step: int, result: str, failed: bool) -> None:
        self._risky = False
        self._add(Entry(entry="outcome", step=step, text=result, failed=failed))

    def rest(self) -> None:
        """The device went away: what leaves one that comes back belongs to no action."""
        self._begin(0, frozenset(), local=False)
        self._risky = False
        self._open.clear()
        self._inputs.clear()

    def withhold(self, requests: frozenset[str]) -> None:
        """From now on these requests do not leave; with none of them, all do again."""
        self._withhold = requests
        self.withheld.clear()

    def caused(self, step: int) -> tuple[str, ...]:
        """The requests that a step of this process may have caused, so far."""
        return tuple(dict.fromkeys(self._causes.get(step, ())))

    def awaited(self, step: int) -> bool:
        """Whether one of these has not been answered yet."""
        return any(self._open.get(request) for request in self._causes.get(step, ()))

    def _begin(self, step: int, aims: frozenset[str], local: bool) -> None:
        self._step, self._aims = step, aims
        self.sent = False
        if local:
            self._inputs.update(dict.fromkeys(aims, step))

    def _due(self, edited: tuple[str, ...] | None) -> tuple[int, ...]:
        """The steps that a request may be due to, when these elements (None: any) were changed before it."""
        if edited is None:
            return tuple(sorted({self._step, *self._inputs.values()}))
        earlier = {self._inputs[element] for element in edited if element in self._inputs}
        # An input that has not changed its own control yet has caused nothing: what leaves now is an earlier one's.
        own = bool(self._inputs.keys() & self._aims)
        others = bool(edited) and all(self._inputs.get(element, self._step) != self._step for element in edited)
        innocent = own and others
        return tuple(sorted(earlier if innocent else {self._step, *earlier}))

    def _add(self, entry: Entry) -> None:
        with self._lock:
            self._file.write(self._redact(entry).model_dump_json(exclude_none=True) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self.lines += 1

    def close(self) -> None:
        self._file.close()


def read_journal(path: Path) -> list[Entry]:
    """All entries, oldest first; a last line cut short by a crash was never acted on and is left out.

    Raises UsageError, naming the line, where another one cannot be read.
    """
    entries: list[Entry] = []
    if not path.exists():
        return entries
    *whole, rest = path.read_bytes().split(b"\n")
    for number, line in enumerate([*whole, rest], 1):
        try:
            entries.append(Entry.model_validate(json.loads(line)))
        except ValueError:
            if number <= len(whole):
                begins = line[:60].decode(errors="replace")
                raise UsageError(
                    f"{path}: line {number} cannot be read ({begins!r}), so it is not known "
                    f"what the run did there; the {len(entries)} lines before it can be. Put an undamaged copy of the "
                    "file in its place, or see report.html for what was done and start a new run for the rest"
                ) from None
    return entries


def effects(entries: list[Entry]) -> dict[int, tuple[str, ...]]:
    """By step, the requests that it may have caused; steps that caused none are left out."""
    found: dict[int, dict[str, None]] = {}
    for entry in entries:
        for step in entry.causes if entry.entry == "sent" else ():
            found.setdefault(step, {})[entry.text] = None
    return {step: tuple(requests) for step, requests in found.items()}


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
                local=entry.local,
                checked=entry.checked,
                sent=tuple(each.text for each in later if each.entry == "sent" and entry.step in each.causes),
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
