"""Finding on a screen what a phrase describes, among elements of any source.

`find` answers with every match, the best first. A caller that must not guess asks `rivals` whether others fit as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from handeye.perception.fields import field_for, fits_want
from handeye.perception.groups import Item, items_called, items_with
from handeye.perception.kinds import NEARLY, SUITS
from handeye.perception.phrase import Query, readings
from handeye.perception.placing import landmark, placed, related
from handeye.perception.spans import spans, wrapped
from handeye.perception.wording import alike, stem, words
from handeye.tools.comparing import contains

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handeye.perception.scene import Scene
    from handeye.tools.element import Element

Want = Literal["any", "click", "type", "tick", "choose", "upload", "read"]
"""What is to be done with it: a field is wanted to type into, a checkbox to tick …"""

#: A match below this is no match.
ENOUGH = 0.62
#: Scores closer than this are a tie.
TIE = 0.02

#: Ways of answering to a phrase with more words than the phrase.
_MORE = frozenset({"the same but for a number", "begins with it", "holds it", "holds its words"})


@dataclass(frozen=True)
class Match:
    """An element that answers to a phrase."""

    element: Element
    score: float
    """0 to 1; below ENOUGH nothing is reported."""
    why: str
    """In words, for people."""


def find(
    phrase: str, elements: Sequence[Element], *, want: Want = "any", size: tuple[int, int] = (0, 0)
) -> list[Match]:
    """Everything on the screen that the phrase can mean, the best first; empty when nothing is good enough.

    `size` is the screen's, in pixels; without it the elements' extent stands in. Boxes in the answer are where to
    point: a part of a line read by OCR has a box of its own.
    """
    size = size if all(size) else _extent(elements)
    screen = Screen(tuple(elements), size, want)
    asked = readings(phrase)
    structured = any(query.ordinal or query.place or query.relation or query.quoted for query in asked)
    best: dict[tuple[str, tuple[int, ...]], Match] = {}
    for query in asked:
        plain = not (query.ordinal or query.place or query.relation or query.quoted)
        for match in screen.answer(query):
            if plain and structured and match.why.startswith(("is part", "holds its", "nearly", "any ")):
                continue  # "the third Save" must not settle for "Save"
            score = match.score - query.cost
            key = (match.element.id, tuple(match.element.box))
            if score >= ENOUGH and (key not in best or best[key].score < score):
                best[key] = replace(match, score=round(score, 4))
    if not best and want in ("any", "click"):
        return _called_by_makers(asked, elements)
    order = {element.id: place for place, element in enumerate(elements)}
    return sorted(best.values(), key=lambda match: (-match.score, order.get(match.element.id, 0), match.element.box[0]))


#: What an icon is called by its makers besides what it is for.
_FILLERS = frozenset(
    ("btn", "button", "toggle", "toggler", "icon", "link", "dropdown", "menu", "nav", "navbar", "item", "trigger", "js")
)


def _called_by_makers(asked: Sequence[Query], elements: Sequence[Element]) -> list[Match]:
    """A control that shows no name, by what its makers call it: `id=alertsDropdown` for “the alerts menu”."""
    wanted = [{stem(word) for word in words(query.text)} - _FILLERS for query in asked if not query.relation]
    found = []
    for element in elements:
        if not element.acts or not element.key or sum(letter.isalpha() for letter in element.name) > 1:
            continue
        apart = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_.:/]+", " ", element.key.partition("=")[2])
        says = {stem(word) for word in words(apart)}
        if any(each and each <= says for each in wanted):
            found.append(Match(element, ENOUGH + 0.1, f"has no name, and its makers call it so ({element.key})"))
    return found


def rivals(matches: Sequence[Match]) -> list[Match]:
    """The other matches that fit as well as the best one and lie elsewhere; a guess was made if there are any."""
    if not matches:
        return []
    first = matches[0]
    return [
        other
        for other in matches[1:]
        if first.score - other.score < TIE
        and first.element.box.overlap(other.element.box) < 0.5 * other.element.box.area
    ]


def nearest(phrase: str, elements: Iterable[Element], count: int = 5) -> list[str]:
    """The names on the screen that come closest to a phrase, for an error that helps."""
    from rapidfuzz import fuzz, process, utils

    names = list(dict.fromkeys(element.name.strip() for element in elements if 0 < len(element.name.strip()) <= 60))
    texts = [query.text for query in readings(phrase) if query.text][-1:] or [phrase]
    found = process.extract(texts[0], names, scorer=fuzz.WRatio, processor=utils.default_process, limit=count)
    return [name for name, score, _ in found if score >= 45]


def shows(scene: Scene, text: str) -> bool:
    """Whether the text stands on the page or, where the platform knows no elements, in the picture.

    It may be a part of a longer text, but of no longer word or number: see `comparing.contains`. Case, spaces, quotes
    and dashes do not matter, signs do. Text that must be scrolled to counts; a secret's value does not.
    """
    if any(contains(part, text, case=False) for part in texts(scene)):
        return True
    if scene.elements and not scene.signals.unanswered:
        plain = " ".join(element.name for element in scene.elements if not element.acts)
        return contains(plain, text, case=False)
    lines = [element.name for element in scene.words]
    if any(contains(line, text, case=False, spaces=False) for line in (*lines, " ".join(lines))):
        return True
    return len(text) >= 5 and any(alike(text, line, True).score >= 0.93 for line in lines)


def texts(scene: Scene) -> list[str]:
    """All that is written on the page: names, values and descriptions, title and dialog."""
    found = [scene.signals.dialog, scene.signals.title]
    for element in scene.elements:
        found += [element.name, "" if element.secret else element.value, element.description]
    if not scene.elements or scene.signals.unanswered:
        found += [element.name for element in scene.words]
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
            found = placed(query.place, [match for match in found if match.score >= found[0].score - margin], self.size)
        if query.ordinal:
            found = _nth(query.ordinal, found, query.counted_from)
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
            parts = spans(query.text, element) if element.source == "ocr" else []
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

    def _judged(self, query: Query, element: Element) -> Match | None:
        seen = element.source == "ocr"
        score, why = alike(query.text, element.name, seen)
        other, other_why = alike(query.text, element.description, seen)
        if other - 0.04 > score:
            score, why = other - 0.04, f"its description {other_why}"
        if element.value and not element.secret and element.name != element.value:
            other, other_why = alike(query.text, element.value, seen)
            if other - (0.05 if element.role in {"button", "text", "cell"} else 0.12) > score:
                score, why = other - (0.05 if element.role in {"button", "text", "cell"} else 0.12), "its value"
        if score < (0.92 if query.strict else 0.5) or self._only_speaks_of_it(query, element, why):
            return None
        if query.quoted and why == "is part of it":
            return None  # “Delete account” in quotes is nothing that says “Account” alone
        return Match(element, score + self._suit(query, element), why)

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
        if element.box.within(*self.size) is None:
            off -= 0.03
        if element.covered:
            off -= 0.01
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
            found = small or found
        if query.role == "search":
            named = [m for m in found if m.element.role == "searchbox" or _about_search(m.element)]
            found = named or (found if len(found) == 1 else [])
        return found

    def _items(self, query: Query) -> list[Match]:
        items: Sequence[Item]
        if query.relation in ("with", "inside"):
            items = items_with(readings(query.anchor)[-1].text or query.anchor, self.elements, query.role)
        else:
            items = items_called("", query.role, self.elements)
        number = query.ordinal - 1 if query.ordinal > 0 else query.ordinal
        if query.relation and not query.ordinal:
            number = 0
        if not -len(items) <= number < len(items):
            return [] if items or query.ordinal else self._named_in_picture(query)
        item = items[number]
        if self.want in ("type", "tick", "choose"):
            fitting = [member for member in item.members if fits_want(self.want, member)]
            return [Match(member, 0.9, f"in number {number + 1} of {len(items)}") for member in fitting[:1]]
        element = item.principal() if query.role == "item" or self.want == "click" else item.element or item.principal()
        what = "the last" if query.ordinal == -1 else f"number {query.ordinal}" if query.ordinal else "the one"
        return [Match(element, 0.9, f"{what} of {len(items)}")] if element else []

    def _named_in_picture(self, query: Query) -> list[Match]:
        """Where nothing tells rows from each other but the picture, the words that one is known by."""
        if self.want not in ("any", "click") or any(element.source != "ocr" for element in self.elements):
            return []
        named = find(query.anchor, self.elements, size=self.size)
        return [Match(each.element, each.score - 0.08, f"the {query.role} is known by it") for each in named[:4]]

    def _related(self, query: Query, found: list[Match]) -> list[Match]:
        anchors = [match for match in find(query.anchor, self.elements, size=self.size) if match.why != "is part of it"]
        if query.relation == "inside" and landmark(query.anchor, self.elements, self.size):
            return found
        return related(query.relation, query.anchor, found, anchors[:4], self.elements)

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
        why = f"{'where a field would be' if guess else 'the field'} beside “{label.element.name}”"
        return Match(found, min(bare, 0.95) - (0.15 if guess else 0.05), why)


def _takes_a_click(element: Element) -> bool:
    """Whether a person would click there: a control, or what can be chosen, such as a row of a program's list."""
    return element.acts or element.selected is not None


def _nth(number: int, found: list[Match], side: str = "") -> list[Match]:
    """The first, second, last … of the matches that fit about as well as the best."""
    good = [match for match in found if match.score >= max(m.score for m in found) - 0.06] if found else []
    good = _apart(good)
    if side in ("left", "right"):
        good.sort(key=lambda match: match.element.box.left, reverse=side == "right")
    elif side == "bottom":
        good.reverse()
    place = number - 1 if number > 0 else number
    if not -len(good) <= place < len(good):
        return []
    return [replace(good[place], why=f"{good[place].why}, number {place % len(good) + 1} of {len(good)}")]


def _apart(found: list[Match]) -> list[Match]:
    """In reading order, without those that lie on each other (a heading and the link in it)."""
    kept: list[Match] = []
    for match in sorted(found, key=lambda m: (m.element.box.top // 8, m.element.box.left)):
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


def _extent(elements: Sequence[Element]) -> tuple[int, int]:
    right = max((element.box.right for element in elements), default=1)
    bottom = max((element.box.bottom for element in elements), default=1)
    return max(1, right), max(1, bottom)
