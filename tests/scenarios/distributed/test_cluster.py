"""Scenarios on a Ray cluster: one of this machine, and one whose workers are treated as other machines."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from handeye.scenarios.distributed import connect
from handeye.scenarios.distributed.archives import OMITTED_LIST, SuiteFolders, pack_attempt, pack_suite, unpack
from handeye.scenarios.results import read_results
from handeye.tools.errors import SetupError, UsageError
from tests.scenarios.suite_process import started, suite_text

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
needs_ray = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install 'handeye[ray]'")

#: One worker that shares no disk with the driver, as on another machine.
APART = """
from pathlib import Path
from handeye.scenarios.suite_run import run_all
from handeye.scenarios.distributed import ClusterPool, connect
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.runner import Settings

with connect("local", cores=1) as cluster:
    pool = ClusterPool(cluster._replace(apart=True))
    run_all(load_scenarios(Path("todos.yaml")), Settings(output=Path("out")), 1, 0, [], work=pool)
"""


@needs_ray
def test_a_killed_worker_of_a_cluster_costs_no_scenario(mine: Path) -> None:
    text = suite_text(a="ok", b="deadly_once")
    (mine / "todos.yaml").write_text(f"serve: {{folder: pages}}\n{text}")
    process = started(mine, "--ray", "local", "-w", "2")
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    results = read_results(mine / "out" / "results.jsonl")
    assert Counter(each.name for each in results) == Counter("ab")
    assert {each.name for each in results if each.status == "passed"} == set("ab")
    assert (mine / "died").exists()
    assert all((mine / each.attempts[-1].run / "report.html").exists() for each in results)
    assert "2 passed" in said


@needs_ray
def test_another_machine_is_sent_what_a_suite_needs_and_sends_back_what_came_of_it(mine: Path) -> None:
    """Its pages are served there, from a folder beside the suite's, and its checks are asked there."""
    suites = mine / "suites"
    suites.mkdir()
    (mine / "pages").rename(mine / "site")
    (suites / "mine.py").write_text("def elsewhere(scene): return 'handeye-worker-' in __file__ or __file__\n")
    text = "scenarios:\n- {name: a, steps: 'type \"x\" into New, press Enter', ensures: {python: 'mine:elsewhere'}}\n"
    text += "- {name: b, steps: scroll down, never: {text: Todos}}\n"
    (suites / "todos.yaml").write_text(f"serve: {{folder: ../site}}\n{text}")
    done = subprocess.run([sys.executable, "-c", APART], cwd=suites, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    result, failed = read_results(suites / "out" / "results.jsonl")
    assert (result.status, result.reason, result.file) == ("passed", "", "todos.yaml")
    (check,) = failed.attempts[0].checks
    assert (failed.status, check.picture) == ("failed", "out/attempts/002-b/checks/never-1.png")
    assert (suites / check.picture).is_file()
    assert (suites / result.attempts[0].run / "report.html").exists()
    assert (suites / "todos.anchors" / "a.yaml").exists()
    assert "handeye-worker" not in result.model_dump_json() + failed.model_dump_json()


def test_a_model_that_workers_cannot_share_and_a_cluster_that_is_not_there_are_reported() -> None:
    with pytest.raises(UsageError, match="would be loaded once by each worker"), connect("local", "some/model"):
        pass
    if find_spec("ray"):
        with pytest.raises(SetupError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 "), connect("127.0.0.1:1"):
            pass
        with pytest.raises(UsageError, match="write HOST:PORT"), connect("somewhere"):
            pass


def test_what_travels_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "attempts" / "001-a"
    (folder / "node_modules").mkdir(parents=True)
    (folder / "node_modules" / "huge.js").write_bytes(bytes(2000))
    for name, size in (("small", 10), ("large", 1000), ("middle", 100)):
        (folder / name).write_bytes(bytes(size))
    unpack(pack_attempt(folder, tmp_path, most=500), tmp_path / "back")
    back = tmp_path / "back" / "attempts" / "001-a"
    assert sorted(path.name for path in back.iterdir()) == [OMITTED_LIST, "middle", "small"]
    assert (back / OMITTED_LIST).read_text() == "large\n"
    monkeypatch.setattr("handeye.scenarios.distributed.archives.MAX_SUITE_BYTES", 1000)
    with pytest.raises(UsageError, match="move the suite to a separate folder"):
        pack_suite(SuiteFolders(tmp_path, (folder,)))
