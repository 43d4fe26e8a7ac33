"""MiniWoB++'s own pages in a real browser: the seed, the instruction, the reward, and the output of the command."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from handeye.agent.cli import app
from handeye.scenarios.agent_benchmarks import miniwob
from handeye.scenarios.agent_benchmarks.benchmark_task import TaskLimits
from handeye.scenarios.environment import serve_suite
from handeye.scenarios.results import read_results
from handeye.scenarios.suite.schema import Serve
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handeye.tools.browser import Browser

pytestmark = pytest.mark.timeout(300)


def bench(*words: str) -> Result:
    return CliRunner().invoke(app, ["bench", *words])


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    """A browser that shows one of the pages."""
    with (
        serve_suite(Serve(folder="."), miniwob.pages()) as url,
        miniwob.open_page(f"{url}/miniwob/click-test-2.html") as it,
    ):
        yield it


def test_tasks_are_measured_by_the_pages_reward_and_a_refused_one_has_failed(tmp_path: Path) -> None:
    words = ("miniwob", "--tasks", "click-button,tic-tac-toe", "--first-seed", "1", "--output", str(tmp_path))
    done = bench(*words, "--json", "-", "--at-least", "0.9", "--reporter", "html")
    assert done.exit_code == 1, done.output  # half of them, where nine tenths are wanted
    told = json.loads(done.stdout)
    assert (told["n"], told["correct"], told["accuracy"], told["errors"]) == (2, 1, 0.5, 0)
    assert told["by_type"]["click-button"] | {"seconds": 0, "interval": []} == {
        "n": 1,
        "correct": 1,
        "accuracy": 1.0,
        "interval": [],
        "steps": 1.0,
        "seconds": 0,
        "reward": 1.0,
    }
    first, last = told["results"]
    assert first["task"] == "click-button, seed 1"
    assert first["instruction"].startswith("Click on the ")
    assert (first["seed"], first["reward"], first["correct"]) == (1, 1.0, True)
    assert (last["type"], last["run_status"], last["reward"], last["correct"]) == ("tic-tac-toe", "refused", 0.0, False)
    assert [each.status for each in read_results(tmp_path / "results.jsonl")] == ["passed", "failed"]
    assert (tmp_path / "report.html").exists()


def test_a_seed_always_makes_the_same_episode(page: Browser) -> None:
    def places(seed: int) -> list[object]:
        miniwob.begin(page, seed, 60)
        return [(each.name, each.box) for each in page.elements()]

    third = places(3)
    assert places(4) != third
    assert places(3) == third


def test_the_first_end_of_an_episode_counts(page: Browser) -> None:
    miniwob.begin(page, 0, 60)
    assert miniwob.ended(page) is None
    page.run_script("() => core.endEpisode(-1, false, 'the wrong one')")
    page.run_script("() => { core.startEpisodeReal(); core.endEpisode(1) }")
    assert miniwob.ended(page) == {"reward": -1, "why": "the wrong one"}


def test_names_that_are_none_and_a_package_that_is_missing_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no task 'click-buton'; did you mean click-button"):
        miniwob.tasks(["click-buton"], [0], TaskLimits())
    assert len(miniwob.tasks(["all"], [0, 1], TaskLimits())) == 2 * len(miniwob.names()) > 200
    monkeypatch.setitem(sys.modules, "miniwob", None)
    with pytest.raises(SetupError, match=r"pip install 'handeye\[bench\]'"):
        miniwob.names()


def test_a_models_run_ends_with_the_page(page: Browser, tmp_path: Path) -> None:
    assert miniwob.begin(page, 0, 60) == "Click button ONE."
    box = next(each.box for each in page.elements() if each.name == "ONE")
    width, height = (side * miniwob.SCALE / 1000 for side in miniwob.VIEWPORT)  # the model writes thousandths
    place = [round(box.left / width), round(box.top / height), round(box.right / width), round(box.bottom / height)]
    answers = ['{"kind": "click", "target": "the button ONE"}', f"<ref>the button ONE</ref><box>[{place}]</box>"]
    (tmp_path / "answers.txt").write_text("\n".join(answers))
    model = f"scripted:{tmp_path / 'answers.txt'}"  # used up by then: to ask once more would break the run
    done = bench(
        "miniwob", "--tasks", "click-test-2", "--model", model, "--output", str(tmp_path / "out"), "--json", "-"
    )
    told = json.loads(done.stdout)["results"][0]
    assert (told["run_status"], told["reward"], told["model_calls"]) == ("succeeded", 1.0, 2), told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["minibench"], "there is no benchmark 'minibench'"),
        (["miniwob", "tasks.json"], "MiniWoB++ brings its own tasks"),
        (["osworld"], "osworld needs task files"),
        (["miniwob", "--allow-execute"], "--allow-execute means nothing to miniwob; it is for osworld"),
        (["osworld", "tasks.json", "--site", "a=http://b"], "--site means nothing to osworld"),
        (["webarena", "nowhere.json"], "there is no file nowhere.json"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(words: list[str], said: str) -> None:
    done = bench(*words)
    assert done.exit_code == 2
    assert said in done.stderr
