"""What a phrase such as "the second Delete button next to Invoice 12" can mean.

A phrase has several readings: "First name" is a label, or the first thing called "name". All of them are listed, the
most literal first; matching tries them on the screen and keeps what fits best.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from handeye.perception.phrases.quoting import QUOTED, mask

if TYPE_CHECKING:
    from collections.abc import Callable

#: What people call a kind of thing, and the element roles that may be meant by it.
ROLE_WORDS: dict[str, str] = {
    word: role
    for role, names in {
        "button": "button|btn|push button",
        "link": "link|hyperlink",
        "field": "field|text field|textfield|text box|textbox|input|input field|input box|text area|textarea"
        "|entry field|edit field|edit box|text input|form field|entry",
        "search": "search box|search field|search bar|search input",
        "checkbox": "checkbox|check box|tick box|tickbox|check-box",
        "radio": "radio button|radio|option button|radio-button",
        "switch": "switch|toggle|toggle switch",
        "list": "drop-down|dropdown|drop down|drop-down list|dropdown list|drop-down menu|dropdown menu"
        "|select box|select|select field|combo box|combobox|list box|listbox|selector|picker|list|chooser|selection",
        "option": "option|choice|suggestion",
        "tab": "tab",
        "menuitem": "menu item|menu entry|menu option",
        "menu": "menu",
        "icon": "icon|image|picture|logo|photo|thumbnail|symbol|avatar",
        "heading": "heading|headline|title|header",
        "row": "row|table row|line",
        "item": "result|search result|item|list item|product|article|record|message|card|hit|post|task|match|offer|tile"
        "|todo|to-do|comment|note|email|mail|chat|conversation|file|folder|contact|event|page|story|video|song|entry|listing|order",
        "cell": "cell|table cell",
        "column": "column",
        "slider": "slider|range",
        "spin": "spin button|spinner|number field|stepper",
        "dialog": "dialog|dialogue|dialog box|popup|pop-up|pop up|modal|window|prompt|overlay|message box",
        "area": "section|panel|form|group|area|region|toolbar|bar|menu bar|sidebar|table|block|pane|fieldset",
        "text": "text|label|word|words|paragraph",
        "box": "box",
        "thing": "element|control|thing|one|entry",
    }.items()
    for word in names.split("|")
}  # fmt: skip
#: Later groups must not take a word from earlier ones that are more often meant.
ROLE_WORDS |= {"list": "list", "card": "item", "entry": "item", "form": "area", "header": "heading", "menu bar": "area"}

_PLURAL = {f"{word}s": role for word, role in ROLE_WORDS.items()} | {
    "boxes": "box", "checkboxes": "checkbox", "check boxes": "checkbox", "text boxes": "field", "entries": "item",
    "stories": "item", "switches": "switch", "matches": "item", "textboxes": "field", "search boxes": "search",
    "list boxes": "list", "people": "item", "tick boxes": "checkbox",
}  # fmt: skip
ANY_ROLE = ROLE_WORDS | _PLURAL

_NUMBERS = {word: n for n, names in enumerate(
    ("first|1st", "second|2nd", "third|3rd", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
     "eleventh", "twelfth"), start=1) for word in names.split("|")}  # fmt: skip
_LAST = {
    "last": -1,
    "final": -1,
    "bottommost": -1,
    "topmost": 1,
    "penultimate": -2,
    "second to last": -2,
    "second last": -2,
    "next to last": -2,
    "second-to-last": -2,
    "third to last": -3,
    "third last": -3,
}

_ARTICLE = re.compile(
    r"^(?:(?:on|onto|at|upon)\s+)?(?:(?:the|an?|this|that|its|my|your|our|their|any)\s+)?", re.IGNORECASE
)
#: An ordinal at the beginning of a noun phrase: see `ordinal_of`.
ORDINAL = re.compile(
    r"^(?:very\s+)?(?P<word>(?:second|third|next)[ -](?:to[ -])?last|last|final|topmost|bottommost|penultimate|"
    + "|".join(_NUMBERS)
    + r"|(?P<digits>\d{1,3})(?:st|nd|rd|th)\b\.?|(?:number|no\.?|nr\.?|#)\s?(?P<hash>\d{1,3}))(?=\s|$)\s*"
    r"(?:(?:one\s+)?(?:of|among|in)\s+(?:all\s+)?(?:the\s+)?)?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"^(?P<noun>[a-z][a-z \-]*?)\s+(?:number\s+|no\.?\s+|nr\.?\s+|#\s?)?(?P<n>\d{1,3})$", re.IGNORECASE
)
_SPOT = (
    r"(?P<place>(?:top|upper|bottom|lower)(?:[ -]?(?:most|left|right|cent(?:er|re)|middle))?"
    r"|(?:left|right)(?:most)?|middle|cent(?:er|re))(?:[ -]hand)?"
)
_PLACE_END = re.compile(
    r"[\s,]+(?:(?:which is|that is|that's|located|shown)\s+)?(?:at|in|on|to|near|along|towards?)\s+(?:the\s+)?"
    rf"(?:very\s+)?(?:far\s+)?{_SPOT}(?:\s+(?:corner|side|part|edge|half|end|area))?"
    r"(?:\s+(?:of|on|in)\s+(?:the\s+|this\s+)?(?:whole\s+)?(?:page|screen|window|site|website|app|view|display))?$",
    re.IGNORECASE,
)
_PLACE_START = re.compile(rf"^{_SPOT}(?:\s+corner)?(?=\s)\s+(?!of\b|to\b)", re.IGNORECASE)

_COUNTED_FROM = re.compile(
    r"\s+(?:counting\s+|counted\s+)?from\s+(?:the\s+)?(?P<side>left|right|top|bottom)$", re.IGNORECASE
)

_CLOSELY = r"(?:(?:directly|just|right|immediately)\s+)?"
_SIDE = r"(?:to|on|at)\s+the\s+%s(?:[ -]hand)?(?:\s+side)?\s+(?:of|to|from)|%s\s+of"
#: Words between a target and the words that identify it.
RELATIONS: tuple[tuple[str, str], ...] = (
    ("right", _CLOSELY + _SIDE % ("right", "right")),
    ("left", _CLOSELY + _SIDE % ("left", "left")),
    ("below", _CLOSELY + r"(?:below|underneath|under|beneath)"),
    ("above", _CLOSELY + r"(?:above|over|on\s+top\s+of)"),
    (
        "near",
        _CLOSELY
        + r"(?:next\s+to|besides?|close\s+to|adjacent\s+to|alongside|near(?:\s+to)?|by|opposite|across\s+from)",
    ),
    ("after", r"after|following|behind"),
    ("before", r"before|preceding|in\s+front\s+of"),
    (
        "named",
        (
            r"(?:(?:which|that)\s+is\s+|that's\s+)?(?:labell?ed|called|named|titled|captioned|marked)(?:\s+as)?"
            r"|(?:that|which)\s+(?:says|reads)|saying|reading"
            r"|with\s+(?:the\s+)?(?:text|label|name|title|caption|placeholder)(?:\s+of)?"
        ),
    ),
    (
        "with",
        r"(?:that|which)\s+(?:contains|has|holds|shows|includes|mentions)|containing|showing|including|with",
    ),
    ("for", r"for|belonging\s+to|about"),
    ("inside", r"inside(?:\s+of)?|within|in|on|of|from|at"),
)


#: What things look like: the matcher does not see colours, so these words only help people.
_LOOKS = re.compile(
    r"\b(?:blue|red|green|yellow|orange|purple|violet|pink|grey|gray|black|white|brown|teal|dark|light|big|large|small"
    r"|little|tiny|round|square|bold|coloured|colored|highlighted|main|primary)\s+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Query:
    """One reading of a phrase. Empty fields ask for nothing."""

    text: str = ""
    """What it is called, without quotes."""
    role: str = ""
    """One of the values of ROLE_WORDS."""
    ordinal: int = 0
    """1 the first, 2 the second, -1 the last …"""
    place: str = ""
    """Words among top, bottom, left, right, middle."""
    relation: str = ""
    anchor: str = ""
    """The phrase that the relation refers to."""
    quoted: bool = False
    """The text stood in quotes: its words are the label itself, no hints."""
    cost: float = 0.0
    """Taken off the score: a reading that takes more liberties must fit better."""
    strict: bool = False
    """Words were left out of the text, so what is left must be the whole name."""
    rebound: bool = False
    """The name at the phrase's end belongs to its first noun: `the button in the dialog labelled "OK"`."""
    counted_from: str = ""
    """Where an ordinal counts from, when that is said: left, right, top or bottom."""


@lru_cache(maxsize=4096)
def readings(phrase: str) -> tuple[Query, ...]:
    """What the phrase can mean, the most literal first."""
    masked = mask(" ".join(phrase.split()), atoms=False)
    whole = masked.text.strip(" ,.;:!") or masked.text.strip()
    quoted = bool(re.search(QUOTED, whole))
    bare = _ARTICLE.sub("", whole, count=1) or whole
    found: list[Query] = []
    if re.fullmatch(QUOTED, bare):
        return (Query(text=masked.content(bare), quoted=True),)
    if not quoted:
        found.append(Query(text=whole))
        if bare != whole:
            found.append(Query(text=bare))
    found += _described(bare, "", "", masked.content, 0.0)
    for relation, pattern in RELATIONS:
        for hit in re.finditer(rf"(?:^|(?<=\s))(?:{pattern})(?=\s)", bare, re.IGNORECASE):
            head, anchor = bare[: hit.start()].strip(" ,"), bare[hit.end() :].strip(" ,")
            if anchor and (head or relation in ("named", "with")):
                found += _related(head, relation, anchor, masked.content, masked.restore)
    if owner := re.match(rf"(?P<owner>{QUOTED}|[^\"]+?)'s\s+(?P<rest>\S.*)$", bare):
        found += _described(owner["rest"], "with", masked.restore(owner["owner"]), masked.content, 0.03)
    if side := _COUNTED_FROM.search(bare):
        plain = _described(bare[: side.start()], "", "", masked.content, 0.0)
        found += [replace(query, counted_from=side["side"].lower()) for query in plain if query.ordinal]
    unique = {(q.counted_from, q.text, q.role, q.ordinal, q.place, q.relation, q.anchor): q for q in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda query: query.cost))


def _related(
    head: str, relation: str, anchor: str, content: Callable[[str], str], restore: Callable[[str], str]
) -> list[Query]:
    if relation == "named" or (relation == "for" and _role_of(_strip(head))):
        role_queries = _described(_strip(head), "", "", content, 0.02)
        quoted = bool(re.search(QUOTED, anchor))
        inner = readings(restore(head)) if relation == "named" and quoted else ()
        rebound = [
            replace(q, text=content(anchor), quoted=True, rebound=True, cost=q.cost + 0.02)
            for q in inner
            if q.relation and not q.text
        ]
        return (
            rebound
            + [
                Query(content(anchor), q.role, q.ordinal, q.place, quoted=bool(re.search(QUOTED, anchor)), cost=q.cost)
                for q in role_queries
                if not q.text
            ]
            + (_described(_strip(head), "near", restore(anchor), content, 0.04) if relation == "for" else [])
        )
    kind = {"for": "near", "with": "with"}.get(relation, relation)
    return _described(_strip(head), kind, restore(anchor), content, 0.02)


def _described(head: str, relation: str, anchor: str, content: Callable[[str], str], cost: float) -> list[Query]:
    """Readings of the part before a relation: place, ordinal, role and text in all the ways they can be cut."""
    found: list[Query] = []
    for place, rest, place_cost in _places(head):
        for ordinal, noun, ordinal_cost in _ordinals(rest):
            for role, text, role_cost in _roles(noun):
                found += _core(text, role, ordinal, place, relation, anchor, content, cost + place_cost + ordinal_cost)
                words = content(text).strip(" ,")
                if not (words or role or ordinal):
                    continue
                role = role or ("item" if not words else "")
                quoted = bool(re.search(QUOTED, text))
                total = cost + place_cost + ordinal_cost + role_cost
                found.append(Query(words, role, ordinal, place, relation, anchor, quoted, total))
    return found


def _core(
    text: str,
    role: str,
    ordinal: int,
    place: str,
    relation: str,
    anchor: str,
    content: Callable[[str], str],
    cost: float,
) -> list[Query]:
    """The quoted part alone (“the blue "Save" button”), or the words without what they look like."""
    if (hit := re.search(QUOTED, text)) and not re.fullmatch(QUOTED, text.strip()):
        rest = _LOOKS.sub("", f"{text[: hit.start()]} {text[hit.end() :]} ").strip()
        # Whatever kind of thing one word says it is (“the "Rain" playlist”), its name stands in the quotes.
        known = not rest or bool(_role_of(rest))
        named = known or (hit.start() == 0 and rest.isalpha())
        cost += 0.05 if known else 0.08
        return [Query(content(hit[0]), role, ordinal, place, relation, anchor, True, cost=cost)] if named else []
    if (bare := _LOOKS.sub("", text)) != text and bare.strip() and not _role_of(bare):
        return [Query(bare.strip(), role, ordinal, place, relation, anchor, cost=cost + 0.05, strict=True)]
    return []


def _places(head: str) -> list[tuple[str, str, float]]:
    found = [("", head, 0.0)]
    end = _PLACE_END.search(f" {head}")
    if end:
        found.append((_place(end["place"]), f" {head}"[: end.start()].strip(), 0.01))
    elif start := _PLACE_START.match(head):
        found.append((_place(start["place"]), head[start.end() :], 0.01))
    return found


def _place(words: str) -> str:
    names = {"upper": "top", "lower": "bottom", "center": "middle", "centre": "middle", "most": ""}
    return " ".join(
        filter(
            None,
            (
                names.get(word, word)
                for word in re.findall(r"top|upper|bottom|lower|left|right|middle|cent(?:er|re)", words.lower())
            ),
        )
    )


def _ordinals(head: str) -> list[tuple[int, str, float]]:
    found: list[tuple[int, str, float]] = [(0, head, 0.0)]
    if hit := ORDINAL.match(head):
        if number := ordinal_of(hit):
            found.append((number, _strip(head[hit.end() :]), 0.01))
    elif (hit := _NUMBERED.match(head)) and hit["noun"].lower() in ANY_ROLE and int(hit["n"]):
        found.append((int(hit["n"]), hit["noun"], 0.02))
    return found


def ordinal_of(hit: re.Match[str]) -> int:
    """Return the number that a match of `ORDINAL` means: 1 the first, -1 the last; 0 if it is none."""
    word = re.sub(r"[ -]+", " ", hit["word"].lower())
    digits = hit["digits"] or hit["hash"]
    return int(digits) if digits else _NUMBERS.get(word) or _LAST.get(word, 0)


def _roles(head: str) -> list[tuple[str, str, float]]:
    """(role, the other words) in every way a role word can be cut off the end or the start."""
    found = [("", head, 0.0)]
    if not head:
        return found
    if whole := _role_of(head):
        return [(whole, "", 0.0), *found]
    pieces = head.split(" ")
    for length in (3, 2, 1):
        if len(pieces) > length:
            if role := _role_of(" ".join(pieces[-length:])):
                found.append((role, " ".join(pieces[:-length]), 0.0))
            if role := _role_of(" ".join(pieces[:length])):
                cost = 0.0 if re.match(QUOTED, pieces[length]) else 0.03
                found.append((role, " ".join(pieces[length:]), cost))
    return found


def _role_of(words: str) -> str:
    return ANY_ROLE.get(words.lower().strip(" ,:"), "")


def _strip(words: str) -> str:
    return _ARTICLE.sub("", words.strip(" ,"), count=1)
