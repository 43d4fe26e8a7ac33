"""Ending a wait at once when somebody stops the run: by Ctrl-C, the stop key or a push into the screen's corner."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from handeye.tools.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds after which a wait looks whether somebody asks to stop.
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
    """Whether somebody asks to stop; never where no run is at work."""
    asked = _asked.get()
    return asked is not None and asked()


def check() -> None:
    """Raise Stopped when somebody asks to stop."""
    if stopping():
        raise Stopped("stopped while it waited")


def pause(seconds: float) -> None:
    """Sleep so many seconds; raises Stopped at most EAR seconds after somebody asks to stop."""
    deadline = time.monotonic() + seconds
    check()
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(EAR, left))
        check()
