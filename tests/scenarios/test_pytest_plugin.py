"""A suite is a file of tests to pytest, and a test can have a browser, a display and an agent."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)  # each starts a Python of its own, and that a browser

SUITE = """serve: {folder: pages}
scenarios:
  - name: adds one
    tags: quick
    steps: [type "x" into New, press Enter]
    ensures: the page shows "1 items"
  - name: expects too much
    steps: scroll down
    ensures: {text: 9 items}
  - name: not now
    skip: later
    goal: whatever
    unchecked: true
"""
TESTS = """
from handeye.tools.actions import Navigate

def test_it_adds(agent, handeye_browser, request):
    page = request.path.parent / "pages" / "index.html"
    handeye_browser.perform(Navigate(url=page.as_uri()))
    run = agent(handeye_browser, 'type "x" into New, press Enter, check that the page shows "1 items"')
    assert run.verdict == "succeeded", run.reason
    assert run.report.exists()

def test_a_display_is_there(handeye_desktop):
    assert handeye_desktop.capture().image.size == (1280, 800)
"""


def pytest_on(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rA", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)


def test_scenarios_are_collected_run_and_explained(folder: Path) -> None:
    (folder / "todos.yaml").write_text(SUITE, encoding="utf-8")
    done = pytest_on(folder, "todos.yaml")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed, 1 skipped" in done.stdout
    assert "todos.yaml:7: the screen shows “9 items”; it does not show “9 items”" in done.stdout
    assert "every step with its picture: " in done.stdout


@pytest.mark.long
def test_tags_choose_and_workers_share(folder: Path) -> None:
    (folder / "todos.yaml").write_text(SUITE, encoding="utf-8")
    chosen = pytest_on(folder, "todos.yaml", "-k", "quick", "-n", "2")
    assert "1 passed" in chosen.stdout, chosen.stdout + chosen.stderr


def test_a_suite_that_cannot_be_read_is_one_sentence_with_its_line(folder: Path) -> None:
    (folder / "todos.yaml").write_text("scenarios:\n  - name: a\n    stps: x\n", encoding="utf-8")
    one = "scenarios: [{name: a, goal: click x, unchecked: true}]\n"
    (folder / "away.yaml").write_text(f"serve: {{folder: none}}\n{one}", encoding="utf-8")
    (folder / "nowhere.yaml").write_text(f"on: whatever\n{one}", encoding="utf-8")
    files = ("todos.yaml", "away.yaml", "nowhere.yaml")
    done = pytest_on(folder, "--continue-on-collection-errors", *files)
    assert done.returncode == 1
    assert "away.yaml:1: the suite serves" in done.stdout
    assert "nowhere.yaml:2: `on: whatever` is not a page" in done.stdout
    assert "todos.yaml:3: `stps` is not a known key; did you mean `steps`?" in done.stdout
    assert "During handling" not in done.stdout
    assert not {"Traceback", "Error:"} & set(done.stdout.split())


def test_fixtures_give_a_browser_a_display_and_an_agent(folder: Path) -> None:
    (folder / "test_mine.py").write_text(TESTS, encoding="utf-8")
    done = pytest_on(folder, "test_mine.py")
    assert "2 passed" in done.stdout, done.stdout + done.stderr
