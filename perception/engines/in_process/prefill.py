"""Prefills a prompt: computes tile features, keys and values that are not in the caches."""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from handeye.perception.engines.in_process import kv_cache
from handeye.perception.engines.in_process.prefix_cache import (
    TILE_SHARE,
    SizedCache,
    cached_prefix,
    piece_ends,
    piece_keys,
    tiles_within,
)
from handeye.perception.engines.in_process.router import halved
from handeye.perception.internvl.positions import after, positions
from handeye.perception.internvl.tiling import normalise
from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers.cache_utils import Cache

    from handeye.perception.engines.in_process.checkpoint import Checkpoint
    from handeye.perception.engines.in_process.kv_cache import KvPiece
    from handeye.perception.internvl.tiling import Tiling


@dataclass
class Prefilled:
    """The result of the prefill of one prompt."""

    cache: Cache
    logits: Any
    """(places, vocabulary) float32: the logits of the next token at each requested place."""
    position: float
    """The position of the last token."""
    tokens: int
    tokens_reused: int
    tiles: int
    tiles_reused: int


class Continued(Protocol):
    """An answer that `Prefiller.step` continues."""

    pending: list[int]
    """Token ids that are decoded, and not yet processed by the model."""
    position: float
    """The highest position that was processed."""

    def read(self, position: float) -> None:
        """Mark the pending tokens as processed by the model, up to this position."""


class Prefiller:
    """Prefills prompts with one checkpoint, and caches features, keys and values within a memory limit.

    A prompt is processed in the same pieces, and each tile alone, with and without caches. So the caches change no bit
    of the logits on one machine, if its kernels give equal bits for equal shapes (PyTorch's do so on CPUs, and by
    default on GPUs). Compared with one pass over the whole prompt, the logits differ by the rounding of the number
    format.
    """

    def __init__(self, checkpoint: Checkpoint, cache_bytes: int, delta: float = 1.0) -> None:
        """`delta` is the step of the position per visual token (V2PE, arXiv 2412.09616).

        `cache_bytes` limits the caches; 0 disables them.
        """
        self._checkpoint = checkpoint
        self._model = checkpoint.model
        self._delta = delta
        self._layers = int(self._model.config.text_config.num_hidden_layers)
        # transformers 5.24 renamed the parameter.
        named = inspect.signature(self._model.forward).parameters
        self._cache_name = "cache" if "cache" in named else "past_key_values"
        line_feed = checkpoint.tokenizer.encode("\n", add_special_tokens=False)
        self._line_feed = line_feed[0] if len(line_feed) == 1 else None
        self._features: SizedCache[Any] = SizedCache(int(cache_bytes * TILE_SHARE))
        self._prefixes: SizedCache[KvPiece] = SizedCache(int(cache_bytes * (1 - TILE_SHARE)))

    def forget(self) -> bool:
        """Empty the caches; return whether they had entries."""
        had = bool(len(self._features) + len(self._prefixes))
        self._features.clear()
        self._prefixes.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return had

    def read(
        self,
        ids: Sequence[int],
        tilings: Sequence[Tiling],
        *,
        deadline: float,
        places: Sequence[int] = (),
        forced: Sequence[int] = (),
        room: int = 0,
    ) -> Prefilled:
        """Prefill a prompt and the `forced` tokens of the answer after it; return the cache and the logits.

        `ids` are token ids; each run of image tokens belongs to the next tiles of `tilings`. The logits are those after
        each index of `places`, in ascending order; without any, those after the last token. `room` is the number of
        tokens that the cache must take afterwards. Raises ModelError after the deadline (of `time.monotonic`).
        """
        per_tile, image_token = self._checkpoint.tokens_per_tile, self._checkpoint.image_token
        everything = [*ids, *forced]
        places = places or [len(everything) - 1]
        digests = [digest for tiling in tilings for digest in tiling.digests]
        tiles = [tiling.tiles[number] for tiling in tilings for number in range(len(tiling))]
        takes = [count for tiling in tilings for count in tiling.tokens or (per_tile,) * len(tiling)]
        ends = piece_ends(ids, image_token, takes, self._line_feed)
        keys = piece_keys(ids, ends, digests, image_token, takes)
        # A piece with requested logits is computed again. The last one, which ends with the question, always is.
        again = next(number for number, end in enumerate(ends) if end > places[0] or number == len(ends) - 1)
        cached = cached_prefix(self._prefixes, keys[:again])
        cache = kv_cache.empty_cache(self._layers, len(everything) + room)
        kv_cache.append_pieces(cache, cached)
        where = self._positions(everything)
        start = reused = ends[len(cached) - 1] if cached else 0
        tile = tiles_within(takes, sum(token == image_token for token in ids[:start]))
        computed = 0
        logits: list[Any] = []
        for number in range(len(cached), len(ends)):
            self._check(deadline)
            last = number == len(ends) - 1
            end = len(everything) if last else ends[number]
            words = torch.tensor([everything[start:end]], device=self._model.device)
            embeddings = self._model.get_input_embeddings()(words)
            count = tiles_within(takes[tile:], int((words == image_token).sum()))
            if count:
                made = [self._feature(tiles[n], digests[n], takes[n], deadline) for n in range(tile, tile + count)]
                computed += sum(new for _, new in made)
                tile += count
                features = torch.cat([each for each, _ in made]).to(embeddings.device, embeddings.dtype)
                embeddings = embeddings.masked_scatter((words == image_token).unsqueeze(-1), features)
            wanted = [place - start for place in places if start <= place < end]
            made_logits = self._forward(embeddings, where[start:end], cache, wanted)
            if wanted:
                logits.append(made_logits)
            if not last and self._prefixes.limit:
                piece = kv_cache.copy_piece(cache, start, end)
                self._prefixes.put(keys[number], piece, kv_cache.piece_bytes(piece))
            start = end
        return Prefilled(
            cache, torch.cat(logits), float(where[-1]), len(ids), reused, len(tiles), len(tiles) - computed
        )

    def step(self, cache: Cache, filled: Any, rows: Sequence[Continued]) -> tuple[Any, Any]:
        """Process the pending tokens of all rows; return the logits and the new mask of filled cache positions.

        The logits are (rows, vocabulary) float32. The mask is (rows, tokens) bool, as in `decode_rows`.
        """
        width = max(len(row.pending) for row in rows)
        device = self._model.device
        # Aligned at the right: the last position of every row predicts the next token. Free positions are masked.
        ids = torch.tensor([[0] * (width - len(row.pending)) + row.pending for row in rows], device=device)
        new = torch.tensor([[n >= width - len(row.pending) for n in range(width)] for row in rows])
        starts = torch.tensor([after(row.position) - width + len(row.pending) for row in rows])
        where = (starts.unsqueeze(1) + torch.arange(width)).clamp(min=0).to(device)
        if filled is not None or not bool(new.all()):
            before = torch.ones(len(rows), cache.get_seq_length(), dtype=torch.bool) if filled is None else filled
            filled = torch.cat([before, new], 1)
        embeddings = self._model.get_input_embeddings()(ids)
        mask = None if filled is None else filled.to(device)
        logits = self._model(
            inputs_embeds=embeddings,
            position_ids=where,
            attention_mask=mask,
            use_cache=True,
            logits_to_keep=1,
            **{self._cache_name: cache},
        ).logits[:, -1]
        for row, last in zip(rows, where[:, -1].tolist(), strict=True):
            row.read(last)
        return logits.float(), filled

    def _forward(self, embeddings: Any, where: Any, cache: Cache, wanted: Sequence[int]) -> Any:
        """Return the logits, (wanted, vocabulary) float32, of one piece of a prompt; None when none are wanted."""
        # The output layer is skipped where its logits are not needed: it has 150,000 rows of weights.
        model = self._model if wanted else self._model.model
        keep = {"logits_to_keep": torch.tensor(wanted, device=embeddings.device)} if wanted else {}
        made = model(
            inputs_embeds=embeddings,
            position_ids=torch.from_numpy(where).unsqueeze(0).to(embeddings.device),
            use_cache=True,
            **keep,
            **{self._cache_name: cache},
        )
        return made.logits[0].float() if wanted else None

    def _feature(self, tile: Any, digest: str, tokens: int, deadline: float) -> tuple[Any, bool]:
        """Return the features of a tile, (tokens, width), and whether they were computed now."""
        key = f"{digest}:{tokens}"
        cached = self._features.get(key)
        if cached is not None:
            return cached, False
        self._check(deadline)
        tile = tile if tokens == self._checkpoint.tokens_per_tile else halved(tile)
        pixels = torch.from_numpy(normalise(tile[None])).to(self._model.device)
        made = self._model.get_image_features(pixel_values=pixels, return_dict=True).pooler_output[0]
        self._features.put(key, made, made.numel() * made.element_size())
        return made, True

    def _positions(self, ids: Sequence[int]) -> Any:
        return np.ascontiguousarray(positions(ids, self._checkpoint.image_token, self._delta))

    def _check(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise ModelError(
                f"{self._checkpoint.name} did not read the prompt in the time for an answer; "
                "give it longer (answer_seconds), or fewer tiles (max_tiles)"
            )
