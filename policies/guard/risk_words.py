"""Finds words for risky effects (buy, pay, send, delete …) in texts, in all languages of `risk_words.toml`.

Texts are compared by their foldings (`tools/visible_text.py`), so a word is the same in any disguise of its letters.
The language of a text is not considered, because a page can declare a wrong one.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.tools.visible_text import foldings, written

if TYPE_CHECKING:
    from collections.abc import Iterable

#: In a label longer than this (a whole card that can be clicked) only its beginning says what a click does.
LABEL = 60

#: The kinds of risk: rows of the table, and what an approval for a whole run is given for.
KINDS = ("buy", "pay", "send", "delete", "publish", "grant", "install", "transfer", "subscribe", "account")

#: A verb and its object are at most so many words apart.
APART = 6

#: Of a sentence so many letters are read.
SENTENCE = 400

#: A heading of more words than this is a sentence.
HEADING = 7

#: An amount of money: a sign or code of a currency next to a number.
AMOUNT = re.compile(
    r"[$€£¥₽₹₺₩₴฿₫]\s?\d[\d.,]*|\d[\d.,\s]*\s?(?:[$€£¥₽₹₺₩₴฿₫]|(?:EUR|USD|GBP|CHF|JPY|CNY|RUB|PLN|TRY|BRL|TL|zł|руб|kr|円|元|원)(?!\w))"
    r"|\b(?:EUR|USD|GBP|CHF|JPY|CNY|RUB|PLN|TRY|BRL|R\$)\s?\d[\d.,]*"
)

_TOKEN = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.!?…。！？؟])\s*|\n+")
_ASKING = re.compile(r"[?？؟]\s*$")


class Risk(NamedTuple):
    """A risky effect that a text announces."""

    kind: str
    """One of KINDS."""
    word: str
    """The matched words of the text, folded."""


@dataclass
class _Words:
    """Entries of one purpose, of all languages, by their first word."""

    phrases: dict[str, list[tuple[tuple[frozenset[str], ...], str, str]]] = field(default_factory=dict)
    """First form → (forms of each word, mode, kind)."""
    within: list[tuple[str, str]] = field(default_factory=list)
    """For scripts without spaces: (form, kind)."""
    alone: list[tuple[str, str]] = field(default_factory=list)
    """The same, for entries that must be the whole text."""

    def add(self, entry: str, kind: str, language: dict[str, Any]) -> None:
        if not language.get("spaced", True):
            of = self.alone if entry[0] == "=" else self.within
            of += [(form.replace(" ", ""), kind) for form in written(entry.lstrip("="))]
            return
        mode = entry[0] if entry[0] in "^=" else ""
        words = tuple(_forms(word, language["endings"]) for word in re.split(r"[\s']+", entry.lstrip("^=")))
        for first in words[0]:
            self.phrases.setdefault(first, []).append((words, mode, kind))

    def find(self, forms: Iterable[str], *, anywhere: bool = False, whole: bool = False) -> Risk | None:
        """The first entry that a text contains, by its foldings.

        `anywhere`: entries for the beginning of a text match at any place. `whole`: the entry must be the whole text.
        """
        for form in forms:
            for tokens in _ways(form):
                if found := self._among(tokens, anywhere, whole):
                    return found
            close = "".join(_TOKEN.findall(form))
            for part, kind in self.within:
                if part == close if whole else part in close:
                    return Risk(kind, part)
            for part, kind in self.alone:
                if part == close:
                    return Risk(kind, part)
        return None

    def _among(self, tokens: tuple[str, ...], anywhere: bool, whole: bool) -> Risk | None:
        for place, token in enumerate(tokens):
            for words, mode, kind in self.phrases.get(token, ()):
                end = place + len(words)
                if end > len(tokens) or not all(t in w for t, w in zip(tokens[place:end], words, strict=True)):
                    continue
                alone = place == 0 and end == len(tokens)
                if (whole or mode == "=") and not alone:
                    continue
                if mode == "^" and place and not anywhere:
                    continue
                return Risk(kind, " ".join(tokens[place:end]))
            if whole:
                break
        return None

    def without(self, text: str) -> str:
        """The folded text without the entries in it."""
        tokens = list(_TOKEN.findall(text))
        remaining: list[str] = []
        place = 0
        while place < len(tokens):
            length = max(
                (len(w) for w, _, _ in self.phrases.get(tokens[place], ()) if _fits(tokens, place, w)), default=0
            )
            remaining += [] if length else [tokens[place]]
            place += length or 1
        left = " ".join(remaining)
        for part, _ in self.within:
            left = re.sub(r"\s?".join(map(re.escape, part)), " ", left)
        return left


def _fits(tokens: list[str], place: int, words: tuple[frozenset[str], ...]) -> bool:
    part = tokens[place : place + len(words)]
    return len(part) == len(words) and all(token in forms for token, forms in zip(part, words, strict=True))


@dataclass
class _Table:
    """The whole table, ready to be searched."""

    acts: _Words = field(default_factory=_Words)
    signs: _Words = field(default_factory=_Words)
    others: dict[str, _Words] = field(default_factory=dict)
    """except, about, questions, agree, dismiss, bins."""
    passive: list[tuple[str, str, bool]] = field(default_factory=list)
    """Form, kind, whether it begins a word."""
    topics: frozenset[str] = frozenset()
    pairs: list[tuple[str, frozenset[str], frozenset[str]]] = field(default_factory=list)


OTHERS = ("except", "about", "questions", "agree", "dismiss", "bins")


@cache
def _table() -> _Table:
    content = tomllib.loads((files(__package__) / "risk_words.toml").read_text("utf-8"))
    made, topics = _Table(others={name: _Words() for name in OTHERS}), set[str]()
    for name, language in content.items():
        acts = made.signs if name == "signs" else made.acts
        for kind in KINDS:
            for entry in language.get(kind, ()):
                acts.add(entry, kind, language)
        for other in OTHERS:
            for entry in language.get(other, ()):
                made.others[other].add(entry, "delete" if other == "bins" else other, language)
        spaced = language.get("spaced", True)
        for row, kind in (("passive", "delete"), ("charged", "pay")):
            for entry in language.get(row, ()):
                parts = (" ".join(_TOKEN.findall(form)) for form in written(entry))
                made.passive += [(part if spaced else part.replace(" ", ""), kind, spaced) for part in parts]
        topics |= {form for entry in language.get("topics", ()) for form in written(entry)}
        for pair in language.get("pairs", ()):
            verbs, objects = (
                frozenset(form for entry in pair[part] for form in _forms(entry, language["endings"]))
                for part in ("verbs", "objects")
            )
            made.pairs.append((pair["kind"], verbs, objects))
    made.topics = frozenset(topics)
    return made


def _forms(word: str, endings: list[str]) -> frozenset[str]:
    """All folded forms of a word, or of a stem: each part by itself, since folding goes letter by letter."""
    if not word.endswith("-"):
        return frozenset(written(word))
    stem = word[:-1]
    ways = ((stem, False), (stem[:1].upper() + stem[1:], False), (stem.upper(), True))
    return frozenset(
        (begun + ended).replace("rn", "m")
        for way, loud in ways
        for begun in foldings(way)
        for end in endings
        for ended in foldings(end.upper() if loud else end)
    )


@lru_cache(maxsize=5000)
def _ways(form: str) -> tuple[tuple[str, ...], ...]:
    """The words of a folded text; also with separated letters (`p a y`, `p.a.y`) joined."""
    tokens = tuple(_TOKEN.findall(form))
    if sum(len(each) == 1 for each in tokens) < 3:
        return (tokens,)
    joined = re.sub(r"\b\w(?:[\W_]{1,2}\w\b){2,}", lambda hit: re.sub(r"[\W_]", "", hit[0]), form)
    # Where one word ends and the next begins, nothing tells.
    split = [joined] + [f"{joined[:at]} {joined[at:]}" for at in range(2, min(len(joined), LABEL) - 1)]
    return (tokens, *(tuple(_TOKEN.findall(each)) for each in split))


def label_risk(text: str) -> Risk | None:
    """The risk of pressing a control with this label; None if there is none."""
    harmless = _table().others["except"]
    # An icon font draws the name of an icon: delete_forever.
    return _acts(tuple(harmless.without(form) for form in foldings(text.strip()[:LABEL].replace("_", " "))))


def description_risk(text: str) -> Risk | None:
    """The risk that the description of a control announces in a sentence: `Deletes all that is in it`."""
    first, _, rest = text.strip().partition(" ")
    if not rest:
        return None
    variants = (f"it {first.removesuffix(ending)} {rest}" for ending in ("s", "es") if first.endswith(ending))
    return message_risk(text) or next((risk for each in variants if (risk := label_risk(each))), None)


def _acts(forms: Iterable[str]) -> Risk | None:
    forms = tuple(forms)
    return _table().acts.find(forms) or _pair(forms)


def _pair(forms: Iterable[str]) -> Risk | None:
    for form in forms:
        tokens = _TOKEN.findall(form)
        for kind, verbs, objects in _table().pairs:
            first = next((at for at, token in enumerate(tokens) if token in verbs), None)
            if first is None:
                continue
            second = next((at for at, token in enumerate(tokens) if token in objects and at != first), None)
            if second is not None and abs(first - second) <= APART:
                return Risk(kind, f"{tokens[min(first, second)]} {tokens[max(first, second)]}")
    return None


def explains(text: str) -> bool:
    """Whether a link with this text leads to an explanation: “How to delete …”, “Payment history”."""
    table = _table()
    for form in foldings(text[:LABEL]):
        tokens = _TOKEN.findall(form)
        close = "".join(tokens)
        if (tokens and tokens[-1] in table.topics) or any(
            part in close for part, _ in table.others["questions"].within
        ):
            return True
    return _begins(text, "questions")


def heading_risk(text: str) -> Risk | None:
    """The risk that the title or legend of a form or dialog announces."""
    words = len(_TOKEN.findall(text))
    if explains(text) and not _ASKING.search(text):
        return None
    return label_risk(text) if words <= HEADING else message_risk(text)


def message_risk(text: str) -> Risk | None:
    """The risk that an answer to this text agrees to: the text of a dialog, or the text around a button."""
    for part in _SENTENCE.split(text[:2000]):
        sentence = part.strip()
        if not sentence:
            continue
        if gone := _passive(sentence):
            return gone
        forms = foldings(sentence[:SENTENCE])
        found = _table().acts.find(forms, anywhere=True) or _pair(forms)
        if found is None:
            continue
        asks = bool(_ASKING.search(sentence)) and not _begins(sentence, "questions")
        begins = _acts(foldings(" ".join(sentence.split()[:2])))
        if asks or begins or AMOUNT.search(sentence) or _table().others["about"].find(forms):
            return found
    return None


def _begins(text: str, purpose: str) -> bool:
    words = _table().others[purpose]
    for form in foldings(text):
        tokens = _TOKEN.findall(form)
        if tokens and any(_fits(tokens, 0, each) for each, _, _ in words.phrases.get(tokens[0], ())):
            return True
    return False


def _passive(sentence: str) -> Risk | None:
    for form in foldings(sentence):
        words = " ".join(_TOKEN.findall(form))
        close = words.replace(" ", "")
        for part, kind, spaced in _table().passive:
            if re.search(rf"(?<!\w){re.escape(part)}", words) if spaced else part in close:
                return Risk(kind, part)
    return None


def bin_risk(text: str) -> Risk | None:
    """The risk of dropping something on a target with this label, such as a recycle bin."""
    return _table().others["bins"].find(foldings(text[:LABEL]))


def agrees(text: str) -> bool:
    """Whether a label only agrees to the text around it: OK, Yes, Continue."""
    return _table().others["agree"].find(foldings(text), whole=True) is not None


def dismisses(text: str) -> bool:
    """Whether a label changes nothing: Cancel, No, Close."""
    words = _table().others["dismiss"]
    return words.find(foldings(text), whole=True) is not None or (_begins(text, "dismiss") and label_risk(text) is None)


def sign_risk(text: str) -> Risk | None:
    """The risk that signs, emoji or identifiers (ids, classes, file names) of a control announce."""
    return _table().signs.find(foldings(apart(text)), anywhere=True)


def code_risk(text: str) -> Risk | None:
    """The same for identifiers separated by semicolons, in any language of the table."""
    if risk := sign_risk(text):
        return risk
    for part in text.split(";"):
        words = apart(part)
        # A label may begin with what a name of a class begins with by chance, such as `format-bold`.
        if risk := bin_risk(words) or label_risk(f"icon {words}"):
            return risk
    return None


def signs(text: str) -> str:
    """The names of the signs and emoji in a text, in Unicode's words: `wastebasket` for 🗑."""
    names = (
        unicodedata.name(each, "").lower() for each in text if unicodedata.category(each) in ("So", "Sk", "Sm", "Sc")
    )
    return "; ".join(name.replace("-", " ") for name in names if name)


def apart(text: str) -> str:
    """The words of an identifier: `btnDeleteItem`, `delete_item`, `fa-trash-o`, `/items/3/delete.png`."""
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return re.sub(r"[^\w;]+|_", " ", text)


def wordless(text: str) -> bool:
    """Whether a label has no words: nothing, signs, letters of an icon font, or a single × written as x."""
    letters = [each for each in unicodedata.normalize("NFKC", text) if each.isalnum()]
    return not letters or (len(letters) == 1 and letters[0] in "xXхХ×")
