"""Runs the icon encoder with NumPy: normalised icons become embeddings, close to those of icons that look alike."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handeye.perception.icons.crops import SIDE
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

#: The file with the parameters of the encoder, the words and the gallery; `handeye train --preset icons` writes it.
MODEL = Path(__file__).parent / "icons.npz"
#: Stored embeddings are int8, 127 stands for this number; few numbers of an embedding are larger, they are cut off.
PEAK = 0.5
#: Icons in one pass: the activations of more do not fit into the processor's cache.
_AT_ONCE = 24


@lru_cache(maxsize=2)
def parameters(path: Path = MODEL) -> Mapping[str, npt.NDArray[Any]]:
    """Return the arrays of a model's file by name. Raises SetupError when the file cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError) as error:
        raise SetupError(f"{path} cannot be read ({error}); install handeye again") from error


class IconEncoder:
    """Six convolutions and a linear layer, as `training/icon_encoder.py` trains them; batch norms are folded in."""

    def __init__(self, path: Path = MODEL) -> None:
        stored = parameters(path)
        self._layers = []
        number = 0
        while f"kernel{number}" in stored:
            kernel = stored[f"kernel{number}"].astype(np.float32)  # (height, width, channels in, channels out)
            self._layers.append((kernel, stored[f"shift{number}"].astype(np.float32), int(stored["strides"][number])))
            number += 1
        self._last = stored["last"].astype(np.float32), stored["last_shift"].astype(np.float32)

    def embed(self, icons: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return embeddings of length 1, shape (icons, length), of icons of shape (icons, 2, SIDE, SIDE)."""
        weight, shift = self._last
        made = np.zeros((len(icons), len(shift)), np.float32)
        for start in range(0, len(icons), _AT_ONCE):
            batch: npt.NDArray[Any] = icons[start : start + _AT_ONCE].transpose(0, 2, 3, 1).astype(np.float32) / 255
            for kernel, bias, stride in self._layers:
                after = _convolved(batch, kernel, stride) + bias
                batch = np.maximum(after + batch if after.shape == batch.shape else after, 0)
            flat = batch.transpose(0, 3, 1, 2).reshape(len(batch), -1) @ weight + shift
            made[start : start + _AT_ONCE] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
        return made


def _convolved(batch: npt.NDArray[Any], kernel: npt.NDArray[np.float32], stride: int) -> npt.NDArray[Any]:
    """Return a convolution with zero padding of half the kernel; shape (batch, height, width, channels)."""
    side = kernel.shape[0]
    padded = np.pad(batch, ((0, 0), (side // 2, side // 2), (side // 2, side // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    count, height, width = windows.shape[:3]
    flat = windows.transpose(0, 1, 2, 4, 5, 3).reshape(count * height * width, -1)
    made: npt.NDArray[Any] = flat @ kernel.reshape(flat.shape[1], -1)
    return made.reshape(count, height, width, -1)


def blank(icons: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return which normalised icons show nothing: their box has one colour."""
    return np.asarray(~icons.reshape(len(icons), 2 * SIDE * SIDE).any(axis=1), np.bool_)
