"""`EngineOptions`: how a model is run. One set of settings for every engine; each engine uses those that concern it."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _fraction(value: Any) -> Any:
    """The text `1/4` as 0.25; a number as it is."""
    if isinstance(value, str):
        try:
            return float(Fraction(value))
        except (ValueError, ZeroDivisionError):
            raise ValueError("must be a number such as 1, 1/4 or 1/64") from None
    return value


class EngineOptions(BaseModel):
    """Settings for `open_engine`. The defaults are exact: they change how fast an answer comes, never which.

    The command line, the form of `handeye ui` and docs/reference.md are made from these fields: `description` is the
    help text, `metavar` names the value, `unset` says what an empty value means.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tiles: int = Field(
        default=12,  # the upper limit is `tiling.MAX_TILES`
        ge=1,
        le=40,
        description="Largest number of tiles a screenshot is cut into, without the thumbnail. InternVL was trained "
        "with 12.",
    )
    profile: str = Field(
        default="",
        description="Coordinates and answer format of the model: a profile's name, or a file written by "
        "[b]handeye calibrate[/b].",
        json_schema_extra={"metavar": "NAME|FILE", "unset": "by the model's name"},
    )
    thinking: bool = Field(
        default=False, description="Let the model reason at length before it answers (InternVL 3.5)."
    )
    constrain: bool = Field(default=True, description="Allow only answers that match the grammar of actions.")
    revision: str | None = Field(default=None, description="Revision of the checkpoint on the Hugging Face hub.")
    dtype: Literal["auto", "bf16", "fp16", "fp32"] = Field(default="auto", description="Number format of the weights.")
    quantize: Literal["none", "8bit", "4bit"] = Field(
        default="none",
        description="Quantize the weights of the language model: bitsandbytes in this process, fp8 or bitsandbytes in "
        "vLLM. Needs a GPU.",
    )
    fast: bool = Field(
        default=False,
        description="Trade exactness for speed: fewer tiles for screenshots with little content, int8 layers on a CPU.",
    )
    v2pe: Annotated[float, BeforeValidator(_fraction)] = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Position increment of one visual token (V2PE), such as 1/4. 1 is the stock value, 1/256 the "
        "smallest that was trained.",
        json_schema_extra={"metavar": "1|1/2|1/4|…"},
    )
    cache_mb: int = Field(
        default=2048,
        ge=0,
        description="Memory in MB for cached tile features and the key-value cache. 0 turns both caches off.",
    )
    answer_seconds: float = Field(default=600.0, gt=0, description="Timeout in seconds for one answer of the model.")
