"""Engines: a model in this process, behind an OpenAI-compatible server, or answers from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.engines.engine import Answer, Engine, OptionScores, Request, usage_of
from handeye.perception.engines.options import EngineOptions

if TYPE_CHECKING:
    from handeye.perception.engines.serving.server_engine import ServerEngine

__all__ = ["Answer", "Engine", "EngineOptions", "OptionScores", "Request", "open_engine", "usage_of"]


def open_engine(model: str, options: EngineOptions | None = None) -> Engine:
    """Open the engine for a model name.

    - `http://…` or `https://…`: a server with OpenAI's chat API (`#name` at the end selects one of its models)
    - `serve:MODEL`: a checkpoint behind a vLLM server that is started for it and stopped when the engine is closed
    - `scripted:FILE`: the answers in a file, in order
    - a folder or a Hugging Face id: an InternVL checkpoint, in this process

    Raises UsageError for any other name, SetupError when a package is missing, and ModelError when the model cannot
    be opened.
    """
    options = options or EngineOptions()
    if model.startswith(("http://", "https://")):
        return _served(model, options)
    if model.startswith("serve:"):
        from handeye.perception.engines.serving.vllm_server import open_vllm_engine

        return open_vllm_engine(model.removeprefix("serve:"), options)
    if model.startswith("scripted:"):
        from handeye.perception.engines.scripted import ScriptedEngine

        return ScriptedEngine.open(model.removeprefix("scripted:"))
    from handeye.perception.engines.in_process.transformers_engine import InProcessEngine

    return InProcessEngine.open(model, options)


def _served(address: str, options: EngineOptions) -> ServerEngine:
    from handeye.perception.engines.serving.server_engine import ServerEngine

    return ServerEngine.open(address, options)
