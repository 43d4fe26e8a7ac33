"""Capture one monitor with mss, and wait until its pixels stay the same.

A screen is at rest when its program has read its input, has stopped working, and no pixel changes. A clock, a spinner
or a cursor never stops changing: once nothing else has changed for a while, it is ignored and named in the note. The
same holds for a program that works on without drawing anything.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import mss
import numpy as np
from mss.exception import ScreenShotError
from PIL import Image

import handeye.tools.cancellation as cancellation
from handeye.tools.desktop.input_backend import ProcessLoad
from handeye.tools.device import Settled
from handeye.tools.errors import ActionRefused, DeviceLost, SetupError, UsageError
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


#: Seconds a monitor that is being resized or plugged may be away.
CHANGING = 2.0

#: Seconds after which frames are taken of the monitor as it is then.
STALE = 0.25


class ScreenCapture:
    """Reads one monitor: `monitor` counts from 1, `display` is an X display or None for the user's own screen."""

    def __init__(self, monitor: int, display: str | None) -> None:
        self._number = monitor
        self._options: dict[str, Any] = {} if display is None else {"display": display}
        self._source: mss.MSS | None = None
        try:
            self._open()
        except ScreenShotError as error:
            raise SetupError(
                f"the screen cannot be read ({error}); on macOS allow it under Privacy & Security, Screen Recording"
            ) from error

    def _open(self) -> None:
        if self._source is not None:
            self._source.close()
        self._source = mss.MSS(**self._options)
        self._opened = time.monotonic()
        monitors = self._source.monitors
        if not 1 <= self._number < len(monitors):
            raise UsageError(
                f"monitor {self._number} does not exist; this machine has {len(monitors) - 1}, counted from 1"
            )
        self.monitor = monitors[self._number]
        self._whole = monitors[0]

    def _grab(self, fresh: bool) -> Any:
        """Return the monitor's pixels. `fresh`: read the list of monitors again, which mss caches; monitors can be
        connected, rotated and resized, and meanwhile there may be none."""
        if self._source is None:
            raise DeviceLost("the screen was closed; open the device anew")
        deadline = time.monotonic() + CHANGING
        while True:
            try:
                if fresh or time.monotonic() > self._opened + STALE:
                    self._open()
                return self._source.grab(self.monitor)
            except (ScreenShotError, UsageError) as error:
                if time.monotonic() > deadline:
                    raise DeviceLost(
                        f"monitor {self._number} cannot be read any more ({error}); reconnect it or start its display"
                    ) from error
                fresh = True
                time.sleep(0.05)

    def capture(self) -> Screenshot:
        """The monitor now, at its present size and place; raises DeviceLost when it is gone."""
        shot = self._grab(fresh=True)
        image = Image.frombytes("RGB", shot.size, shot.bgra, "raw", "BGRX")
        # Retina: the picture is twice as wide as the input's coordinates.
        scale = image.width / self.monitor["width"]
        status = self._source.performance_status if self._source else ()
        notes = tuple(str(note) for note in status if "working correctly" not in note)  # this one reports no fallback
        return Screenshot(image, scale, (float(self.monitor["left"]), float(self.monitor["top"])), notes)

    def check(self, screen: Screenshot) -> None:
        """Raise ActionRefused when the monitor has another size or place than when the screenshot was taken."""
        shot = self._grab(fresh=True)
        place = (float(self.monitor["left"]), float(self.monitor["top"]))
        if tuple(shot.size) != screen.image.size or place != screen.origin:
            was, now = ("x".join(str(side) for side in size) for size in (screen.image.size, shot.size))
            raise ActionRefused(
                f"the screen is {now} pixels at {place} now and was {was} at {screen.origin} when it was looked at; "
                "look again"
            )

    def corners(self) -> set[tuple[int, int]]:
        """The top left corners of the monitor and of all of them together, in the input's coordinates."""
        return {(monitor["left"], monitor["top"]) for monitor in (self.monitor, self._whole)}

    def frame(self) -> NDArray[np.uint32]:
        """The monitor now as rows of packed pixels, for comparing only."""
        shot = self._grab(fresh=False)
        return np.frombuffer(shot.raw, np.uint32).reshape(shot.height, shot.width)

    def close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None


#: Seconds between two looks.
INTERVAL = 0.03

#: Seconds without change or work that count as still, when the program in front says it has read its input.
QUIET = 0.2

#: The same, for a program that cannot report it.
BLIND_QUIET = 0.4

#: The same after a command that has changed almost nothing yet: it may wait for a disk, a timer or another program.
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
    """State of the program in front, see `InputBackend`."""

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
        if changed_box(last, current := frame()):
            last, still = current, now


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
