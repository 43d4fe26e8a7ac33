"""Answers that a server streams: told as they grow, and whole or not at all."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.perception.engines import EngineOptions, open_engine
from handeye.perception.engines.engine import Request
from handeye.perception.engines.serving import http as http_module
from handeye.perception.engines.serving.streaming import StreamReader, TextForwarder
from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.tools.errors import ModelError

PROMPT = Prompt("system", (ChatTurn("user", ("question",)),))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "PAUSE", 0.01)


def event(value: Any) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()) + b"\n\n"


def piece(text: str, index: int = 0, finish: str | None = None, **more: Any) -> bytes:
    return event(
        {"model": "m", "choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish}]} | more
    )


USAGE = event({"choices": [], "usage": {"prompt_tokens": 30, "completion_tokens": 4}})
DONE = event(b"[DONE]")


def stream(odd: Any, *tries: bytes) -> None:
    """Each question gets the next of these; the connection closes after it."""
    left = iter(tries)

    def chat(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.end_headers()
        handler.wfile.write(next(left))

    odd.chat = chat


def test_a_streamed_answer_is_reported_as_it_grows_and_given_whole(odd: Any) -> None:
    stream(odd, piece("Click") + b": keep-alive\n\n" + piece(" für 世界") + piece("", finish="stop") + USAGE + DONE)
    told: list[str] = []
    (got,) = open_engine(odd.url).generate(Request(PROMPT, on_text=told.append))
    assert told == ["Click", " für 世界"]
    assert (got.text, got.finish, got.tokens_in, got.tokens_out) == ("Click für 世界", "stop", 30, 4)
    assert odd.bodies[0]["stream"] is True
    assert odd.bodies[0]["stream_options"] == {"include_usage": True}


def test_without_a_listener_nothing_is_streamed(odd: Any) -> None:
    odd.chat = lambda handler, _: odd.reply(handler, 200, b'{"choices": [{"message": {"content": "x"}}]}')
    open_engine(odd.url).generate(Request(PROMPT))
    assert not {"stream", "stream_options"} & set(odd.bodies[0])


def test_only_the_first_of_several_samples_is_reported(odd: Any) -> None:
    stream(odd, piece("b", 1) + piece("a") + piece("B", 1, "stop") + piece("A", 0, "length") + USAGE + DONE)
    told: list[str] = []
    first, second = open_engine(odd.url).generate(Request(PROMPT, samples=2, temperature=1, on_text=told.append))
    assert "".join(told) == first.text == "aA"
    assert (first.finish, second.text, second.finish) == ("length", "bB", "stop")


def test_what_ends_an_answer_is_not_reported_even_when_it_comes_in_pieces(odd: Any) -> None:
    stream(odd, piece("a </tool") + piece("_x </tool_c") + piece("all> more") + piece("", finish="stop") + DONE)
    told: list[str] = []
    (got,) = open_engine(odd.url).generate(Request(PROMPT, stop=["</tool_call>"], on_text=told.append))
    assert "".join(told) == got.text == "a </tool_x "


def test_thinking_is_reported_before_the_answer(odd: Any) -> None:
    thought = event({"choices": [{"index": 0, "delta": {"reasoning_content": "because"}}]})
    stream(odd, thought + piece("click", finish="stop") + DONE)
    told: list[str] = []
    (got,) = open_engine(odd.url).generate(Request(PROMPT, on_text=told.append))
    assert "".join(told) == got.written == "<think>because</think>\nclick"
    assert (got.text, got.reasoning) == ("click", "because")


def test_half_an_answer_is_requested_again_and_reported_once(odd: Any) -> None:
    whole = piece("Click") + piece(" Save") + piece("", finish="stop") + DONE
    stream(odd, piece("Click") + b'data: {"choi', whole)
    told: list[str] = []
    (got,) = open_engine(odd.url).generate(Request(PROMPT, on_text=told.append))
    assert "".join(told) == got.text == "Click Save"
    assert len(odd.bodies) == 2


def test_another_answer_after_half_of_one_is_given_and_not_reported(odd: Any) -> None:
    stream(odd, piece("Click"), piece("Wait", finish="stop") + DONE)
    told: list[str] = []
    (got,) = open_engine(odd.url).generate(Request(PROMPT, on_text=told.append))
    assert (told, got.text) == (["Click"], "Wait")


def test_a_server_that_always_breaks_off_is_a_model_error(odd: Any) -> None:
    stream(odd, *[piece("Click")] * 4)
    with pytest.raises(ModelError, match=r"the answer broke off in the middle.* after 4 tries"):
        open_engine(odd.url).generate(Request(PROMPT, on_text=lambda _: None))


def test_an_error_in_the_stream_is_reported_or_tried_again_as_its_status_says(odd: Any) -> None:
    bad = event({"error": {"message": "no such thing", "code": 400}})
    stream(odd, piece("Cl") + bad)
    with pytest.raises(ModelError, match="answered 400: no such thing"):
        open_engine(odd.url).generate(Request(PROMPT, on_text=lambda _: None))
    stream(odd, event({"error": {"message": "engine died"}}), piece("fine", finish="stop") + DONE)
    assert open_engine(odd.url).generate(Request(PROMPT, on_text=lambda _: None))[0].text == "fine"


def test_a_stream_of_garbage_is_a_model_error(odd: Any) -> None:
    stream(odd, event(b"{{{"))
    with pytest.raises(ModelError, match="streams what is no JSON"):
        open_engine(odd.url).generate(Request(PROMPT, on_text=lambda _: None))


def test_a_server_that_does_not_stream_gives_its_answer_whole(odd: Any) -> None:
    odd.chat = lambda handler, _: odd.reply(handler, 200, b'{"choices": [{"message": {"content": "whole"}}]}')
    (got,) = open_engine(odd.url).generate(Request(PROMPT, on_text=lambda _: None))
    assert got.text == "whole"


def test_a_stream_that_stops_flowing_is_given_up_after_the_time_allowed(odd: Any) -> None:
    done = threading.Event()

    def chat(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        while not done.wait(0.05):
            handler.wfile.write(b": waiting\n\n")

    odd.chat = chat
    with pytest.raises(ModelError, match=r"did not answer within 0\.5 s"):
        open_engine(odd.url, EngineOptions(answer_seconds=0.5)).generate(Request(PROMPT, on_text=lambda _: None))
    done.set()


def test_headers_that_drip_are_given_up_after_the_time_allowed() -> None:
    """Each byte would begin a time-out of the socket anew."""
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not done.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ModelError, match=r"did not answer within 0\.5 s"):
            open_engine(address, EngineOptions(answer_seconds=0.5))
        done.set()
        thread.join(20)


@given(st.text(), st.lists(st.text(min_size=1, max_size=4), max_size=3), st.lists(st.integers(0, 200), max_size=8))
def test_however_an_answer_is_cut_the_same_is_reported(text: str, ends: list[str], cuts: list[int]) -> None:
    events = (
        "".join(
            "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": each}}]}) + "\r\n\r\n" for each in text
        ).encode()
        + b"data: [DONE]\n\n"
    )
    told: list[str] = []
    growing = StreamReader(TextForwarder(told.append, ends))
    places = [0, *sorted({min(cut, len(events)) for cut in cuts}), len(events)]
    for start, end in pairwise(places):
        growing.add(events[start:end])
    whole = json.loads(growing.whole() or b"{}")
    written = whole["choices"][0]["message"]["content"] if whole["choices"] else ""
    assert written == text
    first = min((place for end in ends if (place := text.find(end)) >= 0), default=len(text))
    assert "".join(told) == text[:first]
