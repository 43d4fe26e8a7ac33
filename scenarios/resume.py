"""The plan of a run of suites, in `plan.json`, so that an interrupted run continues with the same scenarios."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError, model_validator

from handeye.agent.run_folder import disk
from handeye.scenarios.results import read_results
from handeye.tools.errors import UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from handeye.scenarios.results import ScenarioResult
    from handeye.scenarios.runner import Settings
    from handeye.scenarios.suite.scenario import Scenario

NAME = "plan.json"
#: Settings that may differ: the results are searched where they are.
FREE = frozenset({"output"})


class PlannedScenario(BaseModel):
    """One scenario of a plan, with a digest of everything that its suite file says about it."""

    key: str
    digest: str


class RunPlan(BaseModel):
    """The settings of a run and its scenarios, in their order."""

    version: int = 2
    settings: dict[str, Any]
    scenarios: tuple[PlannedScenario, ...]

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Accept version 1, which had `cases` for `scenarios` and digests of another form, which are not compared."""
        if isinstance(record, dict) and record.get("version") == 1 and "cases" in record:
            planned = [{**each, "digest": ""} for each in record["cases"]]
            record = {"version": 1, "settings": record["settings"], "scenarios": planned}
        return record

    @classmethod
    def of(cls, scenarios: Sequence[Scenario], settings: Settings) -> RunPlan:
        """The plan of a run of these scenarios with these settings."""
        values = {name: _plain(value) for name, value in vars(settings).items() if name not in FREE}
        values = values.pop("options") | values
        return cls(
            settings=values, scenarios=tuple(PlannedScenario(key=each.key, digest=_digest(each)) for each in scenarios)
        )

    def write(self, output: Path) -> None:
        with disk(output):
            write_atomically(output / NAME, self.model_dump_json(indent=1) + "\n")


def read_plan(output: Path) -> RunPlan:
    """The plan in an output folder. Raises UsageError when there is none."""
    try:
        return RunPlan.model_validate_json((output / NAME).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"--resume: {output} contains no run to continue; name its --output, or omit --resume"
        ) from error


def resumed_results(scenarios: Sequence[Scenario], settings: Settings) -> list[ScenarioResult]:
    """The results of the run in the output folder. Raises UsageError where settings or scenarios differ."""
    before, now = read_plan(settings.output), RunPlan.of(scenarios, settings)
    if before.version == 1:
        now = now.model_copy(
            update={"scenarios": tuple(PlannedScenario(key=each.key, digest="") for each in scenarios)}
        )
    if difference := _difference(before, now):
        raise UsageError(f"--resume: {difference}, in the run in {settings.output}; use the same, or start a new run")
    found = {result.number: result for result in read_results(settings.output / "results.jsonl")}
    return [
        result for number, result in found.items() if number < len(scenarios) and result.key == scenarios[number].key
    ]


def _difference(before: RunPlan, now: RunPlan) -> str:
    for name in now.settings:
        if name not in before.settings:  # a setting that is newer than the plan
            continue
        old, new = before.settings[name], now.settings[name]
        if old != new:
            return f"{name.replace('_', '-')} was {json.dumps(old)} and is {json.dumps(new)}"
    old_keys, new_keys = {each.key for each in before.scenarios}, {each.key for each in now.scenarios}
    for word, keys in (("was not there", new_keys - old_keys), ("is missing now", old_keys - new_keys)):
        if keys:
            more = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
            return f"“{_name(min(keys))}”{more} {word}"
    changed = [each for each, old in zip(now.scenarios, before.scenarios, strict=False) if each != old]
    if len(now.scenarios) != len(before.scenarios):
        return f"there were {len(before.scenarios)} scenarios and are {len(now.scenarios)}"
    if changed:
        moved = {each.digest for each in before.scenarios} == {each.digest for each in now.scenarios}
        return "the order of the scenarios differs" if moved else f"“{_name(changed[0].key)}” has changed"
    return ""


def _name(key: str) -> str:
    file, _, name = key.partition("::")
    return f"{file.replace(chr(92), '/').rpartition('/')[2]} › {name}"


def _digest(scenario: Scenario) -> str:
    fields = [
        scenario.suite.model_dump(mode="json", exclude={"scenarios"}),
        scenario.spec.model_dump(mode="json"),
        scenario.attempt_runner,
    ]
    return hashlib.sha256(json.dumps([scenario.name, *fields], sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
