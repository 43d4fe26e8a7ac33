"""A run in a process of its own, led by lines of JSON: `python -m handeye.scenarios.ui.run_worker`.

The first line on stdin says what to run; each further one is what a person wants of it. Lines on stdout say how it
stands. Where stdin ends, nobody is there any more: what is held goes on, and a question leaves the run waiting.
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
    """What a person wants of the run, and how it stands."""

    def __init__(self, lines: TextIO, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._wanted: queue.Queue[dict[str, Any]] = queue.Queue()
        self._held = threading.Event()
        self._questions = 0
        self.alone = False
        self.stop: Callable[[], None] = lambda: None
        self.device: Device | None = None
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def ask(self, question: str) -> str | None:
        """The person's answer; None when the run is to stop, or nobody is there."""
        self._questions += 1
        identity = question_id(self._questions, question)
        self._tell(state="asks", question=question, question_id=identity)
        while True:
            said = self._next()
            if said is None or said["do"] == "stop":
                return None
            if said["do"] == "answer" and said.get("question", identity) != identity:
                self._tell(said="that answer was given to an earlier question, and is not used")
            elif said["do"] == "answer":
                self._tell(state="works")
                return str(said.get("answer", ""))
            if said["do"] == "hold":
                self._tell(picture=self._picture())
            if said["do"] == "hand":
                self._hand(said.get("action"))

    def listen(self, event: AnyEvent) -> None:
        """Between two steps, wait while the run is held: the next look sees what the person has done meanwhile."""
        self._tell(state="works")
        if not _is_between(event) or not self._held.is_set():
            return
        self._tell(state="held", picture=self._picture())
        while self._held.is_set():
            said = self._next()
            if said is None or said["do"] == "stop":
                return
            if said["do"] == "hand":
                self._hand(said.get("action"))
        self._tell(state="works")

    def _hand(self, fields: Any) -> None:
        """Do one thing for the person, who sees what came of it."""
        try:
            assert self.device is not None
            self.device.elements()  # the person presses what is there now, whatever the run has seen
            self.device.perform(parse_action(fields))
            self.device.settle()
        except (HandeyeError, AssertionError) as error:
            self._tell(said=str(error))
        self._tell(picture=self._picture())

    def _picture(self) -> str:
        if self.device is None:
            return ""
        made = BytesIO()
        self.device.capture().image.save(made, "WEBP", quality=80, method=1)
        return base64.b64encode(made.getvalue()).decode()

    def _next(self) -> dict[str, Any] | None:
        return None if self.alone and self._wanted.empty() else self._wanted.get()

    def _read(self, lines: TextIO) -> None:
        for line in lines:
            said: dict[str, Any] = json.loads(line)
            if said["do"] in ("hold", "go"):
                self._held.set() if said["do"] == "hold" else self._held.clear()
                self._tell(holds=said["do"] == "hold")
            if said["do"] == "stop":
                self._held.clear()
                self.stop()
            self._wanted.put(said)
        self.alone = True
        self._held.clear()
        self._wanted.put({"do": "stop"})  # wakes whoever waits; the run itself goes on


def _is_between(event: AnyEvent) -> bool:
    """Whether the loop looks next: nothing is decided that what a person does now would make wrong."""
    over = isinstance(event, ApprovalReceived) and parse_approval(event.answer).kind in ("no", "by hand")
    return over or isinstance(event, Performed | Started)


def work(order: dict[str, Any], lead: RunControl, tell: Callable[..., None]) -> None:
    """Carry out what the first line says: a new run, or one to go on with."""
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
            config=config,
            run_dir=run_dir,
            ask=lead.ask,
            listen=lead.listen,
        )
        lead.stop, lead.device = agent.stop, device
        result = (
            agent.resume(folder, order.get("answer"), order.get("question", "")) if folder else agent.run(config.goal)
        )
    tell(state="ended", status=result.status, reason=result.reason)


def main() -> None:
    """One run, from the first line on stdin to its verdict."""
    out, writing = sys.stdout, threading.Lock()
    sys.stdout = sys.stderr  # what tools print is for nobody's program

    def tell(**told: Any) -> None:
        with writing:
            out.write(json.dumps(told) + "\n")
            out.flush()

    order = json.loads(sys.stdin.readline())
    try:
        work(order, RunControl(sys.stdin, tell), tell)
    except BrokenPipeError:
        pass
    except HandeyeError as error:
        tell(state="ended", status=None, reason=str(error))


if __name__ == "__main__":
    main()
