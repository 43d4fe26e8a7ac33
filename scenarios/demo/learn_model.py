"""The model that learns: InternVL's own classes, small enough to be trained on a CPU in minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy
from transformers import InternVLConfig, InternVLForConditionalGeneration, InternVLVisionConfig, Qwen2Config

from handeye.perception.engines.in_process.small_checkpoint import SPECIAL, train_tokenizer
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
#: vLLM on the CPU wants heads of at least 32.
HEAD = 32
VOCABULARY = 1024
CONTEXT = 4096


def make_tokenizer(texts: Iterable[str]) -> Any:
    """InternVL's special tokens and Qwen's `<tool_call>` beside merges learned from what is asked and answered."""
    tokenizer = train_tokenizer(texts, VOCABULARY)
    tokenizer.add_tokens(["<tool_call>", "</tool_call>"])
    return tokenizer


class Learner:
    """The model while it learns, with a guide for its eyes that is thrown away afterwards.

    Left to the answers alone it learns those first and never looks: every screen's answer begins alike, and a picture
    it cannot read yet is noise. The guide asks for the screen's number from what comes out of the vision part.
    """

    def __init__(self, tokenizer: Any, seed: int) -> None:
        torch.manual_seed(seed)
        ids = {token: int(tokenizer.convert_tokens_to_ids(token)) for token in SPECIAL}
        text = Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=WIDTH // HEAD,
            num_key_value_heads=WIDTH // HEAD,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            bos_token_id=ids["<|endoftext|>"],
            eos_token_id=ids["<|im_end|>"],
            pad_token_id=ids["<|endoftext|>"],
        )
        vision = InternVLVisionConfig(
            hidden_size=VISION_WIDTH,
            intermediate_size=2 * VISION_WIDTH,
            num_hidden_layers=VISION_LAYERS,
            num_attention_heads=VISION_WIDTH // HEAD,
            image_size=[TILE, TILE],
            patch_size=[PATCH, PATCH],
            attention_bias=True,
            layer_scale_init_value=1.0,
        )
        config = InternVLConfig(
            text_config=text,
            vision_config=vision,
            image_token_id=ids["<IMG_CONTEXT>"],
            image_seq_length=TOKENS,
            downsample_ratio=0.5,
            tie_word_embeddings=True,
        )
        self.image_token = ids["<IMG_CONTEXT>"]
        self.model = InternVLForConditionalGeneration(config)
        self.guide = torch.nn.Linear(2 * WIDTH, len(LESSONS))
        with torch.no_grad():
            # The stock initial values suit widths of a thousand; here nothing of the picture would come through.
            for name, parameter in self.model.named_parameters():
                if parameter.dim() > 1:
                    fan_in = parameter[0].numel()
                    parameter.normal_(std=0.3 if "position" in name or "cls" in name else fan_in**-0.5)

    def parameters(self) -> list[Any]:
        """The model's and the guide's."""
        return [*self.model.parameters(), *self.guide.parameters()]

    def read(self, rows: dict[str, Any], embeddings: Any) -> Any:
        """What the language part makes of rows as `stack` makes them, (rows, tokens, width)."""
        return self.model.model.language_model(
            inputs_embeds=embeddings,
            attention_mask=torch.from_numpy(rows["mask"]),
            position_ids=torch.from_numpy(rows["positions"]),
            use_cache=False,
        ).last_hidden_state

    def losses(self, batch: Batch) -> dict[str, Any]:
        """Mean over the tokens of all actions, of all places, and over the guide's guesses."""
        ids, targets, parts = (torch.from_numpy(batch.rows[name]) for name in ("ids", "targets", "parts"))
        tiles = torch.from_numpy(batch.pixels)
        features = self.model.get_image_features(pixel_values=tiles, return_dict=True).pooler_output
        seen = features.reshape(len(batch.lessons), -1, WIDTH)
        guess = self.guide(torch.cat([seen.mean(1), seen.amax(1)], 1))
        embeddings = self.model.get_input_embeddings()(ids)
        embeddings = embeddings.masked_scatter((ids == self.image_token).unsqueeze(-1), features)
        states = self.read(batch.rows, embeddings)
        asked = targets >= 0
        each = cross_entropy(self.model.lm_head(states[asked]), targets[asked], reduction="none")
        actions = parts[asked] == 1
        return {
            "actions": each[actions].mean(),
            "places": each[~actions].mean(),
            "guide": cross_entropy(guess, torch.tensor(batch.lessons)),
        }
