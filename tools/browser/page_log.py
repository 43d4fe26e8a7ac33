"""What pages say beside the screen: their console, errors in their scripts, and what they ask for.

A run keeps it in `page.jsonl`, an entry a line, for people who look for why something failed; handeye itself decides
nothing by it. Secrets have their names there, and of an address's query only the names are kept: it may carry tokens.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from handeye.tools.address import without_secrets
from handeye.tools.allow_list import HARMLESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.async_api import ConsoleMessage, Error, Page, Request, Response

#: The file's name in a run's folder.
PAGE_LOG = "page.jsonl"
#: Entries of one run; a page that says more is not heard to the end.
MOST_ENTRIES = 2000
#: Characters of one entry.
LONGEST = 1000
#: Entries kept before a run begins, such as those of the first page.
WAITING = 200


class Heard(BaseModel):
    """One thing that a page said or asked for."""

    model_config = ConfigDict(frozen=True)

    at: str
    """UTC, ISO 8601."""
    kind: Literal["console", "error", "request"]
    level: str = ""
    """Of the console: `log`, `warning`, `error`; the method of a request."""
    text: str = ""
    """The message; a request's address."""
    status: int = 0
    """Of the answer to a request; 0 where none came."""
    seconds: float = 0.0
    """That a request took."""


class Overheard:
    """Writes down what the pages of one browser say, with `hide` putting names for secrets."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._hide = redact
        self._file: Path | None = None
        self._room = MOST_ENTRIES
        self._waiting: deque[Heard] = deque(maxlen=WAITING)
        self._answers: dict[Request, int] = {}

    @property
    def file(self) -> Path | None:
        """Where it is written; None: it waits, the newest of it, for the next file."""
        return self._file

    @file.setter
    def file(self, path: Path | None) -> None:
        self._file, self._room = path, MOST_ENTRIES
        while path is not None and self._waiting:
            self._write(self._waiting.popleft())

    def watch(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("console", self._said)
        page.on("pageerror", self._failed)
        page.on("response", self._answered)
        page.on("requestfinished", lambda request: self._asked(request))
        page.on("requestfailed", lambda request: self._asked(request, request.failure or "failed"))

    def _said(self, message: ConsoleMessage) -> None:
        where = shown(message.location.get("url", "")) if message.type == "error" else ""
        text = message.text + (f" ({where})" if where else "")
        self._add(Heard(at=_now(), kind="console", level=message.type, text=text))

    def _failed(self, error: Error) -> None:
        self._add(Heard(at=_now(), kind="error", level="error", text=f"{error.name}: {error.message}"))

    def _answered(self, response: Response) -> None:
        if len(self._answers) < MOST_ENTRIES:
            self._answers[response.request] = response.status

    def _asked(self, request: Request, failure: str = "") -> None:
        status = self._answers.pop(request, 0)
        if request.url.partition(":")[0] in HARMLESS:
            return
        text = shown(request.url) + (f" ({failure})" if failure else "")
        seconds = max(0.0, request.timing.get("responseEnd", 0.0)) / 1000
        self._add(
            Heard(at=_now(), kind="request", level=request.method, text=text, status=status, seconds=round(seconds, 3))
        )

    def _add(self, heard: Heard) -> None:
        if self._file is None:
            self._waiting.append(heard)
        else:
            self._write(heard)

    def _write(self, heard: Heard) -> None:
        """Nothing that a page says may end a run: where it cannot be written, it is not kept."""
        if self._file is None or self._room <= 0:
            return
        self._room -= 1
        # A cut may part a value, so it comes after the hiding; very long texts are shortened before as well.
        text = self._hide(heard.text[: 20 * LONGEST])
        text = text if len(text) <= LONGEST else text[:LONGEST] + " …"
        line = heard.model_copy(update={"text": text.encode("utf-8", "replace").decode()}).model_dump_json()
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:
            self._room = 0


def shown(url: str) -> str:
    """A URL with the names of its query and without their values, and without user and fragment."""
    try:
        names = [name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    except ValueError:
        names = []
    return without_secrets(url) + ("?" + "&".join(f"{name}=…" for name in names) if names else "")


def read_log(path: Path) -> Iterator[Heard]:
    """What a run kept, oldest first; lines that a crash cut short are left out."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                yield Heard.model_validate_json(line)
            except ValidationError:
                continue


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
