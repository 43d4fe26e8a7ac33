"""A suite of one scenario, written as a person would write it: with comments, and texts quoted only where they must."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from handeye.scenarios.suite.expansion import LATE, VARIABLE
from handeye.scenarios.suite.yaml_source import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Stands for a dollar sign where it would begin a variable.
DOLLAR = "dollar"
_WIDTH = 1_000_000


@dataclass(frozen=True)
class DraftLine:
    """One step or check, and what is to be known about it."""

    text: str = ""
    """Empty: the comment alone stands for something that has no words."""
    comment: str = ""


@dataclass
class SuiteDraft:
    """What a suite's file will say."""

    name: str
    on: str
    device: str = "browser"
    head: list[str] = field(default_factory=list)
    """Comments at the top."""
    viewport: str = ""
    goal: str = ""
    """Instead of steps."""
    steps: list[DraftLine] = field(default_factory=list)
    ensures: list[DraftLine | tuple[str, str]] = field(default_factory=list)
    """Sentences, or the kind of a check and its value."""
    unchecked: bool = False

    def render(self) -> str:
        """The file's text."""
        lines = [f"# {line}" for text in self.head for line in _comment(text)]
        lines += [f"device: {self.device}"] if self.device != "browser" else []
        lines += [f"on: {scalar(self.on, filled=False)}"] if self.on else []
        lines += [f"viewport: {self.viewport}"] if self.viewport else []
        body = [f"  - name: {scalar(self.name, filled=False)}"]
        if self.goal:
            body += [f"    goal: {scalar(self.goal)}"]
        elif self.steps:
            body += ["    steps:", *_listed(self.steps)]
            if not any(step.text for step in self.steps):
                body += ["      - wait 0 seconds"]
        if self.ensures:
            body += ["    ensures:"]
            for check in self.ensures:
                body += (
                    _listed([check]) if isinstance(check, DraftLine) else [f"      - {check[0]}: {scalar(check[1])}"]
                )
        if self.unchecked:
            body += ["    unchecked: true"]
        if any(f"${{{DOLLAR}}}" in line for line in body):
            lines += [f'variables: {{{DOLLAR}: "$"}}']
        return "\n".join([*lines, "scenarios:", *body]) + "\n"


def sayable(text: str) -> bool:
    """Whether a suite can hold this text: `${serve}` is the suite's own, and half a letter no file can hold."""
    late = any(hit[2] in LATE for hit in VARIABLE.finditer(text))
    return not late and _writable(text)


def scalar(text: str, filled: bool = True) -> str:
    """A text as one YAML value on one line, plain where that says the same.

    `filled` says that variables are filled in where it stands, so that what looks like one must not.
    """
    if filled:
        text = VARIABLE.sub(lambda hit: f"${{{DOLLAR}}}" + hit[0][1:], text)
    if _plain(text):
        return text
    if text.isprintable() and "'" not in text and _reads(f"'{text}'", text):
        return f"'{text}'"
    return yaml.dump(text, default_style='"', allow_unicode=True, width=_WIDTH).rstrip("\n")


def _plain(text: str) -> bool:
    return bool(text) and text.isprintable() and not re.search(r"[:#]", text[-1:]) and _reads(text, text)


def _reads(written: str, text: str) -> bool:
    try:
        found: Any = parse_yaml(f"- name: {written}\n- {written}\n")
    except yaml.YAMLError:
        return False
    return bool(found == [{"name": text}, text])


def _writable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _listed(lines: Sequence[DraftLine]) -> list[str]:
    made: list[str] = []
    for line in lines:
        made += [f"      # {each}" for each in _comment(line.comment)]
        made += [f"      - {scalar(line.text)}"] if line.text else []
    return made


def _comment(text: str) -> list[str]:
    """Lines of a comment, without what could end it."""
    return ["".join(letter if letter.isprintable() else " " for letter in line) for line in text.splitlines()]
