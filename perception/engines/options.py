"""How a model is to be run: one set of choices for every engine, each taking those that concern it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EngineOptions(BaseModel):
    """Choices for `open_engine`. The defaults are exact: they change how fast an answer comes, never which."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tiles: int = Field(default=12, ge=1, le=40)
    """Most tiles of a picture, the thumbnail not counted; 40 is `tiling.MAX_TILES`."""
    answer_seconds: float = Field(default=600.0, gt=0)
    """How long a model may take for one answer."""
    profile: str = ""
    """A profile's name, or a file that `handeye calibrate` wrote; empty: told by the model's name."""
    thinking: bool = False
    """Let a model that can think at length before it answers (InternVL 3.5) do so."""
    constrain: bool = True
    """Hold answers to the grammar that is asked for."""

    revision: str | None = None
    """Of a checkpoint on the Hugging Face hub."""
    dtype: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    quantize: Literal["none", "8bit", "4bit"] = "none"
    """Weights of the language part, by bitsandbytes."""
    fast: bool = False
    """Trade exactness for speed: fewer tiles where little is to be seen, int8 linear layers on a CPU."""
    v2pe: float = Field(default=1.0, gt=0, le=1)
    """How far one visual token advances the position: 1 is stock, 1/256 the least that was trained."""
    cache_mb: int = Field(default=2048, ge=0)
    """Memory for tile features and the key-value cache together; 0 turns both caches off."""
