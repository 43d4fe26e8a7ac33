"""Reading a value off the screen: "the order number", "the price of the lamp", "the heading"."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from handeye.perception.phrases.matching import ENOUGH, find
from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import alike, normal, words
from handeye.perception.reading.groups import items_called, items_with
from handeye.policies.plain_english.counting import how_many
from handeye.policies.plain_english.described import (
    Columns,
    UnclearItem,
    column_values,
    compares,
    described,
    items_of_words,
)
from handeye.policies.plain_english.quantities import EXTREMES, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handeye.perception.observation import Observation
    from handeye.perception.phrases.matching import Want
    from handeye.perception.reading.groups import Item
    from handeye.tools.element import Element

_MONEY = re.compile(
    r"(?:[$€£¥₹]|USD|EUR|GBP|CHF)\s?\d[\d.,' ]*\d|(?:[$€£¥₹])\s?\d|\d[\d.,' ]*\s?(?:[$€£¥₹]|USD|EUR|GBP|CHF|kr|zł)",
    re.IGNORECASE,
)
_PRICE = re.compile(r"\b(?:price|cost|costs|amount)\b", re.IGNORECASE)
_OF = re.compile(r"^(?P<what>.+?)\s+(?:of|for|in|from|on|next to|beside)\s+(?P<whose>.+)$", re.IGNORECASE)
#: Words for a place that say no more than that it is on the screen.
_SHOWN = re.compile(
    r"\s+(?:(?:that\s+is\s+|which\s+is\s+)?(?:shown|displayed|given|written|printed|listed|above|below|here)\b\s*)?"
    r"(?:(?:on|in|from)\s+(?:the|this)\s+(?:page|screen|window))?$",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    rf"^(?:the\s+)?(?P<figure>sum|total|average|mean|{'|'.join(EXTREMES)})(?:\s+(?:value|number|amount))?"
    r"\s+(?:of|in)\s+(?:the\s+|all\s+(?:the\s+)?)*(?P<column>.+?)(?:\s+(?:column|values))?$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"^\s*(?:(?:(?:is|are|was|no|number|of)\b\.?|=|:|[–\-—](?![\d.,€$£¥])|#)\s*)*[:=]?\s*", re.IGNORECASE
)
_VALUE = re.compile(r"[#\w][\w\-./@]*\d[\w\-./]*|\d[\d.,]*")


def read_value(what: str, observation: Observation) -> str:
    """The text that a phrase asks for; empty when the screen does not say."""
    what = re.sub(r"^(?:the\s+)?(?:value|text|contents?)\s+(?:of|in)\s+", "", what.strip(), flags=re.IGNORECASE)
    what = _SHOWN.sub("", what)
    wanted = unquote(what).strip()
    low = re.sub(r"^(?:the|a|an|its|this)\s+", "", wanted.lower())
    if re.fullmatch(r"(?:page\s+|window\s+|tab\s+)?title", low):
        return observation.signals.title or _heading(observation)
    if re.fullmatch(r"(?:current\s+|page\s+)?(?:url|address|link|location)", low) and observation.signals.url:
        return observation.signals.url
    if re.fullmatch(r"(?:first\s+|main\s+|page\s+)?(?:heading|headline)", low):
        return _heading(observation)
    if re.fullmatch(r"(?:whole\s+|entire\s+)?(?:page|screen|text|page text|text on the page|everything)", low):
        return "\n".join(dict.fromkeys(element.name for element in _all(observation) if element.name))[:4000]
    if count := re.fullmatch(r"(?:number|count)\s+of\s+(?P<n>.+)", low):
        return str(how_many(count["n"], observation))
    wanted = re.sub(r"^(?:the|its|this|my|your)\s+(?=\w)", "", wanted, flags=re.IGNORECASE)
    ways: tuple[Callable[[str, Observation], str], ...] = (
        _by_field,
        _of_column,
        _by_item,
        _by_label,
        _in_sentence,
        _named_thing,
    )
    if any(normal(element.name) == normal(wanted) for element in _all(observation)):
        ways = (_by_field, _by_label, *ways)  # “Year of Birth” is a label, and no year in something called “Birth”
    for way in ways:
        if value := way(what if way in (_by_field, _named_thing) else wanted, observation):
            return value
    shorter = re.sub(r"\s+(?:date|time|value|text|amount|number|name)$", "", wanted, flags=re.IGNORECASE)
    return (_by_label(shorter, observation) or _in_sentence(shorter, observation)) if shorter != wanted else ""


def _all(observation: Observation) -> Sequence[Element]:
    return observation.elements or observation.words


def _heading(observation: Observation) -> str:
    return next((element.name for element in observation.elements if element.role == "heading" and element.name), "")


def _by_field(what: str, observation: Observation) -> str:
    wants: tuple[Want, ...] = ("type", "choose")
    for want in wants:
        found = find(what, observation.elements, want=want, size=_size(observation))
        if found and found[0].score >= 0.85 and not found[0].element.secret and found[0].element.value:
            return found[0].element.value
    return ""


def _of_column(wanted: str, observation: Observation) -> str:
    """`the sum of the Amount column`: a figure of all numbers of a column."""
    hit = _FIGURE.match(wanted)
    cells = column_values(unquote(hit["column"]), observation.elements) if hit else []
    numbers = [number_of(cell) for cell in cells]
    known = [number for number in numbers if number is not None]
    if hit is None or not known or len(known) < len(cells):
        return ""
    figure = hit["figure"].lower()
    if figure in EXTREMES:
        best = max if EXTREMES[figure] > 0 else min
        return cells[numbers.index(best(known))]
    total = sum((Fraction(str(number)) for number in known), Fraction())
    total = total / len(known) if figure in ("average", "mean") else total
    return str(total.numerator) if total.denominator == 1 else f"{float(total):.2f}".rstrip("0").rstrip(".")


def _by_item(wanted: str, observation: Observation) -> str:
    """`X of Y`, where Y names a row, a card or a result and X something in it."""
    hit = _OF.match(wanted)
    if not hit:
        return ""
    items = _items(hit["whose"], observation)
    if not items:
        return ""
    item = items[0]
    if value := Columns(observation.elements).named([hit["what"]], item):
        return value
    if _PRICE.search(hit["what"]) and (money := _MONEY.search(item.text)):
        return money[0].strip()
    named = [member for member in item.members if alike(hit["what"], member.name).score >= 0.7]
    for member in named:
        if rest := _after(hit["what"], member.name):
            return rest
    if re.fullmatch(r"(?:the\s+)?(?:name|title|text|content|heading)", hit["what"], re.IGNORECASE):
        main = item.principal()
        return main.name if main and main.name else item.text
    return ""


def _items(whose: str, observation: Observation) -> Sequence[Item]:
    """The rows, cards or results that a phrase names: by their values, their number, or their name."""
    elements = observation.elements
    try:
        if compares(whose, elements):
            return described(whose, elements, _size(observation)) or []
    except UnclearItem:
        return []
    query = readings(whose)[-1]
    if query.ordinal:
        items = list(items_called("", query.role, elements))
        place = query.ordinal - 1 if query.ordinal > 0 else query.ordinal
        return [items[place]] if -len(items) <= place < len(items) else []
    name = unquote(re.sub(r"^(?:the|a|an)\s+", "", whose, flags=re.IGNORECASE))
    return items_with(name, elements) or items_of_words(name, elements)


def _by_label(wanted: str, observation: Observation) -> str:
    """A label, and the text next to it or below it."""
    texts = [
        element
        for element in _all(observation)
        if element.name and element.role not in {"button", "link", "table", "list"}
    ]
    ranked = sorted(texts, key=lambda element: (-round(alike(wanted, element.name).score, 2), len(element.name)))
    for label in ranked[:3]:
        score, why = alike(wanted, label.name)
        if score < 0.8:
            break
        if (score < 0.92 or label.name.casefold().startswith(wanted.casefold() + ":")) and (
            rest := _after(wanted, label.name)
        ):
            return _without_controls(rest, label, observation)
        beside = _beside(label, _all(observation)) if score >= 0.9 else None
        if beside and (why != "the same but for a number" or beside.box.top < label.box.bottom - 4):
            return beside.value or beside.name
        if rest := _after(wanted, label.name):
            return _without_controls(rest, label, observation)
    return ""


def _without_controls(text: str, line: Element, observation: Observation) -> str:
    """A value without the names of the links and buttons that end its line: “ada@x.org Change” is “ada@x.org”."""
    for element in reversed(observation.elements):
        inside = element.acts and element.name and line.box.holds(element.box.centre)
        if inside and len(text) > len(element.name) and text.endswith(element.name):
            text = text[: -len(element.name)].rstrip(" \t,;|·")
    return text


def _after(wanted: str, text: str) -> str:
    """What follows the wanted words in a text: `4711` in “Order number: 4711”."""
    at = normal(text).find(normal(wanted))
    if at < 0 or len(normal(text)) != len(" ".join(text.split())):
        tokens = words(wanted)
        hit = re.search(r"\W+".join(map(re.escape, tokens)), text, re.IGNORECASE) if tokens else None
        rest = text[hit.end() :] if hit else ""
    else:
        rest = " ".join(text.split())[at + len(normal(wanted)) :]
    rest = _BETWEEN.sub("", rest).strip(" \t:;,.")
    return rest if re.search(r"\w", rest) else ""


def _in_sentence(wanted: str, observation: Observation) -> str:
    """A sentence that holds the wanted words: what follows them, up to the end of the sentence."""
    tokens = words(wanted)
    for element in _all(observation):
        if (
            len(tokens)
            and all(token in words(element.name) for token in tokens)
            and len(words(element.name)) > len(tokens)
        ):
            rest = _after(wanted, element.name)
            rest = re.split(r"(?<=\w)[.!?](?:\s|$)|;", rest)[0].strip() if rest else ""
            if rest:
                short = _VALUE.match(rest)
                return (
                    short[0].rstrip(".,")
                    if short and re.search(r"\b(?:number|code|id|no|nr)\b", wanted, re.I)
                    else rest
                )
            if value := _VALUE.search(element.name):
                return value[0].rstrip(".,")
    return ""


def _beside(label: Element, elements: Sequence[Element]) -> Element | None:
    height = max(12, label.box.height)
    right: list[tuple[int, Element]] = []
    below: list[tuple[int, Element]] = []
    for element in elements:
        if (
            element is label
            or not (element.name or element.value)
            or element.role in {"row", "list", "table", "listitem", "group", "form"}
        ):
            continue
        on_line = min(element.box.bottom, label.box.bottom) - max(element.box.top, label.box.top)
        if on_line > 0.4 * min(element.box.height, label.box.height) and element.box.left >= label.box.right - 4:
            right.append((element.box.left - label.box.right, element))
        elif (
            0 <= element.box.top - label.box.bottom <= 2 * height
            and abs(element.box.left - label.box.left) <= 3 * height
        ):
            below.append((element.box.top - label.box.bottom, element))
    for side in (right, below):
        if side and label.role != "heading":
            return min(side, key=lambda pair: pair[0])[1]
    return min(below, key=lambda pair: pair[0])[1] if below else None


def _named_thing(what: str, observation: Observation) -> str:
    """Whatever the phrase itself means: an item's text, an element's value or name."""
    found = find(what, _all(observation), want="read", size=_size(observation))
    if not found or found[0].score < ENOUGH:
        return ""
    element = found[0].element
    if element.secret:
        return ""
    return element.value or element.name


def _size(observation: Observation) -> tuple[int, int]:
    return observation.screenshot.width, observation.screenshot.height
