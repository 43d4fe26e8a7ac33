"""The engine for a server with OpenAI's chat API: vLLM, LMDeploy, SGLang, `transformers serve` and others."""

from __future__ import annotations

import json
import math
import os
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from handeye.perception.engines.engine import TOP_P, Answer, OptionScores
from handeye.perception.engines.options import EngineOptions
from handeye.perception.engines.serving.client import ChatClient
from handeye.perception.engines.serving.http import HttpClient
from handeye.perception.engines.serving.reply_message import ReplyMessage
from handeye.perception.engines.serving.server_kinds import OWN_TILES, list_served_models
from handeye.perception.engines.serving.streaming import TextForwarder
from handeye.perception.internvl.profiles import profile_for
from handeye.perception.usage import Usage
from handeye.tools.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.engines.engine import Request
    from handeye.perception.engines.serving.client import ChatReply
    from handeye.perception.engines.serving.server_kinds import ServedModel
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.internvl.prompt import Prompt

#: OpenAI's API takes no more stop strings than this; the others are cut off here.
MOST_STOPS = 4
#: These end a message of reasoning too, in Harmony's format.
NOT_SENT = frozenset({"<|end|>"})
#: How servers say that the limit of tokens ended an answer.
TOO_LONG = frozenset({"length", "max_tokens", "max_length"})
#: How servers say that an answer ended because something broke.
BROKEN = frozenset({"abort", "error"})


class ServerProcess(Protocol):
    """The process of a server that was started for an engine."""

    def trouble(self) -> str:
        """Return why the process ended, as a sentence; empty while it runs."""
        ...

    def close(self) -> None:
        """End the process. A second call does nothing."""
        ...


class ServerEngine:
    """An engine for one model of one server."""

    def __init__(
        self,
        http: HttpClient,
        server: ServedModel,
        profile: ModelProfile,
        notes: tuple[str, ...] = (),
        *,
        constrain: bool = True,
        own_tiles: int = OWN_TILES,
        behind: ServerProcess | None = None,
    ) -> None:
        """`own_tiles` is the limit of tiles per image with which the server was started."""
        self.name = server.name
        self.address = http.base
        self.profile = profile
        self.notes = self._opened = notes
        self._http = http
        self._constrain = constrain
        self._behind = behind
        self._asking = ChatClient(http, server, profile, own_tiles)
        self._answered_as = ""

    @classmethod
    def open(
        cls,
        address: str,
        options: EngineOptions | None = None,
        *,
        own_tiles: int = OWN_TILES,
        behind: ServerProcess | None = None,
    ) -> ServerEngine:
        """Return the engine for the server at an address, after a request for its models.

        `/v1` may be left out, `#name` at the end chooses one of several models, and the key is HANDEYE_API_KEY or
        OPENAI_API_KEY. Raises UsageError for an invalid address or a model that is not served, and ModelError when the
        server does not answer according to OpenAI's API.
        """
        options = options or EngineOptions()
        base, wanted = _split(address)
        key = os.environ.get("HANDEYE_API_KEY") or os.environ.get("OPENAI_API_KEY") or ""
        http = HttpClient(base, key, options.answer_seconds)
        try:
            servers = {server.name: server for server in list_served_models(http)}
            if wanted and wanted not in servers:
                raise UsageError(f"{base} serves {', '.join(servers)}, not {wanted}; choose one of them after the #")
            server = servers[wanted] if wanted else next(iter(servers.values()))
            profile, note = profile_for(server.name, options)
            several = len(servers) > 1 and not wanted
            notes = (f"{base} serves {len(servers)} models: using {server.name}",) if several else ()
            notes = (*notes, note)
            return cls(http, server, profile, notes, constrain=options.constrain, own_tiles=own_tiles, behind=behind)
        except BaseException:
            http.close()
            raise

    def generate(self, request: Request) -> list[Answer]:
        """As `Engine.generate`; raises ModelError also for a reply that does not follow OpenAI's chat API."""
        began = time.monotonic()
        ends = tuple(dict.fromkeys((*request.stop, *self.profile.stop)))
        # Servers refuse several greedy samples: they would be all alike.
        samples = 1 if request.temperature <= 0 else request.samples
        # A server would look for the caller's stop strings in the reasoning, too: they end the answer here instead.
        # A model's own control tokens end either.
        sent = [each for each in self.profile.stop if each not in NOT_SENT][:MOST_STOPS]
        body = {"max_tokens": request.max_tokens, "temperature": max(0.0, request.temperature), "stop": sent}
        body |= {"top_p": TOP_P} if request.temperature > 0 else {}
        grammar = request.grammar if self._constrain else ""
        until = began + self._http.timeout
        forwarder = TextForwarder(request.on_text, ends) if request.on_text else None
        answers: list[Answer] = []
        while len(answers) < samples:
            wanted = samples - len(answers)
            chat = self._ask(request.prompt, body | {"n": wanted}, grammar, until, forwarder)
            given = self._answers(chat, ends, time.monotonic() - began)
            if len(given) > wanted:
                raise ModelError(
                    f"{self._http.base} gave {len(given)} answers instead of {wanted}; check that it serves {self.name}"
                )
            # Some servers return one answer for every `n`.
            answers += given
            forwarder = None
        return answers * (request.samples // samples)

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        """As `Engine.score_options`, with one request of one token for each position.

        A server with a prefix cache processes the prompt once.
        """
        until = time.monotonic() + self._http.timeout
        body = {"max_tokens": 1, "temperature": 1.0, "n": 1, "logprobs": True, "top_logprobs": MOST_LOGPROBS}
        rows, usage = [], Usage()
        for place in option_prompts(prompt, options):
            chat = self._ask(place, body, choice_grammar(options), until, None)
            reused, read = chat.reused, chat.read
            rows.append(option_probabilities(chat.reply, options, self._http.base))
            usage += Usage(
                calls=1,
                tokens_in=read,
                tokens_out=1,
                tokens_reused=reused,
                tiles=chat.tiles,
                tiles_reused=chat.tiles_reused,
            )
        return OptionScores(tuple(rows), usage)

    def close(self) -> None:
        """Close the connections, and end a server that was started for this engine."""
        self._http.close()
        if self._behind is not None:
            self._behind.close()

    def _ask(
        self, prompt: Prompt, body: dict[str, Any], grammar: str, until: float, forwarder: TextForwarder | None
    ) -> ChatReply:
        try:
            chat = self._asking.ask(prompt, body, grammar, until, forwarder)
        except ModelError as error:
            if self._behind is not None and (trouble := self._behind.trouble()):
                raise ModelError(f"the server of {self.name} ended: {trouble}") from error
            raise
        finally:
            self.notes = (*self._opened, *self._asking.notes)
        self._check_model(chat.reply)
        return chat

    def _check_model(self, reply: Any) -> None:
        """An alias may answer under its full name, but not under two."""
        name = reply.get("model") if isinstance(reply, dict) else None
        if not isinstance(name, str) or not name:
            return
        if self._answered_as and name != self._answered_as:
            raise ModelError(
                f"{self._http.base} answered as {name} after {self._answered_as}: its model was changed; start again"
            )
        self._answered_as = name

    def _answers(self, chat: ChatReply, ends: Sequence[str], seconds: float) -> list[Answer]:
        reply = chat.reply
        choices = reply.get("choices") if isinstance(reply, dict) else None
        if not isinstance(choices, list) or not choices:
            raise ModelError(f"{self._http.base} gave no answer ({str(reply)[:100]}); check that it serves {self.name}")
        written, answers = chat.written, []
        for number, choice in enumerate(choices):
            choice = choice if isinstance(choice, dict) else {}
            ended = choice.get("finish_reason")
            ended = ended.lower() if isinstance(ended, str) else "stop"
            finish = "length" if ended in TOO_LONG else "stop"
            message = ReplyMessage(choice.get("message"))
            parts, whole = (message.separated(each, self.profile, finish) for each in (ends, ()))
            if parts and whole and parts.answer != whole.answer:
                finish = "stop"  # a string that ends answers came before the limit of tokens
            if parts is None:
                raise ModelError(
                    f"{self._http.base} gave an answer without text; check that {self.name} is a chat model"
                )
            if ended in BROKEN:
                raise ModelError(f"{self._http.base} gave up in the middle of an answer; look into the server's log")
            answers.append(
                Answer(
                    text=parts.answer,
                    reasoning=parts.reasoning,
                    trouble=parts.trouble,
                    tokens_in=chat.read,
                    # The server counts what all samples wrote together.
                    tokens_out=written // len(choices) + (number < written % len(choices)),
                    seconds=seconds,
                    finish=finish,
                    notes=chat.notes,
                    tokens_reused=chat.reused,
                    tiles=chat.tiles,
                    tiles_reused=chat.tiles_reused,
                    window=float(max(0, chat.read + written // len(choices) - 1)),
                )
            )
        return answers


def _split(address: str) -> tuple[str, str]:
    """Return the address up to `/v1`, and the name of the model after the `#`."""
    wrong = f"{address} is not a server's address; give one such as http://127.0.0.1:8000/v1"
    try:
        parts = urlsplit(address.strip())
        named = parts.hostname and parts.port != 0
    except ValueError as error:
        raise UsageError(wrong) from error
    if not named:
        raise UsageError(wrong)
    path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/models")
    if not re.search(r"/v\d+$", path):
        path += "/v1"
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), parts.fragment


#: Servers give no more than this many for a token (OpenAI's limit, and vLLM's default).
MOST_LOGPROBS = 20


def option_prompts(prompt: Prompt, options: Sequence[str]) -> list[Prompt]:
    """Return the prompts up to each earlier assistant turn that is one of the options, and the whole prompt."""
    cuts = [
        number
        for number, turn in enumerate(prompt.turns)
        if turn.role == "assistant" and len(turn.parts) == 1 and turn.parts[0] in options
    ]
    return [*(replace(prompt, turns=prompt.turns[:number]) for number in cuts), prompt]


def choice_grammar(options: Sequence[str]) -> str:
    """Return the EBNF of an answer that is one of the options.

    It makes the server report log-probabilities of all options.
    """
    return "root ::= " + " | ".join(json.dumps(option) for option in options)


def option_probabilities(reply: Any, options: Sequence[str], base: str) -> tuple[float, ...]:
    """Return the probabilities of the options as the first token of the answer, normalised to a sum of 1.

    An option that is not among the likeliest tokens gets 0. Raises ModelError when the reply has no log-probabilities,
    or has none of the options.
    """
    listed = _listed(reply)
    if listed is None:
        raise ModelError(
            f"{base} gives no log-probabilities, which score answers; serve the model with vLLM, "
            "or start LMDeploy with --logprobs-mode raw_logprobs"
        )
    found = [sum(math.exp(value) for token, value in listed if token == option) for option in options]
    whole = sum(found)
    if whole <= 0:
        raise ModelError(
            f"{base} finds none of {', '.join(options)} among the {len(listed)} likeliest tokens; "
            "choose a model that was trained as a critic, or agreement instead of a critic"
        )
    return tuple(value / whole for value in found)


def _listed(reply: Any) -> list[tuple[str, float]] | None:
    """Tokens and their log-probabilities in place of the first token; None when there are none."""
    try:
        first = reply["choices"][0]["logprobs"]["content"][0]
        top = first.get("top_logprobs") or [first]
        pairs = {str(each["token"]): float(each["logprob"]) for each in top}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None
    # vLLM writes -9999 for a token that the grammar forbids.
    return [(token, value) for token, value in pairs.items() if -1000 < value <= 1e-3]
