"""The tree of the elements of a screen, from the structure of the page or from their parents.

The path of an element begins with the path of each of its containers, so two elements share the containers that both
paths begin with. Each of several controls with the same name has its own part of the screen (`Structure.parts`): the
largest container that has it and none of the others, such as its card or row, with or without a role.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from handeye.tools.element import Element

Path = tuple["Hashable", ...]

#: Roles of items, for platforms that report only parents.
ITEM_ROLES = frozenset({"row", "listitem", "article", "treeitem", "option", "feed", "group", "term", "figure"})


def shared(one: Path, other: Path) -> int:
    """Return how many branches two paths have in common from the root."""
    count = 0
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            break
        count += 1
    return count


class Structure:
    """The tree of the elements of a screen."""

    def __init__(self, elements: Sequence[Element]) -> None:
        self.elements = tuple(elements)
        self.by_id = {element.id: element for element in self.elements}
        self._paths: dict[str, Path] = {}
        self._held: dict[Path, list[Element]] = defaultdict(list)
        self._at: dict[Path, Element] = {}
        for element in self.elements:
            path = self.path(element)
            self._at.setdefault(path, element)
            for length in range(len(path) + 1):
                self._held[path[:length]].append(element)

    def path(self, element: Element) -> Path:
        """Return the path of an element from the root; parts of one element (words of a line) have its path."""
        if (known := self._paths.get(element.id)) is not None:
            return known
        path: Path = element.path
        if not path:
            chain = [element.id]
            above = self.by_id.get(element.parent or "")
            while above is not None and above.id not in chain and not above.path:
                chain.append(above.id)
                above = self.by_id.get(above.parent or "")
            path = (*(above.path if above is not None else ()), *reversed(chain))
        self._paths[element.id] = path
        return path

    def held(self, path: Path) -> Sequence[Element]:
        """Return all elements at or below a path, in reading order."""
        return self._held.get(path, ())

    def at(self, path: Path) -> Element | None:
        """Return the element at exactly this path, if the platform has one."""
        return self._at.get(path)

    def items(self, element: Element) -> tuple[int, ...]:
        """Return the lengths of the prefixes of its path that are items, the outermost first."""
        if element.path:
            return element.items
        path = self.path(element)
        lengths = range(1, len(path) + 1)
        return tuple(n for n in lengths if (held := self._at.get(path[:n])) is not None and held.role in ITEM_ROLES)

    def children(self, path: Path) -> list[Path]:
        """Return the branches directly below a path, in reading order."""
        found = (self.path(element)[: len(path) + 1] for element in self.held(path))
        return [branch for branch in dict.fromkeys(found) if len(branch) > len(path)]

    def together(self, one: Element, other: Element) -> Path:
        """Return the smallest container of both."""
        path = self.path(one)
        return path[: shared(path, self.path(other))]

    def parts(self, peers: Sequence[Element]) -> list[Path]:
        """For each of several elements, return the largest container that has it and none of the others.

        An element inside another one (a link in a clickable card) gets its own path. A single element gets the root.
        """
        paths = [self.path(peer) for peer in peers]
        found: list[Path] = []
        for index, path in enumerate(paths):
            others = (each for place, each in enumerate(paths) if place != index)
            most = max((shared(path, each) for each in others), default=-1)
            found.append(path[: most + 1])
        return found

    def runs(self, peers: Sequence[Element]) -> list[tuple[Element, ...]]:
        """For each of several elements, return its run in a flat list: `<dt>Ann</dt><dd>…</dd><dt>Bea</dt><dd>…</dd>`.

        Where the parts of the peers are siblings with the same number of siblings between them, each run is a part and
        the siblings before it (if the list begins so) or after it (if the list ends so). The tuples are empty where the
        list is less regular, so that nothing is assigned by chance.
        """
        nothing: list[tuple[Element, ...]] = [() for _ in peers]
        parts = self.parts(peers)
        above = {part[:-1] for part in parts}
        if len(peers) < 2 or len(above) != 1 or not all(parts):
            return nothing
        branches = self.children(above.pop())
        places = [branches.index(part) for part in parts]
        steps = {later - sooner for sooner, later in pairwise(places)}
        if len(steps) != 1 or (step := steps.pop()) < 2:
            return nothing
        kinds = [self._kind(branch) for branch in branches]
        fitting = [
            (low, high)
            for low, high in ((1 - step, 0), (0, step - 1))
            if places[0] + low >= 0
            and places[-1] + high < len(branches)
            and len({tuple(kinds[place + low : place + high + 1]) for place in places}) == 1
        ]
        if len(fitting) != 1:
            return nothing
        low, high = fitting[0]
        return [
            tuple(each for branch in branches[place + low : place + high + 1] for each in self.held(branch))
            for place in places
        ]

    def _kind(self, branch: Path) -> str:
        """Return the text that a branch begins with."""
        held = self.held(branch)
        return held[0].role if held else ""


_recent: list[tuple[Sequence[Element], Structure]] = []


def structure_of(elements: Iterable[Element]) -> Structure:
    """Return the tree of these elements; the trees of the last few screens are cached."""
    if not isinstance(elements, tuple):
        return Structure(tuple(elements))
    for known, structure in _recent:
        if known is elements:
            return structure
    made = Structure(elements)
    _recent.insert(0, (elements, made))
    del _recent[4:]
    return made
