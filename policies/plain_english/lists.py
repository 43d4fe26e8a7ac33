"""Lists of things under one verb, and values as they are to be typed: both on text whose quotes are masked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.perception.phrases.phrase import ANY_ROLE
from handeye.perception.phrases.quoting import ATOM, QUOTED

if TYPE_CHECKING:
    from handeye.perception.phrases.quoting import Masked

#: What follows a label after a comma and still says which thing is meant.
PLACING = (
    r"(?:in|on|at|next|below|above|near|under|over|the|of|inside|within|from|right|left|to|with|beside|which|that|by"
    r"|not)"
)
#: What stands between the members of a list.
_BETWEEN = re.compile(
    r"\s*,\s*(?:(?:and(?:\s+also)?|as\s+well\s+as|plus)\s+)?|\s+(?:and(?:\s+also)?|as\s+well\s+as|plus|&)\s+",
    re.IGNORECASE,
)
_RELATING = re.compile(
    r"\b(?:with|between|containing|showing|that|which|whose|for|of|in|on|at|from|next\s+to|beside|near|below|under|above"
    r"|over|left|right|after|before|labell?ed|called|named|titled)\b",
    re.IGNORECASE,
)
_ORDINALS = r"(?:the\s+)?(?:first|second|third|fourth|fifth|sixth|last|\d+(?:st|nd|rd|th))"


def several(what: str) -> tuple[list[str], bool]:
    """The members of a list in masked text, and whether it is one for certain.

    “A, B and C” and quoted members are a list; “A and B” may be one label, which only the screen can tell. A kind
    that is said once at the end, “the Name and City fields”, is said of every member.
    """
    clean = re.sub(r"^(?:both|all\s+of|both\s+of)\s+(?=.+(?:,|\band\b))", "", what.strip(" ,"), flags=re.IGNORECASE)
    parts = [part.strip() for part in _BETWEEN.split(clean)]
    if len(parts) < 2 or not all(parts) or any(re.match(rf"(?!the\b){PLACING}\b", part, re.I) for part in parts[1:]):
        return [what.strip()], True
    if any(_RELATING.search(part) for part in parts[:-1]):
        # “the row with A and B”: a list only where every member says for itself which thing it is.
        if not all(re.match(rf"the\s|{QUOTED}", part, re.IGNORECASE) and _RELATING.search(part) for part in parts):
            return [what.strip()], True
        return parts, True
    kind, many = _kind_at_end(parts[-1])
    if kind:
        ordinals = all(re.fullmatch(_ORDINALS, part, re.IGNORECASE) for part in parts[:-1])
        if many or ordinals:
            parts[-1] = parts[-1][: -len(kind)].rstrip()
            single = _single(kind)
            return [f"{part} {single}" for part in parts], True
    if all(re.search(QUOTED, part) for part in parts) or (what != clean and len(parts) == 2):
        return parts, True
    if not all(len(part.split()) <= 6 for part in parts):
        return [what.strip()], True
    return parts, False


def _kind_at_end(part: str) -> tuple[str, bool]:
    """The word for a kind of thing at the end of a member, and whether it is a plural."""
    pieces = part.split()
    for length in (2, 1):
        words = " ".join(pieces[-length:]).lower()
        if len(pieces) > length and ANY_ROLE.get(words) in _CONTROLS:
            return part[-len(words) :], _single(words) != words
    return "", False


def _single(kind: str) -> str:
    """One of a kind: “checkbox” for “checkboxes”."""
    for ending, less in (("boxes", "box"), ("switches", "switch"), ("entries", "entry"), ("s", "")):
        if kind.lower().endswith(ending) and (single := kind[: -len(ending)] + less).lower() in ANY_ROLE:
            return single
    return kind


_CONTROLS = frozenset(
    {"button", "link", "field", "checkbox", "radio", "switch", "list", "option", "tab", "menuitem", "slider", "box"}
)
#: Words around a quoted value that say what kind of thing it is, and are no part of it.
_FILLING = re.compile(
    r"(?:\b(?:the|an?|my|your|following|exact|text|words?|value|number|amount|string|message|line|phrase|sentence"
    r"|characters?|option|entry|item|choice|mode|with|labell?ed|called|named)\b|:|\s)*",
    re.IGNORECASE,
)


def value_of(piece: str, masked: Masked) -> tuple[str, bool] | None:
    """A value as it is to be typed or chosen, and whether it was quoted; None when other words stand with a quotation.

    Where a quotation is present it alone is the value. Unquoted words may be the name of something remembered.
    """
    piece = piece.strip()
    quotes = re.findall(QUOTED, piece)
    if not quotes:
        alone = len(piece) == 1 and re.fullmatch(ATOM, piece)
        return (masked.content(piece) if alone else masked.restore(piece)), False
    if len(quotes) > 1 or not _FILLING.fullmatch(piece.replace(quotes[0], " ")):
        return None
    return masked.content(quotes[0]), True
