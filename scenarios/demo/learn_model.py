"""The demo's model while it is trained: InternVL's classes, small enough to train on a CPU in minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy
from transformers import InternVLForConditionalGeneration

from handeye.perception.engines.in_process.small_checkpoint import qwen2_internvl_config, train_tokenizer
from handeye.perception.internvl.tiling import TILE
from handeye.scenarios.demo.learn_screens import LESSONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handeye.scenarios.demo.learn_batches import Batch

#: Patches as large as a button: 16 tokens a tile instead of 256, so that a picture is 112 tokens of a prompt.
PATCH = 56
TOKENS = (TILE // PATCH // 2) ** 2
WIDTH, LAYERS = 96, 3
VISION_WIDTH, VISION_LAYERS = 64, 2
VOCABULARY = 1024
CONTEXT = 4096


def make_tokenizer(texts: Iterable[str]) -> Any:
    """Return a tokenizer with InternVL's special tokens, `<tool_call>`, and merges learned from the training texts."""
    tokenizer = train_tokenizer(texts, VOCABULARY)
    tokenizer.add_tokens(["<tool_call>", "</tool_call>"])
    return tokenizer


class Learner:
    """The model during training, with an auxiliary head for its vision part that is dropped afterwards.

    Without it the model learns the common beginning of all answers first and ignores the pictures, which are noise to
    an untrained vision part. The head predicts the number of the screen from the visual features.
    """

    def __init__(self, tokenizer: Any, seed: int) -> None:
        torch.manual_seed(seed)
        config = qwen2_internvl_config(
            tokenizer,
            text=(WIDTH, LAYERS),
            vision=(VISION_WIDTH, VISION_LAYERS),
            patch=PATCH,
            context=CONTEXT,
        )
        self.image_token = int(tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"))
        self.model = InternVLForConditionalGeneration(config)
        self.guide = torch.nn.Linear(2 * WIDTH, len(LESSONS))
        with torch.no_grad():
            # The stock initial values suit widths of a thousand; here nothing of the picture would come through.
            for name, parameter in self.model.named_parameters():
                if parameter.dim() > 1:
                    fan_in = parameter[0].numel()
                    parameter.normal_(std=0.3 if "position" in name or "cls" in name else fan_in**-0.5)

    def parameters(self) -> list[Any]:
        """All parameters: those of the model and of the auxiliary head."""
        return [*self.model.parameters(), *self.guide.parameters()]

    def read(self, rows: dict[str, Any], embeddings: Any) -> Any:
        """Run the language part on rows made by `stack`; returns hidden states (rows, tokens, width)."""
        return self.model.model.language_model(
            inputs_embeds=embeddings,
            attention_mask=torch.from_numpy(rows["mask"]),
            position_ids=torch.from_numpy(rows["positions"]),
            use_cache=False,
        ).last_hidden_state

    def losses(self, batch: Batch) -> dict[str, Any]:
        """Return the mean losses: over the tokens of actions, of places, and of the auxiliary head."""
        ids, targets, parts = (torch.from_numpy(batch.rows[name]) for name in ("ids", "targets", "parts"))
        tiles = torch.from_numpy(batch.pixels)
        features = self.model.get_image_features(pixel_values=tiles, return_dict=True).pooler_output
        seen = features.reshape(len(batch.lessons), -1, WIDTH)
        guess = self.guide(torch.cat([seen.mean(1), seen.amax(1)], 1))
        embeddings = self.model.get_input_embeddings()(ids)
        embeddings = embeddings.masked_scatter((ids == self.image_token).unsqueeze(-1), features)
        states = self.read(batch.rows, embeddings)
        answered = targets >= 0
        each = cross_entropy(self.model.lm_head(states[answered]), targets[answered], reduction="none")
        actions = parts[answered] == 1
        return {
            "actions": each[actions].mean(),
            "places": each[~actions].mean(),
            "guide": cross_entropy(guess, torch.tensor(batch.lessons)),
        }
