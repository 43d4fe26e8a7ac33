"""Writes the `report.html` of an evaluation: one page with pictures of the wrong answers."""

from __future__ import annotations

import base64
import hashlib
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.run_folder import disk
from handeye.scenarios.eval.marked_crops import CropFiles, write_crop
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.datasets.item import GroundingItem
    from handeye.scenarios.eval.score import Measurement, Score, Share

HERE = Path(__file__).parent
#: More misses than a person looks through, and about 60 MB of pictures: the result file has them all.
MOST_MISSES = 200
PICTURES = "pictures"


@dataclass(frozen=True)
class Miss:
    """One wrong answer, as the page shows it."""

    number: int
    item: GroundingItem
    result: Measurement
    shown: CropFiles | None

    @property
    def off(self) -> int | None:
        """Pixels from the given point to the nearest edge of the box around the true place."""
        if self.item.truth is None or self.result.point is None:
            return None
        left, top, right, bottom = self.item.truth.bounds
        x, y = self.result.point
        return round(math.hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom)))

    @property
    def said(self) -> str:
        """What is wrong, in words."""
        if self.result.error:
            return self.result.error
        if self.result.point is None:
            return "nothing was found"
        if self.item.truth is None:
            return "found, although it is not there"
        if not self.off:
            return "beside the outline, inside the box around it"
        return f"{self.off} px off"


@dataclass(frozen=True)
class ChartBar:
    """One bar of a chart; lengths are shares of its whole width."""

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
    """Write `report.html` and `pictures/` into a folder; pictures of an earlier report there are replaced.

    `facts` are shown as they are: what was measured, and how. Raises SetupError when the folder cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    with disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        pictures = folder / PICTURES
        shutil.rmtree(pictures, ignore_errors=True)
        wrong = [
            (number, item, result)
            for number, (item, result) in enumerate(zip(items, results, strict=True), 1)
            if not result.correct
        ]
        misses = [
            Miss(number, item, result, write_crop(item, result, pictures, f"{number:05}"))
            for number, item, result in wrong[:MOST_MISSES]
        ]
        style = (HERE / "report.css").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        environment = Environment(
            loader=FileSystemLoader(HERE),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        page = environment.get_template("report.html.j2").render(
            score=score,
            facts=facts,
            misses=misses,
            wrong=len(wrong),
            charts=[(name, _rows(shares)) for name, shares in _charts(score)],
            tables=[
                (name, rows, list(dict.fromkeys(kind for kinds in rows.values() for kind in kinds)))
                for name, rows in _tables(score)
            ],
            style=Markup(style),  # noqa: S704 - our own file
            style_hash=f"sha256-{digest}",
        )
        path = folder / "report.html"
        # A data set's text may hold half of a surrogate pair, which no file can.
        write_atomically(path, page.encode("utf-8", "replace").decode("utf-8"))
        return path


def _charts(score: Score) -> list[tuple[str, dict[str, Share]]]:
    return [(name, shares) for name, shares in (("type", score.by_type), ("source", score.by_source)) if shares]


def _tables(score: Score) -> list[tuple[str, dict[str, dict[str, Share]]]]:
    """What parts the questions, then its values, then types; a column `all` where a question may have no type."""
    found = [("group", score.table)] if score.table else []
    for name, parts in score.by_field.items():
        found.append((name, {value: {**part.by_type, "all": part.whole} for value, part in parts.items()}))
    return found


def _rows(shares: dict[str, Share]) -> list[ChartBar]:
    """Best known first, so that whiskers grow downwards."""
    ordered = sorted(shares.items(), key=lambda pair: (-pair[1].n, pair[0]))
    return [ChartBar(label, share, *share.interval) for label, share in ordered]
