"""Control a browser's requests: block forbidden domains, call the hooks before requests are sent, track open requests.

Requests are paused in the browser's network layer by the CDP domain Fetch, attached to the browser target. So redirects
and requests of frames, pop-ups, workers and beacons are included. WebSockets, preconnections and WebRTC are no requests
of that layer: Chromium's command-line switches restrict them, see `AllowList.switches`.

https://chromedevtools.github.io/devtools-protocol/tot/Fetch/
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

from handeye.tools.address import local_path, scheme_of, without_secrets
from handeye.tools.allow_list import HARMLESS
from handeye.tools.device import NO_HOOKS
from handeye.tools.errors import UsageError, Withheld

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import BrowserContext, CDPSession, Page, Request, Response, WebSocket

    from handeye.tools.allow_list import AllowList

#: Methods that change nothing: https://httpwg.org/specs/rfc9110.html#safe.methods
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: Resource types whose method can be other than GET. Without an allow list no other type is paused: that is faster.
CHANGING_TYPES = ("Document", "XHR", "Fetch", "Ping", "Other")

#: Resource types that stay open or do not change what the page shows.
BACKGROUND_TYPES = frozenset(
    {"websocket", "eventsource", "ping", "media", "texttrack", "manifest", "cspviolationreport"}
)

#: Status codes without a body: neither a page nor a file follows.
NO_CONTENT = frozenset({204, 205})

#: Seconds for which a requested file is waited for, and a file whose response has begun.
FILE_SECONDS, ABORTED_FILE_SECONDS = 10.0, 2.0

#: Seconds for which an action waits until paused requests are decided.
DECISION_SECONDS = 1.0

_NUMBERS = re.compile(r"[\d.]+")

#: Number of requests to one address during one wait after which the address counts as polled.
POLL_COUNT = 4


class _File(NamedTuple):
    """A requested file: its address, the time until which it is waited for, and the frame that requested it."""

    url: str
    until: float
    frame: str | None = None


class NetworkControl:
    """Decides and tracks the requests of one browser."""

    def __init__(self, domains: AllowList, *, files: Path | None = None) -> None:
        self.domains = domains
        self.files = files
        """The folder whose files are allowed in addition to the domains; files elsewhere are then blocked."""
        self.hooks = NO_HOOKS
        self.on_redirect: Callable[[str], Awaitable[None]] | None = None
        """Called with the target of a changing request's redirect, before the browser follows it."""
        self.read_edited: Callable[[], Awaitable[tuple[str, ...] | None]] | None = None
        """Returns the ids of elements that were edited since the last call."""
        self.hook_error: BaseException | None = None
        """The exception that a hook raised; its request was not sent."""
        self.refused: list[str] = []
        """Blocked addresses outside the allowed domains, since the last action began."""
        self.sent: list[str] = []
        """Requests since then that may have changed something on a server, without beacons."""
        self.last_end = 0.0
        self._open: dict[Request, float] = {}
        self._request_counts: Counter[str] = Counter()
        self._long_requests: set[str] = set()
        self._files: dict[str, _File] = {}
        self._arrived_files: set[str] = set()
        self._answers: set[Request] = set()
        self._sockets: set[WebSocket] = set()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def allows(self, url: str) -> bool:
        """Whether a request to this URL may be sent."""
        if self.files and scheme_of(url) == "file":
            try:
                return local_path(url).is_relative_to(self.files)
            except UsageError:
                return False
        return self.domains.allow(url)

    async def attach(self, root: CDPSession) -> None:
        """Decide every request of the browser from now on."""
        root.on("Fetch.requestPaused", lambda event: self._start_task(self._decide(root, event)))
        kinds = [{"urlPattern": "*", "resourceType": kind} for kind in CHANGING_TYPES]
        await root.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}] if self.domains else kinds})

    def watch(self, context: BrowserContext) -> None:
        """Track the open requests of a browser context."""
        context.on("request", self._on_request)
        context.on("requestfinished", self._on_request_finished)
        context.on("requestfailed", self._on_request_failed)
        context.on("response", self._on_response)
        context.on("page", lambda page: page.on("websocket", self._on_websocket))

    def watch_page(self, page: Page) -> None:
        """Track the open requests of one page."""
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_request_finished)
        page.on("requestfailed", self._on_request_failed)
        page.on("response", self._on_response)
        page.on("websocket", self._on_websocket)

    def start_action(self) -> None:
        """Attribute only requests from now on to the action that begins."""
        self._open.clear()
        self._files.clear()
        self._arrived_files.clear()
        self._answers.clear()
        self._request_counts.clear()
        self.refused.clear()
        self.sent.clear()
        for socket in self._sockets:
            self._call_hook(f"WEBSOCKET {without_secrets(socket.url)}", self.hooks.on_read)

    def open_requests(self) -> list[str]:
        """Return the open requests since the action began."""
        return [self._name(request) for request in self._open]

    def expected_file(self) -> str:
        """Return the address of a requested file whose download has not begun; empty for none."""
        now = time.monotonic()
        return next((file.url for file in self._files.values() if now < file.until), "")

    def file_arrived(self, url: str) -> None:
        """A download has begun. When no file of this address was requested, it belongs to the first requested file."""
        self._arrived_files.add(url)
        names = [name for name, file in self._files.items() if file.url == url] or list(self._files)
        self._files.pop(names[0] if names else "", None)
        self._changed.set()

    def give_up_long_requests(self, seconds: float) -> list[str]:
        """Stop waiting for requests that have been open for `seconds`, now and later; return their names."""
        now = time.monotonic()
        old = [request for request, since in self._open.items() if now - since > seconds]
        for request in old:
            del self._open[request]
        names = [self._name(request) for request in old]
        self._long_requests.update(names)
        return names

    async def wait_for_change(self, seconds: float) -> None:
        """Wait until a request begins or ends, for at most `seconds`."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    async def requests_decided(self) -> None:
        """Wait until the paused requests are sent or blocked."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=DECISION_SECONDS)

    def _on_response(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.status not in NO_CONTENT:
            self._answers.add(response.request)
        if self.hooks.on_response:
            self.hooks.on_response(self._name(response.request))

    def _on_websocket(self, socket: WebSocket) -> None:
        """Report an open WebSocket. Its messages are invisible, so it is a possible effect while it is open."""
        self._sockets.add(socket)
        # Playwright sets attributes on handlers, so a built-in method does not work.
        socket.on("close", lambda closed: self._sockets.discard(closed))
        self._call_hook(f"WEBSOCKET {without_secrets(socket.url)}", self.hooks.on_read)

    def _on_request(self, request: Request) -> None:
        name = self._name(request)
        if request.method.upper() not in SAFE_METHODS and request.resource_type != "ping":
            self.sent.append(name)
        if request.resource_type in BACKGROUND_TYPES or request.url.partition(":")[0] in HARMLESS:
            return
        # Polling requests often contain a number that prevents caching.
        alike = _NUMBERS.sub("#", name.partition("?")[0])
        self._request_counts[alike] += 1
        if name in self._long_requests or self._request_counts[alike] > POLL_COUNT:
            return
        self._open[request] = time.monotonic()
        self._changed.set()

    def _on_request_finished(self, request: Request) -> None:
        if self._open.pop(request, None) is not None:
            self.last_end = time.monotonic()
            self._changed.set()

    def _on_request_failed(self, request: Request) -> None:
        """Note an aborted navigation whose response had begun: Chromium reports it as a download next."""
        has_response, aborted = request in self._answers, request.failure == "net::ERR_ABORTED"
        if has_response and aborted and request.url not in self._arrived_files and not _is_displayed(request):
            self._files[request.url] = _File(request.url, time.monotonic() + ABORTED_FILE_SECONDS)
        self._on_request_finished(request)

    @staticmethod
    def _name(request: Request) -> str:
        return f"{request.method} {without_secrets(request.url)}"

    def _start_task(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _decide(self, root: CDPSession, event: dict[str, Any]) -> None:
        from playwright.async_api import Error

        request, identity = event["request"], event["requestId"]
        method, url = request["method"].upper(), request["url"]
        has_response = "responseStatusCode" in event or "responseErrorReason" in event
        document = event.get("resourceType") == "Document"
        if document and not has_response and "networkId" in event:
            # A download that redirects to another site is requested again as a document.
            frame = event.get("frameId")
            self._files = {name: file for name, file in self._files.items() if file.frame != frame}
        try:
            if has_response:
                await self._report_redirect(event)  # first: after a crash, a finished request must not be waited for
                if self.hooks.on_response:
                    self.hooks.on_response(f"{method} {without_secrets(url)}")
                await root.send("Fetch.continueRequest", {"requestId": identity})
            elif not self.allows(url):
                self.refused.append(without_secrets(url))
                await root.send("Fetch.failRequest", {"requestId": identity, "errorReason": "BlockedByClient"})
            elif not await self._may_send(method, url, document):
                await root.send("Fetch.failRequest", {"requestId": identity, "errorReason": "Aborted"})
            else:
                if document and "networkId" not in event:
                    # Without a network id the response is saved as a file. A redirect keeps the id up to the dot.
                    until = time.monotonic() + FILE_SECONDS
                    self._files[identity.partition(".")[0]] = _File(url, until, event.get("frameId"))
                sent = method not in SAFE_METHODS and document
                await root.send("Fetch.continueRequest", {"requestId": identity, "interceptResponse": sent})
        except Error:
            return  # the page cancelled the request, or the browser ended

    async def _may_send(self, method: str, url: str, document: bool) -> bool:
        """Call the hook for a request; return whether it may be sent.

        A document request is caused by the press itself, so no edited field is attributed to it.
        """
        request = f"{method} {without_secrets(url)}"
        if method in SAFE_METHODS:
            return self._call_hook(request, self.hooks.on_read)
        edited: tuple[str, ...] | None = ()
        if self.hooks.on_request and self.read_edited and not document:
            edited = await self.read_edited()
        return self._call_hook(request, self.hooks.on_request, edited)

    async def _report_redirect(self, event: dict[str, Any]) -> None:
        """Report the redirect of a form's response: after a crash the run continues at that address."""
        headers = {each["name"].lower(): each["value"] for each in event.get("responseHeaders", ())}
        if self.on_redirect and "location" in headers and 300 <= event.get("responseStatusCode", 0) < 400:
            await self.on_redirect(urljoin(event["request"]["url"], headers["location"]))

    def _call_hook(
        self,
        request: str,
        hook: Callable[[str, tuple[str, ...] | None], None] | None,
        edited: tuple[str, ...] | None = None,
    ) -> bool:
        """Call a hook before a request is sent; returns whether it may be sent."""
        if hook is None:
            return True
        try:
            hook(request, edited)
        except Withheld:
            return False
        except BaseException as error:
            self.hook_error = self.hook_error or error
            return False
        return True


def _is_displayed(request: Request) -> bool:
    """Whether the frame shows the requested page."""
    from playwright.async_api import Error

    try:
        return request.frame.url.partition("#")[0] == request.url.partition("#")[0]
    except Error:  # the frame was removed or never existed
        return False
