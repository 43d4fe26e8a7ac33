"""The pixels of one monitor, through mss."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import mss
import numpy as np
from mss.exception import ScreenShotError
from PIL import Image

from handeye.tools.errors import ActionRefused, DeviceLost, SetupError, UsageError
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
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
        """The monitor's pixels. With `fresh` it is asked for anew: mss keeps the list of monitors for ever, but people
        plug, turn and resize them. While they do, there may be no monitor at all for a moment."""
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
        said = self._source.performance_status if self._source else ()
        notes = tuple(str(note) for note in said if "working correctly" not in note)  # that is no fallback
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
