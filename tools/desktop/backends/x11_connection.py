"""One connection to an X server: windows by the window manager's properties, and whether a program keeps up."""

from __future__ import annotations

import os
import pwd
import select
import time
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from Xlib import X, error
from Xlib.display import Display
from Xlib.protocol import event, rq

import handeye.tools.cancellation as cancellation
from handeye.tools.desktop.input_backend import WAYLAND, OpenWindow
from handeye.tools.errors import ActionFailed, DeviceLost, SetupError
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The X protocol's family for "every local user" (FamilyLocalHost of the X server's own sources).
FAMILY_LOCAL_HOST = 252


class ChangeHosts(rq.Request):  # type: ignore[misc]
    """The X protocol's request; python-xlib's own does not know the family of local users."""

    _request = rq.Struct(
        rq.Opcode(109),
        rq.Card8("mode"),
        rq.RequestLength(),
        rq.Card8("family"),
        rq.Pad(1),
        rq.LengthOf("host", 2),
        rq.List("host", rq.Card8Obj),
    )


@contextmanager
def x_errors() -> Iterator[None]:
    """Python-xlib's exceptions as ours."""
    try:
        yield
    except (error.ConnectionClosedError, OSError) as lost:
        raise DeviceLost(f"the X server went away ({lost}); start the display again and resume the run") from lost
    except error.XError as wrong:
        raise ActionFailed(f"the X server refused a request ({type(wrong).__name__}); look again and retry") from wrong


def _open(name: str) -> Display:
    # Python-xlib forgets to close the socket of a connection that failed; it is closed when the error is dropped.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return Display(name)
        except error.DisplayNameError:
            why = "that is no display's name"
        except (error.DisplayConnectionError, error.XauthError, OSError) as wrong:
            why = str(wrong).strip()
    raise SetupError(
        f"the X display {name} cannot be opened ({why}); set $DISPLAY to one such as :0 and check $XAUTHORITY, "
        "or use a virtual display: --on virtual"
    )


class Connection:
    """A client of one X server. `name` is its display, such as `:7`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.display = _open(name)
        # Requests without an answer fail later, when the window they meant has closed: nothing to do about it.
        self.display.set_error_handler(lambda *_: None)
        self.root = self.display.screen().root
        self._probe: Any = None
        self._refuse_wayland()

    def _refuse_wayland(self) -> None:
        """An X server for old programs inside a Wayland session shows black where other programs are."""
        if self.display.has_extension("XWAYLAND") or any(name.startswith("XWAYLAND") for name in self._outputs()):
            self.display.close()
            raise SetupError(WAYLAND)

    def _outputs(self) -> list[str]:
        """The names of the outputs; an older Xwayland can be recognised only by them."""
        if not self.display.has_extension("RANDR"):
            return []
        with suppress(error.XError):
            found = self.root.xrandr_get_screen_resources_current()
            info = [self.display.xrandr_get_output_info(each, found.config_timestamp) for each in found.outputs]
            return [str(each.name) for each in info]
        return []

    def sync(self) -> None:
        """Return when the server has done all that was asked."""
        self.display.sync()
        self._drop_events()

    def admit_only_this_user(self) -> None:
        """Close a server of our own to the other users of this machine, whom X lets in by default."""
        user = pwd.getpwuid(os.getuid()).pw_name.encode()
        server = self.display.display
        ChangeHosts(display=server, mode=X.HostInsert, family=X.FamilyServerInterpreted, host=b"localuser\0" + user)
        ChangeHosts(display=server, mode=X.HostDelete, family=FAMILY_LOCAL_HOST, host=b"")
        self.sync()

    def _drop_events(self) -> None:
        while self.display.pending_events():
            self.display.next_event()

    def close(self) -> None:
        with suppress(error.ConnectionClosedError, OSError):
            self.display.close()

    # What the window manager says (freedesktop.org's Extended Window Manager Hints)

    def atom(self, name: str) -> int:
        """Return the number of an atom."""
        return int(self.display.intern_atom(name))

    def words(self, window: Any, name: str) -> list[int]:
        """A window's property of 32-bit words; empty when it has none."""
        found = window.get_full_property(self.atom(name), X.AnyPropertyType)
        return [int(value) for value in found.value] if found is not None and found.format == 32 else []

    def bus_address(self) -> str:
        """Where this display's programs tell what they show: its accessibility bus, or nothing."""
        found = self.root.get_full_property(self.atom("AT_SPI_BUS"), X.AnyPropertyType)
        return bytes(found.value).decode() if found is not None and found.format == 8 else ""

    def tell_bus_address(self, address: str) -> None:
        """Say it where programs look for it."""
        self.root.change_property(self.atom("AT_SPI_BUS"), self.atom("STRING"), 8, address.encode())
        self.sync()

    def has_manager(self) -> bool:
        """Whether a window manager is at work."""
        for number in self.words(self.root, "_NET_SUPPORTING_WM_CHECK"):
            with suppress(error.XError):
                return self.words(self.window(number), "_NET_SUPPORTING_WM_CHECK") == [number]
        return False

    def window(self, number: int) -> Any:
        """Return a window by its number."""
        return self.display.create_resource_object("window", number)

    def active(self) -> int:
        """The id of the window that has the keyboard, or 0."""
        return next(iter(self.words(self.root, "_NET_ACTIVE_WINDOW")), 0)

    def owner(self, number: int) -> int:
        """The process id that a window states, or 0."""
        with suppress(error.XError):
            return next(iter(self.words(self.window(number), "_NET_WM_PID") if number else []), 0)
        return 0

    def activate(self, number: int) -> None:
        """Ask the window manager to bring a window to the front and give it the keyboard."""
        asked_by_a_person = 2  # as a task bar does; otherwise focus-stealing prevention may only flash it
        self._message(self.root, number, "_NET_ACTIVE_WINDOW", [asked_by_a_person, X.CurrentTime, 0, 0, 0])
        self.sync()

    def clients(self) -> list[int]:
        """The ids of programs' windows, the front one last."""
        return self.words(self.root, "_NET_CLIENT_LIST_STACKING") or self.words(self.root, "_NET_CLIENT_LIST")

    def restack(self, number: int) -> None:
        """Ask the window manager to lay a window over all others, without giving it the keyboard."""
        asked_by_a_person, above_all = 2, [0, X.Above]
        self._message(self.root, number, "_NET_RESTACK_WINDOW", [asked_by_a_person, *above_all, 0, 0])
        self.sync()

    def close_window(self, number: int) -> None:
        """Ask a window to close, as its frame's button does; it may ask back."""
        asked_by_a_person = 2
        self._message(self.root, number, "_NET_CLOSE_WINDOW", [X.CurrentTime, asked_by_a_person, 0, 0, 0])
        self.sync()

    def windows(self) -> list[OpenWindow]:
        """Programs' windows, the front one first, in root coordinates."""
        active = self.active()
        found = []
        for number in reversed(self.clients()):
            with suppress(error.XError):  # closed between the list and the question
                found.append(self._describe(number, number == active))
        return [window for window in found if window]

    def place(self, number: int) -> Box:
        """A window's box in root coordinates, without the frame that its window manager drew around it."""
        size = self.window(number).get_geometry()
        corner = self.root.translate_coords(self.window(number), 0, 0)
        return Box(corner.x, corner.y, corner.x + size.width, corner.y + size.height)

    def title(self, number: int) -> str:
        """What a window is called; empty when it has no name."""
        return self._title(self.window(number))

    def _describe(self, number: int, focused: bool) -> OpenWindow | None:
        window = self.window(number)
        kinds = {self.atom(f"_NET_WM_WINDOW_TYPE_{kind}") for kind in ("DESKTOP", "DOCK", "SPLASH", "TOOLTIP")}
        if kinds & set(self.words(window, "_NET_WM_WINDOW_TYPE")):
            return None
        size = window.get_geometry()
        corner = self.root.translate_coords(window, 0, 0)
        left, right, top, bottom = (self.words(window, "_NET_FRAME_EXTENTS") or [0, 0, 0, 0])[:4]
        hidden = self.atom("_NET_WM_STATE_HIDDEN") in self.words(window, "_NET_WM_STATE")
        box = Box(corner.x - left, corner.y - top, corner.x + size.width + right, corner.y + size.height + bottom)
        return OpenWindow(number, self._title(window), box, focused, hidden, self._program(window))

    def _title(self, window: Any) -> str:
        found = window.get_full_property(self.atom("_NET_WM_NAME"), X.AnyPropertyType)
        if found is not None and found.format == 8:
            return bytes(found.value).decode("utf-8", "replace")
        name = window.get_wm_name()
        return name.decode("latin-1") if isinstance(name, bytes) else (name or "")

    def _program(self, window: Any) -> str:
        """What the window says its program is called."""
        wm_class = window.get_wm_class()
        return str(wm_class[0]) if wm_class else ""

    def _message(self, to: Any, about: int, kind: str, data: list[int], mask: int | None = None) -> None:
        message = event.ClientMessage(window=self.window(about), client_type=self.atom(kind), data=(32, data))
        to.send_event(message, mask if mask is not None else X.SubstructureRedirectMask | X.SubstructureNotifyMask)

    # Whether a program keeps up

    def ping(self, number: int, timeout: float) -> bool | None:
        """Ask a window for a sign of life; it answers after all the input that was sent to it before.

        None when the window does not take part in the protocol (_NET_WM_PING), or is gone.
        """
        try:
            if self.atom("_NET_WM_PING") not in self.words(self.window(number), "WM_PROTOCOLS"):
                return None
        except error.XError:
            return None
        self._drop_events()
        # GTK sends its answer to those who watch the root's children, Qt to those who watch the root.
        self.root.change_attributes(event_mask=X.SubstructureNotifyMask | X.StructureNotifyMask)
        try:
            stamp = time.monotonic_ns() // 1_000_000 & 0x7FFFFFFF
            data = [self.atom("_NET_WM_PING"), stamp, number, 0, 0]
            self._message(self.window(number), number, "WM_PROTOCOLS", data, mask=0)
            protocols = self.atom("WM_PROTOCOLS")
            return self._await(
                lambda got: got.type == X.ClientMessage and got.client_type == protocols and got.data[1][1] == stamp,
                timeout,
            )
        finally:
            self.root.change_attributes(event_mask=0)
            self.sync()

    def ask_manager(self, timeout: float) -> bool | None:
        """Ask the window manager for a sign of life; it may have a queue of its own to work off.

        None when there is none, or it does not know the question (_NET_REQUEST_FRAME_EXTENTS).
        """
        question = self.atom("_NET_REQUEST_FRAME_EXTENTS")
        if question not in self.words(self.root, "_NET_SUPPORTED"):
            return None
        if self._probe is None:
            self._probe = self.root.create_window(-9, -9, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask)
        self.sync()
        self._message(self.root, self._probe.id, "_NET_REQUEST_FRAME_EXTENTS", [0, 0, 0, 0, 0])
        answer = self.atom("_NET_FRAME_EXTENTS")
        return self._await(
            lambda got: got.type == X.PropertyNotify and got.window == self._probe and got.atom == answer, timeout
        )

    def _await(self, meant: Callable[[Any], bool], timeout: float) -> bool:
        """Whether an event that is meant came within so many seconds."""
        deadline = time.monotonic() + timeout
        self.display.flush()
        while True:
            while self.display.pending_events():
                if meant(self.display.next_event()):
                    return True
            left = deadline - time.monotonic()
            if left <= 0 or cancellation.stopping():
                return False
            select.select([self.display], [], [], min(left, cancellation.POLL_SECONDS))
