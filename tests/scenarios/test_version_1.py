"""Results, plans and anchors that version 0.1 wrote are still read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from handeye.policies.replay.anchors import Anchor
from handeye.scenarios.results import ResultsFile, ScenarioResult, read_results
from handeye.scenarios.resume import RunPlan
from handeye.scenarios.ui.run_index import RunIndex
from handeye.scenarios.ui.run_process import RunProcesses

if TYPE_CHECKING:
    from pathlib import Path

CHECK = {"expected": "the page shows “Saved”", "state": "failed", "seen": "nearest is “Save”", "when": "ensures"}
RESULT: dict[str, Any] = {
    "key": "shop.yaml:saves",
    "name": "saves",
    "suite": "shop",
    "file": "shop.yaml",
    "line": 3,
    "status": "broken",
    "attempts": [
        {"number": 1, "status": "failed", "verdict": "stuck", "checks": [CHECK]},
        {"number": 2, "status": "broken", "verdict": "broken", "reason": "no browser"},
    ],
}
ANCHOR: dict[str, Any] = {
    "said": "click “Save”",
    "thought": "Clause 1 of 1",
    "action": {"kind": "click", "target": "Save"},
    "targets": {"target": {"role": "button", "name": "Save", "row": "Bob", "beside": ["Bob"], "point": [20, 30]}},
    "before": {"address": "/", "title": "Shop"},
    "effect": "confirmed",
}


def test_results_of_version_1_are_read(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text(json.dumps(RESULT) + "\n")
    (result,) = read_results(tmp_path / "results.jsonl")
    assert result.status == "error"
    assert [(each.status, each.run_status) for each in result.attempts] == [("failed", "stuck"), ("error", "broken")]
    (check,) = result.attempts[0].checks
    assert (check.status, check.actual) == ("failed", "nearest is “Save”")


@pytest.mark.parametrize("earlier", [None, []], ids=["new run", "resumed run"])
def test_attempts_of_version_1_are_replaced(earlier: list[ScenarioResult] | None, tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text(json.dumps(RESULT) + "\n")
    old = tmp_path / "trials" / "001-saves"
    old.mkdir(parents=True)
    ResultsFile(tmp_path, earlier).close()
    assert not old.exists()


def test_attempts_of_version_1_are_listed(tmp_path: Path) -> None:
    run = tmp_path / "trials" / "001-saves" / "run"
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"config": {"goal": "click Save"}, "verdict": "succeeded"}))
    (card,) = RunIndex(tmp_path / "runs", tmp_path).suite_runs(RunProcesses(tmp_path / "runs"))
    assert (card.goal, card.link) == ("click Save", "/run/tests/trials/001-saves/run")


def test_a_plan_of_version_1_is_read() -> None:
    plan = RunPlan.model_validate({"version": 1, "settings": {"model": "embedded"}, "cases": [{"key": "shop.yaml:a"}]})
    assert [each.key for each in plan.scenarios] == ["shop.yaml:a"]


def test_an_anchor_of_version_1_is_read() -> None:
    anchor = Anchor.model_validate(ANCHOR)
    assert (anchor.description, anchor.reasoning) == ("click “Save”", "Clause 1 of 1")
    signature = anchor.targets["target"]
    assert (signature.role, signature.name, signature.row, signature.row_texts) == ("button", "Save", "Bob", ("Bob",))
    assert tuple(signature.point) == (20, 30)
