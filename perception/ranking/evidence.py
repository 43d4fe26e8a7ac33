"""Reads a phrase or a whole instruction as weighted evidence for a target.

`read_evidence('Click the gear icon (Settings) at the top right to change the theme')` gives the names “gear” and
“Settings”, the kind icon and the place top right; “to change the theme” is a hint. Nothing here decides: evidence that
is not on the screen lowers the confidence of an answer, see `features.py`. English, like all phrases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from handeye.perception.phrases.phrase import ANY_ROLE, ORDINAL, RELATIONS, ordinal_of
from handeye.perception.phrases.quoting import QUOTED, mask
from handeye.perception.phrases.wording import stem, words
from handeye.perception.ranking.instruction_words import (
    ABOUT_PERSON,
    ACTION,
    BY_HAND,
    COLOURS,
    EMPTY_WORDS,
    HAND,
    MORE_KINDS,
    PLACE,
    PURPOSE,
    STATES,
    WRITE_INTO,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.phrases.quoting import Masked

#: A longer phrase is cut: no person names a target with more characters, and all work is bounded by this.
LONGEST = 400
#: Weights of names: the words in the main clause, in brackets or after a comma, the words for what a
#: nameless target is related to, and the verb alone.
MAIN, APPOSED, ANCHOR, VERB = 1.0, 0.9, 0.8, 0.75


@dataclass(frozen=True)
class Name:
    """Words that the target may be called."""

    text: str
    weight: float
    """0 to 1; multiplies how alike a text on the screen is."""
    quoted: bool = False
    whole: bool = False
    """The words include a verb or a kind, so that only a label with all of them counts."""


@dataclass(frozen=True)
class Relation:
    """What the target is related to: `Relation("below", "Total")`."""

    kind: str
    """right, left, below, above, near, inside, with, after or before."""
    anchor: str
    """The phrase for the other thing, with its quotes."""


@dataclass(frozen=True)
class PhraseEvidence:
    """What a phrase says about its target. Empty fields say nothing."""

    names: tuple[Name, ...] = ()
    kinds: tuple[str, ...] = ()
    """Values of `phrase.ROLE_WORDS`, the most likely first."""
    ordinal: int = 0
    """1 the first, 2 the second, -1 the last."""
    places: tuple[str, ...] = ()
    """Words among top, bottom, left, right, middle."""
    relations: tuple[Relation, ...] = ()
    colour: str = ""
    states: tuple[str, ...] = ()
    hints: frozenset[str] = frozenset()
    """Stems of words from purpose clauses and explanations."""
    sentence: bool = False
    """It is an instruction with a verb."""
    writes: bool = False
    """The instruction writes something into the target."""
    core: str = ""
    """The noun phrase of the main clause, with its quotes: the phrase without verb, brackets and purpose."""
    content: tuple[str, ...] = field(default=())
    """Stems of the words in the names, each once."""

    @property
    def quoted(self) -> tuple[str, ...]:
        """The names in quotes: labels that must be there."""
        return tuple(name.text for name in self.names if name.quoted)


@lru_cache(maxsize=512)
def read_evidence(phrase: str) -> PhraseEvidence:
    """Return the evidence in a phrase; a phrase without letters or digits has none, or only itself as its name."""
    return _Reader(mask(bounded(phrase), atoms=False)).read()


def bounded(phrase: str) -> str:
    """Return a phrase with single spaces, cut at a word to at most LONGEST characters."""
    text = " ".join(phrase[: 4 * LONGEST].split())
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0]


class _Reader:
    """Takes one part of the evidence after the other off a masked phrase."""

    def __init__(self, masked: Masked) -> None:
        self.masked = masked
        self.names: list[Name] = []
        self.kinds: list[str] = []
        self.places: list[str] = []
        self.relations: list[Relation] = []
        self.states: list[str] = []
        self.hints: set[str] = set()
        self.colour = ""
        self.ordinal = 0
        self.core = ""
        self.sentence = False
        self.writes = False

    def read(self) -> PhraseEvidence:
        whole = _bare(self.masked.text) or self.masked.text.strip()
        if re.fullmatch(QUOTED, whole):
            return self._made([Name(self.masked.content(whole), MAIN, quoted=True)])
        text = self._without_brackets(whole)
        main, *others = self._main_first(self._without_purpose(text))
        noun = _ARTICLES.match(self.masked.text.strip()) is not None
        main = main if noun else self._without_verb(main)
        self.core = self.masked.restore(main)
        self._clause(main, MAIN)
        for other in others:
            self._clause(other, APPOSED)
        if not re.search(QUOTED, whole):
            described = self.kinds or self.relations or any(not name.whole for name in self.names)
            self.names.insert(0, Name(whole, MAIN, whole=bool(described)))
        return self._made(self.names)

    def _main_first(self, clauses: list[str]) -> list[str]:
        """The clause with the verb of the hand first: `In the toolbar, click Bold`, `open it by clicking the gear`."""
        clauses = [part for clause in clauses for part in _split_by(clause, self._hint)]
        main = next((clause for clause in clauses if HAND.match(clause)), clauses[0])
        return [main, *(clause for clause in clauses if clause is not main)]

    def _made(self, names: list[Name]) -> PhraseEvidence:
        unique: dict[str, Name] = {}
        for name in names:
            key = name.text.casefold()
            if name.text.strip() and (key not in unique or unique[key].whole):
                unique[key] = name
        quoted = any(name.quoted for name in unique.values())
        content = [stem(word) for name in unique.values() if not name.whole for word in words(name.text)]
        return PhraseEvidence(
            names=tuple(name for name in unique.values() if not (quoted and name.whole)),
            kinds=tuple(dict.fromkeys(self.kinds)),
            ordinal=self.ordinal,
            places=tuple(dict.fromkeys(self.places)),
            relations=tuple(self.relations),
            colour=self.colour,
            states=tuple(self.states),
            hints=frozenset(self.hints) - EMPTY_WORDS - set(content),
            core=self.core or self.masked.restore(self.masked.text.strip()),
            sentence=self.sentence,
            writes=self.writes,
            content=tuple(dict.fromkeys(word for word in content if word not in EMPTY_WORDS)) or tuple(content),
        )

    def _without_brackets(self, text: str) -> str:
        """Text in brackets, after a dash or a colon is another name, a place or an explanation."""
        for inner in re.findall(r"[(\[]([^()\[\]]*)[)\]]", text):
            self._clause(_bare(inner), APPOSED)
        text = re.sub(r"\s*[(\[][^()\[\]]*[)\]]", "", text)
        head, _, tail = re.sub(r"\s+[–—-]\s+", "\0", text).partition("\0")
        if tail and head.strip():
            self._clause(_bare(tail.replace("\0", " ")), APPOSED)
            return head
        return text

    def _without_purpose(self, text: str) -> list[str]:
        """The clauses that may name the target; what an action is for only gives hints."""
        clauses = []
        for part in re.split(r",\s+|;\s+|\.\s+", text):
            hit = PURPOSE.search(part)
            head = _bare(part[: hit.start()] if hit else part)
            self._hint(part[len(head) :] if hit else "")
            if head and ABOUT_PERSON.match(head) and not HAND.match(head):
                self._hint(head)
            elif head:
                clauses.append(head)
        return clauses or [text]

    def _without_verb(self, text: str) -> str:
        """The clause without its verb; a verb may be the name of what is pressed: “close the window”."""
        if hit := WRITE_INTO.match(text):
            self.sentence = self.writes = True
            return _bare(hit["target"] or hit["list"] or hit["filled"])
        hit = ACTION.match(text)
        if hit is None:
            return text
        after = text[hit.end() :].strip()
        rest, verb = _bare(after), hit["verb"] or ""
        if not rest or (verb and any(_role(" ".join(after.split()[:count])) for count in (1, 2, 3))):
            return text  # the verb is a name: “Edit button”
        if verb and re.match(r"(?:to|in|on|off|out|up|as)\b", after):
            return text
        self.sentence = True
        if not verb and re.match(r"(?:.*\s)?(?:turn|switch)\s", text[: hit.end()], re.IGNORECASE):
            rest = re.sub(r"\s+(?:on|off)$", "", rest, flags=re.IGNORECASE)
        if verb:
            self.names.append(Name(self.masked.content(f"{verb} {rest}"), MAIN, whole=rest != after))
            self.names.append(Name(verb, VERB))
            if kind := _role(rest):  # “close the dialog” means a control in it
                self.relations.append(Relation("inside", rest))
                return rest if kind == "menu" else ""
        return rest

    def _clause(self, text: str, weight: float) -> None:
        """PhraseEvidence in a noun phrase with its relations."""
        text = self._without_place(text)
        head, relations = _relations(text)
        head = self._without_place(head)
        for kind, anchor in relations:
            if kind == "named":
                self._name(anchor, weight, named=True)
                continue
            if kind == "inside" and (place := PLACE.fullmatch(anchor)):
                self._place(place)
                continue
            relation = {"for": "near"}.get(kind, kind)
            anchor = self._without_place(anchor)
            if anchor:
                self.relations.append(Relation(relation, self.masked.restore(anchor)))
            if kind == "for" and not self._only_kind(head):
                self.names.append(Name(self.masked.content(f"{head} for {anchor}"), weight, whole=True))
        if relations and not re.search(QUOTED, head):
            self.names.append(Name(self.masked.content(text), weight, whole=True))
        self._name(head, weight)
        if relations and not head and weight == MAIN:  # “In stock only” is a name
            self._name(text, weight)
        elif head and self._only_kind(head):  # “the chat with Ada” is known by “Ada”
            for kind, anchor in relations:
                if kind in ("for", "with", "inside"):
                    plain, known = _apart(anchor)[0], list(self.kinds)
                    self._name(_relations(plain)[0], ANCHOR)
                    self.kinds = known

    def _only_kind(self, head: str) -> bool:
        return _role(_bare(head)) != "" or not _bare(head)

    def _name(self, text: str, weight: float, named: bool = False) -> None:
        """A name with the words for ordinal, colour, state and kind around it."""
        text = _bare(text)
        if not text:
            return
        if named:
            self.names.append(Name(self.masked.content(text), weight, quoted=bool(re.search(QUOTED, text))))
            return
        if (hit := ORDINAL.match(text)) and (number := ordinal_of(hit)):
            self.names.append(Name(self.masked.content(text), weight, whole=True))
            self.ordinal = self.ordinal or number
            text = _bare(text[hit.end() :])
        text = self._without_place(text, starts=True)
        text = self._adjectives(text, weight)
        if quoted := re.findall(QUOTED, text):
            self.names += [Name(self.masked.content(each), weight, quoted=True) for each in quoted]
            self._kinds_in(re.sub(QUOTED, " ", text))
            return
        name, kind = _apart(text)
        if kind:
            self.kinds.append(kind)
            if name:
                self.names.append(Name(self.masked.content(text), weight, whole=True))
        if name:
            self.names.append(Name(self.masked.content(name), weight))

    def _kinds_in(self, text: str) -> None:
        rest = text.split()
        for length in (3, 2, 1):
            for start in range(len(rest) - length + 1):
                if kind := _role(" ".join(rest[start : start + length])):
                    self.kinds.append(kind)
                    return

    def _adjectives(self, text: str, weight: float) -> str:
        """Without leading words for colour and state, which the literal name keeps."""
        left = text.split(" ")
        while len(left) > 1 and (word := left[0].lower().strip(",")) in COLOURS | STATES.keys():
            if word in STATES:
                self.states.append(STATES[word])
            elif word in COLOURS:
                self.colour = self.colour or word
            left = left[1:]
        rest = " ".join(left)
        if rest != text and not re.search(QUOTED, text):
            self.names.append(Name(self.masked.content(text), weight, whole=True))
        return rest

    def _without_place(self, text: str, starts: bool = False) -> str:
        for hit in PLACE.finditer(text):
            if hit.start() == 0 if starts else hit.end() == len(text):
                rest = _bare(text[: hit.start()] + text[hit.end() :])
                if starts and (not rest or re.match(r"(?:of|to)\b", text[hit.end() :].strip())):
                    continue
                self._place(hit)
                return rest
        return text

    def _place(self, hit: re.Match[str]) -> None:
        sides = re.findall(r"top|upper|bottom|lower|left|right|middle|cent(?:er|re)", hit[0].lower())
        names = {"upper": "top", "lower": "bottom", "center": "middle", "centre": "middle"}
        self.places += [names.get(word, word) for word in sides]

    def _hint(self, text: str) -> None:
        self.hints |= {stem(word) for word in words(self.masked.content(text)) if len(word) > 2}


def _relations(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The head of a noun phrase, and (relation, anchor) of what follows it: the first relation splits."""
    found: tuple[int, int, str] | None = None
    for kind, pattern in RELATIONS:
        for hit in re.finditer(rf"(?:^|(?<=\s))(?:{pattern})(?=\s)", text, re.IGNORECASE):
            if found is None or (hit.start(), -hit.end()) < (found[0], -found[1]):
                found = (hit.start(), hit.end(), kind)
            break
    if found is None:
        return text, []
    start, end, kind = found
    head, anchor = _bare(text[:start]), _bare(text[end:])
    if not anchor:
        return text, []
    inner, more = _relations(anchor)
    if kind == "named" and more:
        return head, [(kind, inner), *more]
    return head, [(kind, anchor)]


def _apart(text: str) -> tuple[str, str]:
    """A name and the kind at its end or beginning: `("Save", "button")`."""
    if kind := _role(text):
        return "", kind
    pieces = text.split(" ")
    for length in (3, 2, 1):
        if len(pieces) > length and (kind := _role(" ".join(pieces[-length:]))):
            return " ".join(pieces[:-length]), kind
    for length in (2, 1):
        if len(pieces) > length and (kind := _role(" ".join(pieces[:length]))) and kind != "thing":
            return " ".join(pieces[length:]), kind
    return text, ""


def _role(text: str) -> str:
    word = text.lower().strip(" ,:")
    return ANY_ROLE.get(word) or MORE_KINDS.get(word, "")


def _split_by(clause: str, hint: Callable[[str], None]) -> list[str]:
    """“open the settings by clicking the gear” asks for the gear; what it is for is only a hint."""
    hit = BY_HAND.search(clause)
    if hit is None or not clause[hit.end() :].strip():
        return [clause]
    hint(clause[: hit.start()])
    return [f"click {clause[hit.end() :].strip()}"]


_ARTICLES = re.compile(
    r"^(?:(?:the|an?|this|that|these|those|its|my|your|our|their|his|her|any|some|all)\s+)+", re.IGNORECASE
)


def _bare(text: str) -> str:
    """Without surrounding punctuation and leading articles."""
    text = text.strip(" ,.;:!?")
    return _ARTICLES.sub("", text, count=1).strip(" ,.;:!?") or text
