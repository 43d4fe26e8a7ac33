"""`handeye train --evaluate`: how good a pocket model is, text alone beside it, and both together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from handeye.agent.cli.console import note_console, print_json
from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.training.pointing_score import PointingScore


def evaluate(folder: Path, screens: int, suite: Path | None, as_json: bool) -> None:
    """Tell it, and write it into the model's folder: the fusion, the figures, and the card."""
    from handeye.perception.pocket_inference import PhraseReading
    from handeye.perception.training.checkpoint_card import EVALUATION, write_card
    from handeye.perception.training.fusion import CHOOSE, REPORT, WAYS, choose, compare, data_set
    from handeye.perception.training.fusion import screens as drawn_screens
    from handeye.perception.training.pocket import load
    from handeye.perception.training.pointing_score import held_out

    pocket, reading = load(folder), PhraseReading(folder)
    levels = pocket.sizes.drawn
    scores = [held_out(pocket, level, screens) for level in levels]
    few = max(2, screens // 3)  # chosen on fewer it would be chance
    console = note_console()
    with console.status("asking about whole screens"):
        chosen = choose([compare(reading, f"level {n}", drawn_screens(n, few, CHOOSE)) for n in levels])
        whole = [compare(reading, f"level {n}", drawn_screens(n, few, REPORT)) for n in levels]
        if suite:
            whole.append(compare(reading, suite.stem, data_set(suite, screens)))
    told: dict[str, Any] = {
        "fusion": {"enough": chosen.enough, "sure": chosen.sure, "icons": chosen.icons},
        "whole": [each.told(chosen) for each in whole],
    }
    chosen.write(folder)
    (folder / "training").mkdir(exist_ok=True)
    write_atomically(folder / "training" / EVALUATION, json.dumps(told, indent=1) + "\n")
    card = write_card(folder)
    if as_json:
        print_json({"model": str(folder), "scores": plain(scores), "card": str(card), **told})
        return
    typer.echo("tiles of held-out screens: things without text, points in the right box")
    for score in scores:
        typer.echo(
            f"  level {score.level}: {score.right:.1%} of {score.questions} (other pictures {score.shuffled:.1%})"
        )
        for name, (right, count) in score.parts.items():
            typer.echo(f"    {name}: {right:.1%} of {count}")
    typer.echo(
        "whole screens: text alone, the model alone, and both; as chosen on other screens, the model is asked about "
        f"icons where text is less than {chosen.enough:g} sure ({chosen.icons:g} where the phrase says “icon”), and "
        f"followed from {chosen.sure:g} on"
    )
    for each in told["whole"]:
        for group, shares in each["groups"].items():
            shown = ", ".join(f"{way} {shares[way]:.1%}" for way in WAYS)
            typer.echo(f"  {each['on']}, {group}: {shown} of {shares['n']}")
        typer.echo(f"  {each['on']}: the model took {each['seconds']:.2f} s a screen")
    typer.echo(f"the card is {card}")


def plain(scores: Sequence[PointingScore]) -> list[dict[str, Any]]:
    """Scores as JSON tells them."""
    from dataclasses import asdict

    return [asdict(score) for score in scores]
