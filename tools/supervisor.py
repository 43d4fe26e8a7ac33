"""Supervised processes: programs that end when the process that started them ends, however that ends.

Two parts. `ProgramSupervisor` is used by handeye. The rest runs in a process of its own, as a script: it survives
SIGKILL of its parent and can then end every descendant, which signals tied to the parent's threads cannot.

    python supervisor.py programs PARENT FOLDER     commands on stdin, answers on stdout, one JSON object per line
    python supervisor.py command SECONDS COMMAND…   run one command while stdin is open

`programs` ends everything when stdin closes, when the parent is gone, or on the command `stop`. `command` ends its
command when stdin closes, and on SIGTERM or SIGINT; it exits with the command's own status. What is still running
after SIGTERM and SECONDS is killed. The script runs without site-packages, so its imports are the standard library's.
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
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Seconds between SIGTERM and SIGKILL for programs.
GRACE = 1.0

#: Options of Linux's prctl(2): a signal for this process when its parent ends; to adopt orphaned descendants.
SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


# In handeye's process


class ProgramSupervisor:
    """Starts programs whose output goes to files, and ends them with everything that they started.

    Programs start in `folder_to_start_in`, by default the current folder.
    """

    def __init__(self, folder_to_start_in: Path | None = None) -> None:
        import tempfile  # for this side alone: the script starts sooner without it

        from handeye.tools.errors import SetupError

        try:
            self.folder = Path(tempfile.mkdtemp(prefix="handeye-"))
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__, "programs", str(os.getpid()), str(self.folder)],
                cwd=folder_to_start_in,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C in the terminal reaches only this process
                text=True,
            )
        except OSError as error:
            raise SetupError(f"programs cannot be started here ({error}); free memory or disk space") from error

    def _request(self, **command: Any) -> dict[str, Any]:
        from handeye.tools.errors import DeviceLost

        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except (OSError, ValueError) as error:
            raise DeviceLost("the process that supervises the programs has ended; start again") from error
        if not line:
            raise DeviceLost("the process that supervises the programs has ended; start again")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def start_display(self, argv: list[str], timeout: float) -> int:
        """Start an X server and return its display number. Raises SetupError when it is not ready in time."""
        from handeye.tools.errors import SetupError
        from handeye.tools.secrets.store import without_secrets

        answer = self._request(do="display", argv=argv, env=without_secrets(os.environ), timeout=timeout)
        if "number" not in answer:
            why = answer.get("error") or self.last_output("display") or f"not ready within {timeout:g} s"
            raise SetupError(f"{argv[0]} could not start ({why}); try it by hand: {' '.join(argv)}")
        return int(answer["number"])

    def start(self, name: str, argv: list[str], env: dict[str, str], *, service: bool = False) -> int:
        """Start a program and return its process id. Its output files are called `name`; services end last.

        Raises SetupError when it cannot be started.
        """
        from handeye.tools.errors import SetupError
        from handeye.tools.secrets.store import without_secrets

        answer = self._request(do="start", name=name, argv=argv, env=without_secrets(env), service=service)
        if "error" in answer:
            raise SetupError(f"{argv[0]} cannot be started ({answer['error']}); check that it is a program you may run")
        return int(answer["pid"])

    def exit_code(self, pid: int) -> int | None:
        """Return how a program exited, negative for a signal; None while it runs."""
        code: int | None = self._request(do="poll", pid=pid)["code"]
        return code

    def running(self) -> int:
        """Return how many programs run, with those that programs started; services do not count."""
        return int(self._request(do="count")["running"])

    def adopt(self) -> None:
        """Count every process that runs now as a service, with those that services started."""
        self._request(do="adopt")

    def last_output(self, name: str) -> str:
        """Return the last line that a program wrote to stderr, else to stdout; at most 300 characters."""
        for stream in ("err", "out"):
            try:
                text = (self.folder / f"{name}.{stream}").read_text(errors="replace")
            except OSError:
                continue
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1][:300]
        return ""

    def stderr_size(self, name: str) -> int:
        """Return how many bytes a program has written to stderr."""
        with suppress(OSError):
            return (self.folder / f"{name}.err").stat().st_size
        return 0

    def close(self) -> None:
        """End everything that was started; may be called twice."""
        if self._process.poll() is None and self._process.stdin:
            try:
                # An explicit command, because a forked copy of this process may hold the pipe open.
                self._process.stdin.write(json.dumps({"do": "stop"}) + "\n")
                self._process.stdin.close()
                self._process.wait(timeout=20)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                pipe.close()


def supervised(command: list[str], grace: float) -> list[str]:
    """Return the command line that runs `command` while its stdin is open, with `grace` seconds to end by itself."""
    return [sys.executable, "-I", __file__, "command", str(grace), *command]


def end_with_parent() -> None:
    """Have this process killed when the thread that started it ends; only Linux can do that."""
    prctl(SET_PDEATHSIG, signal.SIGKILL)


def prctl(option: int, value: int) -> None:
    """Call Linux's prctl(2); nothing elsewhere."""
    if LIBC is not None:
        LIBC.prctl(option, value, 0, 0, 0)


# In the supervising process: several programs


class Programs:
    """The programs that were started, and how they ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.codes: dict[int, int] = {}
        self.services: list[int] = []  # in the order they started: the X server first
        self.popens: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, argv: list[str], env: dict[str, str], service: bool, fds: tuple[int, ...] = ()) -> int:
        """Start a program with `fds` inherited, and return its process id."""
        with (self.folder / f"{name}.out").open("wb") as out, (self.folder / f"{name}.err").open("wb") as err:
            started = subprocess.Popen(
                argv,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                pass_fds=fds,
                preexec_fn=end_with_parent,  # for a supervisor that is killed itself
            )
        self.popens.append(started)
        if service:
            self.services.append(started.pid)
        return started.pid

    def start_display(self, argv: list[str], env: dict[str, str], timeout: float) -> dict[str, Any]:
        """Start an X server that chooses its own display number, so that no other server has it."""
        reading, writing = os.pipe()
        try:
            pid = self.start("display", [*argv, "-displayfd", str(writing)], env, True, (writing,))
            os.close(writing)
            deadline = time.monotonic() + timeout
            received = b""
            while not received.endswith(b"\n") and time.monotonic() < deadline:
                if select.select([reading], [], [], 0.2)[0]:
                    more = os.read(reading, 16)
                    if not more:
                        break
                    received += more
            return {"pid": pid, "number": int(received)} if received.endswith(b"\n") else {"pid": pid}
        finally:
            os.close(reading)

    def reap(self) -> None:
        """Record how children ended, with the orphans that this process adopted."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self.codes[pid] = os.waitstatus_to_exitcode(status)

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carry out one command of `ProgramSupervisor`."""
        try:
            match command["do"]:
                case "display":
                    return self.start_display(command["argv"], command["env"], command["timeout"])
                case "start":
                    return {"pid": self.start(command["name"], command["argv"], command["env"], command["service"])}
                case "adopt":
                    self.services += [pid for pid in descendants() if pid not in self.services]
                    return {}
                case "poll":
                    self.reap()
                    return {"code": self.codes.get(command["pid"])}
                case _:
                    self.reap()
                    return {"running": len(set(descendants()) - set(self.services))}
        except OSError as error:
            return {"error": error.strerror or str(error)}

    def serve(self, parent: int) -> None:
        """Answer commands until the parent sends `stop` or is gone."""
        buffer = b""
        while os.getppid() == parent:
            if not select.select([0], [], [], 1.0)[0]:
                self.reap()
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
                print(json.dumps(self.answer(command)), flush=True)  # noqa: T201

    def end_all(self) -> None:
        """End the programs first, then the services in reverse order."""
        self._end(lambda: [pid for pid in descendants() if pid not in self.services])
        for service in reversed(self.services):
            self._end(lambda only=service: [pid for pid in descendants() if pid == only])
        self._end(descendants)
        for popen in self.popens:
            popen.returncode = 0  # `reap` collected it already

    def _end(self, list_processes: Any) -> None:
        """Send SIGTERM, then SIGKILL to those that still run after GRACE seconds."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in list_processes():
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            deadline = time.monotonic() + GRACE
            while list_processes() and time.monotonic() < deadline:
                self.reap()
                time.sleep(0.005)
            self.reap()


def descendants() -> list[int]:
    """Return the ids of all running processes below this one; none on a system without /proc."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, _, rest = stat.read_text(errors="replace").partition(" ")
            state, parent = rest.rpartition(")")[2].split()[:2]
            if state != "Z":
                parents.setdefault(int(parent), []).append(int(pid))
    result, queue = list[int](), [os.getpid()]
    while queue:
        children = parents.get(queue.pop(), [])
        result += children
        queue += children
    return result


def supervise_programs(parent: int, folder: Path) -> None:
    """Serve the commands of the process `parent`; end all programs and remove `folder` afterwards."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        # Only the parent ends this process, so that nothing stays behind. Programs would inherit SIG_IGN.
        signal.signal(number, lambda *_: None)
    prctl(SET_CHILD_SUBREAPER, 1)
    programs = Programs(folder)
    try:
        programs.serve(parent)
    finally:
        programs.end_all()
        shutil.rmtree(folder, ignore_errors=True)


# In the supervising process: one command


def supervise_command(grace: float, command: list[str]) -> int:
    """Run a command while stdin is open, then end it and its process group. Returns its exit status."""
    prctl(SET_CHILD_SUBREAPER, 1)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_set_when_stdin_closes, args=(over,), daemon=True).start()
    while child.poll() is None and not over.is_set():
        over.wait(0.1)
    deadline = time.monotonic() + grace
    _signal_group(child, signal.SIGTERM)
    while _group_runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    if _group_runs(child):
        _signal_group(child, signal.SIGKILL)
    return child.wait()


def _set_when_stdin_closes(over: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    over.set()


def _group_runs(child: subprocess.Popen[bytes]) -> bool:
    """Return whether the command, or another process of its group, still runs."""
    if child.poll() is None:
        return True
    with suppress(ChildProcessError):
        while os.waitpid(-child.pid, os.WNOHANG) != (0, 0):
            pass
    try:
        os.killpg(child.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def main(mode: str, first: str, *rest: str) -> int:
    """Run as the script; see the module's docstring."""
    if mode == "command":
        return supervise_command(float(first), list(rest))
    supervise_programs(int(first), Path(rest[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
