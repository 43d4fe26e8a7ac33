"""What every step does with a picture before anybody thinks: diff and tile digests, against a PNG encode of it."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from benchmarks.measuring import Row, in_turns
from handeye.perception.change import difference
from handeye.perception.internvl.tiling import tile
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from benchmarks.lab import Lab


def measure(lab: Lab) -> Row:
    """The browser's own part of a capture is not in it: it is the same on both sides."""
    before, after = (Screenshot(screen.image) for screen in lab.screens[:2])

    def ours() -> None:
        difference(before, after)
        assert tile(after.image).digests

    def reference() -> None:
        after.image.save(BytesIO(), "PNG")

    mine, theirs = in_turns(ours, reference, lab.repeats)
    what = "diff against the last picture and tile digests of 1344x896; against a PNG encode of it (Pillow's default)"
    return Row(mine, theirs, "ms", what, 1.0)
