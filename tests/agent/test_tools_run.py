"""Custom tools in a run: off unless given, checked by the guard, journalled, and not repeated without approval."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handeye.agent import Agent, RunOptions
from handeye.agent.event_log import Decided, Guarded, Performed, read_events
from handeye.agent.run_folder import RunFolder
from handeye.policies.decision import Decision, PolicyInput
from handeye.policies.plain_english import PlainEnglish
from handeye.policies.scripted import Scripted
from handeye.tools import Browser, tool
from handeye.tools.actions import Call, Reload, parse_action
from handeye.tools.custom_tools import SHORT_CHARACTERS

ORDERS: list[str] = []


@tool(safe=True)
def stock(article: str, most: int = 9) -> str:
    """How many pieces are in stock."""
    return f"{article}: {most} " + "and more " * (500 if article == "many" else 0)


@tool
def order(article: str, count: int) -> str:
    """Order pieces."""
    ORDERS.append(f"{count} {article}")
    return "ordered"


@tool
def broken() -> str:
    """Fail."""
    raise RuntimeError("the warehouse is on fire")


class Cut:
    """A tool during which the run is cut off, with or without having done its work."""

    name, description, safe = "order", "Order pieces.", False
    schema = order.schema

    def check(self, arguments: dict[str, Any]) -> None:
        order.check(arguments)

    def use(self, arguments: dict[str, Any]) -> str:
        order.use(arguments)
        raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def _no_orders() -> None:
    ORDERS.clear()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all of these: what is on the screen matters little here."""
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(
        "<title>A page</title><button onclick='n.textContent = 1 + +n.textContent'>Count</button>"
        "<p>counted <b id=n>0</b> times</p>"
    )
    with Browser(file.as_uri()) as made:
        yield made


@pytest.fixture
def start(page: Browser, perception: Any, tmp_path: Path) -> Any:
    """An agent with these actions or this policy, and with tools, on a page as it was at first."""
    page.perform(Reload())
    page.settle()

    def make(*actions: dict[str, object], **settings: Any) -> Agent:
        settings.setdefault("policy", Scripted([parse_action(action) for action in actions]))
        settings.setdefault("tools", [stock, order, broken])
        return Agent(page, perception=perception, run_dir=tmp_path / "run", **settings)

    return make


def call(name: str, **arguments: Any) -> dict[str, object]:
    return {"kind": "call", "tool": name, "arguments": arguments}


def events(run: Any, kind: Any) -> list[Any]:
    return [event for event in read_events(run.folder / "trace.jsonl") if isinstance(event, kind)]


def test_the_result_of_a_safe_tool_is_short_in_the_history_and_complete_in_the_event_log(start: Any) -> None:
    seen: list[PolicyInput] = []

    class Watching(Scripted):
        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            seen.append(task)
            return super().choose(task, perception)

    policy = Watching(
        [Call(tool="stock", arguments={"article": "lamp"}), Call(tool="stock", arguments={"article": "many"})]
    )
    run = start(policy=policy).run("look what there is")
    assert run.status == "succeeded"
    assert [tool.name for tool in seen[0].tools] == ["stock", "order", "broken"]
    steps = seen[-1].steps
    assert [step.outcome.kind for step in steps] == ["confirmed", "confirmed"]
    assert steps[0].result == "lamp: 9 "
    assert "… (cut: the first 800 of 4,508 characters)" in steps[1].result
    acted = events(run, Performed)
    assert (acted[0].full_result, len(acted[1].full_result)) == ("", 4508)
    assert len(acted[1].result) < SHORT_CHARACTERS + 80
    assert 'use stock with article "many"' in (run.folder / "report.html").read_text().replace("&#34;", '"')


def test_a_tool_that_is_not_safe_asks_and_is_used_once_for_one_yes(start: Any) -> None:
    questions: list[str] = []

    def yes(question: str) -> str:
        questions.append(question)
        return "yes"

    run = start(call("order", article="lamp", count=2), ask=yes).run("order")
    assert (run.status, ORDERS) == ("succeeded", ["2 lamp"])
    assert 'use order with article "lamp", count 2' in questions[0]
    journal = [json.loads(line) for line in (run.folder / "journal.jsonl").read_text().splitlines()]
    assert [(line["entry"], line.get("text")) for line in journal][-1] == ("outcome", "ordered")
    assert journal[0]["action"] == call("order", article="lamp", count=2)


def test_without_a_person_a_question_pauses_the_run(start: Any) -> None:
    paused = start(call("order", article="lamp", count=2)).run("order")
    assert (paused.status, ORDERS) == ("waiting", [])


def test_never_uses_a_tool_that_was_given_and_no_other(start: Any) -> None:
    run = start(call("order", article="lamp", count=1), options=RunOptions(approve="never")).run("order")
    assert (run.status, ORDERS) == ("succeeded", ["1 lamp"])


def test_a_tool_that_was_not_given_is_off_whatever_the_approval(start: Any) -> None:
    run = start(call("order", article="lamp", count=2), tools=[stock], options=RunOptions(approve="never")).run("order")
    assert run.status != "succeeded" or not events(run, Performed)
    assert ORDERS == []
    assert "no tool of this run is called 'order'; there are: stock" in (run.folder / "trace.jsonl").read_text()
    assert not events(run, Guarded)  # no question was created


def test_invalid_arguments_return_to_the_policy_before_a_question(start: Any) -> None:
    requested: list[str] = []
    run = start(call("order", article="lamp", count="two"), ask=lambda question: requested.append(question)).run(
        "order"
    )
    assert requested == []
    assert ORDERS == []
    assert "count: Input should be a valid integer" in (run.folder / "trace.jsonl").read_text()


def test_what_a_tool_raises_does_not_break_the_run(start: Any) -> None:
    run = start(call("broken"), {"kind": "done"}, options=RunOptions(approve="never")).run("try it")
    assert run.status == "succeeded"
    acted = events(run, Performed)[0]
    assert acted.failed
    assert acted.result == "broken failed: RuntimeError: the warehouse is on fire"


@pytest.mark.parametrize(("answer", "orders"), [("yes", 1), ("no", 2)])
def test_an_uncertain_call_causes_a_question_and_is_not_repeated_without_an_answer(
    start: Any, answer: str, orders: int
) -> None:
    cut = start(call("order", article="lamp", count=1), tools=[Cut()], options=RunOptions(approve="never")).run("order")
    assert (cut.status, len(ORDERS)) == ("interrupted", 1)
    again = start(call("order", article="lamp", count=1), options=RunOptions(approve="never"))
    waiting = again.resume(RunFolder.open(cut.folder))
    assert waiting.status == "waiting"
    assert "use order with article" in waiting.reason
    assert "Was it done?" in waiting.reason
    assert len(ORDERS) == 1
    ended = again.resume(RunFolder.open(cut.folder), answer)
    assert (ended.status, len(ORDERS)) == ("succeeded", orders)


def test_calling_again_for_another_answer_is_no_circle_and_for_the_same_one_is(start: Any) -> None:
    left = iter(range(9))

    @tool(safe=True)
    def poll(same: bool) -> str:
        """Ask whether it is ready."""
        return "not yet" if same else f"{next(left)} ready"

    assert start(*[call("poll", same=False)] * 7, tools=[poll]).run("wait").status == "succeeded"


def test_calling_again_for_the_same_answer_is_stuck(start: Any) -> None:
    @tool(safe=True)
    def poll() -> str:
        """Ask whether it is ready."""
        return "not yet"

    class Stubborn(Scripted):
        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            return Decision(reasoning="again", action=Call(tool="poll"))

    assert start(tools=[poll], policy=Stubborn([])).run("wait").status == "stuck"


def test_plain_english_uses_tools_by_name(start: Any) -> None:
    goal = 'click "Count", use stock with article "lamp", most 3 and check that the page shows "counted 1 times"'
    run = start(policy=PlainEnglish()).run(goal)
    assert (run.status, run.answer) == ("succeeded", "lamp: 3 ")
    message = [event.action for event in events(run, Decided) if event.action.kind == "call"]
    assert message == [Call(tool="stock", arguments={"article": "lamp", "most": 3})]


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        (
            'click "Count", use the tool shell with command "ls"',
            "no tool of this run is called shell; there are: stock",
        ),
        ("use the broken tool", "the warehouse is on fire"),
        ('use stock with colour "red"', "the tool stock takes (article: text, most?: whole number), and no colour"),
    ],
)
def test_plain_english_fails_where_a_tool_does(goal: str, message: str, start: Any) -> None:
    run = start(policy=PlainEnglish(), options=RunOptions(approve="never")).run(goal)
    assert run.status == "failed"
    assert message in run.reason
    assert len(events(run, Performed)) == (1 if "fire" in message else 0)
