"""A person allows once or for the run, refuses with a reason, edits, or takes over; at once or days later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from handeye.agent import Agent, RunOptions
from handeye.agent.approval import Approval, edit_action, parse_approval
from handeye.agent.event_log import ApprovalReceived, ApprovalRequested, Decided, Guarded, Performed, read_events
from handeye.agent.run_folder import RunConfig, RunFolder
from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.policies.scripted import Scripted
from handeye.tools import Browser
from handeye.tools.actions import describe, parse_action
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.agent.run_folder import RunResult

PAGE = """<h1>Files</h1><input aria-label=Note id=i>
<script>const note = (words) => { n.textContent += " " + words }</script>
<button onclick='note("one")'>Delete one</button><button onclick='note("two")'>Delete two</button>
<button onclick='note("sent")'>Send</button><button onclick='note("transferred")'>Transfer</button>
<p id=n>log:</p>"""


def click(name: str) -> dict[str, object]:
    return {"kind": "click", "target": name}


def log(browser: Browser) -> str:
    return next(element.name for element in browser.elements() if element.name.startswith("log:"))


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        (" Yes ", Approval("yes")),
        ("always", Approval("always")),
        ("always: “send”", Approval("always", "send")),
        ("no", Approval("no")),
        ("no: too dear: look on", Approval("no", "too dear: look on")),
        ("edit: 5", Approval("edit", "5")),
        ('edit: {"text": "x"}', Approval("edit", '{"text": "x"}')),
        ("done by hand", Approval("by hand")),
        ("yes: but only the first", Approval("no", "yes: but only the first")),
        ("always allow everything", Approval("no", "always allow everything")),
        ("edit:", Approval("no", "edit:")),
    ],
)
def test_an_answer_means_what_it_says_and_otherwise_no(message: str, meant: Approval) -> None:
    assert parse_approval(message) == meant


def test_an_edit_is_words_for_the_main_thing_or_fields_as_json() -> None:
    typed = parse_action({"kind": "type", "text": "5", "target": {"phrase": "Amount", "point": [3, 4]}})
    assert describe(edit_action(typed, "6")) == "type “6” in “Amount”"
    assert describe(edit_action(typed, '{"text": "7", "target": "Note"}')) == "type “7” in “Note”"
    assert describe(edit_action(parse_action(click("Pay")), "Cancel")) == "click “Cancel”"
    assert describe(edit_action(typed, '{"kind": "key", "keys": "escape"}')) == "press escape"
    for wrong in ("{text", '{"txt": "7"}', '{"kind": "explode"}'):
        with pytest.raises(ActionRefused):
            edit_action(typed, wrong)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Any:
    page = tmp_path_factory.mktemp("page") / "files.html"
    page.write_text(f"<!doctype html><meta charset=utf-8>{PAGE}")
    with Browser(str(page)) as made:
        yield made


@pytest.fixture
def files(own: Browser) -> Browser:
    own.perform(parse_action({"kind": "reload"}))
    own.settle()
    return own


def work(
    browser: Browser, perception: Any, folder: Path, answers: list[str], *actions: dict[str, object], **more: Any
) -> RunResult:
    """A run of these actions; the person gives the answers one after the other, then leaves."""
    policy = Scripted([parse_action(action) for action in actions])
    ask = lambda _: answers.pop(0) if answers else None  # noqa: E731
    return Agent(browser, perception=perception, policy=policy, run_dir=folder, ask=ask, **more).run("tidy up")


def test_an_approval_for_the_run_covers_later_actions(files: Browser, perception: Any, tmp_path: Path) -> None:
    """Once is once, a thing is that thing, and a word is all that asks because of it."""
    one, two = click("Delete one"), click("Delete two")
    run = work(files, perception, tmp_path / "run", ["yes", "always", "always: delete"], one, one, one, two, two)
    assert run.status == "succeeded"
    assert log(files) == "log: one one one two two"
    events = list(read_events(run.folder / "trace.jsonl"))
    assert [event.answer for event in events if isinstance(event, ApprovalReceived)] == [
        "yes",
        "always",
        "always: delete",
    ]
    assert sum(isinstance(event, ApprovalRequested) for event in events) == 3
    reasons = [event.reason for event in events if isinstance(event, Guarded) and event.decision == "allow"]
    assert reasons == ["the person allowed it", *["the person allowed it for this run"] * 4]


def test_a_refusal_has_its_reason_and_no_answer_overrides_a_denial_by_rules(
    files: Browser, perception: Any, tmp_path: Path
) -> None:
    requested: list[str] = []

    class Curious(Scripted):
        def choose(self, task: Any, perception: Any) -> Any:
            requested.extend(past.result for past in task.steps)
            return super().choose(replace(task, memo={"place": len(task.steps)}), perception)  # refusals are steps too

    policy = Curious([parse_action(click("Delete one")), parse_action(click("Transfer")), parse_action(click("Send"))])
    message = ["no: keep that one", "done by hand"]
    rules = GuardPolicy(refuse_words=("transfer",))
    agent = Agent(
        files,
        perception=perception,
        policy=policy,
        run_dir=tmp_path / "run",
        ask=lambda _: message.pop(0),
        options=RunConfig.from_options(RunOptions(on=files.name), rules=rules),
    )
    assert agent.run("tidy up").status == "succeeded"
    assert log(files) == "log:"
    assert "refused: the person refused it: keep that one" in requested
    assert any("refuse-words contains “transfer”" in each for each in requested)
    assert requested[-1] == "the person did it by hand"


def test_the_guard_checks_an_edited_action_again(files: Browser, perception: Any, tmp_path: Path) -> None:
    """A harmless edit is performed, a risky one needs approval, an unusable one repeats the question."""
    answers = ["edit: Nowhere to be found", "edit: Delete two", "yes", "always: send", "edit: {", "edit: Note"]
    run = work(files, perception, tmp_path / "run", answers, click("Delete one"), click("Delete one"))
    assert run.status == "succeeded", run.reason
    assert log(files) == "log: two"
    events = list(read_events(run.folder / "trace.jsonl"))
    questions = [event.question for event in events if isinstance(event, ApprovalRequested)]
    assert questions[0].startswith(
        "Allow this? click “Delete one”: “Delete one” may not be undone (because of “delete”)"
    )
    assert "— button “Delete one” on “file://" in questions[0]
    assert any("click “Delete two”" in each for each in questions)
    assert not any(isinstance(event, Performed) and event.failed for event in events)


def test_a_run_that_waits_is_answered_later_even_by_an_edit(files: Browser, perception: Any, tmp_path: Path) -> None:
    actions = [parse_action({"kind": "type", "text": "draft", "target": "Note"}), parse_action(click("Send"))]
    agent = Agent(files, perception=perception, policy=Scripted(actions), run_dir=tmp_path / "run", ask=None)
    run = agent.run("send a note")
    assert run.status == "waiting"
    for answer in ("always: pay", "edit: Delete one"):  # neither is the end of it: the first is not what it asks about
        run = agent.resume(RunFolder.open(run.folder), answer)
        assert run.status == "waiting", run.reason
    assert "Delete one" in run.reason
    assert "log:" in log(files)
    run = agent.resume(RunFolder.open(run.folder), "yes")
    assert run.status == "succeeded", run.reason
    assert log(files) == "log: one"
    thoughts = [event for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Decided)]
    assert thoughts


def test_a_run_that_is_stopped_at_a_question_is_interrupted_and_asks_again(
    files: Browser, perception: Any, tmp_path: Path
) -> None:
    policy = Scripted([parse_action(click("Send"))])
    stopped = Agent(files, perception=perception, policy=policy, run_dir=tmp_path / "run", ask=lambda _: stopped.stop())
    assert stopped.run("send a note").status == "interrupted"
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return "yes"

    again = Agent(files, perception=perception, policy=policy, ask=ask)
    assert again.resume(RunFolder.open(tmp_path / "run")).status == "succeeded"
    assert len(questions) == 1
    assert "Send" in questions[0]
