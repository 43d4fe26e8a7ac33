"""Loads an InternVL checkpoint with transformers from a folder or the hub, and explains what is wrong with it.

No code of a checkpoint is executed, and only safetensors files are loaded.
"""

from __future__ import annotations

import errno
import json
import logging
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.perception.engines.in_process.placement import choose_placement
from handeye.perception.engines.model_names import native_twin, resolve_model
from handeye.perception.engines.options import EngineOptions
from handeye.perception.internvl.chat_templates import TEMPLATES, TemplateName
from handeye.tools.errors import HandeyeError, ModelError, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXTRA = "running a model in-process needs: pip install 'handeye[transformers]'"
#: Names of the scales and zero points of quantised weights, as several tools write them.
SCALE = re.compile(r"(?:scale|scale_inv|scales|zero_point|qzeros|g_idx|absmax|quant_state)\b|_scale_\d+$")
#: Supported language parts: with rotary positions, and full or sliding-window attention in each layer.
LANGUAGES = ("qwen2", "qwen3", "qwen3_moe", "gpt_oss", "llama")


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model with its tokenizer and configuration."""

    name: str
    model: Any
    """`InternVLForConditionalGeneration`."""
    tokenizer: Any
    image_token: int
    tile: int
    """Side of a tile in pixels."""
    tokens_per_tile: int
    context: int
    """The limit of tokens for prompt and answer together."""
    ends: tuple[int, ...]
    """Ids of the tokens that end an answer."""
    language: str
    """The type of its language part, as transformers names it: one of `LANGUAGES`."""
    template: TemplateName
    """The chat format that its tokenizer has the tokens of."""
    notes: tuple[str, ...]


def load_checkpoint(model: str, options: EngineOptions | None = None) -> Checkpoint:
    """Load the checkpoint in a folder or under a Hugging Face id, and return it.

    Raises SetupError when a package is missing, the disk is full or a GPU is needed, UsageError for a name that is
    neither a folder nor an id, and ModelError, with the file's name, for a checkpoint that cannot be used.
    """
    try:
        import torch  # noqa: F401 - a missing torch is reported here, and not by an error inside transformers
        import transformers
    except ImportError as error:
        raise SetupError(EXTRA) from error

    options = options or EngineOptions()
    source, notes = resolve_model(model)
    folder = Path(source) if Path(source).is_dir() else None
    if folder:
        check_folder(folder)
    where = str(folder or source)
    given: dict[str, Any] = {"revision": options.revision, "trust_remote_code": False}
    remedy = "check its files" if folder else "check the name, or give a folder"
    with translate_hub_errors(where, remedy), _quiet(transformers, bars=not folder and sys.stderr.isatty()):
        if not folder:
            _check_config(_remote_config(source, options.revision), where)
        config = transformers.AutoConfig.from_pretrained(source, **given)
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, **given)
        image_token = int(config.image_token_id)
        _check_tokenizer(tokenizer, image_token, int(config.text_config.vocab_size), where)
        text = config.text_config
        placement = choose_placement(options, text.model_type, int(text.num_hidden_layers), folder)
        loaded, info = transformers.InternVLForConditionalGeneration.from_pretrained(
            source,
            **given,
            use_safetensors=True,
            dtype=placement.dtype,
            device_map=placement.device_map,
            quantization_config=placement.quantization,
            output_loading_info=True,
        )
    _check_tensors(info, where)
    if folder and getattr(loaded, "hf_quantizer", None) is None and (name := _eight_bit(folder)):
        raise ModelError(
            f"the weights in {where} hold 8-bit floats, such as {name}, and config.json names no quantisation that is "
            "read here: without their scales they are wrong numbers; serve it with vLLM, or use the checkpoint in "
            "bfloat16"
        )
    template = _template(tokenizer, where)
    side = config.vision_config.image_size
    return Checkpoint(
        name=folder.name if folder else source,
        model=loaded.eval(),
        tokenizer=tokenizer,
        image_token=image_token,
        tile=int(side[0] if isinstance(side, (list, tuple)) else side),
        tokens_per_tile=int(config.image_seq_length),
        context=int(config.text_config.max_position_embeddings),
        ends=_ends(loaded, tokenizer, template),
        language=str(config.text_config.model_type),
        template=template,
        notes=(*notes, placement.choice),
    )


def _check_tensors(info: dict[str, Any], where: str) -> None:
    """Raise ModelError unless the tensors of the files are exactly the tensors of the model.

    transformers loads the tensors that fit, and only warns about the others. Quantised weights without their scales are
    wrong numbers: https://github.com/NVIDIA/Model-Optimizer writes such files.
    """
    if missing := sorted(info["missing_keys"]):
        raise ModelError(f"the weights in {where} lack {len(missing)} tensors, such as {missing[0]}; download it again")
    if wrong := sorted(str(each[0] if isinstance(each, tuple) else each) for each in info.get("mismatched_keys", ())):
        raise ModelError(
            f"the weights in {where} have {len(wrong)} tensors of another shape than config.json says, such as "
            f"{wrong[0]}; download it again"
        )
    if unread := sorted(info["unexpected_keys"]):
        scales = [name for name in unread if SCALE.search(name)]
        first = ", ".join((scales or unread)[:3])
        remedy = (
            "its weights are quantised in a format that is not read here; serve it with vLLM and give the server's "
            "address, or use the checkpoint in bfloat16"
            if scales
            else "use the files of one checkpoint, as they were published"
        )
        raise ModelError(
            f"the weights in {where} hold {len(unread)} unexpected tensors, which no part of the model reads, such as "
            f"{first}: its answers would be wrong; {remedy}"
        )


def _eight_bit(folder: Path) -> str:
    """Return the name of a tensor of 8-bit floats in a folder's files; empty when there is none."""
    from safetensors import safe_open

    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - not a mapping
                if str(tensors.get_slice(name).get_dtype()).startswith("F8"):
                    return str(name)
    return ""


def _remote_config(source: str, revision: str | None) -> dict[str, Any]:
    """Return the hub's config.json, before any other file is downloaded."""
    from huggingface_hub import hf_hub_download

    return _json(Path(hf_hub_download(source, "config.json", revision=revision)))


def check_folder(folder: Path) -> None:
    """Check that a folder contains configuration, weights and tokenizer, each complete.

    Raises ModelError with the name of the file that is missing or damaged.
    """
    _check_config(_json(folder / "config.json"), str(folder))
    index = folder / "model.safetensors.index.json"
    if index.exists():
        names = sorted(set(_json(index).get("weight_map", {}).values()))
        for name in names:
            if not (folder / name).is_file():
                raise ModelError(f"{folder} lacks {name}, which {index.name} lists; download it again")
    else:
        names = sorted(path.name for path in folder.glob("*.safetensors"))
    if not names:
        raise ModelError(f"{folder} has no weights (*.safetensors); download the whole checkpoint")
    for name in names:
        _check_weights(folder / name)
    if not (folder / "tokenizer.json").is_file() and not (folder / "tokenizer_config.json").is_file():
        raise ModelError(f"{folder} has no tokenizer.json; download the whole checkpoint")


def _check_weights(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            empty = not list(tensors.keys())
    except (SafetensorError, OSError) as error:
        size = path.stat().st_size
        raise ModelError(
            f"{path} is not a whole safetensors file ({size} bytes: {error}); download it again"
        ) from error
    if empty:
        raise ModelError(f"{path} holds no tensors; download it again")


def _check_config(config: dict[str, Any], where: str) -> None:
    """Raise ModelError unless config.json describes an InternVL that transformers can run, with consistent numbers."""
    kind = config.get("model_type")
    if kind == "internvl_chat" or "InternVLChatModel" in (config.get("architectures") or ()):
        twin = native_twin(f"OpenGVLab/{Path(where).name}") or "its -hf or -HF twin"
        raise ModelError(
            f"{where} is in InternVL's original format, which runs code of its own; give {twin}, or serve it with vLLM"
        )
    if kind != "internvl":
        raise ModelError(
            f"{where} holds a model of type {kind!r}, not internvl; serve it with vLLM and give the server's address"
        )
    text, vision = (config.get(f"{part}_config") for part in ("text", "vision"))
    if not isinstance(text, dict) or not isinstance(vision, dict):
        raise ModelError(f"{where}/config.json lacks text_config or vision_config; download it again")
    language = text.get("model_type", "qwen2")
    if language not in LANGUAGES:
        raise ModelError(
            f"{where} has a language part of type {language!r}, none of {', '.join(LANGUAGES)}; serve it with vLLM"
        )
    side, patch = (_side(vision.get(key, stock)) for key, stock in (("image_size", 448), ("patch_size", 14)))
    try:
        tokens = int(side / patch * float(config.get("downsample_ratio", 0.5))) ** 2
    except (TypeError, ValueError, ZeroDivisionError):
        tokens = 0
    if tokens < 1 or tokens != config.get("image_seq_length", 256):
        raise ModelError(
            f"{where}/config.json says {config.get('image_seq_length', 256)} tokens a tile, and its tiles of {side} "
            f"pixels in patches of {patch} make {tokens}; download it again"
        )


def _side(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _check_tokenizer(tokenizer: Any, image_token: int, vocabulary: int, where: str) -> None:
    ids = tokenizer.encode("<img><IMG_CONTEXT></img>", add_special_tokens=False)
    if len(ids) != 3 or ids[1] != image_token:
        raise ModelError(
            f"the tokenizer in {where} does not have <img>, <IMG_CONTEXT> and </img> as tokens, or has another id than "
            f"config.json's image_token_id {image_token}; use the tokenizer files of the same checkpoint"
        )
    if len(tokenizer) > vocabulary:
        raise ModelError(
            f"the tokenizer in {where} has {len(tokenizer)} tokens and config.json's vocab_size is {vocabulary}; "
            "use the tokenizer files of the same checkpoint"
        )


def _template(tokenizer: Any, where: str) -> TemplateName:
    """Return the chat format whose tokens the tokenizer has."""
    known = set(tokenizer.get_vocab())
    names: tuple[TemplateName, ...] = ("chatml", "harmony")
    for name in names:
        if known.issuperset(TEMPLATES[name].tokens):
            return name
    needed = " nor ".join(" ".join(TEMPLATES[name].tokens) for name in names)
    raise ModelError(
        f"the tokenizer in {where} has neither {needed} as tokens; use the tokenizer files of the same checkpoint"
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path.parent} has no {path.name}; give the folder of a whole checkpoint") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON ({error}); download it again") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} is not a JSON object; download it again")
    return value


def _ends(model: Any, tokenizer: Any, template: TemplateName) -> tuple[int, ...]:
    """Return the ids of the tokens that end an answer: those of the checkpoint, and the end of a turn in its chat
    format.
    """
    named = model.generation_config.eos_token_id
    words = {"chatml": ("<|im_end|>",), "harmony": ("<|return|>", "<|call|>")}[template]
    known = tokenizer.get_vocab()
    ids = [*(named if isinstance(named, list) else [named]), tokenizer.eos_token_id, *map(known.get, words)]
    return tuple(dict.fromkeys(int(each) for each in ids if each is not None))


@contextmanager
def _quiet(transformers: Any, bars: bool) -> Iterator[None]:
    """Suppress advice on stderr while weights are loaded; `bars` allows progress bars of downloads."""
    own, hub = transformers.utils.logging, logging.getLogger("huggingface_hub")
    level, bar, hub_level = own.get_verbosity(), own.is_progress_bar_enabled(), hub.level
    own.set_verbosity_error()
    if not bars:
        own.disable_progress_bar()
    hub.setLevel(logging.ERROR)
    try:
        yield
    finally:
        own.set_verbosity(level)
        hub.setLevel(hub_level)
        if bar:
            own.enable_progress_bar()


@contextmanager
def translate_hub_errors(where: str, remedy: str) -> Iterator[None]:
    """Convert errors of loading to ModelError, or to SetupError where this machine is the cause.

    `where` is the folder or id for the message, and `remedy` the advice at its end.
    """
    try:
        yield
    except (HandeyeError, KeyboardInterrupt):
        raise
    except ImportError as error:
        raise SetupError(
            f"loading {where} needs a package that is missing ({_first_line(error)}); install it"
        ) from error
    except Exception as error:  # they raise anything from KeyError to bare Exception
        raise _hub_trouble([*_chain(error)], where) or ModelError(
            f"{where} could not be loaded ({type(error).__name__}: {_first_line(error)}); {remedy}"
        ) from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Return the error, its cause, the cause of that, and so on."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _hub_trouble(chain: Sequence[BaseException], where: str) -> HandeyeError | None:
    """Return a sentence for an error of the disk, the hub or the network among the causes; None when there is none."""
    import httpx
    from huggingface_hub import errors

    def caused_by(*kinds: type[BaseException]) -> BaseException | None:
        return next((error for error in chain if isinstance(error, kinds)), None)

    if any(isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT) for error in chain):
        return SetupError(
            f"the disk is full: {where} could not be stored; free some room, or set HF_HOME to a folder on another disk"
        )
    if any(isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" for error in chain):
        return ModelError(
            f"the memory is too small for {where}; use a smaller model, on a GPU --quantize 4bit, or a server elsewhere"
        )
    if caused_by(errors.GatedRepoError):
        return ModelError(
            f"{where} asks for consent to its terms; give it at https://huggingface.co/{where} and run: hf auth login"
        )
    if caused_by(errors.RepositoryNotFoundError):
        return ModelError(
            f"the Hugging Face hub has no {where}, or it is private; check the name, or run: hf auth login"
        )
    if caused_by(errors.RevisionNotFoundError):
        return ModelError(f"{where} has no such --revision on the Hugging Face hub; give a branch, a tag or a commit")
    if caused_by(errors.RemoteEntryNotFoundError):
        return ModelError(f"{where} lacks a file that transformers needs; give a checkpoint in its format, -hf or -HF")
    refused = caused_by(errors.HfHubHTTPError)
    if isinstance(refused, errors.HfHubHTTPError):
        status = refused.response.status_code
        return ModelError(f"the Hugging Face hub answered {status} for {where}; try again in a minute")
    if caused_by(errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError, httpx.TransportError):
        return ModelError(
            f"the Hugging Face hub could not be reached for {where}, which is not stored here; "
            "check the network and HF_HUB_OFFLINE, or give a folder"
        )
    return None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
