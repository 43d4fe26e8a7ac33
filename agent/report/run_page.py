"""The report of a run: `report.html`, one file that opens from disk with the run's screenshots next to it."""

from __future__ import annotations

import shlex
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

import handeye.agent.report.overlay as overlay
from handeye.agent.report.pages import SHARED, render_page
from handeye.agent.resources import POLICIES, looks_like_page
from handeye.agent.run_folder import RunConfig, disk
from handeye.agent.run_view import Resumption, read_run_view
from handeye.perception.engines.options import EngineOptions
from handeye.perception.internvl.agreement import LOW
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from handeye.agent.run_view import RunView

#: `handeye resume` can continue a run that ended so.
RESUMABLE = frozenset({"interrupted", "waiting", "broken", "out_of_budget", "unfinished"})


def write_report(run_folder: Path) -> Path:
    """Write `report.html` into a run's folder, at any time: also while the run works, and after a crash.

    Raises UsageError if the folder has no run, and SetupError if the report cannot be written.
    """
    page = render_run_page(run_folder)
    report = run_folder / "report.html"
    with disk(run_folder):
        write_atomically(report, page)
    return report


def render_run_page(run_folder: Path) -> str:
    """The text of the report as the run is now. Raises UsageError if the folder has no run."""
    view = read_run_view(run_folder)
    return render_page(
        SHARED,
        "run.html.j2",
        styles=["run.css"],
        scripts=["run.js"],
        view=view,
        commands=follow_up_commands(run_folder, view.config, view.status),
        overlay=overlay,
        low=LOW,
        positions=_has_visual_positions(view),
        is_resumption=lambda entry: isinstance(entry, Resumption),
    )


def follow_up_commands(folder: Path, config: dict[str, Any], status: str) -> dict[str, str]:
    """Shell commands to continue or repeat a run, by what they do.

    A run that a Python script started on a device of its own cannot be repeated from a shell.
    """
    commands = {}
    if status in RESUMABLE:
        commands["Resume it"] = f"handeye resume {shlex.quote(str(folder))}"
    try:
        settings = RunConfig.model_validate(config)
    except ValidationError:
        return commands
    if settings.on in ("desktop", "virtual") or settings.on.startswith("app:") or looks_like_page(settings.on):
        commands["Run it again"] = shlex.join(["handeye", "run", settings.goal, *_flags(settings)])
    return commands


def _flags(settings: RunConfig) -> list[str]:
    """The flags that produce these settings; defaults are left out, except `--on` and `--model`."""
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
    flags += _engine_flags(settings.options)
    return [*flags, "--headed"] if settings.headed else flags


def _engine_flags(options: EngineOptions) -> list[str]:
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


def _has_visual_positions(view: RunView) -> bool:
    """Whether V2PE was used: then the highest position is less than the number of tokens, and is displayed."""
    options = view.config.get("options")
    return isinstance(options, dict) and options.get("v2pe", 1.0) != 1.0
