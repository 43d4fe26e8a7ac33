"""Data sets of drawn pictures, and servers and scripts that answer their questions correctly."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.drawn_pictures import Drawn, elsewhere, write_lines


@pytest.fixture
def questions(drawn: list[Drawn], tmp_path: Path) -> Path:
    """Six questions, two of them with a wrong box: a model that finds every word is correct in 4 of 6."""
    records = []
    for number, one in enumerate(drawn):
        (tmp_path / one.path.name).write_bytes(one.path.read_bytes())
        box = elsewhere(one) if number in {1, 4} else list(one.box)
        kind = "text" if number < 4 else "icon"
        records.append({"image": one.path.name, "instruction": one.word, "bbox": box, "type": kind, "source": "drawn"})
    return write_lines(tmp_path / "questions.jsonl", records)


def script(path: Path, drawn: list[Drawn], wrong: tuple[int, ...] = ()) -> str:
    """The name of a model whose answers are the true boxes in thousandths, but for those in `wrong`."""
    lines = []
    for number, one in enumerate(drawn):
        box = elsewhere(one) if number in wrong else one.box
        numbers = [round(1000 * value / one.size[axis % 2]) for axis, value in enumerate(box)]
        lines.append(f"[[{', '.join(map(str, numbers))}]]")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"scripted:{path}"


class Stand:
    """A server that speaks OpenAI's protocol and knows where the words are: a model that is always right.

    It stops answering, as a server that died, after `lives` answers.
    """

    def __init__(self, drawn: list[Drawn], port: int = 0) -> None:
        self.asked: list[str] = []
        self.lives = 1_000
        self.refused: set[str] = set()
        """Words that give an error 400, as a picture that is too large for a model does."""
        self.at_once = 0
        """The most questions that were open at the same time."""
        self._open = 0
        self._lock = threading.Lock()
        stand = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send({"object": "list", "data": [{"id": "InternVL3-8B"}]})

            def do_POST(self) -> None:
                text = json.dumps(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                with stand._lock:
                    stand._open += 1
                    stand.at_once = max(stand.at_once, stand._open)
                try:
                    stand.answer(self, text, drawn)
                finally:
                    with stand._lock:
                        stand._open -= 1

            def send(self, value: dict[str, Any], status: int = 200) -> None:
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, handler: Any, text: str, drawn: list[Drawn]) -> None:
        """Answer one chat."""
        one = next((one for one in drawn if f"<ref>{one.word}</ref>" in text), None)
        with self._lock:
            self.lives -= 1
            alive = self.lives >= 0
            if one and alive:
                self.asked.append(one.word)
        if not alive:
            handler.connection.close()
            return
        if one and one.word in self.refused:
            handler.send({"error": {"message": "the picture is too large for this model"}}, 400)
            return
        box = one.box if one else (0, 0, 1, 1)
        size = one.size if one else (1, 1)
        numbers = [round(1000 * value / size[axis % 2]) for axis, value in enumerate(box)]
        content = f"[[{', '.join(map(str, numbers))}]]"
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        handler.send({"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 9}})

    def close(self) -> None:
        """Stop; the port is free again."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def stand(drawn: list[Drawn]) -> Iterator[Stand]:
    made = Stand(drawn)
    yield made
    made.close()
