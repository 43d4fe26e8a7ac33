"""A process that works on one run: `python -m handeye.scenarios.ui.run_worker`, controlled by lines of JSON.

The first line on stdin is the order: a new run, or a run to resume. Each further line is a command of the user
(`answer`, `pause`, `continue`, `act`, `stop`). Lines on stdout report the state. When stdin ends, no user is connected:
a paused run continues, and a question leaves the run waiting.
"""

from __future__ import annotations

import base64
import json
import queue
import sys
import threading
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.agent import Agent
from handeye.agent.approval import parse_approval, question_id
from handeye.agent.config import rules_here
from handeye.agent.event_log import ApprovalReceived, Performed, Started
from handeye.agent.resources import open_resources
from handeye.agent.run_folder import RunConfig, RunFolder
from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.tools.actions import parse_action
from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from handeye.agent.event_log import AnyEvent
    from handeye.tools.device import Device


class RunControl:
    """Receives the commands of the user and reports the state of the run."""

    def __init__(self, lines: TextIO, send: Callable[..., None]) -> None:
        """`send` writes its keyword arguments as one line of JSON."""
        self._send = send
        self._commands: queue.Queue[dict[str, Any]] = queue.Queue()
        self._paused = threading.Event()
        self._question_count = 0
        self.disconnected = False
        self.stop: Callable[[], None] = lambda: None
        self.device: Device | None = None
        threading.Thread(target=self._read_commands, args=(lines,), daemon=True).start()

    def ask(self, question: str) -> str | None:
        """The user's answer to a question; None if the run is to stop, or no user is connected."""
        self._question_count += 1
        identity = question_id(self._question_count, question)
        self._send(state="asking", question=question, question_id=identity)
        while True:
            command = self._next_command()
            if command is None or command["do"] == "stop":
                return None
            if command["do"] == "answer" and command.get("question", identity) != identity:
                self._send(message="that answer belongs to an earlier question and was not used")
            elif command["do"] == "answer":
                self._send(state="working")
                return str(command.get("answer", ""))
            if command["do"] == "pause":
                self._send(picture=self._screenshot())
            if command["do"] == "act":
                self._act(command.get("action"))

    def listen(self, event: AnyEvent) -> None:
        """Wait between two steps while the run is paused; the next observation includes what the user did meanwhile."""
        self._send(state="working")
        if not _is_between_steps(event) or not self._paused.is_set():
            return
        self._send(state="paused", picture=self._screenshot())
        while self._paused.is_set():
            command = self._next_command()
            if command is None or command["do"] == "stop":
                return
            if command["do"] == "act":
                self._act(command.get("action"))
        self._send(state="working")

    def _act(self, fields: Any) -> None:
        """Perform one action for the user, and send the screenshot after it."""
        try:
            assert self.device is not None
            self.device.elements()  # the user acts on the current screen, not on the run's last observation
            self.device.perform(parse_action(fields))
            self.device.settle()
        except (HandeyeError, AssertionError) as error:
            self._send(message=str(error))
        self._send(picture=self._screenshot())

    def _screenshot(self) -> str:
        """The screen now, as WebP in base64."""
        if self.device is None:
            return ""
        image = BytesIO()
        self.device.capture().image.save(image, "WEBP", quality=80, method=1)
        return base64.b64encode(image.getvalue()).decode()

    def _next_command(self) -> dict[str, Any] | None:
        return None if self.disconnected and self._commands.empty() else self._commands.get()

    def _read_commands(self, lines: TextIO) -> None:
        for line in lines:
            command: dict[str, Any] = json.loads(line)
            if command["do"] in ("pause", "continue"):
                self._paused.set() if command["do"] == "pause" else self._paused.clear()
                self._send(pauses=command["do"] == "pause")
            if command["do"] == "stop":
                self._paused.clear()
                self.stop()
            self._commands.put(command)
        self.disconnected = True
        self._paused.clear()
        self._commands.put({"do": "stop"})  # ends the wait of `ask` or `listen`; the run itself continues


def _is_between_steps(event: AnyEvent) -> bool:
    """Whether the loop observes next: then no decision is pending that an action of the user would make wrong."""
    finished = isinstance(event, ApprovalReceived) and parse_approval(event.answer).kind in ("no", "by hand")
    return finished or isinstance(event, Performed | Started)


def work(order: dict[str, Any], control: RunControl, send: Callable[..., None]) -> None:
    """Work on the run of an order until it ends: a new run, or a run to resume."""
    folder = RunFolder.open(Path(order["resume"])) if order.get("resume") else None
    rules = rules_here()
    if folder:
        config = folder.config
        config = config.model_copy(update={"rules": config.rules.tightened(rules) if rules else config.rules})
    else:
        config = RunConfig.model_validate(order["config"]).model_copy(update={"rules": rules or GuardPolicy()})
    with open_resources(config) as (toolbox, perception, policy, device):
        run_dir = None if folder else Path(order["run_dir"])
        agent = Agent(
            device,
            perception=perception,
            policy=policy,
            tools=toolbox,
            options=config,
            run_dir=run_dir,
            ask=control.ask,
            listen=control.listen,
        )
        control.stop, control.device = agent.stop, device
        result = (
            agent.resume(folder, order.get("answer"), order.get("question", "")) if folder else agent.run(config.goal)
        )
    send(state="ended", status=result.status, reason=result.reason)


def main() -> None:
    """Work on one run, from the order on stdin to its end."""
    out, lock = sys.stdout, threading.Lock()
    sys.stdout = sys.stderr  # output of tools must not mix with the messages

    def send(**message: Any) -> None:
        with lock:
            out.write(json.dumps(message) + "\n")
            out.flush()

    order = json.loads(sys.stdin.readline())
    try:
        work(order, RunControl(sys.stdin, send), send)
    except BrokenPipeError:
        pass
    except HandeyeError as error:
        send(state="ended", status=None, reason=str(error))


if __name__ == "__main__":
    main()
