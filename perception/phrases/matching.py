"""Finding on a screen what a phrase describes, among elements of any source.

`find` answers with every match, the best first. A caller that must not guess asks `rivals` whether others fit as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from handeye.perception.phrases.ambiguity import explain, rivals_of
from handeye.perception.phrases.kinds import NEARLY, SUITS
from handeye.perception.phrases.label_verbs import unexplained
from handeye.perception.phrases.match import Match
from handeye.perception.phrases.phrase import Query, readings
from handeye.perception.phrases.placing import landmark, numbered, placed, related
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.spans import spans, wrapped
from handeye.perception.phrases.wording import PARTLY, alike, is_sign, label_of, stem, way, words
from handeye.perception.reading.fields import field_for, fits_want
from handeye.perception.reading.groups import Item, around, items_called, items_known_by
from handeye.perception.reading.structure import structure_of
from handeye.tools.text_equality import contains

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handeye.perception.observation import Observation
    from handeye.tools.element import Element
    from handeye.tools.geometry import Box

Want = Literal["any", "click", "type", "tick", "choose", "upload", "read"]
"""What is to be done with it: a field is wanted to type into, a checkbox to tick …"""

#: A match below this is no match.
ENOUGH = 0.62

#: Ways of answering to a phrase with more words than the phrase.
_MORE = frozenset({"the same but for a number", "begins with it", "holds it", "holds its words"})


def find(
    phrase: str, elements: Sequence[Element], *, want: Want = "any", size: tuple[int, int] = (0, 0)
) -> list[Match]:
    """Everything on the screen that the phrase can mean, the best first; empty when nothing is good enough.

    `size` is the screen's, in pixels; without it the elements' extent stands in. Boxes in the answer are where to
    point: a part of a line read by OCR has a box of its own.
    """
    size = size if all(size) else _extent(elements)
    elements = elements if isinstance(elements, tuple) else tuple(elements)
    screen = Screen(elements, size, want)
    asked = readings(phrase)
    if any(query.ordinal for query in asked) and is_name(phrase, elements):
        asked = tuple(query for query in asked if not query.ordinal)
    structured = any(query.ordinal or query.place or query.relation or query.quoted for query in asked)
    best: dict[tuple[str, tuple[int, ...]], Match] = {}
    other_bindings: list[Match] = []
    for query in asked:
        plain = not (query.ordinal or query.place or query.relation or query.quoted)
        for match in screen.answer(query):
            if plain and structured and match.why.startswith(("is part", "holds its", "nearly", "any ")):
                continue  # "the third Save" must not settle for "Save"
            score = match.score - query.cost
            key = (match.element.id, tuple(match.element.box))
            if score >= ENOUGH and query.relation and not query.rebound:
                other_bindings.append(match)
            if score >= ENOUGH and (key not in best or best[key].score < score):
                best[key] = replace(match, score=round(score, 4))
    for match in screen.called_by_makers(asked):
        best.setdefault((match.element.id, tuple(match.element.box)), match)
    order = {element.id: place for place, element in enumerate(elements)}

    def rank(match: Match) -> tuple[bool, float, int, int]:
        element = match.element
        away = (0.03 if element.box.within(*size) is None else 0.0) + (0.01 if element.covered else 0.0)
        return (element.inert and want != "read", away - match.score, order.get(element.id, 0), element.box[0])

    found = sorted(best.values(), key=rank)
    if not found or want == "read":
        return found
    tied = rivals_of(found[0], found[1:], elements)
    if any(query.rebound for query in asked):  # the quoted name can belong to either noun
        tied += tuple(each for each in other_bindings if each.element.id != found[0].element.id and each not in tied)
    return [replace(found[0], rivals=tied), *found[1:]]


def unclear(phrase: str, match: Match, elements: Sequence[Element], size: tuple[int, int]) -> str:
    """Why a match was not taken that has rivals: who they are and how to tell them apart; empty where it has none."""
    if not match.rivals:
        return ""

    def means(hint: str) -> str:
        found = find(hint, elements, want="click" if match.element.acts else "any", size=size)
        return found[0].element.id if found and not found[0].rivals else ""

    order = {element.id: place for place, element in enumerate(elements)}
    tied = sorted((match, *match.rivals), key=lambda each: (order.get(each.element.id, 0), each.element.box))
    return explain(phrase, tied, elements, means)


def withheld(phrase: str, elements: Sequence[Element]) -> tuple[str, str] | None:
    """Return the label of a control that has the words of a phrase, and the verb of the label that the phrase lacks."""
    for query in readings(phrase):
        for element in elements:
            if query.text and element.acts and not element.takes_text:
                label = label_of(element)
                why, more = alike(query.text, label).why, unexplained(query.text, label)
                if more and PARTLY <= way(why) < way("nearly the same"):
                    return label, more
    return None


#: Words in the names of icons that do not describe their purpose.
FILLERS = frozenset(
    ("btn", "button", "toggle", "toggler", "icon", "link", "dropdown", "menu", "nav", "navbar", "item", "trigger", "js")
)


def permitted(read: Sequence[Match], phrase: str, elements: Sequence[Element]) -> list[Match]:
    """Of matches that were read off the picture, those that say more than the platform's own elements do.

    Not those that press a control which does more than the phrase says; nor, where a relation, a place or a number says
    which is meant, those on a control that the platform names in the same words: that was judged by its structure.
    """
    acting = [element for element in elements if element.acts and not element.takes_text and element.checked is None]
    more = [element.box for element in acting if withheld(phrase, [element])]
    told = any(query.ordinal or query.place or query.relation for query in readings(phrase))

    def judged(match: Match) -> bool:
        own = (each for each in acting if each.box.holds(match.element.box.centre))
        return told and any(alike(match.element.name, each.name, True).score >= 0.9 for each in own)

    free = [match for match in read if not any(box.holds(match.element.box.centre) for box in more)]
    return [match for match in free if not judged(match)]


def nearest(phrase: str, elements: Iterable[Element], count: int = 5) -> list[str]:
    """The names on the screen that come closest to a phrase, for an error that helps."""
    from rapidfuzz import fuzz, process, utils

    names = list(dict.fromkeys(element.name.strip() for element in elements if 0 < len(element.name.strip()) <= 60))
    texts = [query.text for query in readings(phrase) if query.text][-1:] or [phrase]
    found = process.extract(texts[0], names, scorer=fuzz.WRatio, processor=utils.default_process, limit=count)
    return [name for name, score, _ in found if score >= 45]


def shows(observation: Observation, text: str) -> bool:
    """Whether the text stands on the page or, where the platform knows no elements, in the picture.

    It may be a part of a longer text, but of no longer word or number: see `comparing.contains`. Case, spaces, quotes
    and dashes do not matter, signs do. Text that must be scrolled to counts; a secret's value does not.
    """
    if any(contains(part, text, case=False) for part in texts(observation)):
        return True
    if observation.elements and not observation.signals.unanswered:
        plain = " ".join(element.name for element in observation.elements if not element.acts)
        return contains(plain, text, case=False)
    lines = [element.name for element in observation.words]
    if any(contains(line, text, case=False, spaces=False) for line in (*lines, " ".join(lines))):
        return True
    return len(text) >= 5 and any(alike(text, line, True).score >= 0.93 for line in lines)


def texts(observation: Observation) -> list[str]:
    """All that is written on the page: names, values and descriptions, title and dialog."""
    found = [observation.signals.dialog, observation.signals.title]
    for element in observation.elements:
        found += [element.name, "" if element.secret else element.value, element.description]
    if not observation.elements or observation.signals.unanswered:
        found += [element.name for element in observation.words]
    return [text for text in found if text]


@dataclass(frozen=True)
class Screen:
    """Elements to look among."""

    elements: tuple[Element, ...]
    size: tuple[int, int]
    want: Want = "any"

    def answer(self, query: Query) -> list[Match]:
        """Matches of one reading of a phrase."""
        if query.role in ("row", "item") and not query.text and (query.ordinal or query.relation in ("with", "inside")):
            return self._items(query)
        pool = self._pool(query)
        found = self._called(query, pool) if query.text else self._any(query, pool)
        if query.relation:
            found = self._related(query, found)
        if query.place and found:
            margin = 0.06 if query.text else 0.25
            near = [match for match in found if match.score >= found[0].score - margin]
            found = placed(query.place, near, self.size) or placed(query.place, near, _least(self.size, self.elements))
        if query.ordinal:
            found = _nth(query.ordinal, found, query.counted_from, self.elements)
        return found

    def _pool(self, query: Query) -> Sequence[Element]:
        if query.relation != "inside":
            return self.elements
        if area := landmark(query.anchor, self.elements, self.size):
            return area
        return self.elements

    def _called(self, query: Query, pool: Sequence[Element]) -> list[Match]:
        found: list[Match] = []
        for element in pool:
            parts = (
                spans(query.text, element)
                if element.source == "ocr" and not self._pressed_whole(query, element)
                else []
            )
            match = self._judged(query, element)
            if match and not (parts and match.why in ("begins with it", "holds it")):
                found.append(match)
            found += [Match(part, score + self._suit(query, part), why) for part, (score, why) in parts]
        if query.quoted:
            broken = wrapped(query.text, pool)
            found += [Match(lines, score + self._suit(query, lines), why) for lines, (score, why) in broken]
        if self._wants_field(query):
            fields = [field for match in found for field in self._fields(match)]
            found += [field for field in fields if self._is_kind(query, field)]
        return sorted(found, key=lambda match: -match.score)

    def called_by_makers(self, asked: Sequence[Query]) -> list[Match]:
        """Controls by what their makers call them: `id=alertsDropdown` for “the alerts menu”, `/cart` for “the cart”.

        Of a control that shows a name all words must be said; it still ranks below any that is called or begins so.
        """
        if self.want not in ("any", "click"):
            return []
        wanted = [
            (query, {stem(word) for word in words(query.text)} - FILLERS)
            for query in asked
            if query.text and not (query.relation or query.ordinal or query.place)
        ]
        found = []
        for element in self.elements:
            if not element.acts or not (element.key or element.href):
                continue
            bare = is_sign(element.name)
            for called in (element.key.partition("=")[2], _last_part(element.href)):
                apart = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_.:/]+", " ", called)
                says = {stem(word) for word in words(apart)} - FILLERS
                meant = [query for query, each in wanted if each and (each <= says if bare else each == says)]
                if meant and not (meant[0].quoted and not bare) and not unexplained(meant[0].text, label_of(element)):
                    why = f"its makers call it so ({called})"
                    found.append(Match(element, 0.72 if bare else 0.7, why))
                    break
        return found

    def _judged(self, query: Query, element: Element) -> Match | None:
        seen = element.source == "ocr"
        score, why = max(
            (alike(query.text, text, seen) for text in (element.text, element.name)), key=lambda each: each.score
        )
        other, other_why = alike(query.text, element.description, seen)
        if is_sign(element.name or element.text) and other > score:
            score, why = other, other_why  # a sign such as “★” names nothing: the tooltip is the control's name
        elif other - 0.04 > score:
            score, why = other - 0.04, f"its description {other_why}"
        if element.value and not element.secret and element.name != element.value:
            other, other_why = alike(query.text, element.value, seen)
            if other - (0.05 if element.role in {"button", "text", "cell"} else 0.12) > score:
                score, why = other - (0.05 if element.role in {"button", "text", "cell"} else 0.12), "its value"
        if score < (0.92 if query.strict else 0.5) or self._only_speaks_of_it(query, element, why):
            return None
        if query.quoted and why == "is part of it":
            return None  # “Delete account” in quotes is nothing that says “Account” alone
        if self._does_more(query, element, why):
            return None
        return Match(element, score + self._suit(query, element), why)

    def _pressed_whole(self, query: Query, line: Element) -> bool:
        """Whether a line in a picture reads like the label of a button that does more: “Delete all photos”."""
        said = words(line.name)
        if self.want not in ("any", "click") or not 1 < len(said) <= 4 or line.name.rstrip().endswith((".", ":", ",")):
            return False
        return bool(unexplained(query.text, said[0])) and len(words(query.text)) < len(said)

    def _does_more(self, query: Query, element: Element, why: str) -> bool:
        """Whether pressing it would do more than the phrase says: “Add to cart” is not “cart”."""
        if self.want not in ("any", "click", "upload") or element.source == "ocr" or not element.acts:
            return False
        if element.takes_text or element.checked is not None or not PARTLY <= way(why) < way("nearly the same"):
            return False
        return bool(unexplained(query.text, label_of(element)))

    def _only_speaks_of_it(self, query: Query, element: Element, why: str) -> bool:
        """Whether a page's text that cannot be pressed has the words among others: “Delete your account, or …”."""
        if self.want != "click" or element.acts or element.role not in ("text", "heading", "paragraph"):
            return False
        among = why.startswith(("begins", "holds", "is part")) and element.source != "ocr"
        return among and 2 * len(words(query.text)) < len(words(element.name))

    def _suit(self, query: Query, element: Element) -> float:
        """What is added to or taken off the score for what the element is, apart from its words."""
        off = 0.0
        if element.source == "ocr" and element.role == "text" and self._wants_field(query):
            off -= 0.2  # a label is not yet its field
        if query.role and query.role != "thing" and element.source != "ocr":
            if element.role in SUITS.get(query.role, ()):
                off += 0.01
            else:
                off -= 0.05 if element.role in NEARLY.get(query.role, ()) else 0.15
        if self.want in ("type", "tick", "choose", "upload") and element.source != "ocr":
            off -= 0.0 if fits_want(self.want, element) else 0.25
        elif self.want in ("any", "click") and not _takes_a_click(element) and query.role not in ("text", "heading"):
            off -= 0.08 if element.source != "ocr" else 0.0
        if self.want == "click" and not query.role and element.takes_text and element.source != "ocr":
            off -= 0.02  # “Search” is rather the button than the field
        if not element.enabled and not query.relation:  # a place says which one is meant, disabled or not
            off -= 0.05
        return off

    def _any(self, query: Query, pool: Sequence[Element]) -> list[Match]:
        """Whatever is of the kind that was asked for."""
        suits = SUITS.get(query.role, frozenset())
        base = 0.9 if query.ordinal or query.place or query.relation else 0.8
        found = [
            Match(element, base + min(0.0, self._suit(query, element)), f"any {query.role or 'thing'}")
            for element in pool
            if element.role in suits or (query.role in ("", "thing") and element.acts)
        ]
        if query.role == "icon":
            small = [
                m
                for m in found
                if m.element.role in {"img", "icon"} or not words(m.element.name) or m.element.box.width < 64
            ]
            found = small
        if query.role == "search":
            named = [m for m in found if m.element.role == "searchbox" or _about_search(m.element)]
            found = named or (found if len(found) == 1 else [])
        return found

    def _items(self, query: Query) -> list[Match]:
        items: Sequence[Item]
        if query.relation in ("with", "inside"):
            items = items_known_by(readings(query.anchor)[-1].text or query.anchor, self.elements, query.role)
            if not query.ordinal:
                each = [match for item in items for match in self._item(query, item, "the one")]
                return each or ([] if items else self._named_in_picture(query))
        else:
            items = items_called("", query.role, self.elements)
        number = query.ordinal - 1 if query.ordinal > 0 else query.ordinal
        if not -len(items) <= number < len(items):
            return [] if items or query.ordinal else self._named_in_picture(query)
        what = "the last" if query.ordinal == -1 else f"number {query.ordinal}"
        return self._item(query, items[number], f"{what} of {len(items)}")

    def _item(self, query: Query, item: Item, what: str) -> list[Match]:
        """What is meant in an item: its field where something is to be typed, else what a person would click."""
        if self.want in ("type", "tick", "choose"):
            fitting = [member for member in item.members if fits_want(self.want, member)]
            return [Match(member, 0.9, f"a field of {what}") for member in fitting[: 1 if query.ordinal else None]]
        element = item.principal() if query.role == "item" or self.want == "click" else item.element or item.principal()
        return [Match(element, 0.9, what)] if element else []

    def _named_in_picture(self, query: Query) -> list[Match]:
        """Where nothing tells rows from each other but the picture, the words that one is known by."""
        if self.want not in ("any", "click") or any(element.source != "ocr" for element in self.elements):
            return []
        named = find(query.anchor, self.elements, size=self.size)
        return [Match(each.element, each.score - 0.08, f"the {query.role} is known by it") for each in named[:4]]

    def _related(self, query: Query, found: list[Match]) -> list[Match]:
        if query.relation == "inside" and landmark(query.anchor, self.elements, self.size):
            return found
        if query.relation in ("inside", "with", "near") and (held := self._in_numbered(query, found)) is not None:
            return held
        anchors, noun = self._anchors(query.anchor)
        if not anchors and query.relation == "inside" and _WHOLE.fullmatch(query.anchor.strip()):
            return found  # no part of the page is called so: it is a word for what the page shows
        return related(query.relation, noun, query.anchor, found, anchors, self.elements)

    def _in_numbered(self, query: Query, found: list[Match]) -> list[Match] | None:
        """Of the matches, those in “the second card”; None where the anchor is no such number."""
        numbers = [each for each in readings(query.anchor) if each.ordinal]
        if numbers and is_name(query.anchor, self.elements):
            return None  # “Task 3” is what one of them is called, wherever it stands
        for each in numbers:
            if each.role in ("row", "item", "area", "dialog") and not (each.text or each.relation):
                rows = items_called("", "row", self.elements) if each.role == "row" else ()
                return numbered(each.ordinal, found, rows, self.elements)
        return None

    def _anchors(self, phrase: str) -> tuple[list[Match], str]:
        """What a relation refers to, and the noun for the part that is known by it: `the row with "Bob"`."""
        whole = [match for match in find(phrase, self.elements, want="read", size=self.size) if not _vague(match)]
        bound = any(query.role in ("dialog", "menu") and query.quoted for query in readings(phrase))
        if whole and whole[0].kind < PARTLY and "its" not in whole[0].why and not bound:
            return whole, ""
        for query in readings(phrase):
            if query.role not in ("row", "item", "area", "dialog", "menu", "cell") or query.ordinal or query.place:
                continue
            named = query.text and not query.relation
            if not named and (query.text or query.relation not in ("with", "inside", "near")):
                continue
            text = f'"{query.text}"' if named and query.quoted else query.text if named else query.anchor
            anchors = [m for m in find(text, self.elements, want="read", size=self.size) if not _vague(m)]
            if named:  # a button in it gives no name to a dialog
                heads = query.role in ("dialog", "menu")  # which no link gives a name either
                named_by = [m for m in anchors if not (heads and m.element.acts)]
                anchors = [m for m in named_by if m.element.role not in _NAMES_NOTHING]
                if heads and query.quoted and not anchors:
                    return [], query.role
            anchors = anchors or self._joined(query.text if named else query.anchor)
            if anchors:
                return anchors, query.role
        return whole or self._joined(unquote(phrase)), ""

    def _joined(self, text: str) -> list[Match]:
        """Texts that a page puts next to others without a space: “Ann Lee” in `<b>Ann Lee</b><i>24 €</i>`."""
        found = [(each, *alike(unquote(text), re.sub(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])", " ", each.name)))
                 for each in self.elements if each.name and each.source != "ocr"]  # fmt: skip
        return [Match(each, score, why) for each, score, why in found if why in _JOINED]

    def _wants_field(self, query: Query) -> bool:
        return self.want in ("type", "tick", "choose", "upload") or query.role in (
            "field", "list", "checkbox", "radio", "switch", "slider", "spin", "box", "search",
        )  # fmt: skip

    def _is_kind(self, query: Query, field: Match) -> bool:
        """Whether a field that the picture alone shows is of the kind that was asked for: a square is no list."""
        if field.element.source != "ocr" or field.element.confidence < 0.5:
            return True
        kinds = SUITS.get(query.role, frozenset()) | NEARLY.get(query.role, frozenset())
        return field.element.role in kinds or not kinds

    def _fields(self, label: Match) -> list[Match]:
        """The field that a label stands for; of a column's head, one in every row."""
        first = self._field(label)
        if first is None or label.element.role != "columnheader":
            return [first] if first else []
        column, kind = label.element.box, first.element.role
        under = [
            each
            for each in self.elements
            if each.role == kind and column.left <= each.box.centre.x <= column.right and each.box.top >= column.bottom
        ]
        return [replace(first, element=each) for each in under] or [first]

    def _field(self, label: Match) -> Match | None:
        """The field that a label stands for, when the label itself is only text."""
        if label.element.acts or label.score < ENOUGH - 0.3:
            return None
        if label.element.source == "ocr":
            label = replace(label, score=label.score + 0.05)
        wants: Want = self.want if self.want in ("type", "tick", "choose", "upload") else "any"
        found = field_for(label.element, self.elements, wants)
        if found is None:
            return None
        bare = label.score + (0.25 if wants != "any" else 0.15)
        guess = found.confidence < 0.5
        if label.why in _MORE and found.confidence == 1 and _named_otherwise(found, label):
            return None  # “Total 12” tells its own value, and the field below has a label of its own
        why = f"{label.why}: {'where a field would be' if guess else 'the field'} next to “{label.element.name}”"
        return Match(found, min(bare, 0.95) - (0.15 if guess else 0.05), why)


def _takes_a_click(element: Element) -> bool:
    """Whether a person would click there: a control, or what can be chosen, such as a row of a program's list."""
    return element.acts or element.selected is not None


#: Words for a page's main part that stand nowhere on it.
_WHOLE = re.compile(
    r"(?:(?:the|this|that)\s+)?(?:calendar|date\s?picker|month|grid|gallery|pagination|pager|board|table|form|feed|thread)",
    re.IGNORECASE,
)
#: What something is not known by when it is called so: the controls in it.
_NAMES_NOTHING = frozenset(
    ("button", "checkbox", "radio", "switch", "menuitem", "option", "textbox", "searchbox", "combobox", "spinbutton")
)


_JOINED = ("begins with it", "holds it", "the same but for a number")


def _vague(match: Match) -> bool:
    """Whether it is too unlike an anchor to say what lies in or next to it: a slip of the pen may name another row."""
    return match.why.startswith("is part of it") or (
        match.why.startswith("nearly") and match.element.source != "ocr" and len(match.element.name) < 8
    )


def _last_part(address: str) -> str:
    """`cart` of https://shop.example/cart?x=1."""
    path = re.sub(r"^[a-z]+://[^/]*|[?#].*$", "", address).rstrip("/")
    return re.sub(r"\.\w{1,5}$", "", path.rpartition("/")[2])


def _nth(number: int, found: list[Match], side: str, elements: Sequence[Element]) -> list[Match]:
    """The first, second, last … of the matches that fit about as well as the best."""
    good = [match for match in found if match.score >= max(m.score for m in found) - 0.06] if found else []
    good = _apart(good, elements)
    if side in ("left", "right"):
        good.sort(key=lambda match: match.element.box.left, reverse=side == "right")
    elif side == "bottom":
        good.reverse()
    place = number - 1 if number > 0 else number
    if not -len(good) <= place < len(good):
        return []
    return [replace(good[place], why=f"{good[place].why}, number {place % len(good) + 1} of {len(good)}")]


def _in_reading_order(found: list[Match], elements: Sequence[Element]) -> list[Match]:
    """Line by line. Of cards or rows that hold one each it is the cards that stand in lines, not what is in them."""
    boxes = [match.element.box for match in found]
    if len(found) > 1 and all(match.element.path for match in found):
        structure = structure_of(elements)
        parts = structure.parts([match.element for match in found])
        if len({part[:-1] for part in parts}) == 1:
            boxes = [around(each.box for each in structure.held(part)) for part in parts]
    lines: list[list[tuple[Box, Match]]] = []
    for box, match in sorted(zip(boxes, found, strict=True), key=lambda pair: (pair[0].top, pair[0].left)):
        first = lines[-1][0][0] if lines else box
        shared = min(box.bottom, first.bottom) - max(box.top, first.top)
        if lines and 2 * shared > min(box.height, first.height):
            lines[-1].append((box, match))
        else:
            lines.append([(box, match)])
    return [match for line in lines for _, match in sorted(line, key=lambda pair: pair[0].left)]


def _apart(found: list[Match], elements: Sequence[Element]) -> list[Match]:
    """In reading order, without those that lie on each other (a heading and the link in it)."""
    kept: list[Match] = []
    for match in _in_reading_order(found, elements):
        twin = next((m for m in kept if m.element.box.overlap(match.element.box) > 0.5 * match.element.box.area), None)
        if twin is None:
            kept.append(match)
        elif match.element.acts and not twin.element.acts:
            kept[kept.index(twin)] = match
    return kept


def _named_otherwise(field: Element, label: Match) -> bool:
    return field.source == "dom" and bool(field.name) and alike(label.element.name, field.name).score < ENOUGH


def _about_search(element: Element) -> bool:
    return any(alike("search", text).score >= 0.7 for text in (element.name, element.description))


_NAME_WITH_NUMBER = re.compile(r"(?:the\s+)?(?P<noun>[^\W\d][\w \-]*?)\s+#?\d{1,3}", re.IGNORECASE)


def is_name(phrase: str, elements: Iterable[Element]) -> bool:
    """Whether “Task 3” is a name rather than the third task: something here is called so, or “Task 7”."""
    hit = _NAME_WITH_NUMBER.fullmatch(phrase.strip())
    if not hit:
        return False
    name = re.compile(rf"{re.escape(hit['noun'])}\s+#?\d+(?:\s|$)", re.IGNORECASE)
    return any(name.match(element.name.strip()) for element in elements)


def _least(size: tuple[int, int], elements: Sequence[Element]) -> tuple[int, int]:
    """The size of the screen, or of what stands on it where that leaves a part of the screen empty."""
    right, bottom = _extent(elements)
    return min(size[0], right), min(size[1], bottom)


def _extent(elements: Sequence[Element]) -> tuple[int, int]:
    right = max((element.box.right for element in elements), default=1)
    bottom = max((element.box.bottom for element in elements), default=1)
    return max(1, right), max(1, bottom)
