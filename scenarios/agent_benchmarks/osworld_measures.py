"""The getters and functions of OSWorld's evaluators: a getter fetches a value, and a function compares two."""

from __future__ import annotations

import csv
import json
import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.scenarios.agent_benchmarks.osworld_home import check_path, check_url
from handeye.scenarios.agent_benchmarks.osworld_steps import check_command, command_of
from handeye.scenarios.agent_benchmarks.task_files import Unsupported
from handeye.scenarios.checks.run_check import CheckResult
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.scenarios.agent_benchmarks.osworld_home import Home

Given = dict[str, Any]
Found = tuple[bool, str]

#: The keys of each type of getter.
GOTTEN = {
    "vm_file": frozenset({"type", "path", "dest"}),
    "vm_command_line": frozenset({"type", "command", "shell"}),
    "cloud_file": frozenset({"type", "path", "dest"}),
    "rule": frozenset({"type", "rules"}),
}
#: The limit of bytes of a compared file, and of characters of a text in a result.
MOST_BYTES, QUOTED_CHARACTERS = 50_000_000, 200


class Rule(NamedTuple):
    """The required content of a `rule`: its keys (one is enough), and whether their values are lists of texts."""

    keys: tuple[str, ...]
    lists: bool = False


class Measure(NamedTuple):
    """One comparison function of OSWorld."""

    result: frozenset[str]
    """The types of `result` that it supports."""
    expected: frozenset[str]
    compare: Callable[[Any, Any, Given], Found]
    says: str
    """The statement that is true when it passes, for results."""
    rule: Rule | None = None
    options: frozenset[str] = frozenset()


class Getter:
    """Fetches the results and the expected values that a measure compares."""

    def __init__(self, home: Home, display: str) -> None:
        self._home, self._display, self._numbers = home, display, count(1)

    def get(self, given: Given) -> Any:
        """Return a text, the path of a file, or a rule. Raises SetupError when it is not available."""
        match given["type"]:
            case "vm_command_line":
                command, shell = command_of(given)
                return self._home.run(command, self._display, shell=shell)
            case "vm_file":
                return self._home.path(given["path"])
            case "cloud_file":
                target = self._home.folder.with_name(f"{self._home.folder.name}-expected-{next(self._numbers)}")
                self._home.fetch(given["path"], target)
                return target
            case "rule":
                return given["rules"]
        raise AssertionError(given["type"])


def check_measure(func: str, result: Given, expected: Given, options: Given, key: str, allow_execute: bool) -> None:
    """Raise UsageError for values that a function cannot compare, before anything runs."""
    measure = MEASURES[func]
    for name, given, types in (("result", result, measure.result), ("expected", expected, measure.expected)):
        kind = given.get("type")
        if kind not in types:
            raise Unsupported(f"{key}: {name}.type {kind!r} is not supported with it; there are {', '.join(types)}")
        if other := sorted(set(given) - GOTTEN[str(kind)]):
            raise Unsupported(f"{key}: {name}.{other[0]} is not supported")
        match kind:
            case "vm_command_line":
                check_command(given, f"{key}: {name}", allow_execute)
            case "vm_file":
                check_path(given.get("path"), f"{key}: {name}.path")
            case "cloud_file":
                check_url(given.get("path"), f"{key}: {name}.path")
            case "rule":
                _check_rule(given.get("rules"), measure.rule, f"{key}: {name}.rules")
    if other := sorted(set(options) - measure.options):
        raise Unsupported(f"{key}: options.{other[0]} is not supported")


def run_measure(func: str, result: Given, expected: Given, options: Given, getter: Getter) -> CheckResult:
    """Return the result of one function; `unknown` when a value is not available."""
    measure = MEASURES[func]
    holds: bool | None = None
    what = str(result.get("path") or result.get("command"))
    try:
        holds, seen = measure.compare(getter.get(result), getter.get(expected), options)
    except (SetupError, OSError) as error:
        seen = str(error)
    return CheckResult.of(holds, f"{what} {measure.says}", seen, func)


def _check_rule(rules: object, rule: Rule | None, key: str) -> None:
    if not isinstance(rules, dict) or rule is None:
        raise UsageError(f"{key} is {rules!r}; give an object")
    if other := sorted(set(rules) - set(rule.keys)):
        raise Unsupported(f"{key}.{other[0]} is not supported")
    # Every text would satisfy an empty rule.
    if not any(rules.get(name) or (not rule.lists and name in rules) for name in rule.keys):
        raise UsageError(f"{key} says nothing; give {' or '.join(rule.keys)}")
    for name, value in rules.items():
        good = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
        if rule.lists and not good:
            raise UsageError(f"{key}.{name} is {value!r}; give a list of texts")


# Comparing


def _read(path: Path) -> str | None:
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return None
    return path.read_bytes().decode("utf-8", "replace")


def _of_file(compare: Callable[[str, Any, Given], Found]) -> Callable[[Path, Any, Given], Found]:
    def judge(path: Path, expected: Any, options: Given) -> Found:
        text = _read(path)
        return (False, f"there is no {path} that can be read") if text is None else compare(text, expected, options)

    return judge


def _same(text: str, rules: Given, options: Given) -> Found:  # noqa: ARG001
    return text == rules["expected"], f"it is “{text[:QUOTED_CHARACTERS]}”"


def _among(text: str, rules: Given, options: Given) -> Found:  # noqa: ARG001
    return text in rules["expected"], f"it is “{text[:QUOTED_CHARACTERS]}”"


def _includes(text: str, rules: Given, options: Given) -> Found:  # noqa: ARG001
    lacking = [each for each in rules.get("include", ()) if each not in text]
    wrong = [each for each in rules.get("exclude", ()) if each in text]
    if lacking or wrong:
        return (
            False,
            f"it {'lacks' if lacking else 'holds'} “{(lacking or wrong)[0]}”; it is “{text[:QUOTED_CHARACTERS]}”",
        )
    return True, "it does"


def _contains(text: str, rules: Given, options: Given) -> Found:
    return _includes(text, {"include": rules["expected"]}, options)


def _settings(text: str, rules: Given, options: Given) -> Found:  # noqa: ARG001
    try:
        settings = json.loads(text)
    except ValueError as error:
        return False, f"it is no JSON ({error})"
    wanted = rules["expected"]
    if not isinstance(settings, dict) or not isinstance(wanted, dict):
        return False, f"it holds {text[:QUOTED_CHARACTERS]}"
    wrong = [name for name, value in wanted.items() if name not in settings or settings[name] != value]
    return not wrong, f"{wrong[0]} is {json.dumps(settings.get(wrong[0]))}" if wrong else "it does"


def _texts(text: str, other: Path, options: Given) -> Found:
    wanted = _read(other)
    if wanted is None:
        return False, f"there is no {other} that can be read"
    for name, change in (("ignore_blanks", _blank), ("ignore_case", str.lower)):
        if options.get(name):
            text, wanted = change(text), change(wanted)
    return text == wanted, f"it holds “{text[:QUOTED_CHARACTERS]}”"


def _tables(text: str, other: Path, options: Given) -> Found:  # noqa: ARG001
    wanted = _read(other)
    if wanted is None:
        return False, f"there is no {other} that can be read"
    rows, expected = (list(csv.reader(each.splitlines())) for each in (text, wanted))
    if rows == expected:
        return True, "it does"
    number = next((n for n, (a, b) in enumerate(zip(rows, expected, strict=False), 1) if a != b), 0)
    return False, f"row {number} is {rows[number - 1]}" if number else f"it has {len(rows)} rows, not {len(expected)}"


def _blank(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


_COMMAND, _FILE, _RULE = frozenset({"vm_command_line"}), frozenset({"vm_file"}), frozenset({"rule"})
_FILES = frozenset({"cloud_file", "vm_file"})
_EXPECTED = Rule(("expected",))

MEASURES: dict[str, Measure] = {
    "exact_match": Measure(_COMMAND, _RULE, _same, "prints what is expected", _EXPECTED),
    "match_in_list": Measure(_COMMAND, _RULE, _among, "prints one of what is expected", Rule(("expected",), True)),
    "check_include_exclude": Measure(
        _COMMAND, _RULE, _includes, "prints all of one list and none of another", Rule(("include", "exclude"), True)
    ),
    "file_contains": Measure(_FILE, _RULE, _of_file(_contains), "holds what is expected", Rule(("expected",), True)),
    "compare_config": Measure(_FILE, _RULE, _of_file(_same), "is as expected", _EXPECTED),
    "check_json_settings": Measure(_FILE, _RULE, _of_file(_settings), "has these settings", _EXPECTED),
    "compare_text_file": Measure(
        _FILE, _FILES, _of_file(_texts), "is as expected", None, frozenset({"ignore_blanks", "ignore_case"})
    ),
    "compare_csv": Measure(_FILE, _FILES, _of_file(_tables), "has the rows that are expected"),
}
