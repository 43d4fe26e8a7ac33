"""Separates the reasoning of a model from its answer, before any parser gets the answer.

A call, a point or a box in the reasoning is a draft that the model may have rejected. Reasoning is marked by tags
(`<think>…</think>` and variants), by channels (the Harmony format of GPT-OSS), or by a field of a server's reply.
A chat template may have written the opening tag into the prompt; then everything before the closing tag is reasoning.
Reasoning that is not closed leaves no answer.

Marks inside of a value of the answer (for example a text to type that contains `<think>`) are plain text. Such a value
is a string of a complete JSON object or call, or a parameter of a tool call in tags.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Names of the tags, alone or after a prefix of a model family (`grounding_think`, `seed:think`).
_WORD = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|rationale|reflection|analysis|scratchpad|monologue|deliberation)"
_NAME = rf"(?!no_?think)(?:[a-z]{{1,20}}[_:-])?{_WORD}"
MARK = re.compile(
    # Qwen, GLM, InternVL and most others; gateways that escape HTML; Kimi; Magistral; Cohere; Gemma 4.
    rf"(?P<open><\s{{0,2}}{_NAME}(?:\s[^<>\n]{{0,80}})?+(?<!/)>|&lt;{_NAME}&gt;|◁{_NAME}▷|(?-i:\[THINK\])"
    rf"|<\|(?:begin|start)_(?:of_)?{_NAME}\|>|<\|channel>\s{{0,2}}{_WORD}\b)"
    rf"|(?P<close><\s{{0,2}}/\s{{0,2}}{_NAME}\s{{0,2}}>|&lt;/{_NAME}&gt;|◁/{_NAME}▷|(?-i:\[/THINK\])"
    rf"|<\|(?:end|stop)_(?:of_)?{_NAME}\|>|<channel\|>)",
    re.IGNORECASE,
)
#: Harmony's control tokens: https://cookbook.openai.com/articles/openai-harmony
CONTROL = re.compile(r"<\|(start|channel|constrain|message|end|call|return)\|>")
RECIPIENT = re.compile(r"\bto=(?:functions\.)?([\w.-]{1,80})")
#: The same where a server has removed the control tokens: `analysisWe need …assistantfinal…`.
BARE_FINAL = re.compile(r"assistant(?:final|commentary to=(?:functions\.)?([\w.-]{1,80})(?: ?(?:json|code))?)")
BARE_ANALYSIS = re.compile(r"\s*+(?:assistant)?analysis(?=[A-Z\"'])")
#: Every text with a mark contains one of these in lower case. They are a fast first check.
HINTS = (
    *("think", "thought", "reason", "rationale", "reflection", "analysis", "scratchpad", "monologue", "deliberation"),
    *("channel|>", "<|channel>", "|start|>", "assistantfinal", "assistantcommentary"),
)

PAIR, LONE = re.compile("[\ud800-\udbff][\udc00-\udfff]"), re.compile("[\ud800-\udfff]+")

#: The limit of marks in an answer.
MOST_MARKS = 1000
#: Limits for the search for JSON objects: openings tried, and characters read in total. An object that is nested too
#: deeply counts as `DEEP` characters.
MOST_OBJECTS, MOST_CHARACTERS, DEEP = 2000, 1_000_000, 20_000
DECODER = json.JSONDecoder(strict=False)
STRING = r"""'(?:[^'\\\n]|\\.)*+'(?=\s*+[,)\]}])|"(?:[^"\\\n]|\\.)*+"(?=\s*+[,)\]}])"""
CALL = re.compile(rf"(?<![\w.])[A-Za-z_][\w.]{{0,60}}\s?\((?:[^'\"()]|{STRING}|\([^'\"()]*+\))*+\)")
QUOTED = re.compile(r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'""", re.DOTALL)
#: Values of tool calls in tags: Qwen3-Coder's, GLM's and Gemma's.
TAGGED = re.compile(
    r"<parameter=[^<>]{1,80}>((?:(?!<parameter=|<function=|<tool_call>).){0,20000}?)</parameter>"
    r"|<arg_value>((?:(?!<arg_key>|<arg_value>|<tool_call>).){0,20000}?)</arg_value>"
    r'|<\|"\|>((?:(?!<\|tool_call>).){0,20000}?)<\|"\|>',
    re.DOTALL,
)

TAG = re.compile(
    r"</?(?:think|operation|action|answer|tool_call|tools|ref|b?box)>|<\|?tool_call\|?>|```(?:json|python)?"
)
#: Headings before the reasoning: `Thought:`, `Reflection:`, `Action_Summary:`, `# Step 3:`, `## Thought:`.
HEADING = re.compile(
    r"^[ \t]*+(?:#{1,4} ?)?(?:\*\*)?(?:Step \d{1,4}|Thought|Reflection|Action_Summary|Observation)"
    r"[:：]?(?:\*\*)?[:：]?[ \t]*+",
    re.MULTILINE,
)

UNCLOSED = (
    "the answer ended inside of the reasoning, which was never closed: a draft is no answer; "
    "reason in fewer words, close the reasoning and then give the answer, or allow more tokens"
)
ONLY_REASONING = "the model reasoned and gave no answer; give the answer after the reasoning"
UNREADABLE = "the marks of reasoning in the answer cannot be read: there are too many; write one answer without them"


@dataclass(frozen=True)
class Separated:
    """The text of a model, separated into answer and reasoning."""

    answer: str
    """The text for the parsers; empty when `trouble` gives the reason."""
    reasoning: str = ""
    """For people to read. No parser gets it."""
    trouble: str = ""
    """Why there is no answer, as a sentence that can be sent back to the model; empty when there is one."""


class _TooManyMarks(Exception):
    """The text has more marks or objects than the limits allow."""


def separate(text: str, ends: Sequence[str] = ()) -> Separated:
    """Return the reasoning and the answer of a model's text.

    The answer ends before the first of the strings `ends` in it. In the reasoning they have no effect. Lone surrogates,
    which cannot be encoded as UTF-8, become U+FFFD.
    """
    text = storable(text)
    if not has_marks(text):
        return Separated(finished(text, ends))
    try:
        reasoning, answer = _split_channels(text)
        if answer is None:
            return Separated("", _joined(reasoning), UNCLOSED)
        more, answer = _split_tags(answer, ends)
    except _TooManyMarks:
        return Separated("", "", UNREADABLE)
    reasoning = [*reasoning, *more]
    if answer is None:
        return Separated("", _joined(reasoning), UNCLOSED)
    trouble = ONLY_REASONING if reasoning and not answer.strip() else ""
    return Separated("" if trouble else answer, _joined(reasoning), trouble)


def separated(text: str | Separated) -> Separated:
    """Return the text separated, unless an engine has already done it."""
    return text if isinstance(text, Separated) else separate(text)


def has_marks(text: str) -> bool:
    """Return whether a text contains anything that could mark reasoning."""
    lower = text.lower()
    if not any(hint in lower for hint in HINTS):
        return False
    return any(pattern.search(text) for pattern in (MARK, CONTROL, BARE_FINAL)) or bool(BARE_ANALYSIS.match(text))


def finished(text: str, ends: Sequence[str]) -> str:
    """Return the text before the first of the strings that end an answer."""
    places = [place for end in ends if end and (place := text.find(end)) >= 0]
    return text[: min(places)] if places else text


def storable(text: str) -> str:
    """Return the text without surrogates, which JSON can contain and UTF-8 cannot.

    A pair becomes its character, and a lone surrogate becomes U+FFFD.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        text = PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
        return LONE.sub(lambda run: "\ufffd" * len(run[0]), text)
    return text


class _ValueSpans:
    """The spans of a text that are values of a complete JSON object, call or tagged parameter."""

    def __init__(self, text: str) -> None:
        found = sorted(_value_spans(text))
        self._starts = [start for start, _ in found]
        self._ends: list[int] = []
        for _, end in found:
            self._ends.append(max(end, self._ends[-1] if self._ends else 0))

    def contains(self, start: int, end: int) -> bool:
        """Return whether a value contains the text from `start` to `end`."""
        at = bisect_right(self._starts, start) - 1
        return at >= 0 and end <= self._ends[at]


def _value_spans(text: str) -> Iterable[tuple[int, int]]:
    """Yield the start and the end of each value, quotes included."""
    at, tried, cost = text.find("{"), 0, 0
    while at >= 0:
        tried += 1
        end, read = _object_end(text, at)
        cost += read
        if tried > MOST_OBJECTS or cost > MOST_CHARACTERS:
            raise _TooManyMarks
        if end:
            yield from ((at + m.start(), at + m.end()) for m in QUOTED.finditer(text[at:end]))
        at = text.find("{", max(end, at + 1))
    for call in CALL.finditer(text):
        yield from ((call.start() + m.start(), call.start() + m.end()) for m in QUOTED.finditer(call[0]))
    for tagged in TAGGED.finditer(text):
        yield tagged.span(tagged.lastindex or 0)


def _object_end(text: str, at: int) -> tuple[int, int]:
    """Return where the JSON object at an index ends (0 when there is none), and how many characters were read."""
    try:
        end = DECODER.raw_decode(text, at)[1]
        return end, end - at
    except json.JSONDecodeError as error:
        return 0, max(0, error.pos - at)
    except (ValueError, RecursionError):
        return 0, DEEP


class _HarmonyMessage(NamedTuple):
    header: str
    body: str
    end: str
    """The control token that ends it; empty at the end of the text."""


def _split_channels(text: str) -> tuple[list[str], str | None]:
    """Return reasoning and answer of a text in Harmony's channels. A text without channels is the answer.

    The answer is the last message in the channel `final`, or the last tool call in `commentary`, of the model's own
    turn. It is None when there is neither.
    """
    found = list(islice(CONTROL.finditer(text), MOST_MARKS + 1))
    if len(found) > MOST_MARKS:
        raise _TooManyMarks
    if any(match[1] in {"channel", "start"} for match in found):
        values = _ValueSpans(text)
        found = [match for match in found if not values.contains(*match.span())]
        if any(match[1] in {"channel", "start"} for match in found):
            reasoning, answer = _answer_of_messages(_harmony_messages(text, found))
            return reasoning, _keep_open_tag(text[: found[0].start()], answer)
    if bare := list(BARE_FINAL.finditer(text)):
        values = _ValueSpans(text)
        if bare := [match for match in bare if not values.contains(*match.span())]:
            last = bare[-1]
            body = as_tool_call(last[1], text[last.end() :]) if last[1] else text[last.end() :]
            return [text[: last.start()]], _keep_open_tag(text[: last.start()], body)
    if BARE_ANALYSIS.match(text):
        return [text], None
    return [], text


def _keep_open_tag(before: str, answer: str | None) -> str | None:
    """Return the answer of a channel, with an opening tag when a tag before it is not closed."""
    return (
        f"<think>{answer}"
        if answer is not None and MARK.search(before) and _split_tags(before, ())[1] is None
        else answer
    )


def _harmony_messages(text: str, found: Sequence[re.Match[str]]) -> list[_HarmonyMessage]:
    """Return the messages between the control tokens. The text before the first token has no header."""
    made: list[_HarmonyMessage] = []
    header, body, at, in_body, opened = "", "", 0, True, False
    for match in found:
        piece = text[at : match.start()]
        at = match.end()
        if in_body:
            body = piece
        else:
            header += piece
        kind = match[1]
        if kind == "message":
            in_body = True
        elif kind == "constrain":
            header += " "
        else:
            # `<|channel|>` after `<|start|>assistant` continues the same header.
            if in_body or kind != "channel":
                if body.strip() or opened:
                    made.append(_HarmonyMessage(header, body, kind))
                header = ""
            body, in_body = "", False
            header += f" {kind} "
            opened = kind in {"channel", "start"}
    if in_body:
        body = text[at:]
    else:
        header += text[at:]
    if body.strip() or opened:
        made.append(_HarmonyMessage(header, body, ""))
    return made


def _answer_of_messages(messages: Sequence[_HarmonyMessage]) -> tuple[list[str], str | None]:
    answer: str | None = None
    reasoning: list[str] = []
    for message in messages:
        role, _, rest = message.header.partition("channel") if "channel" in message.header else (message.header, "", "")
        speaker = role.replace("start", " ").split()
        if speaker and speaker[0] != "assistant" and "start" in role:
            break  # the turn of another role
        words, to = rest.split(), RECIPIENT.search(message.header)
        channel = words[0] if words else ""
        spoken = message.body if message.body.strip() else " ".join(words[1:])
        if channel == "final" and not to:
            found: str | None = spoken
        elif channel == "commentary" and to:
            found = as_tool_call(to[1], spoken)
        else:
            reasoning.append(spoken)
            continue
        if answer is not None:
            reasoning.append(answer)
        answer = found
        if message.end in {"call", "return"}:
            break
    return reasoning, answer


def as_tool_call(name: str, arguments: str) -> str:
    """Return a call from a server's field or a channel in the format `<tool_call>`.

    `arguments` is JSON text. Invalid JSON stays a string, which the parser then refuses.
    """
    try:
        value = json.loads(arguments.strip() or "{}")
    except (ValueError, RecursionError):
        value = arguments
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': value}, ensure_ascii=False)}\n</tool_call>"


def _split_tags(text: str, ends: Sequence[str]) -> tuple[list[str], str | None]:
    """Return reasoning and answer of a text with tags; the answer is None when the last reasoning is not closed."""
    found = list(islice(MARK.finditer(text), MOST_MARKS + 1))
    if len(found) > MOST_MARKS:
        raise _TooManyMarks
    if not found:
        return [], finished(text, ends)
    values = _ValueSpans(text)
    reasoning: list[str] = []
    answer: list[str] = []
    depth = at = opened_at = 0
    for match in found:
        if values.contains(*match.span()) or (depth and _is_quoted(text, match)):
            continue
        if match["open"]:
            if not depth:
                answer.append(text[at : match.start()])
                at = match.end()
            elif not text[opened_at : match.start()].strip():
                depth -= 1  # the template and the model have both opened it
            depth += 1
            opened_at = match.end()
        else:
            depth -= 1
            if depth <= 0:
                # A closing tag without an opening one: the prompt contained the opening tag.
                reasoning += [*answer, text[at : match.start()]] if depth < 0 else [text[at : match.start()]]
                answer = [] if depth < 0 else answer
                depth, at = 0, match.end()
    if not depth:
        answer.append(text[at:])
    for number, part in enumerate(answer):
        if (cut := finished(part, ends)) != part:
            return reasoning, _joined([*answer[:number], cut])
    return (reasoning, _joined(answer)) if not depth else ([*reasoning, text[at:]], None)


def _is_quoted(text: str, match: re.Match[str]) -> bool:
    """Return whether a mark in the reasoning is quoted, as when a model describes its answer format."""
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return before == after and before in {"`", '"', "'"}


def _joined(parts: Sequence[str]) -> str:
    return "\n".join(part for part in parts if part.strip()) if len(parts) > 1 else "".join(parts)


def one_line_reasoning(text: str) -> str:
    """Return the text before an action on one line, without tags and headings."""
    return " ".join(TAG.sub(" ", HEADING.sub(" ", text)).split())
