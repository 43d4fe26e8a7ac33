"""For people in a browser: one page with every scenario, its attempts, their steps and pictures, in `report.html`."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from handeye.agent.run_view import format_duration
from handeye.scenarios.reporters.suite_view import suite_view
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jinja2 import Environment
    from rich.console import Console

    from handeye.scenarios.reporters.suite_view import SuiteView
    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.suite.scenario import Scenario

STATUSES = ("failed", "error", "flaky", "passed", "skipped")


class HtmlReporter:
    """Opens from the disk, without a network; pictures and the runs' own reports lie beside it."""

    def __init__(self, console: Console, output: Path) -> None:  # noqa: ARG002
        self.output, self.path = output, output / "report.html"

    def begin(self, scenarios: Sequence[Scenario], kept: int = 0) -> None:
        """Nothing yet."""

    def add(self, result: ScenarioResult) -> None:
        """All at the end."""

    def stop(self) -> None:
        """Nothing is written."""

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        write_atomically(self.path, render_suite_page(suite_view(results, seconds, self.output)))
        return [self.path]


def render_suite_page(story: SuiteView) -> str:
    """The page that tells a story; its pictures are where the story says."""
    from markupsafe import Markup

    style = _asset("handeye.agent.report", "theme.css") + _asset(__package__, "suite.css")
    script = _asset(__package__, "player.js") + _asset(__package__, "suite.js")
    page = (
        _environment()
        .from_string(_asset(__package__, "suite.html.j2"))
        .render(
            story=story,
            statuses=STATUSES,
            data=Markup(_for_a_page(story)),  # noqa: S704 - escaped there
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )
    # What pages say may hold half of a surrogate pair, which no file can.
    return page.encode("utf-8", "replace").decode("utf-8")


def _for_a_page(story: SuiteView) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(story.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined

    pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters["duration"] = format_duration
    return pages


def _asset(package: str | None, name: str) -> str:
    return (files(package or "") / name).read_text("utf-8")


def _hash(text: str) -> str:
    """Names a text to the browser as the only one that may be run or applied on the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
