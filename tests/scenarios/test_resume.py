"""`handeye test --resume` continues a killed run: no result is lost, and none counts twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.results import read_results
from handeye.scenarios.resume import RunPlan
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all
from handeye.tools.errors import UsageError
from tests.scenarios.suite_process import await_files, await_results, is_gone, started, suite_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.scenarios.suite.scenario import Scenario

pytestmark = pytest.mark.timeout(300)


def test_a_killed_run_goes_on_with_what_it_had(mine: Path) -> None:
    """Also where the last line was cut short, and with scenarios that come more than once."""
    text = suite_text(a="ok", b="endless")
    (mine / "todos.yaml").write_text(f"serve: {{folder: pages}}\n{text}")
    process = started(mine, "-w", "2", "--repeat-each", "2")
    await_results(mine, 2)
    workers = [int(path.name.partition("-")[2]) for path in await_files(mine, "endless-*", 2)]
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert all(is_gone(pid) for pid in workers)

    kept = mine / "out" / "results.jsonl"
    before = read_results(kept)
    with kept.open("a") as file:
        file.write('{"key": "todos.yaml::b", "na')
    (mine / "go").touch()
    process = started(mine, "--repeat-each", "2", "--resume")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    after = read_results(kept)
    assert after[:2] == before
    assert sorted((each.number, each.name, each.status) for each in after) == [
        (0, "a", "passed"),
        (1, "b", "passed"),
        (2, "a", "passed"),
        (3, "b", "passed"),
    ]
    assert sorted(path.name for path in (mine / "out" / "attempts").iterdir()) == ["001-a", "002-b", "003-a", "004-b"]
    assert "4 passed" in said


@pytest.fixture
def begun(mine: Path) -> tuple[list[Scenario], Settings]:
    """Scenarios, and the settings of a run that was begun with them."""
    file = mine / "todos.yaml"
    file.write_text(f"serve: {{folder: pages}}\n{suite_text(a='ok', b='ok')}")
    scenarios, settings = load_scenarios(file), Settings(output=mine / "out")
    settings.output.mkdir()
    RunPlan.of(scenarios, settings).write(settings.output)
    return scenarios, settings


def test_a_changed_suite_is_reported_and_nothing_runs(begun: tuple[list[Scenario], Settings], mine: Path) -> None:
    scenarios, settings = begun

    def told(scenarios: list[Scenario], settings: Settings) -> str:
        with pytest.raises(UsageError) as raised:
            run_all(scenarios, settings, 1, 0, [], resume=True)
        return str(raised.value)

    assert "retries was null and is 2, in the run in" in told(scenarios, replace(settings, retries=2))
    assert "“todos.yaml › b” is missing now" in told(scenarios[:1], settings)
    assert "there were 2 scenarios and are 4" in told(scenarios * 2, settings)
    assert "the order of the scenarios differs" in told(scenarios[::-1], settings)
    assert "contains no run to continue" in told(scenarios, replace(settings, output=mine / "other"))
    (mine / "todos.yaml").write_text(f"serve: {{folder: pages}}\n{suite_text(a='ok', b='endless')}")
    assert "“todos.yaml › b” has changed" in told(load_scenarios(mine / "todos.yaml"), settings)
    assert not (mine / "out" / "results.jsonl").exists()


@pytest.fixture
def small_disk(mine: Path) -> Iterator[Path]:
    """A disk of 3 MB in the place of the results."""
    out = mine / "out"
    out.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(out)]
    if not sys.platform.startswith("linux") or subprocess.run(line, capture_output=True).returncode:
        pytest.skip("a small disk needs Linux and root")
    yield out
    subprocess.run(["umount", "-l", str(out)], check=True)


def test_a_full_disk_ends_the_run_in_one_sentence_and_keeps_what_there_is(small_disk: Path, mine: Path) -> None:
    (mine / "mine.py").write_text(
        "from pathlib import Path\n"
        "def ok(scene): return True\n"
        "def filling(scene):\n"
        "    with (Path(__file__).parent / 'out' / 'filler').open('wb', 0) as file:\n"
        "        try:\n"
        "            while True: file.write(bytes(4096))\n"
        "        except OSError: return True\n"
    )
    text = suite_text(a="ok", b="filling", c="ok")
    (mine / "todos.yaml").write_text(f"serve: {{folder: pages}}\n{text}")
    process = started(mine, "--reporter", "list,junit")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 3, said
    assert "is full" in said or "No space left" in said
    assert "continue with --resume" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert [each.name for each in read_results(small_disk / "results.jsonl")][:1] == ["a"]
    assert "c" not in {each.name for each in read_results(small_disk / "results.jsonl")}

    (small_disk / "filler").unlink()
    (mine / "mine.py").write_text("def ok(scene): return True\nfilling = ok\n")
    process = started(mine, "--resume")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert sorted(each.name for each in read_results(small_disk / "results.jsonl")) == list("abc")
