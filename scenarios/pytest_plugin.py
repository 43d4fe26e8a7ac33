"""`pytest shop.yaml`: suites as pytest's tests, and a browser, a display and an agent as fixtures.

    def test_it_finds_a_lamp(agent, handeye_browser):
        handeye_browser.perform(Navigate(url="http://localhost:8000"))
        assert agent(handeye_browser, 'search for "lamp"').verdict == "succeeded"

Found through the entry-point group `pytest11`; handeye itself is imported when a suite or a fixture is used.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from handeye.agent.run_folder import RunResult as Run
    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.suite.scenario import Scenario
    from handeye.scenarios.suite.schema import Serve
    from handeye.tools import Browser, Virtual
    from handeye.tools.device import Device


class RunGoal(Protocol):
    """Carries out a goal on a device: the fixture `agent`."""

    def __call__(self, device: Device, goal: str) -> Run: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add handeye's options to pytest."""
    group = parser.getgroup("handeye")
    group.addoption(
        "--handeye-model", default="embedded", metavar="MODEL", help="what looks and thinks, as in handeye run --model"
    )
    group.addoption("--handeye-headed", action="store_true", help="show the browsers and programs")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect suite files."""
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    from handeye.scenarios.suite.file_types import is_suite

    return SuiteFile.from_parent(parent, path=file_path) if is_suite(file_path) else None


class SuiteFile(pytest.File):
    """A suite file; its server runs during its scenarios."""

    served = ""
    serve: Serve | None = None

    def collect(self) -> Iterable[pytest.Item]:
        """Yield the scenarios of the suite."""
        from handeye.scenarios.environment import skip_reason
        from handeye.scenarios.loading import load_scenarios
        from handeye.tools.errors import UsageError

        try:
            scenarios = load_scenarios(self.path)
        except UsageError as error:
            raise self.CollectError(str(error)) from error
        wanted = [scenario for scenario in scenarios if not skip_reason(scenario)]
        self.serve = wanted[0].suite.serve if wanted else None
        for number, scenario in enumerate(scenarios):
            yield ScenarioItem.from_parent(self, name=scenario.name, scenario=scenario, number=number)

    def setup(self) -> None:
        """Start what the suite serves."""
        from handeye.scenarios.environment import serve_suite
        from handeye.tools.errors import HandeyeError

        up, wrong = ExitStack(), ""
        try:
            self.served = up.enter_context(serve_suite(self.serve, self.path.parent, self.path))
        except HandeyeError as error:
            wrong = str(error)
        if wrong:
            pytest.fail(wrong, pytrace=False)
        self.addfinalizer(up.close)


class ScenarioFailed(Exception):
    """A scenario that did not pass, with its reason."""


class ScenarioItem(pytest.Item):
    """One scenario."""

    def __init__(self, *, scenario: Scenario, number: int, **given: Any) -> None:
        super().__init__(**given)
        self.scenario, self.number = scenario, number
        self.extra_keyword_matches.update(scenario.tags)

    def runtest(self) -> None:
        """Run the scenario; raise ScenarioFailed if it does not pass."""
        from contextlib import closing

        from handeye.agent.config import rules_here
        from handeye.agent.options import RunOptions
        from handeye.policies.guard.guard_policy import GuardPolicy
        from handeye.scenarios.runner import QueuedScenario, ScenarioRunner, Settings

        folders: pytest.TempPathFactory = self.config._tmp_path_factory  # type: ignore[attr-defined]
        settings = Settings(
            output=folders.mktemp("handeye"),
            options=RunOptions(
                model=self.config.getoption("--handeye-model"), headed=self.config.getoption("--handeye-headed")
            ),
            rules=rules_here() or GuardPolicy(),
        )
        assert isinstance(self.parent, SuiteFile)
        with closing(ScenarioRunner(settings)) as runner:
            result = runner.run(QueuedScenario(self.scenario, self.parent.served, self.number))
        self._tell(result)

    def _tell(self, result: ScenarioResult) -> None:
        last = result.attempts[-1]
        if last.run:
            self.add_report_section("call", "handeye", f"every step with its picture: {last.run}/report.html")
        if result.status == "skipped":
            pytest.skip(result.reason)
        if result.status in ("failed", "error"):
            checks = [f"  {each.status}: {each.expected}; {each.actual}" for each in last.checks]
            raise ScenarioFailed("\n".join([result.reason, *checks]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the reason and the report of a failed scenario."""
        from handeye.tools.errors import HandeyeError

        if isinstance(excinfo.value, HandeyeError):
            return str(excinfo.value)
        if isinstance(excinfo.value, ScenarioFailed):
            return f"{self.path}:{self.scenario.spec.line}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the file, line and name of the scenario."""
        return self.path, self.scenario.spec.line - 1, self.scenario.name


@pytest.fixture
def handeye_browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A Chromium for this test, on an empty page."""
    from handeye.tools import Browser

    with Browser(headed=request.config.getoption("--handeye-headed")) as browser:
        yield browser


@pytest.fixture
def handeye_desktop() -> Iterator[Virtual]:
    """An empty virtual display for this test."""
    from handeye.tools import Virtual

    with Virtual() as virtual:
        yield virtual


@pytest.fixture
def agent(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunGoal]:
    """A function that carries out goals with `--handeye-model`; runs are stored in the test's `tmp_path`."""
    from contextlib import closing

    from handeye.agent import Agent as Worker
    from handeye.agent.resources import open_perception_and_policy

    model = request.config.getoption("--handeye-model")
    perception, policy = open_perception_and_policy(model)
    runs: list[Run] = []

    def work(device: Device, goal: str) -> Run:
        folder = tmp_path / f"run-{len(runs) + 1}"
        runs.append(
            Worker(device, model, perception=perception, policy=policy, approve="never", run_dir=folder).run(goal)
        )
        return runs[-1]

    with closing(perception):
        yield work
    for run in runs:
        request.node.add_report_section("call", "handeye", f"{run.status}: {run.report}")
