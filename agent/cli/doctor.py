"""`handeye doctor` and `handeye actions`: what works on this machine, and which actions there are."""

from __future__ import annotations

import importlib.util
import inspect
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from handeye.agent.cli.console import print_json, report_errors
from handeye.agent.cli.flags import GivenOptions, Json, with_options
from handeye.agent.options import ENGINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.engines.options import EngineOptions


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    area: Literal["base", "browser", "desktop", "model"]
    what: str
    ok: bool
    needed: bool
    """Whether handeye fails without it."""
    detail: str
    remedy: str = ""


@with_options("model", *ENGINE)
def doctor(options: GivenOptions, as_json: Json = False) -> None:
    """Check this machine: browser, displays, OCR, model packages, and the model if you name one.

    Exit code 3: something is missing that handeye cannot do without.

    [b]Example[/b]: handeye doctor --model http://127.0.0.1:8000/v1 --profile mine.json
    """
    with report_errors(as_json):
        chosen = options.checked()
        findings = [*_base(), *_browser(), *_desktop(), *_packages(), *_model(chosen.model, chosen.options)]
    broken = [finding for finding in findings if finding.needed and not finding.ok]
    if as_json:
        print_json({"ok": not broken, "findings": [asdict(finding) for finding in findings]})
    else:
        _print_findings(findings)
    raise typer.Exit(3 if broken else 0)


def _print_findings(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    area = ""
    for finding in findings:
        good = ("✓", "green") if finding.ok else ("✗", "red") if finding.needed else ("–", "yellow")
        detail = Text(finding.detail)
        if not finding.ok and finding.remedy:
            detail.append(f"\n{finding.remedy}", style="dim")
        table.add_row(
            Text(finding.area if finding.area != area else "", style="bold"), Text(*good), finding.what, detail
        )
        area = finding.area
    Console(highlight=False).print(table)


def _base() -> Iterator[Finding]:
    python = platform.python_version()
    yield Finding("base", "Python", sys.version_info >= (3, 11), True, python, "install Python 3.11 or newer")
    yield Finding("base", "handeye", True, True, _version("handeye"))
    ocr = importlib.util.find_spec("rapidocr") is not None and importlib.util.find_spec("onnxruntime") is not None
    yield Finding(
        "base", "OCR", ocr, True, f"rapidocr {_version('rapidocr')}" if ocr else "missing", "pip install handeye"
    )


def _browser() -> Iterator[Finding]:
    from handeye.tools.browser import find_chromium

    path = find_chromium()
    remedy = "sudo apt-get install -y chromium  (or: playwright install chromium)"
    yield Finding("browser", "Chromium", path is not None, False, str(path or "not found"), remedy)


def _desktop() -> Iterator[Finding]:
    description = os.environ.get("DISPLAY") if sys.platform == "linux" else platform.system()
    wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
    detail = f"{description} (under Wayland)" if description and wayland else description or "no display"
    yield Finding(
        "desktop",
        "your screen",
        bool(description) and not wayland,
        False,
        detail,
        "log in to a graphical session (on Xorg, not Wayland), or --on virtual",
    )
    if sys.platform == "linux":
        for program, package in (("Xvfb", "xvfb"), ("openbox", "openbox"), ("xclip", "xclip")):
            path = shutil.which(program)
            remedy = f"sudo apt-get install -y {package}"
            yield Finding("desktop", program, path is not None, False, path or "not found", remedy)
        from handeye.tools.desktop.accessibility.service import missing

        lacks = ", ".join(missing())
        remedy = "sudo apt-get install -y dbus at-spi2-core"
        yield Finding(
            "desktop", "elements of programs", not lacks, False, f"without {lacks}" if lacks else "AT-SPI", remedy
        )


#: What a model in this process needs, what for, and the extra that brings it.
PACKAGES = (
    ("torch", "a model in this process", "transformers"),
    ("transformers", "a model in this process", "transformers"),
    ("xgrammar", "answers held to a grammar", "transformers"),
    ("bitsandbytes", "--quantize", "quantize"),
)


def _packages() -> Iterator[Finding]:
    for package, purpose, extra in PACKAGES:
        there = importlib.util.find_spec(package) is not None
        detail = _version(package) if there else f"not installed (only needed for {purpose})"
        yield Finding("model", package, there, False, detail, f"pip install 'handeye[{extra}]'")
    if importlib.util.find_spec("torch") is not None:
        import torch

        cards = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
        description = [f"{card.name} ({card.total_memory / 1e9:.0f} GB)" for card in cards]
        yield Finding(
            "model", "GPU", bool(description), False, ", ".join(description) or "none; a model would run on the CPU"
        )


def _model(model: str, options: EngineOptions) -> Iterator[Finding]:
    from handeye.agent.resources import EMBEDDED
    from handeye.tools.errors import HandeyeError

    if model == EMBEDDED:
        yield Finding("model", EMBEDDED, True, False, "no model: OCR, page elements and explicit English steps")
        return
    from handeye.perception.engines import open_engine
    from handeye.perception.internvl.calibration import describe_coordinates

    try:
        engine = open_engine(model, options)
    except HandeyeError as error:
        yield Finding("model", model, False, True, str(error))
        return
    profile = engine.profile
    tiles = f"at most {profile.max_tiles} tiles of {profile.tile} pixels, {profile.tokens_per_tile} tokens each"
    yield Finding("model", model, True, True, "; ".join([engine.name, *engine.notes]))
    yield Finding("model", f"profile {profile.name}", True, True, f"{describe_coordinates(profile)}; {tiles}")
    engine.close()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def actions(
    sentences: Annotated[
        bool, typer.Option("--sentences", help="List the sentences that are understood without a model instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List every action with its fields, as a model receives them.

    [b]Example[/b]: handeye actions --sentences
    """
    if sentences:
        from handeye.agent.cli.sentences import print_sentences

        print_sentences(as_json)
        return
    from handeye.tools.actions import ACTIONS, ADAPTER

    if as_json:
        print_json(ADAPTER.json_schema())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 1, 0), show_header=True, header_style="bold")
    for title in ("action", "fields", "what it does"):
        table.add_column(title)
    for model in ACTIONS:
        fields = Text()
        for name, field in model.model_fields.items():
            if name != "kind":
                default = "" if field.is_required() else f" = {_default_text(field.default)}"
                fields.append(f"{name}{default}\n")
        table.add_row(
            Text(model.model_fields["kind"].default, style="bold cyan"),
            fields[:-1] if fields else fields,
            Text(inspect.cleandoc(model.__doc__ or "")),
        )
    Console(highlight=False).print(table)


def _default_text(value: object) -> str:
    if value is None or value in ("", ()):
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
