"""Chooses devices, number format and quantisation for a checkpoint, and has the int8 layers for CPUs."""

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

#: Modules that keep full precision when weights are quantised: what sees and what hands it on, and the last layer.
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
#: Language parts whose experts are one tensor for all, and no linear layers that could be quantised.
EXPERTS = ("qwen3_moe", "gpt_oss")
WORDS = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


@dataclass(frozen=True)
class Placement:
    """The arguments of `from_pretrained` that say where and how."""

    dtype: Any
    device_map: dict[str, int | str]
    quantization: Any | None
    choice: str
    """In words."""


def choose_placement(options: EngineOptions, language: str, layers: int, folder: Path | None) -> Placement:
    """Where and how to load a checkpoint with so many language layers of that kind on this machine.

    Raises SetupError when the weights are to be quantised and there is no NVIDIA GPU, or no bitsandbytes.
    """
    import torch

    if options.quantize != "none":
        _check_quantising(options.quantize, torch.cuda.is_available())
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        memory = [torch.cuda.get_device_properties(number).total_memory for number in range(count)]
        split: dict[str, int | str] = {**split_over_gpus(layers, memory)} if count > 1 else {"": 0}
        # GPUs of before 2020 compute in bfloat16 by detours only.
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
        # It says at every layer of every answer that bfloat16 is made float16 on the way.
        logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
    return Placement(dtype, split, quantization_config(options.quantize, dtype), choice)


def cpu_format(folder: Path | None) -> str:
    """The number format for a CPU: the fastest that the memory holds.

    With instructions for bfloat16, weights of more than 1 GB are stored in it, because reading them from memory is what
    takes the time. Without them such arithmetic is emulated, several times slower than float32, which is taken as long
    as it fills at most half of the memory that is free.
    """
    import psutil
    import torch

    size = sum(path.stat().st_size for path in folder.glob("*.safetensors")) if folder else 1 << 40
    if size <= 1 << 30:
        return "fp32"
    native = any(able for name, able in torch.cpu.get_capabilities().items() if "bf16" in name)
    return "bf16" if native or 2 * size > psutil.virtual_memory().available / 2 else "fp32"


def split_over_gpus(layers: int, memory: Sequence[int]) -> dict[str, int]:
    """A device map for several GPUs: which part of the model lies on which.

    Language layers go to the GPUs in order, by their memory; the first GPU counts as half, because it holds the vision
    tower too. It also holds everything that is not a language layer, and the first and the last of these: what the
    prompt enters and what the answer leaves by. With equal GPUs this is the split of the InternVL model card.
    """
    total = sum(memory) - memory[0] / 2
    shares = [math.ceil(layers * each / total) for each in memory]
    shares[0] = math.ceil(shares[0] / 2)
    owners = [gpu for gpu, share in enumerate(shares) for _ in range(share)][:layers]
    made = dict.fromkeys(FIRST_GPU, 0)
    made |= {f"model.language_model.layers.{number}": gpu for number, gpu in enumerate(owners)}
    return made | {f"model.language_model.layers.{number}": 0 for number in (0, layers - 1)}


def quantization_config(bits: str, dtype: Any) -> Any | None:
    """transformers' configuration for bitsandbytes; None for `none`."""
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


#: In the place of a largest value of zero.
TINY = torch.finfo(torch.float32).tiny


class Int8Linear(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A linear layer with int8 weights; takes and gives float32."""

    def __init__(self, linear: Any) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weight = linear.weight.detach().float()
        scales = (weight.abs().amax(1) / 127).clamp(min=TINY).double()
        zeros = torch.zeros(len(scales), dtype=torch.long)
        with warnings.catch_warnings():
            # PyTorch means to remove tensors that are quantised; its kernels for plain ones are slower than float32.
            warnings.simplefilter("ignore", UserWarning)
            quantised = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
            self._packed = torch.ops.quantized.linear_prepack(quantised, None)
        self._bias = None if linear.bias is None else linear.bias.detach().float()
        # Without these instructions products of 8 bits are added up in 16, which holds two of them only at 7 bits.
        able = torch.cpu.get_capabilities()
        self._narrow = not (able.get("avx512_vnni") or able.get("avx_vnni") or able.get("amx_int8"))

    def forward(self, given: Any) -> Any:
        """(…, in) float32 as (…, out) float32."""
        # Every token is stretched to the same range, so that the one scale of the kernel is as good as one for each.
        largest = given.abs().amax(-1, keepdim=True).clamp_(min=TINY)
        made = torch.ops.quantized.linear_dynamic(given / largest, self._packed, self._narrow)
        return made.mul_(largest) if self._bias is None else torch.addcmul(self._bias, made, largest, out=made)


def quantize_linear_layers(model: Any) -> tuple[str, ...]:
    """What `--fast` trades on this machine, in words, after making the model's linear layers int8 on a CPU, in place.

    Everything else becomes float32 there. On a GPU the numbers stay as they are.
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
        # One by one, each letting go of its weights: in float32 the whole model might not fit into the memory.
        setattr(parent, name, Int8Linear(getattr(parent, name)))
        count += 1
    model.float()
    return (routing, f"fast: {count} linear layers in int8, the rest in float32") if count else (routing,)


def _linears(model: Any) -> Iterator[tuple[Any, str, Any]]:
    """Each linear layer, with the module that holds it and its name there."""
    for parent in model.modules():
        for name, child in parent.named_children():
            # Not what is a kind of linear layer already, as after another quantisation.
            if type(child) is torch.nn.Linear:
                yield parent, name, child
