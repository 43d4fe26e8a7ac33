"""What `--fast` trades: fewer tokens where little is to be seen, and int8 linear layers on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from handeye.perception.engines.engine import Request
from handeye.perception.engines.in_process.router import TileRouter, changed, halved, quiet
from handeye.perception.engines.in_process.small_checkpoint import build_small_checkpoint
from handeye.perception.engines.options import EngineOptions
from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.prompt import ground_prompt
from handeye.perception.internvl.tiling import Tiling, tile


def page(*words: tuple[int, int, str]) -> Image.Image:
    """A white screen of 3x2 tiles with words on its left half, and others where told."""
    image = Image.new("RGB", (1344, 896), "white")
    draw = ImageDraw.Draw(image)
    for line in range(0, 860, 24):
        draw.text((20, line), "The quick brown fox jumps over the lazy dog, again and again and again", fill="black")
    for x, y, word in words:
        draw.text((x, y), word, fill="black")
    return image


def test_tiles_with_little_to_see_and_the_thumbnail_take_a_quarter() -> None:
    routed = TileRouter(256).route(tile(page((1000, 100, "OK"))))
    assert routed.grid == (3, 2)
    assert routed.tokens == (256, 64, 64, 256, 64, 64, 64)


def test_the_tokens_of_a_tile_do_not_depend_on_earlier_screens() -> None:
    router, screens = TileRouter(256), [page(), page((1000, 100, "OK")), page()]
    assert {router.route(tile(screen)).tokens[:6] for screen in screens} == {(256, 64, 64, 256, 64, 64)}


def test_a_single_small_picture_keeps_all_its_tokens_when_there_is_something_to_see() -> None:
    assert TileRouter(256).route(tile(page().crop((0, 0, 448, 448)))).tokens == (256,)


def test_words_all_over_a_tile_are_not_little() -> None:
    assert quiet(np.full((448, 448, 3), 200, np.uint8))
    assert not quiet(np.asarray(page().crop((0, 0, 448, 448))))


def test_a_nearly_unchanged_thumbnail_counts_as_the_earlier_one_and_tiles_never_do() -> None:
    router = TileRouter(256)
    first, second = (router.route(tile(screen)) for screen in (page(), page((1000, 100, "OK"))))
    assert second.digests[-1] == first.digests[-1] != tile(page((1000, 100, "OK"))).digests[-1]
    assert second.digests[2] != first.digests[2]
    other = router.route(tile(Image.new("RGB", (1344, 896), "navy")))
    assert other.digests[-1] != first.digests[-1]
    assert changed(first.tiles[0], other.tiles[0]) == 1


def test_a_halved_tile_has_the_means_of_its_pixels() -> None:
    tile = np.repeat(np.arange(16, dtype=np.uint8).reshape(4, 4, 1), 3, axis=2)
    assert halved(tile)[..., 0].tolist() == [[3, 5], [11, 13]]


@pytest.mark.model
def test_int8_layers_are_near_the_ones_they_stand_for_though_one_token_is_huge() -> None:
    torch = pytest.importorskip("torch")
    from handeye.perception.engines.in_process.placement import Int8Linear

    torch.manual_seed(0)
    linear = torch.nn.Linear(256, 128)
    given = torch.randn(2, 9, 256)
    given[0, 0] *= 3000
    with torch.inference_mode():
        right, made = linear(given), Int8Linear(linear)(given)
    errors = (made - right).norm(dim=-1) / right.norm(dim=-1)
    assert made.shape == right.shape
    assert float(errors.max()) < 0.05


@pytest.mark.model
def test_a_fast_engine_reads_fewer_tokens_says_so_and_shares_what_it_has_seen(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from handeye.perception.engines.in_process.transformers_engine import InProcessEngine

    folder = build_small_checkpoint(tmp_path / "InternVL3-small")
    engine = InProcessEngine.open(str(folder), EngineOptions(fast=True))
    exact = InProcessEngine.open(str(folder))
    assert any("in half their size" in note for note in engine.notes)
    assert any("linear layers in int8" in note for note in engine.notes)
    first, second = page(), page((1000, 800, "OK"))
    ask = [ground_prompt(INTERNVL3, each, "the OK button") for each in (first, second)]
    plain = exact.generate(Request(ask[0], max_tokens=8))[0]
    cold, warm = (engine.generate(Request(each, max_tokens=8))[0] for each in ask)
    assert plain.tokens_in - cold.tokens_in == 5 * 192
    # All but the changed tile is known: the thumbnail counts as the earlier one.
    assert (warm.tiles, warm.tiles_reused) == (7, 6)
    fresh = InProcessEngine.open(str(folder), EngineOptions(fast=True, cache_mb=0))
    assert fresh.generate(Request(ask[0], max_tokens=8))[0].text == cold.text


@pytest.mark.model
def test_exact_engines_are_not_routed(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from handeye.perception.engines.in_process.transformers_engine import InProcessEngine

    engine = InProcessEngine.open(str(build_small_checkpoint(tmp_path / "InternVL3-small")))
    assert not any(note.startswith("fast") for note in engine.notes)
    _, tilings = engine._tokenise(ground_prompt(INTERNVL3, page(), "x"), 12)
    assert isinstance(tilings[0], Tiling)
    assert tilings[0].tokens == ()
