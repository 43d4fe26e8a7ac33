"""`handeye ground`: find a phrase on a screenshot."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import GivenOptions, Json, NoCache, with_options
from handeye.agent.options import ENGINE
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.observation import Grounding, Observation
    from handeye.perception.perception import Perception


@with_options("model", "samples", *ENGINE)
def ground(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A screenshot: PNG, JPEG, WebP …", show_default=False)],
    phrase: Annotated[str, typer.Argument(metavar="PHRASE", help="What to find, in words.", show_default=False)],
    options: GivenOptions,
    out: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_OUT", metavar="FILE", help="Write the screenshot with the point marked."),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            envvar="HANDEYE_MIN_CONFIDENCE",
            help="Answer “not there” below this confidence, 0 to 1. Higher: fewer answers, and fewer wrong ones.",
        ),
    ] = None,
    all_places: Annotated[
        bool,
        typer.Option("--all", envvar="HANDEYE_ALL", help="List every place that may be meant, the likeliest first."),
    ] = False,
    as_json: Json = False,
    no_cache: NoCache = False,
) -> None:
    """Find a phrase on a screenshot, and print its point in pixels.

    A confidence is how often such an answer is right. Exit code 1: the phrase is not on the screenshot.

    [b]Example[/b]: handeye ground shot.png "the Save button" --out marked.png
    """
    shape = {"point": None, "box": None, "confidence": 0.0, "by": None, "seconds": 0.0}
    with report_errors(as_json, **shape):
        from handeye.agent.resources import open_perception_and_policy
        from handeye.perception.embedded import EmbeddedPerception
        from handeye.perception.marks import mark
        from handeye.perception.observation import Observation
        from handeye.perception.reading.text_cache import text_reader
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
            observation = Observation(picture, reader=text_reader(cached=not no_cache))
            if min_confidence is not None and isinstance(perception, EmbeddedPerception):
                perception.min_confidence = min_confidence
            places = _places(perception, observation, phrase, all_places)
            found = places[0] if places and places[0].confidence >= (min_confidence or 0.0) else None
            seconds = time.monotonic() - began
        if found is None:
            message = f"“{phrase}” is not on {image}"
            console.print(message, markup=False)
            if as_json:
                print_json(shape | {"seconds": round(seconds, 3), "reason": message})
            raise typer.Exit(1)
        if out:
            try:
                mark(picture.image, [(phrase, each) for each in (places if all_places else [found])]).save(out)
            except (OSError, ValueError) as error:
                raise UsageError(f"{out} cannot be written ({error}); name a .png file you may write") from error
    _print(found, places if all_places else [], seconds, as_json, out)


def _print(found: Grounding, places: Sequence[Grounding], seconds: float, as_json: bool, out: Path | None) -> None:
    """Print the place, and all `places` if there are any."""
    if as_json:
        print_json(
            {
                "point": list(found.point),
                "box": list(found.box) if found.box else None,
                "confidence": round(found.confidence, 3),
                "by": found.by,
                "seconds": round(seconds, 3),
            }
            | ({"places": [_as_json(each) for each in places]} if places else {})
            | ({"samples": found.samples, "votes": found.votes, "notes": found.notes} if found.samples else {})
        )
    else:
        x, y = found.point
        typer.echo(f"({x}, {y})  found by {found.by}, confidence {found.confidence:.2f}, in {seconds:.2f} s")
        if len(found.samples) > 1:
            typer.echo(f"  {found.votes} of {len(found.samples)} answers agree on this point")
        for note in found.notes:
            typer.echo(f"  {note}")
        for each in places[1:]:
            typer.echo(f"{tuple(each.point)}  confidence {each.confidence:.2f}: {each.notes[0]}")
        if out:
            typer.echo(f"  marked in {out}")


def _places(perception: Perception, observation: Observation, phrase: str, every: bool) -> list[Grounding]:
    """The places that a perception finds, the best first; with `every` also those that the embedded one found less
    likely."""
    from handeye.perception.embedded import EmbeddedPerception

    found = perception.ground(observation, phrase)
    if found is None or not every or not isinstance(perception, EmbeddedPerception):
        return [found] if found else []
    others = perception.candidates(observation, phrase, least=0.0)
    return [found, *(each for each in others if each.box != found.box)]


def _as_json(place: Grounding) -> dict[str, Any]:
    return {
        "point": list(place.point),
        "box": list(place.box) if place.box else None,
        "confidence": round(place.confidence, 3),
        "by": place.by,
        "why": place.notes[0] if place.notes else "",
    }
