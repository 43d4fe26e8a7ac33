"""`handeye calibrate`: which coordinates does a model write?"""

from __future__ import annotations

import re
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import Json, Model, note_console, print_json, report_errors
from handeye.agent.cli.flags import model_flags, read_options
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from rich.console import Console

    from handeye.perception.engines.engine import Engine
    from handeye.perception.internvl.calibration import Calibration
    from handeye.perception.internvl.calibration_page import CalibrationTarget

#: The page that is shown beside the pictures: exactly 3x2 tiles, as a browser's pages are.
PAGE = (1344, 896)

NOTHING: dict[str, Any] = {
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


@model_flags
def calibrate(
    model: Model = "embedded",
    out: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_OUT", help="The profile's file.", show_default="<model>.profile.json"),
    ] = None,
    targets: Annotated[
        int, typer.Option(min=24, max=160, envvar="HANDEYE_TARGETS", help="Shapes that are asked for.")
    ] = 24,
    page: Annotated[bool, typer.Option(envvar="HANDEYE_PAGE", help="Show some of them on a page in a browser.")] = True,
    seed: Annotated[int, typer.Option(envvar="HANDEYE_SEED", help="Another one gives other shapes and places.")] = 0,
    force: Annotated[
        bool, typer.Option("--force", envvar="HANDEYE_FORCE", help="Write the profile even if the fit is poor.")
    ] = False,
    options: Any = None,
    as_json: Json = False,
) -> None:
    """Show a model shapes at known places, and find out in which coordinates it answers. Exit code 1: a poor fit.

    The profile that is written goes to [b]--profile[/b] of the other commands; a picture of the answers lies beside it.

    [b]Example[/b]: handeye calibrate --model http://127.0.0.1:8000/v1 --out mine.profile.json
    """
    began = time.monotonic()
    with report_errors(as_json, **NOTHING):
        if model == "embedded":
            raise UsageError("the embedded default writes no coordinates; name a model with --model")
        from handeye.perception.engines import open_engine
        from handeye.perception.internvl import calibration as work

        console = note_console()
        with console.status(f"opening {model}"):
            engine = open_engine(model, read_options(options))
        with closing(engine):
            for note in engine.notes:
                console.print(f"note: {note}", markup=False, soft_wrap=True)
            pictures = _pictures(targets, seed, page, console)
            found = work.fit_calibration(engine.profile, _ask(engine, pictures, console))
            base = engine.profile.name
        path = out or Path(f"{_slug(model)}.profile.json")
        written = _write(found, base, path, [image for image, _ in pictures], force)
        result = _result(found, path if written else None, round(time.monotonic() - began, 1), path)
        if as_json:
            print_json(result)
        else:
            _tell(result, found)
    raise typer.Exit(1 if found.trouble else 0)


def _pictures(count: int, seed: int, page: bool, console: Console) -> list[tuple[Image, Sequence[CalibrationTarget]]]:
    """Pictures drawn here and, where there is a browser, one of a page in it; shapes spread evenly over all."""
    from handeye.perception.internvl.calibration_page import SIZES, make_boards

    photographed: Image | None = None
    if page:
        *drawn, last = make_boards(count, seed, (*SIZES, PAGE))
        try:
            with console.status("opening a browser"):
                photographed = _photograph(last.page())
        except SetupError as error:
            console.print(f"note: no page is shown, pictures alone: {error}", markup=False, soft_wrap=True)
    if photographed is None:
        return [(board.draw(), board.targets) for board in make_boards(count, seed)]
    return [*((board.draw(), board.targets) for board in drawn), (photographed, last.targets)]


def _photograph(page: str) -> Image:
    """The page as the browser shows it."""
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


def _write(found: Calibration, base: str, path: Path, images: list[Image], force: bool) -> bool:
    """Write the picture, and the profile unless the fit is poor; says whether the profile was written."""
    from handeye.perception.internvl.calibration import draw_calibration
    from handeye.tools.files import write_atomically

    good = force or not found.trouble
    try:
        draw_calibration(found, images).save(_beside(path))
        if good:
            named = found.profile.model_copy(update={"name": f"{base.removesuffix(', calibrated')}, calibrated"})
            write_atomically(path, named.model_dump_json(indent=2) + "\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be written ({error}); name a file you may write with --out") from error
    return good


def _result(found: Calibration, written: Path | None, seconds: float, path: Path) -> dict[str, Any]:
    profile = found.profile
    return {
        "fit": "poor" if found.trouble else "good",
        "profile": str(written) if written else None,
        "space": profile.space,
        "order": profile.order,
        "answers": profile.answers,
        "box": profile.box,
        "scale": list(profile.scale),
        "offset": list(profile.offset),
        "asked": len(found.asked),
        "answered": found.answered,
        "agreed": sum(found.agreed),
        "median_error": _pixels(found.error(0.5)),
        "p90_error": _pixels(found.error(0.9)),
        "picture": str(_beside(path)),
        "seconds": seconds,
        "reason": found.trouble,
    }


def _tell(result: dict[str, Any], found: Calibration) -> None:
    from handeye.perception.internvl.calibration import describe_coordinates

    typer.echo(describe_coordinates(found.profile))
    typer.echo(
        f"{result['asked']} shapes, {result['answered']} answers with a place, {result['agreed']} agree", nl=False
    )
    if result["median_error"] is not None:
        typer.echo(f": median error {result['median_error']} px, 90 % within {result['p90_error']} px", nl=False)
    typer.echo(f", in {result['seconds']} s")
    if found.trouble:
        hint = "" if result["profile"] else "; nothing was written, --force writes it all the same"
        note_console().print(f"[bold yellow]poor fit:[/] {found.trouble}{hint}", soft_wrap=True)
    if result["profile"]:
        typer.echo(f"  profile  {result['profile']}   (use it with --profile {result['profile']})")
    typer.echo(f"  picture  {result['picture']}")


def _beside(path: Path) -> Path:
    return path.with_suffix(".png")


def _pixels(error: float | None) -> float | None:
    return None if error is None else round(error, 1)


def _slug(model: str) -> str:
    return re.sub(r"[^\w.-]+", "-", re.sub(r"^(https?|scripted|serve):/*", "", model)).strip("-.") or "model"
