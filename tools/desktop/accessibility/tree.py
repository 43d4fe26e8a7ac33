"""Elements of the programs on an X server, from their AT-SPI trees."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.tools.desktop.accessibility import roles
from handeye.tools.desktop.accessibility.bus import (
    ACCESSIBLE,
    ACTION,
    COMPONENT,
    ROOT,
    TABLE,
    TEXT,
    VALUE,
    Bus,
    BusRequest,
    Node,
    about,
)
from handeye.tools.desktop.accessibility.order import StableIds, in_lines, nearby_label
from handeye.tools.desktop.backends.x11_stacking import on_popup, own, topmost
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from handeye.tools.desktop.backends.x11_stacking import Own, Surface

#: Timeout in seconds for all programs together; nodes received by then are used.
TREE_TIMEOUT = 3.0

#: The most nodes read per screen, children read per node (a list may have a million rows), and visible cells per table.
MOST, MOST_BELOW, MOST_CELLS = 4000, 400, 1500

#: The most children requested, in all, from a container that creates new ones at each request and never frees them.
MOST_MADE = 5000

#: The number of first children requested from a container with too many; they may be column headers.
HEADS = 20

#: The most children requested in one message; more are requested one by one, so that no reply is large.
PAGE = 50

#: Distance in pixels between the points at which a container with too many children is hit-tested, and the most points.
STRIDE, MOST_PLACES = (60, 14), 500

#: The most characters requested of a text.
MOST_TEXT = 4000

SCREEN = 0  # AT-SPI's coordinates of the whole screen

LABELLED_BY = 2  # AT-SPI's relation of a field to its label

#: The smallest width and height in pixels of a clipped box that can be clicked.
LEAST = 3

#: A node farther than this left of or above the screen has no position: GTK 3 reports -2147483648.
FARTHEST = 1_000_000

#: The names that GTK 4 reports for a widget without a name: its type, or the role of a tab.
TYPE_NAME = re.compile(r"(?:Gtk|Adw)[A-Z]\w*|Tab")


@dataclass
class TreeNode:
    """A visible AT-SPI object and its properties."""

    node: Node
    above: TreeNode | None
    role: int
    states: int
    box: Box
    name: str
    children: int = 0
    own: Own | None = None
    value: str = ""
    clip: Box | None = None
    """The part of the screen that its scrolled containers leave visible, in root coordinates; None for all of it."""
    vague: bool = False
    """Its program reports the state VISIBLE only, not SHOWING."""

    def has(self, state: int) -> bool:
        """Whether the node has this AT-SPI state."""
        return bool(self.states >> state & 1)

    @property
    def kind(self) -> str:
        """The ARIA role of its element; empty if it is not an element."""
        role = roles.ROLES.get(self.role, "")
        if role == "text" and self.has(roles.EDITABLE):
            return "textbox"
        return "checkbox" if role == "cell" and self.has(roles.CHECKABLE) else role

    @property
    def usable(self) -> bool:
        """Whether it is enabled; GTK 4 reports only one of the two states."""
        return self.has(roles.SENSITIVE) and (self.vague or self.has(roles.ENABLED))

    @property
    def ticked(self) -> bool | None:
        """Whether it is checked or pressed; None if it cannot be."""
        if self.kind not in roles.TICKED and self.role != roles.TOGGLE_BUTTON and not self.has(roles.CHECKABLE):
            return None
        return self.has(roles.CHECKED) or self.has(roles.PRESSED)

    @property
    def countless(self) -> bool:
        """Whether only its visible children may be requested, because it has too many or creates them on demand."""
        most = PAGE if self.has(roles.MANAGES_DESCENDANTS) else MOST_BELOW
        return not 0 <= self.children <= most

    def holders(self) -> Iterator[TreeNode]:
        """Its ancestors, the nearest first."""
        above = self.above
        while above:
            yield above
            above = above.above

    def under(self, *wanted: int) -> bool:
        """Whether it has an ancestor of one of these roles."""
        return any(above.role in wanted for above in self.holders())


class Made(NamedTuple):
    """The children that a container, which creates new ones at each request, has created so far."""

    total: int
    """Their number, visible or not."""
    children: list[Node]
    """The visible ones at the last request."""
    places: tuple[Any, ...]
    """The extents of the first and the last of `children` at the last request."""
    box: Box
    """The box of the container at the last request."""


#: A node to read, after its parent.
Lead = tuple[TreeNode | None, Node]


class Accessibility:
    """The elements of the programs on the bus at `address`. Raises OSError if the bus cannot be reached."""

    def __init__(self, address: str) -> None:
        self._bus = Bus(address)
        self._numbers = StableIds()
        self._last = list[TreeNode]()
        self._made = dict[Node, Made]()
        self.silent = frozenset[int]()
        """The process ids of the programs that did not report all of their elements in time at the last observation."""

    def elements(self, found: Sequence[Surface]) -> list[Element]:
        """Return the elements of the programs that own these surfaces, in root coordinates and reading order.

        Takes at most TREE_TIMEOUT seconds. A program that does not reply for `bus.LIMIT` seconds is left out and listed
        in `silent`. A program that has reported only a part is listed in `silent` too; that part is returned.
        """
        deadline = time.monotonic() + TREE_TIMEOUT
        self._bus.silent.clear()
        self._bus.late.clear()
        things = self._things(found, deadline)
        self._fill(things, deadline)
        things = self._hit(things, deadline)
        silent, partly = set(self._bus.silent), sorted(self._bus.silent | self._bus.late)
        self.silent = frozenset(self._bus.process(partly, time.monotonic() + 1.0).values()) - {0}
        return self._as_elements([each for each in things if each.node.bus not in silent], found)

    def button_at(self, place: tuple[int, int]) -> TreeNode | None:
        """Return the button at this point in the last observation; None if there is none."""
        buttons = [thing for thing in self._last if thing.kind == "button" and thing.box.holds(place)]
        return min(buttons, key=lambda thing: thing.box.area, default=None)

    def is_down(self, button: TreeNode, seconds: float) -> bool:
        """Whether its program reports within `seconds` that it became pressed since the last observation."""
        deadline = time.monotonic() + seconds
        down = 1 << roles.ARMED | 1 << roles.PRESSED
        while time.monotonic() < deadline:
            (states,) = self._bus.ask([BusRequest(button.node, ACCESSIBLE, "GetState")], deadline)
            if states and states[0] & ~button.states & down:
                return True
            time.sleep(0.01)
        return False

    def _as_elements(self, things: Sequence[TreeNode], found: Sequence[Surface]) -> list[Element]:
        lines = _lines(things, found)
        self._last = listed = [thing for line in lines for thing in line]
        numbers = self._numbers.of([(thing.node, thing.role) for thing in listed])
        ids = {id(thing): f"e{number}" for thing, number in zip(listed, numbers, strict=True)}
        return [_as_element(thing, ids, lines, found) for thing in listed]

    def _things(self, found: Sequence[Surface], deadline: float) -> list[TreeNode]:
        """Return all visible nodes, read level by level."""
        programs = self._below([TreeNode(ROOT, None, 0, 0, Box(0, 0, 0, 0), "", MOST_BELOW)], deadline)[0]
        pids = self._bus.process([node.bus for node in programs], deadline)
        listed = {surface.pid for surface in found}
        requests = [program for program in programs if 0 in listed or pids[program.bus] in listed]
        counts = self._bus.ask([about(program, ACCESSIBLE, "ChildCount") for program in requests], deadline)
        holders = [
            TreeNode(program, None, roles.APPLICATION, 0, Box(0, 0, 0, 0), "", _number(count))
            for program, count in zip(requests, counts, strict=True)
        ]
        level: list[Lead] = [(None, node) for children in self._below(holders, deadline) for node in children]
        things = list[TreeNode]()
        while level and len(things) < MOST and time.monotonic() < deadline:
            new = self._visible_nodes(level[: MOST - len(things)], deadline)
            for thing in new:
                _place(thing, pids[thing.node.bus], found)
            things += new
            below = self._below(new, deadline)
            level = [(thing, child) for thing, children in zip(new, below, strict=True) for child in children]
        return things

    def _below(self, holders: Sequence[TreeNode], deadline: float) -> list[list[Node]]:
        """Return the children of each of these nodes; only the visible ones of a node that has too many."""
        few = [thing for thing in holders if not thing.countless and 0 < thing.children <= PAGE]
        whole = self._bus.ask([BusRequest(thing.node, ACCESSIBLE, "GetChildren") for thing in few], deadline)
        paged = [thing for thing in holders if not thing.countless and thing.children > PAGE]
        requests = [_child(thing, number) for thing in paged for number in range(thing.children)]
        pages = iter(self._bus.ask(requests, deadline))
        found: dict[int, list[Node]] = {
            id(thing): _nodes(answer or ()) for thing, answer in zip(few, whole, strict=True)
        }
        found |= {id(thing): _nodes(next(pages) for _ in range(thing.children)) for thing in paged}
        found |= {id(thing): self._in_view(thing, deadline) for thing in holders if thing.countless}
        return [found.get(id(thing), []) for thing in holders]

    def _in_view(self, holder: TreeNode, deadline: float) -> list[Node]:
        """Return the visible children of a container that has too many to request all.

        The container is hit-tested at some points; the children between the first and the last hit are requested. Its
        first children may be column headers. A container that creates a new child at each request and never frees it,
        such as a LibreOffice sheet, is requested again only after its content has moved, and at most MOST_MADE times.
        """
        known = self._made.get(holder.node)
        if known and self._is_as_it_was(known, holder, deadline):
            return known.children
        twice = [self._bus.ask([_child(holder, 1), _child(holder, HEADS - 1)], deadline) for _ in range(2)]
        if twice[0] != twice[1]:
            known = self._made.setdefault(holder.node, Made(0, [], (), holder.box))
            if known.total > MOST_MADE:
                return []
        found = self._ask_in_view(holder, deadline)
        if known:
            places = self._extents([found[0], found[-1]] if found else [], deadline)
            self._made[holder.node] = Made(known.total + len(found), found, places, holder.box)
        return found

    def _is_as_it_was(self, known: Made, holder: TreeNode, deadline: float) -> bool:
        """Whether a container has the same visible children at the same positions as at the last request."""
        ends = [known.children[0], known.children[-1]] if known.children else []
        return holder.box == known.box and bool(ends) and self._extents(ends, deadline) == known.places

    def _extents(self, nodes: Sequence[Node], deadline: float) -> tuple[Any, ...]:
        return tuple(
            self._bus.ask([BusRequest(node, COMPONENT, "GetExtents", "u", (SCREEN,)) for node in nodes], deadline)
        )

    def _ask_in_view(self, holder: TreeNode, deadline: float) -> list[Node]:
        heads = [_child(holder, number) for number in range(min(HEADS, max(holder.children, 0)))]
        first = _nodes(self._bus.ask(heads, deadline))
        if holder.own is None:
            return first
        seen: dict[Node, int] = {}
        for places in _places(holder):
            seen |= self._at(holder, places, deadline)
            numbers = [number for number in seen.values() if number >= 0]
            if numbers and (cells := self._cells(holder, numbers, deadline)):
                return list(dict.fromkeys((*first, *cells)))
        between = range(min(numbers), max(numbers) + 1) if numbers else range(0)
        if len(between) <= MOST_BELOW:
            first += _nodes(self._bus.ask([_child(holder, number) for number in between], deadline))
        return list(dict.fromkeys((*first, *seen)))[:MOST_BELOW]

    def _at(self, holder: TreeNode, places: Sequence[tuple[int, int]], deadline: float) -> dict[Node, int]:
        """Return the children of a container at these points, with their index in it; -1 if it reports none."""
        requests = [
            BusRequest(holder.node, COMPONENT, "GetAccessibleAtPoint", "iiu", (*each, SCREEN)) for each in places
        ]
        nodes = [node for node in dict.fromkeys(_nodes(self._bus.ask(requests, deadline))) if node != holder.node]
        parents = self._bus.ask([about(node, ACCESSIBLE, "Parent") for node in nodes], deadline)
        nodes = [
            node for node, parent in zip(nodes, parents, strict=True) if parent and Node(*parent[1]) == holder.node
        ]
        numbers = self._bus.ask([BusRequest(node, ACCESSIBLE, "GetIndexInParent") for node in nodes], deadline)
        return {node: number if isinstance(number, int) else -1 for node, number in zip(nodes, numbers, strict=True)}

    def _cells(self, table: TreeNode, numbers: Sequence[int], deadline: float) -> list[Node]:
        """Return all cells of the rows and columns that these cells span; empty if it is no table or has too many."""
        requests = [
            BusRequest(table.node, TABLE, method, "i", (number,))
            for number in numbers
            for method in ("GetRowAtIndex", "GetColumnAtIndex")
        ]
        reported = self._bus.ask(requests, deadline)
        spans = [
            [each for each in axis if isinstance(each, int) and each >= 0] for axis in (reported[::2], reported[1::2])
        ]
        if not all(spans):
            return []
        rows, columns = (range(min(span), max(span) + 1) for span in spans)
        if len(rows) * len(columns) > MOST_CELLS:
            return []
        requests = [BusRequest(table.node, TABLE, "GetAccessibleAt", "ii", each) for each in product(rows, columns)]
        return _nodes(self._bus.ask(requests, deadline))

    def _visible_nodes(self, level: Sequence[Lead], deadline: float) -> list[TreeNode]:
        """Return the visible ones of these nodes, with their properties."""
        states = self._bus.ask([BusRequest(node, ACCESSIBLE, "GetState") for _, node in level], deadline)
        known = [
            (above, node, low | high << 32)
            for (above, node), answer in zip(level, states, strict=True)
            for low, high in [(answer or (0, 0))[:2]]
        ]
        vague = _vague(known)
        remaining = [
            (above, node, state)
            for above, node, state in known
            if state >> (roles.VISIBLE if node.bus in vague else roles.SHOWING) & 1
        ]
        requests = [
            request
            for _, node, _ in remaining
            for request in (
                BusRequest(node, ACCESSIBLE, "GetRole"),
                about(node, ACCESSIBLE, "Name"),
                BusRequest(node, COMPONENT, "GetExtents", "u", (SCREEN,)),
                about(node, ACCESSIBLE, "ChildCount"),
            )
        ]
        reported = self._bus.ask(requests, deadline)
        return [
            TreeNode(
                node,
                above,
                role or 0,
                state,
                _box(extents),
                _value(name),
                _number(count),
                vague=node.bus in vague,
            )
            for (above, node, state), role, name, extents, count in zip(
                remaining, reported[::4], reported[1::4], reported[2::4], reported[3::4], strict=True
            )
        ]

    def _hit(self, things: Sequence[TreeNode], deadline: float) -> list[TreeNode]:
        """Remove the nodes that a hit test at their centre does not return, if their program does not report SHOWING.

        GTK 4.8 reports the hidden pages of a notebook like the visible one.
        """
        doubted = [
            thing
            for thing in things
            if thing.vague and thing.own and not thing.own.surface.popup and _is_element(thing)
        ]
        if not doubted:
            return list(things)
        tops = [next((top for top in thing.holders() if top.above is None), thing) for thing in doubted]
        requests = [
            BusRequest(top.node, COMPONENT, "GetAccessibleAtPoint", "iiu", (*_centre_in_program(thing), SCREEN))
            for thing, top in zip(doubted, tops, strict=True)
        ]
        by_node = {thing.node: thing for thing in things}
        hidden = set[int]()
        for thing, answer in zip(doubted, self._bus.ask(requests, deadline), strict=True):
            hit = by_node.get(Node(*answer)) if answer else None
            if hit and hit is not thing and thing not in hit.holders() and hit not in thing.holders():
                hidden.add(id(thing))
        return [thing for thing in things if id(thing) not in hidden]

    def _fill(self, things: Sequence[TreeNode], deadline: float) -> None:
        """Request the values of fields, and the labels of fields without a name."""
        written = [thing for thing in things if thing.role in roles.WRITTEN]
        counts = self._bus.ask([about(thing.node, TEXT, "CharacterCount") for thing in written], deadline)
        # Qt returns no text at all if the requested end is beyond the end of the text.
        requests = [
            BusRequest(thing.node, TEXT, "GetText", "ii", (0, min(MOST_TEXT, max(0, _number(count)))))
            for thing, count in zip(written, counts, strict=True)
        ]
        texts = self._bus.ask(requests, deadline)
        for thing, text in zip(written, texts, strict=True):
            thing.value = (
                text if isinstance(text, str) and not (thing.role == roles.CELL and text == thing.name) else ""
            )
        reported = {id(thing) for thing, text in zip(written, texts, strict=True) if isinstance(text, str)}
        measured = [thing for thing in things if thing.role in roles.MEASURED and id(thing) not in reported]
        numbers = self._bus.ask([about(thing.node, VALUE, "CurrentValue") for thing in measured], deadline)
        for thing, number in zip(measured, numbers, strict=True):
            thing.value = f"{number[1]:g}" if number else ""
        # GTK does not report that a cell is checkable, only that its first action is `toggle`.
        cells = [thing for thing in things if thing.kind == "cell" and not thing.name]
        doing = self._bus.ask([BusRequest(thing.node, ACTION, "GetName", "i", (0,)) for thing in cells], deadline)
        for thing, done in zip(cells, doing, strict=True):
            thing.states |= (done == "toggle") << roles.CHECKABLE
        self._unname(things, deadline)
        self._label(things, deadline)

    def _unname(self, things: Sequence[TreeNode], deadline: float) -> None:
        """Remove names that a toolkit generated, and name nodes without a name by the text inside them."""
        typed = [thing for thing in things if TYPE_NAME.fullmatch(thing.name)]
        for thing in typed:
            thing.name = ""
        # A label whose text is such a word has that name.
        labels = [thing for thing in typed if thing.kind == "text"]
        texts = self._bus.ask(
            [BusRequest(thing.node, TEXT, "GetText", "ii", (0, MOST_TEXT)) for thing in labels], deadline
        )
        for thing, text in zip(labels, texts, strict=True):
            thing.name = " ".join(text.split()) if isinstance(text, str) else ""
        for thing in things:
            if thing.kind != "text" or not thing.name or not thing.box.area:
                continue
            for above in thing.holders():
                if above.role in roles.NAMED_BY_CONTENT and above.kind:
                    if not above.name:
                        above.name = thing.name
                    break

    def _label(self, things: Sequence[TreeNode], deadline: float) -> None:
        lists = [thing for thing in things if thing.role == roles.COMBO_BOX and not thing.value]
        bare = [thing for thing in things if not thing.name and roles.ROLES.get(thing.role) in roles.NAMELESS]
        both = [*lists, *bare]
        related = self._bus.ask([BusRequest(thing.node, ACCESSIBLE, "GetRelationSet") for thing in both], deadline)
        labels = [
            [Node(*label) for kind, ends in relations or () if kind == LABELLED_BY for label in ends]
            for relations in related
        ]
        flat = [about(label, ACCESSIBLE, "Name") for each in labels for label in each]
        names = iter(self._bus.ask(flat, deadline))
        read_texts = [" ".join(filter(None, (_value(next(names)) for _ in each))) for each in labels]
        for thing, label in zip(bare, read_texts[len(lists) :], strict=True):
            thing.name = thing.name or label
        for thing, label in zip(lists, read_texts[: len(lists)], strict=True):
            inside = [each for each in things if each is not thing and thing in each.holders() and each.box.area]
            listed = next((each.value or each.name for each in inside if _shows_choice(each, thing)), "")
            if listed:
                thing.name, thing.value = (label or thing.name), listed
            elif thing.name != label:  # GTK 3 and Qt name a list by its selected option
                thing.value, thing.name = thing.name, label
        self._describe([thing for thing in both if not thing.name], deadline)

    def _describe(self, bare: Sequence[TreeNode], deadline: float) -> None:
        """Name the remaining nodes by their description or their placeholder."""
        read_texts = self._bus.ask([about(thing.node, ACCESSIBLE, "Description") for thing in bare], deadline)
        more = self._bus.ask([BusRequest(thing.node, ACCESSIBLE, "GetAttributes") for thing in bare], deadline)
        for thing, description, attributes in zip(bare, read_texts, more, strict=True):
            words = _value(description)  # GTK describes a slider by its value
            thing.name = words if words != thing.value else (attributes or {}).get("placeholder-text", "")

    def close(self) -> None:
        self._bus.close()


def _child(holder: TreeNode, number: int) -> BusRequest:
    return BusRequest(holder.node, ACCESSIBLE, "GetChildAtIndex", "i", (number,))


def _nodes(answers: Iterable[Any]) -> list[Node]:
    """Return the nodes that replies refer to; AT-SPI's reference to no node has the path `null`."""
    return [Node(*answer) for answer in answers if answer and not answer[1].endswith("/null")]


def _centre_in_program(thing: TreeNode) -> tuple[int, int]:
    """Return the centre of a node in the coordinates of its program."""
    assert thing.own
    return thing.own.to_program(thing.box.centre)


def _number(reported: Any) -> int:
    """Return the number of a property; 0 if it was not reported."""
    return int(reported[1]) if reported else 0


def _vague(known: Sequence[tuple[TreeNode | None, Node, int]]) -> set[str]:
    """Return the programs that do not report SHOWING. GTK 4.8 reports it for windows only."""
    showing = {node.bus for _, node, state in known if state >> roles.SHOWING & 1}
    return {
        node.bus
        for above, node, state in known
        if above and (above.vague or (above.above is None and node.bus not in showing and state >> roles.VISIBLE & 1))
    }


def _place(thing: TreeNode, pid: int, found: Sequence[Surface]) -> None:
    """Set the surface that the node is drawn on, and convert its box to root coordinates."""
    above, raw = thing.above, thing.box
    thing.own = above.own if above else own(raw, pid, found, thing.name, thing.has(roles.ACTIVE))
    thing.clip = above.clip if above else None
    if thing.own is None:
        return
    if thing.vague and not thing.kind and not thing.own.surface.popup and (popup := on_popup(raw, thing.own, found)):
        thing.own, thing.clip = popup, None
    if raw.area:
        thing.box = thing.own.placed(raw)
        if thing.role in roles.SCROLLED:
            thing.clip = _cut(thing.box, thing.clip)


def _cut(box: Box, clip: Box | None) -> Box:
    """Return the part of a box inside a clip; empty if it is too small to click."""
    if clip is None:
        return box
    left, top = max(box.left, clip.left), max(box.top, clip.top)
    right, bottom = min(box.right, clip.right), min(box.bottom, clip.bottom)
    narrow = right - left < min(LEAST, box.width) or bottom - top < min(LEAST, box.height)
    return Box(0, 0, 0, 0) if narrow else Box(left, top, right, bottom)


def _places(holder: TreeNode) -> list[list[tuple[int, int]]]:
    """Return the points at which to hit-test a container, in its program's coordinates: a few lines, then a grid."""
    own = holder.own
    assert own
    seen = _cut(_cut(holder.box, holder.clip), own.surface.box)
    if min(seen.width, seen.height) <= 2 * LEAST:
        return []
    across, down = STRIDE
    while (seen.width // across + 2) * (seen.height // down + 2) > MOST_PLACES:
        across, down = 2 * across, 2 * down
    xs = [*range(seen.left + 2, seen.right - 3, across), seen.right - 3]
    ys = [*range(seen.top + 2, seen.bottom - 3, down), seen.bottom - 3]
    lines = [(x, y) for y in ys for x in xs if x == xs[0] or y in (ys[0], ys[len(ys) // 2])]
    return [[own.to_program(each) for each in places] for places in (lines, list(product(xs, ys)))]


def _shows_choice(part: TreeNode, combo: TreeNode) -> bool:
    """Whether a part of a combo box shows its selected option, rather than an option that could be selected."""
    if part.under(roles.MENU, roles.POPUP_MENU, roles.LIST) or (part.own and combo.own and part.own != combo.own):
        return False
    return bool(part.value) if part.kind == "textbox" else part.kind == "text" and bool(part.name)


def _box(extents: Any) -> Box:
    """Return the box of AT-SPI extents (left, top, width, height); empty for a node without a position."""
    left, top, width, height = extents or (0, 0, 0, 0)
    nowhere = width <= 1 or height <= 1 or min(left, top) < -FARTHEST
    return Box(0, 0, 0, 0) if nowhere else Box(left, top, left + width, top + height)


def _value(reported: Any) -> str:
    """Return the text of a property, on one line; empty if it was not reported."""
    return " ".join(str(reported[1]).split()) if reported else ""


def _lines(things: Sequence[TreeNode], found: Sequence[Surface]) -> list[list[TreeNode]]:
    """Return the visible elements in reading order, with their boxes cut to the visible part."""
    # A table may report a cell twice: as a header, and as content.
    once = {(id(thing.above), thing.role, thing.name, thing.box): thing for thing in things if _is_element(thing)}
    remaining = list(once.values())
    for thing in remaining:
        thing.box = _visible(thing, found)
    return [
        line
        for surface in found
        for line in in_lines(
            [thing for thing in remaining if thing.box.area and thing.own and thing.own.surface == surface]
        )
    ]


def _visible(thing: TreeNode, found: Sequence[Surface]) -> Box:
    """Return the part of a node's box on its own window or on a popup of its program; empty if there is none.

    Qt reports the options of a closed list at the corner of the screen.
    """
    assert thing.own
    home = thing.own.surface
    if thing.under(roles.COMBO_BOX, roles.MENU, roles.POPUP_MENU):
        popups = (each for each in found if each.popup and each.pid == home.pid and each != home)
        if dropped := next((each for each in popups if each.box.holds(thing.box.centre)), None):
            return _cut(thing.box, dropped.box)
    if thing.kind == "option" and not home.popup and (combo := _combo(thing)) and not combo.has(roles.EXPANDED):
        return Box(0, 0, 0, 0)
    return _cut(_cut(thing.box, thing.clip), home.box)


def _is_element(thing: TreeNode) -> bool:
    """Whether the node is an element, rather than a container or decoration."""
    role = thing.kind
    if not role or thing.own is None or not thing.box.area:
        return False
    if role == "text" and thing.above and any(each.kind and each.name == thing.name for each in _near(thing)):
        return False  # the label inside a button repeats its name
    if role == "text" and (combo := _combo(thing)) and thing.name == combo.value:
        return False
    if role == "button" and (combo := _combo(thing)) and thing.name in ("", combo.value):
        return False  # the button that opens a list is a part of it
    return bool(thing.name or thing.value) or role in roles.NAMELESS


def _near(thing: TreeNode) -> Iterator[TreeNode]:
    """Its ancestors, up to the nearest element."""
    for above in thing.holders():
        yield above
        if above.kind:
            return


def _combo(thing: TreeNode) -> TreeNode | None:
    return next((above for above in thing.holders() if above.role == roles.COMBO_BOX), None)


def _as_element(thing: TreeNode, ids: dict[int, str], lines: list[list[TreeNode]], found: Sequence[Surface]) -> Element:
    above = thing.above
    while above and (id(above) not in ids or above.kind not in roles.HOLDING):
        above = above.above
    role, secret = thing.kind, thing.role == roles.PASSWORD
    return Element(
        id=ids[id(thing)],
        box=thing.box,
        role=role,
        name=thing.name or (thing.value if role == "text" else ""),
        source="accessibility",
        value="" if secret or role == "text" else thing.value,
        description="" if thing.name or role not in roles.NAMELESS else nearby_label(thing, lines),
        enabled=thing.usable,
        focused=thing.has(roles.FOCUSED),
        checked=thing.ticked,
        selected=thing.has(roles.SELECTED) if role in roles.CHOSEN and thing.has(roles.SELECTABLE) else None,
        secret=secret,
        covered=_is_covered(thing, thing.box, found),
        parent=ids[id(above)] if above else None,
    )


def _is_covered(thing: TreeNode, box: Box, found: Sequence[Surface]) -> bool:
    """Whether another surface covers its centre. Items of a menu may be drawn on a separate surface."""
    assert thing.own
    seen, home = topmost(found, box.centre), thing.own.surface
    if seen is None or seen == home:
        return False
    dropped = seen.popup and seen.pid == home.pid and thing.under(roles.MENU, roles.POPUP_MENU, roles.COMBO_BOX)
    return not dropped
