"""The report of an evaluation: `report.html` opens from disk, with pictures of the wrong answers next to it."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.report.pages import render_page
from handeye.agent.run_folder import disk
from handeye.scenarios.eval.marked_crops import CropFiles, write_crop
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.datasets.item import GroundingItem
    from handeye.scenarios.eval.score import Measurement, Score, Share

#: About 60 MB of pictures. The result file has all wrong answers.
MAX_WRONG_ANSWERS = 200
PICTURES = "pictures"


@dataclass(frozen=True)
class WrongAnswer:
    """One wrong answer, as the page displays it."""

    number: int
    item: GroundingItem
    result: Measurement
    crop_files: CropFiles | None

    @property
    def distance(self) -> int | None:
        """The distance in pixels from the answered point to the nearest edge of the box around the true place."""
        if self.item.truth is None or self.result.point is None:
            return None
        left, top, right, bottom = self.item.truth.bounds
        x, y = self.result.point
        return round(math.hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom)))

    @property
    def problem(self) -> str:
        """Return what is wrong, in words."""
        if self.result.error:
            return self.result.error
        if self.result.point is None:
            return "nothing was found"
        if self.item.truth is None:
            return "a point was returned, but the target is not in the picture"
        if not self.distance:
            return "outside the outline, but inside the box around it"
        return f"{self.distance} px off"


@dataclass(frozen=True)
class ChartBar:
    """One bar of a chart; `low` and `high` are the ends of its confidence interval, from 0 to 1."""

    label: str
    share: Share
    low: float
    high: float


def write_report(
    folder: Path,
    items: Sequence[GroundingItem],
    results: Sequence[Measurement],
    score: Score,
    facts: Sequence[tuple[str, Any]],
) -> Path:
    """Write `report.html` and `pictures/` into a folder; pictures of an earlier report are replaced.

    `facts` are names and values of what was measured and how. Raises SetupError if the folder cannot be written.
    """
    with disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        pictures = folder / PICTURES
        shutil.rmtree(pictures, ignore_errors=True)
        wrong = [
            (number, item, result)
            for number, (item, result) in enumerate(zip(items, results, strict=True), 1)
            if not result.correct
        ]
        answers = [
            WrongAnswer(number, item, result, write_crop(item, result, pictures, f"{number:05}"))
            for number, item, result in wrong[:MAX_WRONG_ANSWERS]
        ]
        page = render_page(
            Path(__file__).parent,
            "report.html.j2",
            styles=["report.css"],
            score=score,
            facts=facts,
            answers=answers,
            wrong=len(wrong),
            charts=[(name, _chart_bars(shares)) for name, shares in _charts(score)],
            tables=[
                (name, rows, list(dict.fromkeys(kind for kinds in rows.values() for kind in kinds)))
                for name, rows in _tables(score)
            ],
        )
        path = folder / "report.html"
        write_atomically(path, page)
        return path


def _charts(score: Score) -> list[tuple[str, dict[str, Share]]]:
    return [(name, shares) for name, shares in (("type", score.by_type), ("source", score.by_source)) if shares]


def _tables(score: Score) -> list[tuple[str, dict[str, dict[str, Share]]]]:
    """Field of the data set, value of the field, type of the question; `all` is the column for all types."""
    tables = [("group", score.table)] if score.table else []
    for name, parts in score.by_field.items():
        tables.append((name, {value: {**part.by_type, "all": part.whole} for value, part in parts.items()}))
    return tables


def _chart_bars(shares: dict[str, Share]) -> list[ChartBar]:
    """Return the bars, the one with the most questions first."""
    ordered = sorted(shares.items(), key=lambda pair: (-pair[1].n, pair[0]))
    return [ChartBar(label, share, *share.interval) for label, share in ordered]
