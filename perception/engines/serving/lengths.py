"""How servers say that prompt and answer do not fit, and by how much.

Every server has a sentence of its own, and changes it: what counts is that one speaks of tokens or a length, of a limit
that was passed, and of numbers.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

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
#: A number that is named as the limit; `max_tokens` is what was asked for.
LIMIT = re.compile(
    r"(?:maximum|max_model_len|n_ctx|session_len|limit|allowed|at most|up to|<=|≤|less than or equal to|longer than"
    r"|context[_ ](?:length|window|size))[^\d.;]{0,60}?(\d{2,9})(?![\w])",
    re.IGNORECASE,
)
#: The room that was left for the answer.
NEGATIVE = re.compile(r"got -(\d{1,9})")
#: Numbers under these names count no tokens.
OTHERS = frozenset({"code", "status", "status_code", "param", "type", "object", "created", "id"})


def too_long(said: str) -> bool:
    """Whether a refusal (the body of the reply) says that prompt and answer do not fit into the context."""
    words = _words(said)
    if CERTAIN.search(words):
        return True
    return bool(WHAT.search(words) and LIMITED.search(words) and NUMBER.search(words))


def excess(said: str, max_tokens: int, context: int = 0) -> int:
    """By how many tokens the prompt is too long, as far as the refusal says; 0 where it does not.

    `max_tokens` were asked for the answer, and `context` is the server's limit where it is known. The number may be too
    low, and then the next refusal says more.
    """
    words = re.sub(r"(?<=\d)[,_](?=\d{3}\b)", "", _words(said))
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


def _words(said: str) -> str:
    """The texts and numbers of a JSON body, or the text as it stands."""
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return said
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
