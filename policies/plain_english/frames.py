"""Families of frames: the sentences of a verb, what they mean, and examples that the tests run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handeye.policies.plain_english.lexicon import MACROS
from handeye.policies.plain_english.templates import SentenceTemplate, compile_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.policies.plain_english.clauses import Clause, Statement

    Made = Clause | list[Clause] | Statement | None
    Builder = Callable[..., Made]


@dataclass(frozen=True)
class Frame:
    """Sentences that mean the same, and the function that makes clauses (or a statement) of their slots.

    The function returns None where the slots do not fit each other after all.
    """

    name: str
    build: Builder
    templates: tuple[str, ...]
    cost: float = 0.0
    statement: bool = False
    """It makes a statement, which can be a part of a clause."""

    def compiled(self) -> list[SentenceTemplate]:
        """Its templates, ready to match."""
        return [compile_template(text, self.name, MACROS, self.cost) for text in self.templates]


FRAMES: dict[str, Frame] = {}


@dataclass
class Family:
    """Frames that belong together, for the documentation."""

    title: str
    examples: dict[str, str] = field(default_factory=dict)
    """A sentence, and its meaning as `repr` of its clauses without defaults; the tests compare them."""
    frames: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        FAMILIES.append(self)

    def frame(self, *templates: str, cost: float = 0.0, statement: bool = False) -> Callable[[Builder], Builder]:
        """Register what these templates mean; `cost` makes the reading rank below others."""

        def register(build: Builder) -> Builder:
            name = build.__name__.strip("_")
            frame = Frame(name, build, tuple(" ".join(text.split()) for text in templates), cost, statement)
            if name in FRAMES:
                raise ValueError(f"two frames are called {name}; rename one")
            FRAMES[name] = frame
            self.frames.append(frame)
            return build

        return register


FAMILIES: list[Family] = []


def times(number: int | str) -> int:
    """How many times, between 1 and 100."""
    return max(1, min(100, int(number)))
