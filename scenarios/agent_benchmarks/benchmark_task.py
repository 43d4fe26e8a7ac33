"""A benchmark task as a scenario: it is prepared, an agent works on it, and the benchmark's own rules decide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from handeye.agent.agent import Agent
from handeye.agent.run_folder import RunConfig
from handeye.scenarios.runner import AttemptRunner
from handeye.scenarios.suite.scenario import Scenario

if TYPE_CHECKING:
    from pydantic import JsonValue

    from handeye.agent.run_folder import RunResult as Run
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy
    from handeye.scenarios.checks.run_check import CheckResult
    from handeye.tools.device import Device

#: Actions of a task whose benchmark and person name no limit.
MOST_STEPS = 30


@dataclass(frozen=True)
class BenchmarkTask(Scenario):
    """One task of a benchmark."""

    group: str = ""
    """What its results are counted by: a task's name, a site, a program."""


@dataclass(frozen=True)
class TaskLimits:
    """What an agent has for one task."""

    steps: int = MOST_STEPS
    seconds: float = 300.0


class BenchmarkAttempt(AttemptRunner, ABC):
    """One attempt at a task. Whatever the agent says of itself, the benchmark's measure decides; a refusal fails."""

    def carry_out(self) -> dict[str, Any]:
        """What the attempt came to: fields of an Attempt."""
        with ExitStack() as up:
            device = self.open()
            up.callback(device.close)
            goal = self.begin(device)
            if not goal.strip():
                return {"status": "error", "reason": "the benchmark gave no instruction"}
            perception, policy = self.runner.open_models()
            run = self._work(device, perception, self.policy(device, policy), goal)
            checks = [] if run.status in ("broken", "interrupted") else self.judge(device, run)
            told = self._outcome(run, checks)
            return told | {"measured": {"instruction": goal} | self.measured()}

    @abstractmethod
    def open(self) -> Device:
        """The task's own device."""

    @abstractmethod
    def begin(self, device: Device) -> str:
        """Make the device ready; returns the goal."""

    @abstractmethod
    def judge(self, device: Device, run: Run) -> list[CheckResult]:
        """The benchmark's measure: at least one check, all of which have to pass."""

    def policy(self, device: Device, policy: Policy) -> Policy:  # noqa: ARG002 - for benchmarks that end by themselves
        """What decides, given the model's policy."""
        return policy

    def measured(self) -> dict[str, JsonValue]:
        """What the benchmark tells besides the instruction, after `judge`."""
        return {}

    @property
    def place(self) -> str:
        """Where the task begins, with what is served."""
        return self._start()

    def _work(self, device: Device, perception: Perception, policy: Policy, goal: str) -> Run:
        spec, suite, settings = self.scenario.spec, self.scenario.suite, self.settings
        config = RunConfig(
            goal=goal,
            on=self.place,
            model=settings.model,
            approve="never",
            max_steps=spec.max_steps or MOST_STEPS,
            budget_seconds=spec.timeout or suite.timeout,
            rules=settings.rules,
            secrets=settings.secrets,
            headed=settings.headed,
            options=settings.options,
        )
        run = Agent(device, perception=perception, policy=policy, config=config, run_dir=self.folder / "run").run(goal)
        if run.status == "interrupted":
            raise KeyboardInterrupt
        return run

    def _outcome(self, run: Run, checks: list[CheckResult]) -> dict[str, Any]:
        wrong = next((each for each in checks if each.status != "passed"), None)
        passed = checks and not wrong and run.status != "refused"
        said = run.reason if run.status == "broken" else f"{run.status}: {run.reason}"
        reason = "" if passed or run.status == "succeeded" else said
        if wrong:
            doubt = "it cannot be told: " if wrong.status == "unknown" else ""
            reason = "; ".join(filter(None, (reason, wrong.expected, f"{doubt}{wrong.actual}")))
        return {
            "status": "error" if run.status == "broken" else "passed" if passed else "failed",
            "run_status": run.status,
            "reason": reason,
            "checks": tuple(checks),
            "steps": run.steps,
            "model_calls": run.usage.calls,
            "tokens": run.usage.tokens_in + run.usage.tokens_out,
        }

    @property
    def task(self) -> BenchmarkTask:
        """The case, which is a task here."""
        return cast("BenchmarkTask", self.scenario)
