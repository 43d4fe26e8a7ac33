"""The results of a run of suites as JUnit XML for CI servers: `junit.xml`.

Jenkins, GitLab, GitHub Actions and Azure DevOps read it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.suite.scenario import Scenario

#: Characters that XML 1.0 does not allow, not even escaped: https://www.w3.org/TR/xml/#charsets.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JUnitReporter:
    """Writes one `testsuite` for each file and one `testcase` for each scenario."""

    def __init__(self, console: Console, output: Path) -> None:  # noqa: ARG002
        self.path = output / "junit.xml"

    def begin(self, scenarios: Sequence[Scenario], previous: int = 0) -> None:
        """Do nothing: the file is written at the end."""

    def add(self, result: ScenarioResult) -> None:
        """Do nothing: the file is written at the end."""

    def stop(self) -> None:
        """Do nothing: an unfinished run of suites gets no file."""

    def end(self, results: Sequence[ScenarioResult], seconds: float) -> list[Path]:
        """Write the file; returns its path."""
        by_file: defaultdict[str, list[ScenarioResult]] = defaultdict(list)
        for result in results:
            by_file[result.file].append(result)
        root = Xml.Element("testsuites", _counts(results) | {"time": f"{seconds:.3f}"})
        for file, each in by_file.items():
            time = sum(result.seconds for result in each)
            attributes = {"name": _clean(each[0].suite), **_counts(each), "time": f"{time:.3f}"}
            suite = Xml.SubElement(root, "testsuite", attributes)
            for result in each:
                _case(suite, result, file)
        Xml.indent(root)
        text = Xml.tostring(root, "unicode")
        write_atomically(self.path, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')
        return [self.path]


def _case(suite: Xml.Element, result: ScenarioResult, file: str) -> None:
    attributes = {"name": _clean(result.name), "classname": _clean(result.suite), "time": f"{result.seconds:.3f}"}
    scenario = Xml.SubElement(suite, "testcase", attributes)
    tag = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(result.status)
    if tag:
        kind = {} if tag == "skipped" else {"type": result.attempts[-1].run_status or result.status}
        problem = Xml.SubElement(scenario, tag, {"message": _clean(result.reason), **kind})
        if tag != "skipped":
            checks = [f"{each.status}: {each.expected}; {each.actual}" for each in result.attempts[-1].checks]
            problem.text = _clean("\n".join([f"{file}:{result.line}", *checks]))
    attempts = [f"attempt {each.number}: {each.status}  {each.reason}  {each.run}".rstrip() for each in result.attempts]
    Xml.SubElement(scenario, "system-out").text = _clean("\n".join(attempts))


def _counts(results: Sequence[ScenarioResult]) -> dict[str, str]:
    statuses = [str(result.status) for result in results]
    names = {"failures": "failed", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(statuses)), **{name: str(statuses.count(status)) for name, status in names.items()}}


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
