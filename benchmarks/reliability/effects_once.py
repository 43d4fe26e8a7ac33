"""Pages that send something by themselves while they are filled in: a run on them is killed, resumed, and killed again.

A tick that votes, a list and a field that save themselves, a beacon, an answer that comes late: each page sends one
request in an uninterrupted run. Each run is killed (kill -9 on its process) at points and moments drawn at random, and
so are its first seven resumes; then it goes on to its end. Where it asks whether something was done, it is answered
with what the server knows. What counts is that the server received no request twice.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.reliability.kills import has_not_ended
from benchmarks.reliability.telling import Figure, say
from benchmarks.reliability.worker import Job, Kill, work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEED = 20261
#: Runs for each mode, and kills of each run and its resumes.
RUNS, KILLS = 10, 8
#: Seconds that the server may take to answer.
DELAYS = (0.0, 0.05, 0.3)
AT_ONCE = 2

_REST = '<p><label>Name <input></label><a href="done">Next</a>'
_TYPED = 'type "Ada" in "Name", click "Next", check that the page shows "Finished"'
_POST = "fetch('act',{method:'POST',body:'1'})"

#: What each page is, and the goal on it. Each sends one request to `act`.
MODES: dict[str, tuple[str, str]] = {
    "order": (
        '<form method=post action="act"><label>Name <input name=n></label><button>Confirm</button></form>',
        'type "Ada" in "Name", click "Confirm", check that the page shows "Finished"',
    ),
    "vote": (
        f'<label><input type=checkbox onchange="{_POST}"> I agree</label>{_REST}',
        f'tick "I agree", {_TYPED}',
    ),
    "select": (
        f'<label>Plan <select onchange="{_POST}"><option>None<option>Gold</select></label>{_REST}',
        f'select "Gold" in "Plan", {_TYPED}',
    ),
    "autosave": (
        f'<label>Message <input onchange="{_POST}"></label>{_REST}',
        f'type "Hello" in "Message", {_TYPED}',
    ),
    "late": (
        (
            f"<button onclick=\"setTimeout(()=>{_POST}.then(()=>s.textContent='Saved'),700)\">Store</button>"
            f"<p id=s></p>{_REST}"
        ),
        f'click "Store", {_TYPED}',
    ),
    "debounced": (
        f'<label>Message <input oninput="clearTimeout(this.t);this.t=setTimeout(()=>{_POST},500)"></label>{_REST}',
        f'type "Hello" in "Message", {_TYPED}',
    ),
    "beacon": (
        "<button onclick=\"navigator.sendBeacon('act','1');location='done'\">Confirm</button>",
        'click "Confirm", check that the page shows "Finished"',
    ),
    "date": (
        f'<label>Day <input type=date onchange="{_POST}"></label>{_REST}',
        f'set "Day" to "2026-03-04", {_TYPED}',
    ),
    "kept": (
        (
            f'<label><input type=checkbox id=c onchange="{_POST}"> I agree</label>{_REST}'
            "<script>fetch('state').then(r=>r.text()).then(t=>{c.checked=t!=='0'})</script>"
        ),
        f'tick "I agree", {_TYPED}',
    ),
}


class Trial(NamedTuple):
    """A run of one mode and the kills of it and of its resumes."""

    number: int
    mode: str
    kills: tuple[Kill, ...]


class Became(NamedTuple):
    """What became of one trial."""

    trial: Trial
    kills: int
    """How many of them struck before the run ended."""
    sent: int
    questions: tuple[str, ...]
    status: str

    @property
    def completed(self) -> bool:
        return self.status == "succeeded" and self.sent == 1


class Server:
    """Serves every mode to every trial under an address of its own, and counts what each has sent."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        counts, dice = self.sent, random.Random(SEED)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                _, number, mode, name = self.path.split("/")
                html = {"": f"<title>{mode}</title>{MODES[mode][0]}", "done": "<h1>Finished</h1>"}.get(name)
                self._say(200, html if html else str(counts[number]))

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                _, number, mode, _ = self.path.split("/")
                counts[number] += 1
                time.sleep(dice.choice(DELAYS))
                self._say(303 if mode == "order" else 200, "ok", "done")

            def _say(self, status: int, text: str, place: str = "") -> None:
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                if place and status == 303:
                    self.send_header("Location", place)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that was killed is gone."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, number: int, mode: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{number}/{mode}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    try:
        yield server
    finally:
        server.close()


def measure(runs: int = RUNS, modes: Sequence[str] = tuple(MODES)) -> dict[str, Any]:
    """So many runs of each mode, killed at points and moments drawn from one seed."""
    dice = random.Random(SEED)
    with serving() as server:
        points, seconds = scout(server)
        say(f"a run takes {seconds:.1f} s")
        trials = [
            Trial(1 + number, mode, _kills(dice, points, seconds))
            for number, mode in enumerate(mode for _ in range(runs) for mode in modes)
        ]
        done: list[Became] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for became in pool.map(lambda trial: survive(server, trial), trials):
                done.append(became)
                if became.sent > 1 or not (became.completed or became.questions):
                    say(f"  {became}")
                if len(done) % 10 == 0:
                    say(f"{sum(each.kills for each in done)} kills in {len(done)} runs")
    return told(done)


def _kills(dice: random.Random, points: dict[str, int], seconds: float) -> tuple[Kill, ...]:
    """The kills of one run, a point or a moment for each process; a resume has less to do, and is killed sooner."""
    kills = []
    for number in range(KILLS):
        if dice.random() < 0.6:
            point = dice.choice(list(points))
            kills.append(Kill(point, dice.randint(1, points[point] if number == 0 else min(2, points[point]))))
        else:
            kills.append(Kill(seconds=dice.uniform(0.01, (0.5 if number == 0 else 0.2) * seconds)))
    return tuple(kills)


def scout(server: Server) -> tuple[dict[str, int], float]:
    """A run that nothing kills: the points that it reaches, and the seconds from its first look to its end."""
    with TemporaryDirectory() as folder:
        said = Path(folder) / "said.json"
        url, goal = server.page(0, "vote"), MODES["vote"][1]
        work(Job("browser", url, goal, Path(folder) / "run", approve="never"))  # the first one imports and compiles
        began = time.monotonic()
        work(Job("browser", url, goal, Path(folder) / "again", said=said, approve="never"))
        seconds = time.monotonic() - began
        found = json.loads(said.read_text(encoding="utf-8"))
        assert found["status"] == "succeeded", found
        points = {point: count for point, count in found["points"].items() if point not in ("started", "ended")}
        return points, seconds


def survive(server: Server, trial: Trial) -> Became:
    """Run, kill, resume, kill again, and let the last resume go on to its end."""
    with TemporaryDirectory() as name:
        folder, said = Path(name) / "run", Path(name) / "said.json"
        url, goal = server.page(trial.number, trial.mode), MODES[trial.mode][1]
        left = list(trial.kills)
        killed, questions, answer = 0, list[str](), None
        while len(questions) < 12:
            going_on = (folder / "run.json").exists()
            if going_on and not has_not_ended(folder):
                break
            job = Job("browser", url, goal, folder, left.pop(0) if left else None, going_on, answer, "never", said)
            code = work(job)
            if code == -9:
                killed += 1
                continue
            assert code == 0, f"{trial} ended with {code}"
            result = json.loads(said.read_text(encoding="utf-8"))
            if result["status"] != "waiting":
                break
            questions.append(result["reason"])
            answer = "yes" if server.sent[str(trial.number)] else "no"
        status = json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"]
        return Became(trial, killed, server.sent[str(trial.number)], tuple(questions), status)


def told(done: Sequence[Became]) -> dict[str, Any]:
    """The figures."""
    kills = sum(each.kills for each in done)
    twice = [each for each in done if each.sent > 1]
    asked = [each for each in done if each.questions]
    # A run whose request lost its answer asks about it, and may then end honestly without the page it waited for.
    lost = [each for each in done if not (each.completed or each.questions)]
    modes = dict.fromkeys(each.trial.mode for each in done)
    return {
        "what": f"pages that send by themselves ({', '.join(modes)}), on Chromium: {len(done)} runs, each killed up to "
        f"{KILLS} times and resumed",
        "seeds": [SEED],
        "figures": {
            "kills": Figure(kills, "kills", "at least 300", kills >= 300),
            "sent_twice": Figure(len(twice), "runs in which a request was sent twice", "0", not twice),
            "asked": Figure(len(asked), "runs that asked whether something was done", "any", True),
            "completed": Figure(len(done) - len(lost), "runs that succeeded with one request, or asked about it",
                                "all", not lost),
        },
        "details": [f"{each.trial.mode}, {each.trial.kills}: sent {each.sent}, {each.status}"
                    for each in dict.fromkeys((*twice, *lost))],
    }  # fmt: skip
