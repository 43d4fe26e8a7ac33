"""Resolves a model name to a folder or to a Hugging Face id in the format of transformers."""

from __future__ import annotations

import re
from pathlib import Path

from handeye.tools.errors import ModelError, UsageError

#: Checkpoints in the original format that were also released in the format of transformers, and the suffix of that one.
#: InternVL 2.5 was converted with its preference-optimised weights only, 3 and 3.5 only after their last training.
TWINS = (
    (re.compile(r"InternVL2_5-(1|2|4|8|26|38|78)B-MPO"), "-hf"),
    (re.compile(r"InternVL3-(1|2|8|9|14|38|78)B"), "-hf"),
    (re.compile(r"InternVL3_5-((1|2|4|8|14|38|30B-A3|241B-A28)B|GPT-OSS-20B-A4B-Preview)"), "-HF"),
)
#: An InternVL checkpoint's name in parts: up to its size, and what was done to it.
RELEASED = re.compile(
    r"(?P<size>InternVL(?:2_5|3|3_5)-(?:GPT-OSS-20B-A4B-Preview|\d+B(?:-A\d+B)?))(?P<rest>(?:-\w+)*)", re.IGNORECASE
)


def resolve_model(model: str) -> tuple[str, tuple[str, ...]]:
    """Return a folder or a hub id that transformers can load, and notes about a replaced name.

    Raises UsageError for a name that is neither, and for a checkpoint that was released in the original format only
    (which needs remote code). Raises ModelError for a file.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return str(path), ()
    if path.exists():
        raise ModelError(f"{model} is a file; give the folder of the checkpoint, which holds config.json")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", model) or model.startswith((".", "/", "~")):
        meant = native_twin(f"OpenGVLab/{model}")
        example = f"do you mean {meant}" if meant else "such as OpenGVLab/InternVL3-8B-hf"
        raise UsageError(
            f"there is no folder {model}; give a checkpoint's folder, a Hugging Face id ({example}), "
            "or the http:// address of a server"
        )
    owner, _, name = model.partition("/")
    if owner != "OpenGVLab":
        return model, ()
    twin = native_twin(model)
    if twin and twin != model:
        return twin, (f"{model} is in the original format: using its twin {twin}",)
    if twin or not (hit := RELEASED.fullmatch(name)):
        return model, ()
    near = native_twin(f"OpenGVLab/{hit['size']}") or native_twin(f"OpenGVLab/{hit['size']}-MPO")
    instead = f"use {near}, " if near else ""
    if hit["rest"].upper() == "-AWQ" and near:
        instead = f"use {near} with --quantize 4bit, "
    raise UsageError(
        f"{model} was released in the original format only, which runs code of its own; "
        f"{instead}or start a server for it and give its http:// address"
    )


def native_twin(model: str) -> str:
    """Return the released checkpoint in the format of transformers for a name; empty when there is none."""
    owner, _, name = model.partition("/")
    for pattern, ending in TWINS:
        if pattern.fullmatch(name):
            return f"{owner}/{name}{ending}"
        if name.endswith(ending) and pattern.fullmatch(name.removesuffix(ending)):
            return model
    return ""
