"""Task files in OSWorld's format: real programs on a virtual display, and steps that are refused."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.scenarios.agent_benchmarks import osworld
from handeye.scenarios.agent_benchmarks.benchmark_task import TaskLimits
from handeye.scenarios.agent_benchmarks.osworld_home import Home
from handeye.scenarios.agent_benchmarks.osworld_measures import Getter, run_measure
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

NOTE = "/home/user/Desktop/note.txt"
UPLOAD = {"type": "upload_file", "parameters": {"files": [{"local_path": "first.txt", "path": NOTE}]}}
LAUNCH = {"type": "launch", "parameters": {"command": ["mousepad", NOTE]}}
FILE = {"type": "vm_file", "path": NOTE, "dest": "note.txt"}
HOLDS = {
    "func": "file_contains",
    "result": FILE,
    "expected": {"type": "rule", "rules": {"expected": ["buy milk", "bread"]}},
}


def record(name: str, instruction: str, config: list[Any], evaluator: Any, **more: Any) -> dict[str, Any]:
    """A task, with the keys that such files have."""
    told = {"id": name, "snapshot": "editor", "instruction": instruction, "source": "", "config": config}
    return told | {"trajectory": "", "related_apps": ["mousepad"], "evaluator": evaluator, "proxy": False} | more


def written(folder: Path, *records: dict[str, Any]) -> list[Path]:
    (folder / "first.txt").write_text("bread\n", encoding="utf-8")
    for each in records:
        (folder / f"{each['id']}.json").write_text(json.dumps(each), encoding="utf-8")
    return [folder]


def test_tasks_run_in_real_programs_and_their_files_are_evaluated(tmp_path: Path) -> None:
    folder = tmp_path / "tasks"
    folder.mkdir()
    execute = {"type": "execute", "parameters": {"command": f"echo begun >> {NOTE}; touch ~/made", "shell": True}}
    listing = {
        "func": ["check_include_exclude", "compare_text_file"],
        "result": [{"type": "vm_command_line", "command": ["ls", "/home/user"]}, FILE],
        "expected": [
            {"type": "rule", "rules": {"include": ["made"], "exclude": ["passwd"]}},
            {"type": "vm_file", "path": "/home/user/wanted.txt"},
        ],
        "postconfig": [
            {"type": "upload_file", "parameters": {"files": [{"local_path": "b.txt", "path": "/home/user/wanted.txt"}]}}
        ],
        "options": [{}, {"ignore_blanks": True, "ignore_case": True}],
    }
    (folder / "b.txt").write_text("X BREAD\n  begun", encoding="utf-8")
    milk = 'type "buy milk, ", press ctrl+s'
    paths = written(
        folder,
        record("a-saved", milk, [UPLOAD, LAUNCH, {"type": "sleep", "parameters": {"seconds": 0.1}}], HOLDS),
        record("b-run", 'type "x ", press ctrl+s', [UPLOAD, execute, LAUNCH], listing),
        record("c-unsaved", 'type "buy milk"', [UPLOAD, LAUNCH], HOLDS),
        record("d-never", 'check that the window shows "Teleport"', [], {"func": "infeasible"}),
        record("e-gone", milk, [{"type": "open", "parameters": {"path": "/home/user/none.txt"}}], HOLDS),
    )
    tasks = osworld.tasks(paths, ["all"], TaskLimits(steps=6, seconds=60), allow_execute=True)
    results = run_all(tasks, Settings(output=tmp_path / "out", retries=0), 1, 0, [])
    assert {each.name.partition(":")[0]: each.status for each in results} == {
        "a-saved": "passed",
        "b-run": "passed",
        "c-unsaved": "failed",
        "d-never": "passed",  # the agent said that it cannot be done
        "e-gone": "error",
    }
    reasons = {each.name.partition(":")[0]: each.reason for each in results}
    assert "it lacks “buy milk”" in reasons["c-unsaved"]
    assert "there is no /home/user/none.txt to be opened" in reasons["e-gone"]


SHELL = {"type": "execute", "parameters": {"command": "rm -rf ~", "shell": True}}
OUTSIDE = {"type": "open", "parameters": {"path": "/etc/passwd"}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ([SHELL], "config.0.parameters.command 'rm -rf ~' runs a command on this machine, with your rights"),
        ([UPLOAD, SHELL | {"type": "command"}], "config.1.parameters.command"),
        ([{"type": "launch", "parameters": {"command": ["sh", "-c", "true"]}}], "no program of this machine's menu"),
        ([{"type": "launch", "parameters": {"command": "xterm"}}], "no program of this machine's menu"),
        ([{"type": "launch", "parameters": {"command": "mousepad", "shell": True}}], "--allow-execute"),
        ([{"type": "launch", "parameters": {"command": ["mousepad", "--quit"]}}], "neither file nor address"),
        ([{"type": "launch", "parameters": {"command": ["mousepad", f"{NOTE}/../../../../etc"]}}], "neither file"),
        ([{"type": "launch", "parameters": {"command": "mousepad 'x"}}], "close its quotes"),
        ([OUTSIDE], "config.0.parameters.path is '/etc/passwd', which is not a file below /home/user"),
        ([{"type": "open", "parameters": {"path": "/home/user/../x"}}], "not a file below /home/user"),
        ([{"type": "download", "parameters": {"files": [{"url": "file:///etc/passwd", "path": NOTE}]}}], "http://"),
        (
            [{"type": "upload_file", "parameters": {"files": [{"local_path": "../x", "path": NOTE}]}}],
            "not next to the task file",
        ),
        (
            [{"type": "upload_file", "parameters": {"files": [{"local_path": "none", "path": NOTE}]}}],
            "there is no file",
        ),
        ([{"type": "sleep", "parameters": {"seconds": 1e9}}], "config.0.parameters.seconds"),
        ([{"type": "googledrive", "parameters": {}}], "config.0.type 'googledrive' is not supported"),
        ([{"type": "sleep", "parameters": {"seconds": 1, "until": {}}}], "config.0.parameters.until is not supported"),
        ([{"type": "activate_window", "parameters": {"window_name": ""}}], "window_name"),
    ],
)
def test_what_a_task_file_may_not_do_is_reported_before_anything_runs(
    config: list[Any], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, record("a", "look", config, HOLDS))
    with pytest.raises(UsageError, match=re.escape(said)) as told:
        osworld.tasks(path, ["all"], TaskLimits())
    assert str(tmp_path / "a.json") in str(told.value)


RULE = {"type": "rule", "rules": {"expected": ["x"]}}


@pytest.mark.parametrize(
    ("evaluator", "said"),
    [
        ({"func": "compare_pptx_files", "result": FILE, "expected": FILE}, "'compare_pptx_files' is not supported"),
        ({"func": "file_contains", "result": FILE}, "expected has 0 entries for 1 func"),
        (HOLDS | {"result": {"type": "vm_wallpaper"}}, "result.type 'vm_wallpaper' is not supported with it"),
        (HOLDS | {"result": FILE | {"path": "/etc/passwd"}}, "result.path is '/etc/passwd'"),
        (HOLDS | {"result": FILE | {"multi": True}}, "result.multi is not supported"),
        (HOLDS | {"expected": {"type": "rule", "rules": {"expected": []}}}, "says nothing"),
        (HOLDS | {"expected": {"type": "rule", "rules": {"expected": ["x"], "not": ["y"]}}}, "not is not supported"),
        (HOLDS | {"options": {"ignore_case": True}}, "options.ignore_case is not supported"),
        (HOLDS | {"conj": "xor"}, "evaluator.conj"),
        (HOLDS | {"weights": [1]}, "evaluator.weights is not supported"),
        ({"func": "exact_match", "result": {"type": "vm_command_line", "command": "id"}, "expected": RULE}, "allow it"),
    ],
)
def test_an_unsupported_evaluator_is_reported_before_anything_runs(evaluator: Any, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, record("a", "look", [], evaluator))
    with pytest.raises(UsageError, match=re.escape(said)):
        osworld.tasks(path, ["all"], TaskLimits())


def test_files_settings_and_tables_are_compared(tmp_path: Path, shop: str) -> None:
    home = Home(tmp_path / "home", tmp_path, GuardPolicy())
    (home.folder / "s.json").write_text('{"wrap": true, "size": 12}')
    (home.folder / "t.csv").write_text("a,b\r\n1,2\r\n")
    (home.folder / "u.csv").write_text('a,b\n1,"2"\n')
    (home.folder / "page.html").write_bytes(b"")
    home.fetch(f"{shop}/orders.html", home.folder / "page.html")
    getter = Getter(home, ":0")

    def state(func: str, name: str, expected: Any, **options: Any) -> str:
        return run_measure(func, {"type": "vm_file", "path": f"/home/user/{name}"}, expected, options, getter).status

    def rule(value: Any) -> dict[str, Any]:
        return {"type": "rule", "rules": {"expected": value}}

    assert state("check_json_settings", "s.json", rule({"wrap": True})) == "passed"
    assert state("check_json_settings", "s.json", rule({"wrap": False})) == "failed"
    assert state("check_json_settings", "t.csv", rule({"wrap": True})) == "failed"
    assert state("compare_csv", "t.csv", {"type": "vm_file", "path": "/home/user/u.csv"}) == "passed"
    assert state("compare_csv", "t.csv", {"type": "vm_file", "path": "/home/user/s.json"}) == "failed"
    assert state("compare_csv", "none.csv", {"type": "vm_file", "path": "/home/user/u.csv"}) == "failed"
    assert state("compare_config", "u.csv", rule('a,b\n1,"2"\n')) == "passed"
    cloud = {"type": "cloud_file", "path": f"{shop}/orders.html"}
    assert state("compare_text_file", "page.html", cloud) == "passed"
    gone = {"type": "cloud_file", "path": f"{shop}/none.html"}
    assert state("compare_text_file", "page.html", gone) == "unknown"  # and so never passed
    denied = Home(tmp_path / "other", tmp_path, GuardPolicy(deny_domains=("127.0.0.1",)))
    with pytest.raises(SetupError, match="outside the allowed domains"):
        denied.fetch(f"{shop}/orders.html", denied.folder / "x")
    assert not (denied.folder / "x").exists()
