"""The suite report: `report.html` with each scenario, its attempts, their steps and screenshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from handeye.agent.report.pages import render_page
from handeye.scenarios.reporters.suite_view import suite_view
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from handeye.scenarios.reporters.suite_view import SuiteView
    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.suite.scenario import Scenario

#: In the order of the filter buttons.
STATUSES = ("failed", "error", "flaky", "passed", "skipped")


class HtmlReporter:
    """Writes a page that opens from disk; screenshots and the runs' own reports are files next to it."""

    def __init__(self, console: Console, output: Path) -> None:  # noqa: ARG002
        self.output, self.path = output, output / "report.html"

    def begin(self, scenarios: Sequence[Scenario], previous: int = 0) -> None:
        """Do nothing: the page is written at the end."""

    def add(self, result: ScenarioResult) -> None:
        """Do nothing: the page is written at the end."""

    def stop(self) -> None:
        """Do nothing: an unfinished run of suites gets no page."""

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        """Write the page; returns its path."""
        write_atomically(self.path, render_suite_page(suite_view(results, seconds, self.output)))
        return [self.path]


def render_suite_page(view: SuiteView) -> str:
    """The text of the page. Paths of screenshots are as they are in the view."""
    from markupsafe import Markup

    return render_page(
        Path(__file__).parent,
        "suite.html.j2",
        styles=["suite.css"],
        scripts=["player.js", "suite.js"],
        view=view,
        statuses=STATUSES,
        data=Markup(_script_json(view)),  # noqa: S704 - escaped by _script_json
    )


def _script_json(view: SuiteView) -> str:
    """The view as JSON that cannot end its `<script>` element."""
    text = json.dumps(view.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
