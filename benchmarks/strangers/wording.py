"""Makes questions about a screen: instructions in varied wording, and targets that are absent.

The templates were written without looking at the phrase reader. Each question records the template that made it.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz import fuzz

from benchmarks.strangers.descriptions import KINDS, LONGEST_NAME, NAMED, Described, Describer, plain
from benchmarks.strangers.icon_names import ALIASES, ARROW, BRANDS, CONCEPTS
from benchmarks.strangers.screens import FIELD_ROLES, Question, Screen

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Questions per screen and type, at most.
COUNTS = {"text": 3, "field": 3, "icon": 3, "absent": 2}
ORDINALS = ("first", "second", "third", "fourth", "fifth")
_ICON_ONLY = ("the {0} icon", "the {0} symbol", "the icon that looks like a {0}", "the {0} pictogram")
_PLACES = {
    "top": ("at the top", "at the top of the page", "near the upper edge"),
    "bottom": ("at the bottom", "at the bottom of the screen", "near the lower edge"),
    "left": ("on the left", "on the left side"),
    "right": ("on the right", "on the right-hand side"),
    "top left": ("in the top left corner", "at the upper left"),
    "top right": ("in the top right corner", "at the upper right"),
    "bottom left": ("at the bottom left", "in the lower left part"),
    "bottom right": ("in the bottom right corner", "at the lower right"),
}
_CONTAINERS = {
    "dialog": ("of the dialog", "in the dialog box", "in the pop-up"),
    "form": ("of the form", "in the form"),
    "navigation": ("in the navigation", "of the menu"),
    "complementary": ("in the sidebar", "of the side panel"),
    "toolbar": ("in the toolbar", "of the toolbar"),
    "contentinfo": ("in the footer",),
    "banner": ("in the page header",),
    "table": ("in the table",),
}
_RELATIONS = {
    "right of": ("to the right of {0}", "right of {0}", "next to {0}"),
    "left of": ("to the left of {0}", "left of {0}", "before {0}"),
    "below": ("below {0}", "under {0}", "underneath {0}"),
    "above": ("above {0}", "over {0}"),
}
_SENTENCES = {
    "press": (
        "Click {0}",
        "Click on {0}.",
        "Press {0} so that the next page opens",
        "I want to continue, so please choose {0}.",
        "To get further, select {0}",
        "Could you hit {0} for me?",
        "Go to {0} and click it to see what is behind it",
        "In order to finish this step, use {0}.",
        "Please tap {0}, because I need it now",
        "Find {0} and press it once",
    ),
    "look": (
        "Locate {0} on the page",
        "Point at {0}.",
        "Where is {0}?",
        "Move the mouse over {0} to read it",
        "Double-click {0} in order to mark it",
    ),
    "enter": (
        "Type the answer into {0}",
        "Enter a new value in {0} before you save.",
        "Put the cursor in {0} so that I can write",
        "Click into {0} to change it",
        "Please fill in {0}.",
        "Focus {0}",
    ),
    "toggle": (
        "Tick {0}",
        "Turn {0} on",
        "Change {0}, then go on.",
        "Please activate {0} so that it takes effect",
        "Click {0}",
    ),
    "choose": (
        "Open {0} to pick another value",
        "Expand {0}",
        "Choose something else in {0}.",
        "Click {0} so that the choices appear",
    ),
    "drag": ("Drag {0} a bit", "Move {0} to the middle", "Adjust {0}"),
}
_NOTES = ("it opens another page", "needed to continue", "{a} {kind}", "do not confuse it with the others", "{place}")
_FIELD_ACTS = {
    "checkbox": "toggle",
    "radio": "toggle",
    "switch": "toggle",
    "combobox": "choose",
    "listbox": "choose",
    "slider": "drag",
}


class Worded(NamedTuple):
    """An instruction, and the template that made it."""

    instruction: str
    wording: str


def questions(screen: Screen, others: Sequence[Screen], seed: int = 0) -> list[Question]:
    """The questions about a screen; names of absent targets are those of `others`."""
    rng = random.Random(f"{screen.name}/{seed}")
    describer = Describer(screen)
    made = [
        *_texts(describer, rng),
        *_fields(describer, rng),
        *_icons(describer, rng),
        *_absent(describer, others, rng),
    ]
    return [each for each in made if each]


# Elements with text


def _texts(describer: Describer, rng: random.Random) -> list[Question]:
    controls, statics = [], []
    for each in describer.all:
        if each.element.role in FIELD_ROLES or not _usable(each.name) or not plain(each.name):
            continue
        if each.element.control:
            controls.append(each)
        elif each.kind in {"heading", "text", "cell", "columnheader", "listitem"}:
            statics.append(each)
    rng.shuffle(controls)
    rng.shuffle(statics)
    asked: list[Question] = []
    for each in [*controls[:6], *statics[:2], *controls[6:]]:
        if len(asked) == COUNTS["text"]:
            break
        if worded := _describe(describer, each, rng):
            act = "press" if each.element.control else "look"
            asked.append(_question(describer, each, "text", _sentence(worded, act, rng)))
    return asked


def _describe(describer: Describer, one: Described, rng: random.Random) -> Worded | None:
    """A phrase that fits only this element."""
    twins = describer.twins(one)
    kinds = KINDS.get(one.kind, ("text",))
    kind = kinds[0] if rng.random() < 0.6 else rng.choice(kinds)
    name = _cased(one.name, rng)
    place, (inside, title) = describer.place(one.element), describer.container(one)
    ways: list[Worded] = []
    unique = len(twins) == 1
    if unique:
        ways += [
            Worded(name, "bare"),
            Worded(f"the {name} {kind}", "kind"),
            Worded(f"the {name} {kind}", "kind"),
            Worded(rng.choice((f"“{one.name}”", f'"{one.name}"', f"'{one.name}'")), "quoted"),
            Worded(
                rng.choice(
                    (
                        f"the {kind} labelled {name}",
                        f"the {kind} that says “{one.name}”",
                        f"{kind} with the text {name}",
                    )
                ),
                "labelled",
            ),
        ]
        note = rng.choice(_NOTES).format(
            a="an" if kind[0] in "aeiou" else "a",
            kind=kind,
            place=rng.choice(_PLACES.get(place, ("in the middle of the page",))),
        )
        ways += [Worded(f"the {name} {kind} ({note})", "brackets")]
        if inside in _CONTAINERS:
            ways.append(Worded(f"the {name} {kind} {rng.choice(_CONTAINERS[inside])}", "container"))
    if title and all(describer.container(each) != (inside, title) for each in twins if each is not one):
        ways.append(Worded(f"the {name} {kind} in the {title} {'card' if inside == 'card' else 'section'}", "section"))
    if place and all(describer.place(each.element) != place for each in twins if each is not one):
        ways.append(Worded(f"the {name} {kind} {rng.choice(_PLACES[place])}", "place"))
    near = describer.neighbour(one)
    if near and (unique or _only_neighbour(describer, twins, one, near)):
        ways.append(Worded(f"the {name} {kind} {rng.choice(_RELATIONS[near[0]]).format(near[1])}", "relation"))
    if not unique and (order := _order(twins, one, rng)):
        ways.append(Worded(f"the {order} {name} {kind}", "ordinal"))
    return rng.choice(ways) if ways else None


def _only_neighbour(describer: Describer, twins: list[Described], one: Described, near: tuple[str, str]) -> bool:
    return all(describer.neighbour(each) != near for each in twins if each is not one)


def _order(twins: list[Described], one: Described, rng: random.Random) -> str:
    """`second`, `last` …, if all of them look alike and one of these words fits."""
    if len({each.kind for each in twins}) > 1 or len(twins) > len(ORDINALS):
        return ""
    at = (
        next(number for number, each in enumerate(twins) if each.element is one.element)
        if any(each.element is one.element for each in twins)
        else -1
    )
    if at < 0:
        return ""
    return "last" if at == len(twins) - 1 and rng.random() < 0.5 else ORDINALS[at]


# Fields


def _fields(describer: Describer, rng: random.Random) -> list[Question]:
    fields = [each for each in describer.all if each.element.role in FIELD_ROLES]
    rng.shuffle(fields)
    asked: list[Question] = []
    for each in fields:
        if len(asked) == COUNTS["field"]:
            break
        if worded := _describe_field(describer, each, rng):
            act = _FIELD_ACTS.get(each.element.role, "enter")
            asked.append(_question(describer, each, "field", _sentence(worded, act, rng)))
    return asked


def _describe_field(describer: Describer, one: Described, rng: random.Random) -> Worded | None:
    kind = rng.choice(KINDS[one.kind])
    peers = [each for each in describer.all if each.kind == one.kind]
    place = describer.place(one.element)
    ways: list[Worded] = []
    name = one.name
    namesakes = [each for each in peers if plain(each.name) == plain(name)]
    if _usable(name) and plain(name) in describer.texts and len(namesakes) == 1 and _label_once(describer, one):
        said = _cased(name, rng)
        ways += [
            Worded(f"the {said} {kind}", "kind"),
            Worded(f"the {said} {kind}", "kind"),
            Worded(
                rng.choice((f"the {kind} for {said}", f"the {kind} labelled “{name}”", f"{said} ({kind})")), "labelled"
            ),
        ]
        if one.element.role in {"checkbox", "radio", "switch"}:
            ways.append(Worded(f"the {kind} next to {said}", "relation"))
        inside, _ = describer.container(one)
        if inside in _CONTAINERS:
            ways.append(Worded(f"the {said} {kind} {rng.choice(_CONTAINERS[inside])}", "container"))
    if len(peers) == 1 and place:
        ways.append(Worded(f"the {kind} {rng.choice(_PLACES[place])}", "place"))
    if len(peers) > 1 and 1 < len(peers) <= len(ORDINALS):
        order = reading_position(describer, one)
        if order and rng.random() < 0.5:
            ways.append(Worded(f"the {order} {KINDS[one.kind][0]}", "ordinal"))
    near = describer.neighbour(one)
    if near:
        ways.append(Worded(f"the {kind} {rng.choice(_RELATIONS[near[0]]).format(near[1])}", "relation"))
    if re.search(r"\bsearch\b", f"{one.element.name} {one.element.placeholder}", re.IGNORECASE):
        searches = [each for each in peers if "search" in f"{each.element.name} {each.element.placeholder}".lower()]
        if len(searches) == 1:
            where = f" {rng.choice(_PLACES[place])}" if place else ""
            ways += [Worded(rng.choice((f"the search box{where}", f"the search field{where}")), "function")] * 2
    return rng.choice(ways) if ways else None


def _label_once(describer: Describer, one: Described) -> bool:
    """Whether the visible name of a field is on the screen only as its own label."""
    same = [each.element for each in describer.all if plain(each.element.text) == plain(one.name)]
    controls = [each for each in same if each.control and each is not one.element]
    return not controls and sum(not each.control for each in same) <= 1


def reading_position(describer: Describer, one: Described) -> str:
    """`first`, `second` … among the elements of its kind in reading order."""
    peers = describer.same_kind(one)
    at = next((number for number, each in enumerate(peers) if each.element is one.element), -1)
    return "" if not 0 <= at < len(ORDINALS) else ORDINALS[at]


# Icons


def _icons(describer: Describer, rng: random.Random) -> list[Question]:
    shown = list(zip(describer.all, describer.icons, strict=True))
    candidates = [
        (each, icon)
        for each, icon in shown
        if icon.removeprefix(NAMED)
        and icon != ARROW
        and not each.element.text
        and each.element.role not in FIELD_ROLES
        and _small(each, describer)
    ]
    rng.shuffle(candidates)
    candidates.sort(key=lambda pair: not pair[0].element.control)
    asked: list[Question] = []
    used: set[str] = set()
    for each, icon in candidates:
        if len(asked) == COUNTS["icon"]:
            break
        if icon in used:
            continue
        others = [
            other
            for other, name in shown
            if name == icon and other.element is not each.element and not _same(other, each)
        ]
        worded = (
            _describe_named(describer, each, others, rng)
            if icon.startswith(NAMED)
            else _describe_icon(describer, each, icon, others, rng)
        )
        if worded:
            used.add(icon)
            name = icon.removeprefix(NAMED)
            asked.append(_question(describer, each, "icon", _sentence(worded, "press", rng), name=name))
    return asked


def _describe_icon(
    describer: Describer, one: Described, icon: str, others: list[Described], rng: random.Random
) -> Worded | None:
    looks, functions = CONCEPTS.get(icon, ((icon,), ()))
    ways: list[Worded] = []
    place = describer.place(one.element)
    near = describer.neighbour(one)
    word = rng.choice(looks)
    ways_of: tuple[str, ...]
    if icon in BRANDS:
        word = icon.capitalize()
        ways_of = ("the {0} logo", "the {0} icon", "the logo of {0}")
    else:
        ways_of = _ICON_ONLY
    phrase = rng.choice(ways_of).format(word)
    if not others:
        ways += [
            Worded(phrase, "icon-look"),
            Worded(f"{phrase} ({rng.choice(_PLACES[place])})" if place else phrase, "icon-look"),
        ]
        free = [each for each in functions if not _shown_text(describer, each)]
        if free and one.element.control:
            job = rng.choice(free)
            ways += [
                Worded(f"the {job} button", "icon-function"),
                Worded(f"the icon for {job}", "icon-function"),
                Worded(f"the {word} icon ({job})", "icon-brackets"),
            ]
        name = one.element.name
        if name and one.element.control and _usable(name) and not _shown_text(describer, name):
            ways += [Worded(f"the {name} button", "icon-name"), Worded(f"{name} (only an icon, no text)", "icon-name")]
    if place and all(describer.place(each.element) != place for each in others):
        ways.append(Worded(f"{phrase} {rng.choice(_PLACES[place])}", "icon-place"))
    if near and all(describer.neighbour(each) != near for each in others):
        ways.append(Worded(f"{phrase} {rng.choice(_RELATIONS[near[0]]).format(near[1])}", "icon-relation"))
    return rng.choice(ways) if ways else None


def _describe_named(describer: Describer, one: Described, others: list[Described], rng: random.Random) -> Worded | None:
    """A phrase for an icon by its accessible name, which is not visible and states what the icon does."""
    name = one.element.name
    if others or not _usable(name) or _shown_text(describer, name):
        return None
    said = _cased(name, rng)
    place = describer.place(one.element)
    ways = [
        Worded(f"the {said} button", "icon-name"),
        Worded(f"the {said} icon", "icon-name"),
        Worded(f"{said} (only an icon, no text)", "icon-name"),
        Worded(f"the button for {said}", "icon-name"),
    ]
    if place:
        ways.append(Worded(f"the {said} icon {rng.choice(_PLACES[place])}", "icon-place"))
    if near := describer.neighbour(one):
        ways.append(Worded(f"the {said} icon {rng.choice(_RELATIONS[near[0]]).format(near[1])}", "icon-relation"))
    return rng.choice(ways)


def _small(one: Described, describer: Describer) -> bool:
    left, top, right, bottom = one.element.box
    scale = describer.screen.scale
    return (right - left) <= 90 * scale and (bottom - top) <= 90 * scale


def _same(one: Described, two: Described) -> bool:
    (x, y), (left, top, right, bottom) = one.element.centre, two.element.box
    return left <= x <= right and top <= y <= bottom


def _shown_text(describer: Describer, words: str) -> bool:
    return any(fuzz.partial_ratio(plain(words), text) >= 85 for text in describer.texts if len(text) >= 3)


# Absent targets


def _absent(describer: Describer, others: Sequence[Screen], rng: random.Random) -> list[Question]:
    screen = describer.screen
    asked: list[Question] = []
    pool = [each for other in rng.sample(list(others), min(6, len(others))) for each in Describer(other).all]
    rng.shuffle(pool)
    known = describer.texts | {plain(each.name) for each in screen.elements} | {*describer.icons}
    for each in pool:
        if len(asked) == COUNTS["absent"] - 1:
            break
        name = each.name
        if not each.element.control or not _usable(name) or len(plain(name)) < 5 or not _nothing_like(name, known):
            continue
        kind = rng.choice(KINDS.get(each.kind, ("text",)))
        said = _cased(name, rng)
        phrase = rng.choice(
            (
                f"the {said} {kind}",
                f"“{name}”",
                f"the {kind} labelled {said}",
                said,
                f"the {said} {kind} (needed to continue)",
            )
        )
        act = _FIELD_ACTS.get(each.element.role, "enter") if each.element.role in FIELD_ROLES else "press"
        worded = _sentence(Worded(phrase, "absent-name"), act, rng)
        asked.append(Question(screen.name, worded.instruction, "absent", None, (), each.kind, name, worded.wording))
    drawn = [icon for each, icon in zip(describer.all, describer.icons, strict=True) if each.element.icon]
    if all(icon and not icon.startswith(NAMED) for icon in drawn) and describer.screen.pictures_named:
        shown = set(describer.icons)
        for icon in rng.sample(sorted(CONCEPTS), 8):
            looks, functions = CONCEPTS[icon]
            words = {icon, *looks, *functions, *(name for name, target in ALIASES.items() if target == icon)}
            if icon in shown or any(_shown_text(describer, word) for word in words) or _related(icon, shown):
                continue
            phrase = rng.choice(_ICON_ONLY).format(rng.choice(looks))
            worded = _sentence(Worded(phrase, "absent-icon"), "press", rng)
            asked.append(Question(screen.name, worded.instruction, "absent", None, (), "img", icon, worded.wording))
            break
    return asked


def _related(icon: str, shown: set[str]) -> bool:
    """Whether an icon on the screen shares a look or a function with this one."""
    mine = {word for words in CONCEPTS[icon] for word in words}
    return any(mine & {word for words in CONCEPTS.get(other, ()) for word in words} for other in shown)


def _nothing_like(name: str, known: set[str]) -> bool:
    words = {word for word in plain(name).split() if len(word) > 3}
    for text in known:
        if fuzz.ratio(plain(name), text) >= 55 or (len(text) > 3 and fuzz.partial_ratio(plain(name), text) >= 75):
            return False
        if words & set(text.split()):
            return False
    return True


# All


def _question(describer: Describer, one: Described, kind: str, worded: Worded, name: str = "") -> Question:
    element = one.element
    return Question(
        describer.screen.name,
        worded.instruction,
        kind,
        element.box,
        element.also,
        one.kind,
        name or one.name,
        worded.wording,
    )


def _sentence(worded: Worded, act: str, rng: random.Random) -> Worded:
    """Half of the phrases as part of a whole sentence."""
    if rng.random() < 0.45:
        return worded
    return Worded(rng.choice(_SENTENCES[act]).format(worded.instruction), f"{worded.wording}+sentence")


def _cased(name: str, rng: random.Random) -> str:
    return name.lower() if rng.random() < 0.25 else name


def _usable(name: str) -> bool:
    return 2 <= len(name) <= LONGEST_NAME and bool(re.search(r"[^\W\d_]{2}", name)) and "\n" not in name
