"""Samples in tar files of WebDataset's layout (`KEY.png`, `KEY.json`), written and read from front to back.

    folder/shards.json            how many samples and bytes each shard has; written anew after each of them
    folder/shard-000000.tar       00000000.png 00000000.json 00000001.png …
    folder/shard-000001.tar

A question about two pictures has the first as `KEY.before.png`. A sample depends only on its number: writing continues
where it was stopped, reading can start at any sample, and several readers can divide the samples. The same call gives
the same bytes.
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from handeye.perception.training.data.questions import TrainingQuestion
from handeye.perception.training.data.screen import LabeledScreen, LabeledTarget
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from random import Random

INDEX = "shards.json"
VERSION = 1
PER_SHARD = 512


@dataclass(frozen=True)
class Sample:
    """A screen with questions about it; `before` is an earlier picture of it, for questions about both."""

    screen: LabeledScreen
    questions: tuple[TrainingQuestion, ...]
    before: LabeledScreen | None = None


@dataclass(frozen=True)
class Shard:
    """The entry of one tar file in the index."""

    name: str
    samples: int
    bytes: int


def write_shards(
    folder: Path, make: Callable[[int], Sample], count: int, *, per_shard: int = PER_SHARD
) -> tuple[Shard, ...]:
    """Write samples 0 to `count` - 1; complete shards are not written again, as they contain the same samples."""
    folder.mkdir(parents=True, exist_ok=True)
    done = list(shards(folder)) if (folder / INDEX).exists() else []
    # A last shard of an earlier, shorter call is written anew.
    while done and (_torn(folder, done[-1]) or done[-1].samples != min(per_shard, count - per_shard * (len(done) - 1))):
        done.pop()
    for first in range(len(done) * per_shard, count, per_shard):
        name = f"shard-{first // per_shard:06d}.tar"
        numbers = range(first, min(count, first + per_shard))
        unfinished = folder / f"{name}.part"
        with tarfile.open(unfinished, "w", format=tarfile.USTAR_FORMAT) as archive:
            for number in numbers:
                for suffix, content in _packed(make(number)):
                    entry = tarfile.TarInfo(f"{number:08d}.{suffix}")
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))
        done.append(Shard(name, len(numbers), unfinished.stat().st_size))
        unfinished.replace(folder / name)
        index = folder / f"{INDEX}.part"
        index.write_text(json.dumps({"version": VERSION, "shards": [asdict(shard) for shard in done]}, indent=1))
        index.replace(folder / INDEX)
    return tuple(done)


def read_shards(folder: Path, *, start: int = 0, reader: int = 0, readers: int = 1) -> Iterator[tuple[int, Sample]]:
    """The samples from number `start` on, with their numbers; of several readers each gets every n-th.

    Raises SetupError before the first sample when a shard is torn.
    """
    if not 0 <= reader < readers:
        raise UsageError(f"there is no reader {reader} of {readers} (0 to {readers - 1}); choose one of these")
    every = shards(folder)
    for shard in every:
        if torn := _torn(folder, shard):
            raise SetupError(torn)
    first = 0
    for shard in every:
        if first + shard.samples > start:
            yield from _read(folder / shard.name, lambda number: number >= start and number % readers == reader)
        first += shard.samples


def any_sample(folder: Path, rng: Random) -> Sample:
    """A sample drawn by lot; the same lot gives the same sample."""
    count = sum(shard.samples for shard in shards(folder))
    if not count:
        raise SetupError(f"{folder} holds no sample; write the data again")
    return next(read_shards(folder, start=rng.randrange(count)))[1]


def shards(folder: Path) -> tuple[Shard, ...]:
    """What the index of a folder lists."""
    try:
        record = json.loads((folder / INDEX).read_text())
        if record["version"] != VERSION:
            raise SetupError(
                f"{folder / INDEX} has version {record['version']} (this handeye reads {VERSION}); write the data again"
            )
        return tuple(Shard(**shard) for shard in record["shards"])
    except FileNotFoundError:
        raise SetupError(
            f"{folder} holds no {INDEX}, so it is no folder of shards; write the data there first"
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SetupError(f"{folder / INDEX} cannot be read ({error}); remove it and write the data again") from error


def _torn(folder: Path, shard: Shard) -> str:
    """What is wrong with a shard, or nothing."""
    path = folder / shard.name
    size = path.stat().st_size if path.exists() else 0
    if size == shard.bytes:
        return ""
    return (
        f"{path} has {size} bytes of {shard.bytes}, so it is torn; write the data again, which mends this shard alone"
    )


def _packed(sample: Sample) -> Iterator[tuple[str, bytes]]:
    if sample.before:
        yield "before.png", _png(sample.before.image)
    yield "png", _png(sample.screen.image)
    record: dict[str, Any] = _to_record(sample.screen) | {"questions": [asdict(each) for each in sample.questions]}
    if sample.before:
        record["before"] = _to_record(sample.before)
    yield "json", json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def _to_record(screen: LabeledScreen) -> dict[str, Any]:
    return {"targets": [asdict(target) for target in screen.targets], "about": dict(screen.about)}


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _read(path: Path, wanted: Callable[[int], bool]) -> Iterator[tuple[int, Sample]]:
    parts: dict[str, bytes] = {}
    with tarfile.open(path, "r:") as archive:
        for entry in archive:
            key, _, suffix = entry.name.partition(".")
            if not wanted(int(key)):
                continue
            content = archive.extractfile(entry)
            assert content
            parts[suffix] = content.read()
            if suffix == "json":
                yield int(key), _unpacked(parts)
                parts = {}


def _unpacked(parts: dict[str, bytes]) -> Sample:
    record = json.loads(parts["json"])
    before = _screen(parts["before.png"], record["before"]) if "before" in record else None
    return Sample(_screen(parts["png"], record), tuple(map(_question, record["questions"])), before)


def _screen(png: bytes, record: dict[str, Any]) -> LabeledScreen:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    targets = (LabeledTarget(**{**target, "box": Box(*target["box"])}) for target in record["targets"])
    return LabeledScreen(image, tuple(targets), record["about"])


def _question(record: dict[str, Any]) -> TrainingQuestion:
    target = Box(*record["target"]) if record["target"] else None
    return TrainingQuestion(**{**record, "target": target})
