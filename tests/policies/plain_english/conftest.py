"""A tiny loop of see, choose, ground, perform, settle and judge over real pages, without the agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.observation import Observation
from handeye.perception.outcome import Outcome, judge
from handeye.perception.phrases.matching import shows
from handeye.policies.decision import Decision, PolicyInput, StepSummary
from handeye.policies.plain_english import PlainEnglish
from handeye.tools.actions import HAND_KINDS, Done, Remember, Wait, targets
from handeye.tools.browser.browser import Browser
from handeye.tools.errors import ActionFailed, ActionRefused

PAGES = Path(__file__).parent / "pages"


@dataclass
class Followed:
    """What became of a goal."""

    done: Done
    decisions: list[Decision] = field(default_factory=list)
    steps: list[StepSummary] = field(default_factory=list)
    observation: Observation | None = None

    @property
    def said(self) -> str:
        lines = [f"{step.reasoning} -> {step.outcome.kind}: {step.outcome.evidence}" for step in self.steps]
        return "\n".join([*lines, f"{'done' if self.done.success else 'FAILED'}: {self.done.answer}"])


def follow_goal(device: Browser, goal: str, limit: int = 60) -> Followed:
    """Carry a goal out on a device, with the same contracts as the real loop."""
    perception, policy = EmbeddedPerception(), PlainEnglish()
    policy.check(goal)
    memo: dict[str, object] = {}
    steps: list[StepSummary] = []
    decisions: list[Decision] = []
    facts: dict[str, str] = {}
    before: Observation | None = None
    for number in range(1, limit + 1):
        observation = perception.observe(device)
        if steps and before is not None and steps[-1].outcome.kind == "unknown" and not steps[-1].outcome.evidence:
            steps[-1] = steps[-1].model_copy(update={"outcome": judge(steps[-1].action, before, observation)})
        kinds = (device.kinds & HAND_KINDS) | {"zoom", "extract", "remember", "ask", "done", "wait"}
        decision = policy.choose(PolicyInput(goal, observation, tuple(steps[-12:]), facts, memo, kinds), perception)
        decisions.append(decision)
        memo = Decision.model_validate_json(decision.model_dump_json()).memo
        action = decision.action
        if isinstance(action, Done):
            return Followed(action, decisions, steps, observation)
        for target in targets(action).values():
            assert target.point is not None or perception.ground(observation, target.phrase) is not None
        result, outcome = "", Outcome(kind="unknown")
        if isinstance(action, Remember):
            facts[action.name] = action.text
            outcome = Outcome(kind="confirmed", evidence="remembered")
        elif isinstance(action, Wait) and action.text:
            for _ in range(int(action.seconds / 0.2)):
                if shows(perception.observe(device), action.text):
                    break
                device.settle(0.2)
            outcome = Outcome(kind="confirmed", evidence="waited")
        else:
            try:
                result = device.perform(action)
            except (ActionFailed, ActionRefused) as error:
                result = str(error)
                outcome = Outcome(kind="no_effect", evidence=result)
            device.settle(3.0)
        before = observation
        steps.append(
            StepSummary(number=number, reasoning=decision.reasoning, action=action, outcome=outcome, result=result)
        )
    raise AssertionError("it did not end:\n" + "\n".join(step.reasoning for step in steps))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser((PAGES / "index.html").as_uri()) as made:
        yield made


@pytest.fixture
def follow(browser: Browser) -> Callable[[str, str], Followed]:
    """Follow a goal on one of our pages."""
    from handeye.tools.actions import Navigate

    def run(page: str, goal: str) -> Followed:
        browser.perform(Navigate(url=(PAGES / page).as_uri()))
        browser.settle(3.0)
        return follow_goal(browser, goal)

    return run


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, Path]]:
    """A browser, and the page before it, which a test writes."""
    page = tmp_path_factory.mktemp("sheet") / "page.html"
    page.write_text("<p>blank")
    with Browser(page.as_uri()) as made:
        yield made, page


@pytest.fixture
def on(sheet: tuple[Browser, Path]) -> Callable[[str, str], Followed]:
    """Follow a goal on a page given as HTML."""
    from handeye.tools.actions import Navigate

    browser, page = sheet

    def run(html: str, goal: str) -> Followed:
        page.write_text(f"<!doctype html><meta charset=utf-8><title>Page</title>{html}", encoding="utf-8")
        browser.perform(Navigate(url=page.as_uri()))
        browser.settle(3.0)
        return follow_goal(browser, goal)

    return run
