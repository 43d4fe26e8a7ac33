"""Templates of sentences, and the chart parser that matches them.

A template is a line of words and slots, such as `click|tap [on|at] <target>`:

| written | matches |
|---|---|
| `a\\|b` | one of these words; the first word of a sentence also in its other forms: “clicks”, “clicking” |
| `( … \\| … )` | one of several sequences |
| `[ … ]`, `[ … ]*` | nothing, or what the brackets contain; with `*` any number of times |
| `<kind>`, `<name:kind>` | the words of a slot, of at least one word |
| `{name=value}` | nothing; it gives `name` that value in the reading |
| `@name` | the macro of that name |

All ways in which a template covers *all* words are found, so no word is left over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handeye.perception.phrases.quoting import ATOM, QUOTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from handeye.perception.phrases.quoting import Masked

    Fields = dict[str, Any]
    #: Values of a reading, the last first: (name, value, cost, rest).
    Bound = tuple[str, Any, float, "Bound"] | None
    Matcher = Callable[["Sentence", int, Bound], None]

_TOKEN = re.compile(
    rf"{QUOTED}|{ATOM}|[,:;=>→»›](?=\s|$|{QUOTED}|{ATOM})|[^\s,:;=]+?(?=[,:;=]+(?:\s|$)|[\s{QUOTED[1:-1]}{ATOM[1:-1]}]|[:;=]|$)|\S"
)
_MARK = re.compile(r"(?<=[^.!?\s])[.!?]+$")
_CONTRACTED = {"can't": "can", "won't": "will", "shan't": "shall"}


class Sentence:
    """The words of a masked text, each with its place; slots of them are parsed once."""

    def __init__(self, masked: Masked, start: int, end: int, slots: dict[str, Slot]) -> None:
        self.masked, self._slots = masked, slots
        self.text: list[str] = []
        self.low: list[str] = []
        self.spans: list[tuple[int, int]] = []
        for hit in _TOKEN.finditer(masked.text, start, end):
            mark = _MARK.search(hit[0])
            text = hit[0][: mark.start()] if mark else hit[0]
            first, last = hit.start(), hit.start() + len(text)
            bare = text.lower().replace("’", "'")
            if bare == "cannot" or (bare.endswith("n't") and len(bare) > 3):
                verb = _CONTRACTED.get(bare, "can" if bare == "cannot" else bare[:-3])
                self._add(text, verb, (first, last))
                self._add("", "not", (last, last))
            elif bare in ("there's", "it's", "that's", "what's", "who's"):
                self._add(text, bare[:-2], (first, last))
                self._add("", "is", (last, last))
            else:
                self._add(text, bare, (first, last))
            if mark:
                self._add(mark[0], mark[0], (last, hit.end()))
        self.size = len(self.text)
        self.head = -1
        """The position of the verb: there, other forms of a word match as well."""
        self._found: dict[tuple[str, int, int], tuple[float, Any] | None] = {}
        self.results: list[Bound] = []
        self.begin, self.end = 0, self.size
        """The words that are being matched."""

    def marks(self, at: int) -> bool:
        """Whether this is a mark at the end of a word, or of a sentence."""
        return self.text[at][:1] in (".", "!", "?") and not self.text[at].strip(".!?")

    def joined(self, *spans: tuple[int, int]) -> Sentence:
        """Sentence of several spans in a row."""
        made = Sentence(self.masked, 0, 0, self._slots)
        for start, end in spans:
            made.text += self.text[start:end]
            made.low += self.low[start:end]
            made.spans += self.spans[start:end]
        made.size = made.end = len(made.text)
        return made

    def _add(self, text: str, low: str, span: tuple[int, int]) -> None:
        self.text.append(text)
        self.low.append(low)
        self.spans.append(span)

    def slot(self, kind: str, start: int, end: int) -> tuple[float, Any] | None:
        """The cost and the value of the words as a slot of this kind; None if they are none."""
        key = kind, start, end
        if key not in self._found:
            self._found[key] = None  # a slot does not contain itself
            self._found[key] = self._slots[kind](self, start, end)
        return self._found[key]

    def masked_text(self, start: int, end: int) -> str:
        """The masked text of the words `start` to `end`, punctuation between them included."""
        return self.masked.text[self.spans[start][0] : self.spans[end - 1][1]] if start < end else ""

    def source(self, start: int, end: int) -> str:
        """The words as they were written, quotes included."""
        return self.masked.restore(self.masked_text(start, end))

    def content(self, start: int, end: int) -> str:
        """The words as they were written, without quotes around quoted words."""
        return self.masked.content(self.masked_text(start, end))

    def quoted(self, at: int) -> bool:
        """Whether this word is a quotation."""
        part = self.masked.parts.get(self.text[at])
        return part is not None and part.quoted

    def atom(self, at: int) -> bool:
        """Whether this word is an address, a path, a number, a chord or a placeholder."""
        part = self.masked.parts.get(self.text[at])
        return part is not None and not part.quoted


if TYPE_CHECKING:
    Slot = Callable[[Sentence, int, int], tuple[float, Any] | None]


@dataclass(frozen=True)
class TemplateNode:
    """A part of a template."""

    kind: str
    """words, seq, alt, opt, many, slot or give."""
    words: frozenset[str] = frozenset()
    parts: tuple[TemplateNode, ...] = ()
    name: str = ""
    value: Any = None

    def first(self) -> tuple[frozenset[str], bool]:
        """The words it can begin with (`*` for any), and whether it can be empty."""
        if self.kind == "words":
            return self.words, False
        if self.kind == "slot":
            return frozenset("*"), False
        if self.kind == "give":
            return frozenset(), True
        if self.kind == "alt":
            firsts = [part.first() for part in self.parts]
            return frozenset().union(*(words for words, _ in firsts)), any(empty for _, empty in firsts)
        found: frozenset[str] = frozenset()
        for part in self.parts:
            words, empty = part.first()
            found |= words
            if not empty:
                return found, self.kind != "seq"
        return found, True

    def required(self) -> list[frozenset[str]]:
        """Sets of words of which each has one in every text that matches."""
        if self.kind == "words":
            return [self.words]
        if self.kind == "seq":
            return [each for part in self.parts for each in part.required()]
        if self.kind == "alt":
            needs = [part.required() for part in self.parts]
            return [frozenset().union(*(min(each, key=len) for each in needs))] if all(needs) else []
        return []


_LEXEME = re.compile(
    r"<(?P<slot>[\w:]+)>|\{(?P<give>\w+)=(?P<value>[^}]*)\}|@(?P<macro>\w+)|(?P<mark>\]\*|[\[\]()])|(?P<word>[^\s\[\]()<>{}@]+)"
)


def parse_template(text: str, macros: dict[str, str]) -> TemplateNode:
    """The node of a template. Raises ValueError for one that is not well formed."""
    lexemes = list(_LEXEME.finditer(text))
    node, at = _sequences(lexemes, 0, macros)
    if at != len(lexemes):
        raise ValueError(f"a bracket of the template is not opened: {text}")
    return node


_NODES: dict[tuple[str, int], TemplateNode] = {}


def _macro(name: str, macros: dict[str, str]) -> TemplateNode:
    key = name, id(macros)
    if key not in _NODES:
        _NODES[key] = parse_template(macros[name], macros)
    return _NODES[key]


def _sequences(lexemes: list[re.Match[str]], at: int, macros: dict[str, str]) -> tuple[TemplateNode, int]:
    ways: list[list[TemplateNode]] = [[]]
    while at < len(lexemes):
        lexeme = lexemes[at]
        at += 1
        if lexeme["mark"] in ("]", "]*", ")"):
            at -= 1
            break
        if lexeme["mark"]:
            inner, at = _sequences(lexemes, at, macros)
            close = lexemes[at]["mark"] if at < len(lexemes) else ""
            if (close == ")") != (lexeme["mark"] == "("):
                raise ValueError(f"a bracket of the template is not closed: {lexeme.string}")
            at += 1
            kind = {")": "", "]": "opt", "]*": "many"}[close]
            ways[-1].append(TemplateNode(kind, parts=(inner,)) if kind else inner)
        elif lexeme["slot"]:
            name, _, kind = lexeme["slot"].rpartition(":")
            ways[-1].append(TemplateNode("slot", name=name or kind, value=kind))
        elif lexeme["give"]:
            ways[-1].append(TemplateNode("give", name=lexeme["give"], value=lexeme["value"]))
        elif lexeme["macro"]:
            ways[-1].append(_macro(lexeme["macro"], macros))
        elif lexeme["word"] == "|":
            ways.append([])
        else:
            accepted = frozenset(lexeme["word"].split("|"))
            if "" in accepted:
                raise ValueError(f"{lexeme['word']}: put spaces around | next to brackets and macros: {lexeme.string}")
            ways[-1].append(TemplateNode("words", words=accepted))
    nodes = [TemplateNode("seq", parts=tuple(way)) if len(way) != 1 else way[0] for way in ways]
    return (nodes[0] if len(nodes) == 1 else TemplateNode("alt", parts=tuple(nodes))), at


def compile_node(node: TemplateNode, then: Matcher, follow: tuple[frozenset[str], bool]) -> Matcher:
    """A function that matches the node from a position and calls `then` for each way to do so.

    `follow` has the words that can come after the node, and whether the text may end there.
    """
    if node.kind == "words":
        return _compile_words(node.words, then)
    if node.kind == "give":
        name, value = node.name, node.value
        return lambda words, at, bound: then(words, at, (name, value, 0.0, bound))
    if node.kind == "slot":
        return _compile_slot(node, then, follow)
    if node.kind == "alt":
        ways = [compile_node(part, then, follow) for part in node.parts]

        def match_alternatives(words: Sentence, at: int, bound: Bound) -> None:
            for way in ways:
                way(words, at, bound)

        return match_alternatives
    if node.kind == "seq":
        for part in reversed(node.parts):
            then = compile_node(part, then, follow)
            first, empty = part.first()
            follow = (first | follow[0], follow[1]) if empty else (first, False)
        return then
    inner = node.parts[0]
    if node.kind == "opt":
        there = compile_node(inner, then, follow)

        def match_optional(words: Sentence, at: int, bound: Bound) -> None:
            there(words, at, bound)
            then(words, at, bound)

        return match_optional
    first, _ = inner.first()
    again: list[Matcher] = []

    def match_repeated(words: Sentence, at: int, bound: Bound) -> None:
        then(words, at, bound)
        again[0](words, at, bound)

    again.append(compile_node(inner, match_repeated, (first | follow[0], follow[1])))
    return match_repeated


def _compile_words(accepted: frozenset[str], then: Matcher) -> Matcher:
    def match_word(words: Sentence, at: int, bound: Bound) -> None:
        if at < words.end and (
            words.low[at] in accepted or (at == words.head and not accepted.isdisjoint(base_forms(words.low[at])))
        ):
            then(words, at + 1, bound)

    return match_word


def _compile_slot(node: TemplateNode, then: Matcher, follow: tuple[frozenset[str], bool]) -> Matcher:
    name, kind = node.name, node.value
    after, may_end = follow
    anything = "*" in after

    def match_slot(words: Sentence, at: int, bound: Bound) -> None:
        size, low = words.end, words.low
        for end in range(at + 1, size + 1):
            if end == size:
                if not may_end:
                    return
            elif not anything and low[end] not in after:
                continue
            found = words.slot(kind, at, end)
            if found is not None:
                then(words, end, (name, found[1], found[0], bound))

    return match_slot


_FORMS: dict[str, frozenset[str]] = {}
_IRREGULAR = {
    "chose": "choose",
    "chosen": "choose",
    "went": "go",
    "goes": "go",
    "typing": "type",
    "choosing": "choose",
    "saw": "see",
    "seen": "see",
    "wrote": "write",
    "wrote.": "write",
    "put": "put",
    "set": "set",
    "got": "get",
    "does": "do",
    "did": "do",
    "left": "leave",
    "chooses": "choose",
    "tries": "try",
    "hit": "hit",
    "found": "find",
}


def base_forms(word: str) -> frozenset[str]:
    """The verbs that a word may be a form of: “clicks”, “clicked” and “clicking” of “click”."""
    if word not in _FORMS:
        found = {_IRREGULAR.get(word, word)}
        for ending, added in (
            ("ies", "y"),
            ("es", ""),
            ("s", ""),
            ("ied", "y"),
            ("ed", ""),
            ("ed", "e"),
            ("ing", ""),
            ("ing", "e"),
        ):
            if word.endswith(ending) and len(word) > len(ending) + 1:
                base = word.removesuffix(ending) + added
                found.add(base)
                if ending in ("ed", "ing") and len(base) > 3 and base[-1] == base[-2]:
                    found.add(base[:-1])
        if len(_FORMS) > 4096:
            _FORMS.clear()
        _FORMS[word] = frozenset(found)
    return _FORMS[word]


@dataclass(frozen=True)
class SentenceTemplate:
    """One template with what it means."""

    text: str
    frame: str
    """The name of the frame: the function that makes clauses of its slots."""
    match: Matcher
    firsts: frozenset[str]
    required: tuple[frozenset[str], ...]
    cost: float = 0.0


def _collect(words: Sentence, at: int, bound: Bound) -> None:
    if at == words.end:
        words.results.append(bound)


def compile_template(text: str, frame: str, macros: dict[str, str], cost: float = 0.0) -> SentenceTemplate:
    """Compile a template that means `frame`."""
    node = parse_template(text, macros)
    first, _ = node.first()
    required = tuple(each for each in node.required())
    return SentenceTemplate(text, frame, compile_node(node, _collect, (frozenset(), True)), first, required, cost)


class TemplateSet:
    """Templates, found by the word that a text begins with."""

    def __init__(self, templates: Iterable[SentenceTemplate]) -> None:
        self._by_word: dict[str, list[SentenceTemplate]] = {}
        for template in templates:
            for word in template.firsts:
                self._by_word.setdefault(word, []).append(template)

    def match(self, words: Sentence, start: int, end: int) -> Iterator[tuple[float, SentenceTemplate, Fields]]:
        """Cost, template and slots of each way to cover the words from `start` to `end`."""
        tried: set[int] = set()
        known = frozenset(words.low[start:end])
        head = base_forms(words.low[start])
        for first in (words.low[start], *base_forms(words.low[start]), "*"):
            for template in self._by_word.get(first, ()):
                if id(template) in tried:
                    continue
                tried.add(id(template))
                if any(each.isdisjoint(known) and each.isdisjoint(head) for each in template.required):
                    continue
                kept = words.results, words.head, words.begin, words.end
                words.results, words.head, words.begin, words.end = [], start, start, end
                template.match(words, start, None)
                found = words.results
                words.results, words.head, words.begin, words.end = kept
                for bound in found:
                    fields: Fields = {}
                    cost = template.cost
                    while bound is not None:
                        name, value, price, bound = bound
                        if name not in fields:
                            fields[name] = value
                        cost += price
                    yield cost, template, fields
