"""What leaves the browser: kept to the allowed domains, announced before it changes anything, and watched for settling.

Requests are judged at the browser's own network layer (the CDP domain Fetch on the browser itself), so redirects,
frames, pop-ups, workers and beacons are seen like everything else. What is no request is not seen here: WebSockets,
early connections and WebRTC are held by Chromium's own switches, see `Domains.switches`.
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

#: Requests by these methods change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

#: What can be anything but a GET; the rest need not be stopped when no domains are named, and pictures stay fast.
CHANGING = ("Document", "XHR", "Fetch", "Ping", "Other")

#: These stay open or do not matter to what is shown.
BACKGROUND = frozenset({"websocket", "eventsource", "ping", "media", "texttrack", "manifest", "cspviolationreport"})

#: Answers without a body: the page stays as it is, and no file comes.
BARE = frozenset({204, 205})

#: Seconds that a file asked for by itself may take to come, and one whose answer is there already.
FILE_PATIENCE, FILE_BEGINS = 10.0, 2.0

#: Seconds that a request may take to be announced before an action goes on.
JUDGING = 1.0

_NUMBERS = re.compile(r"[\d.]+")

#: Asked for so often within one wait, an address is being polled.
POLLED = 4


class _File(NamedTuple):
    """A file that was asked for: what it is called, how long it is waited for, and the frame that asks."""

    url: str
    until: float
    frame: str | None = None


class Traffic:
    """The requests of one browser."""

    def __init__(self, domains: AllowList, *, files: Path | None = None) -> None:
        self.domains = domains
        self.files = files
        """The folder whose pages are allowed beside the domains; with it, no other file is."""
        self.hooks = NO_HOOKS
        self.leading: Callable[[str], Awaitable[None]] | None = None
        """Told where the answer to a changing request leads, before the browser goes there."""
        self.look_back: Callable[[], Awaitable[tuple[str, ...] | None]] | None = None
        """Asks the page which elements were edited since it was last asked."""
        self.trouble: BaseException | None = None
        """What a hook raised; its request was not sent."""
        self.refused: list[str] = []
        """Addresses outside the allowed domains that were asked for since the last action began."""
        self.sent: list[str] = []
        """Requests since then that may have changed something elsewhere; messages that only count visits left out."""
        self.last_end = 0.0
        self._open: dict[Request, float] = {}
        self._asked: Counter[str] = Counter()
        self._patient_with: set[str] = set()
        self._files: dict[str, _File] = {}
        self._came: set[str] = set()
        self._answers: set[Request] = set()
        self._sockets: set[WebSocket] = set()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def allows(self, url: str) -> bool:
        """Whether a request to this URL may leave."""
        if self.files and scheme_of(url) == "file":
            try:
                return local_path(url).is_relative_to(self.files)
            except UsageError:
                return False
        return self.domains.allow(url)

    async def attach(self, root: CDPSession) -> None:
        """Judge every request of the browser from now on."""
        root.on("Fetch.requestPaused", lambda event: self._begin(self._judge(root, event)))
        kinds = [{"urlPattern": "*", "resourceType": kind} for kind in CHANGING]
        await root.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}] if self.domains else kinds})

    def watch(self, context: BrowserContext) -> None:
        """Know which requests of a window are under way."""
        context.on("request", self._started)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)
        context.on("page", lambda page: page.on("websocket", self._connected))

    def watch_page(self, page: Page) -> None:
        """The same of one page alone."""
        page.on("request", self._started)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("websocket", self._connected)

    def begin(self) -> None:
        """An action begins: only requests from now on are its own."""
        self._open.clear()
        self._files.clear()
        self._came.clear()
        self._answers.clear()
        self._asked.clear()
        self.refused.clear()
        self.sent.clear()
        for socket in self._sockets:
            self._announced(f"WEBSOCKET {without_secrets(socket.url)}", self.hooks.on_read)

    def under_way(self) -> list[str]:
        """The requests that the action began and that have not ended."""
        return [self._name(request) for request in self._open]

    def file_coming(self) -> str:
        """The address of a file that was asked for and has not begun to come; empty for none."""
        now = time.monotonic()
        return next((file.url for file in self._files.values() if now < file.until), "")

    def file_came(self, url: str) -> None:
        """It has begun to come; when none of this address was asked for, it is the one that was asked for first."""
        self._came.add(url)
        names = [name for name, file in self._files.items() if file.url == url] or list(self._files)
        self._files.pop(names[0] if names else "", None)
        self._changed.set()

    def patient(self, seconds: float) -> list[str]:
        """Stop waiting, now and in future, for requests that have been open this long; says which."""
        now = time.monotonic()
        old = [request for request, since in self._open.items() if now - since > seconds]
        for request in old:
            del self._open[request]
        names = [self._name(request) for request in old]
        self._patient_with.update(names)
        return names

    async def change(self, seconds: float) -> None:
        """Wait until a request begins or ends, at most so long."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    async def judged(self) -> None:
        """Until what wants to leave now has left, or was kept from it."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=JUDGING)

    def _answered(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.status not in BARE:
            self._answers.add(response.request)
        if self.hooks.on_response:
            self.hooks.on_response(self._name(response.request))

    def _connected(self, socket: WebSocket) -> None:
        """What is said on a connection is not seen: it counts as open to anything from its beginning to its end."""
        self._sockets.add(socket)
        socket.on("close", lambda closed: self._sockets.discard(closed))  # Playwright marks handlers: no built-in
        self._announced(f"WEBSOCKET {without_secrets(socket.url)}", self.hooks.on_read)

    def _started(self, request: Request) -> None:
        name = self._name(request)
        if request.method.upper() not in SAFE and request.resource_type != "ping":
            self.sent.append(name)
        if request.resource_type in BACKGROUND or request.url.partition(":")[0] in HARMLESS:
            return
        alike = _NUMBERS.sub("#", name.partition("?")[0])  # whoever polls often adds a number against caches
        self._asked[alike] += 1
        if name in self._patient_with or self._asked[alike] > POLLED:
            return
        self._open[request] = time.monotonic()
        self._changed.set()

    def _ended(self, request: Request) -> None:
        if self._open.pop(request, None) is not None:
            self.last_end = time.monotonic()
            self._changed.set()

    def _failed(self, request: Request) -> None:
        """A page that was asked for, answered and then given up is a file, whose download Chromium tells next."""
        answered, gone = request in self._answers, request.failure == "net::ERR_ABORTED"
        if answered and gone and request.url not in self._came and not _shown(request):
            self._files[request.url] = _File(request.url, time.monotonic() + FILE_BEGINS)
        self._ended(request)

    @staticmethod
    def _name(request: Request) -> str:
        return f"{request.method} {without_secrets(request.url)}"

    def _begin(self, judging: Any) -> None:
        task = asyncio.ensure_future(judging)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _judge(self, root: CDPSession, event: dict[str, Any]) -> None:
        from playwright.async_api import Error

        request, identity = event["request"], event["requestId"]
        method, url = request["method"].upper(), request["url"]
        answered = "responseStatusCode" in event or "responseErrorReason" in event
        document = event.get("resourceType") == "Document"
        if document and not answered and "networkId" in event:
            # A file whose address redirects to another site is asked for anew, as a page.
            frame = event.get("frameId")
            self._files = {name: file for name, file in self._files.items() if file.frame != frame}
        try:
            if answered:
                await self._lead(event)  # first: what is over is not waited for after a crash
                if self.hooks.on_response:
                    self.hooks.on_response(f"{method} {without_secrets(url)}")
                await root.send("Fetch.continueRequest", {"requestId": identity})
            elif not self.allows(url):
                self.refused.append(without_secrets(url))
                await root.send("Fetch.failRequest", {"requestId": identity, "errorReason": "BlockedByClient"})
            elif not await self._may_leave(method, url, document):
                await root.send("Fetch.failRequest", {"requestId": identity, "errorReason": "Aborted"})
            else:
                if document and "networkId" not in event:  # no page is loaded by it: what comes is saved as a file
                    # A redirect is the same request, with another number behind the point.
                    until = time.monotonic() + FILE_PATIENCE
                    self._files[identity.partition(".")[0]] = _File(url, until, event.get("frameId"))
                sent = method not in SAFE and document
                await root.send("Fetch.continueRequest", {"requestId": identity, "interceptResponse": sent})
        except Error:
            return  # the page took the request back, or the browser is gone

    async def _may_leave(self, method: str, url: str, document: bool) -> bool:
        """Announce a request; what a page was sent off by is no edit of a field but what was pressed."""
        request = f"{method} {without_secrets(url)}"
        if method in SAFE:
            return self._announced(request, self.hooks.on_read)
        edited: tuple[str, ...] | None = ()
        if self.hooks.on_request and self.look_back and not document:
            edited = await self.look_back()
        return self._announced(request, self.hooks.on_request, edited)

    async def _lead(self, event: dict[str, Any]) -> None:
        """A form was sent and its answer is here: a redirect names the page that a crash must not lose."""
        headers = {each["name"].lower(): each["value"] for each in event.get("responseHeaders", ())}
        if self.leading and "location" in headers and 300 <= event.get("responseStatusCode", 0) < 400:
            await self.leading(urljoin(event["request"]["url"], headers["location"]))

    def _announced(
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
            self.trouble = self.trouble or error
            return False
        return True


def _shown(request: Request) -> bool:
    """Whether the page that was asked for is the one that its frame shows."""
    from playwright.async_api import Error

    try:
        return request.frame.url.partition("#")[0] == request.url.partition("#")[0]
    except Error:  # the frame is gone, or was never there
        return False
