"""Several answers, several prompts, weighing, and too little memory, on small checkpoints of every family."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handeye.perception.engines import EngineOptions
from handeye.perception.engines.engine import Request
from handeye.perception.engines.in_process.small_checkpoint import Language, build_small_checkpoint
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.prompt import ChatTurn, Prompt, ground_prompt
from handeye.tools.errors import ModelError

pytestmark = pytest.mark.model

LANGUAGES: tuple[Language, ...] = ("qwen2", "llama", "qwen3", "qwen3_moe", "gpt_oss")


def screen(width: int = 896, height: int = 448, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def place(*, seed: int = 0, size: tuple[int, int] = (448, 448), phrase: str = "the Save button") -> Prompt:
    return ground_prompt(INTERNVL3, screen(*size, seed=seed), phrase)


@pytest.fixture(scope="module")
def engine(small_checkpoint: Path) -> InProcessEngine:
    return InProcessEngine.open(str(small_checkpoint))


@pytest.fixture(scope="module")
def gpt_oss(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of its layers every other attends to a window of 128 tokens."""
    return build_small_checkpoint(tmp_path_factory.mktemp("gpt-oss") / "small", language="gpt_oss")


def reading(engine: InProcessEngine, prompt: Prompt) -> Any:
    return engine._reader.read(*engine._tokenise(prompt, 12), deadline=math.inf)


def test_the_logits_are_those_of_the_model_queried_directly(engine: InProcessEngine) -> None:
    """To the last bit where the prompt is one piece; else up to the rounding of float32, a piece at a time."""
    import torch

    model = engine._checkpoint.model
    for prompt in (Prompt("s", (ChatTurn("user", ("no picture",)),)), place(size=(896, 896))):
        ids, tilings = engine._tokenise(prompt, 12)
        pixels = torch.from_numpy(tilings[0].pixels) if tilings else None
        with torch.inference_mode():
            ours = engine._reader.read(ids, tilings, deadline=math.inf, places=range(len(ids))).logits
            theirs = model(input_ids=torch.tensor([ids]), pixel_values=pixels).logits[0]
        assert ours.shape == theirs.shape
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-5)
        assert tilings or torch.equal(ours, theirs)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_part_answers_as_it_does_when_queried_directly(language: Language, tmp_path: Path) -> None:
    """With what was kept of another question, too, and where the layers attend to a sliding window."""
    import torch

    folder = build_small_checkpoint(tmp_path / "InternVL3-small", language=language)
    engine = InProcessEngine.open(
        str(folder), EngineOptions(profile="internvl3_5_gpt_oss" if language == "gpt_oss" else "")
    )
    model, tokenizer = engine._checkpoint.model, engine._checkpoint.tokenizer
    for phrase, reused in (("the Save button", False), ("a lamp", True)):
        prompt = ground_prompt(engine.profile, screen(), phrase)
        ids, (tiling,) = engine._tokenise(prompt, 12)
        tokens = torch.tensor([ids])
        with torch.inference_mode():
            written = model.generate(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                pixel_values=torch.from_numpy(tiling.pixels),
                max_new_tokens=20,
                do_sample=False,
            )
        expected = tokenizer.decode(written[0, len(ids) :], skip_special_tokens=False)
        (answer,) = engine.generate(Request(prompt, max_tokens=20))
        assert answer.text
        assert expected.startswith(answer.text)
        assert (answer.tokens_out == 20) == (answer.finish == "length")
        assert (answer.tokens_reused > 768) == reused


def test_a_sliding_window_from_the_first_layer_on_is_cached_correctly(small_checkpoint: Path, tmp_path: Path) -> None:
    import json
    import shutil

    folder = Path(shutil.copytree(small_checkpoint, tmp_path / "InternVL3-window"))
    config = json.loads((folder / "config.json").read_text())
    config["text_config"].update(
        use_sliding_window=True, sliding_window=40, max_window_layers=0, layer_types=["sliding_attention"] * 2
    )
    (folder / "config.json").write_text(json.dumps(config))
    windowed, whole = InProcessEngine.open(str(folder)), InProcessEngine.open(str(small_checkpoint))
    plain = InProcessEngine.open(str(folder), EngineOptions(cache_mb=0))
    for phrase in ("the Save button", "a lamp"):
        prompt = place(phrase=phrase)
        (ours,) = windowed.generate(Request(prompt, max_tokens=16))
        assert ours.text == plain.generate(Request(prompt, max_tokens=16))[0].text
        assert ours.text != whole.generate(Request(prompt, max_tokens=16))[0].text
    assert ours.tokens_reused > 256
    answers = windowed.generate_batch(
        [Request(each, max_tokens=16) for each in (place(), place(phrase="a lamp, or two of them"))]
    )
    assert answers[0].text == plain.generate(Request(place(), max_tokens=16))[0].text


@pytest.mark.parametrize("language", ["qwen2", "gpt_oss"])
def test_samples_of_one_prompt_are_what_they_are_one_at_a_time(
    language: Language, small_checkpoint: Path, gpt_oss: Path
) -> None:
    """Sampled so cold that chance has no say, and with rows that end at different times."""
    engine = InProcessEngine.open(str(small_checkpoint if language == "qwen2" else gpt_oss))
    prompt = place(size=(896, 448))
    grammar = 'root ::= [a-z]{1,9} ("stop here" | " and on" [0-9]{3})'
    (greedy,) = engine.generate(Request(prompt, max_tokens=24, grammar=grammar))
    cold = engine.generate(Request(prompt, max_tokens=24, temperature=1e-6, samples=3, grammar=grammar))
    assert [answer.text for answer in cold] == [greedy.text] * 3
    warm = engine.generate(Request(prompt, max_tokens=24, temperature=1.5, samples=6, grammar=grammar))
    assert len({answer.text for answer in warm}) > 3
    assert len({answer.tokens_out for answer in warm}) > 1
    assert {answer.tokens_reused for answer in warm} == {warm[0].tokens_reused}


def test_sampled_rows_see_what_they_wrote_and_nothing_else(
    engine: InProcessEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of unequal length share a cache: each token is among the likeliest after its own row alone."""
    import torch

    from handeye.perception.engines.in_process.decode import decode_rows

    prompt = place()
    ids, tilings = engine._tokenise(prompt, 12)
    short, _ = engine._holding('root ::= [a-z]{2} "x" [a-z]{4}')
    long, _ = engine._holding('root ::= [a-z]{2} "yes, this is longer than the other" [0-9] [a-z]{4}')
    with torch.inference_mode():
        read = reading(engine, prompt)
        rows = [engine._row(Request(prompt, max_tokens=60), held, None) for held in (short, long, short, long, long)]
        taken: dict[int, list[tuple[list[int], Any]]] = {}
        step = engine._reader.step

        def watched(cache: Any, filled: Any, alive: Any) -> Any:
            pending = {id(row): list(row.pending) for row in alive}
            made = step(cache, filled, alive)
            for row, scores in zip(alive, made[0], strict=True):
                taken.setdefault(id(row), []).append((pending[id(row)], scores))
            return made

        monkeypatch.setattr(engine._reader, "step", watched)
        for row in rows:
            row.read(read.position)
        read.cache.batch_repeat_interleave(5)
        decode_rows(engine._reader, read.cache, None, rows, read.logits.expand(5, -1), 1.5, math.inf)
        widths = set()
        for row in rows:
            written: list[int] = []
            for pending, scores in taken[id(row)]:
                written += pending
                widths.add(len(pending))
                alone = engine._reader.read(ids, tilings, forced=written, deadline=math.inf).logits[0]
                assert torch.allclose(scores, alone, atol=1e-4)
    assert len(widths) > 1


def test_many_prompts_at_once_are_answered_as_one_by_one(engine: InProcessEngine) -> None:
    grammar = 'root ::= "[[" [0-9]{1,3} ("]]" | ", " [0-9]{1,3} ", and so on]]")'
    prompts = [
        place(),
        place(seed=1, size=(896, 448), phrase="a lamp"),
        Prompt("s", (ChatTurn("user", ("no picture",)),)),
        place(phrase="another"),
    ]
    for held, most in (("", 20), (grammar, 20), ("", 3)):
        together = engine.generate_batch([Request(each, max_tokens=most, grammar=held) for each in prompts])
        alone = [engine.generate(Request(prompt, max_tokens=most, grammar=held))[0] for prompt in prompts]
        for ours, theirs in zip(together, alone, strict=True):
            assert (ours.text, ours.finish, ours.tokens_out) == (theirs.text, theirs.finish, theirs.tokens_out)
            assert (ours.tokens_forced, ours.window) == (theirs.tokens_forced, theirs.window)
    assert len({answer.text for answer in together}) > 1
    assert engine.generate_batch([]) == []


def test_options_are_weighed_by_their_logits_alone(engine: InProcessEngine) -> None:
    """As VisualPRM's authors do it: where each earlier answer stands, and at the end."""
    import torch

    turns = (
        ChatTurn("user", ("### Question:\nsave it\n\n### Solution Process:\nopen the menu", screen(448, 448))),
        ChatTurn("assistant", ("+",)),
        ChatTurn("user", ("click Save",)),
        ChatTurn("assistant", ("a remark",)),
        ChatTurn("user", ("close it",)),
        ChatTurn("assistant", ("-",)),
        ChatTurn("user", ("done",)),
    )
    prompt = Prompt("You judge steps.", turns)
    weighed = engine.score_options(prompt, ["+", "-"])
    model, tokenizer = engine._checkpoint.model, engine._checkpoint.tokenizer
    ids, (tiling,) = engine._tokenise(prompt, 12)
    signs = [tokenizer.convert_tokens_to_ids(sign) for sign in "+-"]
    answers = [
        place for place, token in enumerate(ids) if token in signs and ids[place + 1] == engine._checkpoint.ends[0]
    ]
    assert len(answers) == 2
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids]), pixel_values=torch.from_numpy(tiling.pixels)).logits[0]
    expected = logits[[*(each - 1 for each in answers), -1]][:, signs].softmax(-1)
    assert np.allclose(weighed.probabilities, expected, atol=1e-5)
    assert all(math.isclose(sum(row), 1) for row in weighed.probabilities)
    assert (weighed.usage.calls, weighed.usage.tokens_out, weighed.usage.tiles) == (1, 0, 1)

    again = engine.score_options(prompt, ["+", "-"])
    assert again.probabilities == weighed.probabilities
    assert again.usage.tiles_reused == 1
    assert 256 < again.usage.tokens_reused < answers[0]


def test_an_option_of_several_tokens_cannot_be_weighed(engine: InProcessEngine) -> None:
    with pytest.raises(ModelError, match=r"'not one token' is not one token of small-internvl"):
        engine.score_options(place(), ["+", "not one token"])


def exhausted(limit: int) -> Callable[..., None]:
    """What a device does that holds keys and values of so many tokens."""
    import torch

    def check(_: Any, __: Any, kwargs: dict[str, Any]) -> None:
        cache = kwargs["cache" if "cache" in kwargs else "past_key_values"]
        if cache.get_seq_length() + kwargs["inputs_embeds"].shape[1] > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    return check


def test_out_of_memory_the_caches_go_first_and_then_tiles(small_checkpoint: Path) -> None:
    engine = InProcessEngine.open(str(small_checkpoint))
    prompt = place(size=(896, 896))
    language = engine._checkpoint.model.model.language_model
    hook = language.register_forward_pre_hook(exhausted(1100), with_kwargs=True)
    (answer,) = engine.generate(Request(prompt, max_tokens=4))
    assert answer.notes == (
        "the memory ran out: the caches of earlier screens were emptied",
        "at most 3 tiles a picture instead of 12: the memory ran out",
    )
    assert answer.tiles == 1
    hook.remove()
    few = InProcessEngine.open(str(small_checkpoint), EngineOptions(max_tiles=3, cache_mb=0))
    assert few.generate(Request(prompt, max_tokens=4))[0].text == answer.text

    hook = language.register_forward_pre_hook(exhausted(100), with_kwargs=True)
    with pytest.raises(
        ModelError, match="too small for small-internvl even at one tile a picture; use a smaller model"
    ):
        engine.generate(Request(prompt, max_tokens=4))
    hook.remove()
    assert engine.generate(Request(prompt, max_tokens=4))[0].tiles == 5


def test_prompts_that_do_not_fit_side_by_side_are_answered_one_by_one(small_checkpoint: Path) -> None:
    engine = InProcessEngine.open(str(small_checkpoint))
    prompts = [place(), place(seed=1)]
    alone = [engine.generate(Request(prompt, max_tokens=4))[0].text for prompt in prompts]

    def check(_: Any, __: Any, kwargs: dict[str, Any]) -> None:
        if kwargs["inputs_embeds"].shape[0] > 1:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")

    engine._checkpoint.model.model.language_model.register_forward_pre_hook(check, with_kwargs=True)
    answers = engine.generate_batch([Request(each, max_tokens=4) for each in prompts])
    assert [answer.text for answer in answers] == alone
    assert answers[0].notes == ("one after the other: the memory ran out with 2 prompts side by side",)


STARVED = """
import resource, sys, threading
from PIL import Image
from handeye.perception.engines import EngineOptions, Request
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.internvl.prompt import ChatTurn, Prompt

threading.stack_size(1 << 18)
engine = InProcessEngine.open(sys.argv[1], EngineOptions(max_tiles=40, cache_mb=0))
prompt = lambda size: Prompt("s", (ChatTurn("user", (Image.new("RGB", size, "navy"), "q")),))
ask = lambda size: engine.generate(Request(prompt(size), max_tokens=2))[0]
ask((448, 448))
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + (40 << 20), resource.RLIM_INFINITY))
answer = ask((3584, 2240))
print(answer.tiles, answer.tokens_out, *answer.notes, sep="\\n")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process's memory")
def test_memory_that_really_runs_out_is_met_with_fewer_tiles(small_checkpoint: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARVED, str(small_checkpoint)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    tiles, tokens, *notes = done.stdout.splitlines()
    assert int(tokens) == 2
    assert 1 <= int(tiles) <= 21
    assert "tiles a picture instead of 40: the memory ran out" in notes[0]
