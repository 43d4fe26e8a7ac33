"""The slots of templates: target phrases, lists of them, values, texts, numbers, keys and addresses.

A slot returns its cost and its value, or None where the words cannot fill it. Quoted words cost nothing; each unquoted
word that could also be a part of the grammar costs more, so that of two readings the one that explains more words wins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.perception.phrases.phrase import ANY_ROLE
from handeye.perception.phrases.quoting import QUOTED
from handeye.policies.plain_english.keys import LABELS_TOO, SAID_KEY, parse_keys
from handeye.policies.plain_english.lexicon import (
    ARTICLES,
    FIELD_NOUNS,
    FILE_ENDINGS,
    HARD_WORDS,
    JUDGED,
    LABEL_VERBS,
    LOOKS,
    NUMBERS,
    ORDINALS,
    PARTICLES,
    RELATIONS,
    SELECTORS,
    STOPS,
    SUPERLATIVES,
)
from handeye.policies.plain_english.templates import base_forms as words_base

if TYPE_CHECKING:
    from handeye.policies.plain_english.templates import Sentence, Slot

Found = tuple[float, Any] | None
_WORD, _KNOWN = 0.1, 0.02
_QUOTATION = re.compile(QUOTED)


class Value(NamedTuple):
    """A text to type or choose."""

    text: str
    quoted: bool
    """Unquoted words may be the name of a fact."""


class Targets(NamedTuple):
    """One target phrase, or several."""

    whole: str
    parts: tuple[str, ...] = ()
    """Empty for one target."""
    sure: bool = True
    """False: only the screen can tell whether the whole is one label."""

    @property
    def each(self) -> tuple[str, ...]:
        """The targets, where it is sure how many there are."""
        return self.parts or (self.whole,)


class Texts(NamedTuple):
    """Texts that a screen is to show: all of them or, with `any_of`, one."""

    texts: tuple[str, ...]
    any_of: bool = False


def _roles(words: Sentence, at: int, end: int) -> int:
    """How many words from here name a kind of thing."""
    for length in (3, 2, 1):
        if at + length <= end and " ".join(words.low[at : at + length]) in ANY_ROLE:
            return length
    return 0


def target(words: Sentence, start: int, end: int) -> Found:
    """A target phrase: `[article] [ordinal] [looks] name [kind] (relation phrase)*`."""
    first = words.text[start]
    capital = first[:1].isupper()
    if words.low[start] in ("for", "in", "of", "to", "from", "at", "into", "onto") and not capital:
        return None
    cost, quotes, in_part, at = 0.0, 0, 0, start
    named = False
    unquoted = not any(words.quoted(each) for each in range(start, end))
    if (unquoted and end - start > 14) or _counts(words, start, end):
        return None
    while at < end:
        low = words.low[at]
        if words.quoted(at):
            if quotes and not _numbers_its_thing(words, at, start):
                return None
            quotes += 1
            named = True
        elif low in (",", "=", ":"):
            if at == start or at + 1 >= end or ((words.low[at + 1] not in RELATIONS or not quotes) and low != ":"):
                return None
            cost += 0.05
        elif low in ("that", "which") and at > start and (at + 1 == end or words.low[at + 1] not in _CLAIMS):
            return None
        elif low in RELATIONS and at > start and in_part and at + 1 < end:
            cost, quotes, in_part = cost + 0.05, 0, 0
            at += 1
            continue
        elif low in ("it", "them") and end - start > 1 and not capital:
            return None
        elif low in STOPS:
            if not (capital and unquoted and low not in _NEVER):
                return None
            cost += 0.2
        elif low in ("and", "or", "&"):
            if at == start or at + 1 == end or _begins_step(words, at + 1, end):
                return None
            cost += 0.6
        elif low in JUDGED and not (capital or quotes) and not (at + 1 < end and words.quoted(at + 1)):
            return None
        elif low in ARTICLES and (words.text[at] == "A" or at + 1 == end or words.low[at + 1] in RELATIONS):
            cost += _WORD
            named = True
        elif low in ARTICLES or low in ORDINALS or low in LOOKS or low.isdigit():
            cost += _KNOWN if low not in ARTICLES else 0.0
            named = named or low not in ARTICLES
        elif length := _roles(words, at, end):
            cost += _KNOWN * length
            at += length - 1
            named = True
        else:
            cost += _WORD if not words.atom(at) else 0.03
            named = True
        in_part += 1
        at += 1
    return (cost, words.source(start, end).strip(" ,:")) if named and in_part else None


def _counts(words: Sentence, start: int, end: int) -> bool:
    """Whether a phrase asks for several of a thing: “two lamps”, `3 "Lamp"`. One target cannot be several controls."""
    at = start
    while at < end and not words.quoted(at) and words.low[at] in ARTICLES:
        at += 1
    if at + 1 >= end or words.quoted(at) or words.text[at][:1].isupper():
        return False
    return NUMBERS.get(words.low[at], 0) > 1 or (
        words.low[at].isdigit() and words.low[at] != "1" and words.quoted(at + 1)
    )


def _begins_step(words: Sentence, at: int, end: int) -> bool:
    """Whether words after “and” or a comma are a step with a verb that is not known: “wobble the slider”."""
    if at + 2 >= end or words.quoted(at) or words.atom(at) or not words.text[at][:1].islower():
        return False
    known = (
        words.low[at] in ARTICLES or words.low[at] in ORDINALS or words.low[at] in LOOKS or words.low[at] in RELATIONS
    )
    return not known and not _roles(words, at, end) and words.low[at + 1] in ARTICLES


_CLAIMS = frozenset(
    [
        "says", "reads", "contains", "has", "holds", "shows", "includes", "mentions", "displays", "is",
        "are", "say", "read", "have",
    ]
)  # fmt: skip
_NEVER = frozenset({"until", "till", "while", "unless", "because", "if", "whether", "then", "without", "otherwise"})


def _numbers_its_thing(words: Sentence, at: int, start: int) -> bool:
    """`the "2nd" element "Card"`: the first quotation is an ordinal."""
    before = [each for each in range(start, at) if words.quoted(each)]
    return len(before) == 1 and words.content(before[0], before[0] + 1).lower() in ORDINALS


_SEPARATORS = frozenset({"and", "&", "plus", "or"})


def _cut(words: Sentence, start: int, end: int) -> list[tuple[int, int]]:
    """The members of a list: between commas, “and”, “as well as”."""
    parts: list[tuple[int, int]] = []
    at = begin = start
    while at < end:
        low = words.low[at]
        length = 1 if low in ("and", "&", "plus", ",") else 3 if words.low[at : at + 3] == ["as", "well", "as"] else 0
        if length:
            parts.append((begin, at))
            at += length
            while at < end and words.low[at] in ("and", "also", ","):
                at += 1
            begin = at
        else:
            at += 1
    return [*parts, (begin, end)]


def targets(words: Sentence, start: int, end: int) -> Found:
    """One target, or a list of them: “A, B and C”, “the Name and City fields”."""
    both = words.low[start] in ("both",) or words.low[start : start + 2] == ["all", "of"]
    begin = start + (2 if words.low[start] == "all" and both else int(both))
    if begin + 1 < end and both and words.low[begin] == "of":
        begin += 1
    parts = _cut(words, begin, end)
    if any(_begins_step(words, *part) for part in parts[1:]):
        return None
    alone = target(words, start, end)
    if len(parts) < 2:
        return (alone[0], Targets(alone[1])) if alone else None
    several = _several(words, parts, both)
    if several is None:
        return (alone[0], Targets(alone[1])) if alone and not _lists_quotes(words, parts) else None
    return several


def _lists_quotes(words: Sentence, parts: list[tuple[int, int]]) -> bool:
    return sum(any(words.quoted(at) for at in range(*part)) for part in parts) > 1


def _several(words: Sentence, parts: list[tuple[int, int]], both: bool) -> Found:
    found = [target(words, *part) if part[0] < part[1] else None for part in parts]
    if not all(found) or any(words.low[part[0]] in RELATIONS for part in parts[1:]):
        return None
    related = [any(words.low[at] in RELATIONS for at in range(part[0] + 1, part[1])) for part in parts]
    if any(related[:-1]) and not all(
        related[place] and (words.low[part[0]] == "the" or words.quoted(part[0])) for place, part in enumerate(parts)
    ):
        return None
    texts = [each[1] for each in found if each]
    cost = sum(each[0] for each in found if each) + 0.05 * len(parts)
    whole = words.source(parts[0][0], parts[-1][1]).strip(" ,")
    length = next(
        (n for n in (2, 1) if _roles(words, parts[-1][1] - n, parts[-1][1]) == n and parts[-1][1] - parts[-1][0] > n), 0
    )
    if length:
        kind = " ".join(words.low[parts[-1][1] - length : parts[-1][1]])
        one = _single(kind)
        ordinals = all(
            " ".join(words.low[at] for at in range(*part) if words.low[at] != "the") in ORDINALS for part in parts[:-1]
        )
        bare = not any(_roles(words, part[1] - 1, part[1]) for part in parts[:-1])
        if bare and ANY_ROLE.get(one) in _CONTROLS and (one != kind or ordinals):
            texts[-1] = words.source(parts[-1][0], parts[-1][1] - length)
            return cost, Targets(whole, tuple(f"{text} {one}" for text in texts))
    quoted = all(any(words.quoted(at) for at in range(*part)) for part in parts)
    if quoted or (both and len(parts) == 2):
        return cost, Targets(whole, tuple(texts))
    if any(part[1] - part[0] > 6 for part in parts) or any(related):
        return None
    return cost + 0.3, Targets(whole, tuple(texts), sure=False)


def _single(kind: str) -> str:
    for ending, less in (("boxes", "box"), ("switches", "switch"), ("entries", "entry"), ("s", "")):
        if kind.endswith(ending) and kind[: -len(ending)] + less in ANY_ROLE:
            return kind[: -len(ending)] + less
    return kind


_CONTROLS = frozenset(
    {"button", "link", "field", "checkbox", "radio", "switch", "list", "option", "tab", "menuitem", "slider", "box"}
)


def value(words: Sentence, start: int, end: int) -> Found:
    """A quoted text, or unquoted words with their punctuation."""
    if end - start == 1 and (words.quoted(start) or words.atom(start)):
        return (0.0 if words.quoted(start) else 0.05), Value(words.content(start, end), words.quoted(start))
    if any(words.quoted(at) for at in range(start, end)) or words.low[start] in (
        "into",
        "in",
        "of",
        "from",
        "to",
        ",",
        ":",
        "=",
        "with",
        "as",
        "that",
        "whether",
        "if",
        "until",
        "something",
        "anything",
    ):
        return None
    low = words.low
    cost = 0.02
    for at in range(start, end):
        if (
            low[at] in ("value", "text", "contents", "content", "number", "name", "same")
            and at + 1 < end
            and low[at + 1] in ("of", "in", "from", "as")
        ):
            return None  # what is described is not the text itself
        if low[at].endswith("'s") and at + 1 < end and low[at + 1] in ("value", "text", "contents", "content"):
            return None
        if low[at] in ("field", "textbox", "input", "textarea", "searchbox") or low[at : at + 2] in (
            ["text", "box"],
            ["text", "area"],
            ["search", "bar"],
        ):
            return None
        cost += (
            0.1
            + (0.35 if low[at] in RELATIONS and low[at] != "of" else 0.0)
            + (0.5 if low[at] in ("and", ",", ";") else 0.0)
        )
    return cost, Value(words.source(start, end).strip(), False)


def word(words: Sentence, start: int, end: int) -> Found:
    """A single word, quoted or not."""
    if end - start != 1 or words.low[start] in STOPS or words.low[start] in (",", ":", "="):
        return None
    return 0.0 if words.quoted(start) else 0.05, Value(words.content(start, end), words.quoted(start))


def quote(words: Sentence, start: int, end: int) -> Found:
    """One quotation."""
    return (0.0, words.content(start, end)) if end - start == 1 and words.quoted(start) else None


def texts(words: Sentence, start: int, end: int) -> Found:
    """One text, or several quoted ones joined by commas, “and” or “or”."""
    found: list[str] = []
    joins: set[str] = set()
    expects = True
    for at in range(start, end):
        if words.quoted(at):
            if not expects:
                return None
            found.append(words.content(at, at + 1))
            expects = False
        elif words.low[at] in ("and", "or", ",", "nor"):
            if words.low[at] != ",":
                joins.add(words.low[at])
            expects = True
        elif not (expects and words.low[at] in _TEXT_WORDS) or not any(words.quoted(each) for each in range(at, end)):
            found = []
            break
    if found:
        if expects or len(joins - {"nor"}) > 1:
            return None
        return 0.02 * (end - start - len(found)), Texts(tuple(found), bool(joins & {"or", "nor"}))
    if any(words.quoted(at) for at in range(start, end)) or words.low[start] in ("that", "to", ",", ":", "not"):
        return None
    low = words.low[start:end]
    if any(each in ("should", "must", "unless", "until", "because", "while", "which") for each in low):
        return None
    if low[0] in ("the", "a", "an", "some", "following") and len(low) > 1:
        start += 1
    return 0.15 * (end - start) + 0.05, Texts((words.content(start, end).strip(),))


_TEXT_WORDS = frozenset(
    {"the", "a", "an", "text", "texts", "word", "words", "message", "messages", "either", "both", "string", "phrase"}
)


def number(words: Sentence, start: int, end: int) -> Found:
    """A whole number in digits or words."""
    if end - start != 1:
        return None
    low = words.content(start, end).lower() if words.quoted(start) else words.low[start]
    if low.isdigit() and len(low) < 6:
        return 0.0, int(low)
    return (0.0, NUMBERS[low]) if low in NUMBERS else None


def amount(words: Sentence, start: int, end: int) -> Found:
    """A number of seconds and the like, with fractions: `3`, `1.5`, “half a”, “a few”."""
    if end - start == 1 and re.fullmatch(r"\d+(?:[.,]\d+)?", words.content(start, end)):
        return 0.0, float(words.content(start, end).replace(",", "."))
    few = {"a few": 3.0, "a couple of": 2.0, "half a": 0.5, "half an": 0.5, "a": 1.0, "an": 1.0}
    said = " ".join(words.low[start:end])
    if said in few:
        return 0.0, few[said]
    return (0.0, float(NUMBERS[said])) if said in NUMBERS else None


def signed(words: Sentence, start: int, end: int) -> Found:
    """`3s`, `500ms`: an amount with its unit in one word."""
    hit = re.fullmatch(r"(\d+(?:[.,]\d+)?)(ms|s|secs?|m|mins?)", words.content(start, end))
    return (0.0, (float(hit[1].replace(",", ".")), hit[2])) if end - start == 1 and hit else None


class Keys(NamedTuple):
    """Chords to press, one after the other."""

    source: str
    """As written, quotes included."""
    chords: tuple[str, ...]
    said: str
    """The words, without quotes."""
    sure: bool
    """The words say that it is a key."""
    quoted: bool


def keys(words: Sentence, start: int, end: int) -> Found:
    """One chord, or several joined by commas, “and” or “then”: “Ctrl+S”, “Tab and Enter”."""
    if end - start > 8 or words.low[start] in RELATIONS:
        return None
    said = words.content(start, end)
    source = words.source(start, end)
    quoted = any(words.quoted(at) for at in range(start, end))
    sure = bool(SAID_KEY.search(source))
    one = parse_keys(said)
    if not one and len(said) == 1:
        one = said
    if one:
        return (0.0 if sure or one not in LABELS_TOO else 0.05), Keys(source, (one,), said, sure, quoted)
    chords = []
    for part in _cut(words, start, end):
        chord = parse_keys(words.content(*part)) if part[0] < part[1] else ""
        if not chord:
            return None
        chords.append(chord)
    return 0.05, Keys(source, tuple(chords), said, sure, quoted)


def address(words: Sentence, start: int, end: int) -> Found:
    """A web address, or a path of the same site."""
    if end - start != 1:
        return None
    text = words.content(start, end)
    if not text or " " in text:
        return None
    if re.match(r"(?:https?|file|about|data|ftp|chrome)\:", text, re.IGNORECASE):
        return 0.0, text
    if re.fullmatch(r"(?:www\.\S+|localhost(?:[:/]\S*)?|\d+(?:\.\d+){3}(?:[:/]\S*)?)", text, re.IGNORECASE):
        return 0.0, f"http://{text}" if not text.lower().startswith("www.") else f"https://{text}"
    if re.fullmatch(r"[\w\-]+(?:\.[\w\-]+)*\.(?:html?|php|aspx?|jsp)(?:[?#]\S*)?", text, re.IGNORECASE):
        return 0.0, text
    name = re.fullmatch(r"[\w\-]+(?:\.[\w\-]+)*\.(?P<end>[A-Za-z]{2,})(?::\d+)?(?P<path>/\S*)?", text)
    if name and (name["path"] or name["end"].lower() not in FILE_ENDINGS):
        return 0.0, f"https://{text}"
    return (0.0, text) if text.startswith("/") else None


def paths(words: Sentence, start: int, end: int) -> Found:
    """File names, quoted or as paths."""
    found: list[str] = []
    for part in _cut(words, start, end):
        if part[1] - part[0] != 1 or not (words.quoted(part[0]) or words.atom(part[0])):
            return None
        found.append(words.content(*part))
    return 0.0, tuple(found)


def field_noun(words: Sentence, start: int, end: int) -> Found:
    """A word by which people name a field, before its value: “enter username ada”."""
    return (0.0, words.source(start, end)) if " ".join(words.low[start:end]) in FIELD_NOUNS else None


def noun(words: Sentence, start: int, end: int) -> Found:
    """One to three words that name a kind of thing."""
    if end - start > 4 or any(
        words.low[at] in STOPS | HARD_WORDS or not _PLAIN.fullmatch(words.text[at]) for at in range(start, end)
    ):
        return None
    return 0.1 * (end - start), words.source(start, end)


_PLAIN = re.compile(r"[^\W_][\w\-'’]*")


def selector(words: Sentence, start: int, end: int) -> Found:
    """A CSS selector or a test id, in quotes."""
    if end - start != 1 or not words.quoted(start):
        return None
    text = words.content(start, end)
    return (0.0, text) if SELECTORS.match(text) else None


def spot(words: Sentence, start: int, end: int) -> Found:
    """The name or the address of a page."""
    if (
        end - start > 7
        or any(words.low[at] in STOPS or words.low[at] == "," for at in range(start, end))
        or words.low[start] in HARD_WORDS
    ):
        return None
    return 0.08 * (end - start), words.content(start, end)


def placed(words: Sentence, start: int, end: int) -> Found:
    """A relation and what it refers to: “below the table”."""
    found = target(words, start + 1, end) if words.low[start] in RELATIONS and start + 1 < end else None
    return (found[0], words.source(start, end)) if found else None


def counted(words: Sentence, start: int, end: int) -> Found:
    """What is counted: “rows”, “slides in the carousel”."""
    if words.quoted(start) or any(words.quoted(at) for at in range(start, min(end, start + 2))):
        return None
    low = words.low[start]
    if low in ARTICLES or low in ("of", "more", "times") or low.isdigit() or low in RELATIONS:
        return None
    return target(words, start, end)


def holder(words: Sentence, start: int, end: int) -> Found:
    """A field, element or region that is said to contain a text."""
    found = target(words, start, end)
    kinds = " ".join(words.low[start:end])
    if found and re.search(r"\b(?:\w*field|text ?box|input|text ?area)\b", kinds):
        return found
    return None


def screen(words: Sentence, start: int, end: int) -> Found:
    """A page or screen by its name: “the summary page”."""
    if end - start < 2 or words.low[end - 1] not in (
        "page",
        "screen",
        "view",
        "site",
        "website",
        "modal",
        "dialog",
        "popup",
    ):
        return None
    return target(words, start, end)


_EXPRESSION = re.compile(r"[\d\s.,()+\-*/x×÷^%]+")


def expression(words: Sentence, start: int, end: int) -> Found:
    """An arithmetic expression: `12 * 34`."""
    text = words.content(start, end)
    return (0.0, text) if _EXPRESSION.fullmatch(text) and re.search(r"\d\s*[+\-*/x×÷^%]\s*\(?\d", text) else None


def name(words: Sentence, start: int, end: int) -> Found:
    """The name of a fact."""
    if end - start > 4 or any(words.low[at] in (",", "and", "as") for at in range(start, end)):
        return None
    return 0.02, Value(words.content(start, end), words.quoted(start))


def question(words: Sentence, start: int, end: int) -> Found:
    """What is asked of the person: any words to the end."""
    return (0.05 * (end - start), words.content(start, end)) if end == words.end else None


def percent(words: Sentence, start: int, end: int) -> Found:
    """`75%`."""
    hit = re.fullmatch(r"(\d{1,3})\s?%", words.content(start, end))
    return (0.0, int(hit[1])) if hit else None


def owned(words: Sentence, start: int, end: int) -> Found:
    """“Jon's”: what something belongs to."""
    text = words.source(start, end)
    return (0.1 * (end - start), re.sub("['’]s$", "", text)) if re.search("['’]s$", text) else None


def arguments(words: Sentence, start: int, end: int) -> Found:
    """Arguments of a tool: name and value, joined by commas and “and”."""
    made: list[tuple[str, str, bool]] = []
    at = start
    while at < end:
        name, at = words.text[at], at + 1
        if not re.fullmatch(r"[^\W\d][\w\-]*", name):
            return None
        if at < end and words.low[at] in (":", "="):
            at += 1
        if at >= end:
            return None
        text = words.content(at, at + 1)
        if not (words.quoted(at) or words.atom(at) or re.fullmatch(r"-?\w+", text)):
            return None
        if text.lower() in ("and", "with", "the", "a"):
            return None
        made.append((name, text, words.quoted(at)))
        at += 1
        if at < end and words.low[at] not in (",", "and"):
            return None
        while at < end and words.low[at] in (",", "and"):
            at += 1
    return (0.0, tuple(made)) if made else None


class VerbLabel(NamedTuple):
    """A verb that is the label of a control, with the thing and the place that are named."""

    verb: str
    thing: str
    place: str
    certain: bool


_LOOKING = frozenset({"check", "verify", "validate", "test", "see", "ensure", "assert", "expect", "confirm"})
_PLACING = frozenset(["to", "from", "into", "in", "on", "onto", "of", "off", "with", "at", "for", "as", "under", "by"])
_SAYS_SO = frozenset(
    [
        "is", "are", "was", "were", "should", "must", "appears", "appear", "disappears", "disappear",
        "remains", "remain", "stays", "stay", "contains", "shows",
    ]
)  # fmt: skip


def label(words: Sentence, start: int, end: int) -> Found:
    """A verb that is a label: “check out”, “delete the third row”, “add X to the cart”."""
    low, size = words.low[start:end], end - start
    if (
        any(each in _SAYS_SO or each in STOPS - {"so", "all"} or each in (",", ":", "=") for each in low[1:])
        or low[0] in STOPS
    ):
        return None
    verb = next((form for form in sorted(words_base(low[0]), key=len) if form in LABEL_VERBS), "")
    known = bool(verb) and (start == words.begin or low[0] == verb)
    judged = any(
        each in JUDGED | SUPERLATIVES and not words.text[start + at][:1].isupper() for at, each in enumerate(low)
    )
    if judged or any(each in ("me", "us", "him", "her", "if", "unless", "until") for each in low):
        return None
    special = [at for at in range(start, end) if words.quoted(at) or words.atom(at)]
    if size > (10 if known else 3) or (not known and (special or any(each in ARTICLES for each in low))):
        return None
    if low[0] in _LOOKING and not (size > 1 and low[1] in PARTICLES and low[1] not in ("in", "on", "all")):
        if (
            low[0] not in ("confirm", "verify", "validate", "test")
            or special
            or (size > 1 and low[1] in ("that", "whether", "if"))
        ):
            return None if size > 1 else (0.0, VerbLabel(words.source(start, end), "", "", low[0] in LABEL_VERBS))
        return 0.1, VerbLabel(words.source(start, end), "", "", False)
    if not known:
        sure = words.text[start][:1].isupper() and not any(each in HARD_WORDS for each in low)
        return (0.3 + 0.1 * size, VerbLabel(words.source(start, end), "", "", False)) if sure else None
    return _known_label(words, start, end, verb)


def _known_label(words: Sentence, start: int, end: int, verb: str) -> Found:
    """The thing and the place after a verb that is a label."""
    low = words.low
    at = start + 1
    said = words.source(start, at) if low[start] == verb else verb
    if at < end and low[at] in PARTICLES:
        said, at = f"{said} {words.source(at, at + 1)}", at + 1
    cut = next(
        (each for each in range(at, end) if low[each] in _PLACING and (each > at or each == start + 1 or True)), end
    )
    thing, place = words.source(at, cut), words.source(cut, end)
    if thing.lower() in ("it", "this", "that", "them", "now", "again"):
        thing = ""
    if cut + 1 == end and not any(words.quoted(each) for each in range(start, end)):
        return 0.1 * (end - start), VerbLabel(words.source(start, end), "", "", False)  # “Save as”
    if (at < cut and words.slot("target", at, cut) is None) or (place and cut + 1 >= end):
        return None
    cost = words.slot("target", at, cut)[0] if thing and at < cut else 0.0  # type: ignore[index]
    if place:
        where = words.slot("target", cut + 1, end)
        if where is None:
            return None
        cost += where[0] + 0.02
        if verb not in ("add", "remove", "delete"):
            held = [each for each in range(cut, end) if words.quoted(each) or words.atom(each) or low[each].isdigit()]
            placed = any(low[each] in ("row", "result", "item", "page", "first", "next") for each in range(cut, end))
            goes = low[cut] in ("to", "with", "by", "as", "into")
            quoted = any(words.quoted(each) for each in range(at, cut))
            if (held and goes and not placed) or (quoted and low[cut] in ("to", "with", "by")):
                return None  # pressing a control would leave a part undone: “rename "a" to "b"”
    return cost, VerbLabel(said, thing, place, True)


SLOTS: dict[str, Slot] = {
    "target": target,
    "targets": targets,
    "value": value,
    "word": word,
    "quote": quote,
    "texts": texts,
    "number": number,
    "amount": amount,
    "timed": signed,
    "keys": keys,
    "address": address,
    "paths": paths,
    "fieldname": field_noun,
    "name": name,
    "question": question,
    "percent": percent,
    "owned": owned,
    "arguments": arguments,
    "label": label,
    "spot": spot,
    "expression": expression,
    "screen": screen,
    "placed": placed,
    "counted": counted,
    "holder": holder,
    "noun": noun,
    "selector": selector,
}
