"""Console messages, errors and requests of pages are logged: bounded in size, with secrets redacted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Navigate
from handeye.tools.browser import Browser
from handeye.tools.browser.page_log import MAX_ENTRIES, MAX_TEXT, read_page_log, url_without_values
from handeye.tools.device import Hooks
from handeye.tools.secrets.store import Secret, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handeye.tools.browser.page_log import PageLogEntry
    from tests.tools.browser.conftest import Site

VALUE = "tulip-77-secret"


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser() as made:
        yield made


def _until(path: Path, text: str) -> list[PageLogEntry]:
    """The log, once it tells this; what pages say takes its time."""
    for _ in range(300):
        if any(text in each.text for each in read_page_log(path)):
            break
        time.sleep(0.1)
    return list(read_page_log(path))


def test_console_errors_and_requests_are_written_down(site: Site, browser: Browser, tmp_path: Path) -> None:
    log = tmp_path / "page.jsonl"
    browser.secrets = Secrets([Secret("till", VALUE, ("127.0.0.1",))])
    long = "x" * (MAX_TEXT - 5)
    site.page(
        "/first",
        f"<script>console.warn('{VALUE}'); console.log('{long}' + '{VALUE}');"
        f"fetch('/gone?token={VALUE}#{VALUE}'); setTimeout(() => nothing.there)</script>",
    )
    browser.perform(Navigate(url=f"{site.url}/first"))
    browser.settle()
    assert not log.exists(), "before anybody says where"
    browser.attach(Hooks(page_log=log))
    found = _until(log, "/gone")
    assert VALUE[:8] not in log.read_text(encoding="utf-8")
    reported = {(each.kind, each.level, each.text, each.status) for each in found}
    assert ("console", "warning", "{{secret:till}}", 0) in reported
    assert ("request", "GET", f"{site.url}/first", 200) in reported
    assert ("request", "GET", f"{site.url}/gone?token=…", 404) in reported
    assert any(each.kind == "console" and f"{site.url}/gone?token=…" in each.text for each in found), (
        "what was not loaded"
    )
    assert any(each.kind == "error" and "nothing is not defined" in each.text for each in found)
    assert [each.at for each in found] == sorted(each.at for each in found)


def test_a_page_that_never_stops_talking_fills_no_disk(site: Site, browser: Browser, tmp_path: Path) -> None:
    log = tmp_path / "page.jsonl"
    site.page("/chatty", f"<script>for (let i = 0; i < {MAX_ENTRIES + 50}; i++) console.log('x'.repeat(5000))</script>")
    browser.attach(Hooks(page_log=log))
    browser.perform(Navigate(url=f"{site.url}/chatty"))
    for _ in range(300):
        if len(list(read_page_log(log))) >= MAX_ENTRIES:
            break
        time.sleep(0.1)
    browser.settle()
    found = list(read_page_log(log))
    assert len(found) == MAX_ENTRIES
    assert max(len(each.text) for each in found) < MAX_TEXT + 10
    browser.attach(Hooks(page_log=tmp_path / "second.jsonl"))
    site.page("/quiet", "<script>console.log('another run')</script>")
    browser.perform(Navigate(url=f"{site.url}/quiet"))
    assert any(each.text == "another run" for each in _until(tmp_path / "second.jsonl", "another run"))


def test_addresses_are_logged_without_private_parts() -> None:
    assert url_without_values("https://ada:pw@shop.example/a?q=lamp&token=1#x") == "https://shop.example/a?q=…&token=…"
    assert url_without_values("https://shop.example/a") == "https://shop.example/a"
