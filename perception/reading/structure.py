"""What holds what on a screen: the tree of its elements, from the page's own structure or from their parents.

The path of an element begins with the path of everything that holds it, so two elements lie together in whatever both
paths begin with. Of several controls called the same, each has a part of the screen of its own (`Structure.parts`): the
largest that holds it and none of the others, such as its card or row, whether the page has a role for it or not.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from handeye.tools.element import Element

Path = tuple["Hashable", ...]

#: Roles of one of several things alike, for platforms that tell parents only.
ITEM_ROLES = frozenset({"row", "listitem", "article", "treeitem", "option", "feed", "group", "term", "figure"})


def shared(one: Path, other: Path) -> int:
    """How many branches two paths have in common from the start."""
    count = 0
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            break
        count += 1
    return count


class Structure:
    """The tree of a screen's elements."""

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
        """Where it stands, from the screen's root; parts of one element (words of a line) stand where it does."""
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
        """Everything at or under a path, in reading order."""
        return self._held.get(path, ())

    def at(self, path: Path) -> Element | None:
        """The element that stands at this path itself, when the platform has one there."""
        return self._at.get(path)

    def items(self, element: Element) -> tuple[int, ...]:
        """So many branches of its path lead to one of several things alike, the outermost first."""
        if element.path:
            return element.items
        path = self.path(element)
        lengths = range(1, len(path) + 1)
        return tuple(n for n in lengths if (held := self._at.get(path[:n])) is not None and held.role in ITEM_ROLES)

    def children(self, path: Path) -> list[Path]:
        """The branches right under a path, in reading order."""
        found = (self.path(element)[: len(path) + 1] for element in self.held(path))
        return [branch for branch in dict.fromkeys(found) if len(branch) > len(path)]

    def together(self, one: Element, other: Element) -> Path:
        """The smallest part that holds both."""
        path = self.path(one)
        return path[: shared(path, self.path(other))]

    def parts(self, peers: Sequence[Element]) -> list[Path]:
        """For each of several elements, the largest part of the screen that holds it and none of the others.

        Of one that stands in another (a link in a card that can be pressed), its own path. Of a single element, all.
        """
        paths = [self.path(peer) for peer in peers]
        found: list[Path] = []
        for index, path in enumerate(paths):
            others = (each for place, each in enumerate(paths) if place != index)
            most = max((shared(path, each) for each in others), default=-1)
            found.append(path[: most + 1])
        return found

    def runs(self, peers: Sequence[Element]) -> list[tuple[Element, ...]]:
        """For each of several elements, its stretch of a flat list: `<dt>Ann</dt><dd>…</dd><dt>Bea</dt><dd>…</dd>`.

        Where the peers' parts stand next to each other with the same number of things between them, each run is a part
        and what belongs to it: what precedes it where the list begins so, what follows it where the list ends so.
        Empty tuples where the list is not as regular as that, so that nothing is attributed by chance.
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
        """What a branch begins with."""
        held = self.held(branch)
        return held[0].role if held else ""


_recent: list[tuple[Sequence[Element], Structure]] = []


def structure_of(elements: Iterable[Element]) -> Structure:
    """The tree of these elements; the last few screens' are remembered."""
    if not isinstance(elements, tuple):
        return Structure(tuple(elements))
    for known, structure in _recent:
        if known is elements:
            return structure
    made = Structure(elements)
    _recent.insert(0, (elements, made))
    del _recent[4:]
    return made
