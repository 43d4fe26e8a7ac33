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
EAR = 0.1

_asked: ContextVar[Callable[[], bool] | None] = ContextVar("asked to stop", default=None)


@contextmanager
def stoppable(asked: Callable[[], bool]) -> Iterator[None]:
    """Waits of this thread, and of contexts copied from it, end once `asked` says so."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def stopping() -> bool:
    """Whether a stop was requested; False outside of a run."""
    asked = _asked.get()
    return asked is not None and asked()


def check() -> None:
    """Raise Stopped if a stop was requested."""
    if stopping():
        raise Stopped("stopped while it waited")


def pause(seconds: float) -> None:
    """Sleep for some seconds; raises Stopped at most EAR seconds after a stop request."""
    deadline = time.monotonic() + seconds
    check()
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(EAR, left))
        check()
