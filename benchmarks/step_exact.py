"""One step in-process with exact caches and forced tokens, against the model card's way: the same tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.steps import REFERENCE, row

if TYPE_CHECKING:
    from benchmarks.lab import Lab
    from benchmarks.measuring import Row


def measure(lab: Lab) -> Row:
    """Asserts that both sides wrote the same text in the same number of tokens on every screen."""
    for visit in lab.walk:
        if "reference" in visit.answers:
            ours, theirs = visit.answers["step_exact"], visit.answers["reference"]
            assert ours == theirs, f"{visit.name}: {ours} is not what the reference wrote: {theirs}"
    what = "a step (deciding, grounding, two samples of where) with exact caches"
    return row(lab, "step_exact", f"{what}; {REFERENCE}, same tokens", 2.5)
