"""Int8 linear layers on the CPU: what `--fast` does to the arithmetic.

Weights become int8 with one scale for each output, once. What goes in becomes 8 bits while it runs, with one scale for
each token: the language part has a few tokens with values a thousand times larger than all others, and with one scale
for all of them the others would be rounded away. Norms, attention and embeddings stay in float32.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def hastened(model: Any) -> tuple[str, ...]:
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
