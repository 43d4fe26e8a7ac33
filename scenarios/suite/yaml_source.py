"""Reads YAML as plain values with their line numbers, so that errors can name the line."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError

#: The largest number of values in a file. Aliases count each time they are used: nested ones grow exponentially.
MOST = 100_000
#: The deepest nesting of tables and lists. A suite needs about ten levels; Python's stack allows some hundred.
DEEPEST = 60

KeyPath = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""


class _Loader(yaml.SafeLoader):
    """A loader with the booleans of YAML 1.2, where `on`, `off`, `yes` and `no` are texts."""


BOOL, TRUTH = "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != BOOL]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(BOOL, TRUTH, list("tTfF"))


def parse_yaml(text: str) -> Any:
    """The value of a YAML text, by the rules of suite files. Raises YAMLError."""
    return yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader


class YamlSource(NamedTuple):
    """A parsed YAML file."""

    path: Path
    value: Any
    lines: dict[KeyPath, int]
    """The line of each key or value, counted from 1."""

    def error(self, place: KeyPath, message: str) -> UsageError:
        """A UsageError with the file and the line of the nearest known key."""
        while place and place not in self.lines:
            place = place[:-1]
        return UsageError(f"{self.path}:{self.lines.get(place, 1)}: {message}")


def read_source(path: Path) -> YamlSource:
    """Read a YAML file. Raises UsageError, with the line, for an unreadable file, invalid YAML, and a duplicate key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error}); give a suite file") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start})") from error
    try:
        _check_depth(path, text)
        node = yaml.compose(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        hint = "a text that contains one of {}[],:#? may need quotes"
        raise UsageError(f"{path}:{line}: invalid YAML: {error.problem or error.context}; {hint}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}:1: invalid YAML: {error}") from error
    reader = _Reader(path)
    value = reader.value(node, ()) if node else None
    return YamlSource(path, value, reader.lines)


def _check_depth(path: Path, text: str) -> None:
    """Raise UsageError for a file nested so deeply that composing it would exhaust Python's stack.

    PyYAML's parser takes no stack, its composer some frames for each level.
    """
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise UsageError(
                    f"{path}:{line}: tables and lists are nested more than {DEEPEST} deep; flatten the file"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[KeyPath, int] = {(): 1}
        self._plain = _Loader("")
        self._inside: list[int] = []
        self._count = 0

    def value(self, node: yaml.Node, place: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        self._count += 1
        if self._count > MOST:
            raise UsageError(
                f"{self.path}:{line}: the file has more than {MOST:,} values, aliases included; split the file"
            )
        if id(node) in self._inside:
            raise UsageError(f"{self.path}:{line}: this alias contains itself")
        self._inside.append(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._table(node, place)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(each, (*place, number)) for number, each in enumerate(node.value)]
            return self._plain.construct_object(node, deep=True)
        except yaml.MarkedYAMLError as error:
            raise UsageError(f"{self.path}:{line}: {error.problem}") from error
        finally:
            self._inside.pop()

    def _table(self, node: yaml.MappingNode, place: KeyPath) -> dict[Any, Any]:
        table: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self.value(key_node, (*place, ""))
            if not isinstance(key, str | int):
                raise UsageError(f"{self.path}:{line}: {key!r} cannot be a key; put it into quotes")
            if key in table:
                raise UsageError(f"{self.path}:{line}: `{key}` is a duplicate key; remove one of the two")
            self.lines[(*place, key)] = line
            table[key] = self.value(value_node, (*place, key))
        return table


def schema_error(source: YamlSource, error: ValidationError, at: KeyPath = ()) -> UsageError:
    """The first validation error as a UsageError with its line and, for an unknown key, the most similar key."""
    first = min(error.errors(), key=lambda each: _rank(each["type"]))
    place: KeyPath = (*at, *(key for key in first["loc"] if _is_ours(key)))
    message = first["msg"].removeprefix("Value error, ")
    name = place[-1] if place else ""
    if first["type"] == "extra_forbidden":
        known = sorted(_siblings(error, first["loc"]))
        close = get_close_matches(str(name), known, 1)
        message = f"`{name}` is not a known key{f'; did you mean `{close[0]}`?' if close else ''}"
        message += f"; known keys: {', '.join(known)}" if known and not close else ""
    elif first["type"] == "union_tag_invalid":
        message = f"{first['input']['kind']!r} is not a type of check; choose one of {first['ctx']['expected_tags']}"
    elif first["type"] == "union_tag_not_found":
        message = "this is not a check; write a sentence, or one type with its value: {text: Thank you}"
    elif first["type"] == "missing":
        message = f"`{name}` is missing" if isinstance(name, str) else f"`{place[-2]}` has too few values"
    elif first["type"] == "string_pattern_mismatch" and name == "viewport":
        message = f"`viewport` is {first['input']!r}; write WIDTHxHEIGHT, such as 1344x896"
    elif isinstance(name, str) and name:
        message = f"`{name}`: {message[:1].lower()}{message[1:]}"
    return source.error(place, message)


def _rank(kind: str) -> int:
    return 0 if kind == "extra_forbidden" else 1


def _is_ours(key: str | int) -> bool:
    """Whether a part of pydantic's location is a key of the file: the types of checks are not."""
    from handeye.scenarios.checks.kinds import NAMES

    return not (isinstance(key, str) and key in NAMES)


def _siblings(error: ValidationError, location: tuple[str | int, ...]) -> set[str]:
    from handeye.scenarios.checks.kinds import CHECK_TYPES
    from handeye.scenarios.suite import schema

    tagged = {kind.model_fields["kind"].default: kind for kind in CHECK_TYPES}
    above: Any = {"Suite": schema.Suite, "ScenarioSpec": schema.ScenarioSpec, "Serve": schema.Serve}.get(error.title)
    for key in location[:-1]:
        if isinstance(key, int):
            continue
        if key in tagged:
            above = tagged[key]
        elif key == "scenarios":
            above = schema.ScenarioSpec
        elif key == "serve":
            above = schema.Serve
        elif key == "ground":
            above = schema.GroundSpec
        elif key in ("steps", "setup", "teardown"):
            above = schema.ScenarioStep
    if above is None:
        return set()
    return {field.alias or name for name, field in above.model_fields.items()} - {"kind", "line"}
