"""The schema of suite files. A file is validated before anything runs; errors contain the file and the line."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from handeye.scenarios.checks.kinds import Checks
from handeye.scenarios.suite.conditions import condition_error

#: Types of the values of `${name}`; numbers and booleans are inserted as YAML writes them.
Plain = str | int | float | bool
DeviceName = Literal["browser", "virtual", "desktop"]


class SuiteTable(BaseModel):
    """A table of a suite file: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _listed(value: Any) -> Any:
    """A list, from one value or from several."""
    return [value] if isinstance(value, str | dict) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


def _conditions(value: Any) -> Any:
    values = [value] if isinstance(value, str | bool) else value
    return [str(each).lower() if isinstance(each, bool) else each for each in values] if _many(values) else values


def _many(value: Any) -> bool:
    return isinstance(value, list | tuple)


Conditions = Annotated[tuple[str, ...], BeforeValidator(_conditions)]


class ScenarioStep(SuiteTable):
    """One step. Without `when` it can be written as plain text."""

    step: str
    """In plain English."""
    when: Conditions = ()
    """The step is skipped unless this holds: `${{CI}}`, `not ${{CI}}`, `${env} == staging`; all of a list must hold."""

    @model_validator(mode="after")
    def _meant(self) -> ScenarioStep:
        _check_conditions(self.when)
        return self


def _check_conditions(conditions: tuple[str, ...]) -> None:
    for condition in conditions:
        if wrong := condition_error(condition):
            raise ValueError(wrong)


def _steps(value: Any) -> Any:
    """Steps, from plain texts or tables."""
    values = [value] if isinstance(value, str | dict | ScenarioStep) else value
    return (
        [each if isinstance(each, dict | ScenarioStep) else {"step": each} for each in values]
        if _many(values)
        else values
    )


Steps = Annotated[tuple[ScenarioStep, ...], BeforeValidator(_steps)]


def join_steps(steps: tuple[ScenarioStep, ...]) -> str:
    """The steps as one goal."""
    return ", ".join(each.step.strip().rstrip(",.;") for each in steps)


class Serve(SuiteTable):
    """A server that the scenarios need: a folder served over HTTP, or a command that starts a server."""

    folder: str = ""
    """The folder to serve on a free port; `${serve}` is its address."""
    command: str = ""
    """The command to start once for the suite, in its folder; it is stopped afterwards. `{port}` is a free port."""
    url: str = ""
    """The address that answers when the server is ready; `http://127.0.0.1:{port}/` by default."""
    seconds: float = Field(default=30, gt=0)
    """Seconds until the server must answer."""
    line: int = Field(default=0, exclude=True)
    """The line in its file; set by the reader."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Serve:
        if bool(self.folder) == bool(self.command):
            raise ValueError("give either `folder` or `command`")
        return self


class ScenarioSpec(SuiteTable):
    """A start, a goal or steps, and checks."""

    name: str = Field(min_length=1)
    """The name in reports; it must be unique in the suite."""
    goal: str = ""
    """The goal in plain English; with a model, any goal."""
    steps: Steps = ()
    """Explicit steps, performed in order; they need no model."""
    on: str = ""
    """The start: an address, a link relative to the suite's page such as `/cart`, a file, or a program."""
    requires: Checks = ()
    """Checks at the start; the scenario is skipped unless all pass."""
    ensures: Checks = ()
    """Checks that must pass at the end."""
    always: Checks = ()
    """Checks that must pass after every step."""
    never: Checks = ()
    """Checks that must not pass after any step."""
    unchecked: bool = False
    """Allow a scenario without checks: completing its steps is enough."""
    tags: Texts = ()
    """Tags, by which `--tag` selects."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds for one attempt."""
    retries: int | None = Field(default=None, ge=0, le=20)
    """Further attempts after a failed one; a scenario that then passes is flaky."""
    when: Conditions = ()
    """The scenario is skipped unless this holds: `${{CI}}`, `not ${{CI}}`, `${env} == staging`; of a list, all."""
    needs: Texts = ()
    """Programs that must be installed; otherwise the scenario is skipped."""
    skip: bool | str = False
    """True, or the reason."""
    only: bool = False
    """Run only the scenarios that have this; `--forbid-only` refuses it."""
    matrix: dict[str, tuple[Plain, ...]] = Field(default_factory=dict)
    """Variables with lists of values: one scenario for each combination."""
    repeat: int = Field(default=1, ge=1, le=1000)
    """The number of repetitions, each a separate scenario."""
    variables: dict[str, Plain] = Field(default_factory=dict)
    """Variables of the scenario; they override the suite's."""
    max_steps: int | None = Field(default=None, ge=1, alias="max-steps")
    """The largest number of actions; 100 by default."""
    line: int = Field(default=0, exclude=True)
    """The line in its file; set by the reader."""

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
        """The goal, or the steps joined to one goal."""
        return self.goal or join_steps(self.steps)


class GroundSpec(SuiteTable):
    """An element to find on a picture, or a data set of such questions, as `handeye eval` reads it."""

    name: str = ""
    """The name in reports; the instruction by default."""
    image: str = ""
    """The picture file, relative to the suite's folder."""
    instruction: str = ""
    """The element to find, in words."""
    bbox: tuple[float, float, float, float] | None = None
    """Its box: left, top, right, bottom in pixels of the picture; null where it is absent."""
    type: str = ""
    """The type under which it is counted, such as `icon`."""
    source: str = ""
    """The source of the picture, such as `windows`."""
    dataset: str = ""
    """The file or folder of a data set."""
    format: str = "auto"
    """The data set's format, as for `handeye eval`."""
    at_least: float = Field(default=1.0, ge=0, le=1, alias="at-least")
    """The share of a data set's questions that must be answered correctly."""
    where: dict[str, Texts] = Field(default_factory=dict)
    """Select questions of a data set by their fields, such as `{type: [text, icon], theme: dark}`."""
    limit: int | None = Field(default=None, ge=1)
    """The number of questions to ask, from the first."""
    tags: Texts = ()
    """Tags, by which `--tag` selects."""

    @model_validator(mode="after")
    def _one_of_both(self) -> GroundSpec:
        if bool(self.image) == bool(self.dataset):
            raise ValueError("give either `image` or `dataset`")
        if self.image and not self.instruction:
            raise ValueError("`instruction` is missing; say what to find on the picture")
        if self.image and "bbox" not in self.model_fields_set:
            raise ValueError("`bbox` is missing; give its box, or null where it is absent")
        if self.image and self.where:
            raise ValueError("`where` selects from a data set, and `image` is one picture; use `dataset`")
        return self


Grounds = Annotated[tuple[GroundSpec, ...], BeforeValidator(_listed)]


class Suite(SuiteTable):
    """One file of scenarios."""

    version: Literal[1] = 1
    """Version of the format; 1 where it is absent."""

    name: str = ""
    """The name of the suite; the file's name by default."""
    device: DeviceName = "browser"
    """`virtual` is a virtual display with a program."""
    on: str = ""
    """The start of scenarios: an address, a file, a path of the server (`/shop.html`), or with `virtual` a program."""
    serve: Serve | None = None
    """A server that the scenarios need: `{folder: site}`, or a command."""
    needs: Texts = ()
    """Programs that must be installed; otherwise the scenarios are skipped."""
    include: Texts = ()
    """Other suite files, whose scenarios run first; their `variables` apply where this file has no value."""
    variables: dict[str, Plain] = Field(default_factory=dict)
    """Values for `${name}`. `${{NAME}}` is an environment variable, `{{secret:name}}` a secret."""
    setup: Steps = ()
    """Steps before the steps of each scenario."""
    teardown: Steps = ()
    """Steps after each scenario, also after a failure."""
    tags: Texts = ()
    """Tags of all scenarios, in addition to their own; `--tag` selects by them."""
    timeout: float = Field(default=120, gt=0)
    """Seconds for one attempt of a scenario."""
    retries: int = Field(default=0, ge=0, le=20)
    """Further attempts of a failed scenario."""
    viewport: str = Field(default="1344x896", pattern=r"^[1-9]\d{1,4}x[1-9]\d{1,4}$")
    """The size of the browser's viewport, in pixels."""
    scenarios: tuple[ScenarioSpec, ...] = ()
    """The scenarios, in the order in which they run."""
    ground: Grounds = ()
    """Elements to find on pictures."""


def _verifies(goal: str) -> bool:
    """Whether the goal contains a check, by its verbs or by the clauses that plain English reads in it."""
    words = goal.casefold()
    if any(verb in words for verb in ("check that", "check if", "verify", "make sure", "ensure", "assert", "expect")):
        return True
    from handeye.policies.plain_english import parse
    from handeye.policies.plain_english.clauses import Verify
    from handeye.tools.errors import ActionRefused, UsageError

    try:
        return any(isinstance(clause, Verify) for clause in parse(goal))
    except (ActionRefused, UsageError):  # a goal for a model
        return False
