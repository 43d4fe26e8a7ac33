"""What programs on an X server tell assistive technology of what they show, as elements."""

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
from handeye.tools.desktop.accessibility.order import StableIds, in_lines, label_beside
from handeye.tools.desktop.backends.x11_stacking import on_popup, own, topmost
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from handeye.tools.desktop.backends.x11_stacking import Own, Surface

#: Seconds for programs to tell everything; what is known by then is used.
PATIENCE = 3.0

#: Things looked at on one screen, and under one thing: a list may have a million rows; and cells in view of one table.
MOST, MOST_BELOW, MOST_CELLS = 4000, 400, 1500

#: Children that a container which makes them anew at each question is made to make, in all.
MOST_MADE = 5000

#: First children of a container with too many that are asked for.
HEADS = 20

#: Children that are asked for in one message; more come one by one, so that no answer is large.
PAGE = 50

#: Pixels between two places where a container with too many children is asked what it shows there, and so many places.
STRIDE, MOST_PLACES = (60, 14), 500

#: Characters of a text that are asked for.
MOST_TEXT = 4000

SCREEN = 0  # AT-SPI's coordinates of the whole screen

LABELLED_BY = 2  # AT-SPI's relation of a field to its label

#: What is left of a box that something cuts off must be at least so wide and high to be clicked.
LEAST = 3

#: A node farther than this left of or above the screen has no place: GTK 3 reports -2147483648.
FARTHEST = 1_000_000

#: GTK 4 calls a widget without a name by its type, or its tabs by their role.
TYPE_NAME = re.compile(r"(?:Gtk|Adw)[A-Z]\w*|Tab")


@dataclass
class Thing:
    """A visible node, and its properties."""

    node: Node
    above: Thing | None
    role: int
    states: int
    box: Box
    name: str
    children: int = 0
    own: Own | None = None
    value: str = ""
    clip: Box | None = None
    """The part of the screen that what holds it leaves visible, in root coordinates; None: all of it."""
    vague: bool = False
    """Its program does not tell what shows, only what is not hidden on purpose."""

    def has(self, state: int) -> bool:
        """Whether the node has this AT-SPI state."""
        return bool(self.states >> state & 1)

    @property
    def kind(self) -> str:
        """The role as elements have it; empty for what is none."""
        role = roles.ROLES.get(self.role, "")
        if role == "text" and self.has(roles.EDITABLE):
            return "textbox"
        return "checkbox" if role == "cell" and self.has(roles.CHECKABLE) else role

    @property
    def usable(self) -> bool:
        """Whether it can be used now; GTK 4 says so with one of the two states only."""
        return self.has(roles.SENSITIVE) and (self.vague or self.has(roles.ENABLED))

    @property
    def ticked(self) -> bool | None:
        """Whether it is ticked or pressed down; None for what cannot be."""
        if self.kind not in roles.TICKED and self.role != roles.TOGGLE_BUTTON and not self.has(roles.CHECKABLE):
            return None
        return self.has(roles.CHECKED) or self.has(roles.PRESSED)

    @property
    def countless(self) -> bool:
        """Whether only those of its children that show may be asked for: it has too many, or makes them on demand."""
        most = PAGE if self.has(roles.MANAGES_DESCENDANTS) else MOST_BELOW
        return not 0 <= self.children <= most

    def holders(self) -> Iterator[Thing]:
        """What holds it, from the inside out."""
        above = self.above
        while above:
            yield above
            above = above.above

    def under(self, *wanted: int) -> bool:
        """Whether it belongs to something of one of these roles."""
        return any(above.role in wanted for above in self.holders())


class Made(NamedTuple):
    """What a container that makes children anew at each question has made of them."""

    total: int
    """All of them, not only those that it shows."""
    children: list[Node]
    """Those that it showed when it was asked last."""
    places: tuple[Any, ...]
    """Where the first and the last of them lay then."""
    box: Box
    """Where the container lay then."""


#: A node to look at, after the thing that holds it.
Lead = tuple[Thing | None, Node]


class Accessibility:
    """Asks the programs on the bus at `address`. Raises OSError when the bus cannot be reached."""

    def __init__(self, address: str) -> None:
        self._bus = Bus(address)
        self._numbers = StableIds()
        self._last = list[Thing]()
        self._made = dict[Node, Made]()
        self.silent = frozenset[int]()
        """The process ids of the programs that did not tell in time, at the last look, what they show, or all of it."""

    def elements(self, found: Sequence[Surface]) -> list[Element]:
        """The elements of the programs that these surfaces belong to, in root coordinates and reading order.

        Takes at most PATIENCE seconds. A program that answers nothing for atspi_bus.LIMIT seconds is left out and named
        in `silent`; so is one that had not reported everything by then, of which the rest is returned.
        """
        deadline = time.monotonic() + PATIENCE
        self._bus.silent.clear()
        self._bus.late.clear()
        things = self._things(found, deadline)
        self._fill(things, deadline)
        things = self._hit(things, deadline)
        silent, partly = set(self._bus.silent), sorted(self._bus.silent | self._bus.late)
        self.silent = frozenset(self._bus.process(partly, time.monotonic() + 1.0).values()) - {0}
        return self._as_elements([each for each in things if each.node.bus not in silent], found)

    def button_at(self, place: tuple[int, int]) -> Thing | None:
        """The button that was last seen there."""
        buttons = [thing for thing in self._last if thing.kind == "button" and thing.box.holds(place)]
        return min(buttons, key=lambda thing: thing.box.area, default=None)

    def is_down(self, button: Thing, seconds: float) -> bool:
        """Whether its program reports within `seconds` that it is pressed; a button that stays down was so before."""
        deadline = time.monotonic() + seconds
        down = 1 << roles.ARMED | 1 << roles.PRESSED
        while time.monotonic() < deadline:
            (states,) = self._bus.ask([BusRequest(button.node, ACCESSIBLE, "GetState")], deadline)
            if states and states[0] & ~button.states & down:
                return True
            time.sleep(0.01)
        return False

    def _as_elements(self, things: Sequence[Thing], found: Sequence[Surface]) -> list[Element]:
        lines = _lines(things, found)
        self._last = listed = [thing for line in lines for thing in line]
        numbers = self._numbers.of([(thing.node, thing.role) for thing in listed])
        ids = {id(thing): f"e{number}" for thing, number in zip(listed, numbers, strict=True)}
        return [_as_element(thing, ids, lines, found) for thing in listed]

    def _things(self, found: Sequence[Surface], deadline: float) -> list[Thing]:
        """Every thing that is shown, found level by level."""
        programs = self._below([Thing(ROOT, None, 0, 0, Box(0, 0, 0, 0), "", MOST_BELOW)], deadline)[0]
        pids = self._bus.process([node.bus for node in programs], deadline)
        listed = {surface.pid for surface in found}
        requests = [program for program in programs if 0 in listed or pids[program.bus] in listed]
        counts = self._bus.ask([about(program, ACCESSIBLE, "ChildCount") for program in requests], deadline)
        holders = [
            Thing(program, None, roles.APPLICATION, 0, Box(0, 0, 0, 0), "", _number(count))
            for program, count in zip(requests, counts, strict=True)
        ]
        level: list[Lead] = [(None, node) for children in self._below(holders, deadline) for node in children]
        things = list[Thing]()
        while level and len(things) < MOST and time.monotonic() < deadline:
            new = self._shown(level[: MOST - len(things)], deadline)
            for thing in new:
                _place(thing, pids[thing.node.bus], found)
            things += new
            below = self._below(new, deadline)
            level = [(thing, child) for thing, children in zip(new, below, strict=True) for child in children]
        return things

    def _below(self, holders: Sequence[Thing], deadline: float) -> list[list[Node]]:
        """The children of each of these things: all of a few, those in view of what has too many."""
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

    def _in_view(self, holder: Thing, deadline: float) -> list[Node]:
        """The children that a container shows, where it may have more than anybody could ask for.

        It is asked what it shows at some places, and then for all between the first and the last of those; its first
        children may be the heads of columns. One that makes a child anew each time it is asked, and keeps them all, as
        the sheets of LibreOffice do, is asked again only when what it shows lies elsewhere, and not for ever.
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

    def _is_as_it_was(self, known: Made, holder: Thing, deadline: float) -> bool:
        """Whether a container shows the same children at the same places as when it was asked last."""
        ends = [known.children[0], known.children[-1]] if known.children else []
        return holder.box == known.box and bool(ends) and self._extents(ends, deadline) == known.places

    def _extents(self, nodes: Sequence[Node], deadline: float) -> tuple[Any, ...]:
        return tuple(
            self._bus.ask([BusRequest(node, COMPONENT, "GetExtents", "u", (SCREEN,)) for node in nodes], deadline)
        )

    def _ask_in_view(self, holder: Thing, deadline: float) -> list[Node]:
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

    def _at(self, holder: Thing, places: Sequence[tuple[int, int]], deadline: float) -> dict[Node, int]:
        """The children of a container that lie at these places, with their numbers in it; -1 where it tells none."""
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

    def _cells(self, table: Thing, numbers: Sequence[int], deadline: float) -> list[Node]:
        """The cells of the rows and columns that these cells span; empty for what is no table, or too much of one."""
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

    def _shown(self, level: Sequence[Lead], deadline: float) -> list[Thing]:
        """Those of these nodes that can be seen."""
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
            question
            for _, node, _ in remaining
            for question in (
                BusRequest(node, ACCESSIBLE, "GetRole"),
                about(node, ACCESSIBLE, "Name"),
                BusRequest(node, COMPONENT, "GetExtents", "u", (SCREEN,)),
                about(node, ACCESSIBLE, "ChildCount"),
            )
        ]
        reported = self._bus.ask(requests, deadline)
        return [
            Thing(
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

    def _hit(self, things: Sequence[Thing], deadline: float) -> list[Thing]:
        """Without those in whose middle their program has something else, where it does not tell what shows.

        GTK 4.8 tells of the pages of a notebook that do not show as of the one that does.
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

    def _fill(self, things: Sequence[Thing], deadline: float) -> None:
        """Ask fields for what they hold, and for their labels where they have no name of their own."""
        written = [thing for thing in things if thing.role in roles.WRITTEN]
        counts = self._bus.ask([about(thing.node, TEXT, "CharacterCount") for thing in written], deadline)
        # Qt gives nothing of a text that ends before the place up to which it is asked for.
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
        # GTK does not say that a cell can be ticked, only what is done to it first.
        cells = [thing for thing in things if thing.kind == "cell" and not thing.name]
        doing = self._bus.ask([BusRequest(thing.node, ACTION, "GetName", "i", (0,)) for thing in cells], deadline)
        for thing, done in zip(cells, doing, strict=True):
            thing.states |= (done == "toggle") << roles.CHECKABLE
        self._unname(things, deadline)
        self._label(things, deadline)

    def _unname(self, things: Sequence[Thing], deadline: float) -> None:
        """Drop the names that a toolkit made up, and take the words inside for what has no other name."""
        typed = [thing for thing in things if TYPE_NAME.fullmatch(thing.name)]
        for thing in typed:
            thing.name = ""
        # A label that says such a word is called so for good.
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
                if above.role in roles.SAYING and above.kind:
                    if not above.name:
                        above.name = thing.name
                    break

    def _label(self, things: Sequence[Thing], deadline: float) -> None:
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
            elif thing.name != label:  # GTK 3 and Qt call a list by what is chosen in it
                thing.value, thing.name = thing.name, label
        self._describe([thing for thing in both if not thing.name], deadline)

    def _describe(self, bare: Sequence[Thing], deadline: float) -> None:
        """The names of last resort: a description, the words in an empty field."""
        read_texts = self._bus.ask([about(thing.node, ACCESSIBLE, "Description") for thing in bare], deadline)
        more = self._bus.ask([BusRequest(thing.node, ACCESSIBLE, "GetAttributes") for thing in bare], deadline)
        for thing, description, attributes in zip(bare, read_texts, more, strict=True):
            words = _value(description)  # of a slider in GTK, its value
            thing.name = words if words != thing.value else (attributes or {}).get("placeholder-text", "")

    def close(self) -> None:
        self._bus.close()


def _child(holder: Thing, number: int) -> BusRequest:
    return BusRequest(holder.node, ACCESSIBLE, "GetChildAtIndex", "i", (number,))


def _nodes(answers: Iterable[Any]) -> list[Node]:
    """The nodes that answers name; AT-SPI names none by the path `null`."""
    return [Node(*answer) for answer in answers if answer and not answer[1].endswith("/null")]


def _centre_in_program(thing: Thing) -> tuple[int, int]:
    """The middle of a thing as its program counts."""
    assert thing.own
    return thing.own.to_program(thing.box.centre)


def _number(reported: Any) -> int:
    """Return the number of a property; 0 if it was not reported."""
    return int(reported[1]) if reported else 0


def _vague(known: Sequence[tuple[Thing | None, Node, int]]) -> set[str]:
    """The programs that do not tell what shows: GTK 4.8 says it of windows only, whose parts are not all hidden."""
    showing = {node.bus for _, node, state in known if state >> roles.SHOWING & 1}
    return {
        node.bus
        for above, node, state in known
        if above and (above.vague or (above.above is None and node.bus not in showing and state >> roles.VISIBLE & 1))
    }


def _place(thing: Thing, pid: int, found: Sequence[Surface]) -> None:
    """Find the surface that it is drawn on, and bring its box into root coordinates, cut to what can be seen of it."""
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
    """What a clip leaves of a box; empty for nothing worth a click."""
    if clip is None:
        return box
    left, top = max(box.left, clip.left), max(box.top, clip.top)
    right, bottom = min(box.right, clip.right), min(box.bottom, clip.bottom)
    narrow = right - left < min(LEAST, box.width) or bottom - top < min(LEAST, box.height)
    return Box(0, 0, 0, 0) if narrow else Box(left, top, right, bottom)


def _places(holder: Thing) -> list[list[tuple[int, int]]]:
    """Where a container is asked for what it shows, as its program counts: on a few lines, then all over it."""
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


def _shows_choice(part: Thing, combo: Thing) -> bool:
    """Whether a part of a list that can be dropped down tells what is chosen in it, rather than what could be."""
    if part.under(roles.MENU, roles.POPUP_MENU, roles.LIST) or (part.own and combo.own and part.own != combo.own):
        return False
    return bool(part.value) if part.kind == "textbox" else part.kind == "text" and bool(part.name)


def _box(extents: Any) -> Box:
    """AT-SPI's left, top, width and height; a node without a place on the screen has negative or tiny extents."""
    left, top, width, height = extents or (0, 0, 0, 0)
    nowhere = width <= 1 or height <= 1 or min(left, top) < -FARTHEST
    return Box(0, 0, 0, 0) if nowhere else Box(left, top, left + width, top + height)


def _value(reported: Any) -> str:
    """The text of a property."""
    return " ".join(str(reported[1]).split()) if reported else ""


def _lines(things: Sequence[Thing], found: Sequence[Surface]) -> list[list[Thing]]:
    """Those that are elements and can be seen, in reading order, with their boxes cut to what can be seen of them."""
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


def _visible(thing: Thing, found: Sequence[Surface]) -> Box:
    """The part of a thing's box that lies on its own window or on a popup of its program's; empty for none.

    Qt tells of the options of a list that is closed as if they stood in the screen's corner.
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


def _is_element(thing: Thing) -> bool:
    """Whether it says or does something, rather than holds or decorates."""
    role = thing.kind
    if not role or thing.own is None or not thing.box.area:
        return False
    if role == "text" and thing.above and any(each.kind and each.name == thing.name for each in _near(thing)):
        return False  # the label inside a button says what the button says
    if role == "text" and (combo := _combo(thing)) and thing.name == combo.value:
        return False
    if role == "button" and (combo := _combo(thing)) and thing.name in ("", combo.value):
        return False  # what opens a list is a part of it
    return bool(thing.name or thing.value) or role in roles.NAMELESS


def _near(thing: Thing) -> Iterator[Thing]:
    """What holds it, as far as the next element."""
    for above in thing.holders():
        yield above
        if above.kind:
            return


def _combo(thing: Thing) -> Thing | None:
    return next((above for above in thing.holders() if above.role == roles.COMBO_BOX), None)


def _as_element(thing: Thing, ids: dict[int, str], lines: list[list[Thing]], found: Sequence[Surface]) -> Element:
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
        description="" if thing.name or role not in roles.NAMELESS else label_beside(thing, lines),
        enabled=thing.usable,
        focused=thing.has(roles.FOCUSED),
        checked=thing.ticked,
        selected=thing.has(roles.SELECTED) if role in roles.CHOSEN and thing.has(roles.SELECTABLE) else None,
        secret=secret,
        covered=_is_covered(thing, thing.box, found),
        parent=ids[id(above)] if above else None,
    )


def _is_covered(thing: Thing, box: Box, found: Sequence[Surface]) -> bool:
    """Whether something else lies over its centre. What belongs to a menu may be drawn on a surface of its own."""
    assert thing.own
    seen, home = topmost(found, box.centre), thing.own.surface
    if seen is None or seen == home:
        return False
    dropped = seen.popup and seen.pid == home.pid and thing.under(roles.MENU, roles.POPUP_MENU, roles.COMBO_BOX)
    return not dropped
