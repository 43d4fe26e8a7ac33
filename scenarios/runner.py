"""Runs one scenario: opens its device, checks its requirements, carries out its goal, and runs its checks."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.agent.agent import Agent
from handeye.agent.options import RunOptions
from handeye.agent.resources import EMBEDDED, open_device, open_perception_and_policy
from handeye.agent.run_folder import RunConfig, slug
from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.scenarios.checks.run_check import CheckContext, is_screen_check, keep, run_check
from handeye.scenarios.environment import skip_reason, start_address
from handeye.scenarios.replay import ScenarioReplay
from handeye.scenarios.results import ATTEMPTS, Attempt, ScenarioResult
from handeye.scenarios.retention import prune_attempt
from handeye.scenarios.suite.expansion import LATE, VARIABLE
from handeye.scenarios.suite.schema import join_steps
from handeye.tools.errors import HandeyeError, UsageError
from handeye.tools.secrets.store import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.agent.run_folder import RunResult as Run
    from handeye.perception.observation import Grounding, Observation
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy
    from handeye.policies.replay.anchors import RunPart
    from handeye.scenarios.checks.kinds import Check
    from handeye.scenarios.checks.run_check import CheckResult
    from handeye.scenarios.retention import Retention
    from handeye.scenarios.suite.scenario import Scenario
    from handeye.tools.device import Device

#: Seconds in which a check of the screen may still become true.
PATIENCE = 5.0
#: Seconds between two observations meanwhile.
PAUSE = 0.2


@dataclass(frozen=True)
class Settings:
    """Settings of a run of suites, equal for all scenarios."""

    output: Path
    """The folder for runs and results."""
    options: RunOptions = field(default_factory=RunOptions)
    """Of every run; a scenario sets the start, the limits and the approval."""
    rules: GuardPolicy = field(default_factory=GuardPolicy)
    """Of every run, in the place of the file that `options.guard` names."""
    retries: int | None = None
    """Overrides the suites' values."""
    anchors: bool = True
    """Write anchors of passed scenarios next to their suite, and repeat scenarios by them."""
    update_anchors: bool = False
    update_pictures: bool = False
    """Overwrite pictures of checks that differ, and create missing ones."""
    no_model: bool = False
    """Fail at a step that has drifted, instead of asking a model."""
    trace: Retention = "on"
    """Which runs and pictures are retained."""

    def run_config(
        self, goal: str, on: str, *, max_steps: int, budget_seconds: float | None, folder: str = ""
    ) -> RunConfig:
        """The settings of one run of a scenario, whose actions need no approval; see `RunConfig.folder`."""
        of_scenario = {"on": on, "approve": "never", "max_steps": max_steps, "budget_seconds": budget_seconds}
        options = self.options.model_copy(update=of_scenario)
        return RunConfig.from_options(options, goal, self.rules).model_copy(update={"folder": folder})


class QueuedScenario(NamedTuple):
    """A scenario in the queue of a run, with the address of its suite's server."""

    scenario: Scenario
    served: str = ""
    number: int = 0
    """Its index in the run; the names of its folders begin with it."""


def scenario_result(queued: QueuedScenario, attempts: Sequence[Attempt]) -> ScenarioResult:
    """The result of a scenario from its attempts."""
    scenario = queued.scenario
    return ScenarioResult.of(
        attempts=attempts,
        key=scenario.key,
        name=scenario.name,
        suite=scenario.suite.name or scenario.file.stem,
        file=str(scenario.file),
        line=scenario.spec.line,
        tags=tuple(sorted(scenario.tags)),
        number=queued.number,
    )


class ScenarioRunner:
    """Runs scenarios one after the other, with one model for all of them."""

    def __init__(self, settings: Settings, opened: tuple[Perception, Policy] | None = None) -> None:
        """`opened`: perception and policy that are open already, instead of those that the settings name."""
        self.settings = settings
        self.secrets = Secrets.read(Path(settings.options.secrets) if settings.options.secrets else None)
        self._opened = opened

    def run(self, queued: QueuedScenario) -> ScenarioResult:
        """Run all attempts of a scenario. Raises UsageError for a wrong setting, and KeyboardInterrupt."""
        scenario, given = queued.scenario, self.settings.retries
        retries = given if given is not None else scenario.spec.retries
        retries = scenario.suite.retries if retries is None else retries
        attempts = list[Attempt]()
        for number in range(1, retries + 2):
            attempts.append(self._attempt(queued, number))
            if attempts[-1].status in ("passed", "skipped"):
                break
        return scenario_result(queued, attempts)

    def close(self) -> None:
        """Close the model."""
        if self._opened:
            self._opened[0].close()

    def _attempt(self, queued: QueuedScenario, number: int) -> Attempt:
        began = time.monotonic()
        if why := skip_reason(queued.scenario):
            return Attempt(number=number, status="skipped", reason=why)
        attempt_runner = _trial(queued.scenario.attempt_runner)(self, queued, number)
        try:
            fields = attempt_runner.carry_out()
            fields |= attempt_runner.update_anchors(fields)
        except UsageError:
            raise
        except HandeyeError as error:
            fields = {"status": "error", "reason": str(error)}
        attempt = Attempt(
            number=number,
            seconds=round(time.monotonic() - began, 3),
            run=str(attempt_runner.folder / "run") if (attempt_runner.folder / "run").exists() else "",
            **fields,
        )
        return prune_attempt(self.secrets.redact_record(attempt), attempt_runner.folder, self.settings.trace)

    def open_models(self) -> tuple[Perception, Policy]:
        """The eyes and the policy, opened when they are first needed."""
        if self._opened is None:
            options = self.settings.options
            model = EMBEDDED if self.settings.no_model and options.policy == "auto" else options.model
            self._opened = open_perception_and_policy(model, options.policy, options.options)
        return self._opened


class AttemptRunner:
    """Runs one attempt of a scenario, with a separate device."""

    def __init__(self, runner: ScenarioRunner, queued: QueuedScenario, number: int) -> None:
        self.runner, self.settings, self.scenario, self.served = runner, runner.settings, queued.scenario, queued.served
        name = f"{queued.number + 1:03d}-{slug(self.scenario.name)}" + (f"-attempt-{number}" if number > 1 else "")
        self.folder = self.settings.output / ATTEMPTS / name
        uses_anchors = self.settings.anchors and type(self) is AttemptRunner
        self.replay = self.open_replay() if uses_anchors else None

    def open_replay(self) -> ScenarioReplay:
        """The anchors of the scenario."""
        settings = self.settings
        return ScenarioReplay(self.scenario, self.served, model=settings.options.model, no_model=settings.no_model)

    def carry_out(self) -> dict[str, Any]:
        """Run the attempt; returns fields of an `Attempt`."""
        if self.replay and self.replay.missing:
            return {"status": "failed", "reason": self.replay.missing}
        spec, on = self.scenario.spec, self._start()
        with closing(self._open(on)) as device:
            perception, policy = self.runner.open_models()
            lacking = [each for each in self._run_checks(spec.requires, device, "requires") if each.status != "passed"]
            if lacking:
                first = lacking[0]
                return {"status": "skipped", "reason": f"requires: {first.expected}; {first.actual}", "checks": lacking}
            try:
                if before := self._fill(join_steps(self.scenario.suite.setup)):
                    setup = self._run(device, perception, policy, before, "setup", on)
                    if setup.status != "succeeded":
                        return {
                            "status": _status(setup),
                            "run_status": setup.status,
                            "reason": f"setup: {setup.reason}",
                        }
                watch = InvariantWatch(perception, lambda observation: self._violations(observation))
                agent_eyes: Any = watch if spec.always or spec.never else perception
                run = self._run(device, agent_eyes, policy, self._fill(spec.wanted), "run", on, watch)
                return self._attempt_fields(run, device, watch)
            finally:
                if after := self._fill(join_steps(self.scenario.suite.teardown)):
                    self._run(device, perception, policy, after, "teardown", on)

    def _open(self, on: str) -> Device:
        return open_device(
            on,
            headed=self.settings.options.headed,
            viewport=_size(self.scenario.suite.viewport),
            rules=self.settings.rules,
            folder=self.scenario.file.parent,
            secrets=self.runner.secrets,
        )

    def update_anchors(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Update the anchors after a passed attempt; returns fields of an `Attempt`."""
        if self.replay is None or fields["status"] != "passed":
            return {}
        healing = self.replay.update(self.folder, update=self.settings.update_anchors)
        return {"replayed": healing.replayed, "healed": healing.healed, "anchors": healing.note}

    def _attempt_fields(self, run: Run, device: Device, watch: InvariantWatch) -> dict[str, Any]:
        checks = list(watch.broken)
        if run.status == "succeeded" and not checks:
            checks = self._run_checks(self.scenario.spec.ensures, device, "ensures", PATIENCE)
        wrong = next((each for each in checks if each.status != "passed"), None)
        status, reason = _status(run), "" if run.status == "succeeded" else run.reason
        if wrong:
            status = "failed"
            expected = f"never: {wrong.expected}" if wrong.when == "never" else wrong.expected
            doubt = "it cannot be decided: " if wrong.status == "unknown" else ""
            reason = f"{expected}; {doubt}{wrong.actual}"
        usage = run.usage
        return {
            "status": status,
            "run_status": run.status,
            "reason": reason,
            "checks": tuple(checks),
            "steps": run.steps,
            "model_calls": usage.calls,
            "tokens": usage.tokens_in + usage.tokens_out,
        }

    def _run(
        self,
        device: Device,
        perception: Any,
        policy: Policy,
        goal: str,
        name: RunPart,
        on: str,
        watch: InvariantWatch | None = None,
    ) -> Run:
        spec, suite = self.scenario.spec, self.scenario.suite
        config = self.settings.run_config(
            goal,
            on,
            max_steps=spec.max_steps or 100,
            budget_seconds=spec.timeout or suite.timeout,
            folder=str(self.scenario.file.parent.resolve()),
        )
        folder = self.folder / name
        policy = self.replay.policy(policy, name, goal) if self.replay else policy
        agent = Agent(device, perception=perception, policy=policy, options=config, run_dir=folder)
        if watch:
            watch.stop = agent.stop
        run = agent.run(goal)
        if run.status == "interrupted" and not (watch and watch.broken):  # by a person: the scenario gets no status
            raise KeyboardInterrupt
        return run

    def _run_checks(
        self, checks: tuple[Check, ...], device: Device, when: Any, seconds: float = 0.0
    ) -> list[CheckResult]:
        """The result of each check; a check of the screen is repeated until it passes or the time is over."""
        perception, _ = self.runner.open_models()
        deadline = time.monotonic() + seconds
        found: list[CheckResult] = []
        for number, check in enumerate(checks):
            filled = self._fill_check(check)
            while True:
                last = not is_screen_check(check) or time.monotonic() > deadline
                # Pictures are saved or updated only at the last try, when the screen had its time to change.
                means = CheckContext(
                    perception, self._picture(when, number) if last else None, self.settings.update_pictures and last
                )
                result = run_check(filled, lambda: perception.observe(device), self.scenario.file.parent, means)
                if result.status == "passed" or last:
                    break
                time.sleep(PAUSE)
            found.append(result.model_copy(update={"when": when}))
        return found

    def _violations(self, observation: Observation) -> list[CheckResult]:
        """The `always` and `never` checks that this observation violates."""
        found: list[CheckResult] = []
        spec = self.scenario.spec
        for when, checks, wrong in (("always", spec.always, "failed"), ("never", spec.never, "passed")):
            for number, check in enumerate(checks):
                result = run_check(
                    self._fill_check(check),
                    lambda: observation,
                    self.scenario.file.parent,
                    CheckContext(self.runner.open_models()[0]),
                )
                if result.status == wrong:
                    picture = keep(observation.screenshot.image, self._picture(when, number))
                    found.append(result.model_copy(update={"when": when, "status": "failed", "picture": picture}))
        return found

    def _picture(self, when: str, number: int) -> Path:
        """The file for the picture of a failed check."""
        return self.folder / "checks" / f"{when}-{number + 1}.png"

    def _start(self) -> str:
        """The address, file or program on which the device is opened."""
        suite, spec = self.scenario.suite, self.scenario.spec
        return start_address(self.scenario, self._fill(spec.on), self._fill(suite.on), self.served)

    def _fill(self, text: str) -> str:
        """The text with the variables that are known only at run time."""
        late = {"serve": self.served}
        return VARIABLE.sub(lambda hit: late[hit[2]] if hit[2] in LATE else hit[0], text)

    def _fill_check(self, check: Check) -> Check:
        given = {name: self._fill(value) for name, value in check.model_dump().items() if isinstance(value, str)}
        return check.model_copy(update=given)


class InvariantWatch:
    """A perception that runs the `always` and `never` checks on every observation, and stops the run at a violation."""

    def __init__(self, perception: Perception, result: Callable[[Observation], list[CheckResult]]) -> None:
        self._eyes, self._run_checks = perception, result
        self.broken: list[CheckResult] = []
        self.stop: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._eyes, name)

    def observe(self, device: Device) -> Observation:
        observation = self._eyes.observe(device)
        if not self.broken and (broken := self._run_checks(observation)):
            self.broken += broken
            self.stop()
        return observation

    def ground(self, observation: Observation, phrase: str) -> Grounding | None:
        return self._eyes.ground(observation, phrase)


def _trial(path: str) -> type[AttemptRunner]:
    module, _, name = path.partition(":")
    found: type[AttemptRunner] = getattr(import_module(module), name)
    return found


def _status(run: Run) -> Any:
    return {"succeeded": "passed", "broken": "error"}.get(run.status, "failed")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)
