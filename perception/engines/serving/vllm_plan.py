"""Chooses vLLM's flags for a checkpoint and its split over the available GPUs."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from handeye.perception.internvl.tiling import TOKENS_PER_TILE
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.engines.options import EngineOptions

GB = 1 << 30
#: Memory on each GPU in addition to the weights: vision activations, CUDA graphs and a key-value cache.
GPU_RESERVE = 4 * GB
#: The part of a GPU's memory that vLLM takes by itself.
USED = 0.9
#: Tokens for everything but the newest screenshot: actions, history, older pictures at one tile, and the answer.
WORDS = 8192
LEAST_CONTEXT = 16_384
DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
#: How many bytes of 16-bit weights are left: the vision part stays as it is.
SHRUNK = {"none": 1.0, "8bit": 0.6, "4bit": 0.4}


class Gpu(NamedTuple):
    """One GPU."""

    memory: int
    """In bytes."""
    capability: float = 9.0
    """The CUDA compute capability; below 8 the GPU has no bfloat16 arithmetic."""


class GpuSplit(NamedTuple):
    """How GPUs share a model: `data` copies, each on `tensor` GPUs."""

    tensor: int = 1
    data: int = 1


@dataclass(frozen=True)
class CheckpointFacts:
    """Properties of a checkpoint that are known before it is loaded; 0 for an unknown one."""

    model: str
    """A folder or a hub id."""
    original: bool = False
    """Whether it is in InternVL's original format, which needs code of the checkpoint."""
    heads: int = 0
    key_value_heads: int = 0
    vision_heads: int = 0
    context: int = 0
    weights: int = 0
    """The size of the weights in bytes, at 16 bits each."""

    @classmethod
    def read(cls, model: str, revision: str | None = None) -> CheckpointFacts:
        """Return the facts from a folder's files, the hub's configuration if available, or else the name."""
        folder = Path(model).expanduser()
        config = _config(folder, model, revision)
        text = config.get("text_config") or config.get("llm_config") or {}
        vision = config.get("vision_config") or {}
        files = [*folder.glob("*.safetensors"), *folder.glob("*.bin")] if folder.is_dir() else []
        size = re.search(r"(?<![\w.])(\d+(?:\.\d+)?)B\b", re.sub(r"[-_/]", " ", model))
        return cls(
            model=str(folder) if folder.is_dir() else model,
            original=_original(config, model),
            heads=int(text.get("num_attention_heads") or 0),
            key_value_heads=int(text.get("num_key_value_heads") or text.get("num_attention_heads") or 0),
            vision_heads=int(vision.get("num_attention_heads") or 0),
            context=int(text.get("max_position_embeddings") or 0),
            weights=sum(file.stat().st_size for file in files) or (int(float(size[1]) * 2e9) if size else 0),
        )


@dataclass(frozen=True)
class ServeOptions:
    """The options of the person who starts a server; 0 means that `plan_server` chooses."""

    trust_remote_code: bool = False
    images: int = 4
    """The limit of images per request."""
    max_model_len: int = 0
    tensor_parallel: int = 0
    data_parallel: int = 0
    extra: tuple[str, ...] = ()
    """vLLM's own flags, added last."""


def split_gpus(
    facts: CheckpointFacts, gpus: Sequence[Gpu], quantize: Literal["none", "8bit", "4bit"] = "none"
) -> GpuSplit:
    """Return the split with the fewest GPUs per copy that fit the model, and as many copies as the GPUs allow.

    The attention heads must be divisible by the GPUs of a copy, and each GPU reserves `GPU_RESERVE` bytes in addition
    to its weights. Raises SetupError when all GPUs together are too small. Without GPUs the model runs once, on the
    CPU.
    """
    if not gpus:
        return GpuSplit()
    least = min(gpu.memory for gpu in gpus)
    weights = facts.weights * SHRUNK[quantize]
    for tensor in range(1, len(gpus) + 1):
        if _dealt(facts, tensor) and weights / tensor + GPU_RESERVE <= least * USED:
            return GpuSplit(tensor, len(gpus) // tensor)
    raise SetupError(
        f"{facts.model} takes about {weights / GB:.0f} GB and {GPU_RESERVE // GB} GB more on each GPU, and there are "
        f"{len(gpus)} of {least / GB:.0f} GB; use a smaller model or --quantize 4bit"
    )


def vllm_flags(
    facts: CheckpointFacts, options: EngineOptions, wishes: ServeOptions, shared: GpuSplit, gpus: Sequence[Gpu] = ()
) -> list[str]:
    """Return vLLM's flags for a checkpoint, without its name and address."""
    length = wishes.max_model_len or max(LEAST_CONTEXT, WORDS + TOKENS_PER_TILE * (options.max_tiles + 1))
    length = min(length, facts.context) if facts.context and not wishes.max_model_len else length
    made = ["--max-model-len", str(length)]
    made += ["--limit-mm-per-prompt", json.dumps({"image": wishes.images, "video": 0})]
    made += ["--enable-prefix-caching", "--enable-prompt-tokens-details"]
    if options.max_tiles != 12:
        names = ("min_dynamic_patch", "max_dynamic_patch") if facts.original else ("min_patches", "max_patches")
        made += ["--mm-processor-kwargs", json.dumps(dict(zip(names, (1, options.max_tiles), strict=True)))]
    made += ["--trust-remote-code"] if facts.original else []
    made += ["--revision", options.revision] if options.revision else []
    old = any(gpu.capability < 8 for gpu in gpus)
    if options.dtype != "auto" or old:
        made += ["--dtype", DTYPES.get(options.dtype, "float16")]
    # vLLM's bitsandbytes has 4 bits only.
    made += {"none": [], "8bit": ["--quantization", "fp8"], "4bit": ["--quantization", "bitsandbytes"]}[
        options.quantize
    ]
    tensor, data = wishes.tensor_parallel or shared.tensor, wishes.data_parallel or shared.data
    made += ["--tensor-parallel-size", str(tensor)] if tensor > 1 else []
    made += ["--data-parallel-size", str(data)] if data > 1 else []
    if tensor > 1 and facts.vision_heads % tensor:
        # The 6 B vision part has 25 heads: each GPU sees pictures of its own instead of a part of each.
        made += ["--mm-encoder-tp-mode", "data"]
    return [*made, *wishes.extra]


def find_gpus() -> list[Gpu]:
    """Return the NVIDIA GPUs that this process may use, from `nvidia-smi`."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in {"", "-1"}:
        return []
    command = ["nvidia-smi", "--query-gpu=memory.total,compute_cap", "--format=csv,noheader,nounits"]
    command += ["-i", visible] if visible else []
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    pairs = re.findall(r"^\s*(\d+)\s*,\s*(\d+\.\d+)\s*$", listed, re.MULTILINE)
    return [Gpu(int(memory) << 20, float(capability)) for memory, capability in pairs]


def _dealt(facts: CheckpointFacts, tensor: int) -> bool:
    """Return whether the attention heads can be distributed evenly to so many GPUs."""
    if not facts.heads:
        return tensor & (tensor - 1) == 0
    shared = facts.key_value_heads
    return facts.heads % tensor == 0 and (shared % tensor == 0 or tensor % shared == 0)


def _original(config: dict[str, Any], model: str) -> bool:
    if config:
        return config.get("model_type") == "internvl_chat"
    return bool(re.search(r"intern-?vl", model, re.IGNORECASE)) and not re.search(r"-hf$", model, re.IGNORECASE)


def _config(folder: Path, model: str, revision: str | None) -> dict[str, Any]:
    """Return the checkpoint's `config.json`; empty when it is not available."""
    path: Path | None = folder / "config.json"
    if not folder.is_dir():
        path = _from_hub(model, revision)
    try:
        value = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _from_hub(model: str, revision: str | None) -> Path | None:
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        return None
    try:
        return Path(hf_hub_download(model, "config.json", revision=revision))
    except Exception:  # no network, no such model, no login: whichever it is, vLLM will say so
        return None
