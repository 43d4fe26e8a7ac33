"""What a desktop's input backend can do."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from handeye.tools.errors import ActionRefused, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from handeye.tools.element import Element
    from handeye.tools.geometry import Box

Button = Literal["left", "middle", "right"]
Direction = Literal["up", "down", "left", "right"]


@dataclass(frozen=True)
class OpenWindow:
    """A window of a program, as its window manager knows it."""

    id: int
    title: str
    box: Box
    """With its frame; in the input's coordinates from `Hands.windows`, in screenshot pixels from `Desktop.windows`."""
    focused: bool
    hidden: bool = False
    """Minimised, or on another workspace."""
    program: str = ""
    """The name of the program it belongs to, such as `mousepad`; empty when the window does not tell."""


def find_window(title: str, windows: Sequence[OpenWindow]) -> OpenWindow:
    """The window of that title, else the one whose title holds it; of several that are called alike the front one.

    Raises ActionRefused, with the titles there are, when none fits or several different ones do.
    """
    wanted = title.strip().casefold()
    fitting = [window for window in windows if window.title.casefold() == wanted]
    fitting = fitting or [window for window in windows if wanted in window.title.casefold()]
    titles = dict.fromkeys(window.title for window in fitting)
    if len(titles) == 1:
        return fitting[0]
    there = ", ".join(f"“{each}”" for each in titles or dict.fromkeys(window.title for window in windows))
    if titles:
        raise ActionRefused(f"several windows hold “{title}” in their titles: {there}; give the whole title of one")
    raise ActionRefused(f"no window's title holds “{title}”; there {f'are {there}' if there else 'is no window'}")


class ProcessLoad(NamedTuple):
    """What a program has done and is about to do."""

    seconds: float
    """Processor time used so far, by its main process and all living descendants."""
    waiting: bool
    """One of them waits for a processor or a disk right now: on a busy machine, work shows here first."""


class Clipboard(Protocol):
    """What programs copy to and paste from; raises ActionFailed when it cannot be used."""

    def read(self) -> str:
        """The text in it; empty when there is none."""
        ...

    def write(self, text: str) -> None:
        """Put text there, which stays when the device is closed."""
        ...

    def lent(self, text: str) -> AbstractContextManager[None]:
        """The text lies there until a program has taken it; then what lay there before does again."""
        ...


class Selection(Protocol):
    """What programs hand over as soon as it is selected: X11's PRIMARY. Raises ActionFailed like Clipboard."""

    def take(self) -> None:
        """Release the selection."""
        ...

    def taken(self) -> bool:
        """Whether a program has selected something since."""
        ...

    def read(self) -> str:
        """The text that is selected."""
        ...


class InputBackend(Protocol):
    """Pointer and keyboard of one screen, in the input's coordinates. Points were checked by the caller."""

    lists_windows: bool
    """Whether `windows` and `manage` work here."""
    silent: tuple[str, ...]
    """The titles of programs that did not answer in time when `elements` was last called."""
    bus_address: str | None
    """Where programs tell what they show: None for the session's own accessibility bus, empty for nowhere."""

    def pointer(self) -> tuple[float, float]:
        """Return the position of the pointer."""
        ...

    def move(self, x: float, y: float) -> None:
        """Move the pointer."""
        ...

    def button(self, name: Button, down: bool) -> None:
        """Press or release a mouse button."""
        ...

    def wheel(self, direction: Direction, notches: int) -> None:
        """Turn the wheel by a number of notches."""
        ...

    def on_popup(self, x: float, y: float) -> bool:
        """Whether a menu or something else that popped up lies there; False where the platform does not tell."""
        ...

    def held(self, x: float, y: float) -> str:
        """The name of the button there whose program says that it is held down now; empty where none does."""
        ...

    def key(self, name: str, down: bool) -> None:
        """Press or let go of a key of keyboard.NAMES, or of one character."""
        ...

    def write(self, text: str, between: Callable[[], None]) -> None:
        """Type any text exactly; a line feed is Enter, a tab is Tab. Calls `between` every little while."""
        ...

    def windows(self) -> list[OpenWindow]:
        """The open windows, the front one first; empty when the platform does not tell."""
        ...

    def elements(self) -> list[Element]:
        """What programs tell of what they show, with boxes in the input's coordinates; empty where they do not."""
        ...

    @property
    def clipboard(self) -> Clipboard:
        """The clipboard of this display."""
        ...

    @property
    def selection(self) -> Selection | None:
        """What is selected on the screen, where programs share that as X11's do; None elsewhere."""
        ...

    def manage(self, window: OpenWindow, do: Literal["focus", "raise", "close"]) -> None:
        """Bring a window to the front, with the keyboard (`focus`) or without (`raise`), or have it close itself."""
        ...

    def answered(self, timeout: float) -> bool | None:
        """Whether the program in front has processed all input; None if it does not answer pings."""
        ...

    def load(self) -> ProcessLoad | None:
        """Return the processor time of the program in front; None if it is unknown."""
        ...

    def close(self) -> None: ...


def process_load(pid: int) -> ProcessLoad | None:
    """Return the processor time of a process and its descendants; None if it is unknown."""
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
    return ProcessLoad(ticks / os.sysconf("SC_CLK_TCK"), waiting) if ticks else None


def own_display() -> str:
    """The X display of the user's session; raises SetupError when there is none."""
    display = os.environ.get("DISPLAY", "")
    if display:
        return display
    if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland":
        raise SetupError(WAYLAND)
    raise SetupError(
        "there is no screen to use ($DISPLAY is not set); run this inside a desktop session, "
        "or use a virtual display: --on virtual, or --on app:COMMAND"
    )


WAYLAND = (
    "this is a Wayland session, where no program may look at the whole screen or press keys for others; "
    "log in to an X11 session (“on Xorg” at the log-in screen), or use a virtual display: --on virtual, "
    "or --on app:COMMAND"
)
