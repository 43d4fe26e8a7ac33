"""Counts of model calls, tokens and tiles, and how many of them were reused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Usage(BaseModel):
    """Calls, tokens and tiles, summed over a step or a run."""

    model_config = ConfigDict(frozen=True)

    calls: int = 0
    tokens_in: int = 0
    """Tokens of the prompts, pictures included, computed or reused."""
    tokens_out: int = 0
    """Tokens of the answers, forced ones included."""
    tokens_reused: int = 0
    """Prompt tokens taken from the key-value cache."""
    tokens_forced: int = 0
    """Answer tokens that the grammar forced, so they were not sampled."""
    tiles: int = 0
    """Tiles of the pictures, thumbnails included."""
    tiles_reused: int = 0
    """Tiles whose features were reused: from the tile cache, or inside a reused prefix."""
    window: float = 0.0
    """The highest position any token was given; below the token count under V2PE. The largest, not a sum."""

    @property
    def tokens_hit(self) -> float:
        """The share of the prompt tokens that were reused, 0 to 1."""
        return self.tokens_reused / self.tokens_in if self.tokens_in else 0.0

    @property
    def tiles_hit(self) -> float:
        """The share of the tiles that were reused, 0 to 1."""
        return self.tiles_reused / self.tiles if self.tiles else 0.0

    def __add__(self, other: Usage) -> Usage:
        sums = {name: getattr(self, name) + getattr(other, name) for name in COUNTED}
        return Usage(**sums, window=max(self.window, other.window))

    def __sub__(self, other: Usage) -> Usage:
        """Return the difference to `other`; `window` stays."""
        differences = {name: getattr(self, name) - getattr(other, name) for name in COUNTED}
        return Usage(**differences, window=self.window)


COUNTED = tuple(name for name in Usage.model_fields if name != "window")
