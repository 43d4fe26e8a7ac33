"""Groups elements into rows, results and cards.

The groups follow the parents of elements where the platform knows them, otherwise repetition on the screen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handeye.perception.phrases.wording import alike, stem, words
from handeye.perception.reading.structure import ITEM_ROLES, Path, Structure, structure_of
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handeye.tools.element import Element

#: Roles of containers that describe their controls, in addition to the roles of items.
HOLDING_ROLES = ITEM_ROLES | {"form", "dialog", "alertdialog", "region", "tabpanel", "radiogroup", "search"}
#: Parts of a page whose lists are not meant by "the results".
ASIDE_ROLES = frozenset(
    {"navigation", "banner", "contentinfo", "menu", "menubar", "toolbar", "tablist", "complementary", "search"}
)
#: The least score of a name in an item for the item to be meant.
ITEM_NAMED = 0.72
_CELLS = frozenset({"columnheader", "rowheader"})


@dataclass(frozen=True)
class Item:
    """One of several similar items, such as a result or a row."""

    members: tuple[Element, ...]
    """Its elements, in reading order."""
    box: Box
    element: Element | None = None
    """The element of the item itself, if the platform knows it."""

    @property
    def text(self) -> str:
        """All text in it."""
        own = [self.element.name] if self.element and self.element.name else []
        texts = [text for member in self.members for text in (member.name, member.text) if text]
        return " ".join(dict.fromkeys([*own, *texts]))

    def title(self) -> Element | None:
        """Its title: its own name, otherwise the first text in it."""
        if self.element and self.element.name:
            return self.element
        return next((member for member in self.members if member.name), None)

    def principal(self) -> Element | None:
        """The element that opens it: its main link, otherwise its heading, otherwise the item itself."""
        acting = [member for member in self.members if member.acts and member.name and not member.covered]
        links = [member for member in acting if member.role == "link"]
        headings = [member for member in self.members if member.role == "heading"]
        for heading in headings:
            over = [link for link in links if link.box.overlap(heading.box) or link.parent == heading.id]
            if over:
                return over[0]
        if links:
            return max(links, key=lambda link: (len(link.name) > 3, link.box.area))
        if self.element and self.element.acts:
            return self.element
        if headings:
            return headings[0]
        boxes = [member for member in acting if member.role not in {"checkbox", "radio", "switch"}]
        if self.element and (self.element.role != "row" or not boxes):
            return self.element
        if len(boxes) == 1:
            return boxes[0]
        return self.element or (self.members[0] if self.members else None)


@dataclass(frozen=True)
class Group:
    """Similar items that follow each other."""

    items: tuple[Item, ...]
    role: str
    label: str = ""
    """The name of the list around them."""
    aside: bool = False
    """Whether it is in a menu, header or footer."""

    @property
    def area(self) -> int:
        """The area of the box around the group, in square pixels."""
        return sum(item.box.area for item in self.items)


def around(boxes: Iterable[Box]) -> Box:
    """Return the smallest box that contains all of them."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def ancestors(element: Element, by_id: dict[str, Element]) -> list[Element]:
    """Return the parent, the parent's parent …, as far as they are known."""
    found: list[Element] = []
    while element.parent and (parent := by_id.get(element.parent)) and parent not in found:
        found.append(parent)
        element = parent
    return found


def descendants(container: Element, elements: Sequence[Element]) -> list[Element]:
    """Return the elements in a container: by their parents where these are known, otherwise by their boxes."""
    by_id = {element.id: element for element in elements}
    listed = [each for each in elements if each is not container and container in ancestors(each, by_id)]
    if listed:
        return listed
    return [each for each in elements if each is not container and _holds(container.box, each.box)]


def container_of(element: Element, elements: Sequence[Element]) -> Item | None:
    """Return the row, card, form, dialog or section around an element, by which a person would distinguish it.

    This is the smallest part of the page that contains the element and has text that distinguishes it from the parts
    around other controls of the same name (without such controls: any text outside controls). Parts come from the
    structure of the page, also where it consists of plain `div`s. `Item.element` is the part itself where the platform
    lists it, `Item.members` all elements in it. None where nothing around the element has text.
    """
    structure = structure_of(elements)
    path = structure.path(element)
    own = {each.id for each in structure.held(path)}
    peers = [
        each
        for each in structure.elements
        if each.role == element.role and each.name == element.name and structure.path(each) != path
    ]
    parts = structure.parts([element, *peers])
    least = len(parts[0]) if peers else 1
    common = frozenset.intersection(*(_texts_of(structure.held(part), ()) for part in parts)) if peers else frozenset()
    lengths = {n for n in structure.items(element) if least <= n < len(path)}
    lengths |= {n for n in range(least, len(path)) if (at := structure.at(path[:n])) and at.role in HOLDING_ROLES}
    if peers and 0 < least < len(path):
        lengths.add(least)
    for length in sorted(lengths, reverse=True):
        held = structure.held(path[:length])
        if _texts_of([each for each in held if peers or not each.acts or each.role == "link"], own) - common:
            return _part(path[:length], structure)
    if peers and (run := next(iter(_runs([element, *peers], structure)), ())):
        return Item(run, around(each.box for each in run))
    return None


def container_text(element: Element, elements: Sequence[Element]) -> str:
    """Return all text in the container of an element, its own included; empty where it has none."""
    held = container_of(element, elements)
    return held.text if held else ""


def _part(path: Path, structure: Structure) -> Item:
    """Return a part of the screen as an item."""
    held, itself = structure.held(path), structure.at(path)
    members = tuple(each for each in held if each is not itself)
    return Item(members, around(each.box for each in (held if itself is None else (itself,))), itself)


def _runs(peers: Sequence[Element], structure: Structure) -> list[tuple[Element, ...]]:
    """Return `Structure.runs`, for peers in any order."""
    order = {element.id: place for place, element in enumerate(structure.elements)}
    ranked = sorted(peers, key=lambda peer: order.get(peer.id, 0))
    runs = dict(zip((peer.id for peer in ranked), structure.runs(ranked), strict=True))
    return [runs[peer.id] for peer in peers]


def _texts_of(held: Iterable[Element], own: Iterable[str]) -> frozenset[str]:
    """Return the text of elements, without those named in `own`."""
    left_out = set(own)
    return frozenset(
        text
        for each in held
        if each.id not in left_out
        for text in (each.name, each.text, "" if each.secret else each.value)
        if text
    )


def groups(elements: Sequence[Element]) -> list[Group]:
    """Return the lists on the screen; those most likely meant by "results" first."""
    found = _groups_by_parent(elements) or []
    found += _structural(elements)
    found += _repeated(elements, {member.id for group in found for item in group.items for member in item.members})
    return sorted(found, key=_importance, reverse=True)


def items_called(noun: str, role: str, elements: Sequence[Element]) -> tuple[Item, ...]:
    """Return the items meant by a noun such as "row", "result" or "invoice": those of the list that fits best."""
    candidates = groups(elements)
    if role == "row":
        candidates = [group for group in candidates if group.role == "row"] or candidates
    elif role == "option":
        candidates = [group for group in candidates if group.role == "option"] or candidates
    named = [
        group for group in candidates if noun and {stem(word) for word in words(noun)} & _stems(group.label)
    ]  # fmt: skip
    best = (named or candidates)[:1]
    return best[0].items if best else ()


def item_of(element: Element, elements: Sequence[Element]) -> Item | None:
    """Return the smallest item that contains an element."""
    holding = [
        item
        for group in groups(elements)
        for item in group.items
        if element in item.members or element == item.element
    ]  # fmt: skip
    return min(holding, key=lambda item: item.box.area, default=None)


def items_with(text: str, elements: Sequence[Element], role: str = "") -> list[Item]:
    """Return the items with an element of this name, the best first.

    Between two items the one with the role `role` comes first, then the one that the name titles, then the smaller.
    """
    return [item for _, item in _ranked_with(text, elements, role)]


def items_known_by(text: str, elements: Sequence[Element], role: str = "") -> list[Item]:
    """Return those of `items_with` that match equally well: more than one where the name is ambiguous."""
    ranked = _ranked_with(text, elements, role)
    return [item for rank, item in ranked if rank == ranked[0][0]]


def _ranked_with(text: str, elements: Sequence[Element], role: str) -> list[tuple[tuple[float, bool, bool], Item]]:
    scored: list[tuple[float, bool, bool, int, int, Item]] = []
    for group in groups(elements):
        for place, item in enumerate(group.items):
            own = (item.element,) if item.element else ()
            found = [alike(text, member.name) for member in (*item.members, *own)]
            score = max((score for score, why in found if why != "is part of it"), default=0.0)
            if score >= ITEM_NAMED:
                first = item.title()
                named = first is not None and alike(text, first.name).score >= score - 0.005
                other = role == "row" and group.role != "row"
                scored.append((-round(score, 2), other, not named, item.box.area, place, item))
    return [(entry[:3], entry[5]) for entry in sorted(scored, key=lambda entry: entry[:5])]


def _groups_by_parent(elements: Sequence[Element]) -> list[Group]:
    by_id = {element.id: element for element in elements}
    families: dict[tuple[str, str | None], list[Element]] = defaultdict(list)
    for element in elements:
        if element.role in ITEM_ROLES and element.box.area > 0:
            families[element.role, _family(element, by_id)].append(element)
    found: list[Group] = []
    for (role, family), roots in families.items():
        items = [Item(tuple(descendants(root, elements)), root.box, root) for root in roots]
        if role == "row":
            items = [item for item in items if not _is_header(item, items)]
        if not items:
            continue
        above = by_id.get(family or "")
        chain = ancestors(items[0].element or roots[0], by_id)
        label = above.name if above and above.name else _heading_above(items[0].box, elements)
        aside = any(each.role in ASIDE_ROLES for each in chain)
        found.append(Group(tuple(items), role, label, aside))
    return found


#: A part with more elements than this is a column of the page rather than an item.
_MOST_IN_ITEM = 40


def _structural(elements: Sequence[Element]) -> list[Group]:
    """Return similar items without a role: cards of plain `div`s."""
    structure = structure_of(elements)
    families: dict[Path, dict[Path, None]] = defaultdict(dict)
    for element in elements:
        for length in element.items:
            branch = element.path[:length]
            at = structure.at(branch)
            if at is None or at.role not in ITEM_ROLES:
                families[branch[:-1]].setdefault(branch)
    found: list[Group] = []
    for above, branches in families.items():
        held = [structure.held(branch) for branch in branches]
        if len(branches) < 2 or any(len(each) > _MOST_IN_ITEM or len(each) < 2 for each in held):
            continue
        if any(each.role in ITEM_ROLES for some in held for each in some):
            continue  # lists and tables distinguish their rows
        if not _alike(held):
            continue
        items = tuple(_part(branch, structure) for branch in branches)
        around_it = [structure.at(above[:length]) for length in range(len(above) + 1)]
        aside = any(each is not None and each.role in ASIDE_ROLES for each in around_it)
        found.append(Group(items, "item", _heading_above(items[0].box, elements), aside))
    return found


def _alike(parts: Sequence[Sequence[Element]]) -> bool:
    """Whether most parts hold the same kinds of elements: a search bar above its results is no item next to them."""
    roles = [frozenset(each.role for each in part) for part in parts]
    usual = Counter(roles).most_common(1)[0][0]
    similar = sum(2 * len(usual & some) >= len(usual | some) for some in roles)
    return similar > len(parts) / 2


def _family(element: Element, by_id: dict[str, Element]) -> str | None:
    """Return the list or table of an item; row groups do not count."""
    parent = by_id.get(element.parent or "")
    while parent and parent.role == "rowgroup":
        parent = by_id.get(parent.parent or "")
    return parent.id if parent else element.parent


def _is_header(item: Item, items: Sequence[Item]) -> bool:
    roles = {member.role for member in item.members}
    if roles & {"cell", "gridcell"}:
        return False
    if "columnheader" in roles:
        return True
    return not item.members and len(items) > 1 and any(other.members for other in items)


def _heading_above(box: Box, elements: Sequence[Element]) -> str:
    above = [
        element
        for element in elements
        if element.role == "heading" and 0 <= box.top - element.box.bottom < 120 and element.box.left < box.right
    ]
    return max(above, key=lambda element: element.box.bottom).name if above else ""


def _repeated(elements: Sequence[Element], taken: set[str]) -> list[Group]:
    """Return similar elements in a column, row or grid, each with its neighbours."""
    series: dict[tuple[str, ...], list[Element]] = defaultdict(list)
    for element in elements:
        if element.id in taken or element.box.area == 0:
            continue
        if element.role in {"button", "clickable"} and element.name:
            series[element.role, " ".join(words(element.name))].append(element)
        elif element.role in {"link", "heading"}:
            series[element.role, "left", str(round(element.box.left / 6))].append(element)
            if element.role == "heading":
                series["heading", "top", str(round(element.box.top / 6))].append(element)
    by_id = {element.id: element for element in elements}
    found: list[Group] = []
    for key, roots in series.items():
        if len(roots) < 2 or max(each.box.height for each in roots) > 3 * min(each.box.height for each in roots):
            continue
        aside = any(each.role in ASIDE_ROLES for each in ancestors(roots[0], by_id))
        label = _heading_above(roots[0].box, elements) if key[0] != "heading" else ""
        found.append(Group(_with_neighbours(roots, elements), key[0], label, aside))
    return found


def _with_neighbours(roots: Sequence[Element], elements: Sequence[Element]) -> tuple[Item, ...]:
    """Assign each element to its nearest root, if it is not farther away than the roots are from each other."""
    members: dict[str, list[Element]] = {root.id: [] for root in roots}
    stacked = len({round(root.box.left / 40) for root in roots}) == 1
    reach = min(
        abs(one.box.centre.y - two.box.centre.y) + (0 if stacked else abs(one.box.centre.x - two.box.centre.x))
        for i, one in enumerate(roots)
        for two in roots[i + 1 :]
    )
    area = around(root.box for root in roots)
    for element in elements:
        if element.box.area > 0.5 * area.area and element.box.area > 40_000:
            continue
        distances = []
        for root in roots:
            down = abs(element.box.centre.y - root.box.centre.y)
            across = abs(element.box.centre.x - root.box.centre.x)
            distances.append((down + (across * 0.05 if stacked else across), root.id))
        distance, nearest = min(distances)
        if distance < max(reach, 1) * (0.6 if stacked else 0.75):
            members[nearest].append(element)
    return tuple(
        Item(tuple(members[root.id]) or (root,), around([root.box, *(each.box for each in members[root.id])]))
        for root in roots
    )


def _importance(group: Group) -> tuple[bool, bool, float]:
    reading = sum(len(item.text) for item in group.items) / len(group.items)
    listed = group.items[0].element is not None or group.role == "item"
    bonus = {"row": 1.5, "article": 2.0, "listitem": 1.5, "heading": 1.2, "option": 0.3, "group": 0.5}.get(
        group.role, 1.0
    )
    if {stem(word) for word in words(group.label)} & {"result", "product", "item", "found", "match", "hit"}:
        bonus *= 4
    acts = any(member.acts for item in group.items for member in item.members)
    weight = bonus * (2 if listed else 1) * (1.5 if acts else 1) * (group.area**0.5) * min(reading, 80)
    return (not group.aside, len(group.items) > 1 or listed, weight)


def _stems(text: str) -> set[str]:
    return {stem(word) for word in words(text)}


def _holds(outer: Box, inner: Box) -> bool:
    return inner.area < outer.area and outer.overlap(inner) >= 0.8 * inner.area > 0
