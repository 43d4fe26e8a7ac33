"""`handeye ui` in a real browser: runs are started, watched, approved, paused, taken over and stopped."""

from __future__ import annotations

import http.client
import json
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

from handeye.perception.engines.options import EngineOptions
from handeye.scenarios.results import ATTEMPTS, Attempt, ScenarioResult
from handeye.scenarios.ui.form import config_of
from handeye.scenarios.ui.run_index import RunIndex
from handeye.scenarios.ui.run_process import RunProcesses
from handeye.tools.browser.launch import flags, need_chromium
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(300)

SHOP = """<!doctype html><meta charset=utf-8><title>Shop</title><h1>Shop</h1>
<label>Search <input style="position: absolute; left: 0; top: 200px; width: 800px; height: 100px"
  oninput="said.textContent = 'Found: ' + value"></label>
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
    (folder / "secrets.toml").write_text('till = "tulip-77"\n')
    (folder / "secrets.toml").chmod(0o600)
    line = [sys.executable, "-m", "handeye.agent", "ui", "--port", "0", "--no-open", "--secrets", "secrets.toml"]
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
    page.get_by_text("Model options").click()
    page.get_by_label("max-tiles").fill("6")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/run/runs/*")


def test_the_form_knows_secrets_by_their_names_alone(page: Page) -> None:
    page.get_by_label("Goal").fill("log in with password ")
    page.get_by_role("button", name="till").click()
    expect(page.get_by_label("Goal")).to_have_value("log in with password {{secret:till}}")
    assert "tulip" not in page.content()
    given = {"goal": "type x", "on": "about:blank", "max_steps": "3", "allow_domains": "a.test, b.test", "v2pe": "1/4"}
    config = config_of({**given, "fast": True, "quantize": "4bit", "cache_mb": "", "headed": False}, None)
    assert (config.max_steps, config.allow_domains, config.secrets) == (3, ("a.test", "b.test"), "")
    assert config.options == EngineOptions(fast=True, quantize="4bit", v2pe=0.25)
    for wrong, said in (
        ({"max_tiles": "many"}, "max-tiles must be a whole number, got 'many'"),
        ({"max_steps": "few"}, "max-steps .*'few'"),
        ({"max_steps": "-5"}, "max-steps must be at least 1, got -5"),
        ({"max_steps": 0}, "max-steps must be at least 1, got 0"),
        ({"budget_seconds": "nan"}, "budget-seconds must be a finite number, got nan"),
        ({"samples": -1}, "samples must be between 1 and 64, got -1"),
    ):
        with pytest.raises(UsageError, match=said):
            config_of(given | wrong, None)


def test_a_goal_that_tells_a_secret_is_refused(ui: Ui) -> None:
    with pytest.raises(UsageError, match=r"holds the value of the secret till; write \{\{secret:till\}\} instead"):
        config_of({"goal": "type tulip-77 into Password"}, ui.folder / "secrets.toml")


def test_a_run_is_started_displayed_and_approved(page: Page, shop: str, ui: Ui) -> None:
    assert "token" not in page.url
    start(page, 'type "lamp" into Search, click "Buy now"', shop)
    expect(page.locator("#question")).to_contain_text("buy")
    (kept,) = (json.loads(each.read_text()) for each in ui.folder.glob("runs/*/run.json"))
    assert kept["config"]["options"]["max_tiles"] == 6
    assert kept["config"]["secrets"] == str(ui.folder / "secrets.toml")
    report = page.frame_locator("#pages iframe.shown").last
    expect(report.locator("body")).to_contain_text("lamp")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#state")).to_have_text("succeeded")
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.frame_locator("#pages iframe.shown").last.locator(".status")).to_contain_text("succeeded")
    page.goto(re.sub(r"/run/.*", "/", page.url))
    expect(page.locator(".cards li").first).to_contain_text("succeeded")


def test_a_person_takes_over_and_the_run_finds_what_he_did(page: Page, shop: str) -> None:
    start(page, 'scroll down, click "Buy now", check that the page shows "Found: chair"', shop)
    expect(page.locator("#question")).to_contain_text("buy")
    page.get_by_role("button", name="Take over").click()
    page.locator("#screen").click(position={"x": 150, "y": 200})
    page.get_by_label("Type").fill("chair")
    page.get_by_role("button", name="Type", exact=True).click()
    expect(page.get_by_label("Type")).to_have_value("")
    page.get_by_role("button", name="I did it by hand").click()
    expect(page.locator("#state")).to_have_text("paused")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#state")).to_have_text("succeeded")
    expect(page.frame_locator("#pages iframe.shown").last.locator("body")).to_contain_text("shows “Found: chair”")


def test_a_run_is_held_stopped_and_goes_on(page: Page, shop: str) -> None:
    start(page, 'type "lamp" into Search, check that the page shows "Found: lamp"', shop)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("paused")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#state")).to_have_text("interrupted")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#state")).to_have_text("succeeded")


def test_a_run_that_waits_is_answered_and_one_that_cannot_begin_says_why(page: Page, shop: str, ui: Ui) -> None:
    """The waiting one was left by a run elsewhere, at no terminal."""
    line = [sys.executable, "-m", "handeye.agent", "run", 'click "Buy now"', "--on", shop, "--run-dir", "runs/mine"]
    asked = subprocess.run(line, cwd=ui.folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    assert asked.returncode == 4
    page.goto(re.sub(r"(http://[^/]+).*", r"\1/run/runs/mine", page.url))
    expect(page.locator("#question")).to_contain_text("buy")
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator("#state")).to_have_text(re.compile("refused|failed"))
    start(page, "make the world a better place", shop)
    expect(page.locator("#state")).to_have_text("broken")
    expect(page.locator("#reason")).to_contain_text("better place")


def test_requests_without_the_token_are_refused(ui: Ui) -> None:
    place = urlsplit(ui.address)
    token = place.query.removeprefix("token=")
    host, cookie = place.netloc, f"handeye-{place.port}={token}"
    kept = ui.folder / "runs" / "mine" / "downloads"
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "report.html").write_text("<script>alert(1)</script>")

    def ask(method: str, path: str, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", place.port or 0, timeout=30)
        connection.putrequest(method, path, skip_host=True)
        for name, value in ({"Host": host} | headers).items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(b"{}" if method == "POST" else None)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    assert ask("GET", "/").status == 403
    assert ask("GET", "/?token=wrong").status == 403
    assert ask("GET", "/ui.js").status == 403
    assert ask("GET", "/", Cookie=cookie[:-1]).status == 403
    let_in = ask("GET", f"/?token={token}")
    assert (let_in.status, let_in.headers["Location"]) == (303, "/")
    assert "HttpOnly" in let_in.headers["Set-Cookie"]
    assert "samesite=strict" in let_in.headers["Set-Cookie"].lower()
    seen = ask("GET", "/", Cookie=cookie)
    assert seen.status == 200
    assert "Access-Control-Allow-Origin" not in seen.headers
    assert "default-src 'none'" in seen.headers["Content-Security-Policy"]
    assert ask("GET", "/", Cookie=cookie, Host="evil.test").status == 421
    assert ask("GET", "/", Cookie=cookie, Sec_Fetch_Site="cross-site").status == 403
    post = {"Cookie": cookie, "Content_Length": "2"}
    assert ask("POST", "/start", **post).status == 403
    assert ask("POST", "/start", **post, Origin="http://evil.test").status == 403
    assert ask("POST", "/start", **post, Origin=f"http://{host}").status == 400  # an empty goal
    for path in ("/files/runs/../../../etc/passwd", "/files/runs/%2e%2e/%2e%2e/secret", "/files/etc/passwd"):
        assert ask("GET", path, Cookie=cookie).status == 404
    given = ask("GET", "/files/runs/mine/downloads/report.html", Cookie=cookie)
    assert given.headers["Content-Type"] == "application/octet-stream"
    assert given.headers["Content-Disposition"].startswith("attachment")


def test_list_has_the_status_of_attempts_and_of_runs_of_earlier_versions(tmp_path: Path) -> None:
    runs, output = tmp_path / "runs", tmp_path / "out"
    attempt = output / ATTEMPTS / "001-greets" / "run"
    for folder, record in (
        (runs / "old", {"version": 1, "verdict": "failed", "config": {"goal": "an old run"}}),
        (attempt, {"version": 2, "status": "succeeded", "config": {"goal": "click Greet"}}),
    ):
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(record))
    result = ScenarioResult(
        key="k", name="greets Bob", suite="s", file="s.yaml", line=1, status="failed",
        attempts=(Attempt(number=1, status="failed", run_status="succeeded", run=str(attempt)),),
    )  # fmt: skip
    (output / "results.jsonl").write_text(result.model_dump_json() + "\n")
    index, processes = RunIndex(runs, output), RunProcesses(runs)
    assert [(card.goal, card.state) for card in index.runs(processes)] == [("an old run", "failed")]
    assert [(card.goal, card.state) for card in index.suite_runs(processes)] == [("greets Bob", "failed")]
