"""Writes the file that handeye's icon encoder runs from: layers, words, and a gallery of known icons."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from handeye.perception.icons.encoder import PEAK, IconEncoder, parameters
from handeye.perception.training.icon_pictures import plain

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    import numpy.typing as npt

    from handeye.perception.training.icon_encoder import IconNet, Lessons, WordTable

#: Icons of one name are alike from this cosine on: the gallery has only one of them.
_ALIKE = 0.9
#: Icons in the gallery.
_MOST = 26_000
#: Tags of a name that are stored.
_TAGS = 24


def write_model(
    path: Path, net: IconNet, words: WordTable, taught: Lessons, synonyms: dict[tuple[str, ...], Counter[str]]
) -> None:
    """Write encoder, words and gallery to a file. The same parameters give the same bytes."""
    arrays = _layers(net) | _words(words)
    _write(path, arrays)  # the gallery is embedded by the encoder that will be used
    arrays |= _gallery(taught, IconEncoder(path), synonyms)
    _write(path, arrays)


def _write(path: Path, arrays: dict[str, Any]) -> None:
    partial = path.with_suffix(".part.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(path)
    parameters.cache_clear()


def _layers(net: IconNet) -> dict[str, Any]:
    """Return the convolutions with their batch norms folded in, and the linear layer."""
    arrays: dict[str, Any] = {"strides": np.array([each.stride[0] for each in net.convolutions], np.uint8)}
    for number, (convolution, norm) in enumerate(zip(net.convolutions, net.norms, strict=True)):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        kernel = (convolution.weight * gain[:, None, None, None]).detach().permute(2, 3, 1, 0).numpy()
        arrays[f"kernel{number}"] = kernel.astype(np.float16)
        arrays[f"shift{number}"] = (norm.bias - norm.running_mean * gain).detach().numpy().astype(np.float16)
    arrays["last"] = net.last.weight.detach().T.numpy().astype(np.float16)
    arrays["last_shift"] = net.last.bias.detach().numpy().astype(np.float16)
    return arrays


def _words(words: WordTable) -> dict[str, Any]:
    return {
        "words": _small(words.unit().detach().numpy()),
        "word_weights": words.weights.exp().detach().numpy().astype(np.float16),
        "word_bias": words.bias.detach().numpy().astype(np.float16),
        "sharpness": words.sharpness.exp().detach().numpy().astype(np.float32),
    }


def _gallery(
    taught: Lessons, encoder: IconEncoder, synonyms: dict[tuple[str, ...], Counter[str]]
) -> dict[str, npt.NDArray[Any]]:
    """Return one embedding for each name and look, the names, and their tags."""
    index = {word: number for number, word in enumerate(taught.vocabulary)}
    by_name: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for which, icon in taught.where.tolist():
        by_name.setdefault(taught.sets[which].words[icon], []).append((which, icon))
    sets = {words: len({which for which, _ in icons}) for words, icons in by_name.items()}
    kept: list[tuple[int, tuple[str, ...], Any]] = []
    for words, icons in sorted(by_name.items()):
        some = Random(0).sample(icons, min(len(icons), 3 * sets[words] + 1))  # noqa: S311 - pictures, not secrets
        embeddings = encoder.embed(np.stack([plain(taught.sets[which].pixels[icon]) for which, icon in some]))
        chosen: list[Any] = []
        for embedding in embeddings:
            if all(float(embedding @ other) < _ALIKE for other in chosen):
                chosen.append(embedding)
                kept.append((len(chosen), words, embedding))
    # Names of many sets first, and of each name its first drawings.
    kept.sort(key=lambda each: (each[0] > 4 * sets[each[1]], -min(sets[each[1]], 4), each[0], each[1]))
    kept = sorted(kept[:_MOST], key=lambda each: (each[1], each[0]))
    names = sorted({words for _, words, _ in kept})
    place = {words: number for number, words in enumerate(names)}
    tags = []
    for words in names:
        common = [(word, count) for word, count in synonyms.get(words, {}).items() if word in index]
        tags.append([index[word] for word, _ in sorted(common, key=lambda each: (-each[1], each[0]))[:_TAGS]])
    text = json.dumps({"vocabulary": taught.vocabulary, "names": [" ".join(words) for words in names], "tags": tags,
                       "sets": [sets[words] for words in names]}, separators=(",", ":"))  # fmt: skip
    return {
        "gallery": _small(np.stack([embedding for _, _, embedding in kept])),
        "gallery_names": np.array([place[words] for _, words, _ in kept], np.uint16),
        "text": np.frombuffer(text.encode(), np.uint8),
    }


def _small(embeddings: Any) -> Any:
    """Return embeddings of length 1 as int8."""
    return np.round(embeddings * (127 / PEAK)).clip(-127, 127).astype(np.int8)
