"""Builds the EBNF grammar of an answer from the action models, for xgrammar and vLLM.

Texts are limited in tokens (`rule[max_tokens=80]`, xgrammar 0.2.8) and not in characters. A character limit needs one
state of the grammar for each character, which takes minutes to compile for a vocabulary of 150,000 tokens.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from handeye.perception.engines.ebnf import (
    CHORD,
    FRACTION,
    KEY,
    LINE,
    PHRASE,
    PYTHON,
    TEXT,
    THINKING,
    THOUGHT,
    decimal,
    either,
    integer,
    literal,
    words,
)
from handeye.perception.engines.schema_grammar import arguments
from handeye.tools.actions import KINDS, Key, Type
from handeye.tools.errors import UsageError
from handeye.tools.keyboard import MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.tools.custom_tools import Tool

#: The token limit of an answer. Reasoning and an action take about 100; the rest leaves room to type a page of text.
LONGEST = 1024
#: Token limits of a thought, of a target's description, and of a name that also has a limit of characters.
THOUGHT_TOKENS, PHRASE_TOKENS, NAME_TOKENS = 80, 40, 24
#: Tokens of an answer whose texts are all empty, at one token per byte, with a reserve for characters cut by a limit.
FRAME_TOKENS = 224
#: The limit of items in a list, such as files.
MOST_ITEMS = 4
#: The fewest tokens for the texts of an action: two targets, or a target with the shortest lines and text.
LEAST_ROOM = 160
#: The patterns of texts that have rules here.
TEXT_PATTERN = Type.model_json_schema()["properties"]["text"]["pattern"]
KEYS_PATTERN = Key.model_json_schema()["properties"]["keys"]["pattern"]
#: The size of an image of unknown size, as an upper limit of pixel coordinates.
UNKNOWN = (99_999, 99_999)


def action_grammar(
    profile: ModelProfile,
    kinds: Collection[str],
    *,
    size: tuple[int, int] | None = None,
    longest: int = LONGEST,
    thinking: int = 0,
    tools: Sequence[Tool] = (),
) -> str:
    """Return the grammar of an answer with a sentence of reasoning and one action of `kinds`; its root rule is `root`.

    With `tools`, a call of one of them is allowed too. `size` is the width and height of the image; without it, a
    profile with pixel coordinates writes targets in words only. An answer fits into `longest` tokens, plus `thinking`
    tokens for a profile that reasons first. The result is empty for reasoning in a channel that only control tokens
    open. Raises UsageError when `longest` is too small for an action, or no kind is offered.
    """
    if profile.template == "harmony_thinking":
        return ""
    offered = [kind for kind in KINDS if (kind in kinds if kind != "call" else tools)]
    calls = profile.dialects[0] == "scalecua"
    # ScaleCUA's form says what is to be done in words, too.
    room = longest - (2 if calls else 1) * THOUGHT_TOKENS - FRAME_TOKENS
    if not offered or room < LEAST_ROOM:
        raise UsageError(
            f"an answer of {longest} tokens has no room for one of {len(offered)} actions; "
            f"give at least {longest - room + LEAST_ROOM} tokens and one action"
        )
    rules = _Rules(profile, size, room, tools)
    root = rules.scalecua(offered) if calls else f'thought "\\n" {rules.tool_call(offered)}'
    rules.add("thought", THOUGHT, THOUGHT_TOKENS)
    if profile.thinks and thinking:
        rules.add("thinking", THINKING, thinking)
        # Reasoning that the prompt has opened must be closed before an action can open.
        first = 'thinking "</think>" [\\n]{0,2}' if profile.opened else '("<think>" thinking "</think>" [\\n]{0,2})?'
        root = f"{first} ({root})"
    return rules.written(root)


def box_grammar(profile: ModelProfile, size: tuple[int, int] | None = None) -> str:
    """Return the grammar of an answer to a grounding question: a box, a point or a click, or "not there".

    The answer has no reasoning. `size` is the width and height of the image, for a profile with pixel coordinates. The
    result is empty in the cases in which that of `action_grammar` is.
    """
    if profile.template == "harmony_thinking":
        return ""
    rules = _Rules(profile, size or UNKNOWN)
    if profile.dialects[0] == "scalecua":
        return rules.written(f'"<action>\\n" {rules.call("click")} "\\n</action>"')
    if profile.answers == "point":
        return rules.written(f'"[" ({rules.pair} | "-1, -1") "]"')
    return rules.written(f'"[[" ({rules.pair} ", " {rules.pair} | "-1, -1, -1, -1") "]]"')


#: ScaleCUA's calls for the kinds that it has one for.
CALLS = {
    "click": (
        '("click(" at (", clicks=" [1-3])? (", button=\'" ("left" | "right" | "middle") "\'")? ")" | '
        '("doubleClick(" | "rightClick(") at ")")'
    ),
    "move": '"moveTo(" at ")"',
    "drag": '"moveTo(" at ")\\ndragTo(" at ")"',
    "type": '"write(message=\'" python "\')"',
    "key": (
        f'("press(\'" pressed "\'" (", presses=" {integer(1, 100)})? ")" | '
        f'"hotkey(\'" {words(MODIFIERS)} "\'" (", \'" pressed "\'"){{1,3}} ")")'
    ),
    "scroll": f'"scroll(clicks=" "-"? {integer(1, 100)} (", " at )? ")"',
    "wait": f'"wait(seconds=" {decimal(0, 600)} ")"',
    "ask": '"call_user()"',
    "done": (
        '("response(answer=\'" python "\')" | '
        '"terminate(status=\'" ("success" | "failure") "\'" (", info=\'" python "\'")? ")")'
    ),
}


def without_budgets(grammar: str) -> str:
    """Return the grammar without token limits, for a parser of EBNF that has none; texts get any length."""
    return re.sub(r"^(\w+)\[max_\w+=[^]]*\]", r"\1", grammar, flags=re.MULTILINE)


class _Rules:
    """The rules below a root rule, each written once."""

    def __init__(
        self, profile: ModelProfile, size: tuple[int, int] | None, room: int = 0, tools: Sequence[Tool] = ()
    ) -> None:
        self._room, self._tools = room, tools
        # Few rules for texts, as every one of them takes half a second to compile for a large vocabulary.
        self._line = min(128, (room - PHRASE_TOKENS) // MOST_ITEMS)
        self._text = room - max(self._line, PHRASE_TOKENS)
        self._rules: dict[str, str] = {}
        self.pair = ""
        """The fragment of a point on the image; empty when the image's size is needed and unknown."""
        if size or profile.space != "pixels":
            self._coordinates(profile, size or UNKNOWN)

    def add(self, name: str, body: str, tokens: int = 0, characters: int = 0) -> str:
        """Add a rule, with limits of tokens and characters if given; return its name."""
        budgets = {"max_tokens": tokens, "max_chars": characters}
        options = ", ".join(f"{option}={most}" for option, most in budgets.items() if most)
        self._rules[name] = f"{name}{options and f'[{options}]'} ::= {body}"
        return name

    def written(self, root: str) -> str:
        """Return the whole grammar."""
        return "\n".join([f"root ::= {root}", *self._rules.values()]) + "\n"

    def _coordinates(self, profile: ModelProfile, size: tuple[int, int]) -> None:
        """Add the rules `across` and `down`: the numbers of a place on the image in the profile's coordinate space."""
        seen = profile.resize.size(*size) if profile.resize else size
        wholes = {"0-1000": (1000, 1000), "0-1": (1, 1), "0-100": (100, 100), "pixels": seen}[profile.space]
        for axis, name in enumerate(("across", "down")):
            if profile.space in {"0-1", "0-100"}:
                self.add(name, FRACTION if profile.space == "0-1" else decimal(0, 100))
                continue
            scale, offset, whole = profile.scale[axis], profile.offset[axis], wholes[axis]
            least, most = math.ceil(-offset / scale * whole), math.floor((1 - offset) / scale * whole)
            self.add(name, integer(max(0, least), max(0, min(whole, most))))
        self.pair = 'down ", " across' if profile.order == "yx" else 'across ", " down'

    def tool_call(self, kinds: list[str]) -> str:
        """Return the fragment of one action as JSON in `<tool_call>` tags."""
        actions = either([self.add(kind, self._fields(kind) if kind != "call" else self._calls()) for kind in kinds])
        return literal('<tool_call>\n{"kind": ') + f" {actions} " + literal("}\n</tool_call>")

    def scalecua(self, kinds: list[str]) -> str:
        """Return the fragment of ScaleCUA's answer: optional reasoning, then a call, or JSON without a call."""
        written = {kind: call for kind in kinds if (call := self.call(kind))}
        others = [kind for kind in kinds if kind not in written]
        forms = [f'"<action>\\n" {either(written.values())} "\\n</action>"'] if written else []
        forms += [self.tool_call(others)] if others else []
        before = (f'("<{tag}>" thought "</{tag}>\\n")?' for tag in ("think", "operation"))
        return f"{' '.join(before)} {either(forms)}"

    def call(self, kind: str) -> str:
        """Return ScaleCUA's call for a kind of action; empty without one, or when it needs unknown coordinates."""
        call = CALLS.get(kind, "")
        helpers = {"at": '"x=" across ", y=" down', "pressed": KEY, "python": PYTHON}
        used = [name for name in helpers if f" {name} " in call]
        if "at" in used and not self.pair:
            return ""
        for name in used:
            self.add(name, helpers[name], self._text if name == "python" else 0)
        return call

    def _fields(self, kind: str) -> str:
        """Return the fragment of a kind's name and its fields in order; fields with defaults are optional."""
        schema = KINDS[kind].model_json_schema()
        fields = {name: field for name, field in schema["properties"].items() if name != "kind"}
        parts = [literal(f'"{kind}"')]
        for name, field in fields.items():
            part = literal(f', "{name}": ') + " " + self._value(field)
            parts.append(part if name in schema.get("required", ()) else f"({part})?")
        return " ".join(parts)

    def _calls(self) -> str:
        """Return the fragment of a custom tool's name and its arguments."""
        made = []
        for number, tool in enumerate(self._tools):
            name = literal(f'"call", "tool": "{tool.name}", "arguments": ')
            body = arguments(tool.schema, self._room - len(tool.name), self.add)
            made.append(self.add(f"tool{number}", f"{name} {body}"))
        return either(made)

    def _value(self, field: dict[str, Any]) -> str:
        """Return the fragment of a field's value, from its JSON schema."""
        if _is_target(field):
            return self._target()
        match field:
            case {"enum": values}:
                return words(f'"{value}"' for value in values)
            case {"type": "boolean"}:
                return words(["true", "false"])
            case {"type": "integer", "minimum": least, "maximum": most}:
                return integer(least, most)
            case {"type": "number", "minimum": least, "maximum": most}:
                return decimal(int(least), int(most))
            case {"type": "array", "items": item}:
                # One of several texts is a line: together they have to fit.
                value = self._value(item if "enum" in item else item | {"minLength": 1})
                most = len(item.get("enum", range(MOST_ITEMS)))
                some = f'{value} (", " {value}){{0,{most - 1}}}'
                return f'"[" {some} "]"' if field.get("minItems") else f'"[" ({some})? "]"'
            case {"type": "string", "pattern": pattern} if pattern == KEYS_PATTERN:
                return f'"\\"" {self.add("chord", CHORD)} "\\""'
            case {"type": "string", "maxLength": most} if most <= 80:
                return f'"\\"" {self.add("name", LINE, NAME_TOKENS, most)} "\\""'
            case {"type": "string", "pattern": pattern} if pattern == TEXT_PATTERN and not field.get("minLength"):
                return f'"\\"" {self.add("text", TEXT, self._text)} "\\""'
            case {"type": "string"} if field.get("pattern") in {None, TEXT_PATTERN}:
                return f'"\\"" {self.add("line", LINE, self._line)} "\\""'
        raise NotImplementedError(f"no grammar is written for a field of {field}; add its rule here")

    def _target(self) -> str:
        """Return the rule of a target: words in quotes, or a point."""
        if "target" not in self._rules:
            self.add("phrase", PHRASE, PHRASE_TOKENS)
            point = f' | "[" {self.pair} "]"' if self.pair else ""
            self.add("target", f'"\\"" phrase "\\""{point}')
        return "target"


def _is_target(field: dict[str, Any]) -> bool:
    """Return whether a field takes a target."""
    return any(choice.get("$ref", "").endswith("/Target") for choice in (field, *field.get("anyOf", ())))
