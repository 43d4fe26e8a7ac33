"""An answer that is streamed: the server's events put together again, and its text told as it grows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from handeye.perception.engines.engine import finished
from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Telling:
    """Tells a text piece by piece, without the strings that end it, and nothing twice when it is begun anew."""

    def __init__(self, on_text: Callable[[str], None], ends: Sequence[str]) -> None:
        self._on_text = on_text
        self._ends = tuple(end for end in ends if end)
        self._told = ""

    def grown(self, text: str, *, done: bool = False) -> None:
        """The text so far; of a second try only what goes beyond the first is told, if it goes on from there."""
        cut = finished(text, self._ends)
        if cut == text and not done:
            cut = text[: len(text) - self._undecided(text)]
        if len(cut) > len(self._told) and cut.startswith(self._told):
            self._on_text(cut[len(self._told) :])
            self._told = cut

    def _undecided(self, text: str) -> int:
        """How many characters at the end may yet become a string that ends the answer."""
        longest = max(map(len, self._ends), default=1) - 1
        sizes = range(min(longest, len(text)), 0, -1)
        return next((size for size in sizes if any(end.startswith(text[-size:]) for end in self._ends)), 0)


#: What ends a stream.
END = b"data: [DONE]"


class Growing:
    """Reads server-sent events of OpenAI's chat API into the reply that would have come in one piece."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._rest = b""
        self._choices: dict[int, dict[str, Any]] = {}
        self._error: bytes | None = None
        self._usage: Any = None
        self._model: Any = None
        self._ended = False

    def add(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.strip())

    def whole(self) -> bytes | None:
        """The reply as JSON; None when the stream ended before the answer did."""
        if self._rest.strip() == END:  # of another line without an end, the rest is missing
            self._ended = True
        if self._error is not None:
            return self._error
        finishes = [choice["finish_reason"] for choice in self._choices.values()]
        if not (self._ended or (finishes and all(finishes))):
            return None
        if first := self._choices.get(0):
            self._telling.grown(text_of(first["message"]) or "", done=True)
        choices = [self._choices[index] for index in sorted(self._choices)]
        return json.dumps({"choices": choices, "usage": self._usage, "model": self._model}).encode()

    def _line(self, line: bytes) -> None:
        """One line of the stream: comments keep the connection alive, and other fields than `data` are not used."""
        if not line.startswith(b"data:") or self._ended:
            return
        if line == END:
            self._ended = True
            return
        data = line.removeprefix(b"data:").strip()
        try:
            event = json.loads(data)
        except (ValueError, RecursionError) as error:
            start = data[:60].decode("utf-8", "replace")
            raise ModelError(f"the server streams what is no JSON (it begins {start!r}); check what it is") from error
        if isinstance(event, dict) and event.get("error"):
            self._error = data
        elif isinstance(event, dict):
            self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        self._usage = event.get("usage") or self._usage
        self._model = event.get("model") or self._model
        choices = event.get("choices")
        for part in choices if isinstance(choices, list) else []:
            index = part.get("index", 0) if isinstance(part, dict) else None
            if not isinstance(index, int):
                continue
            choice = self._choices.setdefault(index, {"message": {"content": ""}, "finish_reason": None})
            delta = part.get("delta")
            for name, text in (delta if isinstance(delta, dict) else {}).items():
                if name in TEXTS and isinstance(text, str):
                    choice["message"][name] = choice["message"].get(name, "") + text
            choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
            if index == 0:
                self._telling.grown(text_of(choice["message"]) or "")


#: Where servers put what was written: a server that reads a model's thinking takes it out of the content.
TEXTS = ("content", "reasoning", "reasoning_content")


def text_of(message: Any) -> str | None:
    """What a model wrote, with its thinking put back in front; None when the message has no text."""
    if not isinstance(message, dict):
        return None
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    thought = message.get("reasoning") or message.get("reasoning_content")
    if not isinstance(thought, str) or not thought:
        return content if isinstance(content, str) else None
    return f"<think>{thought}</think>\n{content}" if isinstance(content, str) and content else f"<think>{thought}"
