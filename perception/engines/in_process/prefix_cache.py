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

#: Tokens of a piece of text.
TEXT = 256
#: The fewest tokens of a piece of tiles; smaller tiles share one. Each piece costs a pass over the model's weights.
LEAST = 128
#: The share of the memory for tile features. They take less memory than the keys and values of the same tile
#: (InternVL3-1B: 0.46 MB and 3.1 MB) and more time to compute.
TILE_SHARE = 0.25


class SizedCache(Generic[Value]):
    """A cache with a limit in bytes that drops the least recently used entries first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.bytes = 0
        self._entries: OrderedDict[str, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Value | None:
        """Return the value of a key, or None; mark it as recently used."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def put(self, key: str, value: Value, size: int) -> None:
        """Store a value of `size` bytes, unless it is larger than the limit."""
        if key in self._entries or size > self.limit:
            return
        while self.bytes + size > self.limit:
            _, (_, freed) = self._entries.popitem(last=False)
            self.bytes -= freed
        self._entries[key] = (value, size)
        self.bytes += size

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
        self.bytes = 0


def cached_prefix(store: SizedCache[Value], keys: Sequence[str]) -> list[Value]:
    """Return the cached values of the first pieces of a chain, up to the first piece that is not cached."""
    found: list[Value] = []
    for key in keys:
        piece = store.get(key)
        if piece is None:
            break
        found.append(piece)
    # Marked as used from the end, so that a piece is never dropped before the pieces that follow it.
    for key in reversed(keys[: len(found)]):
        store.get(key)
    return found


def piece_ends(ids: Sequence[int], image_token: int, takes: Sequence[int], line_feed: int | None = None) -> list[int]:
    """Return the end indexes of a prompt's pieces, the last at the prompt's end.

    `takes` is the number of tokens of each tile. Pieces end before an image, after each tile, after an image (with the
    line feed after it), and every `TEXT` tokens of text. An end depends on the tokens up to two after it and on no
    later ones. So prompts with the same beginning have the same pieces there.
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
    """Return the key of each piece: a SHA-256 hash of all tokens and tiles up to its end."""
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
    """Return the number of tiles that `tokens` image tokens belong to; `takes` is the number of tokens of each tile."""
    return int(np.searchsorted(np.cumsum(np.asarray(takes, np.int64)), tokens, "right"))
