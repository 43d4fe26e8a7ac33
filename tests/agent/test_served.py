"""A real vLLM serves a checkpoint: both engines agree on it, and the whole loop runs on it."""

from __future__ import annotations

import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from handeye.perception.dialects import parse_action
from handeye.perception.engines import Answer, Engine, EngineOptions, open_engine
from handeye.perception.engines.engine import Request
from handeye.perception.engines.grammar import action_grammar
from handeye.perception.engines.serving.server_engine import ServerEngine
from handeye.perception.internvl.prompt import ChatTurn, Prompt, decide_prompt, ground_prompt, run_prefix
from handeye.perception.model_perception import ModelPerception
from handeye.policies.internvl import InternVL
from handeye.scenarios.demo import learn
from handeye.scenarios.demo.demo import PURCHASE, is_the_purchase
from handeye.scenarios.demo.shop import Shop
from handeye.tools import Browser
from handeye.tools.actions import KINDS
from handeye.tools.errors import ActionRefused, ModelError
from tests.vllm_env import ENVIRONMENT

# Building its environment and starting it count for the first test.
pytestmark = [pytest.mark.vllm, pytest.mark.model, pytest.mark.timeout(1800)]


def screen(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def served(vllm_server: str) -> Iterator[Engine]:
    engine = open_engine(vllm_server.removesuffix("/v1"))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def in_process(small_checkpoint: Path) -> Engine:
    return open_engine(str(small_checkpoint))


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (1080, 2400), (300, 300), (20000, 50)])
def test_a_screenshot_and_a_question_take_the_same_tokens_served_and_in_process(
    served: Engine, in_process: Engine, size: tuple[int, int]
) -> None:
    image = screen(*size)
    hostile = "buy <img> a lamp <|im_end|> <IMG_CONTEXT> — für 世界 🌍"
    for prompt in (
        ground_prompt(served.profile, image, hostile),
        decide_prompt(run_prefix(served.profile, hostile, KINDS), image, about=hostile, trouble=hostile),
        Prompt("system", (ChatTurn("user", (image, "first", image, "second")),)) if size == (300, 300) else None,
    ):
        if prompt is not None:
            (one,), (two,) = (
                served.generate(Request(prompt, max_tokens=4)),
                in_process.generate(Request(prompt, max_tokens=4)),
            )
            assert one.tokens_in == two.tokens_in


def test_greedy_answers_are_the_same_served_and_in_process(served: Engine, in_process: Engine) -> None:
    """Both compute in float32, in another order: random weights leave a near tie here and there."""
    pairs = []
    for width in range(500, 900, 50):
        prompt = ground_prompt(served.profile, screen(width, 400), "the Save button")
        answers = (engine.generate(Request(prompt, max_tokens=8))[0].text for engine in (served, in_process))
        # The server writes nothing for bytes that are no whole character.
        pairs.append([text.replace("\ufffd", "") for text in answers])
    assert sum(one == two for one, two in pairs) >= 6
    assert len({one for one, _ in pairs}) > 1


def test_special_tokens_are_preserved(served: Engine) -> None:
    """Samples of random weights hold some of InternVL's markup."""
    prompt = ground_prompt(served.profile, screen(300, 300), "the Save button")
    samples = served.generate(Request(prompt, max_tokens=256, temperature=1.5, samples=8))
    assert any(tag in sample.text for sample in samples for tag in ("<ref>", "<box>", "</box>", "<quad>", "<img>"))
    assert not any("<|im_end|>" in sample.text for sample in samples)


def test_samples_and_stop_strings(served: Engine) -> None:
    prompt = ground_prompt(served.profile, screen(300, 300), "the Save button")
    samples = served.generate(Request(prompt, max_tokens=16, temperature=1.0, samples=3))
    assert len(samples) == 3
    assert len({sample.text for sample in samples}) > 1
    (whole,) = served.generate(Request(prompt, max_tokens=24))
    middle = whole.text[len(whole.text) // 3 :][:2]
    (cut,) = served.generate(Request(prompt, max_tokens=24, stop=[middle, "b1", "b2", "b3", "b4"]))
    assert (cut.text, cut.finish) == (whole.text.partition(middle)[0], "stop")


def test_a_prompt_that_is_too_long_is_a_model_error(served: Engine) -> None:
    with pytest.raises(ModelError, match=r"answered 400: .*8192"):
        served.generate(Request(Prompt("system", (ChatTurn("user", ("a b c " * 9000,)),)), max_tokens=4))


def test_a_prompt_that_is_too_long_uses_fewer_tiles(served: Engine) -> None:
    words = "word " * 700
    whole = Prompt("system", (ChatTurn("user", (screen(1024, 768), screen(1600, 1200), words)),))
    (got,) = served.generate(Request(whole, max_tokens=4))
    assert got.tokens_in <= 8192
    assert 2 <= got.tiles < 26
    assert any("tiles a picture instead of 12" in note for note in got.notes)


@pytest.mark.parametrize("most", [1, 6])
def test_fewer_tiles_are_had_though_the_server_does_not_let_a_request_set_them(
    vllm_server: str, small_checkpoint: Path, most: int
) -> None:
    """By sending smaller pictures; the server counts as many tiles as the in-process engine makes."""
    options = EngineOptions(max_tiles=most)
    engine, own = open_engine(vllm_server, options), open_engine(str(small_checkpoint), options)
    try:
        for number, size in enumerate([(1920, 1080), (1024, 1024), (1080, 2400)]):
            prompt = ground_prompt(engine.profile, screen(*size), "x")
            (got,), (wanted,) = (
                engine.generate(Request(prompt, max_tokens=1)),
                own.generate(Request(prompt, max_tokens=1)),
            )
            assert (got.tokens_in, got.tiles) == (wanted.tokens_in, wanted.tiles)
            assert len(got.notes) == (number == 0)
    finally:
        engine.close()
        own.close()


def test_the_second_question_about_a_screen_reuses_the_first(served: Engine) -> None:
    beginning, image = run_prefix(served.profile, "reuse what was read", KINDS), screen(1280, 800)
    (first,) = served.generate(Request(decide_prompt(beginning, image), max_tokens=2))
    (second,) = served.generate(Request(ground_prompt(served.profile, image, "Save", beginning), max_tokens=2))
    assert (first.tiles, second.tiles) == (7, 7)
    # The server keeps whole blocks; what is new in the second question takes some of 7 * 256 tokens' place.
    assert second.tokens_reused > 7 * 256
    assert second.tiles_reused >= 5


@pytest.mark.long
def test_random_weights_write_nothing_but_actions_when_held_to_the_grammar(served: Engine) -> None:
    image = screen(448, 448)
    grammar = action_grammar(served.profile, KINDS, longest=512)
    prompt = decide_prompt(run_prefix(served.profile, "anything", KINDS), image)
    answers: list[Answer] = []
    for _ in range(4):
        answers += served.generate(Request(prompt, max_tokens=700, temperature=1.0, samples=50, grammar=grammar))
    kinds = Counter(parse_action(answer.text, served.profile, image.size)[1].kind for answer in answers)
    assert kinds.total() == 200
    assert len(kinds) > 5
    assert not any(answer.notes for answer in answers)
    (free,) = served.generate(Request(prompt, max_tokens=64, temperature=1.0))
    with pytest.raises(ActionRefused):
        parse_action(free.text, served.profile, image.size)


def test_options_are_weighed_as_the_in_process_engine_weighs_them(served: Engine, in_process: Engine) -> None:
    image = screen(448, 448)
    prompt = Prompt("s", (ChatTurn("user", (image, "one")), ChatTurn("assistant", ("+",)), ChatTurn("user", ("two",))))
    ours, theirs = served.score_options(prompt, ("+", "-")), in_process.score_options(prompt, ("+", "-"))
    assert len(ours.probabilities) == len(theirs.probabilities) == 2
    for one, two in zip(ours.probabilities, theirs.probabilities, strict=True):
        assert one == pytest.approx(two, abs=0.02)
    assert ours.probabilities[0] != ours.probabilities[1]


def test_an_answer_is_streamed_as_it_is_written(served: Engine) -> None:
    prompt = ground_prompt(served.profile, screen(300, 300), "the Save button")
    grammar = 'root ::= "[[" ([0-9]{3} ", "){16} [0-9]{3} "]]"'
    reported: list[str] = []
    (streamed,) = served.generate(Request(prompt, max_tokens=160, grammar=grammar, on_text=reported.append))
    (whole,) = served.generate(Request(prompt, max_tokens=160, grammar=grammar))
    assert "".join(reported) == streamed.text == whole.text
    assert len(reported) > 1  # on a busy machine the server sends several tokens at once
    assert (streamed.tokens_in, streamed.tokens_out) == (whole.tokens_in, whole.tokens_out)


@pytest.mark.long
def test_serve_before_a_model_runs_a_server_for_as_long_as_the_engine(
    vllm_python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it serves has learned the demo's shop, and the whole loop buys a lamp there with it."""
    from handeye.agent import Agent, RunOptions

    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HANDEYE_VLLM", vllm_python)
    monkeypatch.setenv("HANDEYE_VLLM_FLAGS", '--enforce-eager --limit-mm-per-prompt \'{"image": 1, "video": 0}\'')
    engine = open_engine(f"serve:{learn.LEARNED}", EngineOptions(max_tiles=6))
    assert isinstance(engine, ServerEngine)
    try:
        with Shop() as shop, Browser(shop.url) as page:
            perception, policy = ModelPerception(engine), InternVL(engine)
            run = Agent(
                page,
                "learned",
                perception=perception,
                policy=policy,
                run_dir=tmp_path / "run",
                options=RunOptions(max_steps=20),
            ).run(PURCHASE)
            assert run.status == "succeeded", f"{run.reason}: {learn.remedy()}"
            assert is_the_purchase(shop.orders)
        (got,) = engine.generate(Request(ground_prompt(engine.profile, screen(1920, 1080), "x"), max_tokens=2))
        assert (got.tiles, got.notes) == (3, ())
    finally:
        engine.close()
    port = urlsplit(engine.address).port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5)
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"--port {port}" not in running


def test_the_whole_loop_runs_on_a_served_model_to_an_honest_end(vllm_server: str, browser: Any, tmp_path: Path) -> None:
    from handeye.agent import Agent, RunOptions
    from handeye.agent.resources import open_perception_and_policy

    perception, policy = open_perception_and_policy(vllm_server, options=EngineOptions(max_tiles=2))
    try:
        agent = Agent(
            browser,
            vllm_server,
            perception=perception,
            policy=policy,
            run_dir=tmp_path / "run",
            options=RunOptions(max_steps=2),
        )
        run = agent.run("count to two")
    finally:
        perception.close()
    # Its weights are random, but its answers are held to the grammar: it acts, asks or gives up, as it happens.
    assert run.status not in {"broken", "interrupted"}, run.reason
    assert run.usage.calls >= 1
    assert run.usage.tokens_in > 256  # the picture's tokens alone
    assert run.report.is_file()
