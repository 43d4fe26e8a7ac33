"""Trains the icon encoder: a small network that maps pictures of icons close to the words of their names and tags.

Two losses are added: a softmax over all words of the vocabulary, and a contrastive loss between the icons of a batch
and a bag of words for each (CLIP, https://arxiv.org/abs/2103.00020). Screens have many things that are no icon, so one
entry of the vocabulary stands for these.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from handeye.perception.icons.crops import SIDE
from handeye.perception.icons.terms import STYLES
from handeye.perception.training.icon_pictures import RenderedSet, no_icon, on_screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

#: Channels of the layers, and the length of an embedding.
CHANNELS, LENGTH = (32, 48, 96, 160), 96
#: The entry of the vocabulary for pictures that are no icon.
NO_ICON = "<none>"
_BATCH, _FRESH, _BUFFER = 256, 72, 40_000
_RARE = 5
_NOISE = STYLES | {"android", "md", "ios", "bx", "new"}


class IconNet(nn.Module):  # type: ignore[misc]
    """Icons of shape (batch, 2, SIDE, SIDE), 0 to 1, become embeddings of shape (batch, LENGTH) and length 1."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth = CHANNELS
        plan = ((2, first, 5, 2), (first, second, 3, 1), (second, third, 3, 2), (third, third, 3, 1),
                (third, fourth, 3, 2), (fourth, fourth, 3, 1), (fourth, fourth, 3, 1))  # fmt: skip
        self.convolutions = nn.ModuleList(
            nn.Conv2d(of, to, side, stride, side // 2, bias=False) for of, to, side, stride in plan
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(to) for _, to, _, _ in plan)
        self.last = nn.Linear(fourth * (SIDE // 8) ** 2, LENGTH)

    def forward(self, icons: torch.Tensor) -> torch.Tensor:
        """Return the embeddings."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            made = norm(convolution(icons))
            icons = torch.relu(made + icons if made.shape == icons.shape else made)
        return nn.functional.normalize(self.last(icons.flatten(1)).float(), dim=1)


class WordTable(nn.Module):  # type: ignore[misc]
    """An embedding, a weight and a frequency for each word of the vocabulary."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embeddings = nn.Parameter(torch.randn(words, LENGTH) * 0.1)
        self.weights = nn.Parameter(torch.zeros(words))
        self.bias = nn.Parameter(torch.zeros(words))
        self.sharpness = nn.Parameter(torch.tensor([3.0, 2.7]))

    def unit(self) -> torch.Tensor:
        """Return the embeddings with length 1."""
        return nn.functional.normalize(self.embeddings, dim=1)

    def bags(self, phrases: torch.Tensor) -> torch.Tensor:
        """Return one embedding for each phrase; `phrases` has a 1 at each of its words, shape (phrases, words)."""
        return nn.functional.normalize((phrases * self.weights.exp()) @ self.unit(), dim=1)


@dataclass(frozen=True)
class Lessons:
    """The icons to learn from, with the entries of the vocabulary that name each."""

    sets: Sequence[RenderedSet]
    vocabulary: tuple[str, ...]
    where: npt.NDArray[np.int32]
    """The set of each icon, and its number in it: shape (icons, 2)."""
    names: tuple[tuple[int, ...], ...]
    tags: tuple[tuple[tuple[int, float], ...], ...]
    chances: npt.NDArray[np.float64]
    """The cumulated probability that an icon is drawn: icons that several sets have are drawn more often."""


def lessons(sets: Sequence[RenderedSet], synonyms: dict[tuple[str, ...], Counter[str]]) -> Lessons:
    """Return the lessons of rendered sets; words of fewer than `_RARE` icons are left out of the vocabulary."""
    counts: Counter[str] = Counter()
    having: dict[tuple[str, ...], set[str]] = {}
    for each in sets:
        counts.update(word for words in each.words for word in words)
        for words in each.words:
            having.setdefault(words, set()).add(each.of.name)
    for words in having:
        counts.update(word for word in synonyms.get(words, ()) if word not in _NOISE)
    vocabulary = (NO_ICON, *sorted(word for word, count in counts.items() if count >= _RARE))
    index = {word: number for number, word in enumerate(vocabulary)}
    where, names, tags, chances = [], [], [], []
    for number, each in enumerate(sets):
        for icon, words in enumerate(each.words):
            known = tuple(index[word] for word in words if word in index)
            others = synonyms.get(words, Counter())
            where.append((number, icon))
            names.append(known)
            tags.append(tuple((index[word], min(1.0, 0.25 + 0.2 * count)) for word, count in sorted(others.items())
                              if word in index and word not in _NOISE))  # fmt: skip
            chances.append(len(having[words]) ** 0.7 / len(each.words) ** 0.4 if known else 0.0)
    cumulated = np.cumsum(chances)
    return Lessons(sets, vocabulary, np.array(where, np.int32), tuple(names), tuple(tags), cumulated / cumulated[-1])


class IconTrainer:
    """Trains an encoder and a table of words; a training that was stopped continues from its last state."""

    def __init__(self, taught: Lessons, state: Path, minutes: float, steps: int = 0, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.taught, self.path, self.minutes, self.steps = taught, state, minutes, steps
        self.rng, self.chance = Random(seed), np.random.default_rng(seed)  # noqa: S311 - pictures, not secrets
        self.net, self.words = IconNet().to(memory_format=torch.channels_last), WordTable(len(taught.vocabulary))
        self.optimiser = torch.optim.AdamW([*self.net.parameters(), *self.words.parameters()], 3e-3, weight_decay=0.02)
        self.average = {name: each.detach().clone() for name, each in self._named()}
        self.step, self.seconds = 0, 0.0
        self.pictures = np.zeros((_BUFFER, 2, SIDE, SIDE), np.uint8)
        self.numbers = np.full(_BUFFER, -1)
        self.filled = 0
        if state.is_file():
            saved = torch.load(state, weights_only=True)
            self.net.load_state_dict(saved["net"])
            self.words.load_state_dict(saved["words"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.average, self.step, self.seconds = saved["average"], saved["step"], saved["seconds"]
            self.rng, self.chance = Random(f"{seed} {self.step}"), np.random.default_rng([seed, self.step])  # noqa: S311

    def run(self, report: Callable[[int, float, float], None], every: int = 200) -> None:
        """Train until the time or the steps are used up; `report` receives step, seconds and the mean loss."""
        self._draw(min(8 * _BATCH, _BUFFER))
        total, since = 0.0, 0
        while (progress := self._progress()) < 1:
            began = time.monotonic()
            for group in self.optimiser.param_groups:
                group["lr"] = 3e-3 * min(1, (self.step + 1) / 200) * (0.5 + 0.5 * float(np.cos(np.pi * progress)))
            total += self._train()
            self.step, since = self.step + 1, since + 1
            self.seconds += time.monotonic() - began
            if self.step % every == 0:
                report(self.step, self.seconds, total / since)
                total, since = 0.0, 0
                self.save()
        self.save()

    def save(self) -> None:
        """Write the state, from which the next training continues."""
        state = {"net": self.net.state_dict(), "words": self.words.state_dict(), "average": self.average,
                 "optimiser": self.optimiser.state_dict(), "step": self.step, "seconds": self.seconds}  # fmt: skip
        partial = self.path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self.path)

    def averaged(self) -> tuple[IconNet, WordTable]:
        """Return encoder and table with the moving average of their parameters, for use."""
        net, words = IconNet(), WordTable(len(self.taught.vocabulary))
        for module, prefix in ((net, "net."), (words, "words.")):
            module.load_state_dict({name.removeprefix(prefix): each for name, each in self.average.items()
                                    if name.startswith(prefix)})  # fmt: skip
        return net.eval(), words.eval()

    def _progress(self) -> float:
        return self.step / self.steps if self.steps else self.seconds / (60 * self.minutes)

    def _named(self) -> list[tuple[str, torch.Tensor]]:
        return [
            *((f"net.{name}", each) for name, each in self.net.state_dict().items()),
            *((f"words.{name}", each) for name, each in self.words.state_dict().items()),
        ]

    def _draw(self, count: int) -> None:
        """Draw new pictures into the buffer; each is used several times, with changes, before it is replaced."""
        for _ in range(count):
            at = self.filled if self.filled < _BUFFER else self.rng.randrange(_BUFFER)
            self.filled = min(_BUFFER, self.filled + 1)
            if self.rng.random() < 0.07:
                self.numbers[at], self.pictures[at] = -1, no_icon(self.rng)
                continue
            number = int(np.searchsorted(self.taught.chances, self.rng.random(), side="right"))
            which, icon = self.taught.where[number]
            of = self.taught.sets[which]
            self.numbers[at] = number
            self.pictures[at] = on_screen(of.pixels[icon], of.of.colour, self.rng)

    def _batch(self) -> tuple[torch.Tensor, npt.NDArray[np.int64]]:
        chosen = self.chance.choice(self.filled, _BATCH, replace=False)
        pictures = self.pictures[chosen].astype(np.float32) / 255
        for start in range(0, _BATCH, 32):
            shift = tuple(int(each) for each in self.chance.integers(-1, 2, 2))
            pictures[start : start + 32] = np.roll(pictures[start : start + 32], shift, (2, 3))
        gains = self.chance.uniform(0.75, 1.3, (_BATCH, 2, 1, 1)).astype(np.float32)
        return torch.from_numpy(np.minimum(pictures * gains, 1)), self.numbers[chosen]

    def _train(self) -> float:
        self._draw(_FRESH)
        pictures, numbers = self._batch()
        labels = np.zeros((3, _BATCH, len(self.taught.vocabulary)), np.float32)
        for row, number in enumerate(numbers):
            self._label(int(number), *labels[:, row])
        targets, phrases, named = torch.from_numpy(labels)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            icons = self.net(pictures.contiguous(memory_format=torch.channels_last))
        sharp, sharper = self.words.sharpness.exp()
        logits = sharp * icons @ self.words.unit().T + self.words.bias
        loss = -(targets * logits.log_softmax(1)).sum(1).mean()
        alike = sharper * icons @ self.words.bags(phrases).T
        # An icon that has all words of another icon's phrase is no counterexample to it.
        fits = named @ phrases.T >= phrases.sum(1) - 0.5
        fits.fill_diagonal_(False)
        alike = alike.masked_fill(fits, -1e4)
        each = torch.arange(_BATCH)
        cross = nn.functional.cross_entropy
        loss = loss + 0.5 * (cross(alike, each) + cross(alike.T, each))
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*self.net.parameters(), *self.words.parameters()], 1.0)
        self.optimiser.step()
        decay = min(0.998, (1 + self.step) / (10 + self.step))
        for name, value in self._named():
            average = self.average[name]
            if average.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(value)
        return float(loss.detach())

    def _label(self, number: int, targets: Any, phrase: Any, named: Any) -> None:
        """Fill the rows of an icon: its shares of the words, the words of one phrase for it, and all its words."""
        if number < 0:
            targets[0] = phrase[0] = named[0] = 1
            return
        name, tags = self.taught.names[number], self.taught.tags[number]
        share = 0.65 if tags else 1.0
        for word in name:
            targets[word] = share / len(name)
            named[word] = 1
        weight = sum(each for _, each in tags)
        for word, each in tags:
            targets[word] = (1 - share) * each / weight
            named[word] = 1
        kind = self.rng.random()
        if tags and kind < 0.35:
            words: Sequence[int] = [word for word, _ in self.rng.sample(tags, min(len(tags), self.rng.randint(1, 2)))]
        elif len(name) > 1 and kind < 0.45:
            words = self.rng.sample(name, len(name) - 1)
        else:
            words = name
        for word in words:
            phrase[word] = 1
