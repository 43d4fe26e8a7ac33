"""Screenshots: what they show, and when one is reused."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Click, Move, Target, Type
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from PIL.Image import Image

    from handeye.tools.browser import Browser
    from tests.tools.browser.conftest import Aim, Find, Show, Site

BOX = "<div id=d style='width:200px;height:200px;background:#00f'></div>"


def test_a_page_at_rest_is_pictured_once(show: Show) -> None:
    browser = show(BOX)
    deadline = time.monotonic() + 3
    while browser.capture().image is not browser.capture().image:
        assert time.monotonic() < deadline


def message(browser: Browser) -> None:
    """Have the page change by itself a moment later."""
    page = browser._session.front.page
    browser._call(page.evaluate("() => setTimeout(() => postMessage(0), 50)"), "asking for a change")


@pytest.mark.parametrize(
    "change",
    [
        "d.style.background = '#f00'",
        "d.textContent = 'text'",
        "document.querySelector('input').value = 'text'",
        "document.querySelector('input[type=checkbox]').checked = true",
        "document.querySelector('input').focus()",
        "scrollTo(0, 50)",
        "d.style.backgroundImage = 'url(/red.svg)'",
        "new Image().src = '/red.svg'; document.querySelector('img').src = '/red.svg'",
        "d.animate([{marginLeft: 0}, {marginLeft: '300px'}], {duration: 300, fill: 'forwards'})",
        "c.getContext('2d').fillRect(0, 0, 90, 90)",
    ],
)
def test_whatever_changes_is_seen(show: Show, site: Site, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handeye.tools.browser.capture.MAX_AGE", 30)
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='90'><rect width='90' height='90' fill='red'/></svg>"
    )

    def red(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "image/svg+xml")
        request.end_headers()
        request.wfile.write(svg.encode())

    site.routes["/red.svg"] = red
    canvas = "<canvas id=c></canvas>" if "getContext" in change else ""
    page = f"{BOX}<input><input type=checkbox><img>{canvas}<div style='height:2000px'></div>"
    browser = show(f"{page}<script>onmessage = () => {{ {change} }}</script>")
    first = browser.capture()
    message(browser)
    deadline = time.monotonic() + 3
    digest = first.digest
    while digest == first.digest and time.monotonic() < deadline:
        digest = browser.capture().digest
    assert digest != first.digest


def test_what_leaves_no_trace_is_seen_when_the_picture_has_aged(show: Show) -> None:
    browser = show(f"{BOX}<script>onmessage = () => d.attachShadow({{mode: 'open'}}).innerHTML = 'text'</script>")
    first = browser.capture()
    message(browser)
    deadline = time.monotonic() + 3
    while browser.capture().digest == first.digest:
        assert time.monotonic() < deadline


def test_a_picture_under_way_while_something_is_done_is_not_used(show: Show) -> None:
    camera = show(BOX)._page_capture

    async def both() -> tuple[Image, Image]:
        camera.start_early()
        ahead = camera._early
        assert ahead is not None
        await asyncio.sleep(0.001)
        camera.invalidate()
        return await camera.image(), ahead.result()

    used, under_way = show(BOX)._worker.call(both())
    assert used is not under_way


def test_what_the_hand_did_is_seen(show: Show, aim: Aim, find: Find) -> None:
    browser = show("<style>button:hover{background:red}</style><button>B</button><input aria-label=I>")
    browser.perform(Move(target=Target(point=Point(700, 700))))
    browser.settle()
    plain = browser.capture()
    browser.perform(Move(target=aim(browser, "B")))
    browser.settle()
    hovered = browser.capture()
    assert hovered.digest != plain.digest
    browser.perform(Type(text="x", target=aim(browser, "I")))
    typed = browser.capture()
    browser.perform(Type(text="y"))
    assert browser.capture().digest != typed.digest
    browser.perform(Click(target=aim(browser, "B")))
    assert browser.capture().digest != typed.digest
