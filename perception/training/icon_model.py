"""Writes the file that handeye's icon encoder runs from: layers, words, and a gallery of known icons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from handeye.perception.icons.encoder import MODEL, PEAK, IconEncoder, parameters
from handeye.perception.training.icon_encoder import IconTrainer, lessons
from handeye.perception.training.icon_pictures import all_rendered, plain
from handeye.perception.training.icon_score import CHOICES, IconScore, fit_confidence, score
from handeye.perception.training.icon_sets import synonyms

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from handeye.perception.training.icon_encoder import IconNet, Lessons, WordTable

#: Icons of one name are alike from this cosine on: the gallery has only one of them.
_ALIKE = 0.9
#: Icons in the gallery.
_MOST = 26_000
#: Tags of a name that are stored.
_TAGS = 24


@dataclass(frozen=True)
class IconTraining:
    """A training of the icon encoder in a folder: downloaded sets, state, and the model's file."""

    folder: Path
    minutes: float
    steps: int = 0
    """So many steps, in the place of minutes."""
    seed: int = 0
    threads: int = 0
    choices: int = CHOICES

    @property
    def model(self) -> Path:
        """The file that the encoder runs from."""
        return self.folder / MODEL.name

    def run(self, report: Callable[[str], None]) -> float:
        """Train, write the model's file, and return the calibration error of its confidence, 0 to 1.

        A training that was stopped continues. Raises SetupError when the sets cannot be downloaded or rendered.
        """
        if self.threads:
            torch.set_num_threads(self.threads)
        sets = self.folder / "sets"
        tags = synonyms(sets)
        taught = lessons(all_rendered(sets, "train"), tags)
        report(f"{len(taught.names):,} icons, {len(taught.vocabulary):,} words, into {self.folder}")
        trainer = IconTrainer(taught, self.folder / "state.pt", self.minutes, self.steps, self.seed)
        trainer.run(lambda step, seconds, loss: report(f"step {step}, {seconds / 60:.1f} min, loss {loss:.3f}"))
        net, words = trainer.averaged()
        write_model(self.model, net, words, taught, tags)
        return fit_confidence(self.model, all_rendered(sets, "fit"), tags)

    def score(self) -> list[IconScore]:
        """Measure the model's file on the held-out sets."""
        sets = self.folder / "sets"
        return score(self.model, all_rendered(sets, "held-out"), synonyms(sets))


def write_model(
    path: Path, net: IconNet, words: WordTable, taught: Lessons, tags: dict[tuple[str, ...], Counter[str]]
) -> None:
    """Write encoder, words and gallery to a file. The same parameters give the same bytes."""
    arrays = _layers(net) | _words(words)
    _write(path, arrays)  # the gallery is embedded by the encoder that will be used
    arrays |= _gallery(taught, IconEncoder(path), tags)
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
    taught: Lessons, encoder: IconEncoder, other_names: dict[tuple[str, ...], Counter[str]]
) -> dict[str, npt.NDArray[Any]]:
    """Return one embedding for each name and look, the names, and their tags."""
    index = {word: number for number, word in enumerate(taught.vocabulary)}
    by_name: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for which, icon in taught.where.tolist():
        by_name.setdefault(taught.sets[which].words[icon], []).append((which, icon))
    sets = {words: len({which for which, _ in icons}) for words, icons in by_name.items()}
    gallery_entries: list[tuple[int, tuple[str, ...], Any]] = []
    for words, icons in sorted(by_name.items()):
        some = Random(0).sample(icons, min(len(icons), 3 * sets[words] + 1))  # noqa: S311 - pictures, not secrets
        embeddings = encoder.embed(np.stack([plain(taught.sets[which].pixels[icon]) for which, icon in some]))
        chosen: list[Any] = []
        for embedding in embeddings:
            if all(float(embedding @ other) < _ALIKE for other in chosen):
                chosen.append(embedding)
                gallery_entries.append((len(chosen), words, embedding))
    # Names of many sets first, and of each name its first drawings.
    gallery_entries.sort(key=lambda each: (each[0] > 4 * sets[each[1]], -min(sets[each[1]], 4), each[0], each[1]))
    gallery_entries = sorted(gallery_entries[:_MOST], key=lambda each: (each[1], each[0]))
    names = sorted({words for _, words, _ in gallery_entries})
    place = {words: number for number, words in enumerate(names)}
    tags = []
    for words in names:
        common = [(word, count) for word, count in other_names.get(words, {}).items() if word in index]
        tags.append([index[word] for word, _ in sorted(common, key=lambda each: (-each[1], each[0]))[:_TAGS]])
    text = json.dumps({"vocabulary": taught.vocabulary, "names": [" ".join(words) for words in names], "tags": tags,
                       "sets": [sets[words] for words in names]}, separators=(",", ":"))  # fmt: skip
    return {
        "gallery": _small(np.stack([embedding for _, _, embedding in gallery_entries])),
        "gallery_names": np.array([place[words] for _, words, _ in gallery_entries], np.uint16),
        "text": np.frombuffer(text.encode(), np.uint8),
    }


def _small(embeddings: Any) -> Any:
    """Return embeddings of length 1 as int8."""
    return np.round(embeddings * (127 / PEAK)).clip(-127, 127).astype(np.int8)
