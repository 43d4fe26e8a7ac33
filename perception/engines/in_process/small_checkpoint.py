"""Builds a small InternVL checkpoint with random weights, for tests of the real code.

The folder has all files of a released `-hf` checkpoint: configuration, safetensors, tokenizer with InternVL's special
tokens, chat template and image settings. transformers and vLLM load it as they load InternVL3-8B.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from handeye.perception.internvl.tiling import MEAN, STD, TILE
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: The kinds of language part that released InternVL checkpoints have: 2.5 and 3 have qwen2 or llama (InternLM, written
#: as one), 3.5 has qwen3, qwen3_moe or gpt_oss.
Language = Literal["qwen2", "llama", "qwen3", "qwen3_moe", "gpt_oss"]

_PARTS = (
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<IMG_CONTEXT>\\n' }}"
    "{% elif part['type'] == 'video' %}{{ '<video>\\n' }}"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
)

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    + _PARTS
    + "{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

#: As InternVL's `internvl3_5_gpt_oss`, written as a template.
HARMONY_CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|start|>' + message['role'] }}"
    "{% if message['role'] == 'assistant' %}{{ '<|channel|>final' }}{% endif %}{{ '<|message|>' }}"
    + _PARTS
    + "{{ '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}"
)

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<img>",
    "</img>",
    "<IMG_CONTEXT>",
    "<video>",
    "<quad>",
    "</quad>",
    "<ref>",
    "</ref>",
    "<box>",
    "</box>",
)
#: GPT-OSS has these in the place of `<|im_start|>` and `<|im_end|>`; an answer ends with `<|return|>`.
HARMONY_SPECIAL = (
    *(token for token in SPECIAL if not token.startswith("<|im_")),
    *("<|start|>", "<|message|>", "<|channel|>", "<|end|>", "<|return|>", "<|call|>"),
)
#: Qwen 3 has tokens for these, which are no control tokens.
QWEN3_WORDS = ("<think>", "</think>", "<tool_call>", "</tool_call>")

#: Text the tokenizer's merges are learned from: it need not be good, only always the same.
CORPUS = (
    "You operate a computer for a person. Click the button, type the text, press a key, scroll down, wait, done.",
    '<tool_call>\n{"kind": "click", "target": "the Save button", "button": "left", "count": 1}\n</tool_call>',
    "Please provide the bounding box coordinate of the region this sentence describes: [[100, 200, 300, 400]]",
    "Goal: log in, search for a lamp, open the second result, add it to the cart and check out. Steps so far: none.",
    "0 1 2 3 4 5 6 7 8 9 10 11 12 20 25 30 40 50 60 75 80 90 99 100 128 250 256 500 512 640 768 1000 1024 1280 1920",
)


def build_small_checkpoint(
    folder: Path,
    *,
    language: Language = "qwen2",
    seed: int = 0,
    hidden: int = 64,
    layers: int = 2,
    context: int = 16_384,
    vocabulary: int = 768,
) -> Path:
    """Write a random InternVL checkpoint of about 1.5 MB into a folder (made when missing), and return the folder.

    The same arguments give the same bytes. Raises SetupError when torch or transformers are not installed.
    """
    try:
        import torch
        from transformers import InternVLConfig, InternVLForConditionalGeneration, InternVLVisionConfig
    except ImportError as error:
        raise SetupError("a small checkpoint needs: pip install 'handeye[transformers]'") from error

    tokenizer = _tokenizer(language, vocabulary)
    text = _language_config(language, tokenizer, hidden, layers, context)
    vision = InternVLVisionConfig(
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        image_size=[TILE, TILE],
        patch_size=[14, 14],
        attention_bias=True,
    )
    config = InternVLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=int(tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>")),
        image_seq_length=256,
        downsample_ratio=0.5,
        tie_word_embeddings=text.tie_word_embeddings,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = InternVLForConditionalGeneration(config).eval()
        with torch.no_grad():
            # The stock initial values are so small that every picture would give the same answer.
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.normal_(std=0.12)
    return save_checkpoint(folder, model, tokenizer)


def _tokenizer(language: Language, vocabulary: int) -> Any:
    """A tokenizer with the tokens and the chat template of checkpoints with such a language part."""
    if language == "gpt_oss":
        tokenizer = train_tokenizer(CORPUS, vocabulary, HARMONY_SPECIAL)
        tokenizer.eos_token = "<|return|>"  # noqa: S105 - a token, not a password
        tokenizer.chat_template = HARMONY_CHAT_TEMPLATE
        return tokenizer
    tokenizer = train_tokenizer(CORPUS, vocabulary)
    if language.startswith("qwen3"):
        tokenizer.add_tokens(list(QWEN3_WORDS))
    return tokenizer


def _language_config(language: Language, tokenizer: Any, hidden: int, layers: int, context: int) -> Any:
    import transformers

    names = {
        "qwen2": "Qwen2Config",
        "llama": "LlamaConfig",
        "qwen3": "Qwen3Config",
        "qwen3_moe": "Qwen3MoeConfig",
        "gpt_oss": "GptOssConfig",
    }
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": hidden}
    own: dict[str, Any] = {
        "qwen3": {"head_dim": 32},
        "qwen3_moe": {"head_dim": 32, **experts},
        # The stock rotary stretch is for a context of 131,072; the window is as long as the real one's.
        "gpt_oss": {
            "head_dim": 32,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "sliding_window": 128,
            "rope_parameters": {"rope_type": "default", "rope_theta": 150_000.0},
        },
    }
    return getattr(transformers, names[language])(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,  # vLLM on the CPU wants heads of at least 32
        num_key_value_heads=hidden // 32,
        max_position_embeddings=context,
        tie_word_embeddings=language in {"qwen2", "qwen3"},
        bos_token_id=tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        **own.get(language, {}),
    )


def qwen2_internvl_config(
    tokenizer: Any,
    *,
    text: tuple[int, int],
    vision: tuple[int, int],
    side: int = TILE,
    patch: int = 14,
    text_ratio: int = 2,
    vision_ratio: int = 2,
    context: int = 8192,
) -> Any:
    """Return the configuration of a small InternVL with a Qwen2 language part, to train from scratch.

    `text` and `vision` are width and layers; the ratios are those of the MLP's width to the part's width. `side` and
    `patch` are the sides of a tile and of a patch, in pixels. Heads have 32 channels, the least that vLLM takes on the
    CPU. `tokenizer` must have the tokens of `SPECIAL`.
    """
    from transformers import InternVLConfig, InternVLVisionConfig, Qwen2Config

    ids = {token: int(tokenizer.convert_tokens_to_ids(token)) for token in SPECIAL}
    width, layers = text
    language_config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=text_ratio * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 32,
        num_key_value_heads=width // 32,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|im_end|>"],
        pad_token_id=ids["<|endoftext|>"],
    )
    width, layers = vision
    vision_config = InternVLVisionConfig(
        hidden_size=width,
        intermediate_size=vision_ratio * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 32,
        image_size=[side, side],
        patch_size=[patch, patch],
        attention_bias=True,
        layer_scale_init_value=1.0,
    )
    return InternVLConfig(
        text_config=language_config,
        vision_config=vision_config,
        image_token_id=ids["<IMG_CONTEXT>"],
        image_seq_length=(side // patch // 2) ** 2,
        downsample_ratio=0.5,
        tie_word_embeddings=True,
    )


def save_checkpoint(folder: Path, model: Any, tokenizer: Any) -> Path:
    """Write a model and its tokenizer with all settings that transformers and vLLM need, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    model.generation_config.eos_token_id = model.config.text_config.eos_token_id
    model.generation_config.pad_token_id = model.config.text_config.pad_token_id
    model.save_pretrained(folder)
    count = model.config.image_seq_length
    _write(folder / "preprocessor_config.json", _picture_settings("GotOcr2ImageProcessor"))
    _write(folder / "processor_config.json", {"processor_class": "InternVLProcessor", "image_seq_length": count})
    _write(folder / "video_preprocessor_config.json", _picture_settings("", video="InternVLVideoProcessor"))
    return folder


def train_tokenizer(corpus: Iterable[str], size: int, special: Sequence[str] = SPECIAL) -> Any:
    """Return a tokenizer of at most `size` tokens: InternVL's special tokens, and merges learned from texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",  # noqa: S106 - a token, not a password
        pad_token="<|endoftext|>",  # noqa: S106
        chat_template=CHAT_TEMPLATE,
        model_max_length=16_384,
        clean_up_tokenization_spaces=False,
        extra_special_tokens={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
    )


def _picture_settings(processor: str, video: str = "") -> dict[str, Any]:
    kind = {"video_processor_type": video} if video else {"image_processor_type": processor, "crop_to_patches": True}
    return kind | {
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": list(MEAN),
        "image_std": list(STD),
        "max_patches": 12,
        "min_patches": 1,
        "processor_class": "InternVLProcessor",
        "resample": 3,
        "rescale_factor": 1 / 255,
        "size": {"height": TILE, "width": TILE},
    }


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
