"""Runs that the UI started: each works in its own process, `run_worker`, and reports its state."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.run_folder import disk, slug
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from handeye.agent.run_folder import RunConfig

#: What a user can tell a run to do.
COMMANDS = frozenset({"answer", "pause", "continue", "stop", "act"})


class RunProcess:
    """One run in its process."""

    def __init__(self, folder: Path, order: dict[str, Any]) -> None:
        self.folder = folder
        self.state = "starting"
        """`starting`, `working`, `asking`, `paused` or `ended`."""
        self.pauses = False
        """Whether it pauses before the next step."""
        self.question = self.question_id = self.reason = self.message = ""
        self.picture = b""
        """The screen while the run is paused or asks, as WebP."""
        self.message_count = 0
        line = [sys.executable, "-m", "handeye.scenarios.ui.run_worker"]
        # A session of its own: Ctrl-C ends the UI but not its runs. They continue, and a question leaves them waiting.
        self._process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
        )
        self._send(order)
        threading.Thread(target=self._read_messages, daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.state == "ended"

    def command(self, command: dict[str, Any]) -> None:
        """Send a command of the user. Raises UsageError if the command is unknown or the run has ended."""
        name = command.get("do")
        if name not in COMMANDS:
            raise UsageError(f"unknown command {str(name)[:40]!r}; choose {', '.join(sorted(COMMANDS))}")
        if self.ended:
            raise UsageError("the run has ended")
        self.message = ""
        self._send(command)

    def _send(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # the process has just ended
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()

    def _read_messages(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            self.picture = base64.b64decode(message.get("picture", "")) or self.picture
            self.pauses = message.get("pauses", self.pauses)
            self.message = message.get("message", self.message)
            if "state" in message:
                self.state = message["state"]
                self.question, self.reason = message.get("question", ""), message.get("reason", "")
                self.question_id = message.get("question_id", "")
            self.message_count += 1
        code = self._process.wait()
        if not self.ended:
            reason = f"its process ended with exit code {code}; continue with handeye resume"
            self.state, self.reason = "ended", reason
        self.message_count += 1


class RunProcesses:
    """All runs that this UI started, by their folders."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self._processes: dict[Path, RunProcess] = {}

    def start(self, config: RunConfig) -> RunProcess:
        """Start a run in a new folder. Raises SetupError if the folder cannot be created."""
        name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{slug(config.goal)}"
        with disk(self.base):
            self.base.mkdir(parents=True, exist_ok=True)
            number = 1
            while True:
                folder = self.base / (name if number == 1 else f"{name}-{number}")
                try:
                    folder.mkdir()
                    break
                except FileExistsError:
                    number += 1
        order = {"config": config.model_dump(mode="json"), "run_dir": str(folder)}
        return self._add(RunProcess(folder, order))

    def resume(self, folder: Path, answer: str | None, question: str = "") -> RunProcess:
        """Resume a run that waits or was stopped; `question` is the id of the question that `answer` belongs to."""
        return self._add(RunProcess(folder, {"resume": str(folder), "answer": answer, "question": question}))

    def at(self, folder: Path) -> RunProcess | None:
        """The process of the run in a folder; None if this UI did not start it."""
        return self._processes.get(folder.resolve())

    def _add(self, process: RunProcess) -> RunProcess:
        self._processes[process.folder.resolve()] = process
        return process
