"""`handeye ui` in a real browser: runs are started, seen as they happen, approved, held, taken over and stopped."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from handeye.tools.browser.find import flags, need_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(300)

SHOP = """<!doctype html><meta charset=utf-8><title>Shop</title><h1>Shop</h1>
<label>Search <input id=q></label><button onclick="said.textContent = 'Found: ' + q.value">Search</button>
<button onclick="said.textContent = 'Order sent'">Buy now</button><p id=said></p>"""


class Ui(NamedTuple):
    """`handeye ui` at work in a folder."""

    address: str
    folder: Path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "index.html").write_text(SHOP)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    folder = tmp_path_factory.mktemp("ui")
    line = [sys.executable, "-m", "handeye.agent", "ui", "--port", "0", "--no-open"]
    process = subprocess.Popen(line, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    yield Ui(process.stdout.readline().strip(), folder)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in (0, 130, -signal.SIGINT)


@pytest.fixture(scope="module")
def page(ui: Ui) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(headed=False), args=flags(headed=False))
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        wrong: list[str] = []
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(ui.address)
        yield page
        browser.close()
    assert wrong == []


def start(page: Page, goal: str, on: str) -> None:
    page.goto(re.sub(r"(http://[^/]+).*", r"\1/", page.url))
    page.get_by_label("Goal").fill(goal)
    page.get_by_label("On", exact=True).fill(on)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/run/runs/*")


def test_a_run_is_started_seen_asked_about_and_approved(page: Page, shop: str) -> None:
    assert "token" not in page.url
    start(page, 'type "lamp" into Search, click "Search", click "Buy now"', shop)
    expect(page.locator("#question")).to_contain_text("buy")
    report = page.frame_locator("#pages iframe.shown").last
    expect(report.locator("body")).to_contain_text("lamp")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#state")).to_have_text("succeeded")
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.frame_locator("#pages iframe.shown").last.locator(".verdict")).to_contain_text("succeeded")
    page.goto(re.sub(r"/run/.*", "/", page.url))
    expect(page.locator(".cards li").first).to_contain_text("succeeded")
