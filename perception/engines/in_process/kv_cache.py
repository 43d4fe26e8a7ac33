"""A key-value cache that grows in place and whose pieces can be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers.cache_utils import Cache, DynamicLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Tokens by which a full buffer grows, so that it is copied once in so many tokens and not at each.
GROWTH = 256

KvPiece = tuple[tuple[Any, Any], ...]
"""Keys and values of a stretch of tokens, one pair a layer, each (rows, heads, tokens, width)."""


class KvLayer(DynamicLayer):  # type: ignore[misc, unused-ignore]
    """One layer's keys and values; `keys` and `values` show the part of the buffers that is filled.

    All tokens are stored even where the layer attends to a sliding window: transformers masks what lies outside it, and
    a cache without the older tokens could not be reused or cut at a prefix.
    """

    keys: Any
    values: Any

    def __init__(self, room: int = 0) -> None:
        """`room` is how many tokens the buffers are made for at first."""
        super().__init__()
        self._room = room
        self._buffers: list[Any] = [None, None]

    def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Append keys and values; return all of them."""
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
    """A cache that has read nothing, with room for so many tokens."""
    return Cache(layers=[KvLayer(room) for _ in range(layers)])


def append_pieces(cache: Cache, pieces: Sequence[KvPiece]) -> None:
    """Append copies of cached pieces."""
    for piece in pieces:
        for layer, (keys, values) in zip(cache.layers, piece, strict=True):
            layer.update(keys, values)


def copy_piece(cache: Cache, start: int, end: int) -> KvPiece:
    """A copy of the tokens from `start` to `end`, which nothing that is read later changes."""
    return tuple(
        (layer.keys[..., start:end, :].clone(), layer.values[..., start:end, :].clone()) for layer in cache.layers
    )


def piece_bytes(piece: KvPiece) -> int:
    """Bytes."""
    return sum(each.numel() * each.element_size() for pair in piece for each in pair)


def batch_caches(caches: Sequence[Cache], room: int) -> tuple[Cache, Any]:
    """One cache with a row for each of several (one row each), aligned at their ends, and which places are filled.

    The second is (rows, tokens) of bool, None when all are equally long. The caches given are emptied as they are
    copied, so that the memory is not needed twice.
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
