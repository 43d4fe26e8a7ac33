"""Sends a chat request to a server and adapts it to what the server accepts.

A field that the server refuses is left out of later requests, and a prompt that is too long gets fewer tiles. Each
adaptation adds a note to the answer in which it was found, and to the notes of the engine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handeye.perception.engines.grammar import without_budgets
from handeye.perception.engines.serving.context_limit import (
    count_tiles,
    excess_tokens,
    is_too_long,
    lower_tile_bound,
    shrink_images,
)
from handeye.perception.engines.serving.http import RequestRefused
from handeye.perception.engines.serving.server_kinds import list_served_models
from handeye.perception.engines.serving.streaming import StreamReader
from handeye.perception.internvl.prompt import to_messages
from handeye.perception.internvl.tiling import MAX_TILES, TOKENS_PER_IMAGE
from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from handeye.perception.engines.serving.http import HttpClient
    from handeye.perception.engines.serving.server_kinds import ServedModel
    from handeye.perception.engines.serving.streaming import TextForwarder
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import Prompt

#: Servers' words for an unknown request field.
UNKNOWN_FIELD = re.compile(
    r"extra|unknown|unexpected|unrecogni[sz]ed|not permitted|unsupported|disabled", re.IGNORECASE
)
#: Servers' words for a field with a value that they cannot use.
UNUSABLE = {
    "grammar": re.compile(r"grammar|ebnf|structured|guided|constrain", re.IGNORECASE),
    "tiles": re.compile(r"encoder cache|patch|processor kwargs", re.IGNORECASE),
}
REFUSALS = frozenset({400, 413, 422})
LOST = {
    "special": "the server does not take skip_special_tokens: it may swallow <box> and <ref>",
    "grammar": "the server cannot hold an answer to the grammar: it answers freely",
    "budgets": "the server's grammars know no budgets of tokens: texts may be of any length",
    "calls": "the server takes calls of tools out of the text: they are read where it puts them",
    "usage": "the server does not count tokens while it streams",
}


@dataclass(frozen=True)
class ChatReply:
    """A server's reply, and its cost in tokens and tiles."""

    reply: Any
    notes: tuple[str, ...]
    tiles: int
    """Tiles of the images, as reported by the server or else computed."""
    tokens_per_tile: int

    @property
    def read(self) -> int:
        """The number of tokens of the prompt."""
        return _count(self._usage.get("prompt_tokens"))

    @property
    def written(self) -> int:
        """The number of tokens of all answers together."""
        return _count(self._usage.get("completion_tokens"))

    @property
    def reused(self) -> int:
        """The number of prompt tokens that the server took from its cache; 0 when it does not report it."""
        return min(_count(_details(self._usage).get("cached_tokens")), self.read)

    @property
    def tiles_reused(self) -> int:
        """The number of tiles that are certainly within the reused tokens."""
        words = max(0, self.read - self.tiles * self.tokens_per_tile)
        return min(self.tiles, max(0, self.reused - words) // self.tokens_per_tile)

    @property
    def _usage(self) -> dict[str, Any]:
        return _usage(self.reply)


class ChatClient:
    """Sends chat requests to one server, and remembers the features that it lacks."""

    def __init__(self, http: HttpClient, server: ServedModel, profile: ModelProfile, own_tiles: int) -> None:
        self.notes: tuple[str, ...] = ()
        self._http = http
        self._server = server
        self._profile = profile
        self._own_tiles = own_tiles
        self._lost: set[str] = set()

    def ask(
        self, prompt: Prompt, body: dict[str, Any], grammar: str, until: float, forwarder: TextForwarder | None
    ) -> ChatReply:
        """Send a request, adapted until the server accepts it, and return the reply.

        `until` is a time of `time.monotonic`. Raises ModelError when no adaptation is left, or after that time.
        """
        bound, news = self._profile.max_tiles, list(self._found_lacking(grammar))
        reader = (lambda: StreamReader(forwarder)) if forwarder else None
        while True:
            sent, fields = self._dressed(prompt, bound, grammar, streamed=forwarder is not None)
            request = body | {"model": self._server.name, "messages": self._messages(sent, bound)}
            request |= {"stream": True} if forwarder else {}
            for added in fields.values():
                request |= added
            try:
                reply = self._http.post("/chat/completions", request, until=until, reader=reader)
                break
            except RequestRefused as error:
                if error.status == 404:
                    raise ModelError(self._gone(error)) from error
                if lost := self._refused(error, fields, grammar):
                    news += self._lose(lost)
                else:
                    smaller = self._smaller(prompt, bound, int(body["max_tokens"]), error)
                    news.append(
                        f"at most {smaller} tiles a picture instead of {bound}: "
                        f"the server says {' '.join(error.reply_text.split())[:160] or error.status}"
                    )
                    bound = smaller
        return ChatReply(reply, tuple(news), self._tiles(reply, sent, bound), self._profile.tokens_per_tile)

    def _found_lacking(self, grammar: str) -> list[str]:
        """Features that are not requested, because this kind of server is known to lack them."""
        lacking = {"grammar"} if grammar and not self._server.grammar(grammar) else set()
        if self._profile.max_tiles != self._own_tiles and not self._tells_tiles():
            lacking.add("tiles")
        return self._lose(lacking - self._lost)

    def _tells_tiles(self) -> bool:
        return "tiles" not in self._lost and bool(self._server.tiles(1) or self._server.picture(1))

    def _dressed(
        self, prompt: Prompt, bound: int, grammar: str, *, streamed: bool
    ) -> tuple[Prompt, dict[str, dict[str, Any]]]:
        """The prompt as it is to be sent, and the fields beyond OpenAI's API by what they are for."""
        fields: dict[str, dict[str, Any]] = {"special": {"skip_special_tokens": False}}
        if calls := self._server.calls():
            fields["calls"] = calls
        if grammar:
            fields["grammar"] = self._server.grammar(without_budgets(grammar) if "budgets" in self._lost else grammar)
        if bound != self._own_tiles and prompt.images:
            if self._tells_tiles():
                fields["tiles"] = self._server.tiles(bound)
            elif bound < self._own_tiles and self._may_shrink():
                prompt = shrink_images(prompt, bound, self._own_tiles, self._profile.tile)
        if streamed:
            fields["usage"] = {"stream_options": {"include_usage": True}}
        return prompt, {name: field for name, field in fields.items() if name not in self._lost}

    def _messages(self, prompt: Prompt, bound: int) -> list[dict[str, Any]]:
        messages = to_messages(prompt)
        own = self._server.picture(bound) if bound != self._own_tiles and "tiles" not in self._lost else {}
        for part in (part for message in messages[1:] for part in message["content"] if own):
            if part["type"] == "image_url":
                part["image_url"] |= own
        return messages

    def _may_shrink(self) -> bool:
        """Coordinates in pixels are those of the picture that was sent, so that one must stay as it is."""
        return self._profile.space != "pixels"

    def _refused(self, error: RequestRefused, fields: dict[str, dict[str, Any]], grammar: str) -> set[str]:
        """What of the fields sent the server does not take."""
        if error.status not in REFUSALS or error.status == 413:
            return set()
        named = {name for name, added in fields.items() if any(field in error.reply_text for field in added)}
        named |= {name for name, pattern in UNUSABLE.items() if fields.get(name) and pattern.search(error.reply_text)}
        if not named and not is_too_long(error.reply_text) and UNKNOWN_FIELD.search(error.reply_text):
            named = set(fields)
        if "grammar" in named and "budgets" not in self._lost and without_budgets(grammar) != grammar:
            named = (named - {"grammar"}) | {"budgets"}  # xgrammar reads them since 0.2.8
        return named

    def _lose(self, lost: set[str]) -> list[str]:
        """Leave these out from now on; the notes that say so."""
        self._lost |= lost
        news = [self._lost_tiles() if name == "tiles" else LOST[name] for name in sorted(lost)]
        self.notes = (*self.notes, *news)
        return news

    def _lost_tiles(self) -> str:
        wanted, own = self._profile.max_tiles, self._own_tiles
        if wanted <= own and self._may_shrink():
            return "the server does not let a request set the tiles: pictures are sent smaller instead"
        return "the server does not let a request set the tiles: its own setting holds"

    def _smaller(self, prompt: Prompt, bound: int, max_tokens: int, error: RequestRefused) -> int:
        """A lower bound on the tiles, after the server found the question too long; ModelError when there is none."""
        if error.status not in REFUSALS or not (error.status == 413 or is_too_long(error.reply_text)):
            raise error
        able = prompt.images and (self._tells_tiles() or self._may_shrink())
        bound = min(bound, self._own_tiles) if not self._tells_tiles() else bound
        spare = excess_tokens(error.reply_text, max_tokens, self._server.context)
        smaller = lower_tile_bound(prompt, bound, spare, self._profile) if able else 0
        if able and not smaller and not (self._server.context and str(self._server.context) in error.reply_text):
            # Numbers whose limit is not known may have been read wrongly: what is possible is tried before giving up.
            smaller = lower_tile_bound(prompt, bound, 0, self._profile)
        if not smaller:
            pixels = "its answers are in pixels, so that pictures cannot be sent smaller; "
            reason = pixels if prompt.images and not able else ""
            raise ModelError(
                f"{error}; even fewer tiles would not do: {reason}shorten the goal, "
                "or start the server with a larger --max-model-len"
            ) from error
        return smaller

    def _tiles(self, reply: Any, sent: Prompt, bound: int) -> int:
        """Tiles of the pictures sent, as the server counts them, or as it is thought to where it does not tell.

        Where the two differ it has a setting of its own, which is inferred from its count and reckoned with from then
        on.
        """
        expected = count_tiles(sent, bound if self._tells_tiles() else self._own_tiles, self._profile)
        details = _details(_usage(reply)).get("multimodal_tokens")
        tokens = _count(details.get("image")) if isinstance(details, dict) else 0
        tiles, rest = divmod(tokens - TOKENS_PER_IMAGE * len(sent.images), self._profile.tokens_per_tile)
        if tokens <= 0 or rest or tiles <= 0:
            return expected
        own = [each for each in range(1, MAX_TILES + 1) if count_tiles(sent, each, self._profile) == tiles]
        if tiles != expected and own:
            if bound != self._own_tiles and self._tells_tiles():  # the limit was sent, and ignored
                self._lose({"tiles"})
            fits = own[0] <= bound <= own[-1]
            self._own_tiles = bound if fits else own[-1]
            note = f"the server has a setting of its own, of at least {own[0]} tiles a picture"
            self.notes = self.notes if fits or note in self.notes else (*self.notes, note)
        return tiles

    def _gone(self, error: RequestRefused) -> str:
        """Return a sentence for a status of 404: the model is not served any more, or the path does not exist."""
        try:
            names = [server.name for server in list_served_models(self._http)]
        except ModelError:
            return str(error)
        base, name = self._http.base, self._server.name
        if name in names:
            return f"{base}/chat/completions is not there; give the address of a server with a chat API"
        return f"{base} no longer serves {name}, but {', '.join(names)}; start again with that"


def _usage(reply: Any) -> dict[str, Any]:
    usage = reply.get("usage") if isinstance(reply, dict) else None
    return usage if isinstance(usage, dict) else {}


def _details(usage: dict[str, Any]) -> dict[str, Any]:
    details = usage.get("prompt_tokens_details")
    return details if isinstance(details, dict) else {}


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
