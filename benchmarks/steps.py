"""Rows about steps over the episode: seconds a step, against the model card's way on the same screens."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from benchmarks.measuring import Row

if TYPE_CHECKING:
    from benchmarks.lab import Lab, Visit

REFERENCE = (
    "against the model card's way: every tile, the whole prompt, every token sampled by transformers' `generate` under "
    "the same grammar"
)


def row(lab: Lab, name: str, what: str, least: float) -> Row:
    """Ours over all screens; the reference, whose cost hardly varies, over those on which it was measured."""
    sides = (lab.walk, name), ([visit for visit in lab.walk if "reference" in visit.parts], "reference")
    ours, theirs = (
        [mean(part) for part in zip(*(visit.parts[side] for visit in on), strict=True)] for on, side in sides
    )
    apart = [sum(theirs[:end]) / sum(ours[:end]) for end in (1, 2)]
    told = f"Deciding alone: {apart[0]:.2f} times as fast; deciding and grounding, without the samples: {apart[1]:.2f}."
    details = (*_table(lab.walk, name), *_counts(lab.walk, name), "", told)
    return Row(sum(ours), sum(theirs), "s a step", what, least, details)


def _means(visits: list[Visit], name: str) -> list[float]:
    """The mean seconds of each part of a step, over the screens on which it was measured."""
    return [mean(part) for part in zip(*(visit.parts[name] for visit in visits if name in visit.parts), strict=True)]


def _table(visits: list[Visit], name: str) -> list[str]:
    lines = [
        "| screen | new tiles | reference, s | handeye, s | of it deciding | grounding | samples |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for visit in visits:
        theirs = visit.seconds.get("reference")
        told = "" if theirs is None else f"{theirs:.1f}"
        new = f"{visit.tiles_seen[name]} of {visit.tiles}"
        parts = " | ".join(f"{part:.1f}" for part in visit.parts[name])
        lines.append(f"| {visit.name} | {new} | {told} | {visit.seconds[name]:.1f} | {parts} |")
    return lines


def _counts(visits: list[Visit], name: str) -> list[str]:
    last = visits[-1]
    reused, prompt = (sum(side[name] for side in each) for each in _counted(visits))
    return [
        "",
        f"Prompt tokens from the cache: {reused} of {prompt}. Forced answer tokens: {last.forced} of {last.tokens}.",
    ]


def _counted(visits: list[Visit]) -> tuple[list[dict[str, int]], list[dict[str, int]]]:
    return [visit.prompt_reused for visit in visits], [visit.prompt for visit in visits]
