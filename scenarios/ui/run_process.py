"""Runs that were started from a page, each in a process of its own, and how they stand."""

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

#: What a person may want of a run.
WANTS = frozenset({"answer", "hold", "go", "stop", "hand"})


class RunProcess:
    """One of them."""

    def __init__(self, folder: Path, order: dict[str, Any]) -> None:
        self.folder = folder
        self.state = "starts"
        """`starts`, `works`, `asks`, `held`, `ended`."""
        self.holds = False
        """Whether it stops between the next two steps."""
        self.question = self.question_id = self.reason = self.said = ""
        self.picture = b""
        """The screen as it is while it is held."""
        self.turn = 0
        """Counts what it has told."""
        line = [sys.executable, "-m", "handeye.scenarios.ui.run_worker"]
        # Its own session: who ends the pages does not end the runs. Those go on, and a question leaves them waiting.
        self._process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
        )
        self._send(order)
        threading.Thread(target=self._hear, daemon=True).start()

    @property
    def over(self) -> bool:
        return self.state == "ended"

    def want(self, what: dict[str, Any]) -> None:
        """Tell it what a person wants. Raises UsageError when it is over, or for what is nothing of that."""
        if what.get("do") not in WANTS:
            raise UsageError(f"a run cannot {str(what.get('do'))[:40]!r}; it can {', '.join(sorted(WANTS))}")
        if self.over:
            raise UsageError("the run has ended")
        self.said = ""
        self._send(what)

    def _send(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # it has ended just now
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            self.picture = base64.b64decode(told.get("picture", "")) or self.picture
            self.holds = told.get("holds", self.holds)
            self.said = told.get("said", self.said)
            if "state" in told:
                self.state = told["state"]
                self.question, self.reason = told.get("question", ""), told.get("reason", "")
                self.question_id = told.get("question_id", "")
            self.turn += 1
        code = self._process.wait()
        if not self.over:
            self.state, self.reason = "ended", f"its process ended with exit code {code}; handeye resume goes on"
        self.turn += 1


class RunProcesses:
    """All that were started from these pages, by their folders."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.all: dict[Path, RunProcess] = {}

    def start(self, config: RunConfig) -> RunProcess:
        """A new run, in a folder of its own."""
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
        return self._keep(RunProcess(folder, order))

    def resume(self, folder: Path, answer: str | None, question: str = "") -> RunProcess:
        """Go on with a run that waits, or was stopped; `question` is the id of the question that is answered."""
        return self._keep(RunProcess(folder, {"resume": str(folder), "answer": answer, "question": question}))

    def at(self, folder: Path) -> RunProcess | None:
        """The run in a folder, if it was started here."""
        return self.all.get(folder.resolve())

    def _keep(self, started: RunProcess) -> RunProcess:
        self.all[started.folder.resolve()] = started
        return started
