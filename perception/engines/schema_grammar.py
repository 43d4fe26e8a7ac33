"""The grammar of a tool's arguments, from their JSON schema. It is exact for schemas of plain pydantic types.

Other schemas allow any flat JSON object. The tool validates its arguments afterwards in both cases.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.perception.engines.ebnf import TEXT, either, integer, literal, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The limit of items in a list, and of entries in an object with arbitrary keys.
MOST_ITEMS = 4
#: The limit of digits in an integer without bounds.
MOST_DIGITS = 15
#: The smallest token budget of a text. Tools with more texts than fit have free arguments.
LEAST_TOKENS = 16
#: Placeholder of a text whose token budget is not known yet.
_SLOT = "\0"
_STRING = f'"\\"" {_SLOT} "\\""'
_WHOLE = f'"-"? ("0" | [1-9] [0-9]{{0,{MOST_DIGITS - 1}}})'
_NUMBER = f'{_WHOLE} ("." [0-9]{{1,6}})?'


class _Piece(NamedTuple):
    """An EBNF fragment, the most texts in it, and the most characters without these texts."""

    text: str
    slots: int = 0
    frame: int = 0


_SCALAR = _Piece(f'({_STRING} | {_NUMBER} | "true" | "false" | "null")', 1, 24)


def arguments(schema: dict[str, Any], room: int, add: Callable[[str, str, int], str]) -> str:
    """Return the EBNF of an object of this schema in at most `room` tokens.

    `add(name, body, tokens)` adds a rule with a token budget and returns its name.
    """
    made = _free_object()
    try:
        exact = _Schema(schema).value(schema, ())
        if exact.slots * LEAST_TOKENS + exact.frame <= room:
            made = exact
    except _Unknown:
        pass
    tokens = LEAST_TOKENS
    if made.slots:
        tokens = max(LEAST_TOKENS, (room - made.frame) // made.slots)
        tokens = 1 << (tokens.bit_length() - 1)  # few rules: each takes half a second to compile
    return made.text.replace(_SLOT, add(f"argument{tokens}", TEXT, tokens)) if made.slots else made.text


class _Unknown(Exception):
    """The schema is invalid or uses something that is not supported here."""


class _Schema:
    def __init__(self, root: dict[str, Any]) -> None:
        self._definitions = root.get("$defs") or root.get("definitions") or {}

    def value(self, schema: Any, inside: tuple[str, ...]) -> _Piece:
        """Return the fragment of a schema; `inside` are the enclosing definitions, to detect recursion."""
        if schema is True or schema == {}:
            return _free()
        if not isinstance(schema, dict):
            raise _Unknown
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            if name in inside or name not in self._definitions:
                raise _Unknown
            return self.value(self._definitions[name], (*inside, name))
        if "const" in schema or "enum" in schema:
            return _one_of(schema["enum"] if "enum" in schema else [schema["const"]])
        for key in ("anyOf", "oneOf"):
            if choices := schema.get(key):
                return _any_of(self.value(each, inside) for each in choices)
        kind = schema.get("type")
        if isinstance(kind, list):
            return _any_of(self.value({**schema, "type": each}, inside) for each in kind)
        match kind:
            case "string":
                return _Piece(_STRING, 1, 2)
            case "boolean":
                return _Piece('("true" | "false")', 0, 5)
            case "null":
                return _Piece('"null"', 0, 4)
            case "integer":
                return _Piece(_integer(schema), 0, MOST_DIGITS + 1)
            case "number":
                return _Piece(f"({_NUMBER})", 0, MOST_DIGITS + 8)
            case "array":
                return self._array(schema, inside)
            case "object":
                return self._object(schema, inside)
        return _free()

    def _array(self, schema: dict[str, Any], inside: tuple[str, ...]) -> _Piece:
        least, most = _bound(schema, "minItems", 0), _bound(schema, "maxItems", MOST_ITEMS)
        if "prefixItems" in schema:
            each = [self.value(item, inside) for item in schema["prefixItems"]]
            return _joined('"["', each, '"]"')
        item = self.value(schema.get("items", True), inside)
        most = max(least, min(most, MOST_ITEMS))
        if most > 64:
            raise _Unknown
        if most == 0:
            return _Piece('"[]"', 0, 2)
        some = f'{item.text} (", " {item.text}){{{max(0, least - 1)},{most - 1}}}'
        text = f'"[" {some} "]"' if least else f'"[" ({some})? "]"'
        return _Piece(text, item.slots * most, (item.frame + 2) * most + 2)

    def _object(self, schema: dict[str, Any], inside: tuple[str, ...]) -> _Piece:
        properties = schema.get("properties") or {}
        if not properties:
            extra = schema.get("additionalProperties", True)
            return _Piece('"{}"', 0, 2) if extra is False else _entries(self.value(extra, inside))
        needed = [name for name in properties if name in (schema.get("required") or ())]
        others = [name for name in properties if name not in needed]
        pieces = {name: self._field(name, properties[name], inside) for name in (*needed, *others)}
        parts = [f'", " {pieces[name].text}' for name in needed]
        if parts:
            parts[0] = pieces[needed[0]].text
            body = " ".join([*parts, *(f'(", " {pieces[name].text})?' for name in others)])
        else:
            # Which field comes first is open, and only those after it have a comma before them.
            starts = []
            for place, first in enumerate(others):
                rest = " ".join(f'(", " {pieces[name].text})?' for name in others[place + 1 :])
                starts.append(f"{pieces[first].text} {rest}".strip())
            body = f"({' | '.join(starts)})?"
        frame = sum(piece.frame + 2 for piece in pieces.values()) + 2
        return _Piece(f'"{{" {body} "}}"', sum(piece.slots for piece in pieces.values()), frame)

    def _field(self, name: str, schema: Any, inside: tuple[str, ...]) -> _Piece:
        key = json.dumps(name, ensure_ascii=True) + ": "
        value = self.value(schema, inside)
        return _Piece(f"{literal(key)} {value.text}", value.slots, value.frame + len(key))


def _integer(schema: dict[str, Any]) -> str:
    """Return the fragment of an integer within the schema's bounds."""
    huge = 10**MOST_DIGITS - 1
    least, most = _bound(schema, "minimum", -huge), _bound(schema, "maximum", huge)
    least = max(least, _bound(schema, "exclusiveMinimum", -huge - 1) + 1)
    most = min(most, _bound(schema, "exclusiveMaximum", huge + 1) - 1)
    if least > most:
        raise _Unknown
    return f"({_WHOLE})" if (least, most) == (-huge, huge) else integer(max(least, -huge), min(most, huge))


def _bound(schema: dict[str, Any], key: str, otherwise: int) -> int:
    value = schema.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 10**MOST_DIGITS:
        raise _Unknown
    return int(value)


def _one_of(values: Any) -> _Piece:
    if not isinstance(values, list) or not values:
        raise _Unknown
    written = [json.dumps(value, ensure_ascii=True) for value in values]
    return _Piece(words(written), 0, max(map(len, written)))


def _any_of(pieces: Iterable[_Piece]) -> _Piece:
    choices = list(pieces)
    return _Piece(
        either(dict.fromkeys(piece.text for piece in choices)),
        max(piece.slots for piece in choices),
        max(piece.frame for piece in choices),
    )


def _joined(opening: str, pieces: list[_Piece], closing: str) -> _Piece:
    inner = ' ", " '.join(piece.text for piece in pieces)
    return _Piece(
        f"{opening} {inner} {closing}",
        sum(piece.slots for piece in pieces),
        sum(piece.frame + 2 for piece in pieces) + 2,
    )


def _entries(value: _Piece) -> _Piece:
    """Return the fragment of an object with arbitrary keys."""
    entry = f'{_STRING} ": " {value.text}'
    text = f'"{{" ({entry} (", " {entry}){{0,{MOST_ITEMS - 1}}})? "}}"'
    return _Piece(text, (value.slots + 1) * MOST_ITEMS, (value.frame + 8) * MOST_ITEMS + 2)


def _free() -> _Piece:
    """Return the fragment of flat JSON: a scalar, or a list or an object of scalars."""
    entries = _entries(_SCALAR)
    items = f'"[" ({_SCALAR.text} (", " {_SCALAR.text}){{0,{MOST_ITEMS - 1}}})? "]"'
    return _Piece(f"({_SCALAR.text} | {items} | {entries.text})", entries.slots, entries.frame)


def _free_object() -> _Piece:
    return _entries(_SCALAR)
