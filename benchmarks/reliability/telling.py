"""How a measure tells what it found."""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

_BEGAN = time.monotonic()


class Figure(NamedTuple):
    """One number."""

    value: float
    unit: str
    aim: str
    """What it should be, in words."""
    holds: bool


def say(line: str) -> None:
    """Progress, for whoever waits."""
    print(f"{time.monotonic() - _BEGAN:6.0f} s  {line}", file=sys.stderr, flush=True)
