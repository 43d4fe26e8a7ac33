"""Phrases for the targets of a screen, and which of them are unambiguous there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from handeye.perception.training.data.icons import SYNONYMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.training.data.screen import LabeledScreen, LabeledTarget

#: Nouns for the roles; the first is the usual one.
NOUNS: dict[str, tuple[str, ...]] = {
    "button": ("button",),
    "link": ("link",),
    "field": ("field", "text field"),
    "textbox": ("field", "text field"),
    "searchbox": ("field", "search field"),
    "combobox": ("list", "drop-down list", "field"),
    "checkbox": ("checkbox",),
    "radio": ("radio button", "button"),
    "switch": ("switch", "toggle"),
    "tab": ("tab",),
    "heading": ("heading", "text"),
    "text": ("text",),
    "cell": ("cell", "text"),
    "columnheader": ("column", "text"),
    "menuitem": ("menu item",),
    "option": ("option",),
    "icon": ("icon",),
    "img": ("icon",),
}
LABELLED = frozenset({"field", "textbox", "searchbox", "combobox", "checkbox", "radio", "switch"})
#: Controls with their label on the right; other labels are above or on the left.
_LABEL_RIGHT = frozenset({"checkbox", "radio", "switch"})
_WORDS = frozenset({"text", "cell", "heading", "columnheader", "label"})
#: Targets without a colour word have the text colour of the screen, which may be any of these.
_INKS = ("black", "white", "grey")
_LONGEST = 40

#: Words (or none), noun (or none), colour (or none).
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Phrase:
    """An unambiguous phrase for one target of a screen."""

    text: str
    target: LabeledTarget
    plain: bool = True
    """Whether it identifies the target without a place or a neighbour."""


@dataclass(frozen=True)
class Names:
    """The phrases for everything on one screen."""

    screen: LabeledScreen

    @cached_property
    def labels(self) -> dict[int, str]:
        """The labels of fields, checkboxes and similar, by the number of their target."""
        texts = [target for target in self.screen.targets if target.role in _WORDS and target.text]
        found = {}
        for number, target in enumerate(self.screen.targets):
            if target.role in LABELLED and (
                near := [(gap, text) for text in texts if (gap := _gap(target, text)) >= 0]
            ):
                found[number] = min(near, key=lambda each: each[0])[1].text
        return found

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        """Return every unambiguous phrase of this screen, in the order of its targets."""
        return tuple(phrase for number in range(len(self.screen.targets)) for phrase in self.of(number))

    def known(self, words: str) -> bool:
        """Whether any target here matches these words."""
        return any(words.casefold() == name for names in self._names.values() for name in names)

    def describe(self, number: int) -> str:
        """Describe a target, ambiguous or not: "a red trash icon"."""
        target = self.screen.targets[number]
        name = self.labels.get(number) or target.text or target.icon
        words = " ".join(part for part in (target.colour, name, _nouns(target)[0]) if part)
        return f"{'an' if words[0].lower() in 'aeiou' else 'a'} {words}"

    @cached_property
    def _names(self) -> dict[int, tuple[str, ...]]:
        return {number: tuple(self._called(number)) for number in range(len(self.screen.targets))}

    def _called(self, number: int) -> Iterator[str]:
        target = self.screen.targets[number]
        if target.text:
            yield target.text.casefold()
        if number in self.labels and self.labels[number].casefold() != target.text.casefold():
            yield self.labels[number].casefold()
        if target.icon:
            yield target.icon
            yield from SYNONYMS.get(target.icon, ())

    @cached_property
    def _holders(self) -> dict[Key, list[int]]:
        """Which targets each way of naming fits."""
        found: dict[Key, list[int]] = {}
        for number, target in enumerate(self.screen.targets):
            for words in ("", *dict.fromkeys(self._names[number])):
                for noun in ("", *_nouns(target)):
                    for colour in ("", *((target.colour,) if target.colour else _INKS)):
                        found.setdefault((words, noun, colour), []).append(number)
        return found

    @cached_property
    def _all_coloured(self) -> bool:
        return all(target.colour for target in self.screen.targets)

    def _alone(self, key: Key) -> bool:
        return len(self._holders.get(key, ())) == 1

    def of(self, number: int) -> Iterator[Phrase]:
        """The phrases for one target, by its number; those with a place or a neighbour only where it has no other."""
        target, nouns = self.screen.targets[number], _nouns(self.screen.targets[number])
        found = False
        for words, description in self._descriptions(number):
            if self._alone((words, "", "")):
                found = True
                yield Phrase(description, target)
                if description == target.text:
                    yield Phrase(f"“{description}”", target)
            for noun in nouns:
                if self._alone((words, noun, "")) and noun != "text":
                    found = True
                    yield Phrase(f"the {description} {noun}", target)
                if target.colour and self._alone((words, noun, target.colour)):
                    found = True
                    yield Phrase(f"the {target.colour} {description} {noun}", target)
        for noun in nouns:
            if noun not in {"text", "cell"} and self._alone(("", noun, "")):
                yield Phrase(f"the {noun}", target)
            if target.colour and self._all_coloured and self._alone(("", noun, target.colour)):
                yield Phrase(f"the {target.colour} {noun}", target)
        if target.colour and self._all_coloured and self._alone(("", "", target.colour)):
            yield Phrase(target.colour, target)
        if not found:
            yield from self._placed(number)

    def _descriptions(self, number: int) -> Iterator[tuple[str, str]]:
        """Each name as it is compared, and as it is written; long texts have only themselves."""
        target = self.screen.targets[number]
        for name in dict.fromkeys(self._names[number]):
            written = {
                target.text.casefold(): target.text,
                self.labels.get(number, "").casefold(): self.labels.get(number),
            }
            if len(name) <= _LONGEST:
                yield name, written.get(name) or name

    def _placed(self, number: int) -> Iterator[Phrase]:
        """Phrases by a neighbour in the same line, or by an ordinal."""
        target, noun = self.screen.targets[number], _nouns(self.screen.targets[number])[0]
        for words, description in list(self._descriptions(number))[:1]:
            same = self._holders[words, noun, ""]
            if noun in {"text", "cell"} or len(same) > 12:
                continue
            if neighbour := self._neighbour(number, same):
                yield Phrase(f"the {description} {noun} next to {neighbour}", target, plain=False)
            if place := self._which(number, same):
                yield Phrase(f"the {place[0]} {description} {noun}{place[1]}", target, plain=False)

    def _neighbour(self, number: int, same: list[int]) -> str:
        """The text nearest in its line, when there is one such text and no other of the same name in that line."""
        targets, box = self.screen.targets, self.screen.targets[number].box
        lined = [n for n, each in enumerate(targets) if each.text and n not in same and _in_line(each, targets[number])]
        lined = [n for n in lined if self._counts[targets[n].text.casefold()] == 1 and len(targets[n].text) <= _LONGEST]
        if not lined or any(n != number and _in_line(targets[n], targets[number]) for n in same):
            return ""
        nearest = min(lined, key=lambda n: max(targets[n].box.left - box.right, box.left - targets[n].box.right))
        if any(n != number and _in_line(targets[n], targets[nearest]) for n in same):
            return ""
        return targets[nearest].text

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(name for names in self._names.values() for name in names)

    def _which(self, number: int, same: list[int]) -> tuple[str, str] | None:
        """Phrases by an ordinal among several in one row or column."""
        boxes = [self.screen.targets[n].box for n in same]
        middle = [box.centre for box in boxes]
        if all(abs(spot.y - middle[0].y) < boxes[0].height for spot in middle):
            order, side = sorted(same, key=lambda n: self.screen.targets[n].box.left), "from the left"
        elif all(abs(spot.x - middle[0].x) < boxes[0].width for spot in middle):
            order, side = sorted(same, key=lambda n: self.screen.targets[n].box.top), "from the top"
        else:
            return None
        place = order.index(number)
        if place >= len(_ORDINALS):
            return None
        return _ORDINALS[place], f" {side}"


_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def _nouns(target: LabeledTarget) -> tuple[str, ...]:
    nouns = NOUNS.get(target.role, (target.role,))
    if target.icon and not target.text and "icon" not in nouns and target.role not in LABELLED:
        return (*nouns, "icon")
    return nouns


def _in_line(one: LabeledTarget, other: LabeledTarget) -> bool:
    """Whether two targets are in one line, and not too far apart."""
    shared = min(one.box.bottom, other.box.bottom) - max(one.box.top, other.box.top)
    gap = max(one.box.left - other.box.right, other.box.left - one.box.right)
    return shared > 0.6 * min(one.box.height, other.box.height) and gap < 40 * max(8, one.box.height)


def _gap(target: LabeledTarget, text: LabeledTarget) -> int:
    """Return the distance of a text from the place of a target's label; -1 if it is elsewhere."""
    box, words = target.box, text.box
    in_line = words.top < box.centre.y < words.bottom
    if target.role in _LABEL_RIGHT:
        gap = words.left - box.right
        return gap if in_line and -1 <= gap < 3 * max(box.height, words.height) else -1
    above = box.top - words.bottom
    if abs(words.left - box.left) < words.height and -1 <= above < 1.5 * words.height:
        return max(0, above)
    gap = box.left - words.right
    return gap if in_line and -1 <= gap < 12 * words.height else -1
