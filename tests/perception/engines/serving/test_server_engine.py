"""The client of a served model, against small servers that behave as servers do on bad days."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from handeye.perception.engines import EngineOptions, open_engine
from handeye.perception.engines.engine import Request
from handeye.perception.engines.serving import http as http_module
from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.tools.errors import ModelError, UsageError

PROMPT = Prompt("system", (ChatTurn("user", ("before", Image.new("RGB", (30, 20), "red"), "after")),))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "PAUSE", 0.01)
    for name in ("HANDEYE_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def answer(*texts: str | None, usage: tuple[int, int] = (10, 4), finish: str = "stop") -> bytes:
    choices = [{"message": {"content": text}, "finish_reason": finish} for text in texts]
    return json.dumps(
        {"choices": choices, "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}}
    ).encode()


def error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "code": 400}}).encode()


def always(odd: Any, status: int, data: bytes) -> None:
    odd.chat = lambda handler, body: odd.reply(handler, status, data)


def refused(odd: Any, match: str, timeout: float = 5) -> str:
    engine = open_engine(odd.url, EngineOptions(answer_seconds=timeout))
    with pytest.raises(ModelError, match=match) as caught:
        engine.generate(Request(PROMPT))
    engine.close()
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 700
    return said


def test_a_question_goes_out_in_openai_form_and_the_answer_comes_back(odd: Any) -> None:
    always(odd, 200, answer("<ref>a</ref><box>[[1, 2, 3, 4]]</box><|im_end|>", usage=(300, 12)))
    (got,) = open_engine(odd.url + "/v1").generate(Request(PROMPT, max_tokens=77, stop=["</tool_call>"]))
    assert (got.text, got.tokens_in, got.tokens_out) == ("<ref>a</ref><box>[[1, 2, 3, 4]]</box>", 300, 12)
    (body,) = odd.bodies
    assert body["model"] == "InternVL3-8B"
    assert (body["max_tokens"], body["temperature"], body["n"]) == (77, 0, 1)
    assert body["skip_special_tokens"] is False
    assert body["stop"] == ["<|im_end|>", "<|endoftext|>"]  # others could stand in reasoning
    system, user = body["messages"]
    assert system == {"role": "system", "content": "system"}
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "text"]
    data = user["content"][1]["image_url"]["url"].removeprefix("data:image/png;base64,")
    assert Image.open(BytesIO(base64.b64decode(data))).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/models"])
def test_the_address_may_leave_out_or_hold_the_path(odd: Any, path: str) -> None:
    paths = []

    def models(handler: BaseHTTPRequestHandler, _: str) -> None:
        paths.append(handler.path)
        odd.reply(handler, 200, b'{"data": [{"id": "m"}]}')

    odd.models = models
    assert open_engine(odd.url + path).name == "m"
    assert paths == ["/v1/models"]


def test_one_of_several_models_is_chosen_by_name(odd: Any) -> None:
    odd.models = lambda handler, _: odd.reply(handler, 200, b'{"data": [{"id": "a/b"}, {"id": "ScaleCUA-3B"}]}')
    first = open_engine(odd.url)
    assert first.name == "a/b"
    assert any("serves 2 models: using a/b" in note for note in first.notes)
    assert open_engine(odd.url + "/v1#ScaleCUA-3B").profile.name == "scalecua_qwen2_5"
    with pytest.raises(UsageError, match="serves a/b, ScaleCUA-3B, not c"):
        open_engine(odd.url + "#c")


def test_the_key_comes_from_the_environment(odd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "one")
    open_engine(odd.url)
    monkeypatch.setenv("HANDEYE_API_KEY", "two")
    open_engine(odd.url)
    assert [each["Authorization"] for each in odd.headers] == ["Bearer one", "Bearer two"]
    odd.models = lambda handler, _: odd.reply(handler, 401, error("no such key"))
    with pytest.raises(ModelError, match=r"refused the key \(401: no such key\); set HANDEYE_API_KEY"):
        open_engine(odd.url)


def test_samples_are_requested_at_once_and_greedy_ones_only_once(odd: Any) -> None:
    odd.chat = lambda handler, body: odd.reply(handler, 200, answer(*["x"] * json.loads(body)["n"], usage=(10, 7)))
    engine = open_engine(odd.url)
    sampled = engine.generate(Request(PROMPT, temperature=0.6, samples=3))
    assert [each.tokens_out for each in sampled] == [3, 2, 2]
    assert len(engine.generate(Request(PROMPT, samples=3))) == 3
    assert [body["n"] for body in odd.bodies] == [3, 1]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_queried_again(odd: Any, status: int) -> None:
    replies = iter([(status, b"busy"), (status, b""), (200, answer("there"))])
    odd.chat = lambda handler, _: odd.reply(handler, *next(replies))
    assert open_engine(odd.url).generate(Request(PROMPT))[0].text == "there"


def test_a_server_that_stays_broken_is_queried_a_bounded_number_of_times(odd: Any) -> None:
    always(odd, 500, error("CUDA error: out of memory"))
    refused(odd, r"answered 500: CUDA error: out of memory after 4 tries")
    assert len(odd.bodies) == 4


def test_a_server_that_asks_for_more_patience_than_there_is_ends_at_once(odd: Any) -> None:
    odd.chat = lambda handler, _: odd.reply(handler, 429, b"", Retry_After="30")
    began = time.monotonic()
    refused(odd, "answered 429 after 1 tries", timeout=5)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"<html><body>Welcome to nginx</body></html>", r"did not answer in JSON \(it begins '<html>"),
        (b"", r"did not answer in JSON \(it is empty\)"),
        (bytes(range(256)) * 20, "did not answer in JSON"),
        (b"[" * 100_000, "did not answer in JSON"),
        (b"[]", "gave no answer"),
        (b"null", "gave no answer"),
        (b'{"choices": []}', "gave no answer"),
        (b'{"choices": null, "usage": 3}', "gave no answer"),
        (b'{"choices": [{"message": {"content": null}}]}', "without text"),
        (b'{"choices": [{"text": "old style"}]}', "without text"),
        (b'{"choices": ["x"]}', "without text"),
        (answer("a", "b"), "gave 2 answers instead of 1"),
    ],
)
def test_garbage_is_a_model_error_in_one_sentence(odd: Any, data: bytes, match: str) -> None:
    always(odd, 200, data)
    refused(odd, match)


def test_an_answer_without_counts_is_an_answer(odd: Any) -> None:
    always(odd, 200, b'{"choices": [{"message": {"content": [{"type": "text", "text": "hi"}]}}], "usage": null}')
    (got,) = open_engine(odd.url).generate(Request(PROMPT))
    assert (got.text, got.tokens_in, got.tokens_out) == ("hi", 0, 0)


def test_a_refusal_is_reported_without_asking_again(odd: Any) -> None:
    always(odd, 400, error("This model takes no pictures"))
    refused(odd, "answered 400: This model takes no pictures")
    assert len(odd.bodies) == 1


@pytest.mark.parametrize(
    "message", ["Extra inputs are not permitted", "Unrecognized request argument supplied: skip_special_tokens"]
)
def test_a_server_that_knows_only_openai_fields_is_queried_without_the_others(odd: Any, message: str) -> None:
    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        odd.reply(handler, *((400, error(message)) if "skip_special" in body else (200, answer("fine"))))

    odd.chat = chat
    engine = open_engine(odd.url)
    (first,) = engine.generate(Request(PROMPT))
    (second,) = engine.generate(Request(PROMPT))
    assert (first.text, second.text) == ("fine", "fine")
    assert "may swallow <box>" in first.notes[0]
    assert any("may swallow <box>" in note for note in engine.notes)
    assert len(odd.bodies) == 3


def test_another_number_of_tiles_is_requested_and_a_refusal_is_noted(odd: Any) -> None:
    always(odd, 200, answer("fine"))
    open_engine(odd.url, EngineOptions(max_tiles=6)).generate(Request(PROMPT))
    assert odd.bodies[-1]["mm_processor_kwargs"] == {"max_patches": 6, "max_dynamic_patch": 6}

    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        message = "Per-request mm_processor_kwargs are disabled by default"
        odd.reply(handler, *((400, error(message)) if "mm_proc" in body else (200, answer("fine"))))

    odd.chat = chat
    (got,) = open_engine(odd.url, EngineOptions(max_tiles=6)).generate(Request(PROMPT))
    assert got.notes == ("the server does not let a request set the tiles: pictures are sent smaller instead",)
    assert "skip_special_tokens" in odd.bodies[-1]


def test_a_model_that_is_gone_is_reported_with_what_is_served_instead(odd: Any) -> None:
    engine = open_engine(odd.url)
    always(odd, 404, error("The model `InternVL3-8B` does not exist."))
    odd.models = lambda handler, _: odd.reply(handler, 200, b'{"data": [{"id": "InternVL3-2B"}]}')
    with pytest.raises(ModelError, match="no longer serves InternVL3-8B, but InternVL3-2B; start again"):
        engine.generate(Request(PROMPT))


@pytest.mark.parametrize("data", [b"{}", b'{"data": []}', b"[1]", b'{"data": [{"id": ""}, 3]}', b"<html>"])
def test_a_server_that_lists_no_models_is_reported_at_once(odd: Any, data: bytes) -> None:
    odd.models = lambda handler, _: odd.reply(handler, 200, data)
    with pytest.raises(ModelError, match=r"lists no models|did not answer in JSON"):
        open_engine(odd.url)


def test_a_redirect_is_not_followed(odd: Any) -> None:
    odd.models = lambda handler, _: odd.reply(handler, 302, b"", Location="http://127.0.0.1:1/")
    with pytest.raises(ModelError, match="answered 302"):
        open_engine(odd.url)


@pytest.fixture
def raw() -> Iterator[Any]:
    """A listening socket whose connections are handled by a function of the test."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    box: dict[str, Any] = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}", "times": 0}

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            box["times"] += 1
            with connection:
                connection.settimeout(20)
                connection.recv(65536)
                try:
                    box["handle"](connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield box
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(20)


def test_a_dropped_connection_is_tried_again_and_then_reported(raw: Any) -> None:
    raw["handle"] = lambda connection: None
    with pytest.raises(ModelError, match=r"dropped the connection .* after 4 tries"):
        open_engine(raw["url"])
    assert raw["times"] == 4


def test_half_an_answer_is_tried_again_and_then_reported(raw: Any) -> None:
    raw["handle"] = lambda connection: connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"data": [')
    with pytest.raises(ModelError, match="dropped the connection"):
        open_engine(raw["url"])


def test_what_does_not_speak_http_is_reported(raw: Any) -> None:
    raw["handle"] = lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 3)
    with pytest.raises(ModelError, match="dropped the connection"):
        open_engine(raw["url"])


def test_a_silent_server_is_given_up_after_the_time_allowed(raw: Any) -> None:
    done = threading.Event()
    raw["handle"] = lambda connection: done.wait(20)
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"did not answer within 0\.5 s"):
        open_engine(raw["url"], EngineOptions(answer_seconds=0.5))
    assert time.monotonic() - began < 15
    done.set()


def test_a_server_that_drips_is_given_up_after_the_time_allowed(raw: Any) -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not done.wait(0.05):
            connection.sendall(b" ")

    raw["handle"] = drip
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"did not answer within 0\.8 s"):
        open_engine(raw["url"], EngineOptions(answer_seconds=0.8))
    assert time.monotonic() - began < 15
    done.set()


def test_an_endless_answer_is_cut(raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "MOST_BYTES", 1 << 20)

    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    raw["handle"] = flood
    with pytest.raises(ModelError, match="answered with more than 1 MB"):
        open_engine(raw["url"], EngineOptions(answer_seconds=10))


def test_a_port_without_a_server_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ModelError, match=f"127.0.0.1:{port}/v1 cannot be reached .* after 4 tries"):
        open_engine(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["http://", "http:///v1", "http://host:99999999", "http://[::1"])
def test_what_is_no_address_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError, match="is not a server's address"):
        open_engine(address)


def test_a_proxy_from_the_environment_does_not_stand_between_us_and_this_machine(
    odd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    always(odd, 200, answer("direct"))
    assert open_engine(odd.url).generate(Request(PROMPT))[0].text == "direct"
