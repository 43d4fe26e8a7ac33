"""Chooses how text and the pocket model are combined, by questions about whole screens as in `handeye ground`.

The screens are held-out drawn ones, or the pictures of a data set in handeye's own JSONL. Each answer is stored
with its confidence, so that the combination is chosen afterwards: on the screens of one seed, for those of another.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from itertools import groupby
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.observation import Observation
from handeye.perception.pocket_perception import Fusion, Meant, Pointer, meant
from handeye.perception.reading import ocr
from handeye.perception.training.data.drawn import drawn
from handeye.perception.training.data.icons import SIGNS
from handeye.perception.training.data.target_phrases import Names
from handeye.tools.errors import UsageError
from handeye.tools.files import json_lines
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot, open_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image

    from handeye.perception.pocket_inference import PhraseReading

WAYS = ("text", "pocket", "both")
#: Seeds of the screens on which the fusion is chosen, and of the screens that are reported.
CHOOSE, REPORT = "choose", "report"
#: Questions per screen about targets with text, and about targets without.
_EACH = 3
#: Fields of a data set's records that form groups in the report.
_FIELDS = ("type", "size", "theme", "language")


@dataclass(frozen=True)
class ComparedPicture:
    """A picture with its questions."""

    image: Image
    questions: tuple[tuple[str, Box | None, tuple[str, ...]], ...]
    """Phrases, where each is (None: not there), and the groups it counts in."""


@dataclass(frozen=True)
class ComparedAnswer:
    """The answers of text and model to one question: confidence (-1: no answer), and whether it was correct."""

    groups: tuple[str, ...]
    text: tuple[float, bool]
    pocket: tuple[float, bool]
    meant: Meant = "name"
    """What the question says that it means."""

    def right(self, way: str, fusion: Fusion) -> bool:
        """Whether a way answered rightly."""
        return self._answer(way, fusion)[1]

    def worth(self, fusion: Fusion) -> int:
        """What both together are worth: 1 for a right answer, -1 for a wrong place, which is pressed; else 0."""
        confidence, right = self._answer("both", fusion)
        return 1 if right else -1 if confidence >= 0 else 0

    def _answer(self, way: str, fusion: Fusion) -> tuple[float, bool]:
        if way == "both":
            way = "pocket" if fusion.asks(self.text[0], self.meant) and fusion.takes(self.pocket[0]) else "text"
        return self.text if way == "text" else self.pocket


@dataclass
class Compared:
    """The answers about one kind of pictures."""

    name: str
    answers: list[ComparedAnswer] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """What the model took for each picture, with the first of its questions."""

    @property
    def groups(self) -> list[str]:
        """All groups, the whole first."""
        return ["all", *sorted({group for each in self.answers for group in each.groups})]

    def count(self, group: str = "all") -> int:
        """How many questions of a group there were."""
        return sum(group == "all" or group in each.groups for each in self.answers)

    def share(self, way: str, fusion: Fusion, group: str = "all") -> float:
        """The share of correct answers, 0 to 1; 0 without questions."""
        answers = [each.right(way, fusion) for each in self.answers if group == "all" or group in each.groups]
        return sum(answers) / len(answers) if answers else 0.0

    def worth(self, fusion: Fusion) -> float:
        """What both together are worth, on average."""
        return sum(each.worth(fusion) for each in self.answers) / max(1, len(self.answers))

    def to_json(self, fusion: Fusion) -> dict[str, Any]:
        """All of it, for JSON."""
        shares = {
            group: {way: round(self.share(way, fusion, group), 4) for way in WAYS} | {"n": self.count(group)}
            for group in self.groups
        }
        return {"on": self.name, "groups": shares, "seconds": round(median(self.seconds), 3) if self.seconds else 0.0}


def compare(reading: PhraseReading, name: str, pictures: Iterable[ComparedPicture]) -> Compared:
    """Ask text and the model about each picture."""
    pointer, embedded, made = Pointer(reading), EmbeddedPerception(), Compared(name)
    for picture in pictures:
        observation = Observation(Screenshot(picture.image), reader=ocr.read)
        began = time.monotonic()
        for number, (phrase, box, groups) in enumerate(picture.questions):
            pointed = pointer.point(picture.image, phrase)
            if number == 0:
                made.seconds.append(time.monotonic() - began)
            scores = [
                (found.confidence, box is not None and box.holds(found.point)) if found else (-1.0, box is None)
                for found in (embedded.ground(observation, phrase), pointed)
            ]
            made.answers.append(ComparedAnswer(groups, scores[0], scores[1], meant(phrase, pointer.reading.icons)))
    return made


def choose(compared: Sequence[Compared]) -> Fusion:
    """The fusion that is worth most, pictures of each kind counting alike; of equal ones the nearest to stock.

    A wrong place costs what a right one gains: to say that a thing is not there is better than to press another.
    """
    steps = [number / 20 for number in range(21)]

    stock = Fusion()

    def right(fusion: Fusion) -> tuple[float, float]:
        far = abs(fusion.enough - stock.enough) + abs(fusion.icons - stock.icons) + abs(fusion.sure - stock.sure)
        return round(sum(each.worth(fusion) for each in compared), 6), -far

    found = [stock]
    for sure in steps:
        # Phrases with the word “icon” and those without get separate thresholds.
        best = max((Fusion(enough, sure) for enough in [*steps, 1.01]), key=right)
        found.append(max((Fusion(best.enough, sure, icons) for icons in [*steps, 1.01]), key=right))
    return max(found, key=right)


def screens(level: int, count: int, seed: str = REPORT) -> Iterator[ComparedPicture]:
    """So many held-out screens of a level, with questions for things with text, without, and for what is not there."""
    for number in range(count):
        rng = Random(f"compare {seed} {number} {level}")  # noqa: S311 - screens, not secrets
        screen = drawn(rng.randrange(1 << 40), level, held_out=True)
        questions: list[tuple[str, Box | None, tuple[str, ...]]] = []
        names = Names(screen)
        for kind in ("icon", "text"):
            numbers = [
                n for n, t in enumerate(screen.targets) if (bool(t.text) if kind == "text" else t.icon and not t.text)
            ]
            rng.shuffle(numbers)
            known = [
                (phrases, screen.targets[n].box)
                for n in numbers
                if (phrases := [p.text for p in names.of(n) if p.plain])
            ]
            questions += [(rng.choice(phrases), box, (kind, f"{kind} {_size(box)}")) for phrases, box in known[:_EACH]]
        if not names.known(sign := rng.choice(SIGNS)):
            questions.append((f"the {sign} icon", None, ("absent",)))
        yield ComparedPicture(screen.image, tuple(questions))


def data_set(file: Path, most: int = 0) -> Iterator[ComparedPicture]:
    """The pictures of a JSONL file of grounding, evenly spread where there are more than `most` (0: all).

    Each line has `image`, `instruction`, `bbox` (null: it is not there), and may say `type`, `size`,
    `theme` and `language`.
    """
    try:
        lines = [json.loads(line) for line in json_lines(file.read_text(encoding="utf-8")) if line.strip()]
        pictures = [(name, list(each)) for name, each in groupby(lines, key=lambda line: str(line["image"]))]
        every = range(len(pictures))
        chosen = every if not most or most >= len(pictures) else [n * len(pictures) // most for n in range(most)]
        for number in chosen:
            name, records = pictures[number]
            questions = tuple(
                (each["instruction"], Box(*map(round, each["bbox"])) if each["bbox"] else None, _groups(each))
                for each in records
            )
            yield ComparedPicture(open_image(file.parent / name), questions)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file} is no data set of grounding ({error!r}); each line needs an image, an instruction and a bbox"
        ) from error


def _groups(record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"{name} {record[name]}" for name in _FIELDS if record.get(name))


def _size(box: Box) -> str:
    pixels = max(box.width, box.height)
    return next((f"up to {most} px" for most in (16, 24, 40) if pixels <= most), "larger")
