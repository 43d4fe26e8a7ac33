"""Settling waits for evidence, and for nothing else."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Click, Navigate

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from handeye.tools.browser import Browser
    from handeye.tools.device import Settled
    from tests.tools.browser.conftest import Aim, Find, Show, Site

ONE = "<button onclick='this.textContent=\"Done\"'>Go</button>"


def click(browser: Browser, aim: Aim, name: str = "Go") -> Settled:
    browser.perform(Click(target=aim(browser, name)))
    return browser.settle()


#: Far less than any waiting for what never ends would take, and enough for a busy machine.
AT_ONCE = 0.9


def soonest(browser: Browser, aim: Aim, name: str = "Go") -> float:
    """The seconds of the quickest of three clicks: what was waited for, rather than what the machine was busy with."""
    return min(click(browser, aim, name).seconds for _ in range(3))


def test_a_static_page_is_at_rest_at_once(show: Show, aim: Aim) -> None:
    browser = show(ONE)
    times = [browser.settle().seconds]
    times.append(click(browser, aim).seconds)
    times.append(browser.settle().seconds)
    assert min(times) < AT_ONCE


def late(seconds: float, body: str = "come") -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        with suppress(OSError):
            request.send_response(200)
            request.end_headers()
            request.wfile.write(body.encode())

    return answer


FETCH = "<button onclick='fetch(\"/data\").then((r) => r.text()).then((t) => { this.textContent = t })'>Go</button>"


def test_what_a_request_brings_is_waited_for(show: Show, site: Site, aim: Aim, find: Find) -> None:
    site.routes["/data"] = late(0.7)
    browser = show(FETCH)
    settled = click(browser, aim)
    assert settled.by == "quiet"
    assert 0.6 < settled.seconds < 5
    assert find(browser, "come")


def test_a_slow_page_is_waited_for(show: Show, site: Site, aim: Aim, find: Find) -> None:
    site.routes["/slow"] = late(0.8, "<p>arrived<script>setTimeout(() => document.body.append('more'), 60)</script>")
    browser = show("<a href=/slow>Go</a>")
    assert click(browser, aim).by == "quiet"
    assert find(browser, "arrived")


def test_a_transition_is_waited_for(show: Show, aim: Aim, find: Find) -> None:
    browser = show(
        "<style>#d{transition:margin-left .5s}</style><div id=d>Box</div><button onclick='d.style.marginLeft=\"400px\"'>Go</button>"
    )
    click(browser, aim)
    assert find(browser, "Box").box.left >= 400


@pytest.mark.parametrize(
    "endless",
    [
        "<style>@keyframes s{to{rotate:1turn}}i{display:inline-block;width:20px;height:20px;animation:s 1s infinite}</style><i>*</i>",
        "<p id=c>0</p><script>setInterval(() => { c.textContent = Date.now() }, 20)</script>",
        (
            "<div id=c style='width:20px;height:9px;background:red'></div><script>const turn = (t) => { c.style.rotate = t + 'deg';"
            "requestAnimationFrame(turn) }; turn(0)</script>"
        ),
        "<script>setInterval(() => fetch('/poll'), 30)</script>",
        "<script>new EventSource('/stream')</script>",
    ],
    ids=["css spinner", "clock", "script spinner", "polling", "event stream"],
)
def test_what_never_ends_is_left_alone(show: Show, site: Site, aim: Aim, endless: str) -> None:
    def stream(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        with suppress(OSError):
            for _ in range(200):
                request.wfile.write(b"data: x\n\n")
                request.wfile.flush()
                time.sleep(0.05)

    site.routes["/stream"] = stream
    site.page("/poll", "ok")
    browser = show(ONE + endless)
    settled = click(browser, aim)
    assert settled.by == "quiet", settled
    assert soonest(browser, aim, "Done") < AT_ONCE


def test_a_long_poll_holds_up_one_action_at_most(show: Show, site: Site, aim: Aim) -> None:
    site.routes["/long"] = late(20)
    browser = show("<button onclick='fetch(\"/long\")'>Go</button>")
    first = click(browser, aim)
    assert first.by == "quiet"
    assert first.seconds < 15
    assert "still open: GET" in first.note
    assert soonest(browser, aim) < AT_ONCE


def test_a_page_that_never_rests_takes_the_whole_cap_and_says_so(show: Show) -> None:
    browser = show("<p>x")
    site_page = "<script>setInterval(() => { const p = document.createElement('p'); p.textContent = Math.random();"
    site_page += "document.body.prepend(p); for (const q of document.querySelectorAll('p')) q.title = Math.random() }, 10)</script>"
    browser.perform(Navigate(url="data:text/html," + site_page.replace("#", "%23")))
    settled = browser.settle(2.0)
    assert settled.by == "cap"
    assert 1.9 < settled.seconds < 8
    assert "not at rest after 2 s" in settled.note
    browser.perform(Navigate(url="about:blank"))


def test_a_redirect_by_script_is_followed_to_its_end(show: Show, site: Site, aim: Aim, find: Find) -> None:
    site.page("/a", "<script>location = '/b'</script>")
    site.page("/b", "<meta http-equiv=refresh content='0;url=/c'>")
    site.page("/c", "<p>the end")
    browser = show("<a href=/a>Go</a>")
    click(browser, aim)
    assert find(browser, "the end")


def test_typing_that_searches_is_waited_for(show: Show, site: Site, find: Find) -> None:
    site.routes["/data"] = late(0.3, "3 hits")
    browser = show(
        "<button onclick='Promise.resolve().then(() => fetch(\"/data\")).then((r) => r.text()).then((t) => { o.textContent = t })'>Go</button><p id=o>"
    )
    from handeye.tools.actions import Target

    browser.perform(Click(target=Target(point=find(browser, "Go").box.centre)))
    browser.settle()
    assert find(browser, "3 hits")
