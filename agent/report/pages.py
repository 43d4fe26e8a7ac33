"""Renders HTML pages from the shared templates and style sheet: reports of runs, suites and evaluations, and the UI.

A page is one file. Its style and script are inside it, and its Content-Security-Policy names them by their hashes, so
that text from a web page or a model can neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.run_view import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from handeye.agent.report.overlay import Overlay

SHARED = Path(__file__).parent
#: Longer texts are cut; the event log has all of them.
MAX_TEXT = 20_000


def render_page(
    folder: Path, template: str, *, styles: Sequence[str] = (), scripts: Sequence[str] = (), **values: Any
) -> str:
    """The page of a template in `folder`, which extends the shared `base.html.j2`.

    `styles` and `scripts` are files in `folder` that are put into the page, the shared style sheet before them.
    """
    from markupsafe import Markup

    style = stylesheet(folder, *styles)
    script = "".join(_read(folder / name) for name in scripts)
    page = (
        environment(folder)
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - a file of this package
            script=Markup(script),  # noqa: S704 - a file of this package
            style_hash=_csp_hash(style),
            script_hash=_csp_hash(script),
            **values,
        )
    )
    # Text from a web page or a data set can contain half of a surrogate pair, which UTF-8 cannot encode.
    return page.encode("utf-8", "replace").decode("utf-8")


def stylesheet(folder: Path, *names: str) -> str:
    """The shared style sheet, followed by these files of `folder`."""
    return _read(SHARED / "style.css") + "".join(_read(folder / name) for name in names)


@cache
def environment(folder: Path) -> Environment:
    """Templates of `folder`, and the shared ones."""
    # Every run imports this module, but only its end needs Jinja.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader([folder, SHARED]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.filters |= {
        "cut": cut_text,
        "cut_off": lambda text: max(0, len(text) - MAX_TEXT),
        "duration": format_duration,
        "time": format_time,
        "percent": lambda share: f"{share * 100:.0f} %",
        "number": lambda count: f"{count:,.0f}",
    }
    return templates


def svg_marks(overlay: Overlay) -> str:
    """The marks of an overlay, as the content of an SVG element with the overlay's size."""
    marks = environment(SHARED).get_template("components.html.j2").module.marks  # type: ignore[attr-defined]
    return re.sub(r"(\.\d)\d+", r"\1", str(marks(overlay)).strip())  # a tenth of a pixel is precise enough


def cut_text(text: str, limit: int = MAX_TEXT) -> str:
    """The text, cut to `limit` characters."""
    return text if len(text) <= limit else text[:limit] + " …"


def format_time(at: str) -> str:
    """An event's time as date and time of day in UTC; unchanged if it is no ISO 8601 time."""
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{when.day} {when:%b %Y, %H:%M:%S} UTC"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    """The source expression that allows an inline style or script: https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
