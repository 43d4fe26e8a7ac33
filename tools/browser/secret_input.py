"""Insert secrets into the focused field of a page, if its document has an origin to which the secret is bound.

The value is not typed: the page could move the focus between two keys. It is inserted into one element of one document
in one call, so only that document's scripts receive it.

The address of a document does not prove its origin: `about:blank` and `srcdoc` inherit the origin of their creator, a
sandbox removes it, and `Page.getFrameTree` derives `securityOrigin` from the address. So the origin comes from V8's
execution context of the document's main world, which requests and storage use
(https://html.spec.whatwg.org/multipage/browsers.html#origin,
https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#type-ExecutionContextDescription).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from handeye.tools.browser.scripts import KEY, call_script
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.secrets.redact import names_in, parts, placeholder
from handeye.tools.secrets.store import Destination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import CDPSession, ElementHandle, Frame

    from handeye.tools.browser.session import BrowserSession

#: Schemes whose documents have an origin of their own.
OWN_ORIGIN = frozenset({"http", "https", "file"})


async def origin_is_confirmed(frame: Frame) -> bool:
    """Whether the browser confirms that the frame's document has the origin of its address.

    False for documents without an address of their own (about:, srcdoc, data:, blob:, javascript:) and for sandboxed
    ones. Also False when another frame of the same address has another origin: the two cannot be distinguished.
    """
    from playwright.async_api import Error

    address = urlsplit(frame.url)
    if address.scheme not in OWN_ORIGIN:
        return False
    try:
        session = await _session(frame)
        try:
            origins = await _origins(session, frame.url)
        finally:
            await session.detach()
    except Error:  # the frame was removed
        return False
    wanted = "file://" if address.scheme == "file" else f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
    return bool(origins) and all(origin == wanted for origin in origins)


async def _session(frame: Frame) -> CDPSession:
    """Return a CDP session with the process that renders the frame: of the frame, or of its nearest ancestor."""
    from playwright.async_api import Error

    at: Frame | None = frame
    while at is not None:
        try:
            return await frame.page.context.new_cdp_session(at)
        except Error:
            if at.parent_frame is None:
                raise
            at = at.parent_frame
    raise AssertionError("a page has a main frame")


async def _origins(session: CDPSession, url: str) -> list[str]:
    """Return the origins of all documents with this address in the session's process."""
    contexts: list[dict[str, Any]] = []
    session.on("Runtime.executionContextCreated", lambda event: contexts.append(event["context"]))
    await session.send("Runtime.enable")  # reports all contexts before it answers
    tree = (await session.send("Page.getFrameTree"))["frameTree"]
    await session.send("Runtime.disable")
    here = {each["id"] for each in _frames(tree) if each["url"] + each.get("urlFragment", "") == url}
    mains = [each for each in contexts if each["auxData"]["isDefault"]]
    return [each["origin"] for each in mains if each["auxData"]["frameId"] in here]


def _frames(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree["frame"]
    for child in tree.get("childFrames", ()):
        yield from _frames(child)


FAILURES = {
    "moved": "the page moved the keyboard elsewhere",
    "refused": "the field takes no text",
    "changed": "the field holds something else than what was put in: it may cut long texts off",
}


class SecretInput:
    """Inserts secrets into fields of the page in front."""

    def __init__(self, session: BrowserSession) -> None:
        self.session = session

    async def document_place(self, frame: Frame) -> Destination:
        """Return the place of a frame's document, by the origin that the browser confirms."""
        url = frame.url
        if not await origin_is_confirmed(frame):
            return Destination(f"a field of {url[:80] or 'a frame'}, whose origin the browser does not confirm")
        parts = urlsplit(url)
        words = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else url[:80]
        return Destination(f"a field of {words}", url=url, own=_same_site(self.session.first_url, url))

    async def check_allowed(self, text: str, field: ElementHandle | None) -> None:
        """Raise ActionRefused when a secret in the text is not allowed in the field's document."""
        if field is not None and names_in(text) and (frame := await field.owner_frame()):
            self.session.secrets.allow(text, await self.document_place(frame))

    async def with_values(self, text: str, field: ElementHandle) -> str:
        """Return the text with the values of its secrets, if they are allowed in the field's document."""
        frame = await field.owner_frame()
        if frame is None:
            raise ActionFailed("the field is not on the page any more; look again")
        place = await self.document_place(frame)
        return "".join(words or self.session.secrets.use(name, place) for words, name in parts(text))

    async def type_secret(self, name: str) -> None:
        """Insert a secret into the focused field."""
        frame, field = await self._focused(name)
        value = self.session.secrets.use(name, await self.document_place(frame))
        wrong = await field.evaluate(f"(el, text) => {KEY}.insertSecret(el, text)", value)
        if wrong:
            raise ActionFailed(f"{placeholder(name)} could not be filled in: {FAILURES[wrong]}; look again")

    async def _focused(self, name: str) -> tuple[Frame, ElementHandle]:
        frame = self.session.front.page.main_frame
        while True:
            await call_script(frame, "documentInfo")
            field = (await frame.evaluate_handle(f"{KEY}.focused()")).as_element()
            if field is None:
                raise ActionRefused(f"no field has the keyboard for {placeholder(name)}; name the field to type into")
            inner = await field.content_frame()
            if inner is None:
                return frame, field
            frame = inner


def _same_site(first: str, url: str) -> bool:
    """Whether an address is of the site of the first page: its host or a subdomain, or a file in the same folder."""
    from handeye.tools.allow_list import AllowList

    first_page, page = urlsplit(first), urlsplit(url)
    if first_page.scheme == "file":
        return page.scheme == "file" and page.path.rpartition("/")[0] == first_page.path.rpartition("/")[0]
    if first_page.scheme not in ("http", "https") or page.scheme not in ("http", "https"):
        return False
    host = (first_page.hostname or "").removeprefix("www.")
    host = f"[{host}]" if ":" in host else host
    ports = [first_page.port] if first_page.port else [80, 443]
    return AllowList([f"{host}:{port}" for port in ports]).allow(url)
