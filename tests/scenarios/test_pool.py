"""Parallel workers: a killed one loses no scenario, and workers end with their command."""

from __future__ import annotations

import json
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from rich.progress import Progress

from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.reporters.terminal import TimeLeftColumn
from handeye.scenarios.results import read_results
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all
from handeye.tools.errors import UsageError
from tests.scenarios.suite_process import await_files, await_results, is_gone, started, suite_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.conftest import Run

pytestmark = pytest.mark.timeout(300)


def test_a_worker_that_dies_takes_no_scenario_with_it_but_one_that_kills_two(run: Run, mine: Path) -> None:
    results = run(suite_text(a="ok", b="deadly_once", c="deadly"), workers=2)
    assert Counter(each.name for each in results) == Counter("abc")
    states = {each.name: each.status for each in results}
    assert states == {"a": "passed", "b": "passed", "c": "error"}
    (broken,) = (each for each in results if each.status == "error")
    assert broken.reason.startswith("its worker died 2 times (SIGKILL)")
    assert len(list((mine / "out" / "attempts").glob("002-*"))) == 1


def test_a_scenario_that_cannot_run_is_reported_by_a_worker_too(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.yaml"
    file.write_text("scenarios:\n- {name: a, steps: scroll down, unchecked: true}\n")
    with pytest.raises(UsageError, match="“a” has no address"):
        run_all(load_scenarios(file), Settings(output=tmp_path / "out"), 2, 0, [])


@pytest.mark.long
def test_the_run_does_not_wait_for_what_runs_when_there_were_failures_enough(run: Run, mine: Path) -> None:
    text = suite_text(b="endless") + "- {name: a, steps: click Nowhere, unchecked: true}\n"
    assert [each.name for each in run(text, workers=2, max_failures=1)] == ["a"]
    for path in mine.glob("endless-*"):
        assert is_gone(int(path.name.partition("-")[2]))


@pytest.mark.long
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_keeps_what_there_is_and_ends_with_130(mine: Path, workers: str) -> None:
    (mine / "todos.yaml").write_text(f"serve: {{folder: pages}}\n{suite_text(a='ok', b='endless', c='ok')}")
    process = started(mine, "-w", workers, "--reporter", "list,json")
    await_files(mine, "endless-*")
    await_results(mine, int(workers))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    kept = {each.name for each in read_results(mine / "out" / "results.jsonl")}
    assert kept == ({"a"} if workers == "1" else {"a", "c"})
    assert json.loads((mine / "out" / "results.json").read_text())["counts"] == {"passed": len(kept)}
    assert "interrupted" in said
    assert "--resume" in said


def test_the_time_left_follows_from_what_this_run_has_done() -> None:
    """What a run before it had done took none of its time."""
    clock = 0.0
    progress = Progress(get_time=lambda: clock)
    number = progress.add_task("", total=10, previous=2)
    (task,) = progress.tasks

    def told(at: float, completed: int) -> str:
        nonlocal clock
        clock = at
        progress.update(number, completed=completed)
        return TimeLeftColumn().render(task).plain

    assert told(0, 2) == "…"
    assert told(10, 4) == "30 s left"
    assert told(600, 5) == "16 min 40 s left"
    assert told(700, 10) == ""
