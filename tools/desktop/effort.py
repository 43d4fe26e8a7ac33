"""How hard a program works: the processor time of a process and everything below it, on Linux."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Effort(NamedTuple):
    """What a program has done and is about to do."""

    seconds: float
    """Processor time used so far, by its main process and all living descendants."""
    waiting: bool
    """One of them waits for a processor or a disk right now: on a busy machine, work shows here first."""


def effort_of(pid: int) -> Effort | None:
    """How hard a process and its descendants work; None when it cannot be told."""
    ticks, waiting = 0, False
    seen, queue = set[int](), [pid]
    while queue:
        one = queue.pop()
        if one in seen:
            continue
        seen.add(one)
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{one}/stat").read_text(errors="replace").rpartition(")")[2].split()
            waiting |= fields[0] in "RD"
            ticks += int(fields[11]) + int(fields[12])  # utime and stime, see proc(5)
            for children in Path(f"/proc/{one}/task").glob("*/children"):
                queue += [int(child) for child in children.read_text().split()]
    return Effort(ticks / os.sysconf("SC_CLK_TCK"), waiting) if ticks else None
