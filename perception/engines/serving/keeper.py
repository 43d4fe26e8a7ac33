"""Runs a command for as long as whoever started this keeps its standard input open.

    python keeper.py SECONDS COMMAND…

A server must not outlive the program that started it, however that ends: its end closes the pipe. On that, or on
SIGTERM or SIGINT, the command and all it has started are asked to end, and killed when they have not after so many
seconds. Ends with the command's own exit status. Needs the standard library alone, and nothing of this package.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

#: `PR_SET_CHILD_SUBREAPER` of Linux's prctl: processes left behind by the command become ours to wait for.
SUBREAPER = 36


def main(grace: float, command: list[str]) -> int:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_when_closed, args=(over,), daemon=True).start()
    while child.poll() is None and not over.is_set():
        over.wait(0.1)
    _end(child, time.monotonic() + grace)
    return child.wait()


def _when_closed(over: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    over.set()


def _end(child: subprocess.Popen[bytes], deadline: float) -> None:
    """End the command and every process of its group."""
    _signal(child, signal.SIGTERM)
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    if _alive(child):
        _signal(child, signal.SIGKILL)


def _alive(child: subprocess.Popen[bytes]) -> bool:
    """Whether the command, or anything of its group, still runs."""
    if child.poll() is None:
        return True
    with suppress(ChildProcessError):
        while os.waitpid(-child.pid, os.WNOHANG) != (0, 0):
            pass
    try:
        os.killpg(child.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
