"""The message in a server's reply: text, reasoning in separate fields, and tool calls.

Servers differ: `content` is a text or a list of parts, and the reasoning is in one of several fields or a part.
A server with a parser for tool calls removes them from the text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from handeye.perception.dialects.reasoning import ONLY_REASONING, Separated, as_tool_call, separate, storable
from handeye.perception.engines.engine import answer_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handeye.perception.internvl.profiles import ModelProfile

#: Fields that hold reasoning: vLLM's and SGLang's, OpenRouter's, Ollama's.
REASONING = ("reasoning", "reasoning_content", "thinking")
#: Kinds of parts that hold reasoning: Mistral's, Anthropic's and OpenAI's.
PARTS = ("thinking", "reasoning", "redacted_thinking", "reasoning_text", "summary_text")


class ReplyMessage:
    """One message of a server, complete or assembled from the deltas of a stream."""

    def __init__(self, value: Any = None) -> None:
        self.content: str | None = None
        """The text; None when the message has none."""
        self.reasoning = ""
        """What the server itself calls reasoning."""
        self._calls: dict[int, dict[str, str]] = {}
        self.add(value)

    def add(self, value: Any) -> None:
        """Add the next delta, or a complete message; any other value adds nothing."""
        if not isinstance(value, dict):
            return
        for kind, text in _texts(value.get("content"), "text"):
            if kind in PARTS:
                self.reasoning += text
            else:
                self.content = (self.content or "") + text
        # A server that gives the same text under two names is read once.
        named = next((value[name] for name in REASONING if value.get(name)), None) or value.get("reasoning_details")
        self.reasoning += "".join(text for _, text in _texts(named, "reasoning"))
        calls = value.get("tool_calls")
        for place, call in enumerate(calls if isinstance(calls, list) else []):
            self._call(place, call)
        if isinstance(value.get("function_call"), dict):
            self._call(0, {"function": value["function_call"]})

    @property
    def call(self) -> str:
        """Return the first tool call as `<tool_call>` text; empty without one."""
        first = next((self._calls[place] for place in sorted(self._calls)), None)
        return as_tool_call(first["name"], first["arguments"]) if first and first["name"] else ""

    @property
    def written(self) -> str:
        """Return reasoning and text in the order in which they are written, for progress output."""
        if not self.reasoning:
            return self.content or ""
        return f"<think>{self.reasoning}" + (f"</think>\n{self.content}" if self.content else "")

    @property
    def fields(self) -> dict[str, Any]:
        """Return the message in the form of a reply without streaming."""
        made: dict[str, Any] = {"content": self.content}
        if self.reasoning:
            made["reasoning"] = self.reasoning
        if self._calls:
            made["tool_calls"] = [{"function": call} for _, call in sorted(self._calls.items())]
        return made

    def separated(self, ends: Sequence[str], profile: ModelProfile, finish: str) -> Separated | None:
        """Return reasoning and answer; None when there is neither.

        A call that the server removed from the text is the answer; then the text is not. `finish` as in `Answer`.
        """
        if self.call:
            before = "\n".join(filter(None, (self.reasoning, self.content)))
            return Separated(storable(self.call), storable(before))
        if self.content is None and not self.reasoning:
            return None
        if not self.reasoning:
            return answer_parts(self.content or "", ends, profile, finish)
        parts = separate(self.content or "", ends)
        reasoning = "\n".join(filter(None, (storable(self.reasoning), parts.reasoning)))
        return Separated(parts.answer, reasoning, parts.trouble or ("" if parts.answer.strip() else ONLY_REASONING))

    def _call(self, place: int, call: Any) -> None:
        """A call, or the next piece of its arguments."""
        if not isinstance(call, dict):
            return
        index = call.get("index")
        function = call.get("function")
        function = function if isinstance(function, dict) else call
        held = self._calls.setdefault(index if isinstance(index, int) else place, {"name": "", "arguments": ""})
        name, arguments = function.get("name"), function.get("arguments")
        if isinstance(name, str):
            held["name"] = held["name"] or name
        if isinstance(arguments, str):
            held["arguments"] += arguments
        elif isinstance(arguments, dict):
            held["arguments"] = json.dumps(arguments)


def _texts(value: Any, kind: str) -> Iterator[tuple[str, str]]:
    """The texts of a field with the kind of each part; a text by itself is of the `kind` given."""
    if isinstance(value, str):
        yield kind, value
    for part in value if isinstance(value, list) else []:
        if isinstance(part, str):
            yield kind, part
        elif isinstance(part, dict):
            own = part["type"] if isinstance(part.get("type"), str) else kind
            inner = next(
                (part[name] for name in ("text", "thinking", "reasoning", "summary", "content") if part.get(name)), ""
            )
            if isinstance(inner, dict):
                inner = inner.get("value")
            yield from ((own, text) for _, text in _texts(inner, own))
