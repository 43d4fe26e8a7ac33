"""The suite's report in a real browser, opened from disk, and which runs are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from rich.console import Console

from handeye.agent.options import RunOptions
from handeye.agent.report.run_data import MarkedScreenshot, StepData
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.reporters.html import HtmlReporter, render_suite_page
from handeye.scenarios.reporters.suite_view import AttemptView, CheckView, ScenarioView, SuiteView
from handeye.scenarios.retention import parse_retention
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all
from handeye.tools.browser.launch import flags, need_chromium
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.retention import Retention

pytestmark = pytest.mark.timeout(300)

PAGE = """<!doctype html><meta charset=utf-8><title>Shop</title><h1>Shop</h1>
<label>Name <input id=n></label><button onclick="p.textContent = 'Hello ' + n.value">Greet</button><p id=p></p>
<script>
console.error("the shelf is empty </script".concat(">"), "tulip-77-secret")
fetch("/missing.json?token=tulip-77-secret&page=2")
setTimeout(() => { throw new Error("the till is stuck") })
</script>"""

SUITE = """serve: {folder: pages}
retries: 1
scenarios:
  - {name: greets Ada, tags: smoke, steps: 'type "Ada" into Name, click "Greet"',
     ensures: 'the page shows "Hello Ada"'}
  - {name: "greets </script><b>Bob</b>", retries: 0, steps: 'type "Bob" into Name, click "Greet"',
     ensures: 'the page shows "Hello Rob"'}
  - {name: at the second try, steps: 'click "Greet"', ensures: {python: 'counting:second'}}
  - {name: not today, skip: later, unchecked: true, goal: none}
"""

COUNTING = """from pathlib import Path

def second(scene):
    file = Path(__file__).with_name("count")
    count = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(count))
    return count % 2 == 0 or "only the first time"
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "counting.py").write_text(COUNTING, encoding="utf-8")
    (folder / "shop.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "secrets.toml").write_text('till = "tulip-77-secret"\n', encoding="utf-8")
    (folder / "secrets.toml").chmod(0o600)
    return folder


def _run(suite: Path, output: str, trace: Retention = "on", only: tuple[str, ...] = ()) -> list[ScenarioResult]:
    out = suite / output
    (suite / "count").unlink(missing_ok=True)
    settings = Settings(output=out, options=RunOptions(secrets=str(suite / "secrets.toml")), anchors=False, trace=trace)
    scenarios = [scenario for scenario in load_scenarios(suite / "shop.yaml") if not only or scenario.name in only]
    results = run_all(scenarios, settings, 1, 0, ())
    HtmlReporter(Console(), out).end(results, 12.3)
    return results


@pytest.fixture(scope="module")
def report(suite: Path) -> Path:
    _run(suite, "out")
    return suite / "out" / "report.html"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(headed=False), args=flags(headed=False))
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, report: Path) -> Iterator[Page]:
    """The report, which must neither complain nor ask for anything that is not on the disk."""
    page = chromium.new_page(viewport={"width": 1300, "height": 900})
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else wrong.append(asked.url))
    page.on("requestfailed", lambda asked: wrong.append(f"failed: {asked.url}"))
    page.goto(report.as_uri())
    yield page
    page.close()
    assert wrong == []


def _shown(page: Page) -> list[str]:
    return page.locator("#list .name:visible").all_inner_texts()


def test_results_are_filtered_by_status_tag_and_words(opened: Page) -> None:
    assert _shown(opened) == ["greets Ada", "greets </script><b>Bob</b>", "at the second try", "not today"]
    opened.get_by_role("button", name="1 flaky").click()
    assert _shown(opened) == ["at the second try"]
    opened.get_by_role("button", name="1 failed").click()
    assert _shown(opened) == ["greets </script><b>Bob</b>", "at the second try"]
    expect(opened.get_by_role("status").filter(has_text="2 of 4 shown")).to_be_visible()
    for name in ("1 flaky", "1 failed"):
        opened.get_by_role("button", name=name).click()
    opened.get_by_label("Tag").select_option("smoke")
    assert _shown(opened) == ["greets Ada"]
    opened.get_by_label("Tag").select_option("")
    opened.keyboard.press("/")
    opened.keyboard.type("GREETS bob")
    assert _shown(opened) == ["greets </script><b>Bob</b>"]
    opened.keyboard.type("nobody")
    expect(opened.get_by_text("No scenario matches.")).to_be_visible()
    opened.keyboard.press("Escape")
    assert len(_shown(opened)) == 4


def test_the_first_failure_is_displayed_with_its_checks_and_the_page_log(opened: Page) -> None:
    detail = opened.get_by_role("main")
    expect(detail.get_by_role("heading", level=2)).to_contain_text("greets </script><b>Bob</b>")
    checks = detail.locator(".checks")
    expect(checks).to_contain_text('the page shows "Hello Rob"')
    expect(checks).to_contain_text("Hello Bob")
    assert checks.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
    expect(detail.get_by_role("region", name="Console")).to_contain_text("the till is stuck")
    detail.get_by_text("Network").click()
    network = detail.get_by_role("region", name="Network")
    expect(network.get_by_role("row").filter(has_text="missing.json")).to_contain_text("404")
    expect(network).to_contain_text("missing.json?token=…&page=…")
    detail.get_by_role("link", name="The run’s own report").click()
    expect(opened.get_by_text("run report")).to_be_visible()


def test_attempts_are_linked_and_steps_gone_through_by_keys(opened: Page) -> None:
    opened.keyboard.press("/")
    opened.keyboard.type("second")
    opened.keyboard.press("ArrowDown")
    detail = opened.get_by_role("main")
    attempts = detail.get_by_role("navigation", name="Attempts")
    expect(attempts.locator("[aria-current]")).to_contain_text("Attempt 2 passed")
    attempts.get_by_role("link", name="Attempt 1").click()
    expect(detail.locator(".reason")).to_contain_text("only the first time")
    opened.go_back()
    expect(attempts.locator("[aria-current]")).to_contain_text("Attempt 2")

    slider = detail.get_by_role("slider", name="Step")
    expect(slider).to_have_value("1")
    before, after = detail.locator(".stage img").all()
    assert before.get_attribute("src") != after.get_attribute("src")
    assert "attempts/003-at-the-second-try-attempt-2/run/screens/" in (after.get_attribute("src") or "")
    assert detail.locator(".stage .ink .ring").count() == 1, "where it pressed"
    assert detail.locator(".stage .ink .changed").count() == 1, "and what that changed"
    opened.keyboard.press("ArrowRight")
    expect(slider).to_have_value("2")
    opened.keyboard.press("ArrowLeft")
    expect(slider).to_have_value("1")
    opened.keyboard.press("p")
    expect(slider).to_have_value("2")
    expect(detail.get_by_role("button", name="Play")).to_be_visible()
    opened.keyboard.press("e")
    expect(opened.get_by_role("dialog")).to_be_visible()
    opened.keyboard.press("Escape")
    expect(opened.get_by_role("dialog")).to_be_hidden()


def test_it_can_be_read_in_the_dark_and_on_a_phone_and_where_the_keyboard_is(chromium: Browser, report: Path) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 740}, color_scheme="dark")
    page.goto(report.as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 21, 20)"
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    lines = """() => {
      for (const each of document.querySelectorAll("details")) each.open = true
      const level = document.querySelector("td.tone"), words = document.createRange()
      level.textContent = "warning"
      words.selectNodeContents(level)
      return words.getClientRects().length
    }"""
    assert page.evaluate(lines) == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.reload()
    seen = []
    for _ in range(4):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", seen
    assert seen == ["Skip to the scenario", "search", "1 failed", "1 flaky"]
    nameless = page.evaluate(
        "[...document.querySelectorAll('a, button, input, select')].filter((each) => !each.closest('[hidden]') &&"
        " !(each.textContent.trim() || each.ariaLabel || each.labels?.length)).length"
    )
    assert nameless == 0
    page.close()


def test_two_hundred_steps_stay_small_and_are_scrubbed(chromium: Browser, tmp_path: Path) -> None:
    Image.new("RGB", (1344, 896), "white").save(tmp_path / "a.webp")
    marks = '<rect class="changed" x="10" y="10" width="500" height="300" rx="3"/>' * 2
    shot = MarkedScreenshot(file="a.webp", size=(1344, 896), marks=marks)
    steps = tuple(
        StepData(
            number=n, description=f"click “Row {n}”", reasoning="t" * 600, evidence="e" * 600, by="internvl",
            state="confirmed",
            at=f"2026-01-01T00:{n // 60:02}:{n % 60:02}.000+00:00", calls=2, tokens_in=9000, tokens_out=40,
            seconds=1.5, before=shot, after=shot,
        )
        for n in range(1, 201)
    )  # fmt: skip
    check = CheckView(when="ensures", state="unknown", expected="it is fine", observed="it cannot be told")
    attempt = AttemptView(
        number=1, status="failed", step_count=200, model_calls=400, tokens=1_808_000, checks=(check,), steps=steps
    )
    result = ScenarioView(
        number=0, name="long", suite="s", file="s.yaml", line=1, status="failed", reason="no", attempts=(attempt,)
    )
    text = render_suite_page(SuiteView(seconds=300, counts={"failed": 1}, results=(result,)))
    assert len(text.encode()) < 1_000_000, "pictures lie beside it"
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    page = chromium.new_page(viewport={"width": 1300, "height": 1400})
    page.goto((tmp_path / "report.html").as_uri())
    slider = page.get_by_role("slider", name="Step")
    slider.fill("150")
    expect(page.locator(".words h3")).to_contain_text("150. click “Row 150”")
    expect(page.locator(".track [aria-current]")).to_be_in_viewport()
    page.get_by_text("Model calls", exact=True).last.click()
    expect(page.get_by_role("region", name="Model calls").get_by_role("row").nth(1)).to_contain_text("9,000")
    page.get_by_role("region", name="Model calls").get_by_role("button", name="Show step 7", exact=True).click()
    expect(slider).to_have_value("7")
    page.close()


def test_a_hidden_value_stands_nowhere_in_the_output(report: Path) -> None:
    logs = list(report.parent.glob("attempts/*/run/page.jsonl"))
    assert logs
    assert all("{{secret:till}}" in log.read_text(encoding="utf-8") for log in logs)
    for path in [report, *logs, report.parent / "results.jsonl"]:
        assert "tulip-77" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(("trace", "runs"), [("retain-on-failure", ["002"]), ("off", ["001", "002", "002"])])
def test_trace_modes_select_the_stored_runs(suite: Path, trace: Retention, runs: list[str]) -> None:
    out = suite / trace
    results = _run(suite, trace, trace, only=("greets Ada", "at the second try"))
    assert [each.status for each in results] == ["passed", "flaky"]
    kept = sorted(path.parent.name for path in out.glob("attempts/*/run"))
    assert [name[:3] for name in kept] == runs
    assert [bool(each.run) for result in results for each in result.attempts].count(True) == len(runs)
    pictures = [*out.glob("attempts/**/*.webp"), *out.glob("attempts/**/*.png")]
    assert bool(pictures) == (trace != "off")
    if trace == "retain-on-failure":
        assert kept == ["002-at-the-second-try"], "the attempt that failed"
    else:
        assert "run's folder any more" in (out / "attempts" / kept[0] / "run" / "report.html").read_text("utf-8")
        assert "screens/" not in (out / "report.html").read_text("utf-8")


def test_an_unknown_trace_mode_is_reported() -> None:
    with pytest.raises(UsageError, match=r"--trace 'sometimes' is unknown; choose one of on, retain-on-failure, off"):
        parse_retention("sometimes")
