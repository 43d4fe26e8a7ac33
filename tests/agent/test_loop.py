"""The loop looks, thinks, asks the guard, acts, judges what happened, and ends with an honest verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from handeye.agent import Agent, RunOptions
from handeye.agent.event_log import ApprovalRequested, Decided, Ended, Observed, Performed, read_events
from handeye.policies.decision import Decision, PolicyInput
from handeye.policies.scripted import Scripted
from handeye.tools.actions import parse_action
from handeye.tools.errors import ActionRefused, ModelError

COUNT = {"kind": "click", "target": "Count"}
IDLE = {"kind": "click", "target": "Idle"}


def outcomes(folder: Path) -> list[str]:
    events = read_events(folder / "trace.jsonl")
    return [event.outcome.kind for event in events if isinstance(event, Observed) and event.outcome]


def test_a_run_that_is_done_succeeded_and_left_its_books(follow: Any, browser: Any) -> None:
    run = follow(COUNT, COUNT, {"kind": "done", "answer": "clicked"})
    assert (run.status, run.answer, run.steps) == ("succeeded", "clicked", 2)
    assert "counted 2 times" in " ".join(element.name for element in browser.elements())
    names = {path.name for path in run.folder.iterdir()}
    assert {"run.json", "trace.jsonl", "journal.jsonl", "checkpoint.sqlite", "report.html", "screens"} <= names
    assert json.loads((run.folder / "run.json").read_text())["status"] == "succeeded"
    kinds = [event.event for event in read_events(run.folder / "trace.jsonl")]
    assert kinds == ["started", *["observed", "decided", "guarded", "performed"] * 2, "observed", "decided", "ended"]


def test_every_look_has_its_picture_and_every_action_its_outcome(follow: Any) -> None:
    run = follow(COUNT, IDLE)
    looks = [event for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Observed)]
    assert all((run.folder / "screens" / f"{look.screen}.webp").is_file() for look in looks)
    assert outcomes(run.folder)[0] == "confirmed"
    assert outcomes(run.folder)[1] in {"no_effect", "unknown"}  # the mouse over it makes the button look different


def test_the_trace_holds_the_point_that_was_clicked(follow: Any, browser: Any) -> None:
    box = next(element.box for element in browser.elements() if element.name == "Count")
    run = follow(COUNT)
    reasoning = next(event for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Decided))
    point = reasoning.action.target.point  # type: ignore[union-attr]
    assert point is not None
    assert box.holds(point)


def test_a_policy_that_gives_up_has_failed(follow: Any) -> None:
    run = follow({"kind": "done", "success": False, "answer": "it is not there"})
    assert (run.status, run.reason) == ("failed", "it is not there")


def test_the_same_click_in_vain_is_stuck_and_never_success(browser: Any, perception: Any, tmp_path: Path) -> None:
    class Stubborn(Scripted):
        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            return Decision(reasoning="again", action=parse_action(IDLE))

    run = Agent(browser, perception=perception, policy=Stubborn([]), run_dir=tmp_path / "run").run("go on and on")
    assert run.status == "stuck"
    assert "3 times" in run.reason
    assert run.steps in {4, 5, 6}  # with the steps of recovery; the first click may change the look of the button


def test_the_run_stops_after_the_step_limit_and_goes_on_with_a_higher_one(
    follow: Any, browser: Any, perception: Any
) -> None:
    from handeye.agent.run_folder import RunFolder

    run = follow(COUNT, COUNT, COUNT, COUNT, options=RunOptions(max_steps=2))
    assert (run.status, run.steps) == ("out_of_budget", 2)
    policy = Scripted([parse_action(COUNT)] * 4)
    again = Agent(browser, perception=perception, policy=policy, options=RunOptions(max_steps=9)).resume(
        RunFolder.open(run.folder)
    )
    assert (again.status, again.steps) == ("succeeded", 4)


def test_the_run_stops_when_its_time_is_used_up(follow: Any) -> None:
    run = follow({"kind": "wait", "seconds": 3.0}, COUNT, options=RunOptions(budget_seconds=3.0))
    assert (run.status, run.steps) == ("out_of_budget", 1)


def test_a_missing_target_is_reported_to_the_policy_and_ends_as_stuck(
    browser: Any, perception: Any, tmp_path: Path
) -> None:
    reported: list[str] = []

    class Hopeful(Scripted):
        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            reported.append(task.trouble)
            return super().choose(task, perception)

    policy = Hopeful([parse_action({"kind": "click", "target": "the flux capacitor"})])
    run = Agent(browser, perception=perception, policy=policy, run_dir=tmp_path / "run").run("x")
    assert run.status == "stuck"
    assert reported[0] == ""
    assert "flux capacitor" in reported[1]


def test_an_action_that_fails_is_recorded_and_the_run_goes_on(follow: Any) -> None:
    run = follow({"kind": "tabs", "do": "switch", "index": 7}, COUNT)
    acted = [event for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Performed)]
    assert [event.failed for event in acted] == [True, False]
    assert run.status == "succeeded"


def test_a_point_off_the_screen_is_refused_before_anything_happens(follow: Any) -> None:
    run = follow({"kind": "click", "target": [9000, 40]})
    assert run.status == "stuck"
    assert "off the screen (1344x896)" in run.reason


def test_a_broken_model_ends_the_run_as_broken_with_complete_files(
    browser: Any, perception: Any, tmp_path: Path
) -> None:
    class Broken(Scripted):
        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            if task.steps:
                raise ModelError("the model's server at :9 dropped the connection; start it and resume")
            return super().choose(task, perception)

    policy = Broken([parse_action(COUNT)] * 2)
    run = Agent(browser, perception=perception, policy=policy, run_dir=tmp_path / "run").run("x")
    assert (run.status, run.steps) == ("broken", 1)
    assert "dropped the connection" in run.reason
    assert run.report.is_file()


def test_a_goal_the_policy_cannot_follow_is_refused(browser: Any, perception: Any, tmp_path: Path) -> None:
    class Choosy(Scripted):
        def check(self, goal: str) -> None:
            raise ActionRefused(f"I cannot carry out “{goal}”")

    run = Agent(browser, perception=perception, policy=Choosy([]), run_dir=tmp_path / "run").run("fly")
    assert (run.status, run.steps) == ("refused", 0)


def test_a_risky_action_without_a_person_waits_and_an_answer_continues_the_run(
    site: Any, browser: Any, perception: Any, tmp_path: Path
) -> None:
    from handeye.agent.run_folder import RunFolder

    site.pages["/"] = "<h1>Files</h1><form method=post action=/gone><button>Delete all</button></form>"
    site.pages["/gone/done"] = "<h1>All gone</h1>"
    browser.perform(parse_action({"kind": "reload"}))
    policy = Scripted([parse_action({"kind": "click", "target": "Delete all"})])
    run = Agent(browser, perception=perception, policy=policy, run_dir=tmp_path / "run").run("tidy up")
    assert (run.status, site.posts) == ("waiting", [])
    assert any(isinstance(event, ApprovalRequested) for event in read_events(run.folder / "trace.jsonl"))

    still = Agent(browser, perception=perception, policy=policy).resume(RunFolder.open(run.folder))
    assert (still.status, site.posts) == ("waiting", [])

    done = Agent(browser, perception=perception, policy=policy).resume(RunFolder.open(run.folder), answer="yes")
    assert (done.status, site.posts) == ("succeeded", ["/gone"])


def test_a_refused_action_is_reported_with_its_reason_and_a_second_one_ends_the_run(
    site: Any, browser: Any, perception: Any, tmp_path: Path
) -> None:
    site.pages["/"] = "<form method=post action=/gone><button>Delete all</button></form>"
    browser.perform(parse_action({"kind": "reload"}))
    received: list[str] = []

    class Pushy(Scripted):
        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            received.extend(step.result for step in task.steps)
            return Decision(reasoning="delete", action=parse_action({"kind": "click", "target": "Delete all"}))

    agent = Agent(
        browser, perception=perception, policy=Pushy([]), run_dir=tmp_path / "run", ask=lambda _: "keep my files"
    )
    run = agent.run("tidy up")
    assert (run.status, site.posts) == ("refused", [])
    assert any("keep my files" in each for each in received)


def test_the_policy_may_ask_and_hears_the_answer(browser: Any, perception: Any, tmp_path: Path) -> None:
    received: list[str] = []

    class Curious(Scripted):
        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            received.extend(step.result for step in task.steps)
            return super().choose(task, perception)

    policy = Curious([parse_action({"kind": "ask", "question": "Which colour?"})])
    run = Agent(browser, perception=perception, policy=policy, run_dir=tmp_path / "run", ask=lambda _: "green").run("x")
    assert run.status == "succeeded"
    assert received == ["green"]


def test_what_is_read_and_remembered_reaches_the_policy_and_the_answer(
    browser: Any, perception: Any, tmp_path: Path
) -> None:
    facts: dict[str, str] = {}

    class Reader(Scripted):
        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            facts.update(task.facts)
            return super().choose(task, perception)

    script = [
        {"kind": "extract", "what": "the heading", "target": "Welcome"},
        {"kind": "remember", "name": "colour", "text": "green"},
    ]
    policy = Reader([parse_action(action) for action in script])
    run = Agent(browser, perception=perception, policy=policy, run_dir=tmp_path / "run").run("x")
    assert facts == {"the heading": "Welcome", "colour": "green"}
    assert run.answer == "Welcome"


def test_waiting_for_text_ends_when_it_shows(site: Any, follow: Any, browser: Any) -> None:
    site.pages["/late"] = "<p id=p></p><script>setTimeout(() => p.textContent = 'Ready now', 700)</script>"
    run = follow({"kind": "navigate", "url": f"{site.url}/late"}, {"kind": "wait", "text": "Ready now", "seconds": 9})
    acted = [event for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Performed)]
    assert "shows after" in acted[1].result
    assert acted[1].seconds < 8


def test_stopping_between_actions_leaves_a_run_to_resume(browser: Any, perception: Any, tmp_path: Path) -> None:
    from handeye.agent.run_folder import RunFolder

    policy = Scripted([parse_action(COUNT)] * 4)
    agent = Agent(browser, perception=perception, policy=policy, run_dir=tmp_path / "run")
    agent.listen = lambda event: agent.stop() if isinstance(event, Performed) and event.step == 2 else None
    run = agent.run("x")
    assert (run.status, run.steps) == ("interrupted", 2)
    again = Agent(browser, perception=perception, policy=policy).resume(RunFolder.open(run.folder))
    assert (again.status, again.steps) == ("succeeded", 4)
    ends = [event.status for event in read_events(run.folder / "trace.jsonl") if isinstance(event, Ended)]
    assert ends == ["interrupted", "succeeded"]
