"""Runs one scenario: opens its device, checks its requirements, carries out its goal, and runs its checks."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.agent.agent import Agent
from handeye.agent.resources import EMBEDDED, open_device, open_perception_and_policy
from handeye.agent.run_folder import RunConfig, slug
from handeye.perception.engines.options import EngineOptions
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

#: Seconds in which what must be on the screen may still come.
PATIENCE = 5.0
#: Seconds between two looks meanwhile.
PAUSE = 0.2


@dataclass(frozen=True)
class Settings:
    """How scenarios are run, the same for all of them."""

    output: Path
    """Where runs and results are kept."""
    model: str = "embedded"
    policy: str = "auto"
    retries: int | None = None
    """Instead of what the suites say."""
    headed: bool = False
    secrets: str = ""
    anchors: bool = True
    """Passed scenarios leave anchors beside their suite, and are done again by them."""
    update_anchors: bool = False
    update_pictures: bool = False
    """Pictures of checks that differ or are missing are written as they are seen."""
    no_model: bool = False
    """Fail where a step has drifted, instead of asking a model."""
    trace: Retention = "on"
    """Which runs and pictures are kept."""
    rules: GuardPolicy = field(default_factory=GuardPolicy)
    options: EngineOptions = field(default_factory=EngineOptions)


class QueuedScenario(NamedTuple):
    """One scenario to be run, with the address that its suite serves."""

    scenario: Scenario
    served: str = ""
    number: int = 0
    """In the order of this run; its folder begins with it."""


def scenario_result(job: QueuedScenario, attempts: Sequence[Attempt]) -> ScenarioResult:
    """What came of a job, with what its case is called."""
    scenario = job.scenario
    return ScenarioResult.of(
        attempts=attempts,
        key=scenario.key,
        name=scenario.name,
        suite=scenario.suite.name or scenario.file.stem,
        file=str(scenario.file),
        line=scenario.spec.line,
        tags=tuple(sorted(scenario.tags)),
        number=job.number,
    )


class ScenarioRunner:
    """Runs scenarios one after the other, with one model for all."""

    def __init__(self, settings: Settings, mind: tuple[Perception, Policy] | None = None) -> None:
        """`mind`: eyes and policy that are there already, instead of those that the settings name."""
        self.settings = settings
        self.secrets = Secrets.read(Path(settings.secrets) if settings.secrets else None)
        self._opened = mind

    def run(self, job: QueuedScenario) -> ScenarioResult:
        """All attempts of a scenario. Nothing is raised but what stops everything: a wrong setting, Ctrl-C."""
        scenario, given = job.scenario, self.settings.retries
        retries = given if given is not None else scenario.spec.retries
        retries = scenario.suite.retries if retries is None else retries
        attempts = list[Attempt]()
        for number in range(1, retries + 2):
            attempts.append(self._attempt(job, number))
            if attempts[-1].status in ("passed", "skipped"):
                break
        return scenario_result(job, attempts)

    def close(self) -> None:
        """Let go of the model."""
        if self._opened:
            self._opened[0].close()

    def _attempt(self, job: QueuedScenario, number: int) -> Attempt:
        began = time.monotonic()
        if why := skip_reason(job.scenario):
            return Attempt(number=number, status="skipped", reason=why)
        trial = _trial(job.scenario.attempt_runner)(self, job, number)
        try:
            told = trial.carry_out()
            told |= trial.learned(told)
        except UsageError:
            raise
        except HandeyeError as error:
            told = {"status": "error", "reason": str(error)}
        attempt = Attempt(
            number=number,
            seconds=round(time.monotonic() - began, 3),
            run=str(trial.folder / "run") if (trial.folder / "run").exists() else "",
            **told,
        )
        return prune_attempt(self.secrets.redact_record(attempt), trial.folder, self.settings.trace)

    def mind(self) -> tuple[Perception, Policy]:
        """The eyes and the policy, opened when they are first needed."""
        if self._opened is None:
            spared = self.settings.no_model and self.settings.policy == "auto"
            model = EMBEDDED if spared else self.settings.model
            self._opened = open_perception_and_policy(model, self.settings.policy, self.settings.options)
        return self._opened


class AttemptRunner:
    """One attempt, with a device of its own."""

    def __init__(self, runner: ScenarioRunner, job: QueuedScenario, number: int) -> None:
        self.runner, self.settings, self.scenario, self.served = runner, runner.settings, job.scenario, job.served
        name = f"{job.number + 1:03d}-{slug(self.scenario.name)}" + (f"-attempt-{number}" if number > 1 else "")
        self.folder = self.settings.output / ATTEMPTS / name
        kept = self.settings.anchors and type(self) is AttemptRunner
        self.again = self.open_replay() if kept else None

    def open_replay(self) -> ScenarioReplay:
        """The anchors of the scenario."""
        settings = self.settings
        return ScenarioReplay(self.scenario, self.served, model=settings.model, no_model=settings.no_model)

    def carry_out(self) -> dict[str, Any]:
        """What the attempt came to: fields of an Attempt."""
        if self.again and self.again.missing:
            return {"status": "failed", "reason": self.again.missing}
        spec, on = self.scenario.spec, self._place()
        with closing(self._open(on)) as device:
            perception, policy = self.runner.mind()
            lacking = [each for each in self._judged(spec.requires, device, "requires") if each.status != "passed"]
            if lacking:
                first = lacking[0]
                return {"status": "skipped", "reason": f"requires: {first.expected}; {first.actual}", "checks": lacking}
            try:
                if before := self._filled(join_steps(self.scenario.suite.setup)):
                    setup = self._run(device, perception, policy, before, "setup", on)
                    if setup.status != "succeeded":
                        return {
                            "status": _status(setup),
                            "run_status": setup.status,
                            "reason": f"setup: {setup.reason}",
                        }
                watch = InvariantWatch(perception, lambda observation: self._watched(observation))
                agent_eyes: Any = watch if spec.always or spec.never else perception
                run = self._run(device, agent_eyes, policy, self._filled(spec.wanted), "run", on, watch)
                return self._told(run, device, watch)
            finally:
                if after := self._filled(join_steps(self.scenario.suite.teardown)):
                    self._run(device, perception, policy, after, "teardown", on)

    def _open(self, on: str) -> Device:
        return open_device(
            on,
            headed=self.settings.headed,
            viewport=_size(self.scenario.suite.viewport),
            rules=self.settings.rules,
            folder=self.scenario.file.parent,
            secrets=self.runner.secrets,
        )

    def learned(self, told: dict[str, Any]) -> dict[str, Any]:
        """What a passed attempt has left for the next run: fields of an Attempt."""
        if self.again is None or told["status"] != "passed":
            return {}
        healing = self.again.update(self.folder, update=self.settings.update_anchors)
        return {"replayed": healing.replayed, "healed": healing.healed, "anchors": healing.note}

    def _told(self, run: Run, device: Device, watch: InvariantWatch) -> dict[str, Any]:
        checks = list(watch.broken)
        if run.status == "succeeded" and not checks:
            checks = self._judged(self.scenario.spec.ensures, device, "ensures", PATIENCE)
        wrong = next((each for each in checks if each.status != "passed"), None)
        status, reason = _status(run), "" if run.status == "succeeded" else run.reason
        if wrong:
            status = "failed"
            expected = f"never: {wrong.expected}" if wrong.when == "never" else wrong.expected
            doubt = "it cannot be told: " if wrong.status == "unknown" else ""
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
        config = RunConfig(
            goal=goal,
            on=on,
            model=self.settings.model,
            approve="never",
            max_steps=spec.max_steps or 100,
            budget_seconds=spec.timeout or suite.timeout,
            rules=self.settings.rules,
            folder=str(self.scenario.file.parent.resolve()),
            secrets=self.settings.secrets,
            headed=self.settings.headed,
            options=self.settings.options,
        )
        folder = self.folder / name
        policy = self.again.policy(policy, name, goal) if self.again else policy
        agent = Agent(device, perception=perception, policy=policy, config=config, run_dir=folder)
        if watch:
            watch.stop = agent.stop
        run = agent.run(goal)
        if run.status == "interrupted" and not (watch and watch.broken):  # by a person: no verdict on the scenario
            raise KeyboardInterrupt
        return run

    def _judged(self, checks: tuple[Check, ...], device: Device, when: Any, patience: float = 0.0) -> list[CheckResult]:
        """Each check, given its time to become true."""
        perception, _ = self.runner.mind()
        deadline = time.monotonic() + patience
        found: list[CheckResult] = []
        for number, check in enumerate(checks):
            filled = self._late(check)
            while True:
                last = not is_screen_check(check) or time.monotonic() > deadline
                # A picture is kept, or written anew, only when no time is left for the screen to change.
                means = CheckContext(
                    perception, self._picture(when, number) if last else None, self.settings.update_pictures and last
                )
                judged = run_check(filled, lambda: perception.observe(device), self.scenario.file.parent, means)
                if judged.status == "passed" or last:
                    break
                time.sleep(PAUSE)
            found.append(judged.model_copy(update={"when": when}))
        return found

    def _watched(self, observation: Observation) -> list[CheckResult]:
        """What must be so always or never, and is not or is."""
        found: list[CheckResult] = []
        spec = self.scenario.spec
        for when, checks, wrong in (("always", spec.always, "failed"), ("never", spec.never, "passed")):
            for number, check in enumerate(checks):
                judged = run_check(
                    self._late(check),
                    lambda: observation,
                    self.scenario.file.parent,
                    CheckContext(self.runner.mind()[0]),
                )
                if judged.status == wrong:
                    picture = keep(observation.screenshot.image, self._picture(when, number))
                    found.append(judged.model_copy(update={"when": when, "status": "failed", "picture": picture}))
        return found

    def _picture(self, when: str, number: int) -> Path:
        """Where the picture of a check that does not hold is kept."""
        return self.folder / "checks" / f"{when}-{number + 1}.png"

    def _place(self) -> str:
        """What the device is opened on."""
        suite, spec = self.scenario.suite, self.scenario.spec
        return start_address(self.scenario, self._filled(spec.on), self._filled(suite.on), self.served)

    def _filled(self, text: str) -> str:
        """With what is known only now."""
        late = {"serve": self.served}
        return VARIABLE.sub(lambda hit: late[hit[2]] if hit[2] in LATE else hit[0], text)

    def _late(self, check: Check) -> Check:
        given = {name: self._filled(value) for name, value in check.model_dump().items() if isinstance(value, str)}
        return check.model_copy(update=given)


class InvariantWatch:
    """Eyes that judge every scene they see, and stop the run at the first that is wrong."""

    def __init__(self, perception: Perception, judged: Callable[[Observation], list[CheckResult]]) -> None:
        self._eyes, self._judged = perception, judged
        self.broken: list[CheckResult] = []
        self.stop: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._eyes, name)

    def observe(self, device: Device) -> Observation:
        observation = self._eyes.observe(device)
        if not self.broken and (broken := self._judged(observation)):
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
