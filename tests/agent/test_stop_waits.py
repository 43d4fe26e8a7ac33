"""A wait of any kind ends at once when the run is stopped: by a signal, the stop key, or the pointer in the corner."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from handeye.agent import Agent, RunOptions
from handeye.agent.run_folder import RunFolder
from handeye.tools import Browser, Desktop, Virtual
from handeye.tools.actions import Move
from handeye.tools.desktop.backends.x11 import X11Backend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from handeye.agent.event_log import AnyEvent

#: Seconds within which a wait must have ended, closing of the run's files included, on a busy machine.
AT_ONCE = 1.5


@pytest.fixture(scope="module")
def screen() -> Iterator[Virtual]:
    with Virtual("mousepad") as screen:
        yield screen


def stop_key(display: str) -> None:
    backend = X11Backend(display)
    for down in (True, False):
        for key in ("ctrl", "alt", "end"):
            backend.key(key, down)
    backend.close()


def corner(display: str) -> None:
    backend = X11Backend(display)
    backend.move(0, 0)
    backend.close()


def ctrl_c(display: str) -> None:
    os.kill(os.getpid(), signal.SIGINT)


class Stopping:
    """Stops a run some time after the outcome of its first action."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=self._later)
        self._stop = stop
        self.at = self.ended = 0.0

    def listen(self, event: AnyEvent) -> None:
        if event.event == "ended":
            self.ended = time.monotonic()
        if event.event in ("guarded", "approval_requested") and not self._thread.is_alive() and not self.at:
            self._thread.start()

    def _later(self) -> None:
        time.sleep(0.7)
        self.at = time.monotonic()
        self._stop()

    def took(self) -> float:
        """Seconds from then until the run had ended; its report is written later."""
        self._thread.join()
        return self.ended - self.at


@pytest.mark.parametrize(
    ("stop", "goal"),
    [
        (ctrl_c, "wait 50 seconds"),
        (stop_key, "wait 50 seconds"),
        (corner, "wait 50 seconds"),
        (ctrl_c, 'wait until "never there" shows for 50 seconds'),
        (corner, 'wait until "never there" shows for 50 seconds'),
    ],
)
def test_a_wait_on_a_desktop_ends_at_once_and_the_run_can_be_resumed(
    screen: Virtual, tmp_path: Path, stop: Callable[[str], None], goal: str
) -> None:
    for resumed in (False, True) if stop is ctrl_c else (False,):
        screen.perform(Move.model_validate({"target": (300, 300)}))
        stopping = Stopping(partial(stop, screen.display))
        with Desktop(display=screen.display) as desktop:
            agent = Agent(
                desktop, options=RunOptions(approve="never"), run_dir=tmp_path / "run", listen=stopping.listen
            )
            run = agent.resume(RunFolder.open(tmp_path / "run")) if resumed else agent.run(goal)
            assert stopping.took() < AT_ONCE
            assert run.status == "interrupted", run.reason


def test_a_wait_in_a_browser_ends_at_once(tmp_path: Path) -> None:
    stopping = Stopping(partial(ctrl_c, ""))
    with Browser("data:text/html,<p>nothing more</p>") as browser:
        run = Agent(browser, run_dir=tmp_path / "run", listen=stopping.listen).run("wait 50 seconds")
        assert stopping.took() < AT_ONCE
    assert run.status == "interrupted", run.reason


def test_a_program_that_never_comes_to_rest_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<script>setInterval(() => document.body.style.background = `rgb(${Math.random() * 255}, 99, 0)`, 40)</script>"
        "<button>Go</button>"
    )
    stopping = Stopping(partial(ctrl_c, ""))
    with Browser(str(page)) as browser:
        run = Agent(browser, run_dir=tmp_path / "run", listen=stopping.listen).run('wait 1 second, click "Go"')
        assert stopping.took() < AT_ONCE + 1
    assert run.status == "interrupted", run.reason


class Away(BaseHTTPRequestHandler):
    """A server of a model that never answers a question, or says that it is busy."""

    busy = False

    def do_GET(self) -> None:
        self._say(200, b'{"data": [{"id": "some-model"}]}')

    def do_POST(self) -> None:
        if not self.busy:
            time.sleep(20)
        self._say(503, b"{}")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("busy", [False, True])
def test_a_run_whose_models_server_is_away_ends_at_once_with_130(tmp_path: Path, busy: bool) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Away,), {"busy": busy}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = tmp_path / "page.html"
    page.write_text("<button>Go</button>")
    url = f"http://127.0.0.1:{server.server_port}/v1"
    argv = [sys.executable, "-m", "handeye.agent", "run", "go", "--on", str(page), "--model", url, "--json"]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + 30
        while not any("observed" in file.read_text() for file in tmp_path.glob("runs/*/trace.jsonl")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(0.7)
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        while not any('"ended"' in file.read_text() for file in tmp_path.glob("runs/*/trace.jsonl")):
            assert time.monotonic() < began + AT_ONCE
            time.sleep(0.02)
        out, err = run.communicate(timeout=30)
    server.shutdown()
    server.server_close()
    assert run.returncode == 130, err
    assert json.loads(out)["status"] == "interrupted"


def test_a_question_at_a_terminal_ends_at_once(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<button>Delete everything</button>")
    argv = [sys.executable, "-m", "handeye.agent", "run", 'click "Delete everything"', "--on", str(page)]
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        message = b""
        while "›" not in message.decode(errors="replace"):
            message += os.read(ours, 4096)
        time.sleep(0.5)
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        code = run.wait(30)
        took = time.monotonic() - began
    os.close(ours)
    assert (code, took < AT_ONCE + 1.5) == (130, True), (took, message.decode(errors="replace"))
