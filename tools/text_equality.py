"""Whether two texts say the same: literally, where a sign carries meaning as a letter does.

“€5” is not “5”, “1,5” is not “15”, “C++” is not “C”. What is folded is only how a text is encoded or set: Unicode's
canonical forms and variants of width and font, white space, typographic quotes and dashes, and characters that take no
room. Nothing is ever the same because folding left nothing of it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

#: Quotes and dashes that editors put in the place of those on the keyboard.
_TYPOGRAPHIC = str.maketrans(dict.fromkeys("“”„‟", '"') | dict.fromkeys("‘’‚‛", "'") | dict.fromkeys("‐‑‒–—−", "-"))
#: Soft hyphen, zero-width space and word joiner, byte order mark, marks of direction, variation selectors. The
#: zero-width joiner and non-joiner stay: they make other emoji and, in Persian, other words.
_NO_ROOM = re.compile("[\u00ad\u200b\u2060\ufeff\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f]")
#: The compatibility mappings that tell how a character is set and not what it means; `<super>`, `<sub>`, `<fraction>`
#: and `<circle>` are none of them, for 10² is not 102.
#: https://www.unicode.org/reports/tr44/#Character_Decomposition_Mappings
_HARMLESS = frozenset(("<wide>", "<narrow>", "<font>", "<noBreak>", "<initial>", "<medial>", "<final>", "<isolated>"))
#: Scripts that write no spaces between words.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")

_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
#: Decimals that add nothing to an amount: “7” stands in “7.00”, and “12.5” in “12.50”.
_CENTS = re.compile(r"[.,]0{1,2}(?![\d.,]*\d)")
#: A space that groups the digits of a number.
_SPACED = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_NUMBER = re.compile(r"\d+(?:[.,'·]\d+)*")

#: How the text that a field holds compares with the text that was typed into it.
Held = Literal["same", "reformatted", "unclear", "different"]


@lru_cache(maxsize=20_000)
def literal(text: str) -> str:
    """The text in one encoding and with single spaces; case and signs stay."""
    if not text.isascii():
        text = "".join(map(_plainly, unicodedata.normalize("NFC", _NO_ROOM.sub("", text))))
        text = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHIC)
    return " ".join(text.split())


def _plainly(letter: str) -> str:
    """A character as it is on a keyboard, where it is only a wider, narrower, joined or ornate form of that."""
    kind = unicodedata.decomposition(letter).partition(" ")[0]
    joined = letter == "…" or (kind == "<compat>" and unicodedata.category(letter) == "Ll")
    return unicodedata.normalize("NFKC", letter) if kind in _HARMLESS or joined else letter


@lru_cache(maxsize=20_000)
def loose(text: str) -> str:
    """`literal`, with upper and lower case as one: for labels, where a person asks for a word and not for its case."""
    return unicodedata.normalize("NFC", literal(text).casefold())


def same(one: str, two: str, *, case: bool = True) -> bool:
    """Whether two texts are literally the same; texts that hold nothing never are."""
    fold = literal if case else loose
    return bool(fold(one)) and fold(one) == fold(two)


def contains(text: str, wanted: str, *, case: bool = True, spaces: bool = True) -> bool:
    """Whether `wanted` stands in `text` as a whole: no letter, digit or sign next to it makes it something else.

    “12.5” does not stand in “112.50” or “12.55”, “5” not in “-5”, “€5” not in “€50”, “5 items” not in “15 items”, “C”
    not in “C++”, and “art” not in “cart”; but “in stock” stands in “not in stock”, as it would for a person who
    searches the page, and “5” in “€5”, which is an amount of 5. Between a number and a word a space may be lacking, for
    pages make it with a style; without `spaces` it may lack anywhere, for OCR loses them.
    """
    fold = literal if case else loose
    text, wanted = fold(text), fold(wanted)
    if not wanted:
        return False
    if spaces and wanted not in text and not any(letter.isdigit() for letter in wanted):
        return False
    return any(_bounded(text, hit.start(), hit.end()) for hit in _pattern(wanted, spaces).finditer(text))


@lru_cache(maxsize=2_000)
def _pattern(wanted: str, spaces: bool) -> re.Pattern[str]:
    """Matches the text wherever it stands, one after the other."""
    if not spaces:
        return re.compile(r"\s*".join(map(re.escape, wanted.replace(" ", ""))))
    parts = re.split(r"(?<=\d) ?(?=[^\W\d_])|(?<=[^\W\d_]) ?(?=\d)", wanted)
    return re.compile(" ?".join(map(re.escape, parts)))


def _bounded(text: str, start: int, end: int) -> bool:
    """Whether a part of a text begins and ends where a word, or a number with its sign, does."""
    before, first, last, after = text[:start], text[start], text[end - 1], text[end:]
    return not (_goes_on(before, first) or _goes_further(text[start:end], last, after))


def _goes_on(before: str, first: str) -> bool:
    """Whether what stands before a part belongs to its first word or number."""
    if not before or (near := before[-1]).isspace():
        return False
    further = before[-2:-1]
    if _is_word(first):
        if _is_word(near):
            return not _UNSPACED.match(first) and not _UNSPACED.match(near)
        if not first.isdigit():
            return False
        if near in ".,'·":
            return further.isdigit() or not _is_word(further)
        if unicodedata.category(near) == "Sc":
            return further in ("+", "-")
        return near in "≤≥≠<>±" or (near in "+-" and not (_is_word(further) or further == ")"))
    if first in "+-.±" or unicodedata.category(first) == "Sc":
        return _is_word(near) or near in "+-"
    return False


def _goes_further(part: str, last: str, after: str) -> bool:
    """Whether what stands after a part belongs to its last word or number."""
    if not after or (near := after[0]).isspace():
        return False
    further = after[1:2]
    tenths = re.search(r"(?<![\d.,])\d+[.,]\d$", part)
    if last.isdigit() and (re.match(r"0(?![\d.,]*\d)", after) if tenths else _CENTS.match(after)):
        return False
    if _is_word(last):
        if _is_word(near):
            return not _UNSPACED.match(last) and not _UNSPACED.match(near)
        if last.isdigit():
            return near in ".,'·" and further.isdigit()
        return near in "+-#" and (further == near or not _is_word(further))
    if last in ".,":
        return part[-2:-1].isdigit() and near.isdigit()
    return last in "+-#" and (near == last or _is_word(near))


def _is_word(letter: str) -> bool:
    """A letter, a digit, or what is written as a part of a word; ½ and ² too, as parts of a number."""
    return bool(letter) and (letter == "_" or letter.isalnum() or unicodedata.category(letter)[0] in "MN")


@lru_cache(maxsize=20_000)
def numbers(text: str) -> tuple[str, ...]:
    """The numbers in a text, in order, without what groups their digits: `1,234.50` and `1 234.50` are `1234.50`."""
    found = _NUMBER.findall(_SPACED.sub("", literal(text)))
    return tuple(each.replace(",", "") if _GROUPED.fullmatch(each) else each for each in found)


_MINUS = re.compile(r"(?<![\w)])[-+±](?=[^\w\s]?\d)")
_COMPARES = re.compile(r"[<>≤≥≠≈](?=\s?[^\w\s]?\d)")
_GRADE = re.compile(r"(?<=[^\W\d_])(?:\++|#|-)(?![\w+#-])")


@lru_cache(maxsize=20_000)
def signs(text: str) -> tuple[str, ...]:
    """The signs that make a word or a number another one, in order: of “-5”, “≥ 10”, “C++”, “A-”, “2½”.

    “+ Add” and “Next >” have none: there the sign is an ornament.
    """
    plain = literal(text)
    found = [(hit.start(), hit[0]) for rule in (_MINUS, _COMPARES, _GRADE) for hit in rule.finditer(plain)]
    found += [(place, letter) for place, letter in enumerate(plain) if unicodedata.category(letter) == "No"]
    return tuple(sign for _, sign in sorted(found))


@lru_cache(maxsize=20_000)
def units(text: str) -> tuple[str, ...]:
    """The signs that tell what a number counts, in order: currencies, %, ‰, °."""
    return tuple(letter for letter in literal(text) if letter in "%‰°" or unicodedata.category(letter) == "Sc")


def held(typed: str, value: str) -> Held:
    """How what a field holds compares with what was typed into it, when that was to be all it holds.

    `reformatted`: every letter, digit and sign that was typed is there, in order, and what was added only sets them
    apart: “5551234” as “(555) 123-4”, “1234.5” as “1,234.50”. `unclear`: the same, but the separators can be read in
    two ways (“1234” as “1.234”). Case matters.
    """
    typed, value = literal(typed), literal(value)
    if typed == value:
        return "same"
    number = re.fullmatch(r"(\D*)(\d+(?:[.,]\d+)?)(\D*)", typed)
    written = _NUMBER.findall(value)
    if number and len(written) == 1 and not _is_dotted(written[0]):
        before, _, after = value.partition(written[0])
        if not (_only_set_apart(number[1], before) and _only_set_apart(number[3], after)):
            return "different"
        if before.strip().endswith("(") and "(" not in typed:
            return "different"  # as accountants write what is negative
        return _as_number(number[2], written[0])
    return "reformatted" if typed and _only_set_apart(typed, value) else "different"


def _only_set_apart(typed: str, value: str) -> bool:
    """Whether `value` is `typed` with nothing but separators and units put in."""
    place = 0
    for index, letter in enumerate(typed):
        if letter == " ":  # between two letters it parts words: something must still do so
            if typed[:index][-1:].isalpha() and typed[index + 1 :][:1].isalpha() and value[place:][:1].isalpha():
                return False
            continue
        while place < len(value) and value[place] != letter:
            if not _separates(value, place):
                return False
            place += 1
        if place == len(value):
            return False
        place += 1
    return all(_separates(value, index) for index in range(place, len(value)))


def _separates(text: str, place: int) -> bool:
    """Whether the character there only sets others apart, or tells the unit."""
    letter = text[place]
    if letter in "+-":  # between two characters they part them; elsewhere they are a sign
        return text[:place][-1:].isalnum() and text[place + 1 :][:1].isalnum()
    return letter in " ()/.,:'·_|%‰°" or unicodedata.category(letter) == "Sc"


def _is_dotted(number: str) -> bool:
    """Whether it is a date, a version or an address of a computer, and no amount."""
    return number.count(".") > 1 and not re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", number)


def _as_number(typed: str, written: str) -> Held:
    """The same for an amount, whose separators decide how much it is."""
    if typed == written:
        return "reformatted"
    whole, _, decimals = typed.partition("," if "," in typed else ".")
    readings = [each for mark in ".," if (each := _amount(written, mark))]
    fitting = [each for each in readings if each[0] == whole and not each[1].removeprefix(decimals).strip("0")]
    fitting = [each for each in fitting if each[1].startswith(decimals)]
    if not fitting:
        return "different"
    # A comma before three digits groups them; a point may group them too, or be a decimal point.
    return "unclear" if len(set(readings)) > 1 and "," not in written else "reformatted"


def _amount(written: str, mark: str) -> tuple[str, str] | None:
    """Whole part and decimals of a number with this decimal mark; None for groups of another size."""
    whole, _, decimals = written.partition(mark)
    first, *groups = re.split(r"[.,'·]", whole)
    lengths = [len(each) for each in groups]
    threes, lakhs = [3] * len(groups), [*[2] * (len(groups) - 1), 3][-len(groups) :]  # 12,34,567 in India
    if (decimals and not decimals.isdigit()) or (groups and (lengths not in (threes, lakhs) or len(first) > 3)):
        return None
    return first + "".join(groups), decimals
