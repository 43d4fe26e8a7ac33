"""What is measured, and how it is told."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Row:
    """One comparison, both sides measured in the same run."""

    ours: float
    reference: float
    unit: str
    what: str
    """What was done, and what it was compared with; for the table."""
    least: float
    """The ratio aimed at."""
    details: tuple[str, ...] = ()
    """Lines of Markdown below the table."""

    @property
    def ratio(self) -> float:
        """How many times as fast as the reference."""
        return self.reference / self.ours


def in_turns(ours: Callable[[], object], reference: Callable[[], object], times: int) -> tuple[float, float]:
    """The least milliseconds each takes, in turns after one try of each, so that what else runs disturbs both."""
    ours()
    reference()
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for each, work in zip(taken, (ours, reference), strict=True):
            began = time.perf_counter()
            work()
            each.append((time.perf_counter() - began) * 1000)
    return min(taken[0]), min(taken[1])


def machine() -> str:
    """The processor, the cores this process may use, and the versions of what does the work, in one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("pillow", "numpy", "torch", "transformers"))
    return f"{cpu()}, Python {platform.python_version()}, {versions}"


def cpu() -> str:
    """The processor, and the cores this process may use."""
    names = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{names[0] if names else platform.processor() or platform.machine()}, {cores} cores"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
