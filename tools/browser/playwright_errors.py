"""Translate Playwright's errors to handeye's. Only this module reads their messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.tools.errors import ActionFailed, DeviceLost, HandeyeError, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
from contextlib import contextmanager

LOST = re.compile(
    r"has been closed|page crashed|target crashed|target closed|browser (has )?(disconnected|closed)"
    r"|connection closed|session closed|(pipe|transport) (is )?closed|the handler is closed"
    r"|thread has ended|process did exit|websocket closed",
    re.IGNORECASE,
)

#: Meaning and remedy of Chromium's network errors.
NETWORK = {
    "ERR_CONNECTION_REFUSED": "nothing listens there; start the server, or check the port",
    "ERR_NAME_NOT_RESOLVED": "no such host is known; check the spelling and the network",
    "ERR_INTERNET_DISCONNECTED": "this machine has no network; connect it",
    "ERR_ADDRESS_UNREACHABLE": "that address cannot be reached; check the network",
    "ERR_CONNECTION_RESET": "the connection was cut; see whether the server is well",
    "ERR_CONNECTION_CLOSED": "the connection was closed without an answer; see whether the server is well",
    "ERR_EMPTY_RESPONSE": "the server closed the connection without an answer; see whether it is well",
    "ERR_CONNECTION_TIMED_OUT": "nothing answered in time; check address and network",
    "ERR_TIMED_OUT": "nothing answered in time; check address and network",
    "ERR_SSL_PROTOCOL_ERROR": "it does not speak https; try http://",
    "ERR_CERT_AUTHORITY_INVALID": "its certificate is not trusted here; install it, or use http://",
    "ERR_CERT_COMMON_NAME_INVALID": "its certificate is for another host; check the address",
    "ERR_CERT_DATE_INVALID": "its certificate has expired; check the clock and the server",
    "ERR_FILE_NOT_FOUND": "there is no such file; check the path",
    "ERR_ACCESS_DENIED": "that may not be opened; check the permissions",
    "ERR_TOO_MANY_REDIRECTS": "it redirects in a circle; see whether a log-in is missing",
    "ERR_INVALID_URL": "that is no address; check the spelling",
    "ERR_UNSAFE_PORT": "Chromium never opens that port; serve the page on another",
    "ERR_INVALID_RESPONSE": "the answer is not HTTP; check the port",
    "ERR_INVALID_HTTP_RESPONSE": "the answer is not HTTP; check the port",
    "ERR_HTTP_RESPONSE_CODE_FAILURE": "the server answered with an error and no page; see its log",
    "ERR_PROXY_CONNECTION_FAILED": "the proxy does not answer; check the proxy settings",
}


def translate(error: BaseException, doing: str, *, starting: bool = False) -> HandeyeError:
    """Return handeye's error for one of Playwright's; `doing` names the operation, `starting` selects SetupError."""
    if isinstance(error, HandeyeError):
        return error
    message = short_message(error)
    kind: type[HandeyeError] = SetupError if starting else ActionFailed
    if LOST.search(message) and not starting:
        return DeviceLost(f"{doing}: the browser or its page went away ({message}); start it again and resume")
    if code := network_code(message):
        why = NETWORK.get(code, f"Chromium says {code}; check address and network")
        return kind(f"{doing}: {why}")
    if timed_out := re.search(r"timeout (\d+)ms exceeded", message, re.IGNORECASE):
        seconds = int(timed_out[1]) / 1000
        return kind(f"{doing}: no answer within {seconds:g} s; see whether the page or its server hangs")
    return kind(f"{doing}: {message}")


def network_code(message: str) -> str:
    """Return the network error code in a message, such as `ERR_CONNECTION_REFUSED`; empty for none."""
    match = re.search(r"\b(ERR_[A-Z0-9_]+)", message)
    return match[1] if match else ""


def short_message(error: BaseException) -> str:
    """Return the first line of an error's message, without API name and call log."""
    text = str(error).strip() or type(error).__name__
    line = next((line.strip() for line in text.splitlines() if line.strip(" ╔═║╝╚╗")), text)
    return re.sub(r"^(\w+\.)+\w+: ", "", line).strip(" ║")[:300]


def is_navigating(error: BaseException) -> bool:
    """Whether a call failed because the page navigated meanwhile, so that it can be repeated."""
    return bool(
        re.search(
            r"execution context was destroyed|cannot find context|frame (was|has been) detached|navigat"
            r"|not attached to an active page|unable to capture screenshot|no frame for given id",
            str(error),
            re.IGNORECASE,
        )
    )


@contextmanager
def translating_errors(doing: str, *, starting: bool = False) -> Iterator[None]:
    """Raise Playwright's errors in the block as handeye's."""
    try:
        yield
    except HandeyeError:
        raise
    except Exception as error:
        if not _is_playwright_error(error):
            raise
        raise translate(error, doing, starting=starting) from error


def _is_playwright_error(error: Exception) -> bool:
    """Whether an error comes from Playwright, or from its pipe after the driver has ended."""
    from playwright.async_api import Error

    return isinstance(error, (Error, ConnectionError, TimeoutError)) or bool(LOST.search(str(error)))
