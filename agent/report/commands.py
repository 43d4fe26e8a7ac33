"""What to type to go on from a report: resume the run, or do it again in the same way."""

from __future__ import annotations

import shlex
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from handeye.agent.resources import POLICIES, looks_like_page
from handeye.agent.run_folder import RunConfig
from handeye.perception.engines.options import EngineOptions

if TYPE_CHECKING:
    from pathlib import Path

RESUMABLE = frozenset({"interrupted", "waiting", "broken", "out_of_budget", "unfinished"})


def follow_up_commands(folder: Path, config: dict[str, Any], status: str) -> dict[str, str]:
    """Shell commands by what they do; a run from Python on a device of its own cannot be repeated from a shell."""
    found = {}
    if status in RESUMABLE:
        found["Go on with it"] = f"handeye resume {shlex.quote(str(folder))}"
    try:
        settings = RunConfig.model_validate(config)
    except ValidationError:
        return found
    if settings.on in ("desktop", "virtual") or settings.on.startswith("app:") or looks_like_page(settings.on):
        found["Run it again"] = shlex.join(["handeye", "run", settings.goal, *_flags(settings)])
    return found


def _flags(settings: RunConfig) -> list[str]:
    """The flags that bring the same settings about; what is the default is left out, except where and with what."""
    flags = ["--on", settings.on, "--model", settings.model]
    if settings.policy != "auto" and (settings.policy in POLICIES or ":" in settings.policy):
        flags += ["--policy", settings.policy]
    for name in ("max_steps", "budget_seconds", "approve", "samples", "best_of", "critic"):
        value = getattr(settings, name)
        if value != RunConfig.model_fields[name].default:
            flags += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    for domain in settings.allow_domains:
        flags += ["--allow-domain", domain]
    if settings.viewport != RunConfig.model_fields["viewport"].default:
        flags += ["--viewport", "{}x{}".format(*settings.viewport)]
    flags += _options(settings.options)
    return [*flags, "--headed"] if settings.headed else flags


def _options(options: EngineOptions) -> list[str]:
    flags: list[str] = []
    for field, value in options.model_dump().items():
        name = field.replace("_", "-")
        if value == EngineOptions.model_fields[field].default:
            continue
        if isinstance(value, bool):
            flags.append(f"--{name}" if value else f"--no-{name}")
        elif field == "v2pe":
            flags += [f"--{name}", str(Fraction(value).limit_denominator(256))]
        else:
            flags += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)]
    return flags
