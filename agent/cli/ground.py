"""`handeye ground`: find a phrase on a screenshot."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import GivenOptions, Json, with_options
from handeye.agent.options import ENGINE
from handeye.tools.errors import UsageError


@with_options("model", "samples", *ENGINE)
def ground(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A screenshot: PNG, JPEG, WebP …", show_default=False)],
    phrase: Annotated[str, typer.Argument(metavar="PHRASE", help="What to find, in words.", show_default=False)],
    options: GivenOptions,
    out: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_OUT", metavar="FILE", help="Write the screenshot with the point marked."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find a phrase on a screenshot, and print its point in pixels.

    Exit code 1: the phrase is not on the screenshot.

    [b]Example[/b]: handeye ground shot.png "the Save button" --out marked.png
    """
    shape = {"point": None, "box": None, "confidence": 0.0, "by": None, "seconds": 0.0}
    with report_errors(as_json, **shape):
        from handeye.agent.resources import open_perception_and_policy
        from handeye.perception.marks import mark
        from handeye.perception.observation import Observation
        from handeye.perception.reading import ocr
        from handeye.tools.screenshot import Screenshot, open_image

        if not phrase.strip():
            raise UsageError('the phrase is empty; say what to find, such as "the Save button"')
        picture = Screenshot(open_image(image))
        console = note_console()
        with console.status(f"looking for {phrase!r}"):
            chosen = options.checked()
            perception, _ = open_perception_and_policy(chosen.model, options=chosen.options, samples=chosen.samples)
            for note in perception.notes:
                console.print(note, markup=False)
            began = time.monotonic()
            observation = Observation(picture, reader=ocr.read)
            found = perception.ground(observation, phrase)
            seconds = time.monotonic() - began
        if found is None:
            message = f"“{phrase}” is not on {image}"
            console.print(message, markup=False)
            if as_json:
                print_json(shape | {"seconds": round(seconds, 3), "reason": message})
            raise typer.Exit(1)
        if out:
            try:
                mark(picture.image, [(phrase, found)]).save(out)
            except (OSError, ValueError) as error:
                raise UsageError(f"{out} cannot be written ({error}); name a .png file you may write") from error
    if as_json:
        print_json(
            {
                "point": list(found.point),
                "box": list(found.box) if found.box else None,
                "confidence": round(found.confidence, 3),
                "by": found.by,
                "seconds": round(seconds, 3),
            }
            | ({"samples": found.samples, "votes": found.votes, "notes": found.notes} if found.samples else {})
        )
    else:
        x, y = found.point
        typer.echo(f"({x}, {y})  found by {found.by}, confidence {found.confidence:.2f}, in {seconds:.2f} s")
        if len(found.samples) > 1:
            typer.echo(f"  {found.votes} of {len(found.samples)} answers agree on this point")
        for note in found.notes:
            typer.echo(f"  {note}")
        if out:
            typer.echo(f"  marked in {out}")
