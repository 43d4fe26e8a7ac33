"""What the form asks that starts a run, and the settings that its answers mean. No value of a secret is among them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from handeye.agent.cli.flags import FLAGS, Samples, read_options
from handeye.agent.run_folder import RunConfig
from handeye.perception.engines.options import EngineOptions
from handeye.tools.errors import UsageError
from handeye.tools.secrets.store import Secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKUP = re.compile(r"\[/?\w+\]")


class Field(NamedTuple):
    """One thing that is asked."""

    name: str
    label: str
    help: str
    kind: Literal["text", "number", "tick", "choice"]
    default: Any
    choices: tuple[str, ...] = ()
    step: str = "any"
    """Between two numbers."""


@cache
def model_fields() -> tuple[Field, ...]:
    """The flags that say how a model is run, as `handeye run` has them."""
    defaults = {name: "1" if name == "v2pe" else EngineOptions.model_fields[name].default for name in FLAGS}
    return tuple(_field(name, flag, default) for name, flag, default in (
        *((name, flag, defaults[name]) for name, flag in FLAGS.items()),
        ("samples", Samples, RunConfig.model_fields["samples"].default),
    ))  # fmt: skip


def _field(name: str, flag: Any, default: Any) -> Field:
    kind, option = get_args(flag)
    words = (option.metavar or "").split("|")
    choices = tuple(words) if len(words) > 1 and all(re.fullmatch("[a-z0-9]+", each) for each in words) else ()
    shape: Any = "choice" if choices else {bool: "tick", int: "number", float: "number"}.get(kind, "text")
    step = "1" if kind is int else "any"
    return Field(name, name.replace("_", "-"), MARKUP.sub("", option.help), shape, default, choices, step)


def secret_names(file: Path | None) -> list[str]:
    """What may be written as `{{secret:name}}`, as far as it can be told. Raises UsageError for a file that is none."""
    return Secrets.read(file).names


def config_of(given: Mapping[str, Any], secrets: Path | None) -> RunConfig:
    """The settings of a run. Raises UsageError for an answer that means none, and a goal that tells a secret."""
    goal = str(given.get("goal", "")).strip()
    if not goal:
        raise UsageError("the goal is empty; say what to do")
    Secrets.read(secrets).check(goal)
    wanted = {name: given[name] for name in FLAGS if given.get(name) not in (None, "")}
    defaults = {field.name: field.default for field in model_fields() if field.name in FLAGS}
    numbers = {
        name: given[name] for name in ("max_steps", "budget_seconds", "samples") if given.get(name) not in (None, "")
    }
    return RunConfig.checked(
        goal=goal,
        on=str(given.get("on", "")).strip() or "virtual",
        model=str(given.get("model", "")).strip() or "embedded",
        approve=given.get("approve", "risky"),
        headed=given.get("headed") is True,
        allow_domains=tuple(re.findall(r"[^\s,]+", str(given.get("allow_domains", "")))),
        secrets=str(secrets.resolve()) if secrets else "",
        options=read_options(defaults | wanted),
        **numbers,
    )
