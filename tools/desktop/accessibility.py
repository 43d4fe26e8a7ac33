"""What programs on an X server tell assistive technology of what they show, as elements."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handeye.tools.desktop import atspi_roles as roles
from handeye.tools.desktop.atspi_bus import ACCESSIBLE, ACTION, COMPONENT, ROOT, TEXT, VALUE, Bus, Node, Question, about
from handeye.tools.desktop.numbering import Numbers
from handeye.tools.desktop.reading import in_lines, label_beside
from handeye.tools.desktop.stacking import own, topmost
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.tools.desktop.stacking import Own, Surface

#: Seconds for programs to tell everything; what is known by then is used.
PATIENCE = 3.0

#: Things looked at on one screen, and under one thing: a list may have a million rows.
MOST, MOST_BELOW = 4000, 400

#: Characters of a text that are asked for.
MOST_TEXT = 4000

SCREEN = 0  # AT-SPI's coordinates of the whole screen

LABELLED_BY = 2  # AT-SPI's relation of a field to its label


@dataclass
class Thing:
    """A node that is shown, and what it told."""

    node: Node
    above: Thing | None
    role: int
    states: int
    box: Box
    name: str
    own: Own | None = None
    value: str = ""

    def has(self, state: int) -> bool:
        return bool(self.states >> state & 1)

    @property
    def kind(self) -> str:
        """The role as elements have it; empty for what is none."""
        role = roles.ROLES.get(self.role, "")
        if role == "text" and self.has(roles.EDITABLE):
            return "textbox"
        return "checkbox" if role == "cell" and self.has(roles.CHECKABLE) else role

    @property
    def ticked(self) -> bool | None:
        """Whether it is ticked or pressed down; None for what cannot be."""
        if self.kind not in roles.TICKED and self.role != roles.TOGGLE_BUTTON and not self.has(roles.CHECKABLE):
            return None
        return self.has(roles.CHECKED) or self.has(roles.PRESSED)

    def under(self, *wanted: int) -> bool:
        """Whether it belongs to something of one of these roles."""
        above = self.above
        while above and above.role not in wanted:
            above = above.above
        return above is not None


#: A node to look at, after the thing that holds it.
Lead = tuple[Thing | None, Node]


class Accessibility:
    """Asks the programs on the bus at `address`. Raises OSError when the bus cannot be reached."""

    def __init__(self, address: str) -> None:
        self._bus = Bus(address)
        self._numbers = Numbers()
        self._last = list[Thing]()

    def elements(self, found: Sequence[Surface]) -> list[Element]:
        """The elements of the programs that these surfaces belong to, in root coordinates and reading order."""
        deadline = time.monotonic() + PATIENCE
        things = self._things(found, deadline)
        self._fill(things, deadline)
        return self._as_elements(things, found)

    def button_at(self, place: tuple[int, int]) -> Thing | None:
        """The button that was last seen there."""
        buttons = [thing for thing in self._last if thing.kind == "button" and thing.box.holds(place)]
        return min(buttons, key=lambda thing: thing.box.area, default=None)

    def is_down(self, button: Thing, patience: float) -> bool:
        """Whether its program says, within so many seconds, that it is held down; one that stays down was so before."""
        deadline = time.monotonic() + patience
        down = 1 << roles.ARMED | 1 << roles.PRESSED
        while time.monotonic() < deadline:
            (states,) = self._bus.ask([Question(button.node, ACCESSIBLE, "GetState")], deadline)
            if states and states[0] & ~button.states & down:
                return True
            time.sleep(0.01)
        return False

    def _as_elements(self, things: Sequence[Thing], found: Sequence[Surface]) -> list[Element]:
        lines = _lines(things, found)
        self._last = shown = [thing for line in lines for thing in line]
        numbers = self._numbers.of([(thing.node, thing.role) for thing in shown])
        ids = {id(thing): f"e{number}" for thing, number in zip(shown, numbers, strict=True)}
        return [_as_element(thing, ids, lines, found) for thing in shown]

    def _things(self, found: Sequence[Surface], deadline: float) -> list[Thing]:
        """Every thing that is shown, found level by level."""
        programs = self._below([ROOT], deadline)[0]
        pids = self._bus.process([node.bus for node in programs], deadline)
        shown = {surface.pid for surface in found}
        level: list[Lead] = [
            (None, node)
            for program in programs
            if 0 in shown or pids[program.bus] in shown
            for node in self._below([program], deadline)[0]
        ]
        things = list[Thing]()
        while level and len(things) < MOST and time.monotonic() < deadline:
            new = self._shown(level, deadline)
            for thing in new:
                thing.own = thing.above.own if thing.above else own(thing.box, pids[thing.node.bus], found)
            things += new
            below = self._below([thing.node for thing in new], deadline)
            level = [(thing, child) for thing, children in zip(new, below, strict=True) for child in children]
        return things

    def _below(self, nodes: Sequence[Node], deadline: float) -> list[list[Node]]:
        answers = self._bus.ask([Question(node, ACCESSIBLE, "GetChildren") for node in nodes], deadline)
        return [[Node(*child) for child in (answer or ())[:MOST_BELOW]] for answer in answers]

    def _shown(self, level: Sequence[Lead], deadline: float) -> list[Thing]:
        """Those of these nodes that can be seen."""
        states = self._bus.ask([Question(node, ACCESSIBLE, "GetState") for _, node in level], deadline)
        kept = [
            (above, node, low | high << 32)
            for (above, node), answer in zip(level, states, strict=True)
            for low, high in [(answer or (0, 0))[:2]]
            if low >> roles.SHOWING & 1
        ]
        asked = [
            question
            for _, node, _ in kept
            for question in (
                Question(node, ACCESSIBLE, "GetRole"),
                about(node, ACCESSIBLE, "Name"),
                Question(node, COMPONENT, "GetExtents", "u", (SCREEN,)),
            )
        ]
        told = self._bus.ask(asked, deadline)
        return [
            Thing(node, above, role or 0, state, _box(extents), _value(name))
            for (above, node, state), role, name, extents in zip(kept, told[::3], told[1::3], told[2::3], strict=True)
        ]

    def _fill(self, things: Sequence[Thing], deadline: float) -> None:
        """Ask fields for what they hold, and for their labels where they have no name of their own."""
        written = [thing for thing in things if thing.role in roles.WRITTEN]
        whole = (0, MOST_TEXT)
        texts = self._bus.ask([Question(thing.node, TEXT, "GetText", "ii", whole) for thing in written], deadline)
        for thing, text in zip(written, texts, strict=True):
            thing.value = text if isinstance(text, str) else ""
        measured = [thing for thing in things if thing.role in (roles.SLIDER, roles.PROGRESS_BAR, roles.LEVEL_BAR)]
        numbers = self._bus.ask([about(thing.node, VALUE, "CurrentValue") for thing in measured], deadline)
        for thing, number in zip(measured, numbers, strict=True):
            thing.value = f"{number[1]:g}" if number else ""
        # GTK does not say that a cell can be ticked, only what is done to it first.
        cells = [thing for thing in things if thing.kind == "cell" and not thing.name]
        doing = self._bus.ask([Question(thing.node, ACTION, "GetName", "i", (0,)) for thing in cells], deadline)
        for thing, done in zip(cells, doing, strict=True):
            thing.states |= (done == "toggle") << roles.CHECKABLE
        self._label(things, deadline)

    def _label(self, things: Sequence[Thing], deadline: float) -> None:
        for thing in things:
            if thing.role == roles.COMBO_BOX and not thing.value:
                thing.value, thing.name = thing.name, ""  # GTK calls a list by what is chosen in it
        bare = [thing for thing in things if not thing.name and roles.ROLES.get(thing.role) in roles.NAMELESS]
        related = self._bus.ask([Question(thing.node, ACCESSIBLE, "GetRelationSet") for thing in bare], deadline)
        labels = [
            [Node(*label) for kind, ends in relations or () if kind == LABELLED_BY for label in ends]
            for relations in related
        ]
        flat = [about(label, ACCESSIBLE, "Name") for each in labels for label in each]
        names = iter(self._bus.ask(flat, deadline))
        for thing, each in zip(bare, labels, strict=True):
            thing.name = " ".join(filter(None, (_value(next(names)) for _ in each)))
        self._describe([thing for thing in bare if not thing.name], deadline)

    def _describe(self, bare: Sequence[Thing], deadline: float) -> None:
        """The names of last resort: a description, the words in an empty field."""
        said = self._bus.ask([about(thing.node, ACCESSIBLE, "Description") for thing in bare], deadline)
        more = self._bus.ask([Question(thing.node, ACCESSIBLE, "GetAttributes") for thing in bare], deadline)
        for thing, description, attributes in zip(bare, said, more, strict=True):
            words = _value(description)  # of a slider in GTK, its value
            thing.name = words if words != thing.value else (attributes or {}).get("placeholder-text", "")

    def close(self) -> None:
        self._bus.close()


def _box(extents: Any) -> Box:
    """AT-SPI's left, top, width and height; what has no place on the screen is told as negative or tiny."""
    left, top, width, height = extents or (0, 0, 0, 0)
    return Box(left, top, left + width, top + height) if width > 1 and height > 1 else Box(0, 0, 0, 0)


def _value(told: Any) -> str:
    """The text of a property."""
    return " ".join(str(told[1]).split()) if told else ""


def _lines(things: Sequence[Thing], found: Sequence[Surface]) -> list[list[Thing]]:
    """Those that are elements, in reading order, with their boxes in root coordinates."""
    kept = [thing for thing in things if _is_element(thing)]
    for thing in kept:
        assert thing.own
        thing.box = Box(*(thing.own.scale * side for side in thing.box))
    return [
        line
        for surface in found
        for line in in_lines([thing for thing in kept if thing.own and thing.own.surface == surface])
    ]


def _is_element(thing: Thing) -> bool:
    """Whether it says or does something, rather than holds or decorates."""
    role = thing.kind
    if not role or thing.own is None or not thing.box.area:
        return False
    if role == "text" and thing.above and thing.above.kind and thing.above.name == thing.name:
        return False  # the label inside a button says what the button says
    return bool(thing.name or thing.value) or role in roles.NAMELESS


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
        enabled=thing.has(roles.ENABLED) and thing.has(roles.SENSITIVE),
        focused=thing.has(roles.FOCUSED),
        checked=thing.ticked,
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
