"""The write-ahead journal of a run, `journal.jsonl`: an action is on the disk before it is performed.

For each action the journal contains:

- an `intent` line, written and fsynced before the device performs the action;
- any number of `sent` lines: a request that changes something on a server is about to leave;
- any number of `answered` lines: the answer to such a request arrived;
- an `outcome` line.

After a crash, only an intent without an outcome is uncertain.

A GET reads according to its method, and the content of a WebSocket is unknown. Both are recorded, and count as changing
something, while an action is performed that the guard finds risky; otherwise they are not recorded.

A request can leave after the action that caused it: a field may save itself when the next one is entered, or half a
second after the last key. So each `sent` line names in `caused_by` the steps that may have caused it. The page reports
which of its controls were changed since the last request.

The first line that a process writes contains the schema's `version`. Lines of version 1 are read too: `upgrade_entry`
translates them.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from handeye.agent.event_log import cut_unfinished_line
from handeye.tools.actions import Action, targets
from handeye.tools.errors import UsageError, Withheld

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERSION = 2

#: Requests that begin so only read, unless the action that they belong to is risky.
READ_PREFIXES = ("GET ", "WEBSOCKET ")


class JournalEntry(BaseModel):
    """One line of the journal."""

    model_config = ConfigDict(frozen=True)

    entry: Literal["intent", "sent", "answered", "outcome"]
    step: int
    version: int | None = None
    """The schema's, in the first line of each process."""
    action: Action | None = None
    target_name: str = ""
    """`intent`: the name of the element that the action aims at."""
    text: str = ""
    """`intent`: the page's address. `sent`, `answered`: the request. `outcome`: the result of the action."""
    failed: bool = False
    page_input: bool = False
    """`intent`: an input that a reload of the page would lose."""
    in_loaded_page: bool = True
    """`intent`: the target was there when its page had just been loaded; otherwise a reload may not bring it back."""
    risky: bool = False
    """`intent`: the guard would ask about it."""
    checked: bool | None = None
    """`intent`: the state of a checkbox or switch after the action."""
    caused_by: tuple[int, ...] | None = None
    """`sent`: the steps that may have caused the request; None: the entry's own step."""

    @property
    def causes(self) -> tuple[int, ...]:
        """The steps that may have caused a `sent` request."""
        return (self.step,) if self.caused_by is None else self.caused_by


class UnfinishedAction(BaseModel):
    """An action that was begun and not finished when the run stopped."""

    model_config = ConfigDict(frozen=True)

    step: int
    action: Action
    target_name: str = ""
    address: str = ""
    """The page's address when the action was begun."""
    in_loaded_page: bool = True
    """Whether a reload of the page brings the target back, if nothing has changed."""
    risky: bool = False
    page_input: bool = False
    """Whether it is an input that a reload of the page would lose."""
    checked: bool | None = None
    """The state of a checkbox or switch after the action."""
    sent: tuple[str, ...] = ()
    """Requests that left, or were about to."""
    answered: tuple[str, ...] = ()
    """Those of them that were answered."""


class EffectJournal:
    """Appends entries to the journal; each is on the disk when its method returns."""

    def __init__(self, path: Path, redact_record: Callable[[JournalEntry], JournalEntry] = lambda entry: entry) -> None:
        """`redact_record` replaces the values of secrets in an entry by their names."""
        self.path, self._redact = path, redact_record
        cut_unfinished_line(path)
        self.lines = path.read_bytes().count(b"\n") if path.exists() else 0
        """How many entries the file contains."""
        self._file = path.open("a", encoding="utf-8")
        self._version: int | None = VERSION
        self._step = 0
        self._risky = False
        self.sent = False
        """Whether a request that may have changed something has left since the last intent."""
        self.withheld: list[str] = []
        """Requests that did not leave because of `withhold`."""
        self._withhold: frozenset[str] = frozenset()
        self._targets: frozenset[str] = frozenset()
        self._inputs: dict[str, int] = {}
        self._requests: dict[int, list[str]] = {}
        self._unanswered: dict[str, list[int]] = {}
        self._lock = threading.Lock()  # `record_request` is called in the device's own thread

    def record_intent(
        self,
        step: int,
        action: Action,
        target_name: str = "",
        address: str = "",
        *,
        page_input: bool = False,
        in_loaded_page: bool = True,
        risky: bool = False,
        checked: bool | None = None,
    ) -> None:
        """Record what is about to be performed; see `JournalEntry`."""
        elements = frozenset(target.element for target in targets(action).values() if target.element)
        self._begin(step, elements, page_input)
        self._risky = risky
        self._requests.pop(step, None)
        self._append(
            JournalEntry(
                entry="intent",
                step=step,
                action=action,
                target_name=target_name,
                text=address,
                page_input=page_input,
                in_loaded_page=in_loaded_page,
                risky=risky,
                checked=checked,
            )
        )

    def begin_repetition(self, step: int, elements: frozenset[str]) -> None:
        """Note that the input of an earlier step is made again on these elements of a page that was loaded anew."""
        self._begin(step, elements, page_input=True)

    def record_request(self, request: str, edited: tuple[str, ...] | None = ()) -> None:
        """Record a request that may change something, before it is sent; see `Hooks.on_request`.

        `edited` are the ids of the elements that were changed before it; None: unknown. Raises Withheld if the request
        must not be sent.
        """
        if request in self._withhold:
            self.withheld.append(request)
            raise Withheld(f"{request} was sent before the run stopped and is not sent again while its page comes back")
        self.sent = True
        causes = self._causes(edited)
        for step in causes:
            self._requests.setdefault(step, []).append(request)
        self._unanswered.setdefault(request, []).append(self._step)
        caused_by = None if causes == (self._step,) else causes
        self._append(JournalEntry(entry="sent", step=self._step, text=request, caused_by=caused_by))

    def record_read(self, request: str, edited: tuple[str, ...] | None = ()) -> None:
        """Record a request that should only read, before it is sent, if the current action is risky."""
        if self._risky:
            self.record_request(request, edited)

    def record_answer(self, request: str) -> None:
        """Record that the answer to a recorded request has arrived."""
        if steps := self._unanswered.get(request):
            self._append(JournalEntry(entry="answered", step=steps.pop(0), text=request))

    def record_outcome(self, step: int, result: str, failed: bool) -> None:
        """Record that a step's action is finished."""
        self._risky = False
        self._append(JournalEntry(entry="outcome", step=step, text=result, failed=failed))

    def forget_steps(self) -> None:
        """Attribute requests to no step from now on: the device was lost, and its pages come back by themselves."""
        self._begin(0, frozenset(), page_input=False)
        self._risky = False
        self._unanswered.clear()
        self._inputs.clear()

    def withhold(self, requests: frozenset[str]) -> None:
        """Stop these requests from leaving, until the next call; an empty set stops none."""
        self._withhold = requests
        self.withheld.clear()

    def requests_of(self, step: int) -> tuple[str, ...]:
        """The requests that a step of this process may have caused so far."""
        return tuple(dict.fromkeys(self._requests.get(step, ())))

    def awaits_answer(self, step: int) -> bool:
        """Whether one of the step's requests is not answered yet."""
        return any(self._unanswered.get(request) for request in self._requests.get(step, ()))

    def _begin(self, step: int, elements: frozenset[str], page_input: bool) -> None:
        self._step, self._targets = step, elements
        self.sent = False
        if page_input:
            self._inputs.update(dict.fromkeys(elements, step))

    def _causes(self, edited: tuple[str, ...] | None) -> tuple[int, ...]:
        """The steps that may have caused a request before which these elements were changed; None: unknown ones."""
        if edited is None:
            return tuple(sorted({self._step, *self._inputs.values()}))
        earlier = {self._inputs[element] for element in edited if element in self._inputs}
        # An input that has not changed its own element yet has caused nothing: an earlier one caused the request.
        has_own_input = bool(self._inputs.keys() & self._targets)
        only_others = bool(edited) and all(self._inputs.get(element, self._step) != self._step for element in edited)
        return tuple(sorted(earlier if has_own_input and only_others else {self._step, *earlier}))

    def _append(self, entry: JournalEntry) -> None:
        with self._lock:
            entry = self._redact(entry.model_copy(update={"version": self._version}))
            self._file.write(entry.model_dump_json(exclude_none=True) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._version = None
            self.lines += 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()


#: Fields of an entry in version 1, and today's.
_FIELDS_1 = {"aim": "target_name", "local": "page_input", "lasting": "in_loaded_page", "by": "caused_by"}


def upgrade_entry(record: Any) -> Any:
    """A line of the journal by today's names; one of version 1 gets them."""
    if not isinstance(record, dict):
        return record
    return {_FIELDS_1.get(key, key): value for key, value in record.items()}


def read_journal(path: Path) -> list[JournalEntry]:
    """All entries, oldest first. A last line that a crash cut short is left out: nothing was performed after it.

    Raises UsageError, naming the line, if another one cannot be read.
    """
    entries: list[JournalEntry] = []
    if not path.exists():
        return entries
    *whole, rest = path.read_bytes().split(b"\n")
    for number, line in enumerate([*whole, rest], 1):
        try:
            entries.append(JournalEntry.model_validate(upgrade_entry(json.loads(line))))
        except ValueError:
            if number <= len(whole):
                beginning = line[:60].decode(errors="replace")
                raise UsageError(
                    f"{path}: line {number} cannot be read ({beginning!r}), so it is unknown what the run did there; "
                    f"the {len(entries)} lines before it are readable. Replace the file by an undamaged copy, or start "
                    "a new run for the rest: report.html shows what was done"
                ) from None
    return entries


def requests_by_step(entries: list[JournalEntry]) -> dict[int, tuple[str, ...]]:
    """The requests that each step may have caused; steps that caused none are left out."""
    requests: dict[int, dict[str, None]] = {}
    for entry in entries:
        for step in entry.causes if entry.entry == "sent" else ():
            requests.setdefault(step, {})[entry.text] = None
    return {step: tuple(each) for step, each in requests.items()}


def find_outcome(entries: list[JournalEntry], step: int) -> JournalEntry | None:
    """The last recorded outcome of a step's action; None if there is none."""
    return next((entry for entry in reversed(entries) if entry.entry == "outcome" and entry.step == step), None)


def find_intent(entries: list[JournalEntry], step: int) -> JournalEntry | None:
    """The last recorded intent of a step; None if there is none."""
    return next((entry for entry in reversed(entries) if entry.entry == "intent" and entry.step == step), None)


def find_unfinished_action(entries: list[JournalEntry]) -> UnfinishedAction | None:
    """The action that was begun and not finished; None if there is none."""
    for position in range(len(entries) - 1, -1, -1):
        entry = entries[position]
        if entry.entry == "outcome":
            return None
        if entry.entry == "intent" and entry.action is not None:
            later = entries[position:]
            return UnfinishedAction(
                step=entry.step,
                action=entry.action,
                target_name=entry.target_name,
                address=entry.text,
                in_loaded_page=entry.in_loaded_page,
                risky=entry.risky,
                page_input=entry.page_input,
                checked=entry.checked,
                sent=tuple(each.text for each in later if each.entry == "sent" and entry.step in each.causes),
                answered=tuple(each.text for each in later if each.entry == "answered"),
            )
    return None


def find_unsafe_addresses(entries: list[JournalEntry]) -> dict[str, str]:
    """Addresses (without queries) that may change something when they are opened again, with the page before each."""
    unsafe: dict[str, str] = {}
    page = ""
    for entry in entries:
        if entry.entry == "intent":
            page = entry.text
        elif entry.entry == "sent" and entry.text.startswith("GET "):
            unsafe[entry.text.removeprefix("GET ")] = page
    return unsafe
