"""Reading a value off the screen: "the order number", "the price of the lamp", "the heading"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.perception.phrases.matching import ENOUGH, find
from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import alike, normal, words
from handeye.perception.reading.groups import items_called, items_with
from handeye.policies.plain_english.counting import how_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.observation import Observation
    from handeye.perception.phrases.matching import Want
    from handeye.tools.element import Element

_MONEY = re.compile(
    r"(?:[$€£¥₹]|USD|EUR|GBP|CHF)\s?\d[\d.,' ]*\d|(?:[$€£¥₹])\s?\d|\d[\d.,' ]*\s?(?:[$€£¥₹]|USD|EUR|GBP|CHF|kr|zł)",
    re.IGNORECASE,
)
_PRICE = re.compile(r"\b(?:price|cost|costs|amount)\b", re.IGNORECASE)
_OF = re.compile(r"^(?P<what>.+?)\s+(?:of|for|in|from|on|next to|beside)\s+(?P<whose>.+)$", re.IGNORECASE)
_BETWEEN = re.compile(
    r"^\s*(?:(?:(?:is|are|was|no|number|of)\b\.?|=|:|[–\-—](?![\d.,€$£¥])|#)\s*)*[:=]?\s*", re.IGNORECASE
)
_VALUE = re.compile(r"[#\w][\w\-./@]*\d[\w\-./]*|\d[\d.,]*")


def read_value(what: str, observation: Observation) -> str:
    """The text that a phrase asks for; empty when the screen does not say."""
    what = re.sub(r"^(?:the\s+)?(?:value|text|contents?)\s+(?:of|in)\s+", "", what.strip(), flags=re.IGNORECASE)
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
    for way in (_by_field, _by_item, _by_label, _in_sentence, _named_thing):
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


def _by_item(wanted: str, observation: Observation) -> str:
    """`X of Y`, where Y names a row, a card or a result and X something in it."""
    hit = _OF.match(wanted)
    if not hit:
        return ""
    query = readings(hit["whose"])[-1]
    if query.ordinal:
        items = list(items_called("", query.role, observation.elements))
        place = query.ordinal - 1 if query.ordinal > 0 else query.ordinal
        items = [items[place]] if -len(items) <= place < len(items) else []
    else:
        items = items_with(
            unquote(re.sub(r"^(?:the|a|an)\s+", "", hit["whose"], flags=re.IGNORECASE)), observation.elements
        )
    if not items:
        return ""
    item = items[0]
    if _PRICE.search(hit["what"]) and (money := _MONEY.search(item.text)):
        return money[0].strip()
    if column := _cell(hit["what"], item.members, observation):
        return column
    named = [member for member in item.members if alike(hit["what"], member.name).score >= 0.7]
    for member in named:
        if rest := _after(hit["what"], member.name):
            return rest
    if re.fullmatch(r"(?:the\s+)?(?:name|title|text|content|heading)", hit["what"], re.IGNORECASE):
        main = item.principal()
        return main.name if main and main.name else item.text
    return ""


def _cell(column: str, members: Sequence[Element], observation: Observation) -> str:
    heads = [
        each for each in observation.elements if each.role == "columnheader" and alike(column, each.name).score >= 0.8
    ]
    for head in heads:
        under = [each for each in members if each.role in {"cell", "gridcell"} and _shared(each, head) > 0]
        if under:
            best = max(under, key=lambda each: _shared(each, head))
            return best.name or best.value
    return ""


def _shared(one: Element, two: Element) -> int:
    return min(one.box.right, two.box.right) - max(one.box.left, two.box.left)


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
