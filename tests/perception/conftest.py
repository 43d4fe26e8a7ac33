"""Servers that misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answering = Callable[[BaseHTTPRequestHandler, str], None]


MODELS = b'{"object": "list", "data": [{"id": "InternVL3-8B"}]}'


class Odd:
    """An HTTP server that lists a model and answers chats by `chat`; it stores the requests."""

    def __init__(self) -> None:
        self.chat: Answering = lambda handler, body: self.reply(handler, 500, b"")
        self.models: Answering = lambda handler, body: self.reply(handler, 200, MODELS)
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        odd = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                odd.headers.append(dict(self.headers))
                odd.models(self, self.path)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                odd.bodies.append(json.loads(body))
                odd.chat(self, body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @staticmethod
    def reply(handler: BaseHTTPRequestHandler, status: int, data: bytes, **headers: str) -> None:
        """Send a whole answer."""
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)


@pytest.fixture
def odd() -> Iterator[Odd]:
    made = Odd()
    yield made
    made.server.shutdown()
    made.server.server_close()
