"""The report of a run: HTML in a real browser, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from handeye.agent.event_log import (
    AnyEvent,
    ApprovalReceived,
    ApprovalRequested,
    Decided,
    Ended,
    EventLog,
    GroundedTarget,
    Guarded,
    Noted,
    Observed,
    Performed,
    Started,
)
from handeye.agent.report import write_report
from handeye.agent.report.markdown import run_markdown
from handeye.agent.report.run_data import run_data
from handeye.agent.report.run_page import follow_up_commands
from handeye.agent.run_folder import RunConfig
from handeye.agent.run_view import read_run_view
from handeye.perception.outcome import Outcome
from handeye.perception.usage import Usage
from handeye.policies.decision import Candidate
from handeye.tools.actions import Action, Click, Done, Drag, Scroll, Target, describe
from handeye.tools.browser.launch import flags, need_chromium
from handeye.tools.device import Settled, Signals
from handeye.tools.errors import UsageError
from handeye.tools.geometry import Box, Point
from handeye.tools.screenshot import Screenshot

SIZE = (1344, 896)
CLICK = Click(target=Target(phrase="Buy", point=Point(1000, 300), box=Box(950, 280, 1050, 320)))
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x00\x1b[31m\"'&{{ 7*7 }}"
CONFIG = RunConfig(goal="buy a lamp", on="http://127.0.0.1:1/")
STARTED = Started(
    goal=CONFIG.goal,
    on=CONFIG.on,
    device="browser",
    model="embedded",
    policy="plain",
    config=CONFIG.model_dump(mode="json"),
)
ENDED = Ended(status="succeeded", reason="all clauses done", answer="LO-1", steps=2, seconds=3.25)


class Folder:
    """A run's folder, filled as a run fills it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "screens").mkdir(parents=True)
        self.trace = EventLog(path / "trace.jsonl")

    def add(self, *events: AnyEvent) -> None:
        for event in events:
            self.trace.add(event)

    def picture(self, shade: int, size: tuple[int, int] = SIZE) -> str:
        """Keep a screenshot with a red button at (1000, 300); its digest."""
        image = Image.new("RGB", size, (shade, shade, shade))
        ImageDraw.Draw(image).rectangle((950, 280, 1049, 319), fill="red")
        shot = Screenshot(image)
        image.save(self.path / "screens" / f"{shot.digest}.webp", "WEBP", lossless=True)
        return shot.digest

    def step(self, number: int, action: Action = CLICK, outcome: Outcome | None = None, **more: Any) -> None:
        """Look and think; and act, unless it is done."""
        text = more.pop("text", "because of the goal")
        look = Observed(
            step=number,
            screen=more.pop("screen", None) or self.picture(number % 256),
            size=more.pop("size", SIZE),
            signals=Signals(url="http://127.0.0.1:1/page", title=more.pop("title", "A page")),
            outcome=outcome,
            settled=Settled(by="quiet", seconds=0.3),
            seconds=0.12,
        )
        expected = more.pop("description", None) or describe(action)
        self.add(look, Decided(step=number, reasoning=text, action=action, description=expected, seconds=1.5, **more))
        if not isinstance(action, Done):
            self.add(Guarded(step=number, decision="allow"), Performed(step=number, seconds=0.25))

    def report(self) -> str:
        return write_report(self.path).read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "a run's #1 folder")
    yield made
    made.trace.close()


@pytest.fixture
def finished(folder: Folder) -> Folder:
    """Two steps and the end."""
    folder.add(STARTED)
    folder.step(1, grounded_by="dom", confidence=0.87, raw='{"kind": "click"}', usage=Usage(calls=1, tokens_in=1200))
    changed = Outcome(kind="confirmed", evidence="the address changed to /cart", box=(100, 200, 500, 400))
    folder.step(2, Done(answer="LO-1"), changed)
    folder.add(ENDED)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(headed=False), args=flags(headed=False))
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Any) -> Iterator[Open]:
    """Open a report from disk without a network; fails if the page logs an error or sends a request."""
    complaints: list[str] = []
    contexts = []

    def open_(folder: Folder, width: int = 1440, height: int = 900, **settings: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, offline=True, **settings)
        contexts.append(context)
        page: Page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else complaints.append(r.url))
        page.goto(write_report(folder.path).as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def load_pictures(page: Page) -> None:
    page.evaluate("for (const i of document.images) i.loading = 'eager'")
    page.wait_for_function("[...document.images].every(i => i.complete && i.naturalWidth > 0)", timeout=5000)


def test_header_has_goal_status_reason_answer_and_totals(finished: Folder, opened: Open) -> None:
    header = opened(finished).locator("header.top")
    text = header.inner_text()
    for word in ("buy a lamp", "succeeded", "all clauses done", "LO-1", "3.2 s", "browser", "embedded", "handeye run"):
        assert word in text
    assert "handeye resume" not in text


def test_step_has_reasoning_outcome_source_and_durations(finished: Folder, opened: Open) -> None:
    step = opened(finished).locator(".step").first
    text = step.inner_text()
    for word in (
        "because of the goal",
        "click “Buy”",
        "confirmed",
        "the address changed to /cart",
        "dom",
        "87 %",
        "allowed",
        "observe 0.1 s",
        "decide 1.5 s",
        "act 0.2 s",
        "1 call, 1,200 tokens in",
    ):
        assert word in text
    raw = step.locator("pre")
    assert not raw.is_visible()
    step.locator("summary").click()
    assert raw.inner_text() == '{"kind": "click"}'


def test_step_has_agreement_candidates_and_cache_use(folder: Folder, opened: Open) -> None:
    usage = Usage(
        calls=6,
        tokens_in=10_000,
        tokens_out=300,
        tokens_reused=7_500,
        tokens_forced=120,
        tiles=40,
        tiles_reused=36,
        window=900.5,
    )
    samples = (Point(1000, 300), Point(1004, 301), Point(40, 50), None)
    folder.add(STARTED.model_copy(update={"config": {"options": {"v2pe": 0.25}}}))
    folder.step(
        1,
        confidence=0.4,
        usage=usage,
        groundings=(
            GroundedTarget(
                phrase="Buy", point=Point(1000, 300), by="internvl", confidence=0.4, samples=samples, votes=2
            ),
        ),
        candidates=(
            Candidate(reasoning="why", action=CLICK, description="click “Buy”", votes=2, right=0.9, score=0.6),
            Candidate(action=Done(), description="done", votes=1, right=0.25, score=0.083),
            Candidate(description="the answer holds no action " + "x" * 400, votes=1),
        ),
    )
    folder.add(ENDED.model_copy(update={"usage": usage}))
    page = opened(folder)
    load_pictures(page)
    assert page.locator(".before .ink .sample").count() == 3
    assert page.locator(".before .ink .sample").nth(2).get_attribute("cx") == "40"
    facts = page.locator(".facts").inner_text()
    for words in ("40 %, low", "40 %: 2 of 4 answers agree", "10,000 tokens in (75 % reused)", "300 out (120 forced)"):
        assert words in facts
    assert "40 tiles (90 % from the cache), positions up to 900" in facts
    rows = [row.inner_text().split("\t") for row in page.locator(".ranking tbody tr").all()]
    assert rows[:2] == [["click “Buy”", "2", "90 %", "60 %"], ["done", "1", "25 %", "8 %"]]
    assert rows[2][1:] == ["1", "not usable"]
    assert len(rows[2][0]) < 120
    header = page.locator(".totals").inner_text()
    for words in (
        "Tokens reused\n75 %",
        "Tokens forced\n120",
        "Tiles, from the cache\n40, 90 %",
        "Positions up to\n900",
    ):
        assert words in header


def test_default_positions_and_single_candidates_are_not_displayed(finished: Folder, opened: Open) -> None:
    page = opened(finished)
    text = page.locator("body").inner_text()
    for words in ("Positions", "reused", "answers agree", "Candidate actions", "%, low"):
        assert words not in text


def test_screenshots_load_from_the_folder_of_the_report(finished: Folder, opened: Open) -> None:
    page = opened(finished)
    load_pictures(page)
    sources = page.eval_on_selector_all("img", "all => all.map(i => i.getAttribute('src'))")
    assert len(sources) == 3, "before and after the first step, and the last look"
    assert all(source.startswith("screens/") for source in sources)
    assert page.locator("img[loading=lazy]").count() == 3 or page.locator("img").count() == 3


@pytest.mark.parametrize("width", [400, 1440])
@pytest.mark.parametrize("big", [False, True])
def test_mark_is_at_the_point_of_the_action(finished: Folder, opened: Open, width: int, big: bool) -> None:
    page = opened(finished, width)
    load_pictures(page)
    if big:
        page.keyboard.press("e")
    image = page.locator(".before img").first.bounding_box()
    dot = page.locator(".before .ink .dot").first.bounding_box()
    box = page.locator(".before .ink .box").first.bounding_box()
    assert image
    assert dot
    assert box
    scale = image["width"] / SIZE[0]
    assert image["height"] / SIZE[1] == pytest.approx(scale, rel=0.01)
    assert dot["x"] + dot["width"] / 2 == pytest.approx(image["x"] + 1000 * scale, abs=1)
    assert dot["y"] + dot["height"] / 2 == pytest.approx(image["y"] + 300 * scale, abs=1)
    assert (box["x"] - image["x"]) / scale == pytest.approx(950, abs=3)
    assert box["width"] / scale == pytest.approx(100, abs=6)


def test_changed_region_is_outlined_on_the_next_screenshot(finished: Folder, opened: Open) -> None:
    page = opened(finished)
    load_pictures(page)
    after = page.locator(".after").first
    rect = after.locator(".ink .changed")
    assert {name: rect.get_attribute(name) for name in ("x", "y", "width", "height")} == {
        "x": "100",
        "y": "200",
        "width": "400",
        "height": "200",
    }
    assert after.locator("img").get_attribute("src") == page.locator(".step").nth(1).locator("img").get_attribute("src")


def test_drags_and_scrolls_are_arrows(folder: Folder, opened: Open) -> None:
    folder.add(STARTED)
    drag = Drag(start=Target(point=Point(10, 20)), end=Target(point=Point(600, 700)))
    folder.step(1, drag)
    folder.step(2, Scroll(direction="up"))
    page = opened(folder)
    line = page.locator(".ink .way").first
    assert [line.get_attribute(name) for name in ("x1", "y1", "x2", "y2")] == ["10", "20", "600", "700"]
    up = page.locator(".ink .way").nth(1)
    assert int(up.get_attribute("y2") or 0) < int(up.get_attribute("y1") or 0)


def test_untrusted_text_is_never_markup(folder: Folder, opened: Open) -> None:
    words = HOSTILE + " שלום عالم"
    folder.add(STARTED.model_copy(update={"goal": words, "device": words, "on": words, "model": words}))
    folder.step(
        1, text=words, description=f"{words}!", title=words, raw=words, grounded_by=words, by=words, notes=(words,)
    )
    folder.add(
        ApprovalRequested(step=1, question=words), ApprovalReceived(step=1, answer=words), Noted(step=1, text=words)
    )
    folder.add(Noted(text=words))
    bad = Outcome(kind="unexpected", evidence=words)
    folder.step(2, outcome=bad)
    folder.add(Performed(step=2, result=words, failed=True))
    folder.add(Ended(status="broken", reason=words, answer=words, steps=1, seconds=1))
    page = opened(folder)
    load_pictures(page)
    assert page.locator("script").count() == 1
    assert page.locator("img[src=x]").count() == 0
    for place in ("h1", ".status span", ".answer p", ".reasoning", ".step h2", ".question dd", ".outcome p", "pre"):
        assert "<script>alert(1)</script>" in (page.locator(place).first.text_content() or ""), place
    assert "{{ 7*7 }}" in page.inner_text("h1")


def test_injected_script_does_not_run(finished: Folder, opened: Open, chromium: Any) -> None:
    report = write_report(finished.path)
    page_text = report.read_text(encoding="utf-8")
    report.write_text(page_text.replace("</h1>", "<script>document.title='owned'</script></h1>"), encoding="utf-8")
    page = chromium.new_page()
    page.goto(report.as_uri())
    assert "owned" not in page.title()
    page.close()


def test_long_model_output_is_cut_and_links_the_event_log(folder: Folder, opened: Open) -> None:
    folder.add(STARTED)
    folder.step(1, raw="<b>x" * 262_144, text="t" * 300_000)
    assert len(folder.report()) < 200_000
    page = opened(folder)
    page.locator("summary").click()
    assert "1,028,576 more characters" in page.locator("details").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_unfinished_run_is_named_so_with_the_resume_command(folder: Folder, opened: Open) -> None:
    folder.add(STARTED)
    folder.step(1)
    folder.trace.close()
    with (folder.path / "trace.jsonl").open("a") as trace:
        trace.write('{"event": "observed", "st')
    page = opened(folder)
    assert "unfinished" in page.inner_text(".status")
    assert "handeye resume" in page.inner_text(".commands")
    assert page.locator(".step").count() == 1


@pytest.mark.parametrize(
    ("more", "command"),
    [
        (
            {"policy": "mine:Own"},
            "handeye run 'buy a lamp' --on http://127.0.0.1:1/ --model embedded --policy mine:Own",
        ),
        (
            {"goal": 'say "it\'s"', "on": "app:gedit --new", "approve": "never", "headed": True},
            """handeye run 'say "it'"'"'s"' --on 'app:gedit --new' --model embedded --approve never --headed""",
        ),
        (
            {"goal": "x", "on": "desktop", "viewport": (800, 600), "allow_domains": ("a.b", "c.d")},
            "handeye run x --on desktop --model embedded --allow-domain a.b --allow-domain c.d --viewport 800x600",
        ),
        (
            {"model": "m", "samples": 1, "best_of": 4, "critic": "c"},
            "handeye run 'buy a lamp' --on http://127.0.0.1:1/ --model m --samples 1 --best-of 4 --critic c",
        ),
        ({"on": "browser of a script"}, None),
    ],
)
def test_command_repeats_the_run_with_the_same_settings(
    tmp_path: Path, more: dict[str, Any], command: str | None
) -> None:
    config = CONFIG.model_copy(update=more).model_dump(mode="json")
    assert follow_up_commands(tmp_path, config, "succeeded").get("Run it again") == command


def test_resumption_is_displayed_between_its_steps(folder: Folder, opened: Open) -> None:
    folder.add(STARTED)
    folder.step(1)
    folder.add(Ended(status="waiting", reason="nobody there", steps=1, seconds=1))
    folder.add(STARTED.model_copy(update={"resumed": True}))
    folder.step(2, outcome=Outcome(kind="unknown", evidence="resumed since"))
    folder.add(ENDED)
    page = opened(folder)
    kinds = page.eval_on_selector_all("main > *", "all => all.map(e => e.className)")
    assert kinds == ["step", "resumed", "step"]
    assert "after it had ended as waiting" in page.inner_text(".resumed")
    assert "succeeded" in page.inner_text(".status")
    assert "unknown" in page.locator(".step").first.inner_text()


def test_step_decided_again_after_a_crash_is_displayed_twice(folder: Folder) -> None:
    folder.add(STARTED)
    folder.add(Observed(step=1, screen=folder.picture(1), size=SIZE))
    folder.add(Decided(step=1, reasoning="first", action=CLICK, description="click A"))
    folder.add(STARTED.model_copy(update={"resumed": True}))
    folder.add(Observed(step=1, screen=folder.picture(2), size=SIZE))
    folder.add(Decided(step=1, reasoning="second", action=CLICK, description="click B"), Performed(step=1))
    text = folder.report()
    assert text.index("click A") < text.index('class="resumed"') < text.rindex("click B")


def test_refusal_and_failure_are_badges_with_their_reason(folder: Folder, opened: Open) -> None:
    folder.add(STARTED, Observed(step=1, screen=folder.picture(1), size=SIZE))
    folder.add(Decided(step=1, reasoning="t", action=CLICK, description="click it"))
    folder.add(Guarded(step=1, decision="deny", reason="evil.example is not allowed"))
    folder.add(Observed(step=2, screen=folder.picture(2), size=SIZE))
    folder.add(Decided(step=2, reasoning="t", action=CLICK, description="click it"), Guarded(step=2, decision="allow"))
    folder.add(Performed(step=2, result="it is covered", failed=True), ENDED)
    steps = opened(folder).locator(".step")
    assert steps.nth(0).locator(".badge").inner_text() == "refused"
    assert "evil.example" in steps.nth(0).inner_text()
    assert steps.nth(1).locator(".badge").inner_text() == "failed"
    assert "it is covered" in steps.nth(1).inner_text()


def test_deleted_screenshot_is_replaced_by_a_note(finished: Folder, opened: Open) -> None:
    for picture in (finished.path / "screens").iterdir():
        picture.unlink()
    page = opened(finished)
    assert page.locator("img").count() == 0
    assert page.locator(".before .gone").count() == 2


def test_screen_that_is_not_a_digest_is_never_linked(folder: Folder) -> None:
    folder.add(STARTED)
    (folder.path / "secret.webp").write_text("x")
    folder.step(1, screen="../secret")
    assert "secret.webp" not in folder.report()


def test_steps_are_selected_with_the_keyboard(folder: Folder, opened: Open) -> None:
    folder.add(STARTED)
    for number in range(1, 6):
        folder.step(number)
    page = opened(folder)
    focused = "document.activeElement.id"
    for key, step in (("j", "s1"), ("j", "s2"), ("ArrowRight", "s3"), ("k", "s2"), ("ArrowLeft", "s1"), ("k", "s1")):
        page.keyboard.press(key)
        assert page.evaluate(focused) == step
    for _ in range(9):
        page.keyboard.press("j")
    assert page.evaluate(focused) == "s5"
    page.keyboard.press("e")
    assert page.locator(".big").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".big").count() == 0
    page.locator(".frame").last.focus()
    page.keyboard.press("Enter")
    assert page.locator(".big").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(finished: Folder, opened: Open, scheme: str) -> None:
    page = opened(finished, color_scheme=scheme)
    ratio = page.evaluate(
        """() => {
          const rgb = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
          const light = c => rgb(c).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
          const ground = e => { for (; e; e = e.parentElement) {
            const b = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(b)) return b; }
            return 'rgb(255,255,255)' };
          let least = 99;
          for (const e of document.querySelectorAll('h1,h2,p,dt,dd,li,summary,code,a,strong')) {
            if (!e.innerText || !e.getClientRects().length) continue;
            const a = light(getComputedStyle(e).color), b = light(ground(e));
            least = Math.min(least, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
          }
          return least;
        }"""
    )
    assert ratio >= 4.5


@pytest.mark.parametrize("width", [360, 800, 1440])
def test_page_is_not_wider_than_the_window(finished: Folder, opened: Open, width: int) -> None:
    page = opened(finished, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_thousand_steps_open_quickly_and_stay_small(folder: Folder, opened: Open) -> None:
    folder.add(STARTED)
    picture = folder.path / "screens" / f"{folder.picture(9)}.webp"
    for number in range(1, 1001):
        outcome = Outcome(kind="confirmed", evidence="x changed", box=(10, 10, 90, 90)) if number > 1 else None
        folder.step(number, outcome=outcome, screen=f"{number:064x}")
        picture.with_name(f"{number:064x}.webp").hardlink_to(picture)
    folder.add(ENDED)
    assert len(folder.report()) < 8_000_000
    page = opened(folder)
    assert page.locator(".step").count() == 1000
    loaded = page.evaluate("[...document.images].filter(i => i.complete && i.naturalWidth).length")
    assert loaded < 200, "the others wait until they are scrolled to"
    page.keyboard.press("j")
    page.locator("nav a").last.click()
    page.locator("#s1000 .before img").wait_for()


def test_run_without_run_json_or_without_event_log_has_a_report(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"config": {"goal": "only planned"}}))
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "only planned" in page
    assert "No step was recorded" in page
    (tmp_path / "run.json").write_text("{ cut sho")
    assert "unfinished" in write_report(tmp_path).read_text(encoding="utf-8")


def test_folder_without_a_run_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a run's folder"):
        write_report(tmp_path)


def test_report_is_replaced(finished: Folder) -> None:
    assert finished.report() == finished.report()
    assert not list(finished.path.glob("*.part"))


#: What version 1 of the event log called events and fields.
_VERSION_1 = {
    '"event":"observed"': '"event":"looked"',
    '"event":"decided"': '"event":"thought"',
    '"event":"guarded"': '"event":"judged"',
    '"event":"performed"': '"event":"acted"',
    '"reasoning":': '"thought":',
    '"description":': '"said":',
    '"groundings":': '"found":',
    '"signatures":': '"sights":',
    '"decision":': '"ruling":',
    '"status":': '"verdict":',
    '"version":2': '"version":1',
}


def test_event_log_of_version_1_has_the_same_report(finished: Folder) -> None:
    page, path = finished.report(), finished.path / "trace.jsonl"
    text = path.read_text(encoding="utf-8")
    for new, old in _VERSION_1.items():
        assert new in text, new
        text = text.replace(new, old)
    path.write_text(text, encoding="utf-8")
    assert finished.report() == page


def test_markdown_has_status_answer_and_a_row_per_step(finished: Folder) -> None:
    text = run_markdown(read_run_view(finished.path))
    lines = text.splitlines()
    assert lines[0] == "## buy a lamp"
    assert "✅ **succeeded**: all clauses done" in lines
    assert "**Answer:** LO-1" in lines
    assert "| 1 | click “Buy” | ✅ confirmed | the address changed to /cart | 1.9 s |" in lines
    assert [line[:4] for line in lines if line.startswith("| ")] == ["| St", "| --", "| 1 ", "| 2 "]
    assert "handeye run 'buy a lamp'" in text


def test_untrusted_text_is_escaped_in_markdown(folder: Folder) -> None:
    words = "a | b <img src=x> [link](http://evil.test) **bold** @ada #1\n| x | `code`"
    folder.add(STARTED.model_copy(update={"goal": words}))
    folder.step(1, description=words)
    folder.add(ENDED.model_copy(update={"reason": words, "answer": words}))
    lines = run_markdown(read_run_view(folder.path)).splitlines()
    assert lines[0].startswith("## a \\| b \\<img src=x\\> \\[link\\](http://evil.test) \\*\\*bold\\*\\* ")
    assert lines[0].endswith(" @\u200bada #\u200b1 \\| x \\| \\`code\\`"), "nobody is notified"
    (row,) = [line for line in lines if line.startswith("| 1 ")]
    assert len(row.replace("\\|", "").split("|")) == 7, "five cells"


def test_many_steps_are_left_out_of_markdown_in_the_middle(folder: Folder) -> None:
    folder.add(STARTED)
    for number in range(1, 201):
        folder.step(number, screen="0" * 64)
    text = run_markdown(read_run_view(folder.path))
    assert "*80 steps are left out here*" in text
    assert len(text) < 65_536


def test_json_has_the_steps_and_relative_screenshots(finished: Folder) -> None:
    data = run_data(read_run_view(finished.path)).model_dump(mode="json")
    assert (data["goal"], data["status"], data["answer"], data["actions"]) == ("buy a lamp", "succeeded", "LO-1", 2)
    first = data["steps"][0]
    assert (first["description"], first["state"]) == ("click “Buy”", "confirmed")
    assert (finished.path / first["before"]["file"]).is_file()
    assert 'cx="1000" cy="300"' in first["before"]["marks"]
    assert 'class="changed"' in first["after"]["marks"]
