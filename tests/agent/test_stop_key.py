"""The person at the screen stops a run by a key, as Ctrl-C does where it was started."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from handeye.agent import Agent, RunOptions
from handeye.agent.run_folder import RunFolder
from handeye.tools import Desktop, Virtual
from handeye.tools.desktop.backends.x11 import X11Backend

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.agent.event_log import AnyEvent


def test_a_run_on_ones_desktop_stops_before_its_next_action_and_can_be_resumed(tmp_path: Path) -> None:
    with Virtual("mousepad") as screen:
        waiting = threading.Event()

        def listen(event: AnyEvent) -> None:
            if event.event == "guarded":
                waiting.set()

        def press() -> None:
            assert waiting.wait(60)
            backend = X11Backend(screen.display)
            for down in (True, False):
                for key in ("ctrl", "alt", "end"):
                    backend.key(key, down)
            backend.close()

        presser = threading.Thread(target=press)
        presser.start()
        with Desktop(display=screen.display) as desktop:
            agent = Agent(desktop, options=RunOptions(approve="never"), run_dir=tmp_path / "run", listen=listen)
            run = agent.run('press home, wait 2 seconds, type "never"')
            presser.join()
            assert (run.status, run.reason) == ("interrupted", "stopped before the next action")
            folder = RunFolder.open(tmp_path / "run")
            screen.capture()
            assert [each.value for each in screen.elements() if each.role == "textbox"] == [""]
        with Desktop(display=screen.display) as desktop:
            assert Agent(desktop, options=RunOptions(approve="never")).resume(folder).status == "succeeded"
        deadline = time.monotonic() + 20
        while [each.value for each in screen.elements() if each.role == "textbox"] != ["never"]:
            assert time.monotonic() < deadline
