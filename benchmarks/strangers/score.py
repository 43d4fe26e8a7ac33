"""Scores a perception on a split: shares by type, calibration, seconds, and the floor of plain OCR."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.strangers.floor import floor_answer
from benchmarks.strangers.screens import TYPES, Question, read_questions
from handeye.perception.observation import Observation
from handeye.perception.reading import ocr
from handeye.perception.reading.text_cache import TextCache
from handeye.tools.screenshot import Screenshot, open_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from handeye.perception.perception import Perception
    from handeye.tools.element import Element

#: Bins of the reliability table.
BINS = 10


@dataclass(frozen=True)
class Answer:
    """One question with the answer of the perception and of the floor."""

    screen: str
    type: str
    instruction: str
    wording: str
    role: str
    name: str
    source: str
    box: tuple[float, ...] | None
    point: tuple[float, float] | None
    confidence: float
    by: str
    unclear: str
    correct: bool
    floor_point: tuple[float, float] | None
    floor_confidence: float
    floor_correct: bool
    seconds: float


def score(
    folder: Path, perception: Perception, reader: TextCache, limit: int = 0, listen: Callable[[str], None] = print
) -> list[Answer]:
    """Ask all questions of a split's folder; with `limit`, those of the first screens only."""
    by_screen = _by_screen(folder, limit)
    answers: list[Answer] = []
    for number, (screen, asked) in enumerate(by_screen.items(), 1):
        observation = Observation(Screenshot(open_image(folder / "pictures" / f"{screen}.png")), reader=reader.read)
        lines = reader.read(observation.screenshot)
        answers += [_answer(each, perception, observation, lines) for each in asked]
        if number % 10 == 0:
            listen(f"{number} of {len(by_screen)} screens")
    return answers


def _by_screen(folder: Path, limit: int) -> dict[str, list[Question]]:
    by_screen: dict[str, list[Question]] = {}
    for each in read_questions(folder):
        by_screen.setdefault(each.screen, []).append(each)
    names = list(by_screen)
    step = max(1, len(names) // limit) if limit else 1  # evenly over the kits
    return {name: by_screen[name] for name in names[::step][: limit or None]}


def _answer(question: Question, perception: Perception, observation: Observation, lines: Sequence[Element]) -> Answer:
    began = time.perf_counter()
    found = perception.ground(observation, question.instruction)
    seconds = time.perf_counter() - began
    plain = floor_answer(question.instruction, lines)
    return Answer(
        screen=question.screen,
        type=question.type,
        instruction=question.instruction,
        wording=question.wording,
        role=question.role,
        name=question.name,
        source=question.fields.get("source", ""),
        box=question.box,
        point=(float(found.point[0]), float(found.point[1])) if found else None,
        confidence=round(found.confidence, 4) if found else 0.0,
        by=found.by if found else "",
        unclear=found.unclear if found else "",
        correct=question.holds(found.point) if found else question.box is None,
        floor_point=plain.point if plain else None,
        floor_confidence=plain.confidence if plain else 0.0,
        floor_correct=question.holds(plain.point) if plain else question.box is None,
        seconds=round(seconds, 4),
    )


def measure_seconds(folder: Path, perception: Perception, screens: int) -> tuple[float, float]:
    """Median seconds of the first and of the second question about a screen, without stored results."""
    first: list[float] = []
    second: list[float] = []
    for name, asked in _by_screen(folder, screens).items():
        if len(asked) < 2:
            continue
        ocr.forget()
        picture = Screenshot(open_image(folder / "pictures" / f"{name}.png"))
        observation = Observation(picture, reader=ocr.read)
        for question, times in zip(asked, (first, second), strict=False):
            began = time.perf_counter()
            perception.ground(observation, question.instruction)
            times.append(time.perf_counter() - began)
    return statistics.median(first or [0.0]), statistics.median(second or [0.0])


@dataclass(frozen=True)
class Bin:
    """Answers with a confidence between `low` and `high`."""

    low: float
    high: float
    count: int
    confidence: float
    """Mean confidence."""
    right: float
    """Share of right answers."""


def reliability(pairs: Iterable[tuple[float, bool]]) -> tuple[float, list[Bin]]:
    """Expected calibration error of (confidence, right) pairs, and the table of its bins.

    The error is the mean distance between confidence and share of right answers over ten equal bins, weighted by the
    number of answers (Guo et al., On Calibration of Modern Neural Networks, 2017, equation 3).
    """
    listed = list(pairs)
    bins = []
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [pair for pair in listed if low < pair[0] <= high or (number == 0 and pair[0] == 0)]
        if inside:
            mean, right = statistics.mean(pair[0] for pair in inside), statistics.mean(pair[1] for pair in inside)
            bins.append(Bin(low, high, len(inside), mean, right))
    total = len(listed) or 1
    return sum(each.count * abs(each.confidence - each.right) for each in bins) / total, bins


def shares(answers: Sequence[Answer], floor: bool = False) -> dict[str, dict[str, float]]:
    """For each type and `all`: number of questions, share found or rejected, and share right among the answered."""
    table = {}
    for kind in (*TYPES, "all"):
        chosen = [each for each in answers if kind in {each.type, "all"}]
        if not chosen:
            continue
        right = [each.floor_correct if floor else each.correct for each in chosen]
        given = [good for each, good in zip(chosen, right, strict=True) if (each.floor_point if floor else each.point)]
        table[kind] = {
            "n": len(chosen),
            "correct": sum(right) / len(right),
            "answered": len(given) / len(chosen),
            "answered_right": sum(given) / len(given) if given else 0.0,
        }
    return table


def to_json(answers: Sequence[Answer], seconds: tuple[float, float] | None, **facts: str) -> dict[str, Any]:
    """Everything that `--json` writes."""
    error, bins = reliability((each.confidence, each.correct) for each in answers if each.point)
    return {
        **facts,
        "questions": len(answers),
        "by_type": shares(answers),
        "floor": shares(answers, floor=True),
        "expected_calibration_error": error,
        "reliability": [asdict(each) for each in bins],
        "unclear": sum(bool(each.unclear) for each in answers),
        "seconds": {"first": seconds[0], "second": seconds[1]} if seconds else None,
        "answers": [asdict(each) for each in answers],
    }


def as_text(result: dict[str, Any]) -> str:
    """The tables of a result for people."""
    lines = [f"{'type':8} {'n':>5} {'found %':>8} {'answered %':>11} {'right of answered %':>20} {'floor %':>8}"]
    for kind, row in result["by_type"].items():
        floor = result["floor"][kind]["correct"]
        lines.append(
            f"{kind:8} {row['n']:5} {100 * row['correct']:8.1f} {100 * row['answered']:11.1f} "
            f"{100 * row['answered_right']:20.1f} {100 * floor:8.1f}"
        )
    lines.append(f"absent targets: found % is the share that was rejected; {result['unclear']} answers are near ties")
    lines.append(f"expected calibration error {result['expected_calibration_error']:.3f}")
    lines += [
        f"  confidence {each['low']:.1f}-{each['high']:.1f}: {each['count']:5} answers, mean {each['confidence']:.2f}, "
        f"right {each['right']:.2f}"
        for each in result["reliability"]
    ]
    if result["seconds"]:
        lines.append(
            f"seconds: first question {result['seconds']['first']:.2f}, second {result['seconds']['second']:.3f}"
        )
    return "\n".join(lines)
