"""One driver for one screen: two runs that move one pointer would click each other's buttons."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from handeye.tools.errors import SetupError


class ScreenLock:
    """Held while handeye drives the screen of that name; it ends with the process, however that ends.

    It holds among the processes of one user. Raises SetupError, naming who has it, when it is taken.
    """

    def __init__(self, screen: str) -> None:
        # Several machines may share one home; the part of an X display's name after the dot is the same screen's.
        name = re.sub(r"\W+", "-", f"{platform.node()} {screen.partition('.')[0]}")
        folder = user_state_path("handeye", appauthor=False) / "screens"
        self._note = folder / f"{name}.json"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FileLock(folder / f"{name}.lock", thread_local=False)
            self._lock.acquire(blocking=False)
        except Timeout:
            raise SetupError(
                f"{screen} is already driven by {self._driver()}; wait until that has ended, or use a virtual display: "
                "--on virtual, or --on app:COMMAND"
            ) from None
        except OSError as error:
            raise SetupError(f"{folder} cannot be written ({error.strerror}); free it or make room") from error
        self.work_for("")

    def _driver(self) -> str:
        with suppress(OSError, ValueError):
            said = json.loads(self._note.read_text(encoding="utf-8"))
            run = f"the run {said['run']}" if said["run"] else f"“{said['command']}”"
            return f"{run} (process {said['pid']})"
        return "another process"

    def work_for(self, run: str) -> None:
        """Note which run has the screen, for the others to be told."""
        said = {"pid": os.getpid(), "run": run, "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])[:200]}
        with suppress(OSError):  # a full disk must not stop the run: the lock holds without the note
            self._note.touch(mode=0o600)
            self._note.write_text(json.dumps(said), encoding="utf-8")

    def close(self) -> None:
        """Let others have the screen; may be called twice."""
        self._lock.release()
