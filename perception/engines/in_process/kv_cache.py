"""A key-value cache that grows in place and whose pieces can be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Tokens by which a full buffer grows, so that it is not copied at each token.
GROWTH = 256

KvPiece = tuple[tuple[Any, Any], ...]
"""Keys and values of consecutive tokens: one pair per layer, each (rows, heads, tokens, width)."""


class KvLayer(DynamicLayer):  # type: ignore[misc, unused-ignore]
    """The keys and values of one layer: `keys` and `values`, each (rows, heads, tokens, width), are views of the
    buffers.

    All tokens are stored even where the layer attends to a sliding window. transformers masks the tokens outside the
    window, and a cache without the older tokens could not be reused or cut at a prefix.
    """

    keys: Any
    values: Any

    def __init__(self, room: int = 0) -> None:
        """`room` is the number of tokens for which the buffers are allocated at first."""
        super().__init__()
        self._room = room
        self._buffers: list[Any] = [None, None]

    def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Append keys and values, each (rows, heads, tokens, width); return all keys and all values."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        filled = self.get_seq_length()
        self.keys = self._extended(0, self.keys, key_states, filled)
        self.values = self._extended(1, self.values, value_states, filled)
        return self.keys, self.values

    def _extended(self, which: int, view: Any, states: Any, filled: int) -> Any:
        end = filled + states.shape[-2]
        buffer = self._buffers[which]
        # Repeating or selecting rows replaces the tensor of the buffer; cropping leaves a view of it.
        mine = buffer is not None and (not filled or view.data_ptr() == buffer.data_ptr())
        if not mine or buffer.shape[-2] < end or buffer.shape[0] != states.shape[0]:
            room = max(self._room, end + GROWTH)
            buffer = states.new_empty((*states.shape[:2], room, states.shape[-1]))
            if filled:
                buffer[..., :filled, :] = view
            self._buffers[which] = buffer
        buffer[..., filled:end, :] = states
        return buffer[..., :end, :]


def empty_cache(layers: int, room: int) -> Cache:
    """Return an empty cache of `layers` layers with buffers for `room` tokens."""
    return Cache(layers=[KvLayer(room) for _ in range(layers)])


def append_pieces(cache: Cache, pieces: Sequence[KvPiece]) -> None:
    """Append copies of cached pieces to a cache."""
    for piece in pieces:
        for layer, (keys, values) in zip(cache.layers, piece, strict=True):
            layer.update(keys, values)


def copy_piece(cache: Cache, start: int, end: int) -> KvPiece:
    """Return a copy of the tokens from `start` to `end`. Later changes of the cache do not change the copy."""
    return tuple(
        (layer.keys[..., start:end, :].clone(), layer.values[..., start:end, :].clone()) for layer in cache.layers
    )


def piece_bytes(piece: KvPiece) -> int:
    """Return the size of a piece in bytes."""
    return sum(each.numel() * each.element_size() for pair in piece for each in pair)


def batch_caches(caches: Sequence[Cache], room: int) -> tuple[Cache, Any]:
    """Return one cache with a row for each given cache, aligned at their ends, and the mask of its filled positions.

    The mask is (rows, tokens) bool; None when all caches have the same length. Each given cache has one row. It is
    emptied as it is copied, so that the memory is not needed twice.
    """
    lengths = [cache.get_seq_length() for cache in caches]
    longest = max(lengths)
    made = empty_cache(len(caches[0].layers), longest + room)
    for number, layer in enumerate(made.layers):
        firsts = caches[0].layers[number]
        keys = firsts.keys.new_zeros((len(caches), firsts.keys.shape[1], longest, firsts.keys.shape[-1]))
        values = firsts.values.new_zeros((len(caches), firsts.values.shape[1], longest, firsts.values.shape[-1]))
        for row, (cache, length) in enumerate(zip(caches, lengths, strict=True)):
            keys[row, :, longest - length :] = cache.layers[number].keys[0]
            values[row, :, longest - length :] = cache.layers[number].values[0]
        for cache in caches:
            cache.layers[number] = KvLayer()
        layer.update(keys, values)
    if min(lengths) == longest:
        return made, None
    places = torch.arange(longest)
    return made, torch.stack([places >= longest - length for length in lengths])
