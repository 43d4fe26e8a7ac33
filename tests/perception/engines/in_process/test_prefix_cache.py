"""What has been seen is not looked at again, and no token changes by it: an episode of screens from a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handeye.perception.engines import EngineOptions, usage_of
from handeye.perception.engines.engine import Request
from handeye.perception.engines.in_process.prefix_cache import (
    LEAST,
    TEXT,
    SizedCache,
    cached_prefix,
    piece_ends,
    piece_keys,
)
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.internvl.prompt import ChatTurn, Prompt, decide_prompt, ground_prompt, run_prefix
from handeye.perception.internvl.tiling import tile
from handeye.tools import Browser
from handeye.tools.actions import parse_action
from handeye.tools.errors import ModelError

pytestmark = pytest.mark.model

PAGE = """<!doctype html><meta charset=utf-8><title>Lamps</title>
<style>
  body {{ margin: 0; height: 896px; overflow: hidden; font: 20px sans-serif; background: {colour}; caret-color: #0000 }}
  * {{ position: absolute }}
  input {{ left: 480px; top: 480px; width: 320px; height: 40px; font: inherit; outline: none }}
  ul {{ left: 480px; top: 600px; width: 300px; height: 280px; overflow: auto; background: #eee }}
  ul *, nav * {{ position: static }}
  nav {{ left: 600px; top: 60px; background: #ff8; display: none; padding: 20px }}
  button, a {{ width: 120px; height: 40px }}
</style>
<h1 style="left: 40px; top: 20px">{title}</h1>
<button style="left: 600px; top: 10px" onclick="menu.style.display = menu.style.display == 'block' ? 'none' : 'block'">
Menu</button><nav id=menu><p>Desk lamps</p><p>Floor lamps</p></nav>
<a style="left: 40px; top: 800px" href="second.html">Second page</a>
<input autofocus><ul id=list></ul>
<script>for (let i = 0; i < 60; i++) list.insertAdjacentHTML('beforeend', '<li>Lamp ' + i)</script>"""

#: What is done between the ten screens: typing, a menu, scrolling, a new page.
STEPS: tuple[dict[str, Any], ...] = (
    {"kind": "type", "text": "la"},
    {"kind": "type", "text": "mp"},
    {"kind": "click", "target": [660, 30]},
    {"kind": "click", "target": [660, 30]},
    {"kind": "scroll", "target": [600, 700], "amount": 3},
    {"kind": "scroll", "target": [600, 700], "amount": 3},
    {"kind": "click", "target": [100, 810]},
    {"kind": "click", "target": [640, 500]},
    {"kind": "type", "text": "desk"},
)

#: Of a screen of 896x896: two by two and the thumbnail.
TILES = 5

GRAMMAR = r"""root ::= thought "\n<tool_call>\n{\"kind\": \"click\", \"target\": \"" words "\"}\n</tool_call>"
thought ::= [a-zA-Z ,.]{0,12}
words ::= [a-zA-Z ]{1,10}"""
BOX = 'root ::= "[[" number ", " number ", " number ", " number "]]"\nnumber ::= [0-9] | [1-9] [0-9]{1,2}'


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> list[Image.Image]:
    """Ten screens of a real browser."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "first.html").write_text(PAGE.format(colour="white", title="All lamps"), encoding="utf-8")
    (folder / "second.html").write_text(PAGE.format(colour="#dfe", title="One lamp"), encoding="utf-8")
    with Browser((folder / "first.html").as_uri(), viewport=(896, 896)) as browser:
        browser.settle(3.0)
        taken = [browser.capture().image]
        for step in STEPS:
            browser.perform(parse_action(step))
            browser.settle(3.0)
            taken.append(browser.capture().image)
    return taken


@pytest.fixture(scope="module")
def opened(small_checkpoint: Path) -> Iterator[Callable[..., InProcessEngine]]:
    """Engines on the small checkpoint, with options of their own."""
    engines: list[InProcessEngine] = []

    def make(**options: Any) -> InProcessEngine:
        engines.append(InProcessEngine.open(str(small_checkpoint), EngineOptions(**options)))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def kept(opened: Callable[..., InProcessEngine]) -> InProcessEngine:
    return opened()


def asked(engine: InProcessEngine, image: Image.Image) -> tuple[Prompt, Prompt]:
    """A decision and a place on one screenshot."""
    beginning = run_prefix(engine.profile, "buy a desk lamp", ["click", "type"])
    return decide_prompt(beginning, image), ground_prompt(engine.profile, image, "the search field", beginning)


def shared(engine: InProcessEngine, first: Prompt, second: Prompt) -> int:
    """How many tokens two prompts on the same pictures have in common at their beginning."""
    (one, _), (two, _) = engine._tokenise(first, 12), engine._tokenise(second, 12)
    return next(place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b)


def text_prompt(words: int) -> Prompt:
    return Prompt("s", (ChatTurn("user", (" ".join(map(str, range(words))),)),))


def scores(engine: InProcessEngine) -> list[Any]:
    """What the engine chooses first tokens by, from now on."""
    seen: list[Any] = []
    read = engine._reader.read

    def watched(*args: Any, **options: Any) -> Any:
        reading = read(*args, **options)
        seen.append(reading.logits)
        return reading

    engine._reader.read = watched  # type: ignore[method-assign]
    return seen


def logits(engine: InProcessEngine, prompt: Prompt) -> Any:
    import torch

    with torch.inference_mode():
        return engine._reader.read(*engine._tokenise(prompt, 12), deadline=time.monotonic() + 100).logits


def test_greedy_answers_over_an_episode_are_the_same_with_caches_and_without(
    screens: list[Image.Image], opened: Callable[..., InProcessEngine]
) -> None:
    """Down to the last bit of what they are chosen by, with a grammar on; and what is counted adds up."""
    import torch

    with_caches, without = opened(), opened(cache_mb=0)
    ours, theirs = scores(with_caches), scores(without)
    seen: set[str] = set()
    before: list[str] = []
    reused = total = 0
    for image in screens:
        tiling = tile(image)
        decide, ground = asked(with_caches, image)
        (decided,) = with_caches.generate(Request(decide, max_tokens=64, grammar=GRAMMAR))
        (grounded,) = with_caches.generate(Request(ground, max_tokens=32, grammar=BOX))
        (plain,) = without.generate(Request(decide, max_tokens=64, grammar=GRAMMAR))
        assert (decided.text, decided.tokens_out, decided.tokens_forced, decided.finish) == (
            plain.text,
            plain.tokens_out,
            plain.tokens_forced,
            "stop",
        )
        assert torch.equal(ours[-2], theirs[-1])
        assert grounded.finish == "stop"

        assert plain.tokens_reused == plain.tiles_reused == 0
        assert decided.tiles == plain.tiles == len(tiling) == TILES
        assert decided.tiles_reused == sum(digest in seen for digest in tiling.digests)
        leading = next((n for n, (a, b) in enumerate(zip(tiling.digests, before, strict=False)) if a != b), 0)
        assert decided.tokens_reused >= 256 * leading
        if before and leading:
            assert decided.tokens_reused > 256 * leading  # the head as well

        # The second question about a screenshot: no vision work, and no prefill of what both begin with.
        assert grounded.tiles_reused == grounded.tiles == TILES
        assert grounded.tokens_reused == shared(with_caches, decide, ground)
        seen.update(tiling.digests)
        before = list(tiling.digests)
        reused += decided.tokens_reused
        total += decided.tokens_in
    assert len(seen) < TILES * len(screens)
    assert len({image.tobytes() for image in screens}) >= 9
    assert reused > total / 3


def test_a_changed_tile_is_looked_at_again_and_changes_the_answer(
    kept: InProcessEngine, screens: list[Image.Image]
) -> None:
    """A control: keys that forgot the pictures would give the first screen's answers to all."""
    import torch

    first, _ = asked(kept, screens[0])
    changed = screens[0].copy()
    changed.paste("red", (850, 850, 896, 896))
    other, _ = asked(kept, changed)
    before = logits(kept, first)
    assert torch.equal(before, logits(kept, first))
    assert not torch.equal(before, logits(kept, other))
    (answer,) = kept.generate(Request(other, max_tokens=1))
    assert answer.tiles_reused == TILES
    assert answer.tokens_reused > 3 * 256


def test_the_second_answer_of_a_critic_reuses_the_picture_too(
    kept: InProcessEngine, screens: list[Image.Image]
) -> None:
    first, second = asked(kept, screens[0])
    kept.generate(Request(first, max_tokens=1))
    weighed = kept.score_options(second, ["0", "1"])
    assert weighed.usage.tiles_reused == weighed.usage.tiles == TILES
    assert weighed.usage.tokens_reused == shared(kept, first, second)
    assert usage_of(kept.generate(Request(second, max_tokens=1))).tokens_reused == shared(kept, first, second)


def test_several_prefixes_are_cached_together(kept: InProcessEngine, screens: list[Image.Image]) -> None:
    prompts = [asked(kept, image)[0] for image in (screens[0], screens[7])]
    firsts = [kept.generate(Request(prompt, max_tokens=4))[0] for prompt in prompts]
    seconds = [kept.generate(Request(prompt, max_tokens=4))[0] for prompt in prompts]
    assert [answer.text for answer in firsts] == [answer.text for answer in seconds]
    assert [answer.tiles_reused for answer in seconds] == [TILES, TILES]
    assert all(answer.tokens_reused > TILES * 256 for answer in seconds)


def test_memory_stays_within_its_bound(opened: Callable[..., InProcessEngine], screens: list[Image.Image]) -> None:
    small, without = opened(cache_mb=2), opened(cache_mb=0)
    for image in screens[:2]:
        prompt, _ = asked(small, image)
        assert (
            small.generate(Request(prompt, max_tokens=4))[0].text
            == without.generate(Request(prompt, max_tokens=4))[0].text
        )
        stores = (small._reader._features, small._reader._prefixes)
        assert 0 < sum(store.bytes for store in stores) <= 2 << 20
    assert len(without._reader._features) == len(without._reader._prefixes) == 0


def test_a_failure_in_the_middle_leaves_the_caches_right(
    kept: InProcessEngine, opened: Callable[..., InProcessEngine], screens: list[Image.Image]
) -> None:
    import torch

    prompt, _ = asked(kept, screens[0])
    layers = kept._checkpoint.model.model.language_model.layers
    for fatal in (2, 1, 1):  # pieces read before are kept
        calls = iter(range(100))

        def fail(*_: Any, calls: Iterator[int] = calls, fatal: int = fatal) -> None:
            if next(calls) == fatal:
                raise RuntimeError("the device has gone away")

        hook = layers[1].register_forward_pre_hook(fail)
        with pytest.raises(ModelError, match=r"failed while it was run .*the device has gone away"):
            kept.generate(Request(prompt, max_tokens=4))
        hook.remove()
    assert len(kept._reader._prefixes) > 2
    assert torch.equal(logits(kept, prompt), logits(opened(cache_mb=0), prompt))


def test_text_alone_is_reused_in_whole_pieces(kept: InProcessEngine) -> None:
    prompt = text_prompt(600)
    (first,) = kept.generate(Request(prompt, max_tokens=2))
    (again,) = kept.generate(Request(prompt, max_tokens=2))
    assert first.text == again.text
    assert again.tokens_reused == (again.tokens_in - 1) // TEXT * TEXT > 0


def test_numbers_of_two_bytes_are_read_alike_too(
    opened: Callable[..., InProcessEngine], screens: list[Image.Image]
) -> None:
    import torch

    engines = [opened(), opened(cache_mb=0)]
    for engine in engines:
        engine._checkpoint.model.to(torch.bfloat16)
    for image in screens[2:4]:
        prompt, _ = asked(engines[0], image)
        ours, theirs = (logits(engine, prompt) for engine in engines)
        assert torch.equal(ours, theirs)


def test_pieces_end_where_prompts_may_part() -> None:
    text, picture, end, feed, image = 1, 2, 3, 4, 9

    def ends(*ids: Sequence[int]) -> list[int]:
        return piece_ends([each for part in ids for each in part], image, [256] * 3, feed)

    shown = [picture, *[image] * 768, end, feed]
    head_of = [text] * LEAST
    # Before the picture, after two of its three tiles, and behind the picture.
    assert ends(head_of, shown, [text] * 9) == [LEAST, LEAST + 257, LEAST + 513, LEAST + 771, LEAST + 780]
    # A short beginning goes with the first tile; without the line feed the piece ends with the picture.
    assert ends([text] * 5, shown[:-1], [text] * 9) == [262, 518, 775, 784]
    assert ends([text] * (2 * TEXT + 3)) == [TEXT, 2 * TEXT, 2 * TEXT + 3]
    assert ends([text]) == [1]
    # Of tiles with few tokens, several make a piece.
    assert piece_ends([text, picture, *[image] * 160, end, feed, text], image, [16] * 10, feed) == [130, 164, 165]


def test_prompts_with_the_same_beginning_are_cut_alike_up_to_its_last_whole_piece() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        beginning = [int(each) for each in rng.choice([1, 2, 9, 9, 9], rng.integers(1, 900))]
        one, two = ([*beginning, *map(int, rng.choice([1, 2, 9], rng.integers(3, 90)))] for _ in range(2))
        common = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
        first, second = (piece_ends(ids, 9, [16] * 90) for ids in (one, two))
        until = common - 2
        assert [end for end in first if end <= until] == [end for end in second if end <= until]


def test_keys_tell_pictures_and_all_that_was_before_apart() -> None:
    ids, ends = [1, 2, 9, 9, 3, 1], [3, 4, 6]

    def keys(ids: list[int], digests: str) -> list[str]:
        return piece_keys(ids, ends, list(digests), 9, [1] * len(digests))

    assert keys(ids, "ab") == keys(ids, "ab")
    assert [a == b for a, b in zip(keys(ids, "ab"), keys(ids, "ac"), strict=True)] == [True, False, False]
    assert [a == b for a, b in zip(keys(ids, "ab"), keys(ids, "bb"), strict=True)] == [False, False, False]
    assert [a == b for a, b in zip(keys(ids, "ab"), keys([*ids[:4], 4, 1], "ab"), strict=True)] == [True, True, False]


def test_what_was_not_used_for_longest_goes_first_and_beginnings_outlive_what_follows() -> None:
    store: SizedCache[str] = SizedCache(30)
    for key in "abc":
        store.put(key, key.upper(), 10)
    assert cached_prefix(store, "abc") == ["A", "B", "C"]
    store.put("x", "X", 10)
    assert cached_prefix(store, "abc") == ["A", "B"]
    store.put("large", "L", 31)
    assert store.get("large") is None
    assert (len(store), store.bytes) == (3, 30)
    store.clear()
    assert (len(store), store.bytes) == (0, 0)
