"""The form that starts a run: its fields, and the settings from its answers. No secret's value is among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from handeye.agent.options import GROUPS, OPTIONS, RunOptions
from handeye.agent.run_folder import RunConfig
from handeye.tools.errors import UsageError
from handeye.tools.secrets.store import Secrets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from handeye.agent.options import Option

MARKUP = re.compile(r"\[/?\w+\]")
#: The options that say how the model is run.
MODEL = GROUPS["How the model is run"]
#: The options of the form. Secrets come from the file that `handeye ui` was started with.
NAMES = ("on", "model", "approve", "headed", "allow_domains", *GROUPS["Limits"], *MODEL)


class FormField(NamedTuple):
    """One input of the form."""

    name: str
    label: str
    help: str
    kind: Literal["text", "number", "tick", "choice"]
    default: Any
    choices: tuple[str, ...] = ()
    step: str = "any"
    """Between two numbers."""


def form_fields() -> dict[str, FormField]:
    """The inputs of the form by the names of their options."""
    return {name: _field(OPTIONS[name]) for name in NAMES}


def _field(option: Option) -> FormField:
    numbers: Any = {bool: "tick", int: "number", float: "number"}
    kind: Any = "choice" if option.choices else "text" if option.name == "v2pe" else numbers.get(option.kind, "text")
    default = "1" if option.name == "v2pe" else option.default
    step = "1" if option.kind is int else "any"
    text = MARKUP.sub("", option.help).replace("\\[", "[")
    return FormField(option.name, option.name.replace("_", "-"), text, kind, default, option.choices, step)


def secret_names(file: Path | None) -> list[str]:
    """The names that may be written as `{{secret:name}}`. Raises UsageError for a file that cannot be read."""
    return Secrets.read(file).names


def config_of(answers: Mapping[str, Any], secrets: Path | None) -> RunConfig:
    """The settings of a run. Raises UsageError for a wrong answer, and for a goal that contains a secret's value."""
    goal = str(answers.get("goal", "")).strip()
    if not goal:
        raise UsageError("the goal is empty; say what to do")
    Secrets.read(secrets).check(goal)
    plain = {name: each.strip() if isinstance(each, str) else each for name, each in answers.items()}
    wanted = {"on": "virtual"} | {name: plain[name] for name in NAMES if plain.get(name) not in (None, "")}
    wanted["allow_domains"] = re.findall(r"[^\s,]+", str(answers.get("allow_domains", "")))
    return RunConfig.from_options(RunOptions.of(wanted | {"secrets": str(secrets or "")}), goal)
