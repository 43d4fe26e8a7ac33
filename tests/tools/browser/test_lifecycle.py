"""Start, loss, restart and end of the browser."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Back, Click, Navigate, Scroll, Tabs, Target, Type
from handeye.tools.browser import Browser, find_chromium
from handeye.tools.browser.launch import need_chromium
from handeye.tools.browser.playwright_errors import is_navigating, translate, translating_errors
from handeye.tools.device import Device
from handeye.tools.errors import ActionFailed, ActionRefused, DeviceLost, HandeyeError, SetupError, UsageError
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from tests.tools.browser.conftest import Aim, Find, Show, Site


def alive(pid: int | None) -> bool:
    try:
        return pid is not None and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def gone(pid: int | None, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


def chromium_of(browser: Browser) -> int:
    pid = browser._session.pid
    assert pid
    assert alive(pid)
    return pid


def test_it_fits_the_device_protocol(one_browser: Browser) -> None:
    device: Device = one_browser
    assert device.kinds >= {"click", "type", "navigate", "select", "upload"}
    assert "browser" in device.name


def test_a_screenshot_has_the_requested_size(site: Site) -> None:
    with Browser(site.page("/", "<p>x"), viewport=(800, 600)) as browser:
        shot = browser.capture()
        assert (shot.width, shot.height, shot.scale) == (800, 600, 1.0)
        assert shot.to_input((799, 599)) == (799, 599)
        with pytest.raises(ActionRefused, match="800x600"):
            browser.perform(Click(target=Target(point=Point(800, 10))))


def test_pictures_of_a_page_at_rest_are_the_same_even_with_a_caret(show: Show) -> None:
    browser = show("<input autofocus value=x>")
    digests = set()
    deadline = time.monotonic() + 1.3
    while time.monotonic() < deadline:
        digests.add(browser.capture().digest)
    assert len(digests) == 1


def test_nobody_at_the_address_is_a_setup_error_in_one_sentence(tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:9991/", "localhost:9991", str(tmp_path / "none.html"), "http://no.such.host.invalid"):
        with pytest.raises((SetupError, UsageError)) as caught:
            Browser(url)
        assert "\n" not in str(caught.value)
        assert url.rpartition("/")[2] in str(caught.value)
    with pytest.raises(SetupError, match="nothing listens there; start the server, or check the port"):
        Browser("http://127.0.0.1:9991/")


def test_a_server_that_never_answers_is_a_setup_error(site: Site) -> None:
    site.routes["/"] = lambda request: time.sleep(3)
    with pytest.raises(SetupError, match="no answer within 1 s"):
        Browser(site.url, timeout=1.0)


@pytest.mark.parametrize("text", ["", "what is this", "http://", "nope.html", "javascript:alert(1)"])
def test_what_is_no_address_is_a_mistake(text: str) -> None:
    if text:
        with pytest.raises(UsageError):
            Browser(text)


def test_no_chromium_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HANDEYE_CHROMIUM", str(tmp_path / "none"))
    assert find_chromium() is None
    with pytest.raises(SetupError, match=r"HANDEYE_CHROMIUM=.*none is no program"):
        Browser()
    monkeypatch.delenv("HANDEYE_CHROMIUM")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setattr("handeye.tools.browser.launch.PLACES", {})
    assert find_chromium() is None
    with pytest.raises(
        SetupError, match=r"no Chromium on this machine; install one \(sudo apt-get install -y chromium"
    ):
        need_chromium(headed=False)


def test_playwrights_own_chromium_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HANDEYE_CHROMIUM", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    for name in (
        "chromium-99/chrome-linux/chrome",
        "chromium-1200/chrome-linux/chrome",
        "chromium_headless_shell-1200/chrome-linux/headless_shell",
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert find_chromium() == tmp_path / "chromium_headless_shell-1200/chrome-linux/headless_shell"
    assert find_chromium(headed=True) == tmp_path / "chromium-1200/chrome-linux/chrome"


def test_of_the_systems_the_one_without_a_window_comes_first_where_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HANDEYE_CHROMIUM", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("chromium", "chromium-headless-shell"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert find_chromium() == tmp_path / "chromium-headless-shell"
    assert find_chromium(headed=True) == tmp_path / "chromium"


def test_a_program_that_is_no_chromium_is_a_setup_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDEYE_CHROMIUM", "/bin/false")
    with pytest.raises(SetupError, match="/bin/false could not be started"):
        Browser()


def test_closing_ends_chromium_and_may_be_done_twice() -> None:
    browser = Browser()
    pid = chromium_of(browser)
    browser.close()
    browser.close()
    assert gone(pid)
    for use in (browser.capture, browser.elements, browser.signals, browser.settle, browser.device_state):
        with pytest.raises(DeviceLost):
            use()
    with pytest.raises(DeviceLost):
        browser.perform(Back())


def test_a_killed_browser_is_lost_and_can_be_closed(show: Show) -> None:
    with Browser() as browser:
        pid = chromium_of(browser)
        os.kill(pid, signal.SIGKILL)
        assert gone(pid)
        with pytest.raises(DeviceLost):
            browser.capture()
    assert gone(pid)


def test_a_crashed_page_is_lost() -> None:
    with Browser() as browser:
        with suppress(DeviceLost, ActionFailed):
            browser.perform(Navigate(url="chrome://crash"))
            browser.settle(2)
        with pytest.raises(DeviceLost, match="crashed"):
            browser.capture()


def test_a_page_that_hangs_is_given_up_after_the_time_out(site: Site, aim: Aim) -> None:
    page = site.page("/", "<button onclick='for (;;);'>Hang</button>")
    with Browser(page, timeout=2.0) as browser:
        browser.settle()
        target = aim(browser, "Hang")
        began = time.monotonic()
        with pytest.raises((DeviceLost, ActionFailed), match=r"answered for 7 s|within 2 s"):
            (browser.perform(Click(target=target)), browser.capture())
        assert time.monotonic() - began < 25
        pid = chromium_of(browser)
    assert gone(pid)


def test_it_can_be_used_inside_an_event_loop(site: Site) -> None:
    async def inside() -> str:
        with Browser(site.page("/", "<title>Loop</title>")) as browser:
            return browser.signals().title

    assert asyncio.run(inside()) == "Loop"


def test_an_exception_in_the_block_ends_chromium() -> None:
    pids = []

    def interrupted() -> None:
        with Browser() as browser:
            pids.append(chromium_of(browser))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert gone(pids[0])


SCRIPT = """
import sys, time
from handeye.tools import Browser
browser = Browser()
print(browser._session.pid, flush=True)
{then}
"""


@pytest.mark.parametrize(
    ("then", "sent"),
    [
        ("browser.settle(); del browser", None),
        ("sys.exit(3)", None),
        ("from handeye.tools.actions import Wait; browser.perform(Wait(seconds=60))", signal.SIGINT),
        ("from handeye.tools.actions import Wait; browser.perform(Wait(seconds=60))", signal.SIGKILL),
        ("from handeye.tools.actions import Wait; browser.perform(Wait(seconds=60))", signal.SIGTERM),
    ],
    ids=["forgotten", "exit", "ctrl-c", "killed", "terminated"],
)
def test_chromium_ends_with_its_program(then: str, sent: signal.Signals | None) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(then=then)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout
    pid = int(program.stdout.readline())
    if sent:
        time.sleep(0.3)
        program.send_signal(sent)
    _, errors = program.communicate(timeout=30)
    assert gone(pid)
    if sent is signal.SIGINT:
        assert b"KeyboardInterrupt" in errors
    assert b"Task" not in errors
    assert b"never" not in errors


def test_ctrl_c_leaves_the_browser_usable(site: Site) -> None:
    """One Ctrl-C in a terminal reaches every process of the group; the run must still be able to write its books."""
    then = f"""
from handeye.tools.actions import Wait, Navigate
browser.perform(Navigate(url={site.page("/", "<title>Still here</title>")!r}))
browser.settle()
try:
    browser.perform(Wait(seconds=60))
except KeyboardInterrupt:
    print(browser.signals().title, browser.device_state()["url"], flush=True)
browser.close()
"""
    program = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(then=then)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert program.stdout
    pid = int(program.stdout.readline())
    time.sleep(1.5)
    os.killpg(program.pid, signal.SIGINT)
    output, _ = program.communicate(timeout=30)
    assert output.decode().split() == ["Still", "here", f"{site.url}/"]
    assert gone(pid)


def test_a_fresh_browser_comes_back_to_where_the_old_one_was(site: Site) -> None:
    def home(request: BaseHTTPRequestHandler) -> None:
        body = (
            "<title>Home</title><div style='height:4000px'>long</div><script>if (!localStorage.seen) { localStorage.seen = 'yes';"
            "sessionStorage.token = 'abc'; document.cookie = 'who=ada; path=/' } document.title = [localStorage.seen,"
            "sessionStorage.token, document.cookie]</script>"
        )
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.send_header("Set-Cookie", "session=s1; HttpOnly; Path=/")
        request.end_headers()
        request.wfile.write(body.encode())

    site.routes["/"] = home
    with Browser(site.url) as browser:
        browser.perform(Tabs(do="new"))
        browser.perform(Navigate(url=site.page("/two", "<title>Two</title>")))
        browser.settle()
        browser.perform(Tabs(do="switch", index=0))
        browser.perform(Scroll(amount=7))
        browser.settle()
        device_state = json.loads(json.dumps(browser.device_state()))
    assert device_state["url"] == site.url + "/"
    with Browser() as browser:
        browser.restore(device_state)
        browser.settle()
        signals = browser.signals()
        assert signals.title == "yes,abc,who=ada"
        assert signals.tabs == ("yes,abc,who=ada", "Two")
        assert signals.tab == 0
        assert any(each["name"] == "session" for each in browser.device_state()["storage_state"]["cookies"])
        assert browser.device_state()["scroll"] == [0, 700]


def test_coming_back_to_a_page_that_is_gone_is_a_setup_error() -> None:
    with Browser() as browser, pytest.raises(SetupError, match=r"coming back to http://127\.0\.0\.1:9991/"):
        browser.restore({"url": "http://127.0.0.1:9991/", "tabs": ["http://127.0.0.1:9991/"], "tab": 0})


def test_the_state_can_be_noted_cheaply_and_typing_is_fast(show: Show, find: Find) -> None:
    browser = show("<textarea aria-label=Note></textarea>")
    note = find(browser, "Note")
    browser.perform(Type(text="a" * 200, target=Target(point=note.box.centre)))
    assert find(browser, "Note").value == "a" * 200


KNOWN = [
    (
        "Page.goto: net::ERR_CONNECTION_REFUSED at http://x/\nCall log:\n  - navigating",
        ActionFailed,
        "nothing listens there",
    ),
    ("Page.goto: net::ERR_NAME_NOT_RESOLVED at http://x/", ActionFailed, "no such host"),
    ("Page.goto: net::ERR_SOMETHING_NEW at http://x/", ActionFailed, "Chromium says ERR_SOMETHING_NEW"),
    ("Page.goto: net::ERR_CERT_AUTHORITY_INVALID at https://x/", ActionFailed, "certificate is not trusted"),
    ("Page.goto: Timeout 30000ms exceeded.\nCall log:", ActionFailed, "no answer within 30 s"),
    ("Mouse.click: Target page, context or browser has been closed", DeviceLost, "went away"),
    ("Page.evaluate: Target crashed", DeviceLost, "went away"),
    ("Page.screenshot: Page crashed", DeviceLost, "went away"),
    ("Browser.new_context: Browser closed.", DeviceLost, "went away"),
    ("Connection closed while reading from the driver", DeviceLost, "went away"),
    (
        "CDPSession.send: Protocol error (Page.captureScreenshot): Unable to capture screenshot",
        ActionFailed,
        "Unable to capture",
    ),
    ("ElementHandle.fill: Malformed value", ActionFailed, "Malformed value"),
    ("", ActionFailed, "Error"),
]


@pytest.mark.parametrize(("message", "kind", "expected"), KNOWN, ids=[message[:40] for message, *_ in KNOWN])
def test_every_known_playwright_error_becomes_ours_in_one_line(
    message: str, kind: type[HandeyeError], expected: str
) -> None:
    from playwright.async_api import Error

    made = translate(Error(message), "doing it")
    assert type(made) is kind
    assert expected in str(made)
    assert str(made).startswith("doing it: ")
    assert "\n" not in str(made)
    assert "Page." not in str(made).replace("Page.captureScreenshot", "")


def test_playwrights_own_exceptions_are_translated_and_others_are_not() -> None:
    from playwright.async_api import Error
    from playwright.async_api import TimeoutError as TimedOut

    for error in (
        Error("x"),
        TimedOut("Timeout 5ms exceeded."),
        ConnectionResetError("gone"),
        Exception("Connection closed"),
    ):
        with pytest.raises(HandeyeError), translating_errors("it"):
            raise error
    with pytest.raises(SetupError), translating_errors("it", starting=True):
        raise Error("x")
    with pytest.raises(ZeroDivisionError), translating_errors("it"):
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), translating_errors("it"):
        raise KeyboardInterrupt


def test_errors_of_a_page_going_on_are_known() -> None:
    from playwright.async_api import Error

    assert is_navigating(Error("Frame.evaluate: Execution context was destroyed, most likely because of a navigation"))
    assert not is_navigating(Error("net::ERR_FAILED"))


def test_importing_the_browser_loads_no_playwright() -> None:
    code = "import sys; from handeye.tools import Browser; from handeye.tools.browser import find_chromium; print('playwright' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
