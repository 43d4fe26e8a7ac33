"""Weighing ways to go on by the log-probabilities a server gives for the one token it writes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.internvl.prompt import Prompt

#: Servers give no more than this many for a token (OpenAI's limit, and vLLM's unless it is told otherwise).
MOST_LOGPROBS = 20


def places(prompt: Prompt, options: Sequence[str]) -> list[Prompt]:
    """The prompt up to each earlier answer that is one of the options, and the whole of it."""
    cuts = [
        number
        for number, turn in enumerate(prompt.turns)
        if turn.role == "assistant" and len(turn.parts) == 1 and turn.parts[0] in options
    ]
    return [*(replace(prompt, turns=prompt.turns[:number]) for number in cuts), prompt]


def choice_grammar(options: Sequence[str]) -> str:
    """The grammar of an answer that is one of the options: a server that holds to it names them all."""
    return "root ::= " + " | ".join(json.dumps(option) for option in options)


def shares(reply: Any, options: Sequence[str], base: str) -> tuple[float, ...]:
    """The options' probabilities for the first token of the answer, made to sum to 1.

    One that is not among the likeliest tokens counts as impossible. Raises ModelError when the reply has no
    log-probabilities, or has none of the options.
    """
    listed = _listed(reply)
    if listed is None:
        raise ModelError(
            f"{base} gives no log-probabilities, by which answers are judged; serve the model with vLLM, "
            "or start LMDeploy with --logprobs-mode raw_logprobs"
        )
    found = [sum(math.exp(value) for token, value in listed if token == option) for option in options]
    whole = sum(found)
    if whole <= 0:
        raise ModelError(
            f"{base} finds none of {', '.join(options)} among the {len(listed)} likeliest tokens; "
            "choose a model that was trained as a critic, or agreement instead of a critic"
        )
    return tuple(value / whole for value in found)


def _listed(reply: Any) -> list[tuple[str, float]] | None:
    """Tokens and their log-probabilities in place of the first token; None when there are none."""
    try:
        first = reply["choices"][0]["logprobs"]["content"][0]
        top = first.get("top_logprobs") or [first]
        pairs = {str(each["token"]): float(each["logprob"]) for each in top}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
    # vLLM writes -9999 for a token that the grammar forbids.
    return [(token, value) for token, value in pairs.items() if -1000 < value <= 1e-3]
