"""One step in-process with `--fast`, against the model card's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.steps import REFERENCE, row

if TYPE_CHECKING:
    from benchmarks.lab import Lab
    from benchmarks.measuring import Row


def measure(lab: Lab) -> Row:
    """The answers are not the reference's: that is what `--fast` trades."""
    return row(lab, "step_fast", f"the same with `--fast`: resolution routing and int8; {REFERENCE}", 4.05)
