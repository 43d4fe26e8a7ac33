"""Spelled answers and texts are learned in the same stage as pointing; shards bring pages from Chromium."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from handeye.perception.training.data.shards import read_shards
from handeye.tools.browser import find_chromium
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.model


def test_one_stage_learns_to_point_to_spell_and_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from handeye.perception.training import pocket, spelled_answers
    from handeye.perception.training.trainer import Trainer, TrainingPlan

    small = replace(pocket.preset("tiny-cpu"), vision=(32, 1), text=(64, 2), tiles=2, mix=0.5)
    monkeypatch.setitem(pocket.PRESETS, "small", small)
    trainer = Trainer(TrainingPlan(tmp_path / "out", "small", steps=10, threads=1, screens=4))
    row = next(row for step in range(20) if (row := spelled_answers.spelled(small, 7, step, 0.0)))
    before = {name: float(each.detach()) for name, each in spelled_answers.losses(trainer.pocket, row).items()}
    trainer.run()
    after = {name: float(each.detach()) for name, each in spelled_answers.losses(trainer.pocket, row).items()}
    assert all(after[name] < 0.95 * before[name] for name in ("spell", "text"))
    told = [json.loads(line) for line in (tmp_path / "out" / "training" / "metrics.jsonl").read_text().splitlines()]
    steps = [line["losses"] for line in told if "losses" in line]
    rows = [spelled_answers.spelled(small, 0, step, 0.0) is not None for step in range(10)]
    assert 0 < sum(rows) < 10
    assert ["spell" in each for each in steps] == rows
    assert all("point" in each for each in steps)


def test_a_row_follows_from_its_number_alone() -> None:
    from handeye.perception.training.pocket import preset
    from handeye.perception.training.spelled_answers import spelled

    sizes = replace(preset("tiny-cpu"), mix=1.0)
    one, again, other = (spelled(sizes, 0, step, 0.5) for step in (3, 3, 4))
    assert one
    assert again
    assert other
    assert (one.groups, one.delta, one.tiles.tobytes()) == (again.groups, again.delta, again.tiles.tobytes())
    assert one.groups != other.groups
    texts = [group for group in one.groups if "<IMG_CONTEXT>" not in group[0][0]]
    assert len(texts) == 3
    shown = sum(group[0][0].count("<IMG_CONTEXT>") for group in one.groups)
    assert shown == 64 * len(one.tiles)
    assert spelled(preset("tiny-cpu"), 0, 3, 0.5) is None  # its minutes are for pointing


@pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium on this machine")
def test_pages_are_practised_out_of_shards(tmp_path: Path) -> None:
    from handeye.perception.training.data.pages import write_pages
    from handeye.perception.training.lessons import lesson
    from handeye.perception.training.pocket import preset
    from handeye.perception.training.spelled_answers import spelled
    from handeye.perception.training.trainer import Trainer, TrainingPlan

    folder = tmp_path / "pages"
    made: list[int] = []
    write_pages(folder, 8, report=made.append)
    assert made == list(range(8))
    samples = [sample for _, sample in read_shards(folder)]
    assert [each.before is not None for each in samples] == [False] * 7 + [True]
    # Things on pages have names that no drawn screen's lesson of this seed has.
    drawn, mixed = (lesson("1", 2, 3, 224, shards=each) for each in (None, folder))
    assert drawn.tiles.shape == mixed.tiles.shape
    assert drawn.tiles.tobytes() != mixed.tiles.tobytes()
    sizes = replace(preset("tiny-cpu"), mix=1.0)
    rows = [row for step in range(6) if (row := spelled(sizes, 0, step, 0.0, folder))]
    answers = {answer for row in rows for group in row.groups for _, answer in group}
    asked = {question.answer for sample in samples for question in sample.questions}
    assert len(answers & asked) > 4
    with pytest.raises(SetupError, match=r"holds no shards\.json"):
        Trainer(TrainingPlan(tmp_path / "out", steps=1, shards=tmp_path / "elsewhere"))
