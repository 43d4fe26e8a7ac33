"""Items that a phrase describes by their values: “row with status Open”, “the cheapest flight”, “items under $20”."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import Screen
from handeye.perception.phrases.phrase import ANY_ROLE, readings
from handeye.perception.phrases.quoting import QUOTED, Masked, mask
from handeye.perception.phrases.wording import alike, normal, stem, words
from handeye.perception.reading.groups import Group, Item, groups, items_called, items_known_by
from handeye.policies.plain_english.quantities import (
    COMPARE,
    COMPARISONS,
    EXTREMES,
    SUPERLATIVES,
    Kind,
    Superlative,
    number_of,
    quantities,
    quantity,
)
from handeye.tools.text_equality import contains, same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.tools.element import Element

#: A column or label is called so from here on.
_CALLED = 0.85
_CELLS = frozenset({"cell", "gridcell"})
_ARTICLE = r"(?:(?:the|an?|my|your|our|this|that|any|all|each|every|both)\s+(?:of\s+(?:the\s+)?)?)*"
_START = re.compile(r"^" + _ARTICLE, re.IGNORECASE)
_ADJECTIVE = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(SUPERLATIVES, key=len, reverse=True))
_EXTREME = "|".join(EXTREMES)
_COMPARES = "|".join(pattern for _, pattern in COMPARISONS)
#: “cheapest flight”, and “cheapest” alone.
_SUPERLATIVE = re.compile(rf"^(?P<word>{_ADJECTIVE})(?:\s+(?:of\s+(?:the\s+)?)?(?P<noun>.+))?$", re.IGNORECASE)
#: “flight with the lowest price”, “player who has the most points”.
_WITH_EXTREME = re.compile(
    rf"^(?P<noun>.+?)\s+(?:with|having|(?:that|who|which)\s+has)\s+the\s+(?P<word>{_EXTREME})\s+(?P<of>\S.*)$",
    re.I,
)
#: “row with …”, “rows where …”, “product whose …”, “products under …”.
_CONDITION = re.compile(
    rf"^(?P<noun>.*?)\s*\b(?:(?:with|where|whose|having|(?:that|who|which)\s+(?:has|have|is|are)|for\s+which)\s+(?P<x>.+)"
    rf"|(?P<compare>(?:that\s+)?(?:cost(?:s|ing)?\s+)?(?:{_COMPARES})\s+.*\d.*))$",
    re.IGNORECASE,
)
_IS = r"(?:\s+(?:is|are|equals?|of)\s+|\s*[=:]\s*|\s+)"


class UnclearItem(Exception):
    """Several items fit a description equally well, or the values that it compares cannot be read; says which."""


@dataclass(frozen=True)
class Description:
    """What a phrase says of items."""

    noun: str
    """What they are called: “row”, “flight”; empty for whatever there is."""
    conditions: tuple[str, ...] = ()
    """Each as it is written, with quotes: `status "Open"`, `under $20`."""
    best: Superlative | None = None
    word: str = ""
    """The superlative as it is written."""


def describe(phrase: str) -> Description | None:
    """Return what a phrase says of the values of items; None for a phrase that says nothing of that kind."""
    masked = mask(" ".join(phrase.split()), atoms=False)
    bare = _START.sub("", masked.text.strip(" ,.;:!"), count=1)
    noun, word = bare, ""
    conditions: tuple[str, ...] = ()
    best: Superlative | None = None
    if hit := _SUPERLATIVE.match(bare):
        noun, best, word = hit["noun"] or "", SUPERLATIVES[" ".join(hit["word"].lower().split())], hit["word"]
    elif hit := _WITH_EXTREME.match(bare):
        attribute = re.sub(r"^(?:number|amount)\s+of\s+", "", hit["of"], flags=re.IGNORECASE)
        noun, word = hit["noun"], f"{hit['word']} {attribute}"
        best = Superlative(EXTREMES[hit["word"].lower()], _kind_of(attribute), (masked.content(attribute),))
    if hit := _CONDITION.match(noun):
        parts = re.split(r"\s+and\s+(?:with\s+|whose\s+|where\s+)?", hit["x"] or hit["compare"])
        noun, conditions = hit["noun"], tuple(masked.restore(part) for part in parts)
    if not conditions and best is None:
        return None
    return Description(masked.restore(_START.sub("", noun.strip(), count=1)), conditions, best, word)


def compares(phrase: str, elements: Sequence[Element]) -> bool:
    """Whether a phrase can only be understood by values of items: no text here has its words, and it compares some."""
    said = describe(phrase)
    if said is None:
        return False
    if said.word and any(contains(each.name, f"{said.word} {said.noun}".strip(), case=False) for each in elements):
        return False
    if said.best is not None:
        return True
    heads = Columns(elements).heads
    for condition in said.conditions:
        masked = mask(condition, atoms=False)
        pieces = re.sub(r"^(?:the|its|an?)\s+", "", masked.text.strip(), flags=re.IGNORECASE).split()
        if _compared_number(masked, " ".join(pieces)):
            return True
        labels = [masked.content(" ".join(pieces[:cut])).rstrip(" :=") for cut in range(1, len(pieces))]
        if any(alike(label, head.name).score >= _CALLED for label in labels for head in heads):
            return True
    return False


def _compared_number(masked: Masked, text: str) -> tuple[str, str, float, str] | None:
    """(name, sign, limit, limit as written) of a condition on a number; “under” alone needs a unit: `$20`."""
    for sign, pattern in COMPARISONS:
        verb = r"(?:\bis\s+|\bare\s+|\bcosts?\s+|\bcosting\s+)?"
        hit = re.match(rf"^(?P<name>.*?)\s*{verb}(?P<word>{pattern})\s+(?P<n>.+)$", text, re.IGNORECASE)
        if hit is None:
            continue
        said = masked.content(hit["n"])
        limit = number_of(said)
        name = re.sub(r"^(?:that|which|who)\b\s*", "", masked.content(hit["name"])).strip()
        place = hit["word"].lower() in ("over", "above", "under", "below") and not name
        if limit is not None and re.match(r"[^\w]{0,2}\d|[A-Z]{3}\s?\d", said) and (not place or _unit_of(said)):
            return name, sign, limit, said
    return None


def _unit_of(text: str) -> Kind | None:
    kinds: tuple[Kind, ...] = ("money", "size", "duration", "distance", "weight")
    return next((kind for kind in kinds if quantities(text, kind)), None)


def without_anchor(phrase: str, anchor: str) -> str:
    """Return the part of a phrase before a relation and its anchor: “Book” of “Book in the cheapest flight”."""
    head = f"{phrase[: phrase.rfind(anchor)].rstrip()} "
    return re.sub(r"\s+(?:next\s+to|in|inside|within|of|for|with|from|on|at|by|near)\s+(?:the\s+)?$", "", head)


def _kind_of(attribute: str) -> Kind | None:
    """The kind of value that a noun names: “price” is money, “duration” a time."""
    for meaning in SUPERLATIVES.values():
        if meaning.kind and any(stem(word) in map(stem, meaning.attributes) for word in words(attribute)):
            return meaning.kind
    return None


def described(phrase: str, elements: Sequence[Element], size: tuple[int, int]) -> list[Item] | None:
    """Return the items that a phrase describes, in reading order; None where it says nothing of their values.

    A condition holds by the value of the column or label that it names; one that names none holds where an item has its
    words as a text of its own. Raises UnclearItem where a superlative cannot be decided.
    """
    said = describe(phrase)
    if said is None:
        return None
    found = list(called(said.noun, elements, size))
    columns = Columns(elements)
    for condition in said.conditions:
        exactly = [item for item in found if columns.fulfils(condition, item)]
        found = exactly or [item for item in found if columns.mentions(condition, item)]
    return found if said.best is None or not found else [_best(said, found, columns)]


def called(noun: str, elements: Sequence[Element], size: tuple[int, int]) -> Sequence[Item]:
    """Return all items that a noun means, in reading order: rows, cards, or controls of a kind such as “text field”."""
    plain = re.sub(QUOTED, "", noun).strip().lower()
    role = ANY_ROLE.get(plain, "")
    if not noun or role in ("row", "item", "option", "thing"):
        return items_called(noun, role or "item", elements) or _largest(elements)
    for query in sorted(readings(noun), key=lambda each: not each.role):
        if query.role and query.role not in ("row", "item") and not query.ordinal:
            found = [match for match in Screen(tuple(elements), size).answer(query) if match.score >= 0.7]
            if found:
                return _as_items(found, elements)
    stems = {stem(each) for each in words(noun)}
    labelled = [group for group in groups(elements) if stems & {stem(each) for each in words(group.label)}]
    if labelled:
        return labelled[0].items
    written = {stem(word) for each in elements for word in words(f"{each.name} {each.description}")}
    return _largest(elements) if stems <= written else ()


def _largest(elements: Sequence[Element]) -> Sequence[Item]:
    several: list[Group] = [group for group in groups(elements) if len(group.items) > 1]
    return several[0].items if several else ()


def _as_items(found: Sequence[Match], elements: Sequence[Element]) -> list[Item]:
    order = {element.id: place for place, element in enumerate(elements)}
    unique = {match.element.id: match.element for match in found}
    return [Item((each,), each.box, each) for each in sorted(unique.values(), key=lambda each: order.get(each.id, 0))]


def _best(said: Description, items: list[Item], columns: Columns) -> Item:
    """The item with the extreme value. Raises UnclearItem for a tie, and where too few values can be read."""
    best = said.best
    assert best is not None
    values = [(columns.value(best, item), item) for item in items]
    known = [(value, item) for value, item in values if value is not None]
    if len(known) < len(items):
        lacking = next(item for value, item in values if value is None)
        raise UnclearItem(
            f"“{_short(lacking)}” has no one value to compare for “{said.word}”; name the column or the item"
        )
    top = max(best.sign * value for value, _ in known)
    first, *others = [item for value, item in known if best.sign * value == top]
    if others:
        names = ", ".join(f"“{_short(item)}”" for item in (first, *others)[:3])
        raise UnclearItem(f"{len(others) + 1} things are the {said.word} here: {names}; say which one is meant")
    return first


def _short(item: Item) -> str:
    return item.text if len(item.text) <= 40 else item.text[:39] + "…"


class Columns:
    """Values of the items of a screen by the names of their columns and labels."""

    def __init__(self, elements: Sequence[Element]) -> None:
        self.elements = elements
        self.heads = [each for each in elements if each.role == "columnheader" and each.name]

    def of(self, item: Item) -> list[tuple[str, str]]:
        """Return (name, value) of all that an item says under the head of a column, after a label or in a field."""
        found: list[tuple[str, str]] = []
        for cell in (each for each in item.members if each.role in _CELLS):
            over = [head for head in self.heads if _shared(head, cell) > 0 and head.box.top <= cell.box.top]
            if over:
                found.append((max(over, key=lambda head: _shared(head, cell)).name, cell.name or cell.value))
        for member in item.members:
            if member.takes_text and not member.secret:
                found.append((member.name or member.description, member.value))
            name, colon, value = member.name.partition(":")
            if colon and value.strip() and not value.startswith("//"):
                found.append((name.strip(), value.strip()))
        texts = [each for each in item.members if each.name and not each.acts]
        for label, beside in pairwise(texts):
            if label.name.rstrip().endswith(":") or label.role == "term":
                found.append((label.name.rstrip(" :"), beside.name))
        return found

    def named(self, names: Sequence[str], item: Item) -> str | None:
        """Return the value under the best of some names; None where the item has none called so."""
        for name in names:
            ranked = [(alike(name, label).score, value) for label, value in self.of(item)]
            score, value = max(ranked, default=(0.0, ""), key=lambda pair: pair[0])
            if score >= _CALLED:
                return value
        return None

    def value(self, best: Superlative, item: Item) -> float | None:
        """Return the number to compare an item by; None where it has none or several."""
        text = self.named(best.attributes, item)
        if text is not None:
            kinds: tuple[Kind, ...] = (best.kind or "number", "money", "date", "time", "duration", "size", "number")
            return next((value for kind in kinds if (value := quantity(text, kind)) is not None), None)
        counted = _before_noun(best.attributes[0], _texts(item)) if len(best.attributes) == 1 else None
        return quantity(_texts(item), best.kind) if counted is None and best.kind else counted

    def fulfils(self, condition: str, item: Item) -> bool:
        """Whether a condition such as `status Open`, `total over 100` or `under $20` holds for an item."""
        masked = mask(condition, atoms=False)
        text = re.sub(r"^(?:the|its|an?)\s+", "", masked.text.strip(), flags=re.IGNORECASE)
        if compared := _compared_number(masked, text):
            return self._compared(*compared, item)
        for cut in range(len(text.split()) - 1, 0, -1):
            pieces = text.split()
            label, rest = " ".join(pieces[:cut]), " ".join(pieces[cut:])
            negated = bool(re.match(r"(?:is|are)\s+not\s+|is\s?n[o'’]t\s+", rest, re.IGNORECASE))
            rest = re.sub(r"^(?:(?:is|are)(?:\s+not)?|is\s?n['’]t|equals?|of|=|:)\s+", "", rest, flags=re.IGNORECASE)
            value = self.named([masked.content(label).rstrip(" :=")], item)
            if value is not None:
                return _equal(masked.content(rest), value) != negated
        wanted = masked.content(text)
        own = [item.element.name] if item.element and not item.members else []
        return any(same(wanted, each, case=False) for each in (*own, *_parts(item)))

    def mentions(self, condition: str, item: Item) -> bool:
        """Whether an item has the words of a condition that compares nothing within a longer text."""
        masked = mask(condition, atoms=False)
        if _compared_number(masked, masked.text):
            return False
        pieces = masked.text.split()
        labels = [masked.content(" ".join(pieces[:cut])).rstrip(" :=") for cut in range(1, len(pieces))]
        if any(self.named([label], item) is not None for label in labels):
            return False  # the value under this name is another one
        return contains(_texts(item), masked.content(masked.text), case=False)

    def _compared(self, name: str, sign: str, limit: float, said: str, item: Item) -> bool:
        kind = _unit_of(said)
        if kind:
            limit = quantities(said, kind)[0]
        text = self.named([name], item) if name else _texts(item)
        if text is None:
            value = _before_noun(name, _texts(item))
        else:
            value = quantity(text, kind or ("number" if name else "money"))
        return value is not None and COMPARE[sign](value, limit)


def items_of_words(text: str, elements: Sequence[Element]) -> list[Item]:
    """Return the items that have all words of a name in texts of their own: first and last name in two columns."""
    wanted = set(words(text))
    if len(wanted) < 2:
        return []
    for group in groups(elements):
        found = []
        for item in group.items:
            own = [set(words(part)) for part in _parts(item)]
            if wanted <= set().union(*(each for each in own if each <= wanted)):
                found.append(item)
        if found:
            return found
    return []


def names_in(phrase: str) -> list[str]:
    """Return the names that a phrase may give, the most literal first: `Ada`, `user @ada` and then `@ada`."""
    texts = [each.text for each in readings(phrase) if each.text and not each.relation]
    bare = [re.sub(r"^(?:[a-z]+\s+){1,2}(?=[@#\d]|[A-Z]\w)", "", text) for text in texts]
    return list(dict.fromkeys(text for text in (*texts, *bare) if text))


def items_named(phrase: str, elements: Sequence[Element]) -> list[Item]:
    """Return the items that have a name of a phrase word for word, in one text or in several columns."""
    for name in names_in(phrase):
        found = [item for item in items_known_by(name, elements) if contains(_texts(item), name, case=False)]
        if found or (found := items_of_words(name, elements)):
            return found
    return []


def column_values(name: str, elements: Sequence[Element]) -> list[str]:
    """Return the values under the head of a column, from top to bottom; empty where no column is called so."""
    heads = [each for each in elements if each.role == "columnheader" and alike(name, each.name).score >= _CALLED]
    if not heads:
        return []
    head = max(heads, key=lambda each: alike(name, each.name).score)
    x = head.box.centre.x
    cells = [each for each in elements if each.role in _CELLS and each.box.left <= x < each.box.right]
    return [each.name or each.value for each in sorted(cells, key=lambda each: each.box.top)]


def in_order(values: Sequence[str], *, down: bool = False) -> bool:
    """Whether values go upwards (or downwards): as dates, amounts or numbers where all are such, else as words."""
    kinds: tuple[Kind, ...] = ("date", "money", "size", "duration", "time", "number")
    for kind in kinds:
        numbers = [quantity(value, kind) for value in values]
        if None not in numbers:
            return numbers == sorted(numbers, reverse=down)  # type: ignore[type-var]
    texts = [normal(value) for value in values]
    return texts == sorted(texts, reverse=down)


def _equal(wanted: str, value: str) -> bool:
    numbers = number_of(wanted), number_of(value)
    return same(wanted, value, case=False) or (
        None not in numbers and numbers[0] == numbers[1] and not _has_letters(wanted)
    )


def _has_letters(text: str) -> bool:
    """Whether a text has letters, so that its number alone does not say what it is."""
    return bool(re.search(r"[^\W\d_]", text))


def _before_noun(noun: str, text: str) -> float | None:
    """The number that stands before or after a noun: “42 reviews”, “Points 42”."""
    name = r"\W+".join(re.escape(stem(word)) + r"\w*" for word in words(noun))
    found = [
        value
        for hit in re.finditer(rf"(?P<a>[\d.,]*\d)\s+{name}\b|\b{name}\s*[:=]?\s*(?P<b>\d[\d.,]*)", text, re.IGNORECASE)
        if (value := number_of((hit["a"] or hit["b"]).strip(".,"))) is not None
    ]
    return found[0] if len(set(found)) == 1 else None


def _parts(item: Item) -> list[str]:
    return [text for each in item.members for text in (each.name, "" if each.secret else each.value) if text]


def _texts(item: Item) -> str:
    """Everything written in an item, a space between its parts."""
    return " ".join(dict.fromkeys([item.text, *_parts(item)]))


def _shared(one: Element, two: Element) -> int:
    return min(one.box.right, two.box.right) - max(one.box.left, two.box.left)


def chosen_in(item: Item, verbs: Sequence[str] = ()) -> Match | None:
    """Return what to press to choose an item: itself, its box, its button called like a verb, or its main link."""
    if item.element and item.element.acts:
        return Match(item.element, 0.9, "")
    boxes = [each for each in item.members if each.checked is not None]
    if len(boxes) == 1:
        return Match(boxes[0], 0.9, "")
    pressed = [each for each in item.members if each.role in {"button", "link", "clickable"} and each.enabled]
    called_so = [each for each in pressed if any(alike(verb, each.name).score >= 0.8 for verb in verbs)]
    if called_so:
        found = Match(called_so[0], 0.9, "")
        return replace(found, rivals=tuple(Match(each, 0.9, "") for each in called_so[1:]))
    main = pressed[0] if len(pressed) == 1 else item.principal()
    return Match(main, 0.85, "") if main else None
