"""Shards: written and read in order, from any sample on, by several readers; torn ones are refused."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from handeye.perception.training.data.drawn import drawn, pair
from handeye.perception.training.data.questions import change, questions
from handeye.perception.training.data.shards import Sample, read_shards, write_shards
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

COUNT, PER_SHARD = 11, 4


def make(number: int) -> Sample:
    if number == 3:
        before, after = pair(number, level=1)
        return Sample(after, (change(before, after),), before)
    screen = drawn(number)
    return Sample(screen, tuple(questions(screen, Random(number), 2)))


def told(sample: Sample) -> tuple[object, ...]:
    pictures = [
        each and (each.image.tobytes(), each.targets, dict(each.about)) for each in (sample.before, sample.screen)
    ]
    return (*pictures, sample.questions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_shards(tmp_path / "data", make, COUNT, per_shard=PER_SHARD)
    return tmp_path / "data"


def test_what_was_written_is_read_from_any_sample_on_and_shared_by_readers(folder: Path) -> None:
    assert [(number, told(sample)) for number, sample in read_shards(folder)] == [
        (n, told(make(n))) for n in range(COUNT)
    ]
    assert [number for number, _ in read_shards(folder, start=6)] == list(range(6, COUNT))
    mine = [[number for number, _ in read_shards(folder, start=2, reader=n, readers=3)] for n in range(3)]
    assert mine == [[3, 6, 9], [4, 7, 10], [2, 5, 8]]


def test_writing_goes_on_where_it_was_stopped_and_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    made: list[int] = []

    def stopped(number: int) -> Sample:
        if number == 9:
            raise KeyboardInterrupt
        return make(number)

    def noted(number: int) -> Sample:
        made.append(number)
        return make(number)

    again = tmp_path / "again"
    with pytest.raises(KeyboardInterrupt):
        write_shards(again, stopped, COUNT, per_shard=PER_SHARD)
    assert [number for number, _ in read_shards(again)] == list(range(8))
    write_shards(again, noted, COUNT, per_shard=PER_SHARD)
    assert made == [8, 9, 10]
    for shard in folder.glob("*.tar"):
        assert (again / shard.name).read_bytes() == shard.read_bytes()


def test_a_torn_shard_is_refused_and_mended(folder: Path) -> None:
    last = folder / "shard-000002.tar"
    whole = last.read_bytes()
    last.write_bytes(whole[:3000])
    with pytest.raises(
        SetupError, match=rf"{last} has 3000 bytes of {len(whole)}, so it is torn; write the data again"
    ):
        next(read_shards(folder))
    write_shards(folder, make, COUNT, per_shard=PER_SHARD)
    assert last.read_bytes() == whole
    with pytest.raises(SetupError, match=r"holds no shards\.json"):
        next(read_shards(folder / "elsewhere"))
