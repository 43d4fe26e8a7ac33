"""Describes an element of a screen in words that fit no other element: by name, kind, place, order and neighbours."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks.strangers.icon_names import concept
from benchmarks.strangers.screens import FIELD_ROLES, Box, Screen, TrueElement

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Words for roles, the most usual one first.
KINDS: dict[str, tuple[str, ...]] = {
    "button": ("button",),
    "link": ("link", "hyperlink"),
    "tab": ("tab",),
    "menuitem": ("menu item", "menu entry", "entry"),
    "menuitemcheckbox": ("menu item",),
    "menuitemradio": ("menu item",),
    "option": ("option", "entry", "list item"),
    "treeitem": ("tree item", "entry"),
    "textbox": ("field", "text box", "input", "text field", "input field"),
    "searchbox": ("search box", "search field", "field"),
    "combobox": ("drop-down", "drop-down list", "select box", "combo box"),
    "listbox": ("list", "list box"),
    "spinbutton": ("number field", "spin box", "field"),
    "slider": ("slider",),
    "checkbox": ("checkbox", "check box", "tick box"),
    "radio": ("radio button", "option", "choice"),
    "switch": ("switch", "toggle"),
    "heading": ("heading", "title", "headline"),
    "columnheader": ("column heading", "column header"),
    "cell": ("cell", "table cell"),
    "gridcell": ("cell",),
}
#: Before the name of an icon whose picture is unknown: the name states what it does.
NAMED = "="
#: Longer texts are sentences, and people do not name elements by them.
LONGEST_NAME = 40


def plain(text: str) -> str:
    """Lower case, without punctuation at the ends and double spaces."""
    return re.sub(r"\s+", " ", re.sub(r"^[^\w]+|[^\w]+$", "", text.casefold()))


@dataclass(frozen=True)
class Described:
    """An element, with the name that is visible."""

    element: TrueElement
    name: str
    kind: str
    """Its role as people see it: a link that is drawn as a button is a button."""


class Describer:
    """What can be stated about the elements of one screen."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.all = [Described(each, visible_name(each), kind_of(each)) for each in screen.elements]
        self.icons = [NAMED + each.name if each.icon == "named" else concept(each.icon) for each in screen.elements]

    @cached_property
    def by_name(self) -> dict[str, list[Described]]:
        """The elements that show a name, nested ones counted once."""
        found: dict[str, list[Described]] = defaultdict(list)
        for each in sorted(self.all, key=lambda one: not one.element.control):
            name = plain(each.name)
            if name and not any(_nested(each.element.box, other.element.box) for other in found[name]):
                found[name].append(each)
        return found

    @cached_property
    def texts(self) -> set[str]:
        """All visible texts."""
        every = {plain(text) for each in self.screen.elements for text in (each.text, each.placeholder, each.value)}
        return every - {""}

    def twins(self, one: Described) -> list[Described]:
        """The elements that show the same name, the element included, in reading order."""
        return reading_order(self.by_name[plain(one.name)])

    def in_order(self, some: Sequence[Described]) -> list[Described]:
        """Elements from top to bottom, and in a row from left to right."""
        return reading_order(some)

    def place(self, element: TrueElement) -> str:
        """Where on the picture the element is: `top left`, `bottom`, `right` …; empty in the middle."""
        (x, y), (width, height) = element.centre, self.screen.size
        down = "top" if y < 0.2 * height else "bottom" if y > 0.8 * height else ""
        across = "left" if x < 0.25 * width else "right" if x > 0.75 * width else ""
        return f"{down} {across}".strip()

    def neighbour(self, one: Described) -> tuple[str, str] | None:
        """The relation to a unique text close by, and the text: no other element of this kind is in that relation."""
        best: tuple[float, str, str] | None = None
        peers = [each for each in self.all if family(each.kind) == family(one.kind) and each.element is not one.element]
        for anchor in self.all:
            if not anchor.element.text or anchor.element.role in FIELD_ROLES:
                continue  # the name of a field may be written in it
            name = anchor.name
            if (
                not 3 <= len(name) <= LONGEST_NAME
                or len(self.by_name[plain(name)]) > 1
                or plain(name) == plain(one.name)
            ):
                continue
            box = anchor.element.text_box or anchor.element.box
            if _nested(box, one.element.box):
                continue
            relation, gap = relate(one.element.box, box)
            if not relation or gap > 140 * self.screen.scale:
                continue
            if any(
                other == relation and distance < gap + 30
                for other, distance in (relate(each.element.box, box) for each in peers)
            ):
                continue
            if best is None or gap < best[0]:
                best = gap, relation, name
        return best and (best[1], best[2])

    def container(self, one: Described) -> tuple[str, str]:
        """Kind and visible title of the container, such as (`dialog`, `Delete file`); empty if there is none."""
        kind, _, title = one.element.container.partition(": ")
        title = title if title and plain(title) in self.texts and plain(title) != plain(one.name) else ""
        if title and len(title) > LONGEST_NAME:
            title = ""
        return kind, title


def family(kind: str) -> str:
    """The kind under which people count fields: all that take text look alike."""
    return "textbox" if kind in {"searchbox", "spinbutton"} else kind


def visible_name(element: TrueElement) -> str:
    """The name as far as it is visible: the text, or of a field its placeholder or name."""
    if element.role in FIELD_ROLES:
        return re.sub(r"\s*[*:.…]+$", "", element.name or element.placeholder)
    return element.text


def kind_of(element: TrueElement) -> str:
    """The role, with links that are drawn as buttons counted as buttons."""
    if element.role == "link" and element.text_box:
        box, inner = element.box, element.text_box
        high, wide = (box[3] - box[1]) - (inner[3] - inner[1]), (box[2] - box[0]) - (inner[2] - inner[0])
        if "navigation" in element.container or "complementary" in element.container:
            return "menuitem" if high > 12 else "link"
        return "button" if high >= 12 and 16 <= wide < 120 else "link"
    return element.role


def reading_order(elements: Sequence[Described]) -> list[Described]:
    """From top to bottom, and in a row from left to right."""
    ordered: list[list[Described]] = []
    for each in sorted(elements, key=lambda one: one.element.centre[1]):
        top, bottom = each.element.box[1], each.element.box[3]
        if ordered and ordered[-1][0].element.centre[1] > top and ordered[-1][0].element.centre[1] < bottom:
            ordered[-1].append(each)
        else:
            ordered.append([each])
    return [each for row in ordered for each in sorted(row, key=lambda one: one.element.box[0])]


def relate(box: Box, anchor: Box) -> tuple[str, float]:
    """How a box lies to an anchor (`right of`, `left of`, `below`, `above`), and the gap between them in pixels."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    if anchor[1] - 2 <= y <= anchor[3] + 2 or box[1] <= (anchor[1] + anchor[3]) / 2 <= box[3]:
        if box[0] >= anchor[2] - 2:
            return "right of", box[0] - anchor[2]
        if box[2] <= anchor[0] + 2:
            return "left of", anchor[0] - box[2]
    if anchor[0] - 4 <= x <= anchor[2] + 4 or abs(box[0] - anchor[0]) < 14:
        if box[1] >= anchor[3] - 2:
            return "below", box[1] - anchor[3]
        if box[3] <= anchor[1] + 2:
            return "above", anchor[1] - box[3]
    return "", 0.0


def _nested(one: Box, two: Box) -> bool:
    def inside(inner: Box, outer: Box) -> bool:
        x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
        return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]

    return inside(one, two) or inside(two, one)
