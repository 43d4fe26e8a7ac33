"""How long a run may go on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """The bounds of a run; what it used before a pause counts."""

    model_config = ConfigDict(frozen=True)

    steps: int = Field(default=50, ge=1)
    """Stop after this many actions."""
    seconds: float | None = Field(default=None, gt=0)
    """Stop after this much time at work; None is no bound."""

    def exceeded(self, steps: int, seconds: float) -> str:
        """Which limit is used up, in words; empty while there is room."""
        if steps >= self.steps:
            return f"{steps} of {self.steps} steps are used up; allow more with --max-steps"
        if self.seconds is not None and seconds >= self.seconds:
            return f"{seconds:.0f} of {self.seconds:g} seconds are used up; allow more with --budget-seconds"
        return ""
