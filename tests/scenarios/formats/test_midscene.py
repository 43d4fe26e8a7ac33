"""Midscene's flows are run as they are, on a real page; a step without counterpart is an error with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from handeye.policies.plain_english.parsing import parse
from handeye.scenarios.formats.midscene_steps import map_step
from handeye.scenarios.loading import find_files, load_scenarios
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite.schema import join_steps
from handeye.scenarios.suite_run import run_all
from handeye.tools.errors import UsageError

FLOW = """web:
  serve: pages
  url: index.html
  viewportWidth: 1000
  viewportHeight: 700
agent:
  testId: todos
tasks:
  - name: adds two things
    flow:
      - aiTap: the New field
      - aiInput: lamp
        locate: New
      - aiKeyboardPress: Enter
      - aiInput: New
        value: "${THING}"
      - aiKeyboardPress:
        keyName: Enter
      - aiWaitFor: the page shows "2 items"
        timeout: 4000
      - sleep: 50
  - name: closes an advertisement
    continueOnError: true
    flow:
      - aiTap: '"No thanks"'
  - name: sees them
    flow:
      - aiHover: chair
      - aiAssert: the page shows "chair"
        errorMessage: The chair was not added
      - recordToReport: the end
"""


@pytest.fixture
def file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THING", "chair")
    return folder / "flow.yaml"


def written(file: Path, text: str = FLOW) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_a_flow_is_run_as_it_is_and_a_task_that_may_fail_stops_nothing(file: Path) -> None:
    assert find_files([written(file).parent]) == [file]
    [result] = run_all(load_scenarios(file), Settings(output=file.parent / "out"), 1, 0, ())
    assert (result.name, result.status) == ("adds two things, closes an advertisement, sees them", "passed"), result
    [attempt] = result.attempts
    assert attempt.steps >= 6
    assert attempt.model_calls == 0
    assert Path(attempt.run, "report.html").exists()
    assert "No thanks" in str(attempt.measured["passed over"])


def test_a_check_that_does_not_hold_fails_with_the_flows_own_message(file: Path) -> None:
    without = FLOW.replace(
        "    continueOnError: true\n    flow:\n      - aiTap: '\"No thanks\"'\n", "    flow: [sleep: 1]\n"
    )
    text = without.replace('aiAssert: the page shows "chair"', 'aiAssert: the page shows "sofa"')
    [result] = run_all(load_scenarios(written(file, text)), Settings(output=file.parent / "out"), 1, 0, ())
    assert result.status == "failed"
    assert result.reason.startswith("The chair was not added: ")


def test_cases_of_the_newer_runner_are_scenarios_with_hooks(file: Path) -> None:
    text = (
        "page: {url: 'http://127.0.0.1:1/'}\nbeforeEach:\n  - aiTap: Start\nafterAll:\n  - aiTap: Leave\ncases:\n"
        "  - name: one\n    tags: [smoke]\n    $: {timeout: 5000}\n    steps:\n      - ai: click Save\n"
        "  - name: two\n    steps:\n      - aiAct: buy the cheapest lamp\n"
    )
    one, two = load_scenarios(written(file, text))
    assert (join_steps(one.suite.setup), join_steps(one.suite.teardown)) == ("click Start", "click Leave")
    assert (one.spec.wanted, one.spec.timeout, one.tags) == ("click Save", 5.0, frozenset({"smoke"}))
    assert two.name == "two"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"aiTap": "the Save button"}, "click the Save button"),
        ({"aiTap": {"prompt": "Save and close"}}, 'click "Save and close"'),
        ({"aiInput": "Email", "value": 'the "best"'}, 'set Email to “the "best"”'),
        ({"aiInput": "ada", "locate": "Name", "mode": "append"}, 'type "ada" into Name'),
        ({"aiInput": "Name", "value": ""}, "clear Name"),
        ({"aiKeyboardPress": "Name", "keyName": ["Control", "A"]}, "press Control+A in Name"),
        ({"aiScroll": "the list", "direction": "up", "distance": 300}, "scroll up by 300 pixels in the list"),
        ({"aiScroll": None, "scrollType": "scrollToBottom"}, "scroll to the bottom"),
        ({"aiDoubleClick": "Row"}, "double-click Row"),
        ({"aiRightClick": "Row", "deepLocate": True}, "right-click Row"),
        ({"aiString": "the total", "name": "sum"}, "remember the total as sum"),
        ({"aiQuery": "the total"}, "read the total"),
        ({"sleep": 1500}, "wait 1.5 seconds"),
        ({"aiScroll": {"locate": "Results", "scrollType": "untilTop"}}, "scroll to the top in Results"),
        ({"aiScroll": "Results", "scrollType": "scrollToBottom"}, "scroll to the bottom in Results"),
        ({"aiHover": {"prompt": "Row", "cacheable": False, "deepThink": True}}, "hover over Row"),
        ({"gotoUrl": {"url": "https://shop.example/a"}}, "go to https://shop.example/a"),
        ({"reload": {}}, "reload the page"),
    ],
)
def test_each_verb_becomes_words_that_plain_english_understands(step: dict[str, object], words: str) -> None:
    assert map_step(step).words == words
    assert parse(words)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("      - sleep: 50", "      - javascript: alert(1)", 21, "`javascript` is no step that handeye can do"),
        ("      - sleep: 50", "      - aiTap: x\n        xpath: //a", 22, "`xpath` of aiTap has no counterpart here"),
        ("      - sleep: 50", "      - sleep: soon", 21, "sleep takes milliseconds, not 'soon'"),
        ("      - sleep: 50", "      - aiTap: {prompt: x, images: [a.png]}", 21, "`images` of aiTap"),
        ("  viewportWidth: 1000", "  viewportWidth: wide", 4, "the page's size is widex700; give pixels"),
        ("web:", "android:", 1, "`android` is a device that handeye does not have"),
        ("  viewportWidth: 1000", "  userAgent: me", 4, "`userAgent` has no counterpart here"),
        ("  testId: todos", "  aiActContext: in a hurry", 7, "`aiActContext` has no counterpart here"),
        ("${THING}", "${NOTHING_OF_THE_KIND}", 16, "${NOTHING_OF_THE_KIND} is not set in the environment"),
        ("    continueOnError: true", "    continueOnEror: true", 23, "`continueOnEror` has no counterpart"),
        ("      - sleep: 50", "      - aiQuery: 'string[], the names of all rows'", 21, "a query for several things"),
        ("      - sleep: 50", "      - aiQuery: '{price: number, title?: string}'", 21, "a query for several things"),
        ("      - sleep: 50", "      - gotoUrl: ''", 21, "gotoUrl names no address"),
        ("    flow:\n      - aiTap: '\"No thanks\"'", "    flow: []", 22, "the task has no steps"),
    ],
)
def test_what_has_no_counterpart_is_reported_with_its_line(
    file: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in FLOW
    with pytest.raises(UsageError) as raised:
        load_scenarios(written(file, FLOW.replace(old, new)))
    assert said in str(raised.value)
    assert str(raised.value).startswith(f"{file}:{line}: "), raised.value


@pytest.mark.parametrize("name", ["start-page", "start.page", "START_PAGE"])
def test_any_name_in_the_environment_is_replaced_and_a_missing_one_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text = "page: {url: '${" + name + "}'}\ntasks:\n  - name: one\n    flow:\n      - aiTap: Save\n"
    with pytest.raises(UsageError, match=rf"flow.yaml:1: \$\{{{name}\}} is not set in the environment; set it"):
        load_scenarios(written(file, text))
    monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert load_scenarios(file)[0].suite.on == "http://127.0.0.1:1/"


def test_cases_that_open_their_own_pages_need_no_address(file: Path) -> None:
    opens = "    steps:\n      - gotoUrl: http://127.0.0.1:1/a\n      - aiTap: Save\n"
    one, two = load_scenarios(written(file, f"cases:\n  - name: one\n{opens}  - name: two\n{opens}"))
    assert one.spec.wanted == "go to http://127.0.0.1:1/a, click Save"
    assert (one.suite.on, two.suite.on) == ("about:blank", "about:blank")
    hooked = "beforeEach:\n  - gotoUrl: http://127.0.0.1:1/b\ncases:\n  - name: one\n    steps: [{aiTap: Save}]\n"
    assert load_scenarios(written(file, hooked))[0].suite.on == "about:blank"
    with pytest.raises(UsageError, match=r"it has no address; give .* or a first step `gotoUrl` to each case"):
        load_scenarios(written(file, f"cases:\n  - name: one\n{opens}  - name: two\n    steps: [{{aiTap: Save}}]\n"))
