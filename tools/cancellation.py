"""Ends a wait at once when the run is stopped: by Ctrl-C, the stop key, or the pointer in a corner of the screen."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from handeye.tools.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds between two checks for a stop request during a wait.
POLL_SECONDS = 0.1

_stop_requested: ContextVar[Callable[[], bool] | None] = ContextVar("stop_requested", default=None)


@contextmanager
def stoppable(stop_requested: Callable[[], bool]) -> Iterator[None]:
    """Waits of this thread, and of contexts copied from it, end once `stop_requested` returns True."""
    token = _stop_requested.set(stop_requested)
    try:
        yield
    finally:
        _stop_requested.reset(token)


def stopping() -> bool:
    """Whether a stop was requested; False outside of a run."""
    stop_requested = _stop_requested.get()
    return stop_requested is not None and stop_requested()


def check() -> None:
    """Raise Stopped if a stop was requested."""
    if stopping():
        raise Stopped("stopped while it waited")


def pause(seconds: float) -> None:
    """Sleep for some seconds; raises Stopped at most POLL_SECONDS seconds after a stop request."""
    deadline = time.monotonic() + seconds
    check()
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(POLL_SECONDS, left))
        check()
