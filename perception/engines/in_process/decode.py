"""Decodes answers token by token, several rows in one batch, with the tokens that a grammar forces."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch

from handeye.perception.dialects.reasoning import has_marks
from handeye.perception.engines.engine import TOP_P

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transformers.cache_utils import Cache

    from handeye.perception.engines.in_process.grammar_guide import GrammarGuide
    from handeye.perception.engines.in_process.prefill import Prefiller


class DecodedText:
    """The text of tokens that arrive one by one. A part is forwarded when no later token can change it."""

    def __init__(
        self,
        tokenizer: Any,
        stops: Sequence[str],
        on_text: Callable[[str], None] | None = None,
        *,
        thinks: bool = False,
    ) -> None:
        """With `thinks`, a stop string does not end the text, because it may be part of the reasoning.

        `on_text` is called with each new part. `stops` are the strings that end an answer.
        """
        self.text = ""
        self.stopped = False
        """A stop string was written; it and what follows are not part of the text."""
        self._thinks = thinks
        self._tokenizer = tokenizer
        self._stops = [each for each in stops if each]
        self._on_text = on_text
        self._given = 0
        self._ids: list[int] = []
        # The text of `_ids[:_known]` is in `text`; tokens are decoded from `_from` on, because some tokenizers write
        # the first token of a text in another way than those behind it.
        self._from = self._known = 0

    def add(self, token: int) -> None:
        """Append a token id."""
        self._ids.append(token)
        new = self._new()
        # U+FFFD at the end: the rest of a character's bytes is still to come.
        if new and not new.endswith("\ufffd"):
            self._take(new)

    def end(self) -> str:
        """Forward the rest, and return the whole text. No token may follow."""
        if not self.stopped:
            self._take(self._new())
        self._give(len(self.text))
        return self.text

    def _new(self) -> str:
        return self._decoded(self._ids[self._from :])[len(self._decoded(self._ids[self._from : self._known])) :]

    def _take(self, new: str) -> None:
        longest = max(map(len, self._stops), default=1)
        start = max(0, len(self.text) - longest + 1)
        self.text += new
        self._from, self._known = self._known, len(self._ids)
        places = [place for stop in self._stops if (place := self.text.find(stop, start)) >= 0]
        if places and not self._thinks and not has_marks(self.text):
            self.text = self.text[: min(places)]
            self.stopped = True
        else:
            # What may be the beginning of a stop string is held back.
            held = (n for n in range(longest - 1, 0, -1) if any(s.startswith(self.text[-n:]) for s in self._stops))
            self._give(len(self.text) - min(next(held, 0), len(self.text)))

    def _give(self, end: int) -> None:
        if self._on_text and end > self._given:
            self._on_text(self.text[self._given : end])
            self._given = end

    def _decoded(self, ids: Sequence[int]) -> str:
        if not ids:
            return ""
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


class AnswerRow:
    """One answer during decoding: its tokens, its text and its grammar."""

    def __init__(self, text: DecodedText, ends: Sequence[int], limit: int, guide: GrammarGuide | None) -> None:
        """The answer ends with a token of `ends`, a stop string, the end of its grammar, or after `limit` tokens."""
        self.text = text
        self.tokens = self.forced = 0
        self.finish = ""
        """Empty while it is being written, then as in `Answer`."""
        self.pending: list[int] = []
        """Written, and not yet read by the model."""
        self.position = 0.0
        """The highest position the model has read."""
        self._ends = frozenset(ends)
        self._limit = limit
        self._guide = guide
        self._force()

    def choose(self, scores: Any, temperature: float) -> None:
        """Append the next token, and the tokens that the grammar forces after it.

        `scores` are the logits, shape (vocabulary,) float32. At temperature 0 the largest one wins; above 0 a token is
        sampled with `TOP_P`.
        """
        if self._guide:
            scores = scores.masked_fill(~self._guide.allowed().to(scores.device), -torch.inf)
        token = int(scores.argmax()) if temperature <= 0 else _drawn(scores, temperature)
        if token in self._ends:
            self.tokens += 1
            self.finish = "stop"
            return
        if self._guide:
            self._guide.accept(token)
        self._write(token)
        self._force()

    def read(self, position: float) -> None:
        """Mark the pending tokens as processed by the model, up to this position."""
        self.pending = []
        self.position = position

    def out_of_time(self) -> None:
        """End the answer with the text decoded so far."""
        self.finish = self.finish or "length"

    def _force(self) -> None:
        if not self._guide or self.finish:
            return
        for token in self._guide.forced():
            if not self.finish:
                self.forced += 1
                self._write(token)
        if self._guide.over:
            self.finish = self.finish or "stop"

    def _write(self, token: int) -> None:
        self.tokens += 1
        self.pending.append(token)
        self.text.add(token)
        if self.text.stopped:
            self.finish = "stop"
        elif self.tokens >= self._limit:
            self.finish = "length"


def decode_rows(
    reader: Prefiller,
    cache: Cache,
    filled: Any,
    rows: Sequence[AnswerRow],
    logits: Any,
    temperature: float,
    deadline: float,
) -> None:
    """Decode all rows to their ends, or until the deadline (of `time.monotonic`). Each row gets at least one token.

    `cache` has one row for each answer. `filled`, shape (rows, tokens) bool, tells which cache positions contain tokens
    (None: all). `logits`, shape (rows, vocabulary) float32, are for the first token that the grammar does not force.
    """
    alive = [row for row in rows if not row.finish]
    if len(alive) < len(rows):
        logits, filled = _select_rows(cache, filled, logits, [n for n, row in enumerate(rows) if not row.finish])
    while alive:
        for row, scores in zip(alive, logits, strict=True):
            row.choose(scores, temperature)
            if time.monotonic() > deadline:
                row.out_of_time()
        active = [n for n, row in enumerate(alive) if not row.finish]
        if not active:
            return
        if len(active) < len(alive):
            logits, filled = _select_rows(cache, filled, logits, active)
            alive = [alive[n] for n in active]
        logits, filled = reader.step(cache, filled, alive)


def _select_rows(cache: Cache, filled: Any, logits: Any, rows: list[int]) -> tuple[Any, Any]:
    """Remove finished rows from the batch."""
    if rows:
        cache.batch_select_indices(torch.tensor(rows))
    return logits[rows], filled if filled is None else filled[rows]


def _drawn(scores: Any, temperature: float) -> int:
    """Return a sampled token: one of the likeliest that together have the probability `TOP_P`."""
    shares, tokens = torch.softmax(scores.float() / temperature, -1).sort(descending=True, stable=True)
    # The token that crosses the bound is among them.
    shares[shares.cumsum(-1) - shares >= TOP_P] = 0
    return int(tokens[torch.multinomial(shares, 1)])
