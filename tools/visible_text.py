"""Text of a screen for the guard and for people: comparable without disguises, readable without invisible characters.

A page can write a word so that it looks the same and compares differently, with letters of other alphabets, full-width
forms, or characters that take no room; and so that it is read otherwise than it stands there, from right to left.
Rules about words compare `foldings` of both sides. Reports and questions display `visible` text.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Any

#: Characters that are not letters or marks and yet not seen; the rest of these has the category Cf.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800")

#: How Unicode names letters that have the form of a capital and the size of a small one: `ʙ` is one of `B`.
_SMALL_CAPITAL = "LATIN LETTER SMALL CAPITAL "


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """The text in lower case and one form: without invisible characters and marks, every letter as the one that it
    looks like (the skeleton of UTS #39).

    It is for comparing with other folded text alone: `rn` becomes `m`, which it looks like.
    """
    return _finished(_skeleton(_bare(text).casefold()))


@lru_cache(maxsize=20_000)
def foldings(text: str) -> tuple[str, ...]:
    """The forms to compare a text by: `folded` by its small letters, and by its letters as they are written.

    A capital can look like another letter than its small form does: `Ρ` (rho) like P, `В` (ve) like B, `I` like l.
    """
    return tuple(dict.fromkeys((folded(text), _finished(_skeleton(_bare(text))))))


def written(word: str) -> tuple[str, ...]:
    """The foldings of a word however it is capitalised: what a text's foldings are compared with."""
    ways = (word, word.upper(), word[:1].upper() + word[1:])
    return tuple(dict.fromkeys(form for way in ways for form in foldings(way)))


def visible(text: str, limit: int = 2000) -> str:
    """The text for a person's eyes, on one line: characters that are not seen or turn its order are written out."""
    result = " ".join(text.split())
    result = "".join(f"⟨U+{ord(each):04X}⟩" if _unseen(each) or _controls(each) else each for each in result)
    return result if len(result) <= limit else result[: limit - 1] + "…"


def _bare(text: str) -> str:
    """Without what is not seen, compatibility forms (full-width, bold, circled) as plain letters."""
    seen = "".join(each for each in text if not _unseen(each))
    # Half a surrogate pair has no skeleton.
    whole = seen.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFKC", whole)


def _finished(skeleton: str) -> str:
    plain = unicodedata.normalize("NFKD", skeleton.casefold())
    letters = "".join(_letter(each) for each in plain if not unicodedata.combining(each))
    return " ".join(letters.replace("rn", "m").split())  # the skeleton of `m` is `rn`, that of `ᴍ` is not


@cache
def _letter(each: str) -> str:
    name = unicodedata.name(each, "")
    rest = name.removeprefix(_SMALL_CAPITAL)
    return rest.lower() if name != rest and len(rest) == 1 else each


def _skeleton(text: str) -> str:
    return text if text.isascii() and not _MAPPED & set(text) else str(_checker().getSkeleton(0, text))


#: The ASCII characters whose skeleton is another one; other ASCII text needs no call of ICU.
_MAPPED = frozenset('"%01I`m|')


@cache
def _checker() -> Any:
    """ICU's confusables, which are those of UTS #39: https://www.unicode.org/reports/tr39/#Confusable_Detection"""
    from icu import SpoofChecker

    return SpoofChecker()


def _unseen(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or letter in _UNSEEN or 0xFE00 <= ord(letter) <= 0xFE0F


def _controls(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Co", "Cs", "Zl", "Zp")
