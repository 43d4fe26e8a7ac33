"""Assembles a streamed reply from server-sent events and forwards its text as it grows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.reasoning import finished, has_marks, storable
from handeye.perception.engines.serving.reply_message import ReplyMessage
from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class TextForwarder:
    """Forwards a growing text in pieces, without stop strings, and without repetition after a retry.

    Reasoning is forwarded too. A text with reasoning is forwarded without a cut at a stop string, because the start of
    the answer is not known before the end.
    """

    def __init__(self, on_text: Callable[[str], None], ends: Sequence[str]) -> None:
        self._on_text = on_text
        self._ends = tuple(end for end in ends if end)
        self._sent = ""

    def grown(self, text: str, *, done: bool = False) -> None:
        """Forward the new part of the text. After a retry, only text that continues the earlier one is forwarded."""
        cut = text if has_marks(text) else finished(text, self._ends)
        if cut == text and not done:
            cut = text[: len(text) - self._undecided(text)]
        if len(cut) > len(self._sent) and cut.startswith(self._sent):
            self._on_text(cut[len(self._sent) :])
            self._sent = cut

    def _undecided(self, text: str) -> int:
        """Return how many characters at the end could be the beginning of a stop string."""
        longest = max(map(len, self._ends), default=1) - 1
        sizes = range(min(longest, len(text)), 0, -1)
        return next((size for size in sizes if any(end.startswith(text[-size:]) for end in self._ends)), 0)


#: What ends a stream, after `data:`.
END = b"[DONE]"


class StreamReader:
    """Assembles server-sent events of OpenAI's chat API into the reply that a request without streaming gets."""

    def __init__(self, forwarder: TextForwarder) -> None:
        self._telling = forwarder
        self._rest = b""
        self._choices: dict[int, tuple[ReplyMessage, Any]] = {}
        self._error: bytes | None = None
        self._usage: Any = None
        self._model: Any = None
        self._ended = False

    def add(self, data: bytes) -> None:
        """Add the next bytes of the stream. They may be cut anywhere."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.strip())

    def whole(self, *, framed: bool = False) -> bytes | None:
        """Return the reply as JSON; None when the stream ended before the answer did.

        `framed` means that HTTP reports the body as complete. It counts as the end where the server sends no other end
        mark.
        """
        if _data(self._rest.strip()) == END:  # of another line without an end, the rest is missing
            self._ended = True
        if self._error is not None:
            return self._error
        finishes = [finish for _, finish in self._choices.values()]
        if not (self._ended or (finishes and (framed or all(finishes)))):
            return None
        if 0 in self._choices:
            self._telling.grown(storable(self._choices[0][0].written), done=True)
        choices = [
            {"index": index, "message": message.fields, "finish_reason": finish}
            for index, (message, finish) in sorted(self._choices.items())
        ]
        return json.dumps({"choices": choices, "usage": self._usage, "model": self._model}).encode()

    def _line(self, line: bytes) -> None:
        """One line of the stream: comments keep the connection alive, and other fields than `data` are not used."""
        data = _data(line)
        if not data or self._ended:
            return
        if data == END:
            self._ended = True
            return
        try:
            event = json.loads(data)
        except (ValueError, RecursionError) as error:
            start = data[:60].decode("utf-8", "replace")
            raise ModelError(f"the server streams what is no JSON (it begins {start!r}); check what it is") from error
        if isinstance(event, dict) and event.get("error"):
            self._error = data
        elif isinstance(event, dict) and event.get("object") == "error":  # SGLang
            self._error = json.dumps({"error": event}).encode()
        elif isinstance(event, dict):
            self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        self._usage = event.get("usage") or self._usage
        self._model = event.get("model") or self._model
        choices = event.get("choices")
        for part in choices if isinstance(choices, list) else []:
            index = (part.get("index") or 0) if isinstance(part, dict) else None
            if not isinstance(index, int):
                continue
            message, finish = self._choices.setdefault(index, (ReplyMessage(), None))
            # A gateway that does not stream sends the whole message as one event.
            message.add(part.get("delta") or part.get("message"))
            self._choices[index] = message, part.get("finish_reason") or finish
            if index == 0:
                self._telling.grown(storable(message.written))


def _data(line: bytes) -> bytes:
    """What a line of the stream carries; empty for a comment or another field."""
    return line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
