"""Type secrets into a page: only into a field of a document whose origin the browser confirms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from handeye.tools.browser.scripts import KEY, ask
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.secrets.redact import names_in, parts, placeholder
from handeye.tools.secrets.store import Destination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import CDPSession, ElementHandle, Frame

    from handeye.tools.browser.session import Session

#: Addresses whose documents have an origin of their own.
OWN = frozenset({"http", "https", "file"})


async def confirmed(frame: Frame) -> bool:
    """Whether the frame's document has the origin that its address says, and the browser confirms it.

    False for documents without an address of their own (about:, srcdoc, data:, blob:, javascript:), for sandboxed ones,
    and where another frame of the same address has another origin, so that the two cannot be told apart.
    """
    from playwright.async_api import Error

    address = urlsplit(frame.url)
    if address.scheme not in OWN:
        return False
    try:
        session = await _session(frame)
        try:
            origins = await _origins(session, frame.url)
        finally:
            await session.detach()
    except Error:  # the frame went away
        return False
    wanted = "file://" if address.scheme == "file" else f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
    return bool(origins) and all(origin == wanted for origin in origins)


async def _session(frame: Frame) -> CDPSession:
    """A session with the process that renders the frame: its own, or that of the nearest frame above."""
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
    """The origins of all documents of this address that the session's process renders."""
    found: list[dict[str, Any]] = []
    session.on("Runtime.executionContextCreated", lambda event: found.append(event["context"]))
    await session.send("Runtime.enable")  # reports all contexts before it answers
    tree = (await session.send("Page.getFrameTree"))["frameTree"]
    await session.send("Runtime.disable")
    here = {each["id"] for each in _frames(tree) if each["url"] + each.get("urlFragment", "") == url}
    mains = [each for each in found if each["auxData"]["isDefault"]]
    return [each["origin"] for each in mains if each["auxData"]["frameId"] in here]


def _frames(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree["frame"]
    for child in tree.get("childFrames", ()):
        yield from _frames(child)


WRONG = {
    "moved": "the page moved the keyboard elsewhere",
    "refused": "the field takes no text",
    "changed": "the field holds something else than what was put in: it may cut long texts off",
}


class Giving:
    """Fills secrets in."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def place(self, frame: Frame) -> Destination:
        """What a frame's document is, as the browser knows it and not as the page says."""
        url = frame.url
        if not await confirmed(frame):
            return Destination(f"a field of {url[:80] or 'a frame'}, whose origin the browser does not confirm")
        parts = urlsplit(url)
        words = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else url[:80]
        return Destination(f"a field of {words}", url=url, own=_same(self.session.first, url))

    async def allow(self, text: str, field: ElementHandle | None) -> None:
        """Raise ActionRefused, before anything is touched, when a secret in the text must not go into a field."""
        if field is not None and names_in(text) and (frame := await field.owner_frame()):
            self.session.secrets.allow(text, await self.place(frame))

    async def filled(self, text: str, field: ElementHandle) -> str:
        """The text with values for names, for an element of a document they are bound to."""
        frame = await field.owner_frame()
        if frame is None:
            raise ActionFailed("the field is not on the page any more; look again")
        place = await self.place(frame)
        return "".join(words or self.session.secrets.use(name, place) for words, name in parts(text))

    async def give(self, name: str) -> None:
        """Put a secret into the field that has the keyboard."""
        frame, field = await self._focused(name)
        value = self.session.secrets.use(name, await self.place(frame))
        wrong = await field.evaluate(f"(el, text) => {KEY}.give(el, text)", value)
        if wrong:
            raise ActionFailed(f"{placeholder(name)} could not be filled in: {WRONG[wrong]}; look again")

    async def _focused(self, name: str) -> tuple[Frame, ElementHandle]:
        frame = self.session.front.page.main_frame
        while True:
            await ask(frame, "facts")
            field = (await frame.evaluate_handle(f"{KEY}.keyboard()")).as_element()
            if field is None:
                raise ActionRefused(f"no field has the keyboard for {placeholder(name)}; name the field to type into")
            inner = await field.content_frame()
            if inner is None:
                return frame, field
            frame = inner


def _same(first: str, url: str) -> bool:
    """Whether a document is of the site that the run began on: its host or a subdomain; a file beside the first one."""
    from handeye.tools.allow_list import AllowList

    began, now = urlsplit(first), urlsplit(url)
    if began.scheme == "file":
        return now.scheme == "file" and now.path.rpartition("/")[0] == began.path.rpartition("/")[0]
    if began.scheme not in ("http", "https") or now.scheme not in ("http", "https"):
        return False
    host = (began.hostname or "").removeprefix("www.")
    host = f"[{host}]" if ":" in host else host
    ports = [began.port] if began.port else [80, 443]
    return AllowList([f"{host}:{port}" for port in ports]).allow(url)
