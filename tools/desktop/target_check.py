"""Compare the target of a click on a desktop with the observation of the decision: pixels, and known names."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from handeye.tools.errors import TargetChanged
from handeye.tools.geometry import Box
from handeye.tools.pixel_change import AROUND, NEAR, redrawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from handeye.tools.actions import Target
    from handeye.tools.element import Element

#: Seconds between two frames, and how many, that tell what never rests.
BEAT, BEATS = 0.06, 4


@dataclass(frozen=True)
class TargetCheck:
    """The screen as it was when an action was chosen."""

    image: Image.Image
    elements: tuple[Element, ...]

    def compare(
        self,
        target: Target,
        frame: Callable[[], NDArray[np.uint32]],
        read: Callable[[], list[Element]],
        *,
        careful: bool,
    ) -> None:
        """Raise TargetChanged when the screen shows something else at the target's point by now.

        `frame` is the screen in packed pixels, `read` lists the elements anew. `careful`: more of what stands around it
        has to be the same.
        """
        if target.point is None:
            return
        x, y = target.point
        wide, high = AROUND if careful else NEAR
        box = Box(x - wide, y - high, x + wide, y + high).within(self.image.width, self.image.height)
        now = _picture(frame())
        if box is None or (now.size == self.image.size and not redrawn(self.image.crop(box), now.crop(box))):
            return
        was = _at(self.elements, target)
        if was is not None and was.name:
            found = read()
            new = _at(found, target)
            around = not careful or _texts(self.elements, box) == _texts(found, box)
            if new is not None and (new.role, new.name) == (was.role, was.name) and around:
                return
            current = f"{new.role} “{new.name[:120]}”" if new else "no element"
            raise TargetChanged(
                f"{target} changed before it was pressed: {was.role} “{was.name[:120]}” was there, now {current}"
                f"{'' if around else ', and other text around it'}; nothing was pressed, look again"
            )
        if now.size == self.image.size and not redrawn(self.image.crop(box), now.crop(box), _restless(frame, box)):
            return
        raise TargetChanged(
            f"{target} changed before it was pressed: the screen around ({x}, {y}) shows something else than when it "
            "was looked at; nothing was pressed, look again"
        )


def _picture(pixels: NDArray[np.uint32]) -> Image.Image:
    height, width = pixels.shape
    return Image.frombytes("RGB", (width, height), pixels.tobytes(), "raw", "BGRX")


def _restless(frame: Callable[[], NDArray[np.uint32]], box: Box) -> list[Box]:
    """What changes by itself in a part of the screen, in pixels of that part."""
    part = (slice(box.top, box.bottom), slice(box.left, box.right))
    last, moved = frame()[part].copy(), []
    for _ in range(BEATS):
        time.sleep(BEAT)
        now = frame()[part].copy()
        rows, columns = np.nonzero(last != now)
        if len(rows):
            moved.append(Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
        last = now
    return moved


def _at(elements: tuple[Element, ...] | list[Element], target: Target) -> Element | None:
    """The element that a target means, as far as one is known."""
    own = next((each for each in elements if target.element and each.id == target.element), None)
    if own is not None or target.point is None:
        return own
    under = [each for each in elements if each.acts and not each.covered and each.box.holds(target.point)]
    return min(under, key=lambda each: each.box.area, default=None)


def _texts(elements: tuple[Element, ...] | list[Element], box: Box) -> set[str]:
    return {f"{each.name}: {each.value}" for each in elements if each.box.overlap(box) and each.box.area < 8 * box.area}
