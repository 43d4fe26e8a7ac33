"""Task files in OSWorld's format: an instruction, steps that prepare the desktop, and an evaluator.

Source: arXiv 2404.07972. Each task has a separate virtual display and an empty home folder instead of OSWorld's virtual
machine. `/home/user` in a task file, and in its instruction, is that folder. A task file is a third-party program. Its
steps may put files below the home, and start programs of the machine's menu with files of the home or web addresses.
Any other command (`execute`, `command`, `vm_command_line` …) needs `--allow-execute`, and runs with the rights of the
user of handeye; a folder is no sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field, model_validator

from handeye.scenarios.agent_benchmarks.benchmark_task import BenchmarkAttempt, BenchmarkTask, TaskLimits
from handeye.scenarios.agent_benchmarks.osworld_home import Home
from handeye.scenarios.agent_benchmarks.osworld_measures import MEASURES, Getter, check_measure, run_measure
from handeye.scenarios.agent_benchmarks.osworld_steps import STEPS, check_step
from handeye.scenarios.agent_benchmarks.task_files import (
    Loose,
    Strict,
    Unsupported,
    read_all,
    scenario_of,
    titled,
    validated,
)
from handeye.scenarios.checks.run_check import CheckResult
from handeye.scenarios.suite.schema import Suite

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from handeye.agent.run_folder import RunResult as Run
    from handeye.scenarios.datasets.records import Record
    from handeye.tools.desktop.virtual import Virtual
    from handeye.tools.device import Device


def _listed(value: Any) -> Any:
    """Return a single value as a list, and None as an empty one."""
    return value if isinstance(value, list | tuple) else () if value is None else (value,)


class ConfigStep(Strict):
    """One step that prepares the desktop."""

    type: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class Evaluator(Strict):
    """The evaluator of a task: functions that compare results fetched after the run with expected ones."""

    func: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
    result: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_listed)] = ()
    expected: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_listed)] = ()
    options: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_listed)] = ()
    conj: Literal["and", "or"] = "and"
    postconfig: tuple[ConfigStep, ...] = ()

    @model_validator(mode="after")
    def _one_each(self) -> Evaluator:
        if self.func == ("infeasible",):
            return self
        for name in ("result", "expected"):
            if len(getattr(self, name)) != len(self.func):
                raise ValueError(
                    f"{name} has {len(getattr(self, name))} entries for {len(self.func)} func; give one each"
                )
        if self.options and len(self.options) != len(self.func):
            raise ValueError(f"options has {len(self.options)} entries for {len(self.func)} func; give one each")
        return self


class OsWorldSpec(Loose):
    """A task as in its file."""

    id: str = Field(min_length=1)
    instruction: str = Field(min_length=1)
    config: Annotated[tuple[ConfigStep, ...], BeforeValidator(_listed)] = ()
    related_apps: tuple[str, ...] = ()
    snapshot: str = ""
    proxy: bool = False
    evaluator: Evaluator


@dataclass(frozen=True, kw_only=True)
class OsWorldTask(BenchmarkTask):
    """A task of OSWorld."""

    attempt_runner: str = "handeye.scenarios.agent_benchmarks.osworld:OsWorldAttempt"
    task_spec: OsWorldSpec
    allow_execute: bool = False


def tasks(
    paths: Sequence[Path],
    chosen: Sequence[str],
    limits: TaskLimits,
    *,
    allow_execute: bool = False,
    skip_unsupported: bool = False,
) -> list[BenchmarkTask]:
    """Return the tasks of some files. Raises UsageError with the file and the key that is wrong or not allowed."""

    def read(path: Path, record: Record) -> BenchmarkTask:
        spec = validated(OsWorldSpec, record)
        _check(spec, path, record.place, allow_execute)
        return OsWorldTask(
            suite=Suite(name="OSWorld", device="virtual"),
            file=path,
            spec=scenario_of(spec, path, "id", spec.id, spec.instruction, limits),
            name=titled(spec.id, spec.instruction),
            group=" ".join(spec.related_apps) or spec.snapshot or path.stem,
            task_spec=spec,
            allow_execute=allow_execute,
        )

    return read_all(paths, chosen, read, _name, skip_unsupported=skip_unsupported)


def _name(record: Record) -> str:
    return record.text("id")


def _check(spec: OsWorldSpec, path: Path, place: str, allow_execute: bool) -> None:
    """Raise UsageError, before the run, for a step or an evaluator that is not supported."""
    if spec.proxy:
        raise Unsupported(f"{place}: proxy is set, and programs here have the network that handeye has")
    for name, steps in (("config", spec.config), ("evaluator.postconfig", spec.evaluator.postconfig)):
        for number, step in enumerate(steps):
            key = f"{place}: {name}.{number}"
            if step.type not in STEPS:
                raise Unsupported(f"{key}.type {step.type!r} is not supported; there are {', '.join(STEPS)}")
            check_step(step.type, step.parameters, f"{key}.parameters", path.parent, allow_execute)
    if spec.evaluator.func == ("infeasible",):
        return
    for number, func in enumerate(spec.evaluator.func):
        key = f"{place}: evaluator.func {func!r}"
        if func not in MEASURES:
            raise Unsupported(f"{key} is not supported; there are infeasible, {', '.join(MEASURES)}")
        options = spec.evaluator.options[number] if spec.evaluator.options else {}
        check_measure(func, spec.evaluator.result[number], spec.evaluator.expected[number], options, key, allow_execute)


class OsWorldAttempt(BenchmarkAttempt[OsWorldTask]):
    """An attempt at a task on a separate virtual display."""

    @property
    def place(self) -> str:
        """The device of the task, as for `--on`."""
        return "virtual"

    def open(self) -> Virtual:
        """Start the display of the task with an empty home folder."""
        from handeye.tools import Virtual

        # Programs show the paths of their files: the task's own words must not stand in them.
        place = self.folder.parent / "homes" / self.folder.name.partition("-")[0]
        self.home = Home(place, self.scenario.file.parent, self.settings.rules)
        return Virtual(headed=self.settings.options.headed, home=self.home.folder)

    def begin(self, device: Device) -> str:
        """Perform the task's `config` steps, and return the instruction with this attempt's home folder."""
        self._steps(device, self.task.task_spec.config)
        device.settle()
        return self.home.local(self.task.task_spec.instruction)

    def judge(self, device: Device, run: Run) -> list[CheckResult]:
        """Return the results of the task's evaluator.

        For an infeasible task, the agent must have reported failure.
        """
        evaluator = self.task.task_spec.evaluator
        if evaluator.func == ("infeasible",):
            gave_up = run.status == "failed"
            seen = "it did" if gave_up else f"the run ended {run.status}"
            return [CheckResult.of(gave_up, "the agent says that it cannot be done", seen, "infeasible")]
        self._steps(device, evaluator.postconfig)
        getter = Getter(self.home, cast("Virtual", device).display)
        options = evaluator.options or ({},) * len(evaluator.func)
        each = zip(evaluator.func, evaluator.result, evaluator.expected, options, strict=True)
        checks = [run_measure(func, result, expected, option, getter) for func, result, expected, option in each]
        if evaluator.conj == "or" and any(check.status == "passed" for check in checks):
            return [check for check in checks if check.status == "passed"]
        return checks

    def _steps(self, device: Device, steps: Sequence[ConfigStep]) -> None:
        for step in steps:
            STEPS[step.type].do(step.parameters, cast("Virtual", device), self.home)
