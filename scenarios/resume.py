"""What a run of suites set out to do, in `plan.json`: so that a killed one goes on with the same, and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from handeye.agent.run_folder import disk
from handeye.scenarios.results import read_results
from handeye.tools.errors import UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from handeye.scenarios.results import Result
    from handeye.scenarios.runner import Settings
    from handeye.scenarios.suite.expansion import Case

NAME = "plan.json"
#: What may be another one: where results lie is where they are looked for.
FREE = frozenset({"output"})


class Planned(BaseModel):
    """One case, and a digest of all that it says."""

    key: str
    digest: str


class Plan(BaseModel):
    """Settings and cases of a run, in their order."""

    version: int = 1
    settings: dict[str, Any]
    cases: tuple[Planned, ...]

    @classmethod
    def of(cls, cases: Sequence[Case], settings: Settings) -> Plan:
        told = {name: _plain(value) for name, value in vars(settings).items() if name not in FREE}
        return cls(settings=told, cases=tuple(Planned(key=case.key, digest=_digest(case)) for case in cases))

    def write(self, output: Path) -> None:
        with disk(output):
            write_atomically(output / NAME, self.model_dump_json(indent=1) + "\n")


def read_plan(output: Path) -> Plan:
    """Raises UsageError when no run was begun there."""
    try:
        return Plan.model_validate_json((output / NAME).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise UsageError(f"--resume: no run was begun in {output}; name its --output, or leave out --resume") from error


def picked_up(cases: Sequence[Case], settings: Settings) -> list[Result]:
    """The results that a run in the output has come to. Raises UsageError where this one is not the same."""
    before, now = read_plan(settings.output), Plan.of(cases, settings)
    if told := _difference(before, now):
        raise UsageError(f"--resume: {told}, in the run that {settings.output} holds; give the same, or begin anew")
    found = {result.number: result for result in read_results(settings.output / "results.jsonl")}
    return [result for number, result in found.items() if number < len(cases) and result.key == cases[number].key]


def _difference(before: Plan, now: Plan) -> str:
    for name in now.settings:
        old, new = before.settings.get(name), now.settings[name]
        if old != new:
            return f"{name.replace('_', '-')} was {json.dumps(old)} and is {json.dumps(new)}"
    old_keys, new_keys = {each.key for each in before.cases}, {each.key for each in now.cases}
    for word, keys in (("was not there", new_keys - old_keys), ("is missing now", old_keys - new_keys)):
        if keys:
            more = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
            return f"“{_name(min(keys))}”{more} {word}"
    changed = [each for each, old in zip(now.cases, before.cases, strict=False) if each != old]
    if len(now.cases) != len(before.cases):
        return f"there were {len(before.cases)} scenarios and are {len(now.cases)}"
    if changed:
        moved = {each.digest for each in before.cases} == {each.digest for each in now.cases}
        return "the order was another one" if moved else f"“{_name(changed[0].key)}” said something else"
    return ""


def _name(key: str) -> str:
    file, _, name = key.partition("::")
    return f"{file.replace(chr(92), '/').rpartition('/')[2]} › {name}"


def _digest(case: Case) -> str:
    told = [case.suite.model_dump(mode="json", exclude={"scenarios"}), case.scenario.model_dump(mode="json"), case.by]
    return hashlib.sha256(json.dumps([case.name, *told], sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
