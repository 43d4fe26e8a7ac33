"""Runs as training data, read back from runs that were really made."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from handeye.agent import Agent
from handeye.perception.dialects import parse_action, parse_boxes
from handeye.perception.training.data.questions import PROFILE
from handeye.perception.training.data.runs import judgements, preferences, run_samples, trajectories
from handeye.perception.training.data.shards import read_shards, write_shards
from handeye.policies.scripted import Scripted
from handeye.tools import Browser, actions
from handeye.tools.browser import find_chromium
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium on this machine")

#: Its buttons look the same under the mouse, so that both runs begin on one screen.
PAGE = """<!doctype html><title>Lamps</title><style>button { appearance: none; background: #ddd }</style>
<h1>Lamps</h1><p>Empty</p>
<button onclick="document.querySelector('p').textContent = 'In the cart'">Add lamp</button> <button>Help</button>"""
GOAL = "Put the lamp into the cart"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs towards one goal: one does it, one presses what does nothing and gives up."""
    folder = tmp_path_factory.mktemp("made")
    page = folder / "page.html"
    page.write_text(PAGE)
    click = [actions.parse_action({"kind": "click", "target": name}) for name in ("Add lamp", "Help")]
    ways = {"good": [click[0], actions.Done()], "bad": [click[1], actions.Done(success=False)]}
    with Browser(page.as_uri()) as browser:
        for name, way in ways.items():
            Agent(browser, policy=Scripted(way), run_dir=folder / "runs" / name).run(GOAL)
            browser.perform(actions.Reload())
    return folder / "runs"


def test_a_run_is_read_with_screens_actions_and_history(runs: Path, tmp_path: Path) -> None:
    (good,) = trajectories(runs / "good")
    assert (good.goal, good.status, len(good.steps)) == (GOAL, "succeeded", 2)
    samples = list(run_samples(good))
    act, place = samples[0].questions
    assert act.before == f"Goal: {GOAL}\n"
    size = samples[0].screen.image.size
    _, action = parse_action(act.answer, PROFILE, size)
    assert action == actions.parse_action({"kind": "click", "target": "Add lamp"})
    (target,) = samples[0].screen.targets
    assert (target.role, target.text, target.box) == ("button", "Add lamp", act.target)
    assert parse_boxes(place.answer, PROFILE, size)[0].overlap(target.box) > 0.7 * target.box.area
    assert "1. click “Add lamp”: confirmed" in samples[1].questions[0].prompt

    write_shards(tmp_path / "shards", samples.__getitem__, len(samples))
    assert [sample.questions for _, sample in read_shards(tmp_path / "shards")] == [each.questions for each in samples]


def test_what_succeeded_is_preferred_to_what_did_not_on_the_same_screen(runs: Path) -> None:
    both = trajectories(runs)
    marks = {run.status: [sample.questions[0].answer for sample in judgements(run)] for run in both}
    assert marks["succeeded"] == ["+", "+"]
    # What did nothing is tried once more before it is given up; that giving up was wrong, nothing tells.
    assert set(marks["failed"]) == {"-"}
    (choice,) = preferences(both)
    assert '"target": "Add lamp"' in choice.question.answer
    assert '"target": "Help"' in choice.rejected


def test_a_folder_without_a_run_is_reported_and_an_incomplete_line_is_ignored(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        trajectories(tmp_path)
    lines = (runs / "good" / "trace.jsonl").read_text().splitlines()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "screens").symlink_to(runs / "good" / "screens")
    (tmp_path / "torn" / "trace.jsonl").write_text("\n".join([*lines[:-1], "{", lines[-1], lines[-1][:20]]))
    assert [len(run.steps) for run in trajectories(tmp_path)] == [2]
    later = json.loads(lines[0]) | {"version": 99}
    (tmp_path / "torn" / "trace.jsonl").write_text("\n".join([json.dumps(later), *lines[1:]]))
    assert trajectories(tmp_path) == []


@pytest.mark.model
@pytest.mark.usefixtures("one_thread")
def test_a_critic_and_preferences_are_tuned_on_runs_and_best_of_n_asks_the_critic(runs: Path, tmp_path: Path) -> None:
    from handeye.agent.resources import open_perception_and_policy
    from handeye.perception.training.examples import of_runs
    from handeye.perception.training.pocket import Pocket, preset
    from handeye.perception.training.tuning import Tuner, Tuning
    from handeye.policies.best_of_n import SIGNS, BestOfN

    sizes = replace(preset("tiny-cpu"), vision=(32, 1), text=(64, 2))
    # Words of its own for all that is asked keep the rows short.
    prompts = [each.prompt for each in (*of_runs(runs, "mpo"), *of_runs(runs, "critic"))]
    texts = [part for each in prompts for turn in each.turns for part in turn.parts if isinstance(part, str)]
    base = Pocket.new(sizes, [*texts, *(each.system for each in prompts)], seed=1).save(tmp_path / "base")
    common = Tuning(str(base), tmp_path / "mpo", "mpo", runs, steps=4, examples=1, rate=1e-2, rank=4, tiles=1)
    told: list[dict[str, float]] = []
    tuner = Tuner(common)
    # The runs' own choice, and the place of what was pressed rather than one beside it.
    assert sorted("<box>" in each.answer for each in tuner.examples) == [False, True]
    tuner.run(lambda _, losses: told.append(losses))
    assert told[-1]["margin"] > told[0]["margin"]
    told.clear()
    plan = replace(common, out=tmp_path / "critic", stage="critic", steps=12, examples=2)
    critic = Tuner(plan).run(lambda _, losses: told.append(losses))
    assert told[-1]["all"] < told[0]["all"] / 3  # it answers with signs
    perception, policy = open_perception_and_policy(str(base), best_of=2, critic=str(critic))
    assert isinstance(policy, BestOfN)
    assert policy.critic
    prompt = of_runs(runs, "critic")[0].prompt
    before, after = (engine.score_options(prompt, SIGNS).probabilities[-1] for engine in (policy.engine, policy.critic))
    assert sum(after) == pytest.approx(1)
    assert before != after
    policy.close()
    perception.close()
