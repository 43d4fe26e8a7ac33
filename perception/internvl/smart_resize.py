"""How Qwen's vision towers resize a picture before they look at it: their absolute coordinates are of that picture."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, PositiveInt


class SmartResize(BaseModel):
    """Sides become multiples of `factor`, and their product lies between `least` and `most` pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    factor: PositiveInt = 28
    """A patch's side times the patches merged into one token, in pixels."""
    least: PositiveInt = 4 * 28 * 28
    most: PositiveInt = 16384 * 28 * 28

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the picture that the model sees.

        The formula is `smart_resize` of qwen-vl-utils, which others have copied with limits of their own.
        """
        new_width, new_height = (max(self.factor, round(side / self.factor) * self.factor) for side in (width, height))
        if self.least <= new_width * new_height <= self.most:
            return new_width, new_height
        shrinks = new_width * new_height > self.most
        by = math.sqrt((self.most if shrinks else self.least) / (width * height))
        exact = (side * by / self.factor for side in (width, height))
        # A side of a very long picture must not vanish.
        across, down = (max(1, math.floor(side) if shrinks else math.ceil(side)) for side in exact)
        return across * self.factor, down * self.factor
