"""A click that changed nothing is helped, within bounds; one that may have done harm is never done twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from handeye.agent import Agent, RunOptions
from handeye.agent.event_log import Decided, Observed, read_events
from handeye.policies.decision import Decision, PolicyInput
from handeye.policies.scripted import Scripted
from handeye.tools.actions import parse_action


def reported(folder: Path, kind: type) -> list[Any]:
    return [event for event in read_events(folder / "trace.jsonl") if isinstance(event, kind)]


def by_recovery(folder: Path) -> list[str]:
    return [event.reasoning for event in reported(folder, Decided) if event.by == "recovery"]


def test_an_element_that_hears_no_mouse_is_pressed_itself_and_a_risky_one_is_not(site: Any, follow: Any) -> None:
    site.pages["/"] = (
        "<button onmousedown='event.preventDefault()' onclick='if (!event.isTrusted) p.textContent = `Heard`'>Bell"
        "</button><button onclick='if (!event.isTrusted) p.textContent = `Gone`'>Delete all</button><p id=p></p>"
    )
    clicks = [{"kind": "click", "target": name} for name in ("Bell", "Delete all")]
    run = follow({"kind": "reload"}, *clicks, options=RunOptions(approve="never"))
    helped = by_recovery(run.folder)
    assert len(helped) == 1
    assert "Bell" in helped[0]
    assert [look.outcome.kind for look in reported(run.folder, Observed) if look.outcome][1:] == [
        "no_effect", "confirmed", "no_effect",
    ]  # fmt: skip


def test_recovery_requests_another_way_once_from_a_policy_that_supports_it(
    browser: Any, perception: Any, tmp_path: Path
) -> None:
    received: list[str] = []

    class Stubborn(Scripted):
        adapts: Literal[True] = True

        def choose(self, task: PolicyInput, perception: Any) -> Decision:
            received.append(task.trouble)
            return Decision(reasoning="again", action=parse_action({"kind": "click", "target": "Idle"}))

    run = Agent(browser, perception=perception, policy=Stubborn([]), run_dir=tmp_path / "run").run("go on and on")
    assert run.status == "stuck"
    assert len([each for each in received if "Do something else" in each]) == 1
    assert "after it had to try something else" in run.reason
    assert len(by_recovery(run.folder)) <= 2  # bounded, however often the policy asks for the same
