"""The schema of suite files. A file is validated before anything runs; errors contain the file and the line."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from handeye.scenarios.checks.kinds import Checks
from handeye.scenarios.suite.conditions import condition_error

#: Values that stand in for `${name}`; numbers and truth values are written as YAML writes them.
Plain = str | int | float | bool
DeviceName = Literal["browser", "virtual", "desktop"]


class SuiteTable(BaseModel):
    """A table of a suite file: frozen, and with no other keys than these."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _listed(value: Any) -> Any:
    """One thing where several may stand."""
    return [value] if isinstance(value, str | dict) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


def _conditions(value: Any) -> Any:
    values = [value] if isinstance(value, str | bool) else value
    return [str(each).lower() if isinstance(each, bool) else each for each in values] if _many(values) else values


def _many(value: Any) -> bool:
    return isinstance(value, list | tuple)


Conditions = Annotated[tuple[str, ...], BeforeValidator(_conditions)]


class ScenarioStep(SuiteTable):
    """One step. Without `when` it may be written as its words alone."""

    step: str
    """In plain English."""
    when: Conditions = ()
    """It is left out unless this is so: `${{CI}}`, `not ${{CI}}`, `${env} == staging`; of several, all."""

    @model_validator(mode="after")
    def _meant(self) -> ScenarioStep:
        _check_conditions(self.when)
        return self


def _check_conditions(conditions: tuple[str, ...]) -> None:
    for condition in conditions:
        if wrong := condition_error(condition):
            raise ValueError(wrong)


def _steps(value: Any) -> Any:
    """Words where a step is wanted."""
    values = [value] if isinstance(value, str | dict | ScenarioStep) else value
    return (
        [each if isinstance(each, dict | ScenarioStep) else {"step": each} for each in values]
        if _many(values)
        else values
    )


Steps = Annotated[tuple[ScenarioStep, ...], BeforeValidator(_steps)]


def join_steps(steps: tuple[ScenarioStep, ...]) -> str:
    """Steps as one goal."""
    return ", ".join(each.step.strip().rstrip(",.;") for each in steps)


class Serve(SuiteTable):
    """What must be up before the scenarios: a folder served over HTTP, or a command whose address answers."""

    folder: str = ""
    """Served on a free port; its address is `${serve}`."""
    command: str = ""
    """Started once for the suite in its folder, and ended after it. `{port}` in it is a free port."""
    url: str = ""
    """Where the command answers when it is up; `http://127.0.0.1:{port}/` unless it is given."""
    seconds: float = Field(default=30, gt=0)
    """Time it has to come up."""
    line: int = Field(default=0, exclude=True)
    """Where it stands in its file; not written by people."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Serve:
        if bool(self.folder) == bool(self.command):
            raise ValueError("give either `folder` or `command`")
        return self


class ScenarioSpec(SuiteTable):
    """A start, what to do, and what must be so afterwards."""

    name: str = Field(min_length=1)
    """What it is called in reports; no other of the suite may be called so."""
    goal: str = ""
    """In plain English; for a model, any goal."""
    steps: Steps = ()
    """Explicit steps, one after the other: what needs no model."""
    on: str = ""
    """Where it begins: an address, what a link on the suite's page would say, such as `/cart`, a file, or a program."""
    requires: Checks = ()
    """Must be so at the start, else the scenario is skipped."""
    ensures: Checks = ()
    """Must be so at the end."""
    always: Checks = ()
    """Must be so after every step."""
    never: Checks = ()
    """Must not be so after any step."""
    unchecked: bool = False
    """Says that no check is meant: reaching the end of its steps is enough."""
    tags: Texts = ()
    """`--tag` chooses by them."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds for one attempt."""
    retries: int | None = Field(default=None, ge=0, le=20)
    """Further attempts after a failed one; a scenario that passes then is flaky."""
    when: Conditions = ()
    """It is skipped unless this is so: `${{CI}}`, `not ${{CI}}`, `${env} == staging`; of several, all."""
    needs: Texts = ()
    """Programs that must be installed, else it is skipped."""
    skip: bool | str = False
    """True, or the reason."""
    only: bool = False
    """While any scenario says so, the others are left out; `--forbid-only` refuses it."""
    matrix: dict[str, tuple[Plain, ...]] = Field(default_factory=dict)
    """One scenario for each combination of these variables."""
    repeat: int = Field(default=1, ge=1, le=1000)
    """So many times, each a scenario of its own."""
    variables: dict[str, Plain] = Field(default_factory=dict)
    """Its own, which hold before the suite's."""
    max_steps: int | None = Field(default=None, ge=1, alias="max-steps")
    """Actions it may take, 100 unless it is given."""
    line: int = Field(default=0, exclude=True)
    """Where it stands in its file; not written by people."""

    @model_validator(mode="after")
    def _whole(self) -> ScenarioSpec:
        _check_conditions(self.when)
        if bool(self.goal.strip()) == bool(self.steps):
            raise ValueError("give either `goal` or `steps`")
        if not (self.ensures or self.always or self.never or self.unchecked or _verifies(self.wanted)):
            raise ValueError("nothing is checked: add `ensures`, a step “check that …”, or `unchecked: true`")
        return self

    @property
    def wanted(self) -> str:
        """The goal, or the steps as one."""
        return self.goal or join_steps(self.steps)


class GroundSpec(SuiteTable):
    """Something to find on a picture, or a data set of such things, as `handeye eval` reads them."""

    name: str = ""
    """What it is called in reports; the instruction unless it is given."""
    image: str = ""
    """The picture, below the suite's folder."""
    instruction: str = ""
    """What to find, in words."""
    bbox: tuple[float, float, float, float] | None = None
    """Where it is: left, top, right, bottom in pixels of the picture; null where it is not there."""
    type: str = ""
    """What it is counted under, such as `icon`."""
    source: str = ""
    """Where the picture is from, such as `windows`."""
    dataset: str = ""
    """A data set's file or folder."""
    format: str = "auto"
    """As of `handeye eval`."""
    at_least: float = Field(default=1.0, ge=0, le=1, alias="at-least")
    """The share of a data set's things that must be found."""
    where: dict[str, Texts] = Field(default_factory=dict)
    """Of a data set, those of which this holds, such as `{type: [text, icon], theme: dark}`."""
    limit: int | None = Field(default=None, ge=1)
    """Of a data set, the first so many."""
    tags: Texts = ()
    """`--tag` chooses by them."""

    @model_validator(mode="after")
    def _one_of_both(self) -> GroundSpec:
        if bool(self.image) == bool(self.dataset):
            raise ValueError("give either `image` or `dataset`")
        if self.image and not self.instruction:
            raise ValueError("`instruction` is missing: what to find on the picture")
        if self.image and "bbox" not in self.model_fields_set:
            raise ValueError("`bbox` is missing: where it is, or null where it is not there")
        if self.image and self.where:
            raise ValueError("`where` chooses among a data set's things, and this is one picture")
        return self


Grounds = Annotated[tuple[GroundSpec, ...], BeforeValidator(_listed)]


class Suite(SuiteTable):
    """One file of scenarios."""

    name: str = ""
    """The file's name unless it is given."""
    device: DeviceName = "browser"
    """`virtual` is a display of the suite's own with a program."""
    on: str = ""
    """Where scenarios begin: an address, a file, part of what is served (`/shop.html`), or with `virtual` a program."""
    serve: Serve | None = None
    """What must be up before: `{folder: site}`, or a command."""
    needs: Texts = ()
    """Programs that must be installed, else its scenarios are skipped."""
    include: Texts = ()
    """Other files, whose scenarios come first; their `variables` hold where this file has no value of its own."""
    variables: dict[str, Plain] = Field(default_factory=dict)
    """`${name}` stands for one; `${{NAME}}` is the environment's, `{{secret:name}}` a secret."""
    setup: Steps = ()
    """Steps before each scenario's own."""
    teardown: Steps = ()
    """Steps after each scenario, whatever became of it."""
    tags: Texts = ()
    """Of all scenarios, besides their own; `--tag` chooses by them."""
    timeout: float = Field(default=120, gt=0)
    """Seconds for one attempt at a scenario."""
    retries: int = Field(default=0, ge=0, le=20)
    """Further attempts at a scenario that failed."""
    viewport: str = Field(default="1344x896", pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$")
    """Of the browser's page, in pixels."""
    scenarios: tuple[ScenarioSpec, ...] = ()
    """What is tried, in their order."""
    ground: Grounds = ()
    """Things to find on pictures."""


def _verifies(goal: str) -> bool:
    """Whether the goal itself checks something, in words that need no model to be found."""
    words = goal.casefold()
    return any(
        verb in words for verb in ("check that", "check if", "verify", "make sure", "ensure", "assert", "expect")
    )
