"""Makes questions about a screen: instructions in varied wording, and targets that are absent.

The templates were written without looking at the phrase reader. Each question records the kind of wording that made it.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz import fuzz

from benchmarks.strangers.descriptions import KINDS, LONGEST_NAME, NAMED, Described, Describer, family, plain
from benchmarks.strangers.icon_names import ALIASES, ARROW, BRANDS, CONCEPTS
from benchmarks.strangers.screens import FIELD_ROLES, Question, Screen
from benchmarks.strangers.templates import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.strangers.templates import Templates

#: Questions per screen and type, at most.
COUNTS = {"text": 3, "field": 3, "icon": 3, "absent": 2}
ORDINALS = ("first", "second", "third", "fourth", "fifth")
_TOGGLES = frozenset(["checkbox", "radio", "switch"])
_ACTS = {**dict.fromkeys(_TOGGLES, "toggle"), "combobox": "choose", "listbox": "choose", "slider": "drag"}


class Worded(NamedTuple):
    """An instruction, and the kind of wording."""

    instruction: str
    wording: str


def questions(screen: Screen, others: Sequence[Screen], seed: int = 0, templates: Templates = OPEN) -> list[Question]:
    """The questions about a screen; names of absent targets are those of `others`."""
    return list(QuestionMaker(Describer(screen), templates, random.Random(f"{screen.name}/{seed}")).make(others))


class QuestionMaker:
    """Makes the questions about one screen."""

    def __init__(self, describer: Describer, templates: Templates, rng: random.Random) -> None:
        self.describer = describer
        self.templates = templates
        self.rng = rng

    def make(self, others: Sequence[Screen]) -> Iterator[Question]:
        """All questions: those about texts, fields and icons, then absent targets."""
        yield from self._asked("text", self._texts())
        yield from self._asked("field", self._fields())
        yield from self._asked("icon", self._icons())
        yield from self._absent(others)

    def _asked(self, kind: str, candidates: Iterator[tuple[Described, str, Worded | None, str]]) -> Iterator[Question]:
        left = COUNTS[kind]
        for one, name, worded, act in candidates:
            if not left:
                return
            if worded:
                left -= 1
                phrase_text = self._sentence(worded, act)
                yield Question(
                    self.describer.screen.name,
                    phrase_text.instruction,
                    kind,
                    one.element.box,
                    one.element.also,
                    one.kind,
                    name,
                    phrase_text.wording,
                )

    # Elements with text

    def _texts(self) -> Iterator[tuple[Described, str, Worded | None, str]]:
        controls, statics = [], []
        for each in self.describer.all:
            if each.element.role in FIELD_ROLES or not _usable(each.name) or not plain(each.name):
                continue
            if each.element.control:
                controls.append(each)
            elif each.kind in {"heading", "text", "cell", "columnheader", "listitem"}:
                statics.append(each)
        self.rng.shuffle(controls)
        self.rng.shuffle(statics)
        for each in [*controls[:6], *statics[:2], *controls[6:]]:
            yield each, each.name, self._describe(each), "press" if each.element.control else "look"

    def _describe(self, one: Described) -> Worded | None:
        """A phrase that fits only this element."""
        twins = self.describer.twins(one)
        others = [each for each in twins if each.element is not one.element]
        kinds = KINDS.get(one.kind, ("text",))
        kind = kinds[0] if self.rng.random() < 0.6 else self.rng.choice(kinds)
        name = self._cased(one.name)
        inside, title = self.describer.container(one)
        ways: list[Worded] = []
        if not others:
            phrase_text = self.rng.choice(self.templates.labelled).format(one.name, kind=kind)
            ways += [
                Worded(name, "bare"),
                *[Worded(f"the {name} {kind}", "kind")] * 2,
                Worded(self.rng.choice((f"“{one.name}”", f'"{one.name}"', f"'{one.name}'")), "quoted"),
                Worded(phrase_text, "labelled"),
                Worded(f"the {name} {kind} ({self._note(one, kind)})", "brackets"),
            ]
            if inside in self.templates.containers:
                where = self.rng.choice(self.templates.containers[inside])
                ways.append(Worded(f"the {name} {kind} {where}", "container"))
        if title and all(self.describer.container(each) != (inside, title) for each in others):
            area = "card" if inside == "card" else "section"
            ways.append(Worded(f"the {name} {kind} in the {title} {area}", "section"))
        ways += self._placed(one, others, f"the {name} {kind}", "")
        if others and (order := self._order(twins, one)):
            ways.append(Worded(f"the {order} {name} {kind}", "ordinal"))
        return self.rng.choice(ways) if ways else None

    def _note(self, one: Described, kind: str) -> str:
        place = self._place(one) or "in the middle of the page"
        article = "an" if kind[0] in "aeiou" else "a"
        return self.rng.choice(self.templates.notes).format(a=article, kind=kind, place=place)

    def _placed(self, one: Described, others: Sequence[Described], phrase: str, prefix: str) -> list[Worded]:
        """The phrase with a place, and with a neighbour, where that distinguishes the element from the others."""
        ways = []
        place, near = self.describer.place(one.element), self.describer.neighbour(one)
        if place and all(self.describer.place(each.element) != place for each in others):
            ways.append(Worded(f"{phrase} {self.rng.choice(self.templates.places[place])}", f"{prefix}place"))
        if near and all(self.describer.neighbour(each) != near for each in others):
            relation = self.rng.choice(self.templates.relations[near[0]]).format(near[1])
            ways.append(Worded(f"{phrase} {relation}", f"{prefix}relation"))
        return ways

    def _place(self, one: Described) -> str:
        place = self.describer.place(one.element)
        return self.rng.choice(self.templates.places[place]) if place else ""

    def _order(self, twins: Sequence[Described], one: Described) -> str:
        """`second`, `last` …, if all of them are of one kind and one of these words fits."""
        if len({each.kind for each in twins}) > 1 or len(twins) > len(ORDINALS):
            return ""
        at = [number for number, each in enumerate(twins) if each.element is one.element]
        if not at:
            return ""
        return "last" if at[0] == len(twins) - 1 and self.rng.random() < 0.5 else ORDINALS[at[0]]

    # Fields

    def _fields(self) -> Iterator[tuple[Described, str, Worded | None, str]]:
        fields = [each for each in self.describer.all if each.element.role in FIELD_ROLES]
        self.rng.shuffle(fields)
        for each in fields:
            yield each, each.name, self._describe_field(each), _ACTS.get(each.element.role, "enter")

    def _describe_field(self, one: Described) -> Worded | None:
        kind = self.rng.choice(KINDS[one.kind])
        peers = [each for each in self.describer.all if family(each.kind) == family(one.kind)]
        place = self.describer.place(one.element)
        ways: list[Worded] = []
        namesakes = [each for each in peers if plain(each.name) == plain(one.name)]
        if (
            _usable(one.name)
            and plain(one.name) in self.describer.texts
            and len(namesakes) == 1
            and self._is_label_once(one)
        ):
            phrase_text = self._cased(one.name)
            ways += [
                *[Worded(f"the {phrase_text} {kind}", "kind")] * 2,
                Worded(self.rng.choice(self.templates.fields).format(phrase_text, kind=kind), "labelled"),
            ]
            if one.element.role in _TOGGLES:
                ways.append(Worded(f"the {kind} next to {phrase_text}", "relation"))
            inside, _ = self.describer.container(one)
            if inside in self.templates.containers:
                where = self.rng.choice(self.templates.containers[inside])
                ways.append(Worded(f"the {phrase_text} {kind} {where}", "container"))
        if len(peers) == 1 and place:
            ways.append(Worded(f"the {kind} {self._place(one)}", "place"))
        if 1 < len(peers) <= len(ORDINALS) and self.rng.random() < 0.5:
            at = [number for number, each in enumerate(self.describer.in_order(peers)) if each.element is one.element]
            ways.append(Worded(f"the {ORDINALS[at[0]]} {KINDS[family(one.kind)][0]}", "ordinal"))
        if near := self.describer.neighbour(one):
            relation = self.rng.choice(self.templates.relations[near[0]]).format(near[1])
            ways.append(Worded(f"the {kind} {relation}", "relation"))
        if _searches(one) and sum(_searches(each) for each in peers) == 1:
            where = f" {self._place(one)}" if place else ""
            ways += [Worded(self.rng.choice((f"the search box{where}", f"the search field{where}")), "function")] * 2
        return self.rng.choice(ways) if ways else None

    def _is_label_once(self, one: Described) -> bool:
        """Whether the visible name of a field is on the screen only as its own label."""
        same = [each.element for each in self.describer.all if plain(each.element.text) == plain(one.name)]
        controls = [each for each in same if each.control and each is not one.element]
        return not controls and sum(not each.control for each in same) <= 1

    # Icons

    def _icons(self) -> Iterator[tuple[Described, str, Worded | None, str]]:
        described = list(zip(self.describer.all, self.describer.icons, strict=True))
        candidates = [(each, icon) for each, icon in described if self._is_icon(each, icon)]
        self.rng.shuffle(candidates)
        candidates.sort(key=lambda pair: not pair[0].element.control)
        used: set[str] = set()
        for each, icon in candidates:
            if icon in used:
                continue
            others = [
                other
                for other, name in described
                if name == icon and other.element is not each.element and not _same(other, each)
            ]
            worded = self._named(each, others) if icon.startswith(NAMED) else self._drawn(each, icon, others)
            if worded:
                used.add(icon)
            yield each, icon.removeprefix(NAMED), worded, "press"

    def _is_icon(self, one: Described, icon: str) -> bool:
        left, top, right, bottom = one.element.box
        largest = 90 * self.describer.screen.scale
        return (
            bool(icon.removeprefix(NAMED))
            and icon != ARROW
            and not one.element.text
            and one.element.role not in FIELD_ROLES
            and right - left <= largest
            and bottom - top <= largest
        )

    def _drawn(self, one: Described, icon: str, others: list[Described]) -> Worded | None:
        """A phrase for an icon by what it shows or by what it is for."""
        looks, functions = CONCEPTS.get(icon, ((icon,), ()))
        word = icon.capitalize() if icon in BRANDS else self.rng.choice(looks)
        phrase = self.rng.choice(self.templates.logos if icon in BRANDS else self.templates.icons).format(word)
        ways: list[Worded] = []
        if not others:
            where = self._place(one)
            ways += [Worded(phrase, "icon-look"), Worded(f"{phrase} ({where})" if where else phrase, "icon-look")]
            free = [each for each in functions if not self._is_text(each)]
            if free and one.element.control:
                job = self.rng.choice(free)
                ways += [Worded(each.format(job), "icon-function") for each in self.templates.icon_jobs]
                ways.append(Worded(f"the {word} icon ({job})", "icon-brackets"))
            if one.element.control and _usable(one.element.name) and not self._is_text(one.element.name):
                phrase_text = self.rng.choice(self.templates.icon_names).format(one.element.name)
                ways += [Worded(phrase_text, "icon-name")] * 2
        ways += self._placed(one, others, phrase, "icon-")
        return self.rng.choice(ways) if ways else None

    def _named(self, one: Described, others: list[Described]) -> Worded | None:
        """A phrase for an icon by its accessible name, which is not visible and states what the icon does."""
        name = one.element.name
        if others or not _usable(name) or self._is_text(name):
            return None
        phrase_text = self._cased(name)
        ways = [Worded(each.format(phrase_text), "icon-name") for each in self.templates.icon_names]
        ways += self._placed(one, others, f"the {phrase_text} icon", "icon-")
        return self.rng.choice(ways)

    def _is_text(self, words: str) -> bool:
        return any(fuzz.partial_ratio(plain(words), text) >= 85 for text in self.describer.texts if len(text) >= 3)

    # Absent targets

    def _absent(self, others: Sequence[Screen]) -> Iterator[Question]:
        screen = self.describer.screen
        chosen = self.rng.sample(list(others), min(6, len(others)))
        pool = [each for other in chosen for each in Describer(other).all]
        self.rng.shuffle(pool)
        known = self.describer.texts | {plain(each.name) for each in screen.elements} | {*self.describer.icons}
        for each in pool:
            name = each.name
            if each.element.control and _usable(name) and len(plain(name)) >= 5 and _is_unlike(name, known):
                kind = self.rng.choice(KINDS.get(each.kind, ("text",)))
                phrase_text = self._cased(name)
                labelled = self.rng.choice(self.templates.labelled).format(phrase_text, kind=kind)
                noted = f"the {phrase_text} {kind} ({self.rng.choice(self.templates.notes[:2])})"
                phrase = self.rng.choice((f"the {phrase_text} {kind}", f"“{name}”", labelled, phrase_text, noted))
                act = "press"
                if each.element.role in FIELD_ROLES:
                    act = _ACTS.get(each.element.role, "enter")
                worded = self._sentence(Worded(phrase, "absent-name"), act)
                yield Question(screen.name, worded.instruction, "absent", None, (), each.kind, name, worded.wording)
                break
        if icon := self._absent_icon():
            phrase = self.rng.choice(self.templates.icons).format(self.rng.choice(CONCEPTS[icon][0]))
            worded = self._sentence(Worded(phrase, "absent-icon"), "press")
            yield Question(screen.name, worded.instruction, "absent", None, (), "img", icon, worded.wording)

    def _absent_icon(self) -> str:
        """An icon that nothing on the screen resembles; empty if the icons of the screen are not all known."""
        described = set(self.describer.icons)
        pairs = zip(self.describer.all, self.describer.icons, strict=True)
        drawn = [icon for each, icon in pairs if each.element.icon]
        if not self.describer.screen.pictures_named or not all(drawn):
            return ""
        for icon in self.rng.sample(sorted(CONCEPTS), 8):
            words = {icon, *CONCEPTS[icon][0], *CONCEPTS[icon][1]}
            names = words | {name for name, target in ALIASES.items() if target == icon}
            related = any(words & {word for each in CONCEPTS.get(other, ()) for word in each} for other in described)
            if icon not in described and not related and not any(self._is_text(word) for word in names):
                return icon
        return ""

    # All

    def _sentence(self, worded: Worded, act: str) -> Worded:
        """Half of the phrases as part of a whole sentence."""
        if self.rng.random() < 0.45:
            return worded
        sentence = self.rng.choice(self.templates.sentences[act]).format(worded.instruction)
        return Worded(sentence, f"{worded.wording}+sentence")

    def _cased(self, name: str) -> str:
        return name.lower() if self.rng.random() < 0.25 else name


def _searches(one: Described) -> bool:
    return bool(re.search(r"\bsearch\b", f"{one.element.name} {one.element.placeholder}", re.IGNORECASE))


def _same(one: Described, two: Described) -> bool:
    (x, y), (left, top, right, bottom) = one.element.centre, two.element.box
    return left <= x <= right and top <= y <= bottom


def _is_unlike(name: str, known: set[str]) -> bool:
    """Whether no known text is similar to a name or shares a longer word with it."""
    words = {word for word in plain(name).split() if len(word) > 3}
    for text in known:
        if fuzz.ratio(plain(name), text) >= 55 or (len(text) > 3 and fuzz.partial_ratio(plain(name), text) >= 75):
            return False
        if words & set(text.split()):
            return False
    return True


def _usable(name: str) -> bool:
    return 2 <= len(name) <= LONGEST_NAME and bool(re.search(r"[^\W\d_]{2}", name)) and "\n" not in name
