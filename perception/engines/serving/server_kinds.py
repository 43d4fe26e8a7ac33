"""Detects the kind of a server, and the request fields it has beyond OpenAI's API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from handeye.perception.engines.serving.http import HttpClient

ServerKind = Literal["vllm", "sglang", "lmdeploy", "other"]

#: Before this version vLLM had a field of its own for each kind of constraint.
STRUCTURED_OUTPUTS = (0, 12)
#: The tile limit in the checkpoints' configuration, which a server uses by default.
OWN_TILES = 12


@dataclass(frozen=True)
class ServedModel:
    """One model of one server, as the server reports it."""

    name: str
    """The model's name in requests."""
    kind: ServerKind = "other"
    version: tuple[int, ...] = ()
    origin: str = ""
    """The checkpoint it was started with; empty when the server does not report it."""
    context: int = 0
    """The limit of tokens for prompt and answer together; 0 when the server does not report it."""

    def grammar(self, text: str) -> dict[str, Any]:
        """Return the request fields that constrain the answer to a grammar; empty when the server has none."""
        if self.kind == "sglang":
            return {"ebnf": text}
        if self.kind == "lmdeploy":  # it takes a JSON schema or a regular expression, and no grammar
            return {}
        if self.kind == "vllm" and () < self.version < STRUCTURED_OUTPUTS:
            return {"guided_grammar": text}
        return {"structured_outputs": {"grammar": text}}

    def calls(self) -> dict[str, Any]:
        """Return the request fields that leave tool calls in the text; empty for a server that does so by default."""
        # LMDeploy takes them out even where the request names no tools.
        return {"tool_choice": "none"} if self.kind == "lmdeploy" else {}

    def tiles(self, most: int) -> dict[str, Any]:
        """Return the request fields that limit the tiles per image; empty when the server has none."""
        if self.kind == "sglang":
            return {"max_dynamic_patch": most}
        if self.kind == "lmdeploy":
            return {}
        # The first is for checkpoints in transformers' format, the second for the original one; each ignores the other.
        return {"mm_processor_kwargs": {"max_patches": most, "max_dynamic_patch": most}}

    def picture(self, most: int) -> dict[str, Any]:
        """Return the fields of one image that limit its tiles; empty when the server has none."""
        # LMDeploy reads it for the original format only.
        native = not re.search(r"-hf\b", f"{self.name} {self.origin}", re.IGNORECASE)
        return {"max_dynamic_patch": most} if self.kind == "lmdeploy" and native else {}


def list_served_models(http: HttpClient) -> list[ServedModel]:
    """Return the models that a server lists; raises ModelError when it lists none."""
    reply = http.get("/models")
    data = reply.get("data") if isinstance(reply, dict) else None
    cards = [card for card in data if isinstance(card, dict) and card.get("id")] if isinstance(data, list) else []
    if not cards:
        raise ModelError(f"{http.base} lists no models ({str(reply)[:100]}); start the server with one")
    kinds = [_kind(card.get("owned_by")) for card in cards]
    version = _version(http.peek("/version")) if "vllm" in kinds else ()
    return [
        ServedModel(
            name=str(card["id"]),
            kind=kind,
            version=version,
            origin=card["root"] if isinstance(card.get("root"), str) else "",
            context=_context(card),
        )
        for card, kind in zip(cards, kinds, strict=True)
    ]


#: Where a server says how many tokens it takes: vLLM and SGLang, OpenRouter, LM Studio, Groq, llama.cpp.
CONTEXTS = ("max_model_len", "context_length", "max_context_length", "context_window", "n_ctx")


def _context(card: dict[str, Any]) -> int:
    """Return the limit of tokens for prompt and answer together from a model's card; 0 when it has none."""
    meta = card.get("meta")
    for place in (card, meta if isinstance(meta, dict) else {}):
        for name in CONTEXTS:
            if type(place.get(name)) is int and place[name] > 0:
                return int(place[name])
    return 0


def _kind(owner: Any) -> ServerKind:
    known: dict[str, ServerKind] = {"vllm": "vllm", "sglang": "sglang", "lmdeploy": "lmdeploy"}
    return known.get(str(owner).lower(), "other")


def _version(reply: Any) -> tuple[int, ...]:
    text = reply.get("version") if isinstance(reply, dict) else None
    found = re.match(r"(\d+)\.(\d+)", str(text))
    return (int(found[1]), int(found[2])) if found else ()
