"""What a clause of a goal asks for: the result of parsing, before anybody has looked at a screen.

Targets are phrases as the person wrote them, quotes included, because quoted words are labels and others may be hints.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One step of a goal."""

    source: str = field(default="", compare=False)
    """The person's own words for it."""
    span: tuple[int, int] = field(default=(0, 0), compare=False)
    """Where these words stand in the goal."""
    joined: str = field(default="", compare=False)
    """Its target together with the next clause, where "and" may be part of a label: “Save and close”."""
    parts: tuple[str, ...] = field(default=(), compare=False)
    """Its target cut at its "and": several targets, unless a control is called like the whole."""
    note: str = field(default="", compare=False)
    """What is to be said of how it was understood."""


@dataclass(frozen=True, kw_only=True)
class ClickOn(Clause):
    """Click a target."""

    target: str
    button: Literal["left", "middle", "right"] = "left"
    count: int = 1
    modifiers: tuple[Literal["ctrl", "shift", "alt", "meta"], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hover(Clause):
    """Move the pointer over a target."""

    target: str


@dataclass(frozen=True, kw_only=True)
class DragOnto(Clause):
    """Drag one target onto another."""

    start: str
    end: str


@dataclass(frozen=True, kw_only=True)
class Write(Clause):
    """Type a text into a target, or into the focused field."""

    text: str
    target: str = ""
    """Empty: where the keyboard is."""
    replace: bool = False
    """The field is to hold just this, whatever it held before."""
    fact: bool = False
    """The text was not quoted, so it may be the name of something remembered."""
    any_kind: bool = False
    """Said as "set X to Y": the field may also be a list or a checkbox."""


@dataclass(frozen=True, kw_only=True)
class Empty(Clause):
    """Clear a field."""

    target: str


@dataclass(frozen=True, kw_only=True)
class PressKeys(Clause):
    """Press keys."""

    keys: str
    count: int = 1
    target: str = ""
    label: str = ""
    """The word, where a button may be called like the key: “press Delete”."""


@dataclass(frozen=True, kw_only=True)
class HoldKey(Clause):
    """Hold a key while the next thing is clicked; the parser makes it a modifier of that click."""

    key: str


@dataclass(frozen=True, kw_only=True)
class Tick(Clause):
    """Tick or untick a checkbox, radio button or switch."""

    target: str
    on: bool | None = True
    """None: whatever it is not now."""


@dataclass(frozen=True, kw_only=True)
class Choose(Clause):
    """Choose an option of a list or group."""

    option: str
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class LogIn(Clause):
    """Log in with user name and password."""

    user: str
    password: str = ""


@dataclass(frozen=True, kw_only=True)
class SearchFor(Clause):
    """Search for a text."""

    text: str
    target: str = ""
    fact: bool = False


@dataclass(frozen=True, kw_only=True)
class Visit(Clause):
    """Open an address."""

    url: str


@dataclass(frozen=True, kw_only=True)
class Operate(Clause):
    """A verb that is itself the label of a control: "check out", "delete the third row", "add X to the cart"."""

    verb: str
    thing: str = ""
    """What it is done to: an item of a list, or a part of the label."""
    place: str = ""
    """The rest, with its preposition: “to the cart”."""
    certain: bool = True
    """False: no verb known for this, so only a control called exactly so will do."""


@dataclass(frozen=True, kw_only=True)
class Adjust(Clause):
    """One more, or one less, of a thing."""

    thing: str
    up: bool = True


@dataclass(frozen=True, kw_only=True)
class SortBy(Clause):
    """Sort a table or list by a column."""

    column: str


@dataclass(frozen=True, kw_only=True)
class AddNew(Clause):
    """A new item of a list."""

    text: str
    noun: str
    """What such an item is called: “todo”, “note”."""
    whole: str = ""
    """The clause itself."""


@dataclass(frozen=True, kw_only=True)
class Go(Clause):
    """Go back, forward, or reload."""

    way: Literal["back", "forward", "reload"]
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class UseTab(Clause):
    """Open, switch to or close a tab."""

    do: Literal["new", "switch", "close"]
    which: str = ""
    """A number from 1, `last`, `next`, `previous`, a title, or empty for the one in front."""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class ToWindow(Clause):
    """Focus, raise or close a window by its title."""

    do: Literal["focus", "raise", "close"]
    title: str


@dataclass(frozen=True, kw_only=True)
class ScrollBy(Clause):
    """Scroll in a direction."""

    direction: Literal["up", "down", "left", "right"] = "down"
    amount: int = 5
    edge: bool = False
    """To the very end in that direction."""
    until: str = ""
    """Until this is on the screen."""
    over: str = ""
    """With the mouse over this."""


@dataclass(frozen=True, kw_only=True)
class Pause(Clause):
    """Wait for some seconds."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Await(Clause):
    """Wait until a statement holds."""

    statement: Statement
    seconds: float = 30.0


@dataclass(frozen=True, kw_only=True)
class LookCloser(Clause):
    """Zoom into a target."""

    target: str


@dataclass(frozen=True, kw_only=True)
class Give(Clause):
    """Give files to a file field."""

    paths: tuple[str, ...]
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadOff(Clause):
    """Read a value from the screen."""

    what: str
    name: str = ""
    """Keep it under this name as well."""
    aside: bool = False
    """It is read to be typed somewhere, so it is no part of the run's answer."""


@dataclass(frozen=True, kw_only=True)
class Keep(Clause):
    """Store a text under a name."""

    text: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Locate(Clause):
    """Find a thing: wait, scroll, and open tabs and closed sections until it is there.

    Of several equal controls, the clauses after it mean the one in its row or card.
    """

    target: str


@dataclass(frozen=True, kw_only=True)
class Explore(Clause):
    """Later targets may be in closed parts of a place: “go through the tabs”, “open the file tree”."""

    place: str = ""
    """`tabs`, `tree` or `sections` narrow it to these; anything else means all of them."""


@dataclass(frozen=True, kw_only=True)
class Expand(Clause):
    """Expand or collapse a section, a menu or a row of a tree."""

    target: str
    open: bool = True


@dataclass(frozen=True, kw_only=True)
class ForEach(Clause):
    """Carry out clauses for each thing that a phrase describes: “row with status Open”, “text field”."""

    items: str
    then: tuple[Clause, ...]
    count: int = 0
    """So many there must be: 2 for “both fields”. 0: any number, at least one."""


@dataclass(frozen=True, kw_only=True)
class Solve(Clause):
    """Compute the arithmetic that is on the screen; later clauses call the result “the answer” or “it”."""

    what: str = ""
    """Where it is, when the sentence says so; empty: the only arithmetic on the screen."""


@dataclass(frozen=True, kw_only=True)
class Compute(Clause):
    """Compute an expression of the sentence with the keys of a calculator on the screen."""

    expression: str


@dataclass(frozen=True, kw_only=True)
class SaveAs(Clause):
    """Save the document of the program in front under another name, with its “Save as” dialog."""

    name: str
    """A file name or a path."""


@dataclass(frozen=True, kw_only=True)
class UseTool(Clause):
    """Call a custom tool."""

    tool: str
    arguments: tuple[tuple[str, str, bool], ...] = ()
    """Name, text, and whether it stood in quotes."""


@dataclass(frozen=True, kw_only=True)
class AskPerson(Clause):
    """Ask the person a question."""

    question: str


@dataclass(frozen=True, kw_only=True)
class Verify(Clause):
    """Check that a statement holds."""

    statement: Statement


@dataclass(frozen=True, kw_only=True)
class When(Clause):
    """Its clauses are carried out only if the statement holds."""

    statement: Statement
    then: tuple[Clause, ...]
    otherwise: tuple[Clause, ...] = ()


Kind = Literal[
    "shows", "title", "url", "field", "checked", "enabled", "visible", "focused", "selected", "count", "dialog", "open",
    "order",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Something that is true of a screen or not.

    `order`: the values of the column `target` are in order, upwards; with `texts`, these texts follow each other so.
    """

    kind: Kind
    texts: tuple[str, ...] = ()
    """All of them must hold; with `any_of`, one of them."""
    any_of: bool = False
    target: str = ""
    also: tuple[str, ...] = ()
    """Further targets of which the same is said: “A, B and C are ticked”."""
    parts: tuple[str, ...] = field(default=(), compare=False)
    """Its target cut at its "and", where only the screen can tell whether it is one label."""
    negated: bool = False
    exact: bool = False
    """Is, rather than contains."""
    compare: Literal["=", ">=", "<=", ">", "<"] = "="
    number: int = 0
    noun: str = ""
    within: str = ""
    """The place in which it must hold, as a target phrase: `the "Cart" section`. Empty: the whole screen."""
    bare: bool = field(default=False, compare=False)
    """A quoted text of which nothing is stated: a check only where a check is requested."""
    said: str = field(default="", compare=False)
    """As the person wrote it."""
