"""Addresses, history, tabs, pop-ups, downloads."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Back, Click, Forward, Key, Navigate, Reload, Tabs
from handeye.tools.browser import Browser, network
from handeye.tools.errors import ActionFailed, ActionRefused

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.tools.browser.conftest import Aim, Find, Show, Site


def test_history_and_reload(show: Show, site: Site, find: Find) -> None:
    browser = show("<p>one", "/one")
    show("<p>two", "/two")
    browser.perform(Back())
    browser.settle()
    assert browser.signals().url == site.url + "/one"
    assert find(browser, "one")
    browser.perform(Forward())
    browser.settle()
    assert find(browser, "two")
    asked = site.asked("/two")
    browser.perform(Reload())
    browser.settle()
    browser.perform(Key(keys="F5"))
    browser.settle()
    assert site.asked("/two") == asked + 2
    with pytest.raises(ActionRefused, match="no next page"):
        browser.perform(Forward())


def test_there_is_nothing_before_the_first_page(site: Site) -> None:
    with Browser(site.page("/", "<p>first")) as browser, pytest.raises(ActionRefused, match="no previous page"):
        browser.perform(Back())


def test_the_document_counts_loads_and_nothing_else(show: Show, site: Site, aim: Aim) -> None:
    browser = show(
        "<a href='#down'>hash</a><button onclick='history.pushState(1,\"\",\"/pushed\")'>push</button>"
        "<form method=post action=/><button>post</button></form><iframe src=/frame name=f></iframe><a href=/frame target=f>in</a>"
    )
    site.page("/frame", "<p>frame")
    first = browser.signals()
    for name in ("hash", "push", "in"):
        browser.perform(Click(target=aim(browser, name)))
        browser.settle()
        assert browser.signals().document == first.document
    assert browser.signals().url.endswith("/pushed")
    browser.perform(Click(target=aim(browser, "post")))
    browser.settle()
    posted = browser.signals()
    assert posted.document != first.document
    browser.perform(Reload())
    browser.settle()
    assert browser.signals().document not in (first.document, posted.document)


@pytest.mark.parametrize(
    "opening",
    ["<a href=/new target=_blank>Open</a>", '<button onclick=\'open("/new","","width=300,height=200")\'>Open</button>'],
)
def test_pop_ups_come_to_the_front_and_go(show: Show, site: Site, aim: Aim, find: Find, opening: str) -> None:
    site.page("/new", "<title>New</title><button onclick='window.close()'>Close me</button>")
    browser = show(f"<title>Old</title>{opening}")
    browser.perform(Click(target=aim(browser, "Open")))
    browser.settle()
    signals = browser.signals()
    assert (signals.title, signals.tabs, signals.tab) == ("New", ("Old", "New"), 1)
    assert browser.capture().width >= 300
    browser.perform(Click(target=aim(browser, "Close me")))
    browser.settle()
    signals = browser.signals()
    assert (signals.title, signals.tabs) == ("Old", ("Old",))


def test_tabs_are_opened_switched_and_closed(show: Show, site: Site, find: Find) -> None:
    browser = show("<title>A</title><p>a")
    document = browser.signals().document
    browser.perform(Tabs(do="new"))
    browser.perform(Navigate(url=site.page("/b", "<title>B</title><p>b")))
    browser.settle()
    assert browser.signals().tabs == ("A", "B")
    browser.perform(Tabs(do="switch", index=0))
    assert browser.signals().title == "A"
    assert find(browser, "a")
    assert browser.signals().document > document
    now = browser.signals().document
    browser.perform(Tabs(do="switch", index=-1))
    assert (browser.signals().title, browser.signals().document) == ("B", now)
    with pytest.raises(ActionRefused, match="no tab 7; tabs count from 0, and the last is 1"):
        browser.perform(Tabs(do="switch", index=7))
    browser.perform(Tabs(do="close"))
    assert browser.signals().tabs == ("A",)
    with pytest.raises(ActionRefused, match="the only tab"):
        browser.perform(Tabs(do="close"))


def test_addresses_that_do_not_answer_fail_with_the_reason(show: Show) -> None:
    browser = show("<p>x")
    with pytest.raises(ActionFailed, match=r"http://127.0.0.1:1/: Chromium never opens that port|nothing listens"):
        browser.perform(Navigate(url="http://127.0.0.1:1/"))
    with pytest.raises(ActionFailed, match="nothing listens there; start the server"):
        browser.perform(Navigate(url="localhost:9" + "999/x"))
    with pytest.raises(ActionRefused, match="is no web address"):
        browser.perform(Navigate(url="what is this"))
    with pytest.raises(ActionRefused, match="is no web address"):
        browser.perform(Navigate(url="javascript:alert(1)"))


def test_a_page_file_opens_by_its_path(tmp_path: Path, show: Show, find: Find) -> None:
    browser = show("<p>x")
    page = tmp_path / "page.html"
    page.write_text("<p>from the disk")
    browser.perform(Navigate(url=str(page)))
    browser.settle()
    assert find(browser, "from the disk")


def test_downloads_are_stored_under_unused_names(site: Site, aim: Aim, tmp_path: Path) -> None:
    def report(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Disposition", 'attachment; filename="../re:port.csv"')
        request.send_header("Content-Length", "5")
        request.end_headers()
        request.wfile.write(b"a,b\n1")

    site.routes["/report"] = report
    page = site.page("/", "<title>Home</title><a href=/report>Get</a>")
    with Browser(page, downloads=tmp_path / "new") as browser:
        browser.settle()
        for _ in range(2):
            browser.perform(Click(target=aim(browser, "Get")))
            happened = browser.settle().happened
            assert "was downloaded to" in happened
            assert "(5 bytes)" in happened
        assert browser.signals().downloads == 2
        assert browser.signals().title == "Home"
        assert "no page to show" in browser.perform(Navigate(url=site.url + "/report"))
        browser.settle()
    stored = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert len(stored) == 3
    assert all(name.endswith(".csv") and (tmp_path / "new" / name).read_bytes() == b"a,b\n1" for name in stored)


@pytest.mark.parametrize("link", ["<a href=/report>Get</a>", "<a href=/moved download>Get</a>"])
def test_a_file_is_waited_for_that_takes_its_time(site: Site, aim: Aim, tmp_path: Path, link: str) -> None:
    """A requested page that was denied, and a page behind a redirect that was not requested."""

    def report(request: BaseHTTPRequestHandler) -> None:
        time.sleep(1)
        request.send_response(200)
        request.send_header("Content-Disposition", "attachment")
        request.send_header("Content-Length", "2")
        request.end_headers()
        time.sleep(0.3)
        request.wfile.write(b"ab")

    def moved(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", "/report")
        request.end_headers()

    site.routes.update({"/report": report, "/moved": moved})
    with Browser(site.page("/", f"<title>Home</title>{link}"), downloads=tmp_path) as browser:
        browser.settle()
        for _ in range(2):
            browser.perform(Click(target=aim(browser, "Get")))
            settled = browser.settle()
            assert "(2 bytes)" in settled.happened
            assert settled.by == "quiet"


@pytest.mark.parametrize("where", ["http://elsewhere.example/file", "http://localhost:{port}/end"])
def test_a_file_that_must_not_come_or_turns_out_a_page_is_not_waited_for(
    site: Site, aim: Aim, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A redirect to another site makes an order for a page of what was one for a file."""

    def moved(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", where.format(port=site.port))
        request.end_headers()

    monkeypatch.setattr(network, "FILE_SECONDS", 60.0)
    site.routes["/moved"] = moved
    site.page("/end", "<title>End</title>")
    home = site.page("/", "<a href=/moved download>Get</a>")
    with Browser(home, allow_domains=["127.0.0.1", "localhost"]) as browser:
        browser.settle()
        browser.perform(Click(target=aim(browser, "Get")))
        assert browser.settle().by == "quiet"


def test_an_answer_without_a_body_and_a_page_left_at_once_are_no_files(
    site: Site, aim: Aim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "ABORTED_FILE_SECONDS", 60.0)

    def none(request: BaseHTTPRequestHandler) -> None:
        request.send_response(204)
        request.end_headers()

    def left(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        request.wfile.write(b"<script>location = '/end'</script>" + b" " * 5000)
        request.wfile.flush()
        time.sleep(0.5)

    site.routes.update({"/none": none, "/left": left})
    site.page("/end", "<title>End</title>")
    with Browser(site.page("/", "<a href=/none>None</a> <a href=/left>Left</a>")) as browser:
        browser.settle()
        for name in ("None", "Left"):
            browser.perform(Click(target=aim(browser, name)))
            assert browser.settle().by == "quiet"
        assert browser.signals().title == "End"


def test_a_page_that_would_lose_something_asks_before_it_is_left(show: Show, site: Site, aim: Aim, find: Find) -> None:
    browser = show(
        "<title>Draft</title><input aria-label=a><script>onbeforeunload = (e) => e.preventDefault()</script>"
    )
    browser.perform(Click(target=aim(browser, "a")))
    there = site.page("/next", "<title>Next")
    for way in (Navigate(url=there), Reload()):
        browser.perform(way)
        browser.settle()
        assert browser.signals().dialog.startswith("Leave this page?")
        assert find(browser, "Leave", "button").description.startswith("Leave this page?")
        assert "the browser asked" in browser.perform(Click(target=aim(browser, "Cancel", "button")))
        browser.settle()
        assert (browser.signals().title, browser.signals().dialog) == ("Draft", "")
    browser.perform(Tabs(do="new"))
    browser.perform(Tabs(do="switch", index=0))
    browser.perform(Tabs(do="close", index=0))
    assert browser.signals().dialog
    browser.perform(Key(keys="escape"))
    assert browser.signals().title == "Draft"
    browser.perform(Navigate(url=there))
    browser.perform(Click(target=aim(browser, "Leave", "button")))
    browser.settle()
    assert browser.signals().title == "Next"
    browser.perform(Tabs(do="close", index=1))


def test_looking_while_a_page_goes_on_to_another_shows_one_of_them(
    show: Show, site: Site, aim: Aim, find: Find
) -> None:
    def slow(request: BaseHTTPRequestHandler) -> None:
        from contextlib import suppress

        time.sleep(0.5)
        with suppress(OSError):
            request.send_response(200)
            request.end_headers()
            request.wfile.write(b"<title>Slow</title><p>arrived")

    site.routes["/slow"] = slow
    browser = show("<title>Fast</title><a href=/slow>go</a>")
    browser.perform(Click(target=aim(browser, "go")))
    seen = {browser.signals().title for _ in range(100)}
    assert seen <= {"Fast", "Slow", ""}
    browser.settle()
    assert find(browser, "arrived")


def test_a_download_that_never_ends_is_reported_once_and_holds_up_nothing_more(
    site: Site, aim: Aim, tmp_path: Path
) -> None:
    released = threading.Event()

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Disposition", 'attachment; filename="film.bin"')
        request.end_headers()
        with suppress(OSError):
            while not released.wait(0.02):
                request.wfile.write(b"x" * 100)

    site.routes["/film"] = endless
    try:
        with Browser(site.page("/", "<a href=/film>Get</a>"), downloads=tmp_path) as browser:
            browser.settle()
            browser.perform(Click(target=aim(browser, "Get")))
            settled = browser.settle(cap=1.5)
            assert (settled.by, settled.happened) == ("cap", "the download of film.bin began and has not ended yet")
            assert browser.signals().downloads == 1
            again = browser.settle(cap=1.5)
            assert (again.by, again.happened) == ("quiet", "")
            released.set()
            until = time.monotonic() + 10
            while not (message := browser.settle().happened) and time.monotonic() < until:
                time.sleep(0.05)
            assert "film.bin" in message
            assert browser.signals().downloads == 1
    finally:
        released.set()
