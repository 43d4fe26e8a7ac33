"""Thirty controls, ten of which do nothing: what an action came to is told from local signals, and must be right.

The page never rests (a spinner, a clock, news that come and go), its controls change their look under the mouse and
with the focus, and some answer only after seconds. At scale 2 each control is aimed at by a bare point.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.reliability.telling import Figure, say
from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.outcome import Outcome, judge
from handeye.tools import Browser
from handeye.tools.actions import Click, Navigate, Select, Target
from handeye.tools.errors import ActionFailed, ActionRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.perception.observation import Observation
    from handeye.tools.actions import Action

PAGE = Path(__file__).with_name("controls.html")

LIVE = (
    "Open panel", "Close note", "Add row", "Count up", "Send form", "Switch light", "Bold", "Jump far", "Second tab",
    "Open menu", "Colour", "Agree", "Volume", "Drawn switch", "Come late", "Come later", "Write below", "Speak inside",
    "Download file", "Copy link",
)  # fmt: skip
DEAD = (
    "Send nothing", "Do nothing", "Under glass", "Lead nowhere", "Stay here", "Ripple only", "Explain only",
    "Drawn fake", "Say again", "Send in vain",
)  # fmt: skip


class Tried(NamedTuple):
    """What became of one control."""

    name: str
    scale: float
    outcome: Outcome

    @property
    def wrong(self) -> bool:
        """Whether something was called done that was not, or the other way round."""
        return self.outcome.kind == ("confirmed" if self.name in DEAD else "no_effect")

    @property
    def exact(self) -> bool:
        return self.outcome.kind == ("no_effect" if self.name in DEAD else "confirmed")


def measure() -> dict[str, Any]:
    """Every control at device scale 1 and 2."""
    tried = [each for scale in (1.0, 2.0) for each in try_all((*LIVE, *DEAD), scale)]
    wrong = [each for each in tried if each.wrong]
    unknown = [each for each in tried if not each.wrong and not each.exact]
    return {
        "what": "Thirty controls of one page that never rests, ten of which do nothing, at device scale 1 and 2",
        "seeds": [],
        "figures": {
            "controls": Figure(len(tried), "tried", "60", len(tried) == 60),
            "wrong": Figure(len(wrong), "outcomes", "0", not wrong),
            "undecided": Figure(len(unknown), "outcomes", "0", not unknown),
        },
        "details": [
            f"“{each.name}” at scale {each.scale:g}: {each.outcome.kind} ({each.outcome.evidence})"
            for each in (*wrong, *unknown)
        ],
    }


def try_all(names: Sequence[str], scale: float) -> Iterator[Tried]:
    """Each control on a page of its own; what is tried is told as it comes."""
    with serving() as url, Browser(url, scale=scale) as browser:
        for name in names:
            outcome = try_one(browser, url, name, by_point=scale > 1)
            made = Tried(name, scale, outcome)
            say(f"  {'WRONG ' if made.wrong else ''}{name} at scale {scale:g}: {outcome.kind} ({outcome.evidence})")
            yield made


def try_one(browser: Browser, url: str, name: str, *, by_point: bool) -> Outcome:
    """What the signals say of using one control of a fresh page, as the loop asks for it."""
    perception = EmbeddedPerception()
    browser.perform(Navigate(url=f"{url}/{'?drawn' if name.startswith('Drawn') else ''}"))
    browser.settle()
    before = perception.observe(browser)
    try:
        browser.perform(action := use(name, before, by_point))
    except (ActionFailed, ActionRefused) as error:
        return Outcome(kind="no_effect", evidence=str(error))
    happened = browser.settle().happened
    return judge(action, before, perception.observe(browser), browser.before_press, happened)


def use(name: str, observation: Observation, by_point: bool) -> Action:
    """A click on the control, or a choice in it."""
    found = next(each for each in observation.elements if name in each.name and (each.acts or each.role == "img"))
    target = Target(phrase=name, point=found.box.centre, element="" if by_point else found.id)
    return Select(target=target, option="Blue") if found.role == "combobox" else Click(target=target)


@contextmanager
def serving() -> Iterator[str]:
    """The page, and what its forms are sent to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(PAGE.read_text(encoding="utf-8"))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._say("<!doctype html><title>Sent</title><h1>It was sent</h1>")

        def _say(self, page: str) -> None:
            data = page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
