"""The content that a layout puts on its page: texts in its language, and the elements that questions may ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.suites.grounding.picture_plan import PicturePlan

HERE = Path(__file__).parent
PEOPLE = (
    "Ada Berg", "Jonas Wirth", "Mina Okafor", "Karl Lindqvist", "Rosa Duarte", "Tom Keller", "Lena Brandt",
    "Omar Haddad", "Ivy Chen", "Paul Novak", "Nora Fischer", "Sam Whitaker",
)  # fmt: skip
COLOURS = ("#d9734e", "#4e8fd9", "#58a66b", "#b25fc4", "#d9a94e", "#4aa9a4", "#c4567a", "#7480d1")
CODE = (
    (
        "@from@ decimal @import@ Decimal",
        "",
        "",
        "@def@ ~total~(items, rate=^0.19^):",
        "    net = ~sum~(item.price * item.count @for@ item @in@ items)",
        "    @if@ net < ^0^:",
        "        @raise@ ~ValueError~(^'below zero'^)",
        "    @return@ net * (^1^ + rate)",
        "",
        "",
        "@class@ ~Invoice~:",
        "    @def@ ~__init__~(self, customer):",
        "        self.customer = customer",
        "        self.lines = []",
    ),
    (
        "@import@ json",
        "",
        "",
        "@def@ ~load~(path):",
        "    @with@ ~open~(path) @as@ file:",
        "        rows = json.load(file)",
        "    @return@ [row @for@ row @in@ rows @if@ row[^'open'^]]",
        "",
        "",
        "@def@ ~oldest~(rows):",
        "    @return@ ~min~(rows, key=@lambda@ row: row[^'date'^])",
    ),
)


@dataclass(frozen=True)
class QuestionCandidate:
    """An element of the page that a question may have as its target."""

    kind: str
    """`text` if its own words identify it, `widget` if words next to it do, `icon` if its drawing does."""
    called: str
    """Its words in the picture's language, or its icon; only unique elements become targets."""
    near: str
    """Words next to it, where there are several of its kind."""
    phrases: tuple[str, ...]


class PageContent:
    """Fills one layout. Every chance comes from the plan's dice, so that it writes the same each time."""

    def __init__(self, plan: PicturePlan) -> None:
        self.plan = plan
        self.language = plan.language
        self.number = plan.number
        self.last = ""
        """What `some` chose last."""
        self.candidates: list[QuestionCandidate] = []
        self._dice = plan.dice("page")
        self._people: list[str] = self.mixed(PEOPLE)
        self._queues: dict[str, list[str]] = {}

    def t(self, english: str) -> str:
        """In the picture's language."""
        return english if self.language == "en" else german()[english]

    def text(self, label: str, role: str, *, fit: bool = False, near: str = "", phrase: str = "") -> Markup:
        """Marks what says its own name; `fit` where it is wider than its words. `phrase` asks for it in another way."""
        words = german().get(label, label) if self.language == "de" else label
        neighbour = german().get(near, near) if self.language == "de" else near
        phrases: tuple[str, ...]
        if phrase:
            phrases = (phrase,)
        elif near:
            phrases = (f"the {words} {role} next to {neighbour}", f"the “{words}” {role} next to “{neighbour}”")
        else:
            phrases = (words, f"the {words} {role}", f"the “{words}” {role}")
        return self._mark(QuestionCandidate("text", words, neighbour, phrases), fit=fit)

    def widget(self, label: str, role: str, *, near: bool = False) -> Markup:
        """Mark a field, box or slider that words next to it name; `near` where it has none of its own."""
        words = german().get(label, label) if self.language == "de" else label
        phrase = f"the {role} next to {words}" if near else f"the {words} {role}"
        return self._mark(QuestionCandidate("widget", "", words, (phrase,)))

    def icon(self, name: str, *, near: str = "") -> Markup:
        """Marks something that is drawn."""
        neighbour = german().get(near, near) if self.language == "de" else near
        phrases = tuple(f"the {each} next to {neighbour}" if near else f"the {each}" for each in icons()[name])
        if name == "picture-of":
            phrases = (f"the picture above {neighbour}",)
        return Markup('data-icon="{}" {}').format(name, self._mark(QuestionCandidate("icon", name, neighbour, phrases)))

    def tool(self, name: str, *, near: str = "", main: bool = False) -> Markup:
        """A button that shows nothing but an icon."""
        return Markup('<button class="t {}" {}>{}</button>').format(
            "main" if main else "", self.icon(name, near=near), self._svg(name)
        )

    def drawn(self, name: str) -> Markup:
        """An icon that only decorates."""
        return Markup('<span data-icon="{}">{}</span>').format(name, self._svg(name))

    def box(self, label: str, *, role: str = "checkbox", near: bool = False) -> Markup:
        """A square to tick, or a circle to choose by."""
        on = self._dice.random() < 0.4
        shape = "tick" + (" round" if role == "radio button" else "") + (" on" if on else "")
        mark = self._svg("check") if on and role == "checkbox" else ""
        return Markup('<span class="{}" {}>{}</span>').format(shape, self.widget(label, role, near=near), mark)

    def tick(self) -> Markup:
        """Write a checkbox that is not a target."""
        return Markup('<span class="tick"></span>')

    def face(self, who: str) -> Markup:
        """A person's initials in a circle."""
        initials = "".join(part[0] for part in who.split())
        colour = COLOURS[sum(map(ord, who)) % len(COLOURS)]
        return Markup('<span class="face small" data-icon="user" style="background: {}">{}</span>').format(
            colour, initials
        )

    def person(self) -> str:
        """A name that stands nowhere else."""
        return self._people.pop()

    def people(self, count: int) -> list[str]:
        """Names that stand nowhere else."""
        return [self.person() for _ in range(count)]

    def mixed(self, things: Sequence[Any]) -> list[Any]:
        """In another order."""
        return self._dice.sample(things, len(things))

    def next(self, things: Sequence[str]) -> str:
        """Another one of these each time."""
        queue = self._queues.setdefault("|".join(things), self.mixed(things))
        queue.append(queue.pop(0))
        return queue[-1]

    def some(self, *things: Any) -> Any:
        """One of these."""
        self.last = self._dice.choice(things)
        return self.last

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self._dice.randint(low, high)

    def colour(self) -> str:
        """One of a picture."""
        return self._dice.choice(COLOURS)

    def clock(self) -> str:
        """A time of day."""
        return f"{self.between(7, 19)}:{self.between(10, 59)}"

    def amount(self) -> str:
        """A sum of money or a number of people, as the language writes it."""
        thousands, rest = self.between(1, 98), self.between(100, 999)
        return f"{thousands},{rest}" if self.language == "en" else f"{thousands}.{rest}"

    def price(self) -> str:
        """What something costs."""
        whole, rest = self.between(5, 240), self._dice.choice(("00", "50", "90", "99"))
        return f"€{whole}.{rest}" if self.language == "en" else f"{whole},{rest} €"

    def code(self) -> list[list[tuple[int | None, str]]]:
        """Lines of a program, in pieces that are coloured alike."""
        found = []
        for line in self._dice.choice(CODE):
            pieces: list[tuple[int | None, str]] = []
            kind: int | None = None
            for part in line.replace("@", "\0@").replace("~", "\0~").replace("^", "\0^").split("\0"):
                sign, words = ("@~^".find(part[:1]), part[1:]) if part[:1] in tuple("@~^") else (-1, part)
                kind = sign if sign >= 0 and kind is None else None
                pieces.append((kind, words))
            found.append(pieces)
        return found

    def _svg(self, name: str) -> Markup:
        return Markup('<svg class="i" viewBox="0 0 24 24"><use href="#{}"/></svg>').format(name)

    def _mark(self, candidate: QuestionCandidate, *, fit: bool = False) -> Markup:
        self.candidates.append(candidate)
        return Markup('data-find="{}"{}').format(len(self.candidates) - 1, Markup(" data-fit") if fit else "")


@cache
def german() -> dict[str, str]:
    """What English texts say in German."""
    found: dict[str, str] = json.loads((HERE / "german.json").read_text(encoding="utf-8"))
    return found


@cache
def icons() -> dict[str, list[str]]:
    """What the drawings are called."""
    found: dict[str, list[str]] = json.loads((HERE / "icons.json").read_text(encoding="utf-8"))
    return found
