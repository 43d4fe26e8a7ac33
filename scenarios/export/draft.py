"""Writes the YAML of a suite with one scenario, with comments, and with quotes only where YAML needs them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from handeye.scenarios.suite.expansion import LATE, VARIABLE
from handeye.scenarios.suite.yaml_source import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The variable for a dollar sign that would otherwise begin a variable.
DOLLAR = "dollar"
_WIDTH = 1_000_000


@dataclass(frozen=True)
class DraftLine:
    """One step or check, and a comment about it."""

    text: str = ""
    """Empty if plain English cannot express the step: then there is only the comment."""
    comment: str = ""


@dataclass
class SuiteDraft:
    """The content of a suite file."""

    name: str
    on: str
    device: str = "browser"
    head: list[str] = field(default_factory=list)
    """Comments at the top."""
    viewport: str = ""
    goal: str = ""
    """Used instead of steps."""
    steps: list[DraftLine] = field(default_factory=list)
    ensures: list[DraftLine | tuple[str, str]] = field(default_factory=list)
    """Sentences, or the kind of a check and its value."""
    unchecked: bool = False

    def render(self) -> str:
        """The YAML text."""
        lines = [f"# {line}" for text in self.head for line in _comment(text)]
        lines += [f"device: {self.device}"] if self.device != "browser" else []
        lines += [f"on: {yaml_scalar(self.on, filled=False)}"] if self.on else []
        lines += [f"viewport: {self.viewport}"] if self.viewport else []
        body = [f"  - name: {yaml_scalar(self.name, filled=False)}"]
        if self.goal:
            body += [f"    goal: {yaml_scalar(self.goal)}"]
        elif self.steps:
            body += ["    steps:", *_list_lines(self.steps)]
            if not any(step.text for step in self.steps):
                body += ["      - wait 0 seconds"]
        if self.ensures:
            body += ["    ensures:"]
            for check in self.ensures:
                body += (
                    _list_lines([check])
                    if isinstance(check, DraftLine)
                    else [f"      - {check[0]}: {yaml_scalar(check[1])}"]
                )
        if self.unchecked:
            body += ["    unchecked: true"]
        if any(f"${{{DOLLAR}}}" in line for line in body):
            lines += [f'variables: {{{DOLLAR}: "$"}}']
        return "\n".join([*lines, "scenarios:", *body]) + "\n"


def is_expressible(text: str) -> bool:
    """Whether a suite can contain this text: not `${serve}`, which a suite replaces, nor half of a surrogate pair."""
    late = any(hit[2] in LATE for hit in VARIABLE.finditer(text))
    return not late and _writable(text)


def yaml_scalar(text: str, filled: bool = True) -> str:
    """A text as a YAML value on one line, without quotes if it is read back unchanged.

    `filled` means that the suite replaces variables in this value, so text that looks like a variable is escaped.
    """
    if filled:
        text = VARIABLE.sub(lambda hit: f"${{{DOLLAR}}}" + hit[0][1:], text)
    if _plain(text):
        return text
    if text.isprintable() and "'" not in text and _reads_back(f"'{text}'", text):
        return f"'{text}'"
    return yaml.dump(text, default_style='"', allow_unicode=True, width=_WIDTH).rstrip("\n")


def _plain(text: str) -> bool:
    return bool(text) and text.isprintable() and not re.search(r"[:#]", text[-1:]) and _reads_back(text, text)


def _reads_back(value: str, text: str) -> bool:
    try:
        parsed: Any = parse_yaml(f"- name: {value}\n- {value}\n")
    except yaml.YAMLError:
        return False
    return bool(parsed == [{"name": text}, text])


def _writable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _list_lines(lines: Sequence[DraftLine]) -> list[str]:
    result: list[str] = []
    for line in lines:
        result += [f"      # {each}" for each in _comment(line.comment)]
        result += [f"      - {yaml_scalar(line.text)}"] if line.text else []
    return result


def _comment(text: str) -> list[str]:
    """The lines of a comment, without characters that could end it."""
    return ["".join(letter if letter.isprintable() else " " for letter in line) for line in text.splitlines()]
