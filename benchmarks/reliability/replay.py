"""What doing scenarios again costs: model calls the first time, the second, in other clothes, and with the target gone.

A stand-in for a model reads the pictures it is given: it knows what to do for each goal, and finds things by their
text. Everything else is what a real model works with: policy, prompts, grounding, the loop and a real browser.
"""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.reliability.replay_site import PLANS, Plan, page
from benchmarks.reliability.telling import Figure, say
from handeye.agent.options import RunOptions
from handeye.perception.engines.engine import Answer, OptionScores
from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.prompt import to_text
from handeye.perception.model_perception import ModelPerception
from handeye.perception.reading import ocr
from handeye.policies.internvl import InternVL
from handeye.scenarios.environment import serve_suite
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.runner import QueuedScenario, ScenarioRunner, Settings
from handeye.tools.actions import describe, parse_action
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.engines.engine import Request
    from handeye.perception.internvl.prompt import Prompt
    from handeye.scenarios.results import ScenarioResult
    from handeye.tools.geometry import Box


UNCHECKED = (
    "Other clothes: fonts, sizes, colours and places of everything, texts as before; on a canvas as well. Unchecked: "
    "the scenarios check nothing at their end, and no model may be asked, so that only the anchors tell what is gone."
)


class Reader:
    """An engine that follows a plan for each goal, and finds what it names by reading the picture."""

    name = "reader"
    profile = INTERNVL3
    notes: tuple[str, ...] = ("a stand-in that reads the picture; no model looks at it",)

    def __init__(self, plans: dict[str, tuple[dict[str, Any], ...]]) -> None:
        """`plans`: by goal, the actions to be taken."""
        self.calls = 0
        self._plans = plans

    def generate(self, request: Request) -> list[Answer]:
        """A box for what is asked for, or the next action of the goal's plan."""
        self.calls += 1
        prompt = request.prompt
        told = to_text(prompt, [0] * len(prompt.images))
        question = told.rpartition("<|im_start|>user")[2]
        phrase = question.rpartition("<ref>")[2].partition("</ref>")[0] if "<ref>" in question else ""
        return [Answer(self._place(prompt, phrase) if phrase else self._action(question))] * request.samples

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        raise NotImplementedError("a stand-in judges nothing")

    def close(self) -> None:
        """Nothing to let go of."""

    def _action(self, question: str) -> str:
        plan = next(plan for goal, plan in self._plans.items() if f"Goal: {goal}\n" in question)
        steps = [line for line in question.partition("Steps so far:")[2].splitlines() if re.match(r"\d+\. ", line)]
        done = len([line for line in steps if " wait " not in line])
        asked = question.partition("The next step was: ")[2]
        named = [each for each in plan if asked.startswith(describe(parse_action(each)))]
        action = (named or plan[done:] or ({"kind": "done"},))[0]
        if "could not be used" in question:
            action = {"kind": "done", "success": False, "answer": "it is not there"}
        return f"As planned.\n<tool_call>\n{json.dumps(action)}\n</tool_call>"

    def _place(self, prompt: Prompt, phrase: str) -> str:
        """The box of the text; of `Lamp > Add` the text after, on the line of the one before or the next below."""
        image = prompt.images[-1]
        lines = ocr.read(Screenshot(image))
        *marks, wanted = phrase.split(" > ")
        found = [each.box for each in lines if wanted.casefold() in each.name.casefold()]
        if marks:
            near = [each.box for each in lines if marks[0].casefold() in each.name.casefold()]
            found = sorted((each for each in found if near), key=lambda box: _below(near[0], box))
        if not found:
            return "[[-1, -1, -1, -1]]"
        box = found[0]
        across, down = 1000 / image.width, 1000 / image.height
        numbers = [box.left * across, box.top * down, box.right * across, box.bottom * down]
        return f"<box>[[{', '.join(str(round(each)) for each in numbers)}]]</box>"


def _below(mark: Box, box: Box) -> int:
    way = box.centre.y - mark.centre.y
    return way if way > -12 else 10_000 - way


def measure(plans: Sequence[Plan] = PLANS) -> dict[str, Any]:
    """Run the scenarios five times, and count."""
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        (folder / "site").mkdir()
        _write_suite(folder, plans, checked=True)
        first, calls_first = _run(folder, plans, "first")
        again, calls_again = _run(folder, plans, "again")
        worn, calls_worn = _run(folder, plans, "worn", clothes=True)
        gone, _ = _run(folder, plans, "gone", gone=True)
        _write_suite(folder, plans, checked=False)
        alone, _ = _run(folder, plans, "alone", gone=True, no_model=True)
    count = len(plans)
    passed = {name: sum(each.status == "passed" for each in results) for name, results in (
        ("first", first), ("again", again), ("worn", worn), ("gone", gone), ("alone", alone),
    )}  # fmt: skip
    replayed = sum(each.attempts[-1].replayed for each in again)
    return {
        "what": f"{count} scenarios on ten pages, done again by their anchors",
        "seeds": (),
        "figures": {
            "calls_first": Figure(calls_first, "model calls", "more than 0", calls_first > 0),
            "passed_first": Figure(passed["first"], f"of {count}", str(count), passed["first"] == count),
            "calls_again": Figure(calls_again, "model calls", "0", calls_again == 0),
            "passed_again": Figure(passed["again"], f"of {count}", str(count), passed["again"] == count),
            "steps_again": Figure(replayed, "steps", "more than 0", replayed > 0),
            "calls_in_other_clothes": Figure(calls_worn, "model calls", "0", calls_worn == 0),
            "passed_in_other_clothes": Figure(passed["worn"], f"of {count}", str(count), passed["worn"] == count),
            "passed_with_target_gone": Figure(passed["gone"], f"of {count}", "0", passed["gone"] == 0),
            "passed_unchecked_with_target_gone": Figure(passed["alone"], f"of {count}", "0", passed["alone"] == 0),
        },
        "details": [UNCHECKED],
    }


def _write_suite(folder: Path, plans: Sequence[Plan], *, checked: bool) -> None:
    scenarios = [
        {"name": plan.name, "goal": plan.name, "on": f"/{plan.page}.html"}
        | ({"ensures": f'the page shows "{plan.ensures}"'} if checked else {"unchecked": True})
        for plan in plans
    ]
    suite = {"serve": {"folder": "site"}, "scenarios": scenarios}
    (folder / "suite.yaml").write_text(yaml.safe_dump(suite, sort_keys=False), encoding="utf-8")


def _run(
    folder: Path, plans: Sequence[Plan], name: str, *, clothes: bool = False, gone: bool = False, no_model: bool = False
) -> tuple[list[ScenarioResult], int]:
    """The results of all scenarios, and the calls of the stand-in."""
    engine = Reader({plan.name: plan.actions for plan in plans})
    settings = Settings(output=folder / name, options=RunOptions(model="reader"), no_model=no_model)
    runner = ScenarioRunner(settings, (ModelPerception(engine, reader=ocr.read), InternVL(engine)))
    scenarios = load_scenarios(folder / "suite.yaml")
    results: list[ScenarioResult] = []
    with closing(runner), serve_suite(scenarios[0].suite.serve, folder) as served:
        for number, (scenario, plan) in enumerate(zip(scenarios, plans, strict=True)):
            html = page(plan.page, clothes=clothes, gone=plan.gone if gone else "")
            (folder / "site" / f"{plan.page}.html").write_text(html, encoding="utf-8")
            results.append(runner.run(QueuedScenario(scenario, served, number)))
            last = results[-1].attempts[-1]
            say(f"{name}: {plan.name}: {results[-1].status} {last.reason[:150]} ({last.replayed} as before)")
    return results, engine.calls
