"""Caches tile features and key-value pieces by content, within one memory limit.

A prompt is prefilled in pieces whose ends depend on its tokens only. The key of a piece is a hash of everything up to
its end: token ids, and the digests of the tiles behind image tokens. A cached piece is what the same kernels would
compute again from inputs of the same shape, so that the caches change no token. Cached values are never modified; an
error during prefill leaves the caches valid.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Value = TypeVar("Value")

#: Text is read in pieces of so many tokens.
TEXT = 256
#: Tiles of fewer tokens share a piece until it has so many: each piece costs a pass over the model's weights.
LEAST = 128
#: The part of the memory that is for tile features. They weigh an eighth of the keys and values of the same tile
#: (InternVL3-1B: 0.46 to 3.1 MB) and cost more to make.
TILE_SHARE = 0.25


class SizedCache(Generic[Value]):
    """Things by key within a bound of bytes; what was not used for longest goes first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._entries: OrderedDict[str, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Value | None:
        """The value of a key, or None; marks it as recently used."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def put(self, key: str, value: Value, size: int) -> None:
        """Keep something of so many bytes, unless it alone is too large."""
        if key in self._entries or size > self.limit:
            return
        while self.bytes + size > self.limit:
            _, (_, freed) = self._entries.popitem(last=False)
            self.bytes -= freed
        self._entries[key] = (value, size)
        self.bytes += size

    def clear(self) -> None:
        """Keep nothing of it."""
        self._entries.clear()
        self.bytes = 0


def cached_prefix(store: SizedCache[Value], keys: Sequence[str]) -> list[Value]:
    """The cached values of a chain of pieces, from its beginning up to the first piece that is not cached."""
    found: list[Value] = []
    for key in keys:
        piece = store.get(key)
        if piece is None:
            break
        found.append(piece)
    # Touched from the end, so that a beginning is never thrown away before what follows from it.
    for key in reversed(keys[: len(found)]):
        store.get(key)
    return found


def piece_ends(ids: Sequence[int], image_token: int, takes: Sequence[int], line_feed: int | None = None) -> list[int]:
    """Where the pieces of a prompt end, the last at its end; `takes` is how many tokens each of its tiles has.

    Pieces end before a picture, after each tile, after a picture (with the line feed behind it, if there is one), and
    every `TEXT` tokens of text. Where one ends depends on the tokens up to two behind it and on nothing later, so that
    prompts with the same beginning are cut alike.
    """
    ends: list[int] = []
    start = run = seen = 0
    tiles = set(accumulate(takes))
    for place, token in enumerate(ids):
        following = ids[place + 1] if place + 1 < len(ids) else None
        end = place + 1
        if token == image_token:
            run += 1
            seen += 1
            cut = seen in tiles and following == image_token and end - start >= LEAST
        elif run:
            # `</img>`
            run = 0
            cut = True
            if following is not None and following == line_feed:
                end += 1
        else:
            before = following is not None and place + 2 < len(ids) and ids[place + 2] == image_token
            cut = end - start >= (LEAST if before else TEXT)
        if cut and end > start and end < len(ids):
            ends.append(end)
            start = end
    return [*ends, len(ids)]


def piece_keys(
    ids: Sequence[int], ends: Sequence[int], digests: Sequence[str], image_token: int, takes: Sequence[int]
) -> list[str]:
    """The key of each piece: a hash of all that was read up to its end."""
    numbers = np.asarray(ids, np.int64)
    images = np.concatenate([[0], np.cumsum(numbers == image_token)])
    keys: list[str] = []
    start = 0
    for end in ends:
        made = hashlib.sha256((keys[-1] if keys else "").encode())
        made.update(numbers[start:end].tobytes())
        first, last = (tiles_within(takes, int(images[place])) for place in (start, end))
        made.update("".join(digests[first:last]).encode())
        keys.append(made.hexdigest())
        start = end
    return keys


def tiles_within(takes: Sequence[int], tokens: int) -> int:
    """How many tiles so many image tokens are, when the tiles take those numbers of them."""
    return int(np.searchsorted(np.cumsum(np.asarray(takes, np.int64)), tokens, "right"))
