"""Lets torchvision be imported beside a CPU torch; put this folder on PYTHONPATH of the environment that vLLM runs in.

torchvision's compiled part does not load there. Two of its operators declared before its first import are enough for
what vLLM asks of it. They are declared when torchvision is first asked for, in whichever process that is: vLLM starts
several, and looks at models in further ones.
"""

from __future__ import annotations

import sys
from typing import Any

LIBRARIES: list[Any] = []


class BeforeTorchvision:
    """Declares the operators on the first look for torchvision, and finds nothing itself."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "torchvision" and not LIBRARIES:
            import torch

            library = torch.library.Library("torchvision", "DEF")
            LIBRARIES.append(library)
            library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


sys.meta_path.insert(0, BeforeTorchvision())
