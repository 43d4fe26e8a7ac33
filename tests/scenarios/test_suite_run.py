"""Suites run on a real browser: statuses, reasons, and the files of the output folder."""

from __future__ import annotations

import json
import sys
from io import StringIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from rich.console import Console

from handeye.scenarios.environment import serve_suite
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.reporters import open_reporters
from handeye.scenarios.results import ATTEMPTS, exit_code, read_results
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite.schema import Serve
from handeye.scenarios.suite_run import run_all
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.conftest import Run

pytestmark = pytest.mark.timeout(300)  # whole suites, with a browser for each scenario

SCENARIOS = """setup:
  - type "buy milk" into New
  - press Enter
scenarios:
  - name: adds another
    steps:
      - type "walk" into New
      - press Enter
    ensures:
      - the page shows "2 items"
      - count: {role: checkbox, equals: 2}
      - element: {name: buy milk, checked: false}
    never: {text: error}
  - name: expects too much
    steps: tick "buy milk"
    ensures: the page shows "3 items"
  - name: cannot find it
    steps: click "Nowhere"
    unchecked: true
  - name: needs more
    steps: tick "walk"
    requires: the page shows "5 items"
    unchecked: true
  - name: not now
    skip: later
    goal: whatever
    unchecked: true
"""


def test_a_suite_says_what_passed_and_why_the_rest_did_not(run: Run, folder: Path) -> None:
    console = Console(file=StringIO(), width=200)
    reporters = open_reporters("list,json,junit,html", console, folder / "out")
    results = run(SCENARIOS, reporters=reporters)
    assert {each.name: each.status for each in results} == {
        "adds another": "passed",
        "expects too much": "failed",
        "cannot find it": "failed",
        "needs more": "skipped",
        "not now": "skipped",
    }
    reasons = {each.name: each.reason for each in results}
    assert reasons["expects too much"].startswith('the page shows "3 items"; the page does not show “3 items”')
    assert "Nowhere" in reasons["cannot find it"]
    assert reasons["not now"] == "later"
    assert exit_code(results) == 1
    assert [each.name for each in read_results(folder / "out" / "results.jsonl")] == [each.name for each in results]

    written = [path for each in reporters for path in each.end(results, 1.0)]
    assert {path.name for path in written} == {"results.json", "junit.xml", "report.html"}
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "✓ adds another" in told
    assert "1 passed, 2 failed, 2 skipped" in told
    assert json.loads((folder / "out" / "results.json").read_text())["counts"]["failed"] == 2
    suite = ElementTree.parse(folder / "out" / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "2", "2")
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert 'href="attempts/001-adds-another/run/report.html"' in page
    assert (folder / "out" / "attempts" / "001-adds-another" / "run" / "report.html").exists()


def test_what_must_never_be_stops_the_run(run: Run) -> None:
    steps = '[type "x" into New, press Enter, tick "x", click "y"]'
    (result,) = run(f"scenarios:\n- name: a\n  steps: {steps}\n  never: {{text: 1 items}}\n")
    assert (result.status, result.attempts[0].steps) == ("failed", 2)
    assert result.reason.startswith("never: the screen shows “1 items”")


def test_a_scenario_that_passes_later_is_flaky(run: Run, folder: Path) -> None:
    """The function holds from its second call on."""
    (folder / "mine.py").write_text(
        "from pathlib import Path\n"
        "def later(scene):\n"
        "    seen = Path(__file__).with_name('seen')\n"
        "    if seen.exists(): return True\n"
        "    seen.touch()\n"
        "    return 'not yet'\n"
    )
    (result,) = run("retries: 2\nscenarios:\n- name: a\n  steps: scroll down\n  ensures: {python: 'mine:later'}\n")
    assert (result.status, [each.status for each in result.attempts]) == ("flaky", ["failed", "passed"])
    assert exit_code([result]) == 0


def test_two_workers_run_all_of_it_and_the_next_run_replaces_its_own_files_alone(run: Run, folder: Path) -> None:
    scenarios = "scenarios:\n" + "".join(
        f'- name: number {number}\n  steps: [type "x" into New, press Enter]\n  ensures: the page shows "1 items"\n'
        for number in range(4)
    )
    assert {each.name: each.status for each in run(scenarios, workers=2)} == {f"number {n}": "passed" for n in range(4)}
    mine = folder / "out" / "mine.txt"
    mine.write_text("kept")
    assert len(run("scenarios:\n- name: one\n  steps: scroll down\n  unchecked: true\n")) == 1
    assert [each.name for each in (folder / "out" / ATTEMPTS).iterdir()] == ["001-one"]
    assert mine.read_text() == "kept"


def test_a_run_stops_after_so_many_failures(run: Run) -> None:
    scenarios = "scenarios:\n" + "".join(f"- {{name: n{n}, steps: click Nowhere, unchecked: true}}\n" for n in range(3))
    assert len(run(scenarios, max_failures=1)) == 1


ONE = "{name: a, goal: click x, unchecked: true}"
NEEDS = "needs: there is no program no-such-program-anywhere; install it"


def test_a_command_is_served_and_ended(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>Hello</h1>")
    command = f"{sys.executable} -m http.server {{port}} --bind 127.0.0.1"
    import httpx

    with serve_suite(Serve(command=command), tmp_path) as url:
        assert "Hello" in httpx.get(url).text
    with pytest.raises(httpx.HTTPError):
        httpx.get(url)


def test_a_server_that_does_not_start_is_reported_with_its_output(tmp_path: Path) -> None:
    command = f"""{sys.executable} -c 'print("no room"); raise SystemExit(3)'"""
    with (
        pytest.raises(SetupError, match=r"ended with exit code 3\): no room"),
        serve_suite(Serve(command=command), tmp_path),
    ):
        pass
    file = tmp_path / "shop.yaml"
    file.write_text(f"name: Shop\nserve:\n  folder: none\nscenarios: [{ONE}]\n")
    with pytest.raises(UsageError, match=rf"^{file}:2: the suite serves {tmp_path}/none, which is not a folder"):
        run_all(load_scenarios(file), Settings(output=tmp_path / "out"), 1, 0, ())
    file.write_text(f"serve: {{command: /no/such/program}}\nscenarios: [{ONE}]\n")
    with pytest.raises(SetupError, match=rf"^{file}:1: the suite's server '/no/such/program' cannot be started"):
        run_all(load_scenarios(file), Settings(output=tmp_path / "out"), 1, 0, ())


GIVING = """on: /sub/give.html
variables: {what: note.txt}
setup: [{step: press "Nowhere", when: "${what} != note.txt"}, press Escape]
scenarios:
  - name: gives what lies beside the suite
    steps: [{step: click "Nowhere", when: false}, 'upload "given/${what}" to Picture']
    ensures: the page shows "note.txt is here"
  - name: begins at the root
    on: /
    steps: check that the page shows "0 items"
  - name: needs a program
    needs: [sh, no-such-program-anywhere]
    steps: scroll down
    unchecked: true
"""


def test_paths_go_by_the_suites_folder_and_what_is_not_for_here_is_left_out(run: Run, folder: Path) -> None:
    (folder / "given").mkdir()
    (folder / "given" / "note.txt").write_text("x")
    (folder / "pages" / "sub").mkdir()
    (folder / "pages" / "sub" / "give.html").write_text(
        "<h1>Give</h1><label>Picture <input type=file onchange=\"p.textContent = files[0].name + ' is here'\"></label>"
        "<p id=p></p>"
    )
    console = Console(file=StringIO(), width=200)
    reporters = open_reporters("list,line,json,junit,html", console, folder / "out")
    results = run(GIVING, reporters=reporters)
    assert {each.name: (each.status, each.reason) for each in results} == {
        "gives what lies beside the suite": ("passed", ""),
        "begins at the root": ("passed", ""),
        "needs a program": ("skipped", NEEDS),
    }
    assert results[0].attempts[0].steps == 1
    written = [path.read_text(encoding="utf-8") for each in reporters for path in each.end(results, 1.0)]
    assert all(NEEDS in text for text in written)
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"needs a program 0.0 s {NEEDS}" in told
    assert f"– 1 skipped  {NEEDS}" in told


def test_what_is_skipped_is_not_served(folder: Path) -> None:
    file = folder / "todos.yaml"
    file.write_text(
        f"needs: no-such-program-anywhere\nserve: {{command: no-such-program-anywhere}}\nscenarios: [{ONE}]\n"
    )
    (result,) = run_all(load_scenarios(file), Settings(output=folder / "out"), 1, 0, ())
    assert (result.status, result.reason) == ("skipped", NEEDS)


def test_no_reporter_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown reporter 'xml'; choose list"):
        open_reporters("list,xml", Console(), tmp_path)
