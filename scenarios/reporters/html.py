"""For people in a browser: one page with every scenario, its checks, and the reports of its runs, in `report.html`."""

from __future__ import annotations

import os
from collections import Counter
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from handeye.agent.run import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from handeye.scenarios.expand import Case
    from handeye.scenarios.results import Result


class Html:
    """Opens from the disk, without a network; the runs' own reports lie beside it."""

    def __init__(self, console: Console, output: Path) -> None:  # noqa: ARG002
        self.output, self.path = output, output / "report.html"

    def begin(self, cases: Sequence[Case]) -> None:
        """Nothing yet."""

    def add(self, result: Result) -> None:
        """All at the end."""

    def stop(self) -> None:
        """Nothing is written."""

    def end(self, results: Sequence[Result], seconds: float) -> list[Path]:
        place = files(__package__)
        pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        page = pages.from_string((place / "report.html.j2").read_text("utf-8")).render(
            results=results,
            counts=Counter(result.status for result in results),
            seconds=seconds,
            css=(place / "report.css").read_text("utf-8"),
            beside=lambda run: os.path.relpath(run, self.output).replace(os.sep, "/"),
        )
        write_atomically(self.path, page)
        return [self.path]
