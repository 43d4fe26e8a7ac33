"""Requests leave to allowed domains only, and hooks are called before a request that changes something."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Click, Navigate, Type
from handeye.tools.address import meant, without_secrets
from handeye.tools.allow_list import AllowList
from handeye.tools.browser import Browser
from handeye.tools.device import Hooks
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError

if TYPE_CHECKING:
    from tests.tools.browser.conftest import Aim, Find, Site


@pytest.mark.parametrize(
    ("names", "url", "allowed"),
    [
        ((), "https://anything.example/x", True),
        (("example.com",), "https://example.com/x", True),
        (("example.com",), "https://shop.EXAMPLE.com./x", True),
        (("example.com",), "http://example.com:8080/", True),
        (("example.com",), "https://notexample.com/", False),
        (("example.com",), "https://example.com.evil.org/", False),
        (("example.com",), "https://evil.org/?example.com", False),
        (("example.com",), "https://example.com@evil.org/", False),
        (("https://example.com/shop",), "https://example.com/", True),
        (("*.example.com",), "https://a.example.com/", True),
        (("localhost:8000",), "http://localhost:8000/", True),
        (("localhost:8000",), "http://localhost:8001/", False),
        (("localhost:80",), "http://localhost/", True),
        (("[::1]:80",), "http://[::1]/", True),
        (("example.com",), "wss://example.com/", True),
        (("example.com",), "file:///etc/passwd", False),
        (("example.com",), "about:blank", True),
        (("example.com",), "data:text/html,x", True),
        (("example.com",), "http://[broken", False),
    ],
)
def test_domains_match_themselves_and_their_subdomains(names: tuple[str, ...], url: str, allowed: bool) -> None:
    assert AllowList(names).allow(url) is allowed


def test_what_is_no_domain_is_not_taken_for_one() -> None:
    with pytest.raises(UsageError, match="a domain must be a host"):
        AllowList(["exa mple"])


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("http://a.b/c", "http://a.b/c"),
        ("localhost:8000", "http://localhost:8000"),
        ("localhost:8000/x?y=1", "http://localhost:8000/x?y=1"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("example.com/path", "https://example.com/path"),
        ("about:blank", "about:blank"),
        ("bücher.example", "https://bücher.example"),
    ],
)
def test_addresses_mean_what_a_person_means(text: str, first: str) -> None:
    assert meant(text)[0] == first


def test_user_query_and_fragment_are_nobodys_business() -> None:
    assert without_secrets("http://me:pw@host:8/a/b?token=1#x") == "http://host:8/a/b"


def test_nothing_leaves_the_allowed_domains(site: Site, aim: Aim, find: Find) -> None:
    """By link, redirect, frame, picture, request, beacon, pop-up or form."""
    other = f"{site.other}/other"
    site.page("/other", "<title>Other</title>")
    site.redirect("/away", other)
    page = site.page(
        "/",
        f"<title>Home</title><a href={other}>link</a><a href=/away>redirect</a><iframe src={other}></iframe><img src={other}>"
        f"<a href={other} target=_blank>pop-up</a><form action={other} method=post><button>form</button></form>"
        f'<button onclick=\'fetch("{other}").catch((e) => {{ this.textContent = "stopped" }})\'>fetch</button>'
        f'<button onclick=\'navigator.sendBeacon("{other}", "x")\'>beacon</button>'
        f"<button onclick='location=\"{other}\"'>script</button>",
    )
    with Browser(page, allow_domains=[f"127.0.0.1:{site.port}"]) as browser:
        browser.settle()
        for name in ("fetch", "beacon", "pop-up", "link", "redirect", "form", "script"):
            browser.perform(Click(target=aim(browser, name)))
            browser.settle(3)
            if name == "fetch":
                assert find(browser, "stopped")
            browser.perform(Navigate(url=page))
            browser.settle()
        with pytest.raises(ActionRefused, match=rf"localhost:{site.port}/other is outside the allowed domains \(127"):
            browser.perform(Navigate(url=other))
        with pytest.raises(ActionRefused, match=r"/away led to .*/other is outside the allowed domains"):
            browser.perform(Navigate(url=f"{site.url}/away"))
        with pytest.raises(ActionRefused, match="outside the allowed domains"):
            browser.perform(Navigate(url="file:///etc/hostname"))
    assert site.asked("/other") == 0
    assert site.asked("/away") >= 2


def test_web_sockets_stay_within_the_allowed_hosts(site: Site) -> None:
    page = site.page(
        "/",
        f"<p id=o>-<script>const s = new WebSocket('ws://localhost:{site.port}/socket'); s.onerror = () => {{ o.textContent = 'failed' }}</script>",
    )
    with Browser(page, allow_domains=["127.0.0.1"]) as browser:
        browser.settle()
        assert any(each.name == "failed" for each in browser.elements())
    assert site.asked("/socket") == 0


def test_a_start_outside_the_allowed_domains_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="outside the allowed domains"):
        Browser("http://localhost:1/", allow_domains=["example.com"])


def test_requests_that_change_something_are_announced_before_they_leave(site: Site, aim: Aim, find: Find) -> None:
    reported: list[tuple[str, int]] = []
    page = site.page("/", "<form method=post action='/order?key=s3cret'><input name=a aria-label=a><button>Buy</button></form>"
                          "<button onclick='fetch(\"/api\",{method:\"POST\",body:\"x\"})'>fetch</button><a href=/order>look</a>")  # fmt: skip
    site.page("/order", "<p>Thank you")
    site.page("/api", "ok")
    with Browser(page) as browser:
        browser.settle()
        browser.attach(
            Hooks(on_request=lambda request, _: reported.append((request, site.asked("/order") + site.asked("/api"))))
        )
        browser.perform(Click(target=aim(browser, "fetch")))
        browser.settle()
        browser.perform(Type(text="1\n", target=aim(browser, "a")))
        browser.settle()
        assert find(browser, "Thank you")
        browser.perform(Navigate(url=page))
        browser.settle()
        browser.perform(Click(target=aim(browser, "look")))
        browser.settle()
    assert reported == [(f"POST {site.url}/api", 0), (f"POST {site.url}/order", 1)]


def test_a_request_that_cannot_be_announced_does_not_leave(site: Site, aim: Aim) -> None:
    def full(request: str, _: tuple[str, ...] | None) -> None:
        raise OSError(28, f"no room for {request}")

    page = site.page("/", "<title>Home</title><form method=post action=/order><button>Buy</button></form>")
    with Browser(page, hooks=Hooks(on_request=full)) as browser:
        browser.settle()
        buy = aim(browser, "Buy")
        with pytest.raises(OSError, match="no room for POST"):
            (browser.perform(Click(target=buy)), browser.settle())
        browser.detach()
        assert browser.signals().title == "Home"
    assert site.asked("/order") == 0


def test_a_failed_load_names_the_reason(site: Site) -> None:
    with (
        Browser(site.page("/", "x"), allow_domains=["127.0.0.1"]) as browser,
        pytest.raises((ActionFailed, ActionRefused)),
    ):
        browser.perform(Navigate(url="http://sub.invalid/"))
