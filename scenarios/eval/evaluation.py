"""One evaluation of a model on a data set: opens the models, measures what is missing, and returns the results."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.resources import EMBEDDED, open_perception_and_policy
from handeye.perception.model_perception import ModelPerception
from handeye.perception.reading import ocr
from handeye.perception.reading.text_cache import text_reader
from handeye.scenarios.eval.measure import measure, record_answers
from handeye.scenarios.eval.measurements import MeasurementsFile
from handeye.scenarios.eval.score import Measurement, Score, compute_score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.perception.engines.engine import Engine
    from handeye.perception.engines.options import EngineOptions
    from handeye.perception.perception import Perception
    from handeye.scenarios.datasets.item import Dataset, GroundingItem

#: Options that do not change an answer.
INDIFFERENT = {"answer_seconds", "cache_mb"}


@dataclass
class Evaluation:
    """The evaluation of one model on one data set."""

    dataset: Dataset
    items: Sequence[GroundingItem]
    """The questions to ask."""
    model: str
    options: EngineOptions
    samples: int = 1
    workers: int = 1
    cached: bool = True
    """Whether the text of the pictures is stored on disk."""
    opened: list[Perception] = field(default_factory=list)
    _shared: Engine | None = None

    def open_perception(self) -> Perception:
        """Return a perception for one worker. A model in this process is loaded once for all workers."""
        if self._shared:
            perception: Perception = ModelPerception(self._shared, reader=ocr.read)
        else:
            perception, _ = open_perception_and_policy(self.model, options=self.options)
        self.opened.append(perception)
        if isinstance(perception, ModelPerception):
            if self.workers > 1 and self.in_process:
                perception.engine = self._shared = self._shared or _together(perception.engine, self.workers)
            perception.samples = self.samples
        return record_answers(perception)

    @property
    def in_process(self) -> bool:
        """Whether the model runs in this process; scripted answers do not, because their order matters."""
        return self.model != EMBEDDED and not self.model.startswith(("http://", "https://", "serve:", "scripted:"))

    def close(self) -> None:
        """Close all models."""
        for perception in self.opened:
            perception.close()

    def measure(self, ledger: MeasurementsFile, listen: Callable[[Measurement], None]) -> list[Measurement]:
        """Return the measurements of all items in their order. New ones are added to the file."""
        waiting = [self.opened[0]] if self.opened else []
        left = [(number, item) for number, item in enumerate(self.items) if number not in ledger.done]
        asking = measure(
            left,
            lambda: waiting.pop() if waiting else self.open_perception(),
            self.workers,
            text_reader(cached=self.cached),
        )
        for number, result in asking:
            ledger.add(number, result)
            listen(result)
        return [ledger.done[number] for number in range(len(self.items))]

    def settings(self) -> dict[str, Any]:
        """Return the settings that must be equal to combine results; opens the model, which reports its name."""
        perception = self.opened[0] if self.opened else self.open_perception()
        made: dict[str, Any] = {
            "data set": self.digest(),
            "model": self.model,
            "weights": _stamp(self.model),
            "perception": perception.name,
            "version of handeye": version("handeye"),
        }
        if isinstance(perception, ModelPerception):
            options = self.options.model_dump(mode="json", exclude=INDIFFERENT)
            made |= {"options": options, "samples": self.samples, "profile": _digest(repr(perception.engine.profile))}
        return made

    def digest(self) -> str:
        """Return a digest of all questions of the data set and the sizes of their images."""
        fields = [
            (item.name, item.path.stat().st_size, item.instruction, item.truth and item.truth.numbers, item.types)
            for item in self.dataset.items
        ]
        return _digest(json.dumps(fields))


def to_json(session: Evaluation, results: Sequence[Measurement], counted: Score, name: str) -> dict[str, Any]:
    """Return the result that `--json` writes."""
    return {
        "model": session.model,
        "n": counted.overall.n,
        "accuracy": counted.overall.accuracy,
        "by_type": {name: share.to_json() for name, share in counted.by_type.items()},
        "results": [result.model_dump(mode="json", exclude_defaults=True) | _always(result) for result in results],
        "correct": counted.overall.correct,
        "interval": counted.overall.to_json()["interval"],
        "errors": counted.errors,
        "by_source": {name: share.to_json() for name, share in counted.by_source.items()},
        "by_group": {
            group: {kind: share.to_json() for kind, share in shares.items()} for group, shares in counted.table.items()
        },
        "by_field": {
            field: {value: part.to_json() for value, part in parts.items()} for field, parts in counted.by_field.items()
        },
        "dataset": str(session.dataset.path),
        "format": session.dataset.format,
        "perception": name,
        "seconds": round(sum(result.seconds for result in results), 3),
    }


def counted(session: Evaluation, results: Sequence[Measurement]) -> Score:
    """Return the score of the measurements."""
    return compute_score(session.items, results)


def _always(result: Measurement) -> dict[str, Any]:
    """Fields that are always in the result."""
    return {"point": list(result.point) if result.point else None}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _together(engine: Engine, workers: int) -> Engine:
    from handeye.perception.engines.in_process.batching import BatchingEngine
    from handeye.perception.engines.in_process.transformers_engine import InProcessEngine

    assert isinstance(engine, InProcessEngine)
    return BatchingEngine(engine, workers)


def _stamp(model: str) -> str:
    """Return a digest of the sizes and times of a model's files; empty for a model outside of a folder."""
    path = Path(model.removeprefix("scripted:"))
    if model == EMBEDDED or not path.exists():
        return ""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return _digest(
        repr([(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()])
    )
