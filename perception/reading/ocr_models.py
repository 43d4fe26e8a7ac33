"""Loads the detection and recognition models of RapidOCR into ONNX Runtime.

The models are files of the package rapidocr. Its own pipeline is not used: it detects on one size for the whole
picture, pads each batch of lines to the widest line, and allocates memory for each call.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

Task = Literal["det", "rec"]
Given = TypeVar("Given")
Made = TypeVar("Made")
#: More threads than this make the small models slower, not faster.
MOST_THREADS = 4


class OcrModel:
    """One model: a picture tensor in, a tensor out."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # The batches are small: one thread for each batch uses the cores better than all threads for one batch.
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the first output for a batch of shape (n, 3, height, width), values in -1 to 1."""
        output: npt.NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return output

    @property
    def characters(self) -> list[str]:
        """The classes of a recognition model: the blank of CTC, the characters of its metadata, and the space."""
        listed: str = self._session.get_modelmeta().custom_metadata_map["character"]
        return ["", *listed.splitlines(), " "]


@lru_cache(maxsize=2)
def load_model(task: Task) -> OcrModel:
    """Return the model of a task, loaded once per process; raises SetupError if it is not installed."""
    try:
        return OcrModel(_model_file(task))
    except ImportError as error:
        raise SetupError(_missing(error)) from error


def in_parallel(work: Callable[[Given], Made], parts: Sequence[Given]) -> list[Made]:
    """Return the result of each part, in their order; the parts are worked on by as many threads as are permitted."""
    threads = min(_threads(), len(parts))
    if threads < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))


def models_version() -> str:
    """Return what the text depends on apart from the picture and this package: the release of the models."""
    try:
        return f"rapidocr {version('rapidocr')}"
    except PackageNotFoundError as error:
        raise SetupError(_missing(error)) from error


def _model_file(task: Task) -> Path:
    spec: Any = find_spec("rapidocr")
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []
    files = sorted(path for folder in folders for path in (folder / "models").glob(f"*_{task}_*.onnx"))
    if not files:
        raise SetupError(_missing(f"rapidocr has no model for {task}"))
    return files[0]


def _missing(why: object) -> str:
    return f"text cannot be read off the screen ({why}); pip install rapidocr onnxruntime"


def _threads() -> int:
    limit = os.environ.get("OMP_NUM_THREADS", "")  # which numerical libraries use
    return int(limit) if limit.isdigit() and int(limit) else max(1, min(MOST_THREADS, os.cpu_count() or 1))
