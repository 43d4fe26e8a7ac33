"""What docs/internvl.md says in numbers, names and flags is what the code computes and takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from handeye.agent.cli import app
from handeye.perception.engines.model_names import resolve_model
from handeye.perception.internvl.profiles import PROFILES
from handeye.perception.internvl.tiling import choose_grid, tokens

PAGE = (Path(__file__).parents[3] / "docs" / "internvl.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]


def test_the_table_of_tokens_is_what_the_tiler_makes() -> None:
    rows = [row for row in ROWS if re.fullmatch(r"\d+x\d+", row[0])]
    assert len(rows) == 7
    for size, *cells in rows:
        width, height = map(int, size.split("x"))
        for bound, cell in zip((6, 12, 24, 40), cells, strict=True):
            columns, lines = choose_grid(width, height, bound)
            count = columns * lines + (columns * lines > 1)
            assert cell == f"{columns}x{lines}: {tokens(count)}", (size, bound)


def test_every_model_named_is_one_that_loads_as_it_is() -> None:
    names = set(re.findall(r"OpenGVLab/[\w.-]+-(?:hf|HF)\b", PAGE))
    assert len(names) >= 9
    for name in names:
        assert resolve_model(name) == (name, ())


#: Flags of vLLM, SGLang and LMDeploy, which the page names for those who start them.
FOREIGN = {
    "--enforce-eager",
    "--trust-request-mm-kwargs",
    "--logprobs-mode",
    "--enable-prompt-tokens-details",
    "--enable-cache-report",
}


def test_every_flag_and_profile_named_is_there() -> None:
    commands: Any = typer.main.get_command(app)
    known = {
        option
        for command in commands.commands.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    named = set(re.findall(r"--[a-z][a-z\d-]+", PAGE))
    assert {"--max-tiles", "--quantize", "--best-of"} <= named
    assert named - FOREIGN <= known
    assert all(f"`{name}`" in PAGE for name in ("internvl2_5", "internvl3", "internvl3_5", "internvl3_5_gpt_oss"))
    assert set(re.findall(r"`(internvl[\d_a-z]+|scalecua)`", PAGE)) <= set(PROFILES)


#: Width, inner width, layers, heads and key-value heads of the language parts, as their authors released them.
QWEN2 = {
    "InternVL3-1B-hf": (896, 4864, 24, 14, 2),
    "InternVL3-2B-hf": (1536, 8960, 28, 12, 2),
    "InternVL3-8B-hf": (3584, 18944, 28, 28, 4),
    "InternVL3-14B-hf": (5120, 13824, 48, 40, 8),
    "InternVL3-38B-hf": (5120, 27648, 64, 40, 8),
    "InternVL3-78B-hf": (8192, 29568, 80, 64, 8),
}
QWEN3 = {
    "InternVL3_5-4B-HF": (2560, 9728, 36, 32, 8),
    "InternVL3_5-8B-HF": (4096, 12288, 36, 32, 8),
    "InternVL3_5-30B-A3B-HF": (2048, 6144, 48, 32, 4),
}


def _language(name: str) -> Any:
    from transformers import Qwen2Config, Qwen3Config, Qwen3MoeConfig

    width, inner, layers, heads, pairs = (QWEN2 | QWEN3)[name]
    shape: dict[str, Any] = {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": pairs,
        "tie_word_embeddings": False,
    }
    if name in QWEN2:
        return Qwen2Config(vocab_size=151_674, **shape)
    experts = {"num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768}
    kind, more = (Qwen3MoeConfig, experts) if "A3B" in name else (Qwen3Config, {})
    return kind(vocab_size=151_936, head_dim=128, **shape, **more)


@pytest.mark.model
@pytest.mark.parametrize("name", QWEN2 | QWEN3)
def test_the_table_of_memory_is_computed_from_the_shapes(name: str) -> None:
    import torch
    from transformers import InternVLConfig, InternVLForConditionalGeneration, InternVLVisionConfig

    large = name in ("InternVL3-38B-hf", "InternVL3-78B-hf")
    width, inner, layers, heads = (3200, 12_800, 45, 25) if large else (1024, 4096, 24, 16)
    vision = InternVLVisionConfig(
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        attention_bias=not large,
        use_qk_norm=large,
    )
    text = _language(name)
    config = InternVLConfig(vision_config=vision, text_config=text, tie_word_embeddings=False)
    with torch.device("meta"):  # shapes alone, no memory
        model = InternVLForConditionalGeneration(config)
    whole = sum(each.numel() for each in model.parameters())
    linear = sum(
        module.weight.numel()
        for part, module in model.named_modules()
        if type(module) is torch.nn.Linear and part.startswith("model.language_model.")
    )
    head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    token = 2 * text.num_hidden_layers * text.num_key_value_heads * head * 2
    expected = [f"{whole / 1e9:.2f} B"]
    expected += [f"{(2 * (whole - linear) + bytes_each * linear) / 1e9:.1f} GB" for bytes_each in (2, 1, 0.55)]
    expected += [f"{token // 1024} KiB", f"{token * 16_384 / 1e9:.1f} GB"]
    (row,) = [row for row in ROWS if row[0] == f"`OpenGVLab/{name}`"]
    assert row[1:] == expected
