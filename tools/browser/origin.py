"""Which origin a document really has, as the browser knows it.

Addresses and what a page's scripts say do not tell: `about:blank` and `srcdoc` inherit the origin of whoever wrote
them, a sandbox takes it away while the address stays, and `Page.getFrameTree` reports a `securityOrigin` that is made
from the address. The origin that V8 was given for a document's main world is the one that requests and storage go by
(https://html.spec.whatwg.org/multipage/browsers.html#origin,
https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#type-ExecutionContextDescription).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import CDPSession, Frame

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
