"""The pixels of one monitor, through mss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mss
import numpy as np
from mss.exception import ScreenShotError
from PIL import Image

from handeye.tools.errors import DeviceLost, SetupError, UsageError
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Pixels:
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
        self.close()
        self._source = mss.MSS(**self._options)
        monitors = self._source.monitors
        if not 1 <= self._number < len(monitors):
            raise UsageError(
                f"monitor {self._number} does not exist; this machine has {len(monitors) - 1}, counted from 1"
            )
        self.monitor = monitors[self._number]
        self._whole = monitors[0]

    def _grab(self) -> Any:
        if self._source is None:
            raise DeviceLost("the screen was closed; open the device anew")
        try:
            return self._source.grab(self.monitor)
        except ScreenShotError as error:
            raise DeviceLost(f"the screen cannot be read any more ({error}); start the display again") from error

    def capture(self) -> Screenshot:
        """The monitor now, at its present size and place; raises DeviceLost when it is gone."""
        try:
            self._open()  # mss keeps the list of monitors for ever, but people plug and turn them
        except (ScreenShotError, UsageError) as error:
            raise DeviceLost(f"monitor {self._number} cannot be read any more ({error}); reconnect it") from error
        shot = self._grab()
        image = Image.frombytes("RGB", shot.size, shot.bgra, "raw", "BGRX")
        # Retina: the picture is twice as wide as the input's coordinates.
        scale = image.width / self.monitor["width"]
        said = self._source.performance_status if self._source else ()
        notes = tuple(str(note) for note in said if "working correctly" not in note)  # that is no fallback
        return Screenshot(image, scale, (float(self.monitor["left"]), float(self.monitor["top"])), notes)

    def corners(self) -> set[tuple[int, int]]:
        """The top left corners of the monitor and of all of them together, in the input's coordinates."""
        return {(monitor["left"], monitor["top"]) for monitor in (self.monitor, self._whole)}

    def frame(self) -> NDArray[np.uint32]:
        """The monitor now as rows of packed pixels, for comparing only."""
        shot = self._grab()
        return np.frombuffer(shot.raw, np.uint32).reshape(shot.height, shot.width)

    def close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None
