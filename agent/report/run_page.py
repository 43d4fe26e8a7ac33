"""Writes a run's `report.html` from the files in its folder."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.event_log import read_events
from handeye.agent.report import overlay
from handeye.agent.report.commands import follow_up_commands
from handeye.agent.run_folder import disk
from handeye.agent.run_view import Resumption, RunView, build_run_view, format_duration
from handeye.perception.internvl.agreement import LOW
from handeye.tools.errors import UsageError
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from jinja2 import Environment

    from handeye.agent.event_log import Observed

HERE = Path(__file__).parent
#: Longer texts are cut in the report; the trace beside it has all of them.
MOST_CHARACTERS = 20_000
#: A digest names a picture; anything else in its place must not become a link.
DIGEST = re.compile(r"[0-9a-f]{8,128}")

#: How a run can end: its word, and the colour it is shown in.
RUN_LABELS = {
    "succeeded": ("succeeded", "good"),
    "failed": ("failed", "bad"),
    "stuck": ("stuck", "warn"),
    "refused": ("refused", "warn"),
    "out_of_budget": ("out of budget", "warn"),
    "interrupted": ("interrupted", "calm"),
    "waiting": ("waiting for an answer", "calm"),
    "broken": ("broken", "bad"),
    "unfinished": ("unfinished", "calm"),
}
#: How a step can end, likewise.
STEP_LABELS = {
    "confirmed": ("confirmed", "good"),
    "no_effect": ("no effect", "warn"),
    "unexpected": ("unexpected", "bad"),
    "unknown": ("unknown", "calm"),
    "failed": ("failed", "bad"),
    "refused": ("refused", "warn"),
    "waiting": ("waiting", "calm"),
    "answered": ("answered", "calm"),
    "done": ("done", "good"),
    "gave_up": ("gave up", "bad"),
}


def write_report(run_folder: Path) -> Path:
    """Render `report.html` in a run's folder, at any time: also of a run still at work or cut off by a crash.

    Raises UsageError when the folder holds no run, and SetupError when the report cannot be written there.
    """
    page = render_run_page(run_folder)
    report = run_folder / "report.html"
    with disk(run_folder):
        write_atomically(report, page)
    return report


def render_run_page(run_folder: Path) -> str:
    """The report as it is now, written nowhere. Raises UsageError when the folder holds no run."""
    trace, notes = run_folder / "trace.jsonl", _run_json(run_folder)
    if notes is None and not trace.exists():
        raise UsageError(f"{run_folder} is not a run's folder (no run.json, no trace.jsonl); see `ls runs`")
    story = build_run_view(read_events(trace)) if trace.exists() else RunView()
    return _render(run_folder, story, notes or {})


def _render(folder: Path, story: RunView, notes: dict[str, Any]) -> str:
    from markupsafe import Markup

    style, script = _asset("theme.css") + _asset("run.css"), _asset("run.js")
    status = story.ended.status if story.ended else "unfinished"
    found = notes.get("config")
    config: dict[str, Any] = found if isinstance(found, dict) else {}
    template = _environment().get_template("run.html.j2")
    page = template.render(
        story=story,
        config=config,
        status=RUN_LABELS[status],
        commands=follow_up_commands(folder, story.started.config if story.started else config, status),
        states=STEP_LABELS,
        overlay=overlay,
        low=LOW,
        window=_v2pe(config or (story.started.config if story.started else {})),
        is_resumed=lambda entry: isinstance(entry, Resumption),
        link=lambda look: picture_link(folder, look),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    # A page's text may hold half of a surrogate pair, which no file can.
    return page.encode("utf-8", "replace").decode("utf-8")


@cache
def _environment() -> Environment:
    # Every run imports this module, and only its end needs the templates.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters |= {
        "cut": _cut,
        "cut_off": _cut_off,
        "duration": format_duration,
        "clock": _clock,
        "percent": _percent,
    }
    return environment


def _run_json(folder: Path) -> dict[str, Any] | None:
    """What `run.json` says; empty when it was cut short, None when there is none."""
    try:
        found = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def svg_marks(over: overlay.Overlay) -> str:
    """The marks of an overlay, as the inside of an SVG of its size."""
    drawing = _environment().get_template("parts.html.j2").module.drawing  # type: ignore[attr-defined]
    return re.sub(r"(\.\d)\d+", r"\1", str(drawing(over)).strip())  # a tenth of a pixel is fine enough


def picture_link(folder: Path, look: Observed | None) -> str:
    """The picture of a look, relative to the report; empty when it is not there."""
    if look is None or not DIGEST.fullmatch(look.screen):
        return ""
    path = f"screens/{look.screen}.webp"
    return path if (folder / path).exists() else ""


def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Names a text to the browser as the only one that may be run or applied on the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _cut(text: str, most: int = MOST_CHARACTERS) -> str:
    return text if len(text) <= most else text[:most] + " …"


def _cut_off(text: str, most: int = MOST_CHARACTERS) -> int:
    """How many characters `_cut` leaves out."""
    return max(0, len(text) - most)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _v2pe(config: dict[str, Any]) -> bool:
    """Whether visual tokens advanced the position by less than 1, so that the highest position tells something."""
    options = config.get("options")
    return isinstance(options, dict) and options.get("v2pe", 1.0) != 1.0


def _clock(at: str) -> str:
    """An event's time as date and time of day in UTC; as it stands when it is not a time."""
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{when.day} {when:%b %Y, %H:%M:%S} UTC"
