"""One connection to an X server: the list of windows, requests to the window manager, and pings to programs."""

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
    """The X protocol's ChangeHosts request; python-xlib's version does not support the family of local users."""

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
    """Raise DeviceLost or ActionFailed in place of python-xlib's exceptions."""
    try:
        yield
    except (error.ConnectionClosedError, OSError) as lost:
        raise DeviceLost(
            f"the connection to the X server ended ({lost}); start the display again and resume the run"
        ) from lost
    except error.XError as wrong:
        raise ActionFailed(
            f"the X server refused a request ({type(wrong).__name__}); observe the screen again and retry"
        ) from wrong


def _open(name: str) -> Display:
    # Python-xlib does not close the socket of a failed connection; it is closed when the error object is freed.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return Display(name)
        except error.DisplayNameError:
            why = "it is not the name of a display"
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
        # Errors of requests without a reply arrive later, when their window has closed; they are ignored.
        self.display.set_error_handler(lambda *_: None)
        self.root = self.display.screen().root
        self._probe: Any = None
        self._refuse_wayland()

    def _refuse_wayland(self) -> None:
        """Raise SetupError on Xwayland: an X client there sees Wayland windows as black."""
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
        """Return when the server has processed all requests."""
        self.display.sync()
        self._drop_events()

    def admit_only_this_user(self) -> None:
        """Deny the other users of this machine access to the server; X allows it by default."""
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
        """Return the address of this display's accessibility bus; empty if it has none."""
        found = self.root.get_full_property(self.atom("AT_SPI_BUS"), X.AnyPropertyType)
        return bytes(found.value).decode() if found is not None and found.format == 8 else ""

    def set_bus_address(self, address: str) -> None:
        """Set the address of the accessibility bus on the root window, where programs look it up."""
        self.root.change_property(self.atom("AT_SPI_BUS"), self.atom("STRING"), 8, address.encode())
        self.sync()

    def has_manager(self) -> bool:
        """Whether a window manager is running."""
        for number in self.words(self.root, "_NET_SUPPORTING_WM_CHECK"):
            with suppress(error.XError):
                return self.words(self.window(number), "_NET_SUPPORTING_WM_CHECK") == [number]
        return False

    def window(self, number: int) -> Any:
        """Return a window by its number."""
        return self.display.create_resource_object("window", number)

    def active(self) -> int:
        """Return the id of the window that has the focus, or 0."""
        return next(iter(self.words(self.root, "_NET_ACTIVE_WINDOW")), 0)

    def owner(self, number: int) -> int:
        """The process id that a window states, or 0."""
        with suppress(error.XError):
            return next(iter(self.words(self.window(number), "_NET_WM_PID") if number else []), 0)
        return 0

    def activate(self, number: int) -> None:
        """Request the window manager to bring a window to the front and give it the focus."""
        from_user = (
            2  # like a task bar; otherwise focus-stealing prevention may only flash it (EWMH, source indication)
        )
        self._message(self.root, number, "_NET_ACTIVE_WINDOW", [from_user, X.CurrentTime, 0, 0, 0])
        self.sync()

    def clients(self) -> list[int]:
        """The ids of programs' windows, the front one last."""
        return self.words(self.root, "_NET_CLIENT_LIST_STACKING") or self.words(self.root, "_NET_CLIENT_LIST")

    def restack(self, number: int) -> None:
        """Request the window manager to raise a window above all others, without giving it the focus."""
        from_user, above_all = 2, [0, X.Above]
        self._message(self.root, number, "_NET_RESTACK_WINDOW", [from_user, *above_all, 0, 0])
        self.sync()

    def close_window(self, number: int) -> None:
        """Request a window to close, like the close button of its frame; it may open a dialog first."""
        from_user = 2
        self._message(self.root, number, "_NET_CLOSE_WINDOW", [X.CurrentTime, from_user, 0, 0, 0])
        self.sync()

    def windows(self) -> list[OpenWindow]:
        """Programs' windows, the front one first, in root coordinates."""
        active = self.active()
        found = []
        for number in reversed(self.clients()):
            with suppress(error.XError):  # closed since the list was read
                found.append(self._describe(number, number == active))
        return [window for window in found if window]

    def place(self, number: int) -> Box:
        """Return a window's box in root coordinates, without the frame of its window manager."""
        size = self.window(number).get_geometry()
        corner = self.root.translate_coords(self.window(number), 0, 0)
        return Box(corner.x, corner.y, corner.x + size.width, corner.y + size.height)

    def title(self, number: int) -> str:
        """Return the title of a window; empty if it has none."""
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
        """Return the program name in the window's WM_CLASS; empty if it has none."""
        wm_class = window.get_wm_class()
        return str(wm_class[0]) if wm_class else ""

    def _message(self, to: Any, about: int, kind: str, data: list[int], mask: int | None = None) -> None:
        message = event.ClientMessage(window=self.window(about), client_type=self.atom(kind), data=(32, data))
        to.send_event(message, mask if mask is not None else X.SubstructureRedirectMask | X.SubstructureNotifyMask)

    # Whether a program has read its input

    def ping(self, number: int, timeout: float) -> bool | None:
        """Whether a window replies to a ping within `timeout` seconds; it replies after it has read its earlier input.

        None if the window does not support the protocol (EWMH, _NET_WM_PING) or has closed.
        """
        try:
            if self.atom("_NET_WM_PING") not in self.words(self.window(number), "WM_PROTOCOLS"):
                return None
        except error.XError:
            return None
        self._drop_events()
        # GTK sends its reply to clients with SubstructureNotifyMask on the root, Qt to those with StructureNotifyMask.
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

    def ping_manager(self, timeout: float) -> bool | None:
        """Whether the window manager replies within `timeout` seconds, after it has processed its queue.

        None if there is none, or if it does not support the request (EWMH, _NET_REQUEST_FRAME_EXTENTS).
        """
        request = self.atom("_NET_REQUEST_FRAME_EXTENTS")
        if request not in self.words(self.root, "_NET_SUPPORTED"):
            return None
        if self._probe is None:
            self._probe = self.root.create_window(-9, -9, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask)
        self.sync()
        self._message(self.root, self._probe.id, "_NET_REQUEST_FRAME_EXTENTS", [0, 0, 0, 0, 0])
        answer = self.atom("_NET_FRAME_EXTENTS")
        return self._await(
            lambda got: got.type == X.PropertyNotify and got.window == self._probe and got.atom == answer, timeout
        )

    def _await(self, is_reply: Callable[[Any], bool], timeout: float) -> bool:
        """Whether an event that matches `is_reply` arrives within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self.display.flush()
        while True:
            while self.display.pending_events():
                if is_reply(self.display.next_event()):
                    return True
            left = deadline - time.monotonic()
            if left <= 0 or cancellation.stopping():
                return False
            select.select([self.display], [], [], min(left, cancellation.POLL_SECONDS))
