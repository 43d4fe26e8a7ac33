"""EBNF fragments for xgrammar: literals, ranges of numbers, and the characters that texts may contain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.tools.keyboard import MODIFIERS, NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable


def literal(text: str) -> str:
    """Return the literal for a text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def either(choices: Iterable[str]) -> str:
    """Return an alternative of fragments."""
    return f"({' | '.join(choices)})"


def words(choices: Iterable[str]) -> str:
    """Return an alternative of literals."""
    return either(map(literal, choices))


def integer(least: int, most: int) -> str:
    """Return the fragment of an integer from `least` to `most`, without leading zeros."""
    parts = []
    if least < 0:
        parts.append(f'"-" {integer(max(1, -most), -least)}')
    if most >= 0:
        low = max(0, least)
        for digits in range(len(str(low)), len(str(most)) + 1):
            first = max(low, 10 ** (digits - 1) if digits > 1 else 0)
            parts += _between(str(first), str(min(most, 10**digits - 1)))
    return either(parts)


def _between(low: str, high: str) -> list[str]:
    """Return the fragments of the numbers between two numbers with the same count of digits."""
    rest = len(low) - 1
    if low[1:] == "0" * rest and high[1:] == "9" * rest:
        return [_digits(low[0], high[0], rest)]
    if low[0] == high[0]:
        return [f'"{low[0]}" {either(_between(low[1:], high[1:]))}']
    inner = [_digits(chr(ord(low[0]) + 1), chr(ord(high[0]) - 1), rest)] if ord(high[0]) - ord(low[0]) > 1 else []
    return [*_between(low, low[0] + "9" * rest), *inner, *_between(high[0] + "0" * rest, high)]


def _digits(first: str, last: str, rest: int) -> str:
    """Return the fragment of one digit in a range, followed by `rest` arbitrary digits."""
    return f"[{first}-{last}]" + (f" [0-9]{{{rest}}}" if rest else "")


def decimal(least: int, most: int) -> str:
    """Return the fragment of a number from `least` to `most` (both at least 0) with up to two decimals."""
    return f'({integer(least, most - 1)} ("." [0-9]{{1,2}})? | "{most}")'


#: A share of a side, 0 to 1, with up to four decimals as ScaleCUA was trained with.
FRACTION = '("0" ("." [0-9]{1,4})? | "1" (".0")?)'

#: Not allowed in any text: control characters. `<` may not begin a closing tag or a control token (`</tool_call>`,
#: `<|im_end|>`), because either could end the answer. Elsewhere `<` is matched together with the next character.
_NEVER = r"\x00-\x1f\x7f<\\"
_LESS = r'"<" [^\x00-\x1f\x7f<\\/|%s]'
#: White space in Python's sense beyond ASCII, which alone makes no description.
_BLANK = r"\x80-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def _text(plain: str, escapes: str) -> str:
    """Characters and escapes in any order, written so that every character can be read in one way only."""
    return f"{plain}* ({escapes} {plain}*)*"


_PLAIN = rf'[^{_NEVER}"]'
_LINE = _text(_PLAIN, r'"\\" ["\\/]')

#: Inside JSON's quotes: any text, a line, and a line that is not blank.
TEXT = _text(_PLAIN, rf'("\\" ["\\/nt] | {_LESS % chr(34)} | "<\\/")')
LINE = f'[^{_NEVER}" ] {_LINE}'
#: A target in words; what begins like a number or a bracket could be read as coordinates.
PHRASE = rf'([^{_NEVER}"\[\](){{}},;+\-0-9 {_BLANK}] | "\\\"") {_LINE}'
#: Inside Python's single quotes.
PYTHON = _text(rf"[^{_NEVER}']", rf"""("\\" ['"\\nt] | {_LESS % chr(39)})""")

#: Outside of quotes: a thought of one line, and thoughts of many.
THOUGHT = r"[^\x00-\x1f\x7f< ] [^\x00-\x1f\x7f<]*"
#: No tag can open or close in them, and no JSON object: an action would be a draft that looks like one.
THINKING = _text(r"[^\x00-\x08\x0b-\x1f\x7f<{\u25c1\uff1c]", r'"<" [ =0-9]')

_NAMES = words(name for name in NAMES if name not in MODIFIERS)
_LETTERS = r"[\xa1-\xac\xae-\u024f\u0400-\u045f]"
#: One key or a chord of them, by names that every keyboard has: inside JSON's quotes, and alone inside Python's.
CHORD = rf'({words(MODIFIERS)} "+"){{0,3}} ({_NAMES} | [!#-\[\]-~] | "\\" ["\\] | {_LETTERS})'
KEY = rf"({words(MODIFIERS)} | {_NAMES} | [!-&(-\[\]-~] | {_LETTERS})"
