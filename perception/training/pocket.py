"""The pocket model: a small InternVL with heads that point at patches instead of writing coordinates.

A head is a linear map over the patches of InternViT. The language part encodes the phrase alone, so the patches of a
screen are computed once for any number of phrases. The heads are stored in `heads.safetensors`; without that file the
folder is a plain InternVL checkpoint, which writes its boxes as text.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize

from handeye.perception.engines.in_process.small_checkpoint import (
    qwen2_internvl_config,
    save_checkpoint,
    train_tokenizer,
)
from handeye.perception.pocket_inference import ABOUT, HEADS
from handeye.perception.training.data.appearance import COLOURS
from handeye.perception.training.data.icons import ICONS
from handeye.perception.training.data.target_phrases import NOUNS
from handeye.tools.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PATCH = 14
#: The labels of patches; index 0 of each list means none of them.
PATCH_CLASSES: dict[str, tuple[str, ...]] = {"icon": tuple(ICONS), "role": tuple(NOUNS), "colour": tuple(COLOURS)}


@dataclass(frozen=True)
class Preset:
    """The sizes of a pocket model, and which screens it learns from."""

    side: int
    """Side of a tile in pixels."""
    vision: tuple[int, int]
    """Width and layers of InternViT."""
    text: tuple[int, int]
    """Width and layers of the language part."""
    keys: int
    """Width in which phrases and patches are compared."""
    vocabulary: int
    levels: tuple[float, ...]
    """The share of each level of drawn screens, and of sheets of icons, in the training."""
    tiles: int = 32
    """Tiles in a step."""
    mix: float = 0.0
    """Steps that also learn spelled answers and texts, as a share."""
    rate: float = 0.02
    """Muon's learning rate; AdamW's is a tenth."""

    @property
    def drawn(self) -> list[int]:
        """The levels of drawn screens that are practised, without sheets of icons."""
        return [number for number, share in enumerate(self.levels[:4]) if share]


PRESETS = {
    "tiny-cpu": Preset(224, (96, 4), (96, 2), 64, 1024, (1.0,), 16),
    "pocket": Preset(224, (128, 6), (128, 3), 96, 2048, (0.03, 0.12, 0.2, 0.25, 0.4), 16, mix=0.25),
}


def preset(name: str) -> Preset:
    """A preset by its name."""
    try:
        return PRESETS[name]
    except KeyError:
        raise UsageError(f"there is no preset {name!r} ({', '.join(PRESETS)}); choose one of these") from None


class Pocket:
    """The model with its heads."""

    def __init__(self, sizes: Preset, tokenizer: Any, model: Any, heads: Any) -> None:
        self.sizes, self.tokenizer, self.model, self.heads = sizes, tokenizer, model, heads
        self.end = int(tokenizer.convert_tokens_to_ids("</ref>"))
        self.begin = int(tokenizer.convert_tokens_to_ids("<ref>"))
        self.image_token = int(tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"))

    @classmethod
    def new(cls, sizes: Preset, texts: Iterable[str], seed: int) -> Pocket:
        """Return an untrained model with its own tokenizer."""
        from transformers import InternVLForConditionalGeneration

        tokenizer = train_tokenizer(texts, sizes.vocabulary)
        tokenizer.add_tokens(["<tool_call>", "</tool_call>"])
        config = qwen2_internvl_config(
            tokenizer,
            text=sizes.text,
            vision=sizes.vision,
            side=sizes.side,
            patch=PATCH,
            text_ratio=3,
            vision_ratio=4,
        )
        torch.manual_seed(seed)
        model = InternVLForConditionalGeneration(config)
        with torch.no_grad():
            _initialise(model, sizes)
        return cls(sizes, tokenizer, model, _heads(sizes))

    @property
    def side(self) -> int:
        """Patches along a tile."""
        return self.sizes.side // PATCH

    def parameters(self) -> list[tuple[str, Any]]:
        """Return all parameters by name."""
        return [*self.model.named_parameters(), *((f"heads.{n}", p) for n, p in self.heads.named_parameters())]

    def count(self) -> int:
        """Return the number of parameters."""
        return sum(parameter.numel() for _, parameter in self.parameters())

    def look(self, pixels: Any) -> Any:
        """Return InternViT's features of tiles, (tiles, patches, width)."""
        return self.model.model.vision_tower(pixel_values=pixels).last_hidden_state[:, 1:]

    def keys(self, patches: Any) -> Any:
        """Patches as phrases are compared with them, (…, patches, keys)."""
        return normalize(self.heads["key"](self.heads["norm"](patches)), dim=-1)

    def classify_patches(self, patches: Any) -> dict[str, Any]:
        """What each patch shows, as logits by list; and `edges`, the four sides of the thing under it in patches."""
        normed = self.heads["norm"](patches)
        return {name: self.heads[name](normed) for name in (*PATCH_CLASSES, "edges")}

    def words(self, ids: Any) -> Any:
        """Phrases (rows of tokens, filled up at the end) as patches are compared with them, (phrases, keys)."""
        states = self.model.model.language_model(
            input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False
        ).last_hidden_state
        last = (ids == self.end).int().argmax(1)
        return normalize(self.heads["phrase"](states[torch.arange(len(ids)), last]), dim=-1)

    def tokens(self, phrases: Sequence[str]) -> Any:
        """Phrases as `words` reads them."""
        rows = [
            [self.begin, *self.tokenizer.encode(phrase.casefold(), add_special_tokens=False), self.end]
            for phrase in phrases
        ]
        longest = max(map(len, rows), default=0)
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])

    def scores(self, words: Any, keys: Any) -> Any:
        """How well each phrase fits each patch, (phrases, patches); the last column stands for: it is not there."""
        found = (keys @ words.unsqueeze(-1)).squeeze(-1) if keys.dim() == 3 else words @ keys.T
        scale, absent = self.heads["scale"].weight.exp().flatten(), self.heads["absent"].weight.flatten()
        return torch.cat([scale * found, (scale * absent).expand(len(words), 1)], 1)

    def save(self, folder: Path) -> Path:
        """Write a checkpoint that transformers can load, and the heads next to it."""
        from safetensors.torch import save_file

        save_checkpoint(folder, self.model, self.tokenizer)
        save_file({name: each.contiguous() for name, each in self.heads.state_dict().items()}, folder / HEADS)
        about = {
            "version": 1,
            "sizes": asdict(self.sizes),
            "shown": {n: list(names) for n, names in PATCH_CLASSES.items()},
        }
        (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        return folder


def load(folder: Path) -> Pocket:
    """A pocket model from its folder."""
    from safetensors.torch import load_file
    from transformers import AutoTokenizer, InternVLForConditionalGeneration

    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        classes = {name: tuple(names) for name, names in about["shown"].items()}
        sizes_read: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in about["sizes"].items()}
        sizes = Preset(**sizes_read)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = InternVLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        heads = _heads(sizes)
        heads.load_state_dict(load_file(folder / HEADS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"{folder} holds no pocket model ({error}); train one with handeye train") from error
    if classes != PATCH_CLASSES:
        raise ModelError(f"{folder} was trained with other lists of icons than this handeye's; train it again")
    return Pocket(sizes, tokenizer, model.eval(), heads)


def _heads(sizes: Preset) -> Any:
    wide = sizes.vision[0]
    made = nn.ModuleDict({
        "norm": nn.LayerNorm(wide),
        "key": nn.Linear(wide, sizes.keys),
        "phrase": nn.Linear(sizes.text[0], sizes.keys),
        "edges": nn.Linear(wide, 4),
        "scale": nn.Linear(1, 1, bias=False),
        "absent": nn.Linear(1, 1, bias=False),
        **{name: nn.Linear(wide, 1 + len(names)) for name, names in PATCH_CLASSES.items()},
    })  # fmt: skip
    with torch.no_grad():
        made["scale"].weight.fill_(2.5)
        made["absent"].weight.zero_()
        made["edges"].bias.fill_(1.5)
    return made


def _initialise(model: Any, sizes: Preset) -> None:
    """Initialise for small widths: patch filters as low-frequency cosines, positions as sinusoids."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.normal_(std=parameter[0].numel() ** -0.5)
    wide, side = sizes.vision[0], sizes.side // PATCH
    embeddings = model.model.vision_tower.embeddings
    # The filters are whitened: low frequencies dominate pictures, so they get less weight.
    atoms = _waves(-(-wide // 3))
    filters = np.zeros((wide, 3, PATCH, PATCH), np.float32)
    for channel in range(wide):
        filters[channel] = _TINTS[channel % 3][:, None, None] * atoms[channel // 3]
    embeddings.patch_embeddings.projection.weight.copy_(torch.from_numpy(filters))
    embeddings.cls_token.normal_(std=0.1)
    places = torch.from_numpy(_places(side, wide))
    embeddings.position_embeddings.zero_()
    embeddings.position_embeddings[0, 1:] = 0.3 * places


#: Brightness, and two differences of colours.
_TINTS = np.array([[1, 1, 1], [1, -1, 0], [0.5, 0.5, -1]], np.float32)
_TINTS *= np.array([[0.5], [1.0], [1.0]], np.float32)


def _waves(count: int) -> Any:
    """So many of a patch's cosine waves, slow ones first, each heavier the faster it is."""
    steps = (np.arange(PATCH) + 0.5) * np.pi / PATCH
    order = sorted(((u, v) for u in range(PATCH) for v in range(PATCH)), key=lambda each: (sum(each), each))[:count]
    made = [np.outer(np.cos(u * steps), np.cos(v * steps)) for u, v in order]
    return [
        (wave / np.linalg.norm(wave) / PATCH * (1 + u + v)).astype(np.float32)
        for wave, (u, v) in zip(made, order, strict=True)
    ]


def _places(side: int, wide: int) -> Any:
    """Where each patch stands as waves, (patches, width)."""
    quarter = wide // 4
    rates = np.pi / 2 * (1 / side) ** (np.arange(quarter) / max(1, quarter - 1))
    line = np.arange(side)[:, None] * rates
    waves = np.concatenate([np.sin(line), np.cos(line)], 1)
    across = np.tile(waves, (side, 1))
    down = np.repeat(waves, side, 0)
    made = np.zeros((side * side, wide), np.float32)
    made[:, : 4 * quarter] = np.concatenate([across, down], 1)
    return made
