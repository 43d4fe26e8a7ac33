"""Quoted words and things that must not be cut: each becomes one private letter, so that grammars stay simple.

`mask('type "a, b" into x@y.z')` gives a text in which `"a, b"` and `x@y.z` are single letters of Unicode's private
planes; `restore` gives the words back with their quotes, `content` without them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTED_FROM, _ATOM_FROM, _ROOM = 0xF0000, 0x100000, 0xFFFD
#: Character classes for regular expressions over masked text.
QUOTED = f"[{chr(_QUOTED_FROM)}-{chr(_QUOTED_FROM + _ROOM)}]"
ATOM = f"[{chr(_ATOM_FROM)}-{chr(_ATOM_FROM + _ROOM)}]"

#: What closes what; several languages write the same mark at the other end.
_CLOSERS = {"“": "”\"“", "„": "“”\"", "«": "»", "»": "«", "‹": "›", "›": "‹", "「": "」", "『": "』", "‚": "‘’'",
            "‘": "’'", '"': '"”', "'": "'", "`": "`"}  # fmt: skip
_TIGHT = frozenset("‘'‚")
"""Marks that are apostrophes as well: they close only where no letter follows."""
_BEFORE = frozenset(" \t\n([{<,;:=/–—-")

_ATOM = re.compile(
    r"\{\{[^{}\n]*\}\}"  # secrets and facts
    r"|\b[A-Za-z][A-Za-z0-9+.\-]*://(?:[^\s,;]|[,;](?=\S))*[^\s.,;:!?)\]}\"'”’]"
    r"|\b(?:about|file|mailto|data|localhost):[^\s,;]+[^\s.,;:!?)]"
    r"|[\w.+%\-]+@[\w\-]+(?:\.[\w\-]+)+"
    r"|(?<!\w)[A-Za-z]:\\[^\s,;\"]*[^\s.,;:!?)\"]"
    r"|(?<![\w/])(?:~|\.{1,2})?/(?:[\w.\-~+%@#=&?]+/?)*[\w\-~+%@#=&/]"
    r"|(?i:\b(?:ctrl|control|strg|cmd|command|alt|altgr|option|shift|meta|super|win|windows)"
    r"(?:\s?[+\-]\s?(?:ctrl|control|strg|cmd|command|alt|altgr|option|shift|meta|super|win|windows)\b)*"
    r"\s?[+\-]\s?(?!(?:double|right|left|middle)?[\s\-]?click)(?:[a-z0-9]+\b|[^\s\w]))"
    r"|(?i:\b(?:e\.g\.|i\.e\.|mr\.|mrs\.|ms\.|dr\.|no\.(?=\s*\d)|st\.|vs\.|approx\.))"
    r"|\(\s*\d+\s*[,;]\s*\d+\s*\)"
    r"|\d+(?:[.,:]\d+)+"
    r"|(?<![\w.])[\w\-]+(?:\.[\w\-]+)+(?::\d+)?(?:/[^\s,;]*[^\s.,;:!?)])?"
    r"|\.{3}|…"
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Something masked."""

    source: str
    """As it was written, with its quotes."""
    content: str
    """Without them."""
    quoted: bool


@dataclass(frozen=True)
class Masked:
    """A text in which quoted words and atoms are single private letters."""

    text: str
    parts: dict[str, Part]
    offsets: tuple[int, ...]
    """Where each letter of `text` began in the source, and one more for its end."""

    def restore(self, piece: str) -> str:
        """A piece of the masked text as it was written."""
        return "".join(self.parts[letter].source if letter in self.parts else letter for letter in piece)

    def content(self, piece: str) -> str:
        """A piece of the masked text, without the quotes around its quoted words."""
        return "".join(self.parts[letter].content if letter in self.parts else letter for letter in piece)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a piece of the masked text stood in the source."""
        return self.offsets[start], self.offsets[end]


def mask(text: str, atoms: bool = True) -> Masked:
    """The text with quoted words (and, with `atoms`, addresses, paths, numbers, chords …) masked."""
    out: list[str] = []
    offsets: list[int] = []
    parts: dict[str, Part] = {}
    counts = {True: 0, False: 0}

    def add(source: str, content: str, quoted: bool, at: int) -> None:
        counts[quoted] += 1
        if counts[quoted] > _ROOM:  # never in a text that a person wrote
            out.append(" ")
        else:
            letter = chr((_QUOTED_FROM if quoted else _ATOM_FROM) + counts[quoted])
            parts[letter] = Part(source, content, quoted)
            out.append(letter)
        offsets.append(at)

    position = 0
    while position < len(text):
        letter = text[position]
        if letter in _CLOSERS and (end := _closing(text, position)) > 0:
            inner = text[position + 1 : end]
            add(text[position : end + 1], inner.replace(f"\\{letter}", letter), True, position)
            position = end + 1
            continue
        found = _ATOM.match(text, position) if atoms and _starts(text, position) else None
        if found and found.end() > position:
            add(found[0], found[0], False, position)
            position = found.end()
        elif ord(letter) >= _QUOTED_FROM:
            add(letter, letter, False, position)
            position += 1
        else:
            out.append(letter)
            offsets.append(position)
            position += 1
    return Masked("".join(out), parts, (*offsets, len(text)))


def unquote(text: str) -> str:
    """Without the quotes around quoted words."""
    masked = mask(text, atoms=False)
    return masked.content(masked.text)


def _starts(text: str, position: int) -> bool:
    return position == 0 or not (text[position - 1].isalnum() and text[position].isalnum())


def _ends_all_the_same(text: str, position: int) -> bool:
    """Whether a mark after a backslash ends its quotation ("C:\\"): where the marks that follow go in pairs."""
    rest = text[position + 1 :]
    return not rest[:1].strip(" \t\n.,;:!?)") and rest.count(text[position]) % 2 == 0


def _inner(text: str, position: int, mark: str) -> int:
    """Where a quotation inside of one that began with `mark` ends, whose end could be taken for the outer one's."""
    letter, closers = text[position], _CLOSERS[mark]
    begins = text[position - 1] in _BEFORE or text[position - 1] == mark
    if letter == mark or not begins or not set(_CLOSERS.get(letter, "")) & set(closers):
        return -1
    end = _closing(text, position, nested=False)
    if text[end] == mark and text[position - 1] == mark:
        return -1  # the quotation is of this very mark: "“"
    return end if end > 0 and any(each in closers for each in text[end + 1 :]) else -1


def _closing(text: str, start: int, nested: bool = True) -> int:
    """Where the quotation that begins at `start` ends, or -1 when that mark opens nothing.

    With `nested` one quotation may stand inside of it; deeper ones would take time without bound.
    """
    mark = text[start]
    before = text[start - 1] if start else " "
    if mark in "\"'`‘‚›»" and not (before in _BEFORE or ord(before) >= _QUOTED_FROM or before in _CLOSERS):
        return -1
    closers, depth, first, inside = _CLOSERS[mark], 0, -1, -1
    for position in range(start + 1, len(text)):
        letter = text[position]
        if position <= inside:
            continue
        if nested and (end := _inner(text, position, mark)) > 0:
            inside = end
            continue
        if letter == mark and mark in "“«「『" and mark != "“":
            depth += 1
            continue
        if letter not in closers or (text[position - 1] == "\\" and not _ends_all_the_same(text, position)):
            continue
        if depth:
            depth -= 1
            continue
        after = text[position + 1] if position + 1 < len(text) else " "
        if after.isalnum():  # an apostrophe, or a mark inside the words
            first = position if first < 0 and mark not in _TIGHT else first
            continue
        if mark == "“" and letter == "“" and position + 1 < len(text) and "”" in text[position:]:
            continue  # “…“ closes like that only where no ” follows
        return position if position > start + 1 or mark == '"' or mark in "“„«" else -1
    return first
