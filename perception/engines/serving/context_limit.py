"""Handles prompts over a server's context limit: reads the excess from its error, and shrinks the images.

Servers use different sentences, and change them. An error counts as one about the limit when it mentions tokens or a
length, a limit that was exceeded, and numbers.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import gcd, sqrt
from typing import TYPE_CHECKING, Any

from PIL import Image

from handeye.perception.internvl.prompt import Prompt, PromptImage
from handeye.perception.internvl.tiling import choose_grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import PromptPart

#: Words that only such a refusal has.
CERTAIN = re.compile(
    r"context[_ ](?:length|window|size)|max_model_len|too (?:long|many tokens)|longer than|session_len|n_ctx",
    re.IGNORECASE,
)
WHAT = re.compile(r"token|length|context|prompt|input", re.IGNORECASE)
LIMITED = re.compile(
    r"exceed|maximum|\bmax\b|limit|at most|<=|≤|less than|longer|larger|too (?:large|big)|allowed|overflow|does not fit"
    r"|got -\d",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w.])\d{2,9}(?![\w])")
#: A number that is named as the limit; `max_tokens` names the requested length instead.
LIMIT = re.compile(
    r"(?:maximum|max_model_len|n_ctx|session_len|limit|allowed|at most|up to|<=|≤|less than or equal to|longer than"
    r"|context[_ ](?:length|window|size))[^\d.;]{0,60}?(\d{2,9})(?![\w])",
    re.IGNORECASE,
)
#: The room that was left for the answer.
NEGATIVE = re.compile(r"got -(\d{1,9})")
#: Numbers under these names count no tokens.
OTHERS = frozenset({"code", "status", "status_code", "param", "type", "object", "created", "id"})


def is_too_long(reply_text: str) -> bool:
    """Return whether a refusal (the body of the reply) reports that prompt and answer exceed the context limit."""
    words = _words(reply_text)
    if CERTAIN.search(words):
        return True
    return bool(WHAT.search(words) and LIMITED.search(words) and NUMBER.search(words))


def excess_tokens(reply_text: str, max_tokens: int, context: int = 0) -> int:
    """Return by how many tokens the prompt is too long, according to the refusal; 0 when it gives no number.

    `max_tokens` is the requested length of the answer, `context` the server's limit (0: unknown). The number may be too
    low; then the next refusal reports more.
    """
    words = re.sub(r"(?<=\d)[,_](?=\d{3}\b)", "", _words(reply_text))
    if negative := NEGATIVE.search(words):
        return int(negative[1]) + max_tokens
    numbers = {int(number) for number in NUMBER.findall(words)}
    limits = {int(number) for number in LIMIT.findall(words)}
    limit = context if context in numbers else min(limits or {n for n in numbers if n >= 100}, default=0)
    if not limit:
        return 0
    # With the answer named among the numbers, the largest is the sum of both.
    answer = 0 if max_tokens in numbers else max_tokens
    most = max(numbers)
    if most > limit:
        return most - limit + answer
    return max(0, sum(numbers - {limit}) + answer - limit)


def _words(reply_text: str) -> str:
    """Return the texts and numbers of a JSON body, or the text itself."""
    try:
        value = json.loads(reply_text)
    except (ValueError, RecursionError):
        return reply_text
    return "; ".join(_parts(value))


def _parts(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    if isinstance(value, dict) and depth < 8:
        for key, item in value.items():
            if key not in OTHERS:
                yield from _parts(item, key, depth + 1)
    elif isinstance(value, list) and depth < 8:
        for item in value:
            yield from _parts(item, name, depth + 1)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield f"{name} {value}"


def image_tiles(size: tuple[int, int], max_tiles: int, side: int) -> int:
    """Return the number of tiles of an image of `size` (width, height), with its thumbnail."""
    columns, rows = choose_grid(*size, max_tiles, side)
    return columns * rows + (columns * rows > 1)


def count_tiles(prompt: Prompt, max_tiles: int, profile: ModelProfile) -> int:
    """Return the number of tiles of all images of a prompt, with thumbnails."""
    bounds = prompt.bounds(max_tiles)
    return sum(image_tiles(image.size, bound, profile.tile) for image, bound in zip(prompt.images, bounds, strict=True))


def lower_tile_bound(prompt: Prompt, max_tiles: int, spare: int, profile: ModelProfile) -> int:
    """Return the largest bound below `max_tiles` that saves at least `spare` tokens; 0 if there is none.

    With `spare` 0 the excess is unknown, and the bound saves about half of the tiles.
    """
    now = count_tiles(prompt, max_tiles, profile)
    most = now - -(-spare // profile.tokens_per_tile) if spare else max(now // 2, len(prompt.images))
    counts = ((bound, count_tiles(prompt, bound, profile)) for bound in range(max_tiles - 1, 0, -1))
    return next((bound for bound, count in counts if count < now and count <= most), 0)


def shrink_images(prompt: Prompt, max_tiles: int, own: int, side: int) -> Prompt:
    """Return the prompt with smaller images, which a server bound to `own` tiles cuts into at most `max_tiles`.

    The model still receives whole images, so that coordinates relative to an image keep their meaning.
    """
    turns = tuple(
        replace(turn, parts=tuple(_shrunk(part, max_tiles, own, side) for part in turn.parts)) for turn in prompt.turns
    )
    return replace(prompt, turns=turns)


def _shrunk(part: PromptPart, max_tiles: int, own: int, side: int) -> PromptPart:
    """A picture resized to the canvas of its grid, or as it is when the server cuts it into that grid anyway."""
    if isinstance(part, str):
        return part
    image, bound = (part.image, min(part.max_tiles, max_tiles)) if isinstance(part, PromptImage) else (part, max_tiles)
    grid = choose_grid(*image.size, bound, side)
    if grid == choose_grid(*image.size, own, side):
        return image
    return image.convert("RGB").resize(canvas_size(grid, own, side), Image.Resampling.BICUBIC)


def canvas_size(grid: tuple[int, int], own: int, side: int) -> tuple[int, int]:
    """Return a size (width, height) with the grid's ratio that a server bound to `own` tiles cuts into that grid."""
    size = (grid[0] * side, grid[1] * side)
    if choose_grid(*size, own, side) == grid:
        return size
    # A larger grid of the same ratio wins when the picture has more than half its pixels: stay just below that.
    times = gcd(*grid)
    unit = int(side * sqrt(0.5) * (times + 1))
    return grid[0] // times * unit, grid[1] // times * unit
