"""When is a desktop still? When its program has read its input, has stopped working, and its pixels stay the same.

Something that moves for ever in a small place, such as a clock, a spinner or a cursor, would keep a screen from ever
being still: once nothing else has moved for a while it is left alone and named in the note. So is a program that
works on and on without showing anything.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import numpy as np

import handeye.tools.cancellation as cancellation
from handeye.tools.desktop.input_backend import ProcessLoad
from handeye.tools.device import Settled
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: Seconds between two looks.
INTERVAL = 0.03

#: Seconds without change or work that count as still, when the program in front says it has read its input.
QUIET = 0.2

#: The same, when it cannot be asked.
BLIND_QUIET = 0.4

#: The same after a command that has shown next to nothing yet: it may wait for a disk, a timer or another program.
NOTHING_YET = 0.5

#: Seconds that a change must keep to one small place, or a program work unseen, before that is left alone.
HABIT = 1.5

#: How large that place may be, as a share of the screen.
SMALL = 0.005

#: A program works when it uses this share of a processor over WORK_SPAN seconds, or often wants one.
WORK, WORK_SPAN = 0.3, 0.15

#: Seconds without change after which nothing follows the pointer any more, and that a style gets to do so.
FOLLOWED, FOLLOWING = 0.08, 0.5

IDLE = ProcessLoad(0.0, False)


class Program(Protocol):
    """What can be asked of the program in front, see hands.Hands."""

    def answered(self, timeout: float) -> bool | None: ...

    def load(self) -> ProcessLoad | None: ...


def wait_until_still(
    frame: Callable[[], NDArray[np.uint32]],
    program: Program,
    cap: float,
    before: NDArray[np.uint32] | None = None,
) -> Settled:
    """Compare frames until they stay the same, at most `cap` seconds.

    `before` is the frame before a command, if it was one; while next to nothing differs from it, more time is given.
    """
    watch = _Watch(frame() if before is None else before, program.load())
    while True:
        watch.look(frame(), program.load())
        left = cap - watch.seconds
        if watch.may_be_still(QUIET if before is None or watch.saw_something() else NOTHING_YET):
            answer = program.answered(max(0.0, min(1.0, left)))
            if answer or (answer is None and watch.may_be_still(BLIND_QUIET)):
                return Settled(by="quiet", seconds=watch.seconds, note=watch.left_alone())
        if watch.seconds >= cap:
            return Settled(by="cap", seconds=watch.seconds, note=watch.why_not())
        if cancellation.stopping():  # what was done is done, and is noted as such before the run ends
            return Settled(by="cap", seconds=watch.seconds, note="the wait was stopped")
        time.sleep(INTERVAL)


def follow(frame: Callable[[], NDArray[np.uint32]], program: Program) -> None:
    """Wait until what follows the pointer has done so, at most FOLLOWING seconds."""
    program.answered(FOLLOWING)
    last, still, until = frame(), time.monotonic(), time.monotonic() + FOLLOWING
    while (now := time.monotonic()) < min(until, still + FOLLOWED):
        time.sleep(INTERVAL)
        if changed_box(last, shown := frame()):
            last, still = shown, now


class _Watch:
    """What has been seen to move since the start."""

    def __init__(self, frame: NDArray[np.uint32], load: ProcessLoad | None) -> None:
        self._start = self._now = self._changed = self._worked = time.monotonic()
        self._last = frame
        self._changes: list[tuple[float, Box]] = []
        self._efforts = [(self._start, load or IDLE)]

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self._start, 3)

    def look(self, frame: NDArray[np.uint32], load: ProcessLoad | None) -> None:
        self._now = time.monotonic()
        if box := changed_box(self._last, frame):
            self._changes.append((self._now, box))
            self._last, self._changed = frame, self._now
        self._efforts = [(when, one) for when, one in self._efforts if when > self._now - WORK_SPAN]
        self._efforts.append((self._now, load or IDLE))
        recent = [one for _, one in self._efforts]
        if recent[-1].seconds - recent[0].seconds > WORK * WORK_SPAN or sum(one.waiting for one in recent) > 1:
            self._worked = self._now

    def saw_something(self) -> bool:
        """Whether more has changed than a cursor, a clock, or a button that is being pressed."""
        return any(box.area > SMALL * self._last.size for _, box in self._changes)

    def may_be_still(self, quiet: float) -> bool:
        """Whether nothing but what is left alone has moved for `quiet` seconds."""
        pixels = self._now - self._changed
        still = pixels >= quiet or self._restless_place() is not None
        return still and (self._now - self._worked >= quiet or min(pixels, self._now - self._start) >= HABIT)

    def _restless_place(self) -> Box | None:
        """The small box that alone has changed, more than once, for HABIT seconds by now."""
        recent = [box for when, box in self._changes if when > self._now - HABIT]
        if len(recent) < 2 or self._now - self._start < HABIT:
            return None
        around = Box(
            min(box.left for box in recent),
            min(box.top for box in recent),
            max(box.right for box in recent),
            max(box.bottom for box in recent),
        )
        return around if around.area <= SMALL * self._last.size else None

    def left_alone(self) -> str:
        if self._now - self._changed < QUIET and (place := self._restless_place()):
            return f"{place.width}x{place.height} pixels around {place.centre[:]} never stop changing"
        return "" if self._now - self._worked >= QUIET else "the program in front works on without showing anything"

    def why_not(self) -> str:
        if self._now - self._changed >= QUIET or not self._changes:
            return "the program in front is still busy, or does not answer"
        box = self._changes[-1][1]
        return f"still changing, last {box.width}x{box.height} pixels around {box.centre[:]}"


def changed_box(before: NDArray[np.uint32], after: NDArray[np.uint32]) -> Box | None:
    """The smallest box around all pixels that differ, or None; the whole frame when its size changed."""
    if before.shape != after.shape:
        return Box(0, 0, after.shape[1], after.shape[0])
    differs = before != after
    rows = np.flatnonzero(differs.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(differs[rows[0] : rows[-1] + 1].any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
