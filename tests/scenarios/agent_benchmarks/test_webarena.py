"""Task files in WebArena's format: each kind of check on real pages, and refusals before the run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from handeye.scenarios.agent_benchmarks import webarena
from handeye.scenarios.agent_benchmarks.benchmark_task import TaskLimits
from handeye.scenarios.agent_benchmarks.tally import tally
from handeye.scenarios.agent_benchmarks.webarena import check_address, includes
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

PART = {"url": "last", "locator": "", "required_contents": {"must_include": ["Saved"]}}


def record(number: int, intent: str, **judged: Any) -> dict[str, Any]:
    """A task, with the keys that such files have."""
    evaluation: dict[str, Any] = {
        "reference_answers": None,
        "reference_url": "",
        "program_html": [],
        "url_note": "GOLD in PRED",
    }
    return {
        "sites": ["shop"],
        "task_id": number,
        "require_login": False,
        "storage_state": None,
        "start_url": "__SHOP__/index.html",
        "geolocation": None,
        "intent_template": intent,
        "instantiation_dict": {},
        "intent": intent,
        "require_reset": False,
        "eval": evaluation | judged,
    }


def written(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "tasks.json"
    path.write_text(json.dumps(records, indent=1), encoding="utf-8")
    return path


def test_answer_address_and_pages_are_checked_as_the_files_require(shop: str, tmp_path: Path) -> None:
    def part(url: str, locator: str, **wanted: Any) -> dict[str, Any]:
        return {"url": url, "locator": locator, "required_contents": wanted}

    note = 'type "ring twice" into Note, click Save'
    path = written(
        tmp_path,
        record(
            1,
            'type "lamp" into Search, press Enter',
            eval_types=["url_match"],
            reference_url="__SHOP__/results.html?q=lamp |OR| __SHOP__/none.html",
        ),
        record(
            2, "read the order total", eval_types=["string_match"], reference_answers={"must_include": ["3.50", "$"]}
        ),
        record(
            3,
            note,
            eval_types=["program_html"],
            program_html=[
                part("last", "document.querySelector('#said').outerText", exact_match="saved"),
                part("__SHOP__/orders.html", "", must_include=["never |OR| ring twice"]),
            ],
        ),
        record(
            5,
            note,
            eval_types=["program_html"],
            program_html=[part("__SHOP__/orders.html", "document.querySelector('#none').outerText", exact_match="")],
        ),
        # What a run says that has given up is no answer, whatever words stand in it.
        record(6, 'click "Teleport"', eval_types=["string_match"], reference_answers={"must_include": ["teleport"]}),
    )
    tasks = webarena.tasks([path], ["all"], TaskLimits(steps=10, seconds=60), [f"shop={shop}/"])
    results = run_all(tasks, Settings(output=tmp_path / "out", retries=0), 1, 0, [])
    assert results[0].name == '1: type "lamp" into Search, press Enter'
    assert {each.name.partition(":")[0]: each.status for each in results} == {
        "1": "passed",
        "2": "passed",
        "3": "passed",
        "5": "failed",
        "6": "failed",
    }
    reasons = {each.name.partition(":")[0]: each.reason for each in results}
    assert "#none" in reasons["5"]
    assert reasons["6"].endswith("the answer holds “teleport”; there is no answer")
    first = results[0]
    assert first.line == 1 + path.read_text().splitlines().index('  "task_id": 1,')
    assert first.attempts[0].measured == {"instruction": 'type "lamp" into Search, press Enter'}
    assert tally(tasks, results).groups[0].share.accuracy == 0.6


STRING: dict[str, Any] = {"eval_types": ["string_match"]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"eval": {"eval_types": []}}, "eval.eval_types"),
        ({"eval": {"eval_types": ["page_image"]}}, "eval.eval_types.0"),
        ({"eval": STRING}, "eval.reference_answers is missing, which string_match needs"),
        ({"eval": STRING | {"reference_answers": {"must_include": []}}}, "eval.reference_answers is missing"),
        ({"eval": STRING | {"reference_answers": {"must_include": [""]}}}, "must_include.0"),
        ({"eval": STRING | {"reference_answers": {"fuzzy_match": ["x"]}}}, "eval.reference_answers.fuzzy_match"),
        ({"eval": STRING | {"reference_answers": {"must_exclude": ["x"]}}}, "must_exclude is not supported"),
        ({"eval": {"eval_types": ["url_match"]}}, "eval.reference_url is missing"),
        ({"eval": {"eval_types": ["url_match"], "reference_url": "x", "url_note": "LIKE"}}, "eval.url_note 'LIKE'"),
        ({"eval": {"eval_types": ["program_html"]}}, "eval.program_html is missing"),
        ({"eval": {"eval_types": ["program_html"], "program_html": [PART | {"url": "func:f()"}]}}, "html.0.url 'func:"),
        (
            {"eval": {"eval_types": ["program_html"], "program_html": [PART | {"locator": "func:f()"}]}},
            "html.0.locator",
        ),
        ({"start_url": "__WIKI__/a"}, "start_url names the site __WIKI__; say where it is: --site wiki=URL"),
        ({"storage_state": "./.auth/none.json"}, "storage_state ./.auth/none.json is no file"),
        ({"geolocation": {"latitude": 1}}, "geolocation is set"),
        ({"intent": 5}, "intent"),
    ],
)
def test_an_unsupported_check_is_reported_with_file_and_key_before_anything_runs(
    changed: dict[str, Any], said: str, tmp_path: Path
) -> None:
    good = record(1, "look", eval_types=["string_match"], reference_answers={"exact_match": "x"})
    path = written(tmp_path, good, good | {"task_id": 2} | changed)
    with pytest.raises(UsageError, match=re.escape(said)) as told:
        webarena.tasks([path], ["all"], TaskLimits(), ["shop=http://127.0.0.1:9"])
    assert str(told.value).startswith(f"{path}, record 2: ")
    assert len(webarena.tasks([path], ["1"], TaskLimits(), ["shop=http://127.0.0.1:9"])) == 1  # it was not chosen


def test_what_is_not_supported_can_be_left_out_and_counts_nowhere(tmp_path: Path) -> None:
    fuzzy = record(7, "look", eval_types=["string_match"], reference_answers={"fuzzy_match": ["x"]})
    tasks = webarena.tasks([written(tmp_path, fuzzy)], ["all"], TaskLimits(), ["shop=http://x"], skip_unsupported=True)
    counted = tally(tasks, run_all(tasks, Settings(output=tmp_path / "out"), 1, 0, []))
    assert (counted.skipped, counted.overall.share.n, counted.overall.share.correct) == (1, 0, 0)
    with pytest.raises(UsageError, match="no task has the id '8'"):
        webarena.tasks([tmp_path / "tasks.json"], ["8"], TaskLimits(), skip_unsupported=True)


def test_addresses_and_words_are_compared_by_webarenas_rules() -> None:
    def fits(url: str, *wanted: str, rule: str = "GOLD in PRED") -> bool:
        return check_address(wanted, url, rule).status == "passed"

    assert fits("http://a/b/c?q=1&r=2", "http://a/b?q=1")
    assert fits("http://a/b?q=1", "http://a/x?q=2", "http://a/b?q=1")
    assert not fits("http://a/b?q=3", "http://a/b?q=1")
    assert not fits("http://a/b", "http://a/b?q=1")
    assert not fits("http://a/b/c", "http://a/b", rule="EXACT")
    assert fits("http://a/b/", "http://a/b", rule="EXACT")
    assert includes("Lamp", "'a LAMP'")
    assert not includes("0", "10 items", alone=True)
    assert includes("0", "0 items", alone=True)
    assert includes("0", "10 items")
