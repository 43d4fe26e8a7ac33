"""A screen of the run's own: Xvfb, a window manager, perhaps one program; the user's screen is left alone."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from handeye.tools.desktop.accessibility.service import ACCESSIBILITY_VARIABLES, start_bus
from handeye.tools.desktop.desktop import Desktop
from handeye.tools.desktop.input_backend import own_display
from handeye.tools.errors import DeviceLost, SetupError, UsageError
from handeye.tools.secrets.device_output import redacts_secrets
from handeye.tools.supervisor import ProgramSupervisor

if TYPE_CHECKING:
    from handeye.tools.desktop.input_backend import OpenWindow

#: Seconds for the X server and for the window manager to come up.
START = 30.0

#: Seconds without any window after the program has exited, before it counts as gone: one may be about to open.
BETWEEN_WINDOWS = 1.0

#: Seconds a window may stay a single colour before that is taken for its first paint.
PLAIN = 2.0

#: Seconds a program gets to come to rest after its first paint; some never do.
FIRST_STILL = 4.0

#: Exit codes that a program may have chosen to say something; the ones above are a shell's for a signal or no program.
ANSWERS = range(1, 126)

PACKAGES = {"Xvfb": "xvfb", "openbox": "openbox"}

#: Would lead to the user's screen, session or input method.
LEFT_OUT = ("WAYLAND_DISPLAY", "WAYLAND_SOCKET", "SESSION_MANAGER", "DESKTOP_STARTUP_ID", "XDG_ACTIVATION_TOKEN",
            "AT_SPI_BUS_ADDRESS", "NO_AT_BRIDGE", "GTK_A11Y")  # fmt: skip

FIXED = {
    "XDG_SESSION_TYPE": "x11",
    "GDK_BACKEND": "x11",
    "QT_QPA_PLATFORM": "xcb",
    "MOZ_ENABLE_WAYLAND": "0",
    # No session bus: programs start at once instead of launching one or waiting for it.
    "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    "GSETTINGS_BACKEND": "memory",
    "GTK_USE_PORTAL": "0",
    # Characters come as key presses; an input method would compose them into others.
    "GTK_IM_MODULE": "gtk-im-context-simple",
    "QT_IM_MODULE": "simple",
    "XMODIFIERS": "@im=none",
    # Xlib's programs, the window manager included, would read half a megabyte whenever a key gets another character.
    "XCOMPOSEFILE": "/dev/null",
}


#: Where there is no accessibility bus for them, programs are not to look for one.
SILENT = {"NO_AT_BRIDGE": "1", "GTK_A11Y": "none"}


@redacts_secrets
class Virtual(Desktop):
    """A desktop under an X server of its own. With `command`, that program is started and its first paint awaited.

    The command is split as a shell would, but no shell runs it; it starts in `folder`, by default the current one. It
    finds the user's HOME, but an empty configuration, state and cache (XDG_CONFIG_HOME and so on lie in a temporary
    folder), so that no earlier session is restored and nothing of the user's is changed. It has no session bus, but
    where at-spi2-core is installed an accessibility bus of its own, from which `elements` come. What it prints goes to
    that folder too. `size` is in pixels, `timeout` is the seconds until its window must be there. Everything that was
    started ends at `close`, and when this process dies in any way.

    With `home`, that folder is the programs' HOME. With `headed` the program starts on the user's own X display and
    with the user's own settings instead.

    Raises UsageError for a command or size that cannot be used, SetupError when Xvfb or openbox is missing, when there
    is no such program, when it ends at once, and when it shows no window in time. Later, DeviceLost is raised when the
    program has gone: by every method when it crashed; only by `perform` when it exited and has no window left, since
    the screen it leaves behind can still be looked at. It exited when its code is 0, or is an answer: many dialogs say
    “No” with another one. So a code counts that it gave after an action, without a word of complaint.
    """

    display: str
    """The X display's name, such as `:7`, for other programs that should use it."""

    def __init__(
        self,
        command: str | None = None,
        *,
        size: tuple[int, int] = (1280, 800),
        timeout: float = 30.0,
        headed: bool = False,
        home: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        self._command, self._timeout, self._headed, self._folder = command, timeout, headed, folder
        self._argv = _words(command, folder) if command is not None else []
        self._identity = uuid4().hex  # distinguishes this display from that of a stored device state
        self._pid: int | None = None
        self._complaints: int | None = None  # bytes on its stderr before the last action
        self._up = False
        self._lost = ""
        self._foreign = set[int]()  # windows that were there before the program
        self._launched = 0
        _check_size(size)
        _check_machine(headed)
        display = own_display() if headed else None
        self._programs = ProgramSupervisor(folder)
        try:
            display = display or self._start_server(size)
            super().__init__(display=display, attended=headed)
            self.display = display
            self._up = True
            self._env = os.environ | ACCESSIBILITY_VARIABLES if headed else isolated(display, self._programs.folder)
            self._env |= {"HOME": str(home.resolve())} if home else {}
            if not headed:
                self._start_manager()
                self._start_accessibility()
            if command is not None:
                self._start_program()
        except BaseException:
            self.close()
            raise
        place = f"desktop {display}" if headed else f"virtual {display} {size[0]}x{size[1]}"
        self.name = f"{place} {command}" if command else place

    def _start_server(self, size: tuple[int, int]) -> str:
        screen = f"{size[0]}x{size[1]}x24"
        argv = ["Xvfb", "-screen", "0", screen, "-nolisten", "tcp", "-noreset", "-dpi", "96", "-s", "0"]
        return f":{self._programs.start_display(argv, START)}"

    def _start_manager(self) -> None:
        """Openbox, with the user alone let in and the pointer where it hovers over nothing."""
        from handeye.tools.desktop.backends.x11_connection import Connection  # python-xlib is there on Linux only

        with closing(Connection(self.display)) as connection:
            connection.admit_only_this_user()
            settings = Path(__file__).with_name("openbox.xml")
            argv = ["openbox", "--sm-disable", "--config-file", str(settings)]
            manager = self._programs.start("openbox", argv, self._env, service=True)
            deadline = time.monotonic() + START
            while not connection.has_manager():
                code = self._programs.exit_code(manager)
                if code is not None or time.monotonic() > deadline:
                    output = self._programs.last_output("openbox") or f"exit code {code}"
                    raise SetupError(f"openbox did not start ({output}); try it by hand: openbox --sm-disable")
                time.sleep(0.01)
        screen = self._capture.monitor
        self._input.move((screen["width"] - 1, screen["height"] - 1))

    def _start_accessibility(self) -> None:
        """An accessibility bus where the machine has one; elsewhere there are only pixels."""
        from handeye.tools.desktop.backends.x11_connection import Connection

        self._backend.bus_address, telling = start_bus(self._programs, self._env)
        self._env |= telling or SILENT
        with closing(Connection(self.display)) as connection:
            connection.set_bus_address(self._backend.bus_address)

    # The program

    def launch(self, command: str) -> None:
        """Start one more program and wait for its window. The screen outlives it, whatever becomes of it.

        Raises UsageError and SetupError as for the program that the display is made for.
        """
        self._launched += 1
        name, known = f"launched-{self._launched}", {window.id for window in self._backend.windows()}
        pid = self._programs.start(name, _words(command, self._folder), self._env)
        self._await_window(name, command, pid, known)

    def _start_program(self) -> None:
        self._lost, self._complaints = "", None
        self._foreign = {window.id for window in self._backend.windows()}
        self._pid = self._programs.start("program", self._argv, self._env)
        self._await_window("program", str(self._command), self._pid, self._foreign)

    def _await_window(self, name: str, command: str, pid: int, known: set[int]) -> None:
        deadline = time.monotonic() + self._timeout
        while not (new := [window for window in self._backend.windows() if window.id not in known]):
            self._still_starting(name, command, pid, deadline)
            self._check_person()
            time.sleep(0.02)
        if self._headed:
            self._backend.manage(new[0], "focus")
        self._await_paint(deadline)

    def _still_starting(self, name: str, command: str, pid: int, deadline: float) -> None:
        code = self._programs.exit_code(pid)
        output = self._programs.last_output(name)
        if code or (code == 0 and not self._programs.running()):
            why = output or "it printed nothing"
            raise SetupError(f"{command!r} ended at once with {_exit(code)}, without a window: {why}")
        if time.monotonic() > deadline:
            raise SetupError(
                f"{command!r} has shown no window within {self._timeout:g} s"
                f"{f' (output: {output})' if output else ''}; check that it is a graphical program, or allow more time"
            )

    def _await_paint(self, deadline: float) -> None:
        """Until the newest window shows more than one colour, or is plain for good, and is still."""
        start = time.monotonic()
        while time.monotonic() < min(deadline, start + PLAIN):
            box = next((window.box for window in self.windows() if window.focused), None)
            if box and (seen := box.within(*self.capture().image.size)):
                # The frame is the window manager's; the middle is the program's.
                margin = (seen.width // 8, seen.height // 8)
                inner = (seen.left + margin[0], seen.top + margin[1], seen.right - margin[0], seen.bottom - margin[1])
                if self.capture().image.crop(inner).getcolors(1) is None:
                    break
            time.sleep(0.02)
        self.settle(FIRST_STILL)

    def _check(self, acting: bool = False) -> None:
        super()._check(acting)
        if self._pid is None:
            return
        if self._lost:
            raise DeviceLost(self._lost)
        code = self._programs.exit_code(self._pid)
        if code is None and acting:
            self._complaints = self._programs.stderr_size("program")
        crashed = bool(code) and not self._is_answer(code)
        if code is None or not (crashed or acting) or self._keeps_a_window():
            return
        output = self._programs.last_output("program") if crashed else ""
        message = (
            f"{self._command!r} has ended with {_exit(code)} and left no window{f' ({output})' if output else ''}; "
            "start it again"
        )
        self._lost = message if crashed else ""
        raise DeviceLost(message)

    def _is_answer(self, code: int | None) -> bool:
        """Whether a program that exits with this code was made to by an action, rather than failed."""
        if code not in ANSWERS or self._complaints is None:
            return False
        return self._programs.stderr_size("program") == self._complaints

    def _is_own(self, window: OpenWindow) -> bool:
        return self._pid is not None and window.id not in self._foreign

    def _own_windows(self) -> list[OpenWindow]:
        return [window for window in self._backend.windows() if window.id not in self._foreign]

    def _keeps_a_window(self) -> bool:
        deadline = time.monotonic() + BETWEEN_WINDOWS
        while not self._own_windows():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    # Coming back

    def device_state(self) -> dict[str, Any]:
        """The command and the windows' titles. What the program had in memory is lost with it."""
        return {"command": self._command, "identity": self._identity, **super().device_state()}

    def restore(self, device_state: dict[str, Any]) -> str:
        """Start the command of the device state again, unless this device runs it with a window.

        What stood on another display, which a crash took away with its programs, is lost.
        """
        command = device_state.get("command")
        if command and not (command == self._command and self._own_windows()):
            self._argv, self._command = _words(command, self._folder), command
            self._start_program()
        if device_state.get("identity", self._identity) == self._identity:
            return ""
        return f"{command or 'the virtual display'} was started anew, and what was open in it is gone"

    def close(self) -> None:
        """End the program, the window manager and the X server; may be called twice."""
        if self._up:
            super().close()
        self._programs.close()


def _words(command: str, folder: Path | None) -> list[str]:
    """The command's words, its program found; raises UsageError and SetupError when it cannot be."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"the command {command!r} cannot be read ({error}); close its quotes") from error
    if not words:
        raise UsageError("app: was given no command; name a program, as in app:mousepad")
    program = Path(words[0]).expanduser()
    found = shutil.which(str(folder.resolve() / program if folder and len(program.parts) > 1 else program))
    if found is None:
        raise SetupError(f"there is no program {words[0]!r} to run; install it, or give its full path")
    return [found, *words[1:]]


def _check_size(size: tuple[int, int]) -> None:
    if not all(isinstance(length, int) and 100 <= length <= 8192 for length in size):
        raise UsageError(f"a screen of {size[0]}x{size[1]} cannot be made; choose from 100x100 to 8192x8192")


def _check_machine(headed: bool) -> None:
    if platform.system() != "Linux":
        raise SetupError(f"a virtual display needs Linux, not {platform.system()}; use the desktop: --on desktop")
    missing = [] if headed else [name for name in PACKAGES if shutil.which(name) is None]
    if missing:
        sudo = "" if os.geteuid() == 0 else "sudo "
        packages = " ".join(PACKAGES[name] for name in missing)
        raise SetupError(f"{' and '.join(missing)} not found; run: {sudo}apt-get install -y {packages}")


def _exit(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def isolated(display: str, folder: Path) -> dict[str, str]:
    """Environment variables for a program on `display`, whose settings and state live below `folder`."""
    env = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    data = env.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    system = env.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    env |= FIXED | {"DISPLAY": display, "XAUTHORITY": str(folder / "Xauthority")}
    env["XDG_DATA_DIRS"] = f"{data}:{system}"  # the user's own themes and icons can still be read
    for kind in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        place = folder / kind.lower()
        place.mkdir(mode=0o700, exist_ok=True)
        env[f"XDG_{kind}"] = str(place)
    (folder / "Xauthority").touch(mode=0o600)  # some programs insist on one, though this server asks for none
    return _speaks_utf8(env)


def _speaks_utf8(env: dict[str, str]) -> dict[str, str]:
    """Without a UTF-8 locale, X programs drop every character outside Latin-1."""
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    if "utf8" in locale.lower().replace("-", ""):
        return env
    env.pop("LC_ALL", None)
    return env | {"LC_CTYPE": "C.UTF-8"}
