"""Runs one attempt of a Midscene flow: its tasks on one page, optional tasks as separate runs."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from handeye.scenarios.runner import AttemptRunner, InvariantWatch

if TYPE_CHECKING:
    from handeye.agent.run_folder import RunResult as Run
    from handeye.scenarios.formats.midscene import Flow, FlowTask
    from handeye.scenarios.runner import QueuedScenario, ScenarioRunner


class FlowAttemptRunner(AttemptRunner):
    """Runs one attempt. A flow without optional tasks runs as an ordinary scenario, with anchors."""

    def __init__(self, runner: ScenarioRunner, job: QueuedScenario, number: int) -> None:
        super().__init__(runner, job, number)
        self.flow = cast("Flow", job.scenario)
        self.parted = any(each.optional for each in self.flow.tasks)
        if self.settings.anchors and not self.parted:
            self.replay = self.open_replay()

    def carry_out(self) -> dict[str, Any]:
        """Run the attempt; returns fields of an `Attempt`."""
        fields = self._parts() if self.parted else super().carry_out()
        return fields | {"reason": self._with_message(fields["reason"])} if fields.get("reason") else fields

    def _parts(self) -> dict[str, Any]:
        on = self._start()
        runs: list[Run] = []
        passed_over: list[str] = []
        with closing(self._open(on)) as device:
            perception, policy = self.runner.open_models()
            for number, task in enumerate(self.flow.tasks):
                name: Any = "run" if task is self._deciding() else f"task-{number + 1}"
                goal = self._fill(", ".join(task.steps))
                runs.append(self._run(device, perception, policy, goal, name, on))
                if runs[-1].status == "succeeded":
                    continue
                if not task.optional:
                    return self._sum(runs) | {"reason": f"{task.name}: {runs[-1].reason}"}
                passed_over.append(f"{task.name}: {runs[-1].reason}")
            last = next(
                run for run, task in zip(reversed(runs), reversed(self.flow.tasks), strict=True) if not task.optional
            )
            fields = self._attempt_fields(last, device, InvariantWatch(perception, lambda _: []))
        return (
            self._sum(runs)
            | {key: fields[key] for key in ("status", "run_status", "reason")}
            | {"measured": {"passed over": list(passed_over)} if passed_over else {}}
        )

    def _deciding(self) -> FlowTask:
        """The last task that must pass; its run is the attempt's run."""
        return next(each for each in reversed(self.flow.tasks) if not each.optional)

    def _sum(self, runs: list[Run]) -> dict[str, Any]:
        last = runs[-1]
        return {
            "status": "error" if last.status == "broken" else "failed",
            "run_status": last.status,
            "steps": sum(run.steps for run in runs),
            "model_calls": sum(run.usage.calls for run in runs),
            "tokens": sum(run.usage.tokens_in + run.usage.tokens_out for run in runs),
        }

    def _with_message(self, reason: str) -> str:
        """The reason with the flow's own message, where its check failed."""
        message = next((text for words, text in self.flow.messages.items() if words in reason), "")
        return f"{message}: {reason}" if message else reason
