"""Log the console messages, script errors and requests of pages.

A run stores them in `page.jsonl`, one entry per line, for people who search for the cause of a failure. handeye makes
no decision by them. Secrets are redacted. Values of an address's query are removed, because they may be tokens.
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
#: Most entries of one run; later ones are dropped.
MAX_ENTRIES = 2000
#: Most characters of one entry.
MAX_TEXT = 1000
#: Most entries that are buffered before a run starts, such as those of the first page.
MAX_WAITING = 200


class PageLogEntry(BaseModel):
    """A console message, a script error or a request."""

    model_config = ConfigDict(frozen=True)

    at: str
    """UTC, ISO 8601."""
    kind: Literal["console", "error", "request"]
    level: str = ""
    """Level of a console message (`log`, `warning`, `error`), or the method of a request."""
    text: str = ""
    """The message, or the address of a request."""
    status: int = 0
    """HTTP status of the response; 0 when there was none."""
    seconds: float = 0.0
    """Duration of a request."""


class PageLog:
    """Writes the log of one browser's pages; `redact` replaces the values of secrets."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._file: Path | None = None
        self._entries_left = MAX_ENTRIES
        self._waiting: deque[PageLogEntry] = deque(maxlen=MAX_WAITING)
        self._statuses: dict[Request, int] = {}

    @property
    def file(self) -> Path | None:
        """The file of the log. With None the newest entries are buffered for the next file."""
        return self._file

    @file.setter
    def file(self, path: Path | None) -> None:
        self._file, self._entries_left = path, MAX_ENTRIES
        while path is not None and self._waiting:
            self._write(self._waiting.popleft())

    def watch(self, page: Page) -> None:
        """Log the events of a page from now on."""
        page.on("console", self._on_console)
        page.on("pageerror", self._on_page_error)
        page.on("response", self._on_response)
        page.on("requestfinished", lambda request: self._on_request_ended(request))
        page.on("requestfailed", lambda request: self._on_request_ended(request, request.failure or "failed"))

    def _on_console(self, message: ConsoleMessage) -> None:
        where = url_without_values(message.location.get("url", "")) if message.type == "error" else ""
        text = message.text + (f" ({where})" if where else "")
        self._add(PageLogEntry(at=_now(), kind="console", level=message.type, text=text))

    def _on_page_error(self, error: Error) -> None:
        self._add(PageLogEntry(at=_now(), kind="error", level="error", text=f"{error.name}: {error.message}"))

    def _on_response(self, response: Response) -> None:
        if len(self._statuses) < MAX_ENTRIES:
            self._statuses[response.request] = response.status

    def _on_request_ended(self, request: Request, failure: str = "") -> None:
        status = self._statuses.pop(request, 0)
        if request.url.partition(":")[0] in HARMLESS:
            return
        text = url_without_values(request.url) + (f" ({failure})" if failure else "")
        seconds = max(0.0, request.timing.get("responseEnd", 0.0)) / 1000
        self._add(
            PageLogEntry(
                at=_now(), kind="request", level=request.method, text=text, status=status, seconds=round(seconds, 3)
            )
        )

    def _add(self, entry: PageLogEntry) -> None:
        if self._file is None:
            self._waiting.append(entry)
        else:
            self._write(entry)

    def _write(self, entry: PageLogEntry) -> None:
        """Append an entry. When that fails, logging ends and the run continues."""
        if self._file is None or self._entries_left <= 0:
            return
        self._entries_left -= 1
        # Redact before shortening: a cut inside a value would hide it from the search. Very long texts are cut first.
        text = self._redact(entry.text[: 20 * MAX_TEXT])
        text = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + " …"
        line = entry.model_copy(update={"text": text.encode("utf-8", "replace").decode()}).model_dump_json()
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:
            self._entries_left = 0


def url_without_values(url: str) -> str:
    """Return a URL without user, fragment and the values of its query."""
    try:
        names = [name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    except ValueError:
        names = []
    return without_secrets(url) + ("?" + "&".join(f"{name}=…" for name in names) if names else "")


def read_page_log(path: Path) -> Iterator[PageLogEntry]:
    """Yield the entries of a log file, oldest first. Lines that a crash cut off are skipped."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                yield PageLogEntry.model_validate_json(line)
            except ValidationError:
                continue


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
