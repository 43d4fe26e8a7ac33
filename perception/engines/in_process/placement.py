"""Chooses devices, number format and quantisation for a checkpoint; defines the int8 layer for CPUs."""

from __future__ import annotations

import importlib.util
import logging
import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from handeye.perception.engines.options import EngineOptions

#: Modules that are never quantised: the vision tower, the projector and the output layer.
#: transformers compares these with the beginning of a module's whole name.
UNQUANTISED = ("model.vision_tower", "model.multi_modal_projector", "lm_head")
#: Everything that is not a language layer. It stays together on the first GPU.
FIRST_GPU = (
    "model.vision_tower",
    "model.multi_modal_projector",
    "model.language_model.embed_tokens",
    "model.language_model.norm",
    "model.language_model.rotary_emb",
    "lm_head",
)
#: Language parts whose experts share one tensor; they have no linear layers that could be quantised.
EXPERTS = ("qwen3_moe", "gpt_oss")
WORDS = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


@dataclass(frozen=True)
class Placement:
    """The arguments of `from_pretrained` that choose devices, number format and quantisation."""

    dtype: Any
    device_map: dict[str, int | str]
    quantization: Any | None
    choice: str
    """The choice as text, for the notes of the engine."""


def choose_placement(options: EngineOptions, language: str, layers: int, folder: Path | None) -> Placement:
    """Return the placement of a checkpoint on this machine.

    `language` is the type of its language part, as transformers names it, and `layers` the number of language layers.
    `folder` contains the weights; None for a hub id. Raises SetupError when quantisation is requested and there is no
    NVIDIA GPU, or no bitsandbytes.
    """
    import torch

    if options.quantize != "none":
        _check_quantising(options.quantize, torch.cuda.is_available())
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        memory = [torch.cuda.get_device_properties(number).total_memory for number in range(count)]
        split: dict[str, int | str] = {**split_over_gpus(layers, memory)} if count > 1 else {"": 0}
        # GPUs before the Ampere generation only emulate bfloat16.
        kind = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
        where = f"on {count} GPU{'s' if count > 1 else ''}"
    elif torch.backends.mps.is_available():
        split, kind, where = {"": "mps"}, "bf16", "on the GPU (mps)"
    else:
        split, kind, where = {"": "cpu"}, cpu_format(folder), "on the CPU"
    kind = kind if options.dtype == "auto" else options.dtype
    dtype = getattr(torch, WORDS[kind])
    choice = f"{WORDS[kind]} {where}"
    if options.quantize != "none":
        choice += f", the language part in {options.quantize.removesuffix('bit')} bits"
        if language in EXPERTS:
            choice += " except for its experts, which bitsandbytes leaves as they are"
        # bitsandbytes warns at every layer of every answer that bfloat16 is converted to float16.
        logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    return Placement(dtype, split, quantization_config(options.quantize, dtype), choice)


def cpu_format(folder: Path | None) -> str:
    """Return the number format for a CPU (`fp32` or `bf16`): the fastest that fits into the memory.

    With CPU instructions for bfloat16, weights above 1 GB are stored in it, because the time is spent on reading them
    from memory. Without these instructions bfloat16 is emulated, several times slower than float32. Then float32 is
    chosen as long as it fills at most half of the free memory.
    """
    import psutil
    import torch

    size = sum(path.stat().st_size for path in folder.glob("*.safetensors")) if folder else 1 << 40
    if size <= 1 << 30:
        return "fp32"
    native = any(able for name, able in torch.cpu.get_capabilities().items() if "bf16" in name)
    return "bf16" if native or 2 * size > psutil.virtual_memory().available / 2 else "fp32"


def split_over_gpus(layers: int, memory: Sequence[int]) -> dict[str, int]:
    """Return a device map for several GPUs: from the names of modules to GPU numbers. `memory` is in bytes, per GPU.

    Language layers are assigned to the GPUs in order, by their memory. The first GPU counts as half, because it also
    contains the vision tower, the first and the last language layer, and everything that is not a language layer. With
    equal GPUs this is `split_model` of the InternVL model card: https://huggingface.co/OpenGVLab/InternVL3-8B.
    """
    total = sum(memory) - memory[0] / 2
    shares = [math.ceil(layers * each / total) for each in memory]
    shares[0] = math.ceil(shares[0] / 2)
    owners = [gpu for gpu, share in enumerate(shares) for _ in range(share)][:layers]
    made = dict.fromkeys(FIRST_GPU, 0)
    made |= {f"model.language_model.layers.{number}": gpu for number, gpu in enumerate(owners)}
    return made | {f"model.language_model.layers.{number}": 0 for number in (0, layers - 1)}


def quantization_config(bits: str, dtype: Any) -> Any | None:
    """Return transformers' configuration for bitsandbytes (`8bit` or `4bit`); None for `none`."""
    if bits == "none":
        return None
    from transformers import BitsAndBytesConfig

    keep = list(UNQUANTISED)
    if bits == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=keep)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        llm_int8_skip_modules=keep,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def _check_quantising(bits: str, cuda: bool) -> None:
    if not cuda:
        raise SetupError(
            f"--quantize {bits} needs an NVIDIA GPU, and torch sees none; "
            "on a CPU use --fast, which makes the linear layers int8"
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise SetupError(f"--quantize {bits} needs: pip install 'handeye[quantize]'")


#: Replaces a largest value of zero.
TINY = torch.finfo(torch.float32).tiny


class Int8Linear(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A linear layer with int8 weights, one scale per output; its input and output are float32."""

    def __init__(self, linear: Any) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weight = linear.weight.detach().float()
        scales = (weight.abs().amax(1) / 127).clamp(min=TINY).double()
        zeros = torch.zeros(len(scales), dtype=torch.long)
        with warnings.catch_warnings():
            # PyTorch deprecates quantised tensors, but its kernels for plain int8 tensors are slower than float32.
            warnings.simplefilter("ignore", UserWarning)
            quantised = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
            self._packed = torch.ops.quantized.linear_prepack(quantised, None)
        self._bias = None if linear.bias is None else linear.bias.detach().float()
        # Without these instructions products are added in 16 bits, which overflow unless the inputs have 7 bits.
        able = torch.cpu.get_capabilities()
        self._narrow = not (able.get("avx512_vnni") or able.get("avx_vnni") or able.get("amx_int8"))

    def forward(self, given: Any) -> Any:
        """Return (…, out) float32 for an input of (…, in) float32."""
        # The kernel has one scale for all tokens. Each token is normalised first, which is equal to a scale per token.
        largest = given.abs().amax(-1, keepdim=True).clamp_(min=TINY)
        made = torch.ops.quantized.linear_dynamic(given / largest, self._packed, self._narrow)
        return made.mul_(largest) if self._bias is None else torch.addcmul(self._bias, made, largest, out=made)


def quantize_linear_layers(model: Any) -> tuple[str, ...]:
    """Convert a model's linear layers on a CPU to int8, in place; return what `--fast` changes, as sentences.

    All other parameters become float32 there. On a GPU the number format is unchanged.
    """
    routing = "fast: tiles with little to see, and thumbnails, are looked at in half their size"
    if model.device.type != "cpu":
        return (routing,)
    if not hasattr(torch, "quantize_per_channel"):
        return (
            routing,
            f"fast: PyTorch {torch.__version__} has no int8 linear layers for CPUs; weights stay as they are",
        )
    count = 0
    for parent, name in [(parent, name) for parent, name, _ in _linears(model)]:
        # One by one, so that each float32 copy is released: the whole model might not fit into the memory in float32.
        setattr(parent, name, Int8Linear(getattr(parent, name)))
        count += 1
    model.float()
    return (routing, f"fast: {count} linear layers in int8, the rest in float32") if count else (routing,)


def _linears(model: Any) -> Iterator[tuple[Any, str, Any]]:
    """Yield each linear layer: its parent module, its name there, and the layer."""
    for parent in model.modules():
        for name, child in parent.named_children():
            # Subclasses are excluded: they are the result of another quantisation.
            if type(child) is torch.nn.Linear:
                yield parent, name, child
