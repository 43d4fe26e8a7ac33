"""Starts programs for another process and ends them all with it, however it ends.

Run as a script, on POSIX, with nothing but the standard library. Commands come in as JSON lines on stdin, answers go
out on stdout. When stdin closes, or the parent is no longer there, every descendant is ended: the programs, and what
they started and left behind. A separate process can do this where signals tied to the parent's threads cannot, and it
also survives the parent's SIGKILL.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Seconds between SIGTERM and SIGKILL.
GRACE = 1.0

SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def prctl(option: int, value: int) -> None:
    if LIBC is not None:
        LIBC.prctl(option, value)


class Keeper:
    """The programs that were started, and how they ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.codes: dict[int, int] = {}
        self.services: list[int] = []  # in the order they started: the X server first
        self.popens: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, argv: list[str], env: dict[str, str], service: bool, fds: tuple[int, ...] = ()) -> int:
        with (self.folder / f"{name}.out").open("wb") as out, (self.folder / f"{name}.err").open("wb") as err:
            started = subprocess.Popen(
                argv,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                pass_fds=fds,
                # Should this process be killed, its children go too.
                preexec_fn=lambda: prctl(SET_PDEATHSIG, signal.SIGKILL),
            )
        self.popens.append(started)
        if service:
            self.services.append(started.pid)
        return started.pid

    def start_display(self, argv: list[str], env: dict[str, str], timeout: float) -> dict[str, Any]:
        """Start an X server that chooses its own number, so that nobody else's display can be met by mistake."""
        reading, writing = os.pipe()
        try:
            pid = self.start("display", [*argv, "-displayfd", str(writing)], env, True, (writing,))
            os.close(writing)
            deadline = time.monotonic() + timeout
            said = b""
            while not said.endswith(b"\n") and time.monotonic() < deadline:
                if select.select([reading], [], [], 0.2)[0]:
                    more = os.read(reading, 16)
                    if not more:
                        break
                    said += more
            return {"pid": pid, "number": int(said)} if said.endswith(b"\n") else {"pid": pid}
        finally:
            os.close(reading)

    def reap(self) -> None:
        """Note how children ended, orphans that were handed to us included."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self.codes[pid] = os.waitstatus_to_exitcode(status)

    def poll(self, pid: int) -> dict[str, Any]:
        self.reap()
        return {"code": self.codes.get(pid)}

    def count(self) -> dict[str, Any]:
        self.reap()
        return {"alive": len(set(descendants()) - set(self.services))}

    def adopt(self) -> dict[str, Any]:
        """Count everything that runs now as a service: what a service has started itself."""
        self.services += [pid for pid in descendants() if pid not in self.services]
        return {}

    def end_all(self) -> None:
        """Programs first, then the services they drew on in reverse order, gently and then for certain."""
        self._end(lambda: [pid for pid in descendants() if pid not in self.services])
        for service in reversed(self.services):
            self._end(lambda only=service: [pid for pid in descendants() if pid == only])
        self._end(descendants)
        for popen in self.popens:
            popen.returncode = 0  # reaped above, behind its back

    def _end(self, who: Any) -> None:
        for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
            for pid in who():
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            deadline = time.monotonic() + patience
            while who() and time.monotonic() < deadline:
                self.reap()
                time.sleep(0.005)
            self.reap()


def descendants() -> list[int]:
    """Every process below this one that has not ended; without /proc, none can be found but by their groups."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, _, rest = stat.read_text(errors="replace").partition(" ")
            state, parent = rest.rpartition(")")[2].split()[:2]
            if state != "Z":
                parents.setdefault(int(parent), []).append(int(pid))
    found, queue = list[int](), [os.getpid()]
    while queue:
        below = parents.get(queue.pop(), [])
        found += below
        queue += below
    return found


def serve(keeper: Keeper, parent: int) -> None:
    """Answer commands until the parent says stop or is gone."""
    buffer = b""
    while os.getppid() == parent:
        if not select.select([0], [], [], 1.0)[0]:
            keeper.reap()
            continue
        more = os.read(0, 65536)
        if not more:
            return
        buffer += more
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            command = json.loads(line)
            if command["do"] == "stop":
                return
            print(json.dumps(answer(keeper, command)), flush=True)  # noqa: T201


def answer(keeper: Keeper, command: dict[str, Any]) -> dict[str, Any]:
    try:
        if command["do"] == "display":
            return keeper.start_display(command["argv"], command["env"], command["timeout"])
        if command["do"] == "start":
            return {"pid": keeper.start(command["name"], command["argv"], command["env"], command["service"])}
        if command["do"] == "adopt":
            return keeper.adopt()
        return keeper.poll(command["pid"]) if command["do"] == "poll" else keeper.count()
    except OSError as error:
        return {"error": error.strerror or str(error)}


def main() -> None:
    parent, folder = int(sys.argv[1]), Path(sys.argv[2])
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        # Ended by its parent alone, so that nothing is left behind; SIG_IGN would be inherited by the programs.
        signal.signal(number, lambda *_: None)
    prctl(SET_CHILD_SUBREAPER, 1)
    keeper = Keeper(folder)
    try:
        serve(keeper, parent)
    finally:
        keeper.end_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
