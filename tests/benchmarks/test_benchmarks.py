"""The benchmarks run, compare equals with equals, and tell what they measured; on a model small enough for a test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from benchmarks import ground_after_decide, step_exact, step_fast, tiling_1080p
from benchmarks.lab import Lab, spaced
from benchmarks.measuring import Row, in_turns
from benchmarks.model import TINY
from benchmarks.table import write

pytestmark = [pytest.mark.long, pytest.mark.model]


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab(("step_exact", "step_fast"), shape=TINY, screens=2, repeats=1)


@pytest.mark.timeout(300)
def test_both_sides_of_an_exact_step_write_the_same_and_caches_spare_tiles_and_tokens(lab: Lab) -> None:
    row = step_exact.measure(lab)
    first, second = lab.walk
    assert first.name != second.name
    assert row.ours > 0
    assert row.reference > 0
    assert first.answers["step_exact"] == first.answers["reference"]
    assert second.tiles_seen["step_exact"] < second.tiles == 7
    assert second.prompt_reused["step_exact"] > first.prompt_reused["step_exact"] > 0
    assert 0 < second.forced < second.tokens
    assert any(second.name in line for line in row.details)
    assert len(second.parts["step_exact"]) == len(second.parts["reference"]) == 3


@pytest.mark.timeout(300)
def test_fast_steps_read_fewer_tokens_on_the_same_screens(lab: Lab) -> None:
    assert step_fast.measure(lab).unit == "s a step"
    assert all(visit.prompt["step_fast"] < visit.prompt["step_exact"] for visit in lab.walk)


@pytest.mark.timeout(300)
def test_a_second_question_sees_no_tile_and_says_the_same(lab: Lab) -> None:
    assert ground_after_decide.measure(lab, count=1).ratio > 0


def test_an_exact_step_that_writes_something_else_is_reported(lab: Lab) -> None:
    visit = lab.walk[0]
    right = visit.answers["step_exact"]
    visit.answers["step_exact"] = [("something else", 1)]
    with pytest.raises(AssertionError, match="is not what the reference wrote"):
        step_exact.measure(lab)
    visit.answers["step_exact"] = right


def test_tiling_is_compared_on_the_same_pixels(lab: Lab) -> None:
    assert tiling_1080p.measure(lab).unit == "ms"


def test_the_reference_sees_evenly_spaced_screens_when_time_is_short() -> None:
    assert spaced(10, 99) == set(range(10))
    assert spaced(10, 4) == {0, 3, 6, 9}
    assert spaced(10, 0) == {0}


def test_both_sides_take_turns() -> None:
    turns: list[str] = []
    in_turns(lambda: turns.append("ours"), lambda: turns.append("reference"), 2)
    assert turns == ["ours", "reference"] * 3


def test_rows_that_were_not_run_keep_their_numbers_and_the_text_of_the_page_stays(tmp_path: Path) -> None:
    results, page = tmp_path / "results.json", tmp_path / "docs" / "benchmarks.md"
    before = {"old": {"ours": 1.0, "reference": 3.0, "ratio": 3.0, "unit": "s"}}
    for _ in range(2):
        write({"new": Row(2.0, 5.0, "ms", "a thing", 4.0, ("| a | b |",))}, before, ["new"], results, page)
        text = page.read_text()
        page.write_text(text.replace("# Benchmarks", "# How fast"))
    made = json.loads(results.read_text())
    assert made == {**before, "new": {"ours": 2.0, "reference": 5.0, "ratio": 2.5, "unit": "ms"}}
    assert text.startswith("# How fast")
    assert "| `new` | a thing | 2 ms | 5 ms | 2.50 | 4 (missed) |" in text
    assert "`python -m benchmarks new`" in text
    assert "cores" in text
