"""What is asked of which server beyond OpenAI's API, and what is done about a server that lacks it."""

from __future__ import annotations

import base64
import json
import math
import time
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handeye.perception.engines import EngineOptions, open_engine
from handeye.perception.engines.engine import Request
from handeye.perception.engines.serving import http as http_module
from handeye.perception.engines.serving.context_limit import canvas_size
from handeye.perception.internvl.profiles import ModelProfile
from handeye.perception.internvl.prompt import ChatTurn, Prompt, PromptImage, PromptPrefix, video_frames
from handeye.perception.internvl.tiling import MAX_TILES, choose_grid
from handeye.tools.errors import ModelError

GRAMMAR = 'root ::= "yes" | "no"'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "PAUSE", 0.01)


def shot(width: int, height: int) -> Prompt:
    return PromptPrefix("system", "goal").ask(Image.new("RGB", (width, height), "teal"), "question")


def models(odd: Any, owner: str, **more: Any) -> None:
    data = json.dumps({"data": [{"id": "m", "owned_by": owner} | more]}).encode()
    version = more.get("version", "0.32.0")
    odd.models = lambda handler, path: odd.reply(
        handler, 200, json.dumps({"version": version}).encode() if path == "/version" else data
    )


def good(text: str = "fine", **usage: Any) -> bytes:
    counts = {"prompt_tokens": 10, "completion_tokens": 2} | usage
    return json.dumps({"choices": [{"message": {"content": text}}], "usage": counts}).encode()


def answers(odd: Any, data: bytes) -> None:
    odd.chat = lambda handler, body: odd.reply(handler, 200, data)


def sizes(body: dict[str, Any]) -> list[tuple[int, int]]:
    """Of the pictures in a request."""
    parts = [part for message in body["messages"][1:] for part in message["content"]]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))).size for url in urls]


@pytest.mark.parametrize(
    ("owner", "version", "fields"),
    [
        ("vllm", "0.32.0", {"structured_outputs": {"grammar": GRAMMAR}}),
        ("vllm", "0.11.2", {"guided_grammar": GRAMMAR}),
        ("vllm", "of my own", {"structured_outputs": {"grammar": GRAMMAR}}),
        ("sglang", "", {"ebnf": GRAMMAR}),
        ("lmdeploy", "", {}),
        ("somebody", "", {"structured_outputs": {"grammar": GRAMMAR}}),
    ],
)
def test_a_grammar_goes_to_each_server_in_its_own_field(
    odd: Any, owner: str, version: str, fields: dict[str, Any]
) -> None:
    models(odd, owner, version=version)
    answers(odd, good())
    engine = open_engine(odd.url)
    (got,) = engine.generate(Request(shot(300, 300), grammar=GRAMMAR))
    (body,) = odd.bodies
    constraints = {"structured_outputs", "guided_grammar", "ebnf", "response_format"}
    assert {name: value for name, value in body.items() if name in constraints} == fields
    assert any("answers freely" in note for note in got.notes) == (not fields)
    assert any("answers freely" in note for note in engine.notes) == (not fields)
    assert not engine.generate(Request(shot(300, 300), grammar=GRAMMAR))[0].notes


def test_without_constraint_no_grammar_is_sent(odd: Any) -> None:
    answers(odd, good())
    open_engine(odd.url, EngineOptions(constrain=False)).generate(Request(shot(300, 300), grammar=GRAMMAR))
    assert "structured_outputs" not in odd.bodies[0]


@pytest.mark.parametrize(
    "said", ["Invalid grammar specification: Unexpected end", "Unknown field structured_outputs", "no guided decoding"]
)
def test_a_server_that_cannot_use_the_grammar_is_queried_freely_and_says_so_once(odd: Any, said: str) -> None:
    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        refuse = "structured_outputs" in body
        odd.reply(handler, 400 if refuse else 200, json.dumps({"message": said}).encode() if refuse else good())

    odd.chat = chat
    engine = open_engine(odd.url)
    notes = [engine.generate(Request(shot(300, 300), grammar=GRAMMAR))[0].notes for _ in range(2)]
    assert notes == [("the server cannot hold an answer to the grammar: it answers freely",), ()]
    assert [note for note in engine.notes if "answers freely" in note] == list(notes[0])
    assert all(body["skip_special_tokens"] is False for body in odd.bodies)
    assert len(odd.bodies) == 3


def test_a_server_that_knows_no_budgets_in_a_grammar_is_given_it_without_them(odd: Any) -> None:
    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        refuse = "max_tokens=40" in body
        odd.reply(
            handler, 400 if refuse else 200, b'{"message": "Invalid grammar: expected ::="}' if refuse else good()
        )

    odd.chat = chat
    (got,) = open_engine(odd.url).generate(
        Request(shot(300, 300), grammar="root ::= text\ntext[max_tokens=40] ::= [a-z]+")
    )
    assert odd.bodies[-1]["structured_outputs"] == {"grammar": "root ::= text\ntext ::= [a-z]+"}
    assert got.notes == ("the server's grammars know no budgets of tokens: texts may be of any length",)


def test_samples_are_drawn_as_the_in_process_engine_draws_them(odd: Any) -> None:
    answers(odd, good())
    engine = open_engine(odd.url)
    engine.generate(Request(shot(300, 300)))
    engine.generate(Request(shot(300, 300), temperature=0.6))
    assert ["top_p" in body for body in odd.bodies] == [False, True]
    assert odd.bodies[1]["top_p"] == 0.95


@pytest.mark.parametrize(
    ("owner", "name", "field", "value"),
    [
        ("vllm", "m", "mm_processor_kwargs", {"max_patches": 6, "max_dynamic_patch": 6}),
        ("sglang", "m", "max_dynamic_patch", 6),
        ("lmdeploy", "m", None, None),
    ],
)
def test_the_tiles_are_set_in_each_servers_own_field(
    odd: Any, owner: str, name: str, field: str | None, value: Any
) -> None:
    models(odd, owner)
    answers(odd, good())
    (got,) = open_engine(odd.url, EngineOptions(max_tiles=6)).generate(Request(shot(1920, 1080)))
    (body,) = odd.bodies
    assert body.get(field or "", None) == value
    picture = body["messages"][1]["content"][1]["image_url"]
    assert picture.get("max_dynamic_patch") == (6 if owner == "lmdeploy" else None)
    assert sizes(body) == [(1920, 1080)]
    assert got.tiles == 3
    assert got.notes == ()


def test_a_server_without_a_setting_for_the_tiles_is_sent_a_smaller_picture(odd: Any) -> None:
    models(odd, "lmdeploy", root="OpenGVLab/InternVL3-8B-hf")  # it reads its setting for the original format only
    answers(odd, good())
    engine = open_engine(odd.url, EngineOptions(max_tiles=6))
    (got,) = engine.generate(Request(shot(1920, 1080)))
    assert sizes(odd.bodies[0]) == [(2 * 448, 448)]
    assert choose_grid(2 * 448, 448) == (2, 1)
    assert got.tiles == 3
    assert got.notes == ("the server does not let a request set the tiles: pictures are sent smaller instead",)
    assert engine.generate(Request(shot(1920, 1080)))[0].notes == ()


def test_answers_in_pixels_are_of_the_picture_that_was_sent(odd: Any, tmp_path: Any) -> None:
    """A smaller picture would move every coordinate, so it is left as it is."""
    models(odd, "lmdeploy", root="x-hf")
    answers(odd, good())
    profile = tmp_path / "profile.json"
    profile.write_text(ModelProfile(name="of-mine", space="pixels").model_dump_json())
    engine = open_engine(odd.url, EngineOptions(max_tiles=6, profile=str(profile)))
    (got,) = engine.generate(Request(shot(1920, 1080)))
    assert sizes(odd.bodies[0]) == [(1920, 1080)]
    assert got.notes == ("the server does not let a request set the tiles: its own setting holds",)


def test_every_grid_can_be_had_of_every_server_by_the_size_of_the_picture() -> None:
    for own in range(1, MAX_TILES + 1):
        grids = {(columns, rows) for columns in range(1, own + 1) for rows in range(1, own // columns + 1)}
        assert all(choose_grid(*canvas_size(grid, own, 448), own) == grid for grid in grids)


def test_pictures_of_one_tile_stay_so_next_to_a_large_one(odd: Any) -> None:
    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        refuse = "mm_processor_kwargs" in body
        odd.reply(handler, 400 if refuse else 200, b'{"detail": "mm_processor_kwargs disabled"}' if refuse else good())

    odd.chat = chat
    image = shot(1920, 1080).images[0]
    prompt = Prompt("s", (ChatTurn("user", (*video_frames([image, image]), image, PromptImage(image, 2), "q")),))
    (got,) = open_engine(odd.url, EngineOptions(max_tiles=6)).generate(Request(prompt))
    assert sizes(odd.bodies[-1]) == [(448, 448), (448, 448), (896, 448), (896, 448)]
    assert got.tiles == 1 + 1 + 3 + 3


@pytest.mark.parametrize(
    ("said", "bounds"),
    [
        ("Input length (9000) exceeds model's maximum context length (8192).", [12, 5]),
        ("This model's maximum context length is 8192 tokens. However, you requested 8300 tokens", [12, 11]),
        ("the prompt is too long", [12, 5, 3]),
    ],
)
def test_a_prompt_too_long_is_sent_again_with_as_many_tiles_as_fit(odd: Any, said: str, bounds: list[int]) -> None:
    """1600x1200 takes 13 tiles at a bound of 12, 7 at 6 to 11, 5 at 4 and 5, and 2 and 3 at the rest."""
    models(odd, "sglang", max_model_len=8192)
    taken: list[int] = []

    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        taken.append(json.loads(body).get("max_dynamic_patch", 12))
        last = len(taken) == len(bounds)
        odd.reply(handler, 200 if last else 400, good() if last else json.dumps({"message": said}).encode())

    odd.chat = chat
    (got,) = open_engine(odd.url).generate(Request(shot(1600, 1200), max_tokens=512))
    assert len(taken) == len(bounds), taken
    assert taken[0] == 12
    assert all(one > two for one, two in pairwise(taken))
    assert "tiles a picture instead of 12: the server says" in got.notes[0]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            400,
            {
                "object": "error",
                "message": "Input length (8300 tokens) exceeds the maximum allowed length (8192 tokens).",
            },
        ),
        (
            422,
            {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192; got 8000 and 512"},
        ),
        (400, {"message": "max_tokens must be at least 1, got -511."}),
        (
            400,
            {"error": {"code": 400, "message": "cannot process the request", "n_prompt_tokens": 8300, "n_ctx": 8192}},
        ),
        (
            400,
            {"error": {"message": "The decoder prompt (length 8300) is longer than the maximum length of 8192."}},
        ),
        (400, {"detail": "gateway: upstream limit of 8,192 tokens passed, prompt has 8,300 (http 400)"}),
        (400, {"message": "prompt tokens 8300 > limit 8192", "code": 999}),
    ],
)
def test_a_server_may_say_in_any_words_that_a_prompt_is_too_long(odd: Any, status: int, body: dict[str, Any]) -> None:
    """What counts is a limit of tokens, or a length, and numbers."""
    models(odd, "sglang")
    left = iter([(status, json.dumps(body).encode()), (200, good())])
    odd.chat = lambda handler, _: odd.reply(handler, *next(left))
    (got,) = open_engine(odd.url).generate(Request(shot(1600, 1200), max_tokens=512))
    assert "at most" in got.notes[0]
    assert 5 <= int(str(odd.bodies[1]["max_dynamic_patch"])) < 12


def test_a_prompt_too_long_even_without_tiles_is_a_model_error(odd: Any) -> None:
    models(odd, "vllm", max_model_len=8192)
    said = b'{"message": "Input length (90000) exceeds the maximum context length (8192)"}'
    odd.chat = lambda handler, body: odd.reply(handler, 400, said)
    with pytest.raises(ModelError, match="even fewer tiles would not do: shorten the goal, or start the server with"):
        open_engine(odd.url).generate(Request(shot(1920, 1080)))
    assert len(odd.bodies) == 1
    with pytest.raises(ModelError, match="maximum context length"):
        open_engine(odd.url).generate(Request(Prompt("s", (ChatTurn("user", ("no picture",)),))))


def test_a_question_too_large_for_a_proxy_is_sent_with_a_smaller_picture(odd: Any) -> None:
    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        large = len(body) > 1_500_000
        odd.reply(handler, 413 if large else 200, b"<html>413 Request Entity Too Large</html>" if large else good())

    odd.chat = chat
    models(odd, "lmdeploy", root="x-hf")
    noise = np.random.default_rng(0).integers(0, 256, (800, 1280, 3), dtype=np.uint8)
    (got,) = open_engine(odd.url).generate(
        Request(PromptPrefix("system", "goal").ask(Image.fromarray(noise), "question"))
    )
    assert got.text == "fine"
    assert len(odd.bodies) > 1


def test_what_was_reused_is_counted(odd: Any) -> None:
    usage: dict[str, Any] = {
        "prompt_tokens": 3000,
        "prompt_tokens_details": {"cached_tokens": 2700, "multimodal_tokens": {"image": 7 * 256 + 2}},
    }
    answers(odd, good(**usage))
    (got,) = open_engine(odd.url).generate(Request(shot(1280, 800)))
    assert (got.tokens_reused, got.tiles) == (2700, 7)
    assert got.tiles_reused == (2700 - (3000 - 7 * 256)) // 256  # the least there can be
    answers(odd, good(prompt_tokens_details=None))
    (got,) = open_engine(odd.url).generate(Request(shot(1280, 800)))
    assert (got.tokens_reused, got.tiles, got.tiles_reused) == (0, 7, 0)


def test_a_server_with_a_setting_of_its_own_is_found_out_by_what_it_counts(odd: Any) -> None:
    answers(odd, good(prompt_tokens_details={"multimodal_tokens": {"image": 16 * 256 + 2}}))
    engine = open_engine(odd.url)
    assert engine.generate(Request(shot(1280, 800)))[0].tiles == 16
    assert "the server has a setting of its own, of at least 15 tiles a picture" in engine.notes
    answers(odd, good(prompt_tokens_details={"multimodal_tokens": {"image": 7 * 256 + 2}}))
    assert engine.generate(Request(shot(1280, 800)))[0].tiles == 7
    assert ["mm_processor_kwargs" in body for body in odd.bodies] == [False, True]


def test_a_server_that_was_started_for_the_tiles_wanted_is_taken_at_its_count(odd: Any) -> None:
    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        refuse = "mm_processor_kwargs" in body
        counted = good(prompt_tokens_details={"multimodal_tokens": {"image": 16 * 256 + 2}})
        odd.reply(handler, 400 if refuse else 200, b'{"detail": "mm_processor_kwargs disabled"}' if refuse else counted)

    odd.chat = chat
    engine = open_engine(odd.url, EngineOptions(max_tiles=24))
    assert [engine.generate(Request(shot(1920, 1080)))[0].tiles for _ in range(2)] == [16, 16]
    assert len(odd.bodies) == 3
    assert not any("setting of its own" in note for note in engine.notes)


def test_the_same_screenshot_goes_out_in_the_same_bytes(odd: Any) -> None:
    answers(odd, good())
    engine = open_engine(odd.url)
    for question in ("one", "two"):
        engine.generate(Request(PromptPrefix("system", "goal").ask(shot(640, 400).images[0].copy(), question)))
    first, second = (body["messages"] for body in odd.bodies)
    assert first[1]["content"][:2] == second[1]["content"][:2]
    assert first[1]["content"] != second[1]["content"]


def logprobs(*pairs: tuple[str, float]) -> bytes:
    top = [{"token": token, "logprob": value} for token, value in pairs]
    choice = {"message": {"content": top[0]["token"]}, "logprobs": {"content": [top[0] | {"top_logprobs": top}]}}
    return json.dumps(
        {"choices": [choice], "usage": {"prompt_tokens": 50, "prompt_tokens_details": {"cached_tokens": 32}}}
    ).encode()


def test_options_are_weighed_at_each_place_by_one_token_each(odd: Any) -> None:
    replies = iter(
        [logprobs(("+", math.log(0.3)), ("-", math.log(0.1)), ("x", -1)), logprobs(("-", -0.1), ("+", -9999))]
    )
    odd.chat = lambda handler, body: odd.reply(handler, 200, next(replies))
    prompt = Prompt("s", (ChatTurn("user", ("one",)), ChatTurn("assistant", ("+",)), ChatTurn("user", ("two",))))
    weighed = open_engine(odd.url).score_options(prompt, ("+", "-"))
    assert [list(row) for row in weighed.probabilities] == [pytest.approx([0.75, 0.25]), [0.0, 1.0]]
    assert (weighed.usage.calls, weighed.usage.tokens_in, weighed.usage.tokens_reused) == (2, 100, 64)
    first, second = odd.bodies
    assert [len(body["messages"]) for body in (first, second)] == [2, 4]
    assert (first["max_tokens"], first["logprobs"], first["top_logprobs"]) == (1, True, 20)
    assert first["structured_outputs"] == {"grammar": 'root ::= "+" | "-"'}


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (good("+"), "gives no log-probabilities.*serve the model with vLLM"),
        (b'{"choices": [{"message": {"content": "+"}, "logprobs": {"content": []}}]}', "gives no log-probabilities"),
        (logprobs(("a", -1), ("b", -2)), r"none of \+, - among the 2 likeliest tokens"),
    ],
)
def test_a_server_that_cannot_weigh_is_a_model_error_with_a_remedy(odd: Any, data: bytes, match: str) -> None:
    answers(odd, data)
    with pytest.raises(ModelError, match=match):
        open_engine(odd.url).score_options(shot(300, 300), ("+", "-"))


def test_reasoning_in_a_field_of_its_own_is_no_part_of_the_answer(odd: Any) -> None:
    for field in ("reasoning", "reasoning_content"):
        message = {"content": "click", field: "because"}
        answers(odd, json.dumps({"choices": [{"message": message}]}).encode())
        (got,) = open_engine(odd.url).generate(Request(shot(300, 300)))
        assert (got.text, got.reasoning, got.trouble) == ("click", "because", "")


def test_a_server_that_gives_one_sample_at_a_time_receives_further_requests(odd: Any) -> None:
    answers(odd, good())
    got = open_engine(odd.url).generate(Request(shot(300, 300), temperature=1.0, samples=3))
    assert [answer.text for answer in got] == ["fine"] * 3
    assert [body["n"] for body in odd.bodies] == [3, 2, 1]


def test_a_model_that_changes_between_two_answers_is_reported(odd: Any) -> None:
    names = iter(["InternVL3-8B", "InternVL3-8B", "InternVL3-1B"])
    odd.chat = lambda handler, body: odd.reply(
        handler, 200, good().replace(b"{", b'{"model": "%s", ' % next(names).encode(), 1)
    )
    engine = open_engine(odd.url)
    engine.generate(Request(shot(300, 300)))
    engine.generate(Request(shot(300, 300)))
    with pytest.raises(ModelError, match="answered as InternVL3-1B after InternVL3-8B: its model was changed"):
        engine.generate(Request(shot(300, 300)))


def test_an_engine_that_broke_in_the_middle_of_an_answer_is_reported(odd: Any) -> None:
    answers(odd, b'{"choices": [{"message": {"content": "half"}, "finish_reason": "abort"}]}')
    with pytest.raises(ModelError, match="gave up in the middle of an answer"):
        open_engine(odd.url).generate(Request(shot(300, 300)))


def test_all_tries_together_end_within_the_time_for_one_answer(odd: Any) -> None:
    def chat(handler: BaseHTTPRequestHandler, body: str) -> None:
        time.sleep(0.4)
        odd.reply(handler, 503, b"")

    odd.chat = chat
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"answered 503|did not answer within 1 s"):
        open_engine(odd.url, EngineOptions(answer_seconds=1)).generate(Request(shot(300, 300)))
    assert time.monotonic() - began < 15
