"""A real browser on small pages of our own, and a way to run the loop on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from handeye.agent import Agent
from handeye.agent.run_folder import RunResult
from handeye.perception.embedded import EmbeddedPerception
from handeye.policies.scripted import Scripted
from handeye.tools import Browser
from handeye.tools.actions import parse_action


class Site:
    """Pages by path; a POST is counted, and redirects to the next page or gets the response `answer`."""

    def __init__(self, port: int = 0) -> None:
        self.answer = ""
        self.pages: dict[str, str] = {}
        self.posts: list[str] = []
        self.bodies: list[str] = []
        self.gets: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.gets.append(self.path.partition("?")[0])
                page = site.pages.get(self.path.partition("?")[0])
                self._answer(200 if page is not None else 404, page or "<h1>Not found</h1>")

            def do_POST(self) -> None:
                site.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
                site.posts.append(self.path)
                if site.answer:
                    return self._send(200, site.answer.encode(), "application/json")
                self.send_response(303)
                self.send_header("Location", self.path + "/done")
                return self.end_headers()

            def _answer(self, status: int, page: str) -> None:
                data = f"<!doctype html><meta charset=utf-8><title>A page</title>{page}".encode()
                self._send(status, data, "text/html; charset=utf-8")

            def _send(self, status: int, data: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    made.pages["/"] = (
        "<h1>Welcome</h1><button onclick='n.textContent = 1 + +n.textContent'>Count</button>"
        "<button>Idle</button><p>counted <b id=n>0</b> times</p>"
    )
    yield made
    made.close()


@pytest.fixture
def browser(site: Site) -> Iterator[Browser]:
    with Browser(site.url) as made:
        yield made


@pytest.fixture(scope="session")
def perception() -> EmbeddedPerception:
    return EmbeddedPerception()


Follow = Callable[..., RunResult]


@pytest.fixture
def follow(browser: Browser, perception: EmbeddedPerception, tmp_path: Path) -> Follow:
    """Run a list of actions, given as JSON, through the whole loop."""

    def run(*actions: dict[str, object], **settings: object) -> RunResult:
        policy = Scripted([parse_action(action) for action in actions])
        settings.setdefault("run_dir", tmp_path / "run")
        return Agent(browser, perception=perception, policy=policy, **settings).run("follow the script")  # type: ignore[arg-type]

    return run
