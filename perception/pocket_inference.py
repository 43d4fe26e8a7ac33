"""Runs a pocket model with NumPy alone: InternViT over tiles, the language part over phrases, and the heads.

Importing transformers and torch takes longer than grounding a phrase, so neither is used. A test compares the scores
with those of transformers.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

HEADS, ABOUT, WEIGHTS = "heads.safetensors", "heads.json", "model.safetensors"
#: Tiles that are looked at side by side.
_THREADS = 2
#: How a phrase is cut into words before they are made of tokens; as GPT-2 cuts them, in the words of `re`.
_WORDS = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


class PhraseReading:
    """A pocket model for inference."""

    def __init__(self, folder: Path) -> None:
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self.tile = int(about["sizes"]["side"])
            self.icons = tuple(map(str, about["shown"]["icon"]))
            self._eye, self._text = config["vision_config"], config["text_config"]
            self.patch = int(self._eye["patch_size"][0])
            self._tokens = _Tokens(folder)
            self._weights = tensors(folder / WEIGHTS)
            self._heads = tensors(folder / HEADS)
            self._layers = [self._layer(number) for number in range(self._eye["num_hidden_layers"])]
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise ModelError(f"{folder} holds no pocket model ({error}); train one with handeye train") from error
        self._scale = float(np.exp(self._heads["scale.weight"]).item())
        self._absent = float(self._heads["absent.weight"].item())

    @property
    def side(self) -> int:
        """Patches along a tile."""
        return self.tile // self.patch

    def look(self, pixels: Floats) -> tuple[Floats, Floats]:
        """Tiles' patches as phrases are compared with them, (tiles, patches, keys); and what each reaches over."""
        # Two tiles at a time, one thread each: a BLAS with its own threads would compete with them.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(_THREADS) as pool:
            seen = np.stack(list(pool.map(self._seen, pixels)))
        normed = _layer_norm(seen, (self._heads["norm.weight"], self._heads["norm.bias"]), 1e-5)
        keys = _unit(_linear(normed, self._heads, "key"))
        return keys, _linear(normed, self._heads, "edges")

    def scores(self, phrase: str, keys: Floats) -> Floats:
        """How well a phrase fits each patch; the last one stands for: it is not there."""
        found = keys.reshape(-1, keys.shape[-1]) @ self.words(phrase)
        return np.append(self._scale * found, np.float32(self._scale * self._absent)).astype(np.float32)

    def words(self, phrase: str) -> Floats:
        """A phrase as patches are compared with it."""
        text, get = self._text, self._weights.__getitem__
        begin = "language_model.model."
        states = get(f"{begin}embed_tokens.weight")[self._tokens.of(phrase)]
        length, wide = states.shape
        heads = int(text["num_attention_heads"])
        size, epsilon = wide // heads, float(text["rms_norm_eps"])
        turn = _turns(length, size, float(text["rope_parameters"]["rope_theta"]))
        hidden = np.triu(np.full((length, length), -np.inf, np.float32), 1)
        for number in range(text["num_hidden_layers"]):
            at = f"{begin}layers.{number}."
            normed = _root_norm(states, get(f"{at}input_layernorm.weight"), epsilon)
            q, k, v = (
                _linear(normed, self._weights, f"{at}self_attn.{name}_proj").reshape(length, heads, size)
                for name in "qkv"
            )
            q, k = _turned(q.swapaxes(0, 1), turn), _turned(k.swapaxes(0, 1), turn)
            shares = _softmax(q @ k.swapaxes(1, 2) * np.float32(size**-0.5) + hidden)
            mixed = (shares @ v.swapaxes(0, 1)).swapaxes(0, 1).reshape(length, wide)
            states += mixed @ get(f"{at}self_attn.o_proj.weight").T
            normed = _root_norm(states, get(f"{at}post_attention_layernorm.weight"), epsilon)
            gate = normed @ get(f"{at}mlp.gate_proj.weight").T
            opened = gate / (1 + np.exp(-gate)) * (normed @ get(f"{at}mlp.up_proj.weight").T)
            states += opened @ get(f"{at}mlp.down_proj.weight").T
        last = _root_norm(states[-1], get(f"{begin}norm.weight"), epsilon)
        return _unit(_linear(last, self._heads, "phrase"))

    def _layer(self, number: int) -> dict[str, Any]:
        """A layer of InternViT with what can be worked out once: scales and factors lie within the matrices."""
        at = f"vision_tower.encoder.layer.{number}."
        get = self._weights.__getitem__
        own: dict[str, Any] = {}
        names = [f"{at}attention.{name}_proj" for name in "qkv"]
        own["qkv"] = np.ascontiguousarray(np.concatenate([get(f"{name}.weight") for name in names]).T)
        biases = [self._weights.get(f"{name}.bias") for name in names]
        own["qkv_bias"] = np.concatenate(
            [np.zeros(own["qkv"].shape[0], np.float32) if b is None else b for b in biases]
        )
        wide = own["qkv"].shape[0]
        factor = np.float32((wide // int(self._eye["num_attention_heads"])) ** -0.5)
        own["qkv"][:, :wide] *= factor
        own["qkv_bias"][:wide] *= factor
        for name, matrix, scale in (
            ("out", "attention.projection_layer", get(f"{at}lambda_1")),
            ("down", "mlp.fc2", get(f"{at}lambda_2")),
        ):
            own[name] = np.ascontiguousarray((get(f"{at}{matrix}.weight") * scale[:, None]).T)
            own[f"{name}_bias"] = get(f"{at}{matrix}.bias") * scale
        own["up"] = np.ascontiguousarray(get(f"{at}mlp.fc1.weight").T)
        own["up_bias"] = get(f"{at}mlp.fc1.bias")
        for name in ("before", "after"):
            own[name] = get(f"{at}layernorm_{name}.weight"), get(f"{at}layernorm_{name}.bias")
        return own

    def _seen(self, pixels: Floats) -> Floats:
        """What InternViT makes of one tile, (patches, width)."""
        side, patch, get = self.side, self.patch, self._weights.__getitem__
        begin = "vision_tower.embeddings."
        filters = get(f"{begin}patch_embeddings.projection.weight")
        wide = len(filters)
        cut = pixels.reshape(3, side, patch, side, patch).transpose(1, 3, 0, 2, 4).reshape(side * side, -1)
        states = np.empty((side * side + 1, wide), np.float32)
        states[0] = get(f"{begin}cls_token")[0, 0]
        states[1:] = cut @ filters.reshape(wide, -1).T + get(f"{begin}patch_embeddings.projection.bias")
        states += get(f"{begin}position_embeddings")[0]
        heads, epsilon = int(self._eye["num_attention_heads"]), float(self._eye["layer_norm_eps"])
        size = wide // heads
        for own in self._layers:
            mixed = _layer_norm(states, own["before"], epsilon) @ own["qkv"]
            mixed += own["qkv_bias"]
            for head in range(heads):
                q, k, v = (mixed[:, start + head * size : start + (head + 1) * size] for start in (0, wide, 2 * wide))
                mixed[:, head * size : (head + 1) * size] = _softmax(q @ k.T) @ v
            states += mixed[:, :wide] @ own["out"]
            states += own["out_bias"]
            wider = _layer_norm(states, own["after"], epsilon) @ own["up"]
            wider += own["up_bias"]
            states += _gelu(wider) @ own["down"]
            states += own["down_bias"]
        return states[1:]


class _Tokens:
    """The tokens of a phrase, by the merges of the checkpoint's tokenizer."""

    def __init__(self, folder: Path) -> None:
        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        self._ids: dict[str, int] = tokenizer["model"]["vocab"] | {
            each["content"]: each["id"] for each in tokenizer["added_tokens"]
        }
        self._ranks = {tuple(pair): rank for rank, pair in enumerate(tokenizer["model"]["merges"])}

    def of(self, phrase: str) -> list[int]:
        """`<ref>`, the phrase, `</ref>`."""
        words = (each.encode() for each in _WORDS.findall(phrase.casefold()))
        parts = [part for word in words for part in self._merged([_LETTERS[byte] for byte in word])]
        return [self._ids["<ref>"], *(self._ids[part] for part in parts), self._ids["</ref>"]]

    def _merged(self, parts: list[str]) -> list[str]:
        never = len(self._ranks)
        while len(parts) > 1:
            rank, at = min((self._ranks.get(pair, never), at) for at, pair in enumerate(pairwise(parts)))
            if rank == never:
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return parts


def _letters() -> list[str]:
    """The letter that stands for each byte in a tokenizer's file, as GPT-2 has it."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (chr(0x100 + number) for number in range(256))
    return [chr(byte) if byte in plain else next(others) for byte in range(256)]


_LETTERS = _letters()


def tensors(file: Path) -> dict[str, Floats]:
    """All tensors of a safetensors file, as float32; bfloat16 and float16 are widened."""
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    found = {}
    for name, each in header.items():
        if name == "__metadata__":
            continue
        first, last = each["data_offsets"]
        raw = memoryview(content)[8 + length + first : 8 + length + last]
        if each["dtype"] == "BF16":
            values = (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
        else:
            values = np.frombuffer(raw, {"F32": "<f4", "F16": "<f2"}[each["dtype"]]).astype(np.float32, copy=False)
        found[name] = values.reshape(each["shape"])
    return found


def _linear(values: Floats, weights: dict[str, Floats], name: str) -> Floats:
    made: Floats = values @ weights[f"{name}.weight"].T
    bias = weights.get(f"{name}.bias")
    return made if bias is None else made + bias


def _layer_norm(values: Floats, learned: tuple[Floats, Floats], epsilon: float) -> Floats:
    made: Floats = values - values.mean(-1, keepdims=True)
    made /= np.sqrt(np.einsum("...i,...i->...", made, made) / made.shape[-1] + epsilon)[..., None]
    made *= learned[0]
    made += learned[1]
    return made


def _root_norm(values: Floats, weight: Floats, epsilon: float) -> Floats:
    made: Floats = values / np.sqrt((values**2).mean(-1, keepdims=True) + np.float32(epsilon)) * weight
    return made


def _softmax(values: Floats) -> Floats:
    values = values - values.max(-1, keepdims=True)
    np.exp(values, values)
    values /= values.sum(-1, keepdims=True)
    return values


def _gelu(values: Floats) -> Floats:
    """GELU with its error function as a hyperbolic tangent of a polynomial, right to 1.3e-4."""
    squares = np.minimum(values * values, np.float32(25))  # beyond, the polynomial turns back
    inner: Floats = squares * np.float32(-3.5151e-4)
    inner += np.float32(3.6775e-2)
    inner *= squares
    inner += np.float32(0.797884)
    inner *= values
    np.tanh(inner, inner)
    inner += 1
    inner *= values
    inner *= np.float32(0.5)
    return inner


def _unit(values: Floats) -> Floats:
    made: Floats = values / np.maximum(np.sqrt((values * values).sum(-1, keepdims=True)), np.float32(1e-12))
    return made


@lru_cache(maxsize=64)
def _turns(length: int, size: int, theta: float) -> tuple[Any, Any]:
    """Cosines and sines of the angles by which each place is turned."""
    rates = theta ** (-np.arange(0, size, 2, dtype=np.float32) / size)
    angles = np.tile(np.arange(length, dtype=np.float32)[:, None] * rates, 2)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _turned(values: Floats, turn: tuple[Any, Any]) -> Floats:
    half = values.shape[-1] // 2
    other = np.concatenate([-values[..., half:], values[..., :half]], -1)
    made: Floats = values * turn[0] + other * turn[1]
    return made
