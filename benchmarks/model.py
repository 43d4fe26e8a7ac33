"""The shape of InternVL3-1B with random weights, made in memory: real code at real cost, and nothing learned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import InternVLConfig, InternVLForConditionalGeneration, InternVLVisionConfig, Qwen2Config

from handeye.perception.engines.in_process.checkpoint import Checkpoint
from handeye.perception.engines.in_process.small_checkpoint import train_tokenizer
from handeye.perception.internvl.profiles import INTERNVL3
from handeye.perception.internvl.prompt import tools_text
from handeye.perception.internvl.tiling import TILE, TOKENS_PER_TILE
from handeye.tools.actions import KINDS

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Shape:
    """Width, layers and heads of both parts; the stock values are InternVL3-1B's."""

    name: str = "InternVL3-1B"
    vision: int = 1024
    vision_layers: int = 24
    vision_heads: int = 16
    language: int = 896
    language_layers: int = 24
    language_heads: int = 14
    language_kv_heads: int = 2
    inner: int = 4864
    vocabulary: int = 151_674


TINY = Shape("tiny", 64, 2, 2, 64, 2, 2, 2, 128, 8192)


@lru_cache(maxsize=1)
def tokenizer() -> Any:
    """A tokenizer learned from this project's own texts, to which a prompt is about as long as to InternVL3's."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*/*.py"))]
    # The words a model reads and writes most weigh more, as in a tokenizer that has seen much of everything.
    made = train_tokenizer([*texts, *[tools_text(INTERNVL3, KINDS)] * 20], 4096)
    made.add_tokens(["<tool_call>", "</tool_call>"])
    return made


def build(shape: Shape, seed: int = 0) -> Checkpoint:
    """A checkpoint of that shape in float32, the same for the same seed.

    In float32 the order in which a prompt is read does not turn a greedy choice, so that both sides of a comparison
    write the same tokens; and processors without bfloat16 arithmetic are several times faster in it.
    """
    words = tokenizer()
    ids = {token: int(words.convert_tokens_to_ids(token)) for token in ("<IMG_CONTEXT>", "<|im_end|>", "<|endoftext|>")}
    text = Qwen2Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.language,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.language_layers,
        num_attention_heads=shape.language_heads,
        num_key_value_heads=shape.language_kv_heads,
        max_position_embeddings=32_768,
        tie_word_embeddings=True,
        eos_token_id=ids["<|im_end|>"],
        pad_token_id=ids["<|endoftext|>"],
    )
    vision = InternVLVisionConfig(
        hidden_size=shape.vision,
        intermediate_size=4 * shape.vision,
        num_hidden_layers=shape.vision_layers,
        num_attention_heads=shape.vision_heads,
        image_size=[TILE, TILE],
        patch_size=[14, 14],
        attention_bias=True,
    )
    config = InternVLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<IMG_CONTEXT>"],
        image_seq_length=TOKENS_PER_TILE,
        downsample_ratio=0.5,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = InternVLForConditionalGeneration(config).eval()
        with torch.no_grad():
            # Wider than the stock initial values, with which every picture would give the same answer.
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.normal_(std=parameter.shape[-1] ** -0.5)
    model.generation_config.eos_token_id = ids["<|im_end|>"]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    return Checkpoint(
        name=f"{shape.name}, random weights",
        model=model,
        tokenizer=words,
        image_token=ids["<IMG_CONTEXT>"],
        tile=TILE,
        tokens_per_tile=TOKENS_PER_TILE,
        context=32_768,
        ends=(ids["<|im_end|>"],),
        language="qwen2",
        template="chatml",
        notes=(),
    )
