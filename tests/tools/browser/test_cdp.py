"""A tab of a running Chromium is used over CDP and left unchanged on close."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from handeye.tools.actions import Click, Navigate, Tabs
from handeye.tools.browser import Browser
from handeye.tools.browser.launch import flags, need_chromium
from handeye.tools.device import Hooks
from handeye.tools.errors import ActionFailed, DeviceLost, SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tools.browser.conftest import Aim, Find, Site

#: The size that a person has chosen for text and pages, 125 %, as Chromium keeps it: the logarithm to the base of 1.2.
ZOOMED = {"partition": {"default_zoom_level": {"x": 1.2239010857415449}}}


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[str]:
    """A zoomed Chromium on a fine screen, listening for debuggers; its address."""
    profile = tmp_path / "profile"
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(ZOOMED))
    program = subprocess.Popen(
        [
            need_chromium(headed=True), *flags(headed=False), "--headless=new", "--remote-debugging-port=0",
            f"--user-data-dir={profile}", "--force-device-scale-factor=2", "--window-size=900,700", "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    reported = profile / "DevToolsActivePort"
    while not (reported.exists() and reported.read_text().count("\n")):
        assert program.poll() is None
        time.sleep(0.05)
    yield f"http://127.0.0.1:{reported.read_text().splitlines()[0]}"
    program.terminate()
    program.wait(20)


def pages_of(address: str) -> dict[str, str]:
    with urlopen(f"{address}/json", timeout=10) as answer:
        return {each["url"]: each["title"] for each in json.load(answer) if each["type"] == "page"}


def test_an_attached_tab_is_used_and_remains_open(
    theirs: str, site: Site, aim: Aim, find: Find, tmp_path: Path
) -> None:
    site.page("/new", "<title>New</title><p>new")
    home = site.page(
        "/", "<title>Home</title><body style='margin:0'><button style='position:absolute;left:80px;top:40px;"
        "width:100px;height:30px;border:0;background:#f00' onclick='document.title=\"Pressed\"'>Go</button>"
        "<a href=/new target=_blank>Open</a>"
    )  # fmt: skip
    asking = "<script>document.title = confirm('Sure?') ? 'Pressed' : 'No'; fetch('/ours', { method: 'POST' })</script>"
    with Browser(cdp=theirs) as browser:
        browser.perform(Navigate(url=home))
        browser.settle()
        box = find(browser, "Go").box
        assert box == (200, 100, 450, 175), "a screen of scale 2 and a page of zoom 1.25"
        image = browser.capture().image
        assert image.getpixel((box.left + 2, box.top + 2)) == (255, 0, 0)
        assert image.getpixel((box.right + 2, box.bottom + 2)) != (255, 0, 0)
        browser.perform(Click(target=aim(browser, "Go")))
        browser.settle()
        assert browser.signals().title == "Pressed"

    with Browser(cdp=theirs) as browser:  # closing has closed nothing
        assert browser.signals().title == "Pressed"
        with urlopen(f"{theirs}/json/version", timeout=10):
            pass
        sent: list[str] = []
        browser.attach(Hooks(on_request=lambda request, _: sent.append(request)))
        browser.perform(Click(target=aim(browser, "Open")))
        browser.settle()
        assert browser.signals().tabs == ("Pressed", "New"), "tabs that it opens are followed"
        mail = "<title>Mail</title><script>fetch('/theirs', { method: 'POST' })</script>"
        elsewhere = f"{theirs}/json/new?{site.page('/mail', mail)}"
        with urlopen(_put(elsewhere), timeout=10):
            pass
        browser.settle()
        assert "Mail" not in browser.signals().tabs, "tabs of their own are nobody's business"
        browser.perform(Tabs(do="close", index=1))
        browser.perform(Navigate(url=site.page("/asks", asking)))
        browser.settle()
        ok = find(browser, "OK", "button").box
        image = browser.capture().image
        blue = image.getpixel((ok.left + ok.width // 2, ok.top + 5))
        assert isinstance(blue, tuple)
        assert blue[2] > 150 > blue[0], "the dialog is drawn, and at its box"
        browser.perform(Click(target=aim(browser, "OK", "button")))
        browser.settle()
        assert browser.signals().title == "Pressed"
        assert (site.asked("/ours"), site.asked("/theirs")) == (1, 1)
        assert sent == [f"POST {site.url}/ours"], "what their other tabs send is not told"
    assert {"Pressed", "Mail"} <= set(pages_of(theirs).values())


def _put(url: str):  # type: ignore[no-untyped-def]
    from urllib.request import Request

    return Request(url, method="PUT")


def crash(browser: Browser) -> None:
    with suppress(DeviceLost, ActionFailed):
        browser.perform(Navigate(url="chrome://crash"))
        browser.settle(2)
    with pytest.raises(DeviceLost, match="crashed"):
        browser.capture()


def test_a_crashed_tab_is_opened_again_and_no_other_is_touched(theirs: str, site: Site) -> None:
    with Browser(cdp=theirs) as browser:
        browser.perform(Navigate(url=site.page("/", "<title>Home</title>")))
        browser.settle()
        device_state = browser.device_state()
        crash(browser)
        assert browser.revive()
        browser.restore(device_state)
        browser.settle()
        assert browser.signals().title == "Home"
    assert set(pages_of(theirs).values()) == {"Home"}


def test_nobody_at_the_address_and_states_that_are_not_ours_are_refused() -> None:
    with pytest.raises(SetupError, match=r"no Chromium listens at http://127\.0\.0\.1:9"):
        Browser(cdp="http://127.0.0.1:9")
    with pytest.raises(UsageError, match="has its own cookies and storage"):
        Browser(cdp="http://127.0.0.1:9", storage_state={"cookies": [], "origins": []})
