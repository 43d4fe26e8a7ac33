"""A benchmark task as a scenario: it is prepared, an agent works on it, and the benchmark's own rules decide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from handeye.agent.agent import Agent
from handeye.scenarios.runner import AttemptRunner
from handeye.scenarios.suite.scenario import Scenario

if TYPE_CHECKING:
    from pydantic import JsonValue

    from handeye.agent.run_folder import RunResult as Run
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy
    from handeye.scenarios.checks.run_check import CheckResult
    from handeye.tools.device import Device

#: The default number of actions for a task.
MOST_STEPS = 30


@dataclass(frozen=True)
class BenchmarkTask(Scenario):
    """One task of a benchmark."""

    group: str = ""
    """The group of its results: a task's name, a site, or a program."""


Task = TypeVar("Task", bound=BenchmarkTask)


@dataclass(frozen=True)
class TaskLimits:
    """The budget of an agent for one task."""

    steps: int = MOST_STEPS
    seconds: float = 300.0


class BenchmarkAttempt(AttemptRunner, ABC, Generic[Task]):
    """One attempt at a task. The benchmark's rules decide, not the agent's report; a run that was refused fails."""

    def carry_out(self) -> dict[str, Any]:
        """Run the attempt, and return fields of an `Attempt`."""
        with ExitStack() as up:
            device = self.open()
            up.callback(device.close)
            goal = self.begin(device)
            if not goal.strip():
                return {"status": "error", "reason": "the benchmark gave no instruction"}
            perception, policy = self.runner.open_models()
            run = self._work(device, perception, self.policy(device, policy), goal)
            checks = [] if run.status in ("broken", "interrupted") else self.judge(device, run)
            fields = self._outcome(run, checks)
            return fields | {"measured": {"instruction": goal} | self.measured()}

    @abstractmethod
    def open(self) -> Device:
        """Return the device of the task."""

    @abstractmethod
    def begin(self, device: Device) -> str:
        """Prepare the device, and return the goal."""

    @abstractmethod
    def judge(self, device: Device, run: Run) -> list[CheckResult]:
        """Return the results of the benchmark's checks: at least one, and all must pass."""

    def policy(self, device: Device, policy: Policy) -> Policy:  # noqa: ARG002 - for benchmarks that end by themselves
        """Return the policy of the task, made from the model's policy."""
        return policy

    def measured(self) -> dict[str, JsonValue]:
        """Return further values of the benchmark; called after `judge`."""
        return {}

    @property
    def place(self) -> str:
        """The start address of the task."""
        return self._start()

    def _work(self, device: Device, perception: Perception, policy: Policy, goal: str) -> Run:
        spec, suite = self.scenario.spec, self.scenario.suite
        config = self.settings.run_config(
            goal,
            self.place,
            max_steps=spec.max_steps or MOST_STEPS,
            budget_seconds=spec.timeout or suite.timeout,
        )
        run = Agent(device, perception=perception, policy=policy, options=config, run_dir=self.folder / "run").run(goal)
        if run.status == "interrupted":
            raise KeyboardInterrupt
        return run

    def _outcome(self, run: Run, checks: list[CheckResult]) -> dict[str, Any]:
        wrong = next((each for each in checks if each.status != "passed"), None)
        passed = checks and not wrong and run.status != "refused"
        failure = run.reason if run.status == "broken" else f"{run.status}: {run.reason}"
        reason = "" if passed or run.status == "succeeded" else failure
        if wrong:
            doubt = "it cannot be decided: " if wrong.status == "unknown" else ""
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
    def task(self) -> Task:
        """The scenario as a task of this benchmark."""
        return cast("Task", self.scenario)
