"""Parses tool calls that are written in tags instead of JSON: Qwen3-Coder's, GLM's and Gemma's formats."""

from __future__ import annotations

import json
import re
from typing import Any

from handeye.tools.errors import ActionRefused

#: Qwen3-Coder and Qwen 3.5: `<function=NAME><parameter=KEY>VALUE</parameter>…</function>`.
FUNCTION = re.compile(r"\s*+<function=\s*+([\w.-]{1,80})\s*+>")
PARAMETER = re.compile(r"\s*+<parameter=\s*+([\w.-]{1,80})\s*+>(.*?)</parameter>", re.DOTALL)
FUNCTION_END = re.compile(r"\s*+</function>")
#: GLM: `NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>…`.
NAMED = re.compile(r"\s*+([\w.-]{1,80})\s*+(?=<arg_key>|</tool_call>|$)")
ARGUMENT = re.compile(r"\s*+<arg_key>\s*+([\w.-]{1,80})\s*+</arg_key>\s*+<arg_value>(.*?)</arg_value>", re.DOTALL)
#: Gemma 4: `call:NAME{key:value,…}`, texts between `<|"|>` or in quotes.
GEMMA = re.compile(r"\s*+call:([\w.-]{1,80})\s*+\{")
QUOTE = '<|"|>'
KEY = re.compile(r"\s*+(?:\"([\w.-]{1,80})\"|([\w.-]{1,80}))\s*+:\s*+")
NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,17})?(?![\w.])")
CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
#: The limit for nested values.
MOST_DEPTH = 8
#: Parameters whose value is text, even if it looks like JSON.
TEXT_PARAMETERS = frozenset(
    {"text", "content", "answer", "question", "what", "option", "value", "title", "url", "message", "name"}
)


def parse_tagged_call(text: str, *, typed: bool = False) -> dict[str, Any] | None:
    """Return the name and the arguments of a tagged call at the start of a text; None for any other text.

    A JSON list or object becomes a value, unless its parameter is in `TEXT_PARAMETERS`. With `typed`, every JSON value
    does, because custom tools expect it. Raises ActionRefused for a call that is not complete.
    """
    if found := FUNCTION.match(text):
        return _parse_elements(text, found, PARAMETER, FUNCTION_END, typed)
    if (found := NAMED.match(text)) and (typed or "<arg_key>" in text[: found.end() + 10]):
        return _parse_elements(text, found, ARGUMENT, None, typed)
    if found := GEMMA.match(text):
        fields, _ = _parse_object(text, found.end(), 0)
        return {"name": found[1], "arguments": fields}
    return None


def _parse_elements(
    text: str, found: re.Match[str], each: re.Pattern[str], end: re.Pattern[str] | None, typed: bool
) -> dict[str, Any]:
    at = found.end()
    arguments: dict[str, Any] = {}
    while argument := each.match(text, at):
        name = argument[1]
        if name in arguments:
            raise ActionRefused(f"the call of {found[1]} gives {name} twice; give each argument once")
        arguments[name] = _parse_value(name, argument[2], typed)
        at = argument.end()
    rest = text[at:].lstrip()
    if rest.startswith(("<parameter=", "<arg_key>")) or (end is not None and rest and not end.match(text, at)):
        raise ActionRefused(f"the call of {found[1]} is cut short or holds what is no argument; write it whole")
    return {"name": found[1], "arguments": arguments}


def _parse_value(name: str, text: str, typed: bool) -> Any:
    # Qwen's template writes a line feed before and after each value.
    text = text.removeprefix("\n").removesuffix("\n")
    bare = text.strip()
    if typed or (name not in TEXT_PARAMETERS and bare[:1] in {"[", "{"}):
        try:
            return json.loads(bare)
        except (ValueError, RecursionError):
            return text
    return text if name in TEXT_PARAMETERS else bare


def _parse_object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    """Return the fields up to a closing brace and the index after it."""
    fields: dict[str, Any] = {}
    while True:
        at = _skip_separators(text, at)
        if text[at : at + 1] == "}":
            return fields, at + 1
        key = KEY.match(text, at)
        if not key:
            raise _unreadable(text, at)
        fields[key[1] or key[2]], at = _parse_item(text, key.end(), depth + 1)


def _parse_item(text: str, at: int, depth: int) -> tuple[Any, int]:
    if depth > MOST_DEPTH:
        raise ActionRefused(f"the arguments of the call are nested more than {MOST_DEPTH} deep; write flat ones")
    if text.startswith(QUOTE, at):
        end = text.find(QUOTE, at + len(QUOTE))
        if end < 0:
            raise _unreadable(text, at)
        return text[at + len(QUOTE) : end], end + len(QUOTE)
    letter = text[at : at + 1]
    if letter == '"':
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text, at)
        except ValueError:
            raise _unreadable(text, at) from None
        return value, end
    if letter == "{":
        return _parse_object(text, at + 1, depth)
    if letter == "[":
        items: list[Any] = []
        at = _skip_separators(text, at + 1)
        while text[at : at + 1] != "]":
            item, at = _parse_item(text, at, depth + 1)
            items.append(item)
            at = _skip_separators(text, at)
        return items, at + 1
    if number := NUMBER.match(text, at):
        return float(number[0]) if "." in number[0] else int(number[0]), number.end()
    for word, value in CONSTANTS.items():
        if text.startswith(word, at):
            return value, at + len(word)
    raise _unreadable(text, at)


def _skip_separators(text: str, at: int) -> int:
    """Return the index after commas and white space."""
    while at < len(text) and text[at] in ", \n\t\r":
        at += 1
    return at


def _unreadable(text: str, at: int) -> ActionRefused:
    return ActionRefused(
        f"the arguments of the call cannot be read at {' '.join(text[at : at + 40].split())!r}; "
        "write numbers, quoted texts and lists"
    )
