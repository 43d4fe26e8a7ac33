"""Expands a suite file to its scenarios: included files, variables, matrix combinations and repeats."""

from __future__ import annotations

import itertools
import math
import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from handeye.scenarios.checks.external import resolve_path as placed
from handeye.scenarios.checks.kinds import PictureCheck, StatementCheck
from handeye.scenarios.checks.screen import parse_statement
from handeye.scenarios.suite.conditions import unmet_condition
from handeye.scenarios.suite.file_types import is_flow
from handeye.scenarios.suite.scenario import Scenario
from handeye.scenarios.suite.schema import Plain, ScenarioSpec, ScenarioStep, Suite
from handeye.scenarios.suite.yaml_source import KeyPath, YamlSource, read_source, schema_error
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

#: `${{NAME}}` is an environment variable, `${name}` a variable of the suite; the device fills `{{secret:name}}`.
VARIABLE = re.compile(r"\$\{\{\s*(\w+)\s*\}\}|\$\{\s*([\w.-]+)\s*\}")
#: Variables whose values are known only when the suite runs.
LATE = frozenset({"serve"})
#: The largest number of scenarios of one suite; a matrix multiplies quickly.
MOST_CASES = 10_000


def read_suite(path: Path, above: tuple[Path, ...] = (), *, pictures: bool = True) -> tuple[Suite, list[ScenarioSpec]]:
    """The suite of a file and its scenarios, those of included files first. Raises UsageError with file and line.

    `pictures`: the picture files that checks name must exist.
    """
    source = read_source(path)
    if not isinstance(source.value, dict):
        raise source.error((), "a suite must be a table with `scenarios`")
    if is_flow(source.value):
        raise source.error((), "a Midscene flow cannot be included; run it with handeye test separately")
    try:
        suite = Suite.model_validate(source.value)
    except ValidationError as error:
        raise schema_error(source, error) from error
    specs = list[ScenarioSpec]()
    variables: dict[str, Plain] = {}
    for number, name in enumerate(suite.include):
        included = (path.parent / name).resolve()
        if included in (path.resolve(), *above):
            chain = " → ".join(each.name for each in (*above, path.resolve(), included))
            raise source.error(("include", number), f"{name} includes itself: {chain}")
        if not included.is_file():
            raise source.error(("include", number), f"there is no {included}")
        other, theirs = read_suite(included, (*above, path.resolve()), pictures=pictures)
        specs += theirs
        variables |= other.variables
    serve = suite.serve and suite.serve.model_copy(update={"line": source.lines.get(("serve",), 1)})
    suite = suite.model_copy(update={"variables": variables | suite.variables, "serve": serve})
    for number, spec in enumerate(suite.scenarios):
        place: KeyPath = ("scenarios", number)
        _check_sentences(source, spec, place)
        if pictures:
            _check_pictures(source, spec, place, (above or (path,))[0].parent)
        line = source.lines.get((*place, "name"), source.lines.get(place, 1))
        specs.append(spec.model_copy(update={"line": line}))
    if not specs and not suite.ground:
        raise source.error((), "it has no scenarios")
    _check_names(source, specs)
    return suite, specs


def expand_suite(suite: Suite, specs: list[ScenarioSpec], source: YamlSource) -> list[Scenario]:
    """The scenarios of a suite: one for each combination of a matrix and each repeat, with variables filled in.

    Raises UsageError, with file and line, for a variable without a value and for more scenarios than can be run.
    """
    path = source.path
    found: list[Scenario] = []
    _check_count(path, specs)
    for spec in specs:
        names = list(spec.matrix)
        for values in itertools.product(*spec.matrix.values()):
            chosen = dict(zip(names, values, strict=True))
            for number in range(spec.repeat):
                label = ", ".join(f"{name}={value}" for name, value in chosen.items())
                name = spec.name + (f" [{label}]" if label else "")
                name += f" #{number + 1}" if spec.repeat > 1 else ""
                given = {**suite.variables, **spec.variables, **chosen}
                mine = filled(spec, given, path)
                found.append(Scenario(suite if mine.skip else around(suite, given, source), path, mine, name))
    return found


def _check_count(path: Path, specs: list[ScenarioSpec]) -> None:
    """Raise UsageError where matrices and repeats make more scenarios than can be run."""
    count = 0
    for spec in specs:
        count += spec.repeat * math.prod(len(values) for values in spec.matrix.values())
        if count > MOST_CASES:
            raise UsageError(
                f"{path}:{spec.line}: with “{spec.name}” the suite has {count:,} cases, and at most "
                f"{MOST_CASES:,} are run; shorten its matrix or repeat"
            )


def filled(spec: ScenarioSpec, variables: dict[str, Plain], path: Path) -> ScenarioSpec:
    """The scenario with its variables filled in, and without steps whose conditions do not hold.

    Raises UsageError for a variable that has no value.
    """
    fill = partial(_fill, variables, path, spec.line)
    known = partial(_known, variables, path, spec.line)
    plain = spec.model_dump(by_alias=True, exclude={"matrix", "variables", "when"})
    why = unmet_condition(spec.when, known)
    if why:
        # The scenario is skipped, so its variables may have no values.
        return spec.model_copy(update={"skip": spec.skip or why, "when": (), "matrix": {}, "variables": {}})
    steps, out = _for_here(spec.steps, known)
    try:
        made = ScenarioSpec.model_validate(fill(plain | {"steps": [each.model_dump() for each in steps]}))
    except ValidationError:
        if not out:
            raise
        # No step, or no check, remains.
        return spec.model_copy(update={"skip": spec.skip or out, "steps": (), "matrix": {}, "variables": {}})
    return made.model_copy(update={"line": spec.line})


def around(suite: Suite, variables: dict[str, Plain], source: YamlSource) -> Suite:
    """The suite with the variables of its start, setup and teardown filled in."""
    lines = {name: source.lines.get((name,), 1) for name in ("on", "setup", "teardown")}
    parts: dict[str, Any] = {"on": _fill(variables, source.path, lines["on"], suite.on)}
    for name, steps in (("setup", suite.setup), ("teardown", suite.teardown)):
        here, _ = _for_here(steps, partial(_known, variables, source.path, lines[name]))
        parts[name] = tuple(ScenarioStep(step=_fill(variables, source.path, lines[name], each.step)) for each in here)
    return suite.model_copy(update=parts)


def _for_here(steps: tuple[ScenarioStep, ...], known: Callable[[str], str]) -> tuple[list[ScenarioStep], str]:
    """The steps whose conditions hold, and the reason why the last of the others is skipped."""
    whys = [unmet_condition(each.when, known) for each in steps]
    left = [each.model_copy(update={"when": ()}) for each, why in zip(steps, whys, strict=True) if not why]
    return left, next((why for why in reversed(whys) if why), "")


def _fill(variables: dict[str, Plain], path: Path, line: int, value: Any) -> Any:
    if isinstance(value, str):
        return VARIABLE.sub(lambda hit: _value(hit, variables, path, line), value)
    if isinstance(value, dict):
        return {key: _fill(variables, path, line, each) for key, each in value.items()}
    return [_fill(variables, path, line, each) for each in value] if isinstance(value, list | tuple) else value


def _known(variables: dict[str, Plain], path: Path, line: int, text: str) -> str:
    """The text with the known values filled in, for conditions."""
    return VARIABLE.sub(lambda hit: _value(hit, variables, path, line, lenient=True), text)


def _value(hit: re.Match[str], variables: dict[str, Plain], path: Path, line: int, *, lenient: bool = False) -> str:
    """The value of a variable; with `lenient`, a missing environment variable is empty."""
    environment, name = hit.groups()
    if environment:
        if lenient:
            return os.environ.get(environment, "")
        if environment not in os.environ:
            raise UsageError(f"{path}:{line}: ${{{{{environment}}}}} is not set in the environment; set it")
        return os.environ[environment]
    if name in LATE:
        return hit[0]
    if name not in variables:
        known = ", ".join(sorted(variables)) or "none"
        raise UsageError(f"{path}:{line}: ${{{name}}} has no value; known variables: {known}")
    value = variables[name]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_sentences(source: YamlSource, spec: ScenarioSpec, place: KeyPath) -> None:
    """Raise UsageError for a statement that cannot be parsed, before anything runs."""
    for when in ("requires", "ensures", "always", "never"):
        for number, check in enumerate(getattr(spec, when)):
            if isinstance(check, StatementCheck) and not VARIABLE.search(check.says):
                try:
                    parse_statement(check.says)
                except UsageError as error:
                    raise source.error((*place, when, number), str(error)) from error


def _check_pictures(source: YamlSource, spec: ScenarioSpec, place: KeyPath, folder: Path) -> None:
    for when in ("requires", "ensures", "always", "never"):
        for number, check in enumerate(getattr(spec, when)):
            if isinstance(check, PictureCheck) and not VARIABLE.search(check.file):
                path = placed(check.file, folder)
                if not path.is_file():
                    raise source.error(
                        (*place, when, number), f"picture {path} does not exist; create it with --update-pictures"
                    )


def _check_names(source: YamlSource, specs: list[ScenarioSpec]) -> None:
    seen: dict[str, int] = {}
    for spec in specs:
        if spec.name in seen:
            raise UsageError(
                f"{source.path}:{spec.line}: two scenarios have the name “{spec.name}” (the other in line "
                f"{seen[spec.name]}); reports and --last-failed tell them apart by their names"
            )
        seen[spec.name] = spec.line
