"""`handeye calibrate`: find out in which coordinates a model answers."""

from __future__ import annotations

import re
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import GivenOptions, Json, with_options
from handeye.agent.options import ENGINE
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from rich.console import Console

    from handeye.perception.engines.engine import Engine
    from handeye.perception.internvl.calibration import Calibration
    from handeye.perception.internvl.calibration_page import CalibrationTarget

#: Size of the page in the browser, in pixels: exactly 3x2 tiles, as with the default viewport.
PAGE = (1344, 896)

#: The JSON of a calibration that failed.
NO_RESULT: dict[str, Any] = {
    "fit": None,
    "profile": None,
    "space": None,
    "order": None,
    "answers": None,
    "box": None,
    "scale": None,
    "offset": None,
    "asked": 0,
    "answered": 0,
    "agreed": 0,
    "median_error": None,
    "p90_error": None,
    "picture": None,
    "seconds": 0.0,
    "reason": "",
}


@with_options("model", *ENGINE)
def calibrate(
    options: GivenOptions,
    out: Annotated[
        Path | None,
        typer.Option(
            envvar="HANDEYE_OUT", metavar="FILE", help="File of the profile.", show_default="<model>.profile.json"
        ),
    ] = None,
    targets: Annotated[
        int, typer.Option(min=24, max=160, envvar="HANDEYE_TARGETS", help="Number of shapes to ask for.")
    ] = 24,
    page: Annotated[bool, typer.Option(envvar="HANDEYE_PAGE", help="Show some shapes on a page in a browser.")] = True,
    seed: Annotated[int, typer.Option(envvar="HANDEYE_SEED", help="Seed of the shapes and their positions.")] = 0,
    force: Annotated[
        bool, typer.Option("--force", envvar="HANDEYE_FORCE", help="Write the profile even if the fit is poor.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find out in which coordinates a model answers, with shapes at known positions.

    Use the profile it writes with [b]--profile[/b] of the other commands. A picture of the answers is written next to
    it. Exit code 1: the fit is poor.

    [b]Example[/b]: handeye calibrate --model http://127.0.0.1:8000/v1 --out mine.profile.json
    """
    began = time.monotonic()
    with report_errors(as_json, **NO_RESULT):
        from handeye.agent.resources import EMBEDDED

        chosen = options.checked()
        model = chosen.model
        if model == EMBEDDED:
            raise UsageError("the embedded default answers without coordinates; name a model with --model")
        from handeye.perception.engines import open_engine
        from handeye.perception.internvl.calibration import fit_calibration

        console = note_console()
        with console.status(f"opening {model}"):
            engine = open_engine(model, chosen.options)
        with closing(engine):
            for note in engine.notes:
                console.print(f"note: {note}", markup=False, soft_wrap=True)
            pictures = _pictures(targets, seed, page, console)
            calibration = fit_calibration(engine.profile, _ask(engine, pictures, console))
            base = engine.profile.name
        path = out or Path(f"{_slug(model)}.profile.json")
        written = _write(calibration, base, path, [image for image, _ in pictures], force)
        result = _result(calibration, path if written else None, round(time.monotonic() - began, 1), path)
        if as_json:
            print_json(result)
        else:
            _print_result(result, calibration)
    raise typer.Exit(1 if calibration.trouble else 0)


def _pictures(count: int, seed: int, page: bool, console: Console) -> list[tuple[Image, Sequence[CalibrationTarget]]]:
    """Drawn pictures and, with a browser, a screenshot of a page, each with its targets spread evenly over all."""
    from handeye.perception.internvl.calibration_page import SIZES, make_boards

    photographed: Image | None = None
    if page:
        *drawn, last = make_boards(count, seed, (*SIZES, PAGE))
        try:
            with console.status("opening a browser"):
                photographed = _photograph(last.page())
        except SetupError as error:
            console.print(f"note: only drawn pictures are used, without a page: {error}", markup=False, soft_wrap=True)
    if photographed is None:
        return [(board.draw(), board.targets) for board in make_boards(count, seed)]
    return [*((board.draw(), board.targets) for board in drawn), (photographed, last.targets)]


def _photograph(page: str) -> Image:
    """A screenshot of the page in a browser."""
    from handeye.tools.browser import Browser

    with tempfile.TemporaryDirectory(prefix="handeye-") as folder:
        path = Path(folder) / "targets.html"
        path.write_text(page, encoding="utf-8")
        with Browser(str(path), viewport=PAGE) as browser:
            return browser.capture().image


def _ask(engine: Engine, pictures: Sequence[tuple[Image, Sequence[CalibrationTarget]]], console: Console) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from handeye.perception.internvl.calibration import query_targets

    columns = (MofNCompleteColumn(), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=sum(len(targets) for _, targets in pictures))
        return query_targets(engine, pictures, lambda: bar.advance(task))


def _write(calibration: Calibration, base: str, path: Path, images: list[Image], force: bool) -> bool:
    """Write the picture, and the profile unless the fit is poor. Returns whether the profile was written."""
    from handeye.perception.internvl.calibration import draw_calibration
    from handeye.tools.files import write_atomically

    good = force or not calibration.trouble
    try:
        draw_calibration(calibration, images).save(_picture_path(path))
        if good:
            named = calibration.profile.model_copy(update={"name": f"{base.removesuffix(', calibrated')}, calibrated"})
            write_atomically(path, named.model_dump_json(indent=2) + "\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be written ({error}); name a file you may write with --out") from error
    return good


def _result(calibration: Calibration, written: Path | None, seconds: float, path: Path) -> dict[str, Any]:
    profile = calibration.profile
    return {
        "fit": "poor" if calibration.trouble else "good",
        "profile": str(written) if written else None,
        "space": profile.space,
        "order": profile.order,
        "answers": profile.answers,
        "box": profile.box,
        "scale": list(profile.scale),
        "offset": list(profile.offset),
        "asked": len(calibration.samples),
        "answered": calibration.answered,
        "agreed": sum(calibration.agreed),
        "median_error": _pixels(calibration.error(0.5)),
        "p90_error": _pixels(calibration.error(0.9)),
        "picture": str(_picture_path(path)),
        "seconds": seconds,
        "reason": calibration.trouble,
    }


def _print_result(result: dict[str, Any], calibration: Calibration) -> None:
    from handeye.perception.internvl.calibration import describe_coordinates

    typer.echo(describe_coordinates(calibration.profile))
    typer.echo(
        f"{result['asked']} shapes, {result['answered']} answers with a point, {result['agreed']} agree", nl=False
    )
    if result["median_error"] is not None:
        typer.echo(f": median error {result['median_error']} px, 90 % within {result['p90_error']} px", nl=False)
    typer.echo(f", in {result['seconds']} s")
    if calibration.trouble:
        hint = "" if result["profile"] else "; no profile was written, --force writes it anyway"
        note_console().print(f"[bold yellow]poor fit:[/] {calibration.trouble}{hint}", soft_wrap=True)
    if result["profile"]:
        typer.echo(f"  profile  {result['profile']}   (use it with --profile {result['profile']})")
    typer.echo(f"  picture  {result['picture']}")


def _picture_path(path: Path) -> Path:
    return path.with_suffix(".png")


def _pixels(error: float | None) -> float | None:
    return None if error is None else round(error, 1)


def _slug(model: str) -> str:
    return re.sub(r"[^\w.-]+", "-", re.sub(r"^(https?|scripted|serve):/*", "", model)).strip("-.") or "model"
