"""Exchanges JSON with a server, with a deadline for the whole exchange.

The size of a reply is limited, and a busy or failing server gets a few more requests with growing pauses. Each exchange
runs in its own thread, so that a server that sends single bytes, or a slow name lookup, does not block the caller.
"""

from __future__ import annotations

import json
import queue
import random
import threading
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

import httpx

from handeye.perception.dialects.reasoning import storable
from handeye.tools import cancellation
from handeye.tools.errors import ModelAway, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Tries for one question, the first one included.
TRIES = 4
#: Pause before the second try, in seconds; it doubles each time, and a server's own `Retry-After` counts if longer.
PAUSE = 0.5
#: The most bytes of one reply: far more than any answer takes.
MOST_BYTES = 16 << 20
CONNECT_SECONDS = 10.0
#: A list of models needs no thinking.
LIST_SECONDS = 30.0
#: What a server may say about itself is not worth waiting for.
PEEK_SECONDS = 5.0
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class RequestRefused(ModelError):
    """The server answered with an error status."""

    def __init__(self, message: str, status: int, reply_text: str) -> None:
        super().__init__(message)
        self.status = status
        self.reply_text = reply_text


class ReplyReader(Protocol):
    """Assembles a reply that arrives in pieces."""

    def add(self, data: bytes) -> None:
        """Add the next bytes of the body. They may be cut anywhere."""
        ...

    def whole(self, *, framed: bool = False) -> bytes | None:
        """Return the reply as one JSON object, or None when it is incomplete.

        `framed` means that HTTP reports the body as complete.
        """
        ...


class HttpReply(NamedTuple):
    """A status, a body and the headers that matter."""

    status: int
    wait: float
    """Seconds to wait before the next attempt, from `Retry-After`."""
    data: bytes
    place: str = ""
    """The address of a redirect."""


class HttpClient:
    """Exchanges JSON with one server."""

    def __init__(self, base: str, key: str, timeout: float) -> None:
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {})
        # A proxy from the environment cannot reach this machine's own ports.
        trust = (urlsplit(base).hostname or "") not in LOOPBACK
        self.base = base
        self.timeout = timeout
        """Seconds for one question, with all its tries."""
        try:
            self._client = httpx.Client(headers=headers, trust_env=trust)
        except (ValueError, httpx.InvalidURL) as error:
            raise ModelError(f"{base} cannot be used ({error}); check the address and the proxy settings") from error

    def get(self, path: str) -> Any:
        """Return the JSON at a path; raises ModelError."""
        seconds = min(LIST_SECONDS, self.timeout)
        return self._ask("GET", path, None, time.monotonic() + seconds, seconds, None)

    def peek(self, path: str) -> Any:
        """Return the JSON at a path outside of the API (`/version`) after one short request; None without one."""
        parts = urlsplit(self.base)
        deadline = time.monotonic() + min(PEEK_SECONDS, self.timeout)
        try:
            reply = self._exchange("GET", f"{parts.scheme}://{parts.netloc}{path}", None, deadline, None)
            return _decoded(reply.data) if reply.status == 200 else None
        except (httpx.HTTPError, httpx.InvalidURL, ModelError, ValueError, RecursionError):
            return None

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        until: float | None = None,
        reader: Callable[[], ReplyReader] | None = None,
    ) -> Any:
        """Send a JSON body and return the JSON answer, at the latest at `until` (of `time.monotonic`).

        `reader` makes one reader for each attempt, which gets the body of a reply of status 200 as it arrives. Raises
        RequestRefused for a status of 4xx, and ModelError for other failures.
        """
        until = until if until is not None else time.monotonic() + self.timeout
        return self._ask("POST", path, body, until, self.timeout, reader)

    def close(self) -> None:
        """Close the connections. A second call does nothing."""
        self._client.close()

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        deadline: float,
        seconds: float,
        reader: Callable[[], ReplyReader] | None,
    ) -> Any:
        pause, trouble = PAUSE, ""
        content = json.dumps(body).encode() if body is not None else None
        for number in range(1, TRIES + 1):
            try:
                reply = self._exchange(method, self.base + path, content, deadline, reader and reader())
            except httpx.TimeoutException as error:
                raise ModelError(
                    f"{self.base} did not answer within {seconds:g} s; check the server, or allow it more time"
                    + (f" (before that it {trouble})" if trouble else "")
                ) from error
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise ModelError(f"{self.base} is not a valid address ({error}); correct it") from error
            except httpx.ConnectError as error:
                trouble, wait = f"cannot be reached ({_reason(error)})", 0.0
            except httpx.HTTPError as error:
                trouble, wait = f"dropped the connection ({_reason(error)})", 0.0
            else:
                if reply.status not in BUSY:
                    return self._read(reply)
                trouble, wait = f"answered {reply.status}{_reply_reason(reply.data)}", reply.wait
            # Clients that were turned away together must not come back together.
            pause_now = max(pause * random.uniform(1, 1.5), wait)  # noqa: S311 - no secret
            if number == TRIES or time.monotonic() + pause_now >= deadline:
                break
            cancellation.pause(pause_now)
            pause *= 2
        retry_after = f"; it asks to be left alone for {wait:g} s" if wait > PAUSE else ""
        raise ModelAway(
            f"{self.base} {trouble} after {number} tries{retry_after}; check that the server is up and has room"
        )

    def _exchange(
        self, method: str, address: str, content: bytes | None, deadline: float, reader: ReplyReader | None
    ) -> HttpReply:
        """One request and its whole reply, read until the deadline at the latest."""
        data = bytearray()
        with _Exchange(self._client, method, address, content, deadline) as exchange:
            head = exchange.head()
            headers = head.headers
            streamed = reader is not None and head.status_code == 200
            streamed = streamed and headers.get("content-type", "").startswith("text/event-stream")
            size = 0
            for piece in exchange:
                size += len(piece)
                if size > MOST_BYTES:
                    raise ModelError(
                        f"{self.base} answered with more than {MOST_BYTES >> 20} MB; check what serves there"
                    )
                if streamed and reader:
                    reader.add(piece)
                else:
                    data += piece
        if streamed and reader:
            # httpx raises an error where such a body breaks off.
            whole = reader.whole(framed=bool({"content-length", "transfer-encoding"} & set(headers.keys())))
            if whole is None:
                raise httpx.RemoteProtocolError("the answer broke off in the middle")
            data = bytearray(whole)
        status, wait = head.status_code, _seconds(headers.get("retry-after", ""))
        return HttpReply(
            _status_inside(bytes(data)) if status == 200 else status, wait, bytes(data), headers.get("location", "")
        )

    def _read(self, reply: HttpReply) -> Any:
        status, data = reply.status, reply.data
        if status in {401, 403}:
            raise RequestRefused(
                f"{self.base} refused the key ({status}{_reply_reason(data)}); set HANDEYE_API_KEY or OPENAI_API_KEY",
                status,
                "",
            )
        if 300 <= status < 400 and reply.place:
            raise RequestRefused(
                f"{self.base} answered {status}, and points to {reply.place[:200]}; give that address", status, ""
            )
        if status >= 300:
            reason = _reply_reason(data) or " without a reason"
            message = f"{self.base} answered {status}{reason}; check the address and the model"
            raise RequestRefused(message, status, data[:4000].decode("utf-8", "replace"))
        try:
            return _decoded(data)
        except (ValueError, RecursionError) as error:
            raise ModelError(
                f"{self.base} did not answer in JSON ({_start(data)}); give the address of an OpenAI-compatible server"
            ) from error


class _Exchange:
    """A request in a thread of its own; its reply is taken from a queue until the deadline.

    httpx has no time-out for a whole exchange: its own begin anew with every byte. A thread that is left alone ends
    with the next byte it is sent, at the latest when its socket has been silent for as long as it was given.
    """

    def __init__(self, client: httpx.Client, method: str, address: str, content: bytes | None, deadline: float) -> None:
        self._deadline = deadline
        self._over = threading.Event()
        self._arrived: queue.Queue[httpx.Response | bytes | Exception | None] = queue.Queue(maxsize=64)
        left = max(0.001, deadline - time.monotonic())
        headers = {"Content-Type": "application/json"} if content is not None else {}
        request = client.build_request(
            method,
            address,
            content=content,
            headers=headers,
            timeout=httpx.Timeout(left, connect=min(CONNECT_SECONDS, left)),
        )
        threading.Thread(target=self._run, args=(client, request), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def head(self) -> httpx.Response:
        """Status and headers of the reply."""
        item = self._next()
        if not isinstance(item, httpx.Response):
            raise httpx.RemoteProtocolError("there was no reply")
        return item

    def __iter__(self) -> Iterator[bytes]:
        while isinstance(item := self._next(), bytes):
            yield item

    def _next(self) -> httpx.Response | bytes | None:
        try:
            item = self._wait()
        except queue.Empty:
            raise httpx.ReadTimeout("the reply did not end in time") from None
        if isinstance(item, Exception):
            raise item
        return item

    def _wait(self) -> httpx.Response | bytes | Exception | None:
        """Return the next event; raises queue.Empty on a timeout, Stopped if the run is stopped."""
        while (left := self._deadline - time.monotonic()) > cancellation.POLL_SECONDS:
            cancellation.check()
            with suppress(queue.Empty):
                return self._arrived.get(timeout=cancellation.POLL_SECONDS)
        return self._arrived.get(timeout=max(0.0, left))

    def _run(self, client: httpx.Client, request: httpx.Request) -> None:
        try:
            reply = client.send(request, stream=True)
            try:
                self._put(reply)
                for piece in reply.iter_bytes():
                    if not self._put(piece):
                        return
            finally:
                reply.close()
            self._put(None)
        except Exception as error:  # whatever it is, it is raised where the reply is waited for
            self._put(error)

    def _put(self, item: httpx.Response | bytes | Exception | None) -> bool:
        """Queue an item; returns False when the caller no longer waits."""
        while not self._over.is_set():
            try:
                self._arrived.put(item, timeout=0.5)
                return True
            except queue.Full:
                continue
        return False


def _seconds(header: str) -> float:
    """Return the seconds of a `Retry-After`, which is a number or a time of day."""
    try:
        return max(float(header), 0.0) if header.strip().isascii() else 0.0
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except (ValueError, OverflowError):
        return 0.0


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _status_inside(data: bytes) -> int:
    """200, or the status of an error that came under it: in the middle of a stream, or from a gateway."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return 200
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(value, dict) and value.get("object") == "error":
        error = value
    if not error:
        return 200
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def _decoded(data: bytes) -> Any:
    """JSON without lone surrogates: a reply can write them as escapes, and no file can hold them."""
    value = json.loads(data)
    if b"\\ud" in data.lower():
        value = json.loads(storable(json.dumps(value, ensure_ascii=False)))
    return value


def _reply_reason(data: bytes) -> str:
    """Return the reason in an error reply, if there is one."""
    try:
        value = _decoded(data)
    except (ValueError, RecursionError):
        return ""
    error = value.get("error", value) if isinstance(value, dict) else value
    text = error.get("message") or error.get("detail") if isinstance(error, dict) else error
    return f": {' '.join(str(text).split())[:300]}" if text else ""


def _start(data: bytes) -> str:
    text = " ".join(data[:200].decode("utf-8", "replace").split())[:60]
    return f"it begins {text!r}" if text else "it is empty"
