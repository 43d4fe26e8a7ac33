"""A run that was killed is picked up where it stopped, and nothing is ordered twice.

Where a kill falls is tried out on a quick device over a real server; a few kills fall on a real browser, a real program
and the command line. `make reliability` kills at every point, over a longer goal.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from benchmarks.reliability.paper import Paper
from benchmarks.reliability.worker import Job, Kill, work
from handeye.agent import Agent, RunOptions
from handeye.agent.effect_journal import read_journal
from handeye.agent.event_log import Ended, Noted, Performed, Started, read_events
from handeye.agent.resources import open_device
from handeye.agent.run_folder import RunFolder
from handeye.scenarios.demo.shop import Shop
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.agent import RunResult

GOAL = 'type "Ada" into "Name", click "Enter it", check that the page shows "Ordered"'
SHOP = (
    'log in as "ada" with password "lovelace", search for "lamp", add the first result to the cart, check out, '
    'check that the page shows "Thank you"'
)


@pytest.fixture
def counter(site: Any) -> Any:
    """A page where something is ordered, by one form."""
    site.pages["/"] = (
        "<h1>Counter</h1><form method=post action=/order><label for=n>Name</label><input id=n name=n>"
        "<button>Enter it</button></form>"
    )
    site.pages["/order/done"] = "<h1>Ordered</h1>"
    return site


def resume(folder: Path, device: Any, answer: str | None = None) -> RunResult:
    try:
        return Agent(device, options=RunOptions(approve="never")).resume(RunFolder.open(folder), answer)
    finally:
        device.close()


def notes(folder: Path) -> str:
    return " | ".join(event.text for event in read_events(folder / "trace.jsonl") if isinstance(event, Noted))


@pytest.mark.parametrize(
    ("point", "count"),
    [
        ("observed", 1),
        ("guarded", 2),
        ("before record_intent", 2),
        ("after record_intent", 2),
        ("after record_answer", 2),
        ("after perform", 2),
        ("after device_state", 3),
        ("before record_outcome", 2),
        ("after record_outcome", 1),
        ("after record_outcome", 2),
        ("performed", 2),
        ("before put", 5),
        ("before put", 9),
        ("after put_writes", 8),
    ],
)
def test_a_kill_at_any_point_is_survived_with_one_order(point: str, count: int, counter: Any, tmp_path: Path) -> None:
    """Before or after a line of the journal, a deed of the device, an event, a saved checkpoint; step 2 orders."""
    folder = tmp_path / "run"
    assert work(Job("paper", counter.url, GOAL, folder, Kill(point, count))) == -9
    run = resume(folder, Paper(counter.url))
    assert (run.status, counter.posts) == ("succeeded", ["/order"]), run.reason
    assert [event.resumed for event in read_events(folder / "trace.jsonl") if isinstance(event, Started)] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("point", "sent", "said"), [("after record_request", 0, "no"), ("before record_answer", 1, "yes")]
)
def test_a_request_without_a_response_causes_a_question(
    point: str, sent: int, said: str, counter: Any, tmp_path: Path
) -> None:
    """In the one case it never left, in the other it was done, and its answer leads nowhere: both look alike."""
    folder = tmp_path / "run"
    counter.answer = "{}" if sent else ""
    assert work(Job("paper", counter.url, GOAL, folder, Kill(point, 1))) == -9
    assert len(counter.posts) == sent
    waiting = resume(folder, Paper(counter.url))
    assert waiting.status == "waiting"
    assert "POST" in waiting.reason
    run = resume(folder, Paper(counter.url), said)
    assert counter.posts == ["/order"]
    assert run.status == ("succeeded" if said == "no" else "failed")  # the text of the order's page is lost with it


@pytest.mark.parametrize("point", ["before record_answer", "after record_answer"])
def test_the_page_that_an_answer_leads_to_is_come_back_to(point: str, counter: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert work(Job("paper", counter.url, GOAL, folder, Kill(point, 1))) == -9
    run = resume(folder, Paper(counter.url))
    assert (run.status, counter.posts) == ("succeeded", ["/order"]), run.reason


def test_a_web_socket_message_of_a_risky_action_causes_a_question_and_is_not_repeated(
    site: Any, tmp_path: Path
) -> None:
    with Socket() as socket:
        line = f"const line = new WebSocket('{socket.url}'); line.onopen = () => pay.hidden = false"
        site.pages["/"] = f"<button id=pay hidden onclick='line.send(1)'>Pay now</button><script>{line}</script>"
        folder = tmp_path / "run"
        job = Job("browser", site.url, 'click "Pay now"', folder, Kill("after perform", 1), approve="never")
        assert work(job) == -9
        assert socket.heard()
        run = resume(folder, open_device(site.url))
        assert run.status == "waiting", run.reason
        assert "WEBSOCKET" in run.reason
        assert resume(folder, open_device(site.url), "yes").status == "succeeded"
        assert len(socket.said) == 1


class Socket:
    """A server of WebSockets that notes the frames it is sent."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        reported = self.said

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                key = next(
                    line for line in iter(self.rfile.readline, b"") if line.lower().startswith(b"sec-websocket-key")
                )
                while self.rfile.readline().strip():
                    pass
                magic = key.split(b":")[1].strip() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455
                accept = base64.b64encode(hashlib.sha1(magic).digest()).decode()
                self.wfile.write(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
                )
                while frame := self.rfile.read(2):
                    if frame[0] & 15 == 1:  # text
                        reported.append(self.rfile.read(4 + (frame[1] & 127)))
                    else:
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"ws://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def heard(self) -> bool:
        """Whether a frame comes; a busy machine is given time to read it."""
        until = time.monotonic() + 10
        while not self.said and time.monotonic() < until:
            time.sleep(0.02)
        return bool(self.said)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_a_get_of_a_risky_action_is_not_taken_for_reading(site: Any, tmp_path: Path) -> None:
    """A request without a response causes a question. After a response its page is not opened again."""
    site.pages["/"] = "<form action=/pay><button>Pay now</button></form>"
    site.pages["/pay"] = "<h1>Paid</h1>"
    goal = 'click "Pay now"'
    for point, count, status in (("before record_answer", 1, "waiting"), ("performed", 1, "succeeded")):
        folder = tmp_path / point
        site.gets.clear()
        kill = Kill(point, count)
        assert work(Job("paper", site.url, goal, folder, kill, approve="never")) == -9
        run = resume(folder, Paper(site.url))
        assert (run.status, site.gets.count("/pay")) == (status, 1), (point, run.reason)
    assert "not opened again" in notes(folder)


def test_lost_state_of_scripts_is_reported(browser: Any, perception: Any, site: Any, tmp_path: Path) -> None:
    from handeye.tools import Browser

    first = Agent(browser, perception=perception, options=RunOptions(max_steps=1), run_dir=tmp_path / "run").run(
        'click "Count", click "Count"'
    )
    assert first.status == "out_of_budget"
    with Browser(site.url) as fresh:
        run = Agent(fresh, perception=perception).resume(RunFolder.open(first.folder))
        assert "counted 1 times" in " ".join(element.name for element in fresh.elements())
    assert run.status == "succeeded"
    assert "state that existed only in its scripts is lost" in notes(first.folder)


def test_a_button_that_came_by_a_script_proves_nothing_by_being_gone(site: Any, tmp_path: Path) -> None:
    """A page loaded anew has not got it anyway, so that its absence is no sign of an order."""
    site.pages["/"] = (
        '<button onclick="b.hidden = false">Open</button><form id=b hidden method=post action=/order>'
        "<button>Enter it</button></form>"
    )
    folder = tmp_path / "run"
    kill = Kill("after record_request", 1)
    assert work(Job("browser", site.url, 'click "Open", click "Enter it"', folder, kill)) == -9
    assert site.posts == []
    run = resume(folder, open_device(site.url))
    assert run.status == "waiting", run.reason
    assert "POST" in run.reason


def test_a_kill_in_a_real_browser_loses_no_input_and_orders_once(counter: Any, tmp_path: Path) -> None:
    """What was typed is known to the page and the journal alone."""
    folder = tmp_path / "run"
    assert work(Job("browser", counter.url, GOAL, folder, Kill("after record_outcome", 1))) == -9
    run = resume(folder, open_device(counter.url))
    assert (run.status, counter.posts) == ("succeeded", ["/order"]), run.reason
    assert "1 earlier inputs were made again" in notes(folder)


def test_a_polite_kill_stops_between_two_actions(counter: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    polite = Kill("observed", 2, signal=signal.SIGTERM)
    assert work(Job("paper", counter.url, GOAL, folder, polite)) == 0
    assert read_journal(folder / "journal.jsonl")[-1].entry == "outcome"
    ends = [event.status for event in read_events(folder / "trace.jsonl") if isinstance(event, Ended)]
    assert ends == ["interrupted"]
    assert resume(folder, Paper(counter.url)).status == "succeeded"
    assert counter.posts == ["/order"]


def begin(url: str, folder: Path, cwd: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "handeye.agent", "run", SHOP, "--on", url, "--run-dir", str(folder), "--json"]
    return subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until(there: Callable[[], bool], running: subprocess.Popen[Any], seconds: float = 100) -> None:
    until = time.monotonic() + seconds
    while not there():
        assert running.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < until
        time.sleep(0.005)


def acted(folder: Path) -> int:
    path = folder / "trace.jsonl"
    return sum(isinstance(event, Performed) for event in read_events(path)) if path.exists() else 0


def test_ctrl_c_at_the_command_line_stops_a_run_that_is_its_own_and_goes_on_later(tmp_path: Path) -> None:
    """While a process runs it, no other process can resume it; afterwards `resume` buys the lamp, once."""
    with Shop() as shop:
        folder = tmp_path / "run"
        running = begin(shop.url, folder, tmp_path)
        wait_until(lambda: acted(folder) >= 2, running)
        with pytest.raises(UsageError, match="in use"):
            RunFolder.open(folder)
        os.kill(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=100)
        assert running.returncode == 130, err
        assert "Traceback" not in err
        assert json.loads(out)["status"] == "interrupted"
        assert read_journal(folder / "journal.jsonl")[-1].entry == "outcome"
        command = [sys.executable, "-m", "handeye.agent", "resume", str(folder), "--json"]
        done = subprocess.run(
            command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=110
        )
        assert (json.loads(done.stdout)["status"], done.returncode) == ("succeeded", 0), done.stderr
        assert shop.posts.count("/checkout") == len(shop.orders) == 1
    sent = [entry.text for entry in read_journal(folder / "journal.jsonl") if entry.entry == "sent"]
    assert any(text.startswith("POST") and "check" in text for text in sent), sent


def test_a_program_that_went_down_with_its_run_is_begun_again_only_when_the_person_says_so(tmp_path: Path) -> None:
    folder, note = tmp_path / "run", tmp_path / "note.txt"
    goal = f'type "Grüße", press ctrl+s, type "{note}", press Enter, wait 1 second'
    assert work(Job("program", "app:mousepad", goal, folder, Kill("performed", 1))) == -9
    assert not note.exists()
    waiting = resume(folder, open_device("app:mousepad"))
    assert waiting.status == "waiting"
    assert "started anew" in waiting.reason
    again = resume(folder, open_device("app:mousepad"), "yes")
    assert again.status == "succeeded", again.reason
    assert note.read_text().rstrip("\n") == "Grüße"
