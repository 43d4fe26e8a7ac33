"""Programs that end with us: the near side of keeper.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from handeye.tools.desktop import keeper
from handeye.tools.errors import DeviceLost, SetupError
from handeye.tools.secrets import without_secrets


class Programs:
    """Starts programs whose output goes to files, and ends them with everything they started. They start in `begin`."""

    def __init__(self, begin: Path | None = None) -> None:
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="handeye-"))
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(keeper.__file__)), str(os.getpid()), str(self.folder)],
                cwd=begin,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # so that Ctrl-C reaches us alone
                text=True,
            )
        except OSError as error:
            raise SetupError(f"programs cannot be started here ({error}); free memory or disk space") from error

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        try:
            self._keeper.stdin.write(json.dumps(command) + "\n")
            self._keeper.stdin.flush()
            line = self._keeper.stdout.readline()
        except (OSError, ValueError) as error:
            raise DeviceLost("the process that watches over the programs has ended; start anew") from error
        if not line:
            raise DeviceLost("the process that watches over the programs has ended; start anew")
        said: dict[str, Any] = json.loads(line)
        return said

    def start_display(self, argv: list[str], timeout: float) -> int:
        """Start an X server and return the display number that it took; raises SetupError when it does not come up."""
        said = self._ask(do="display", argv=argv, env=without_secrets(os.environ), timeout=timeout)
        if "number" not in said:
            why = said.get("error") or self.last_words("display") or f"not ready within {timeout:g} s"
            raise SetupError(f"{argv[0]} could not start ({why}); try it by hand: {' '.join(argv)}")
        return int(said["number"])

    def start(self, name: str, argv: list[str], env: dict[str, str], *, service: bool = False) -> int:
        """Start a program; `name` tells its output files. Returns its process id."""
        said = self._ask(do="start", name=name, argv=argv, env=without_secrets(env), service=service)
        if "error" in said:
            raise SetupError(f"{argv[0]} cannot be started ({said['error']}); check that it is a program you may run")
        return int(said["pid"])

    def exit_code(self, pid: int) -> int | None:
        """How a program exited, negative for a signal; None while it runs."""
        code: int | None = self._ask(do="poll", pid=pid)["code"]
        return code

    def alive(self) -> int:
        """How many programs run, those included that others started; services do not count."""
        return int(self._ask(do="count")["alive"])

    def adopt(self) -> None:
        """Count everything that runs now as a service, what services have started themselves included."""
        self._ask(do="adopt")

    def last_words(self, name: str) -> str:
        """The last line a program wrote to stderr, else to stdout."""
        for stream in ("err", "out"):
            try:
                text = (self.folder / f"{name}.{stream}").read_text(errors="replace")
            except OSError:
                continue
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1][:300]
        return ""

    def complaints(self, name: str) -> int:
        """How many bytes a program has written to stderr."""
        with suppress(OSError):
            return (self.folder / f"{name}.err").stat().st_size
        return 0

    def close(self) -> None:
        """End everything that was started; may be called twice."""
        if self._keeper.poll() is None and self._keeper.stdin:
            try:
                # Said aloud, because a forked copy of us may hold the pipe open.
                self._keeper.stdin.write(json.dumps({"do": "stop"}) + "\n")
                self._keeper.stdin.close()
                self._keeper.wait(timeout=20)
            except (OSError, subprocess.TimeoutExpired):
                self._keeper.kill()
                self._keeper.wait()
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe and not pipe.closed:
                pipe.close()
