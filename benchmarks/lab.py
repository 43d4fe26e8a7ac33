"""What the rows share: the episode, the model, and one walk of all contestants through the same screens."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks.card import Card
from benchmarks.episode import GOAL, Screen, record
from benchmarks.model import Shape, build
from handeye.agent.run_folder import RunConfig
from handeye.perception.engines.engine import Request
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.engines.options import EngineOptions
from handeye.perception.internvl.agreement import TEMPERATURE
from handeye.perception.internvl.prompt import Prompt, ground_prompt, run_prefix
from handeye.tools.actions import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.engines.engine import Answer, Engine
    from handeye.perception.engines.in_process.checkpoint import Checkpoint
    from handeye.perception.internvl.prompt import PromptPrefix

#: A thought, an action and its target as a trained model would write them: about 40 tokens with InternVL3's tokenizer.
#: A model without training writes on to any bound, so the bounds are characters and few.
DECISION = r"""root ::= thought "\n<tool_call>\n{\"kind\": \"" kind "\", \"target\": \"" target "\"}\n</tool_call>"
thought ::= [A-Z] [a-z ]{47} "."
kind ::= "click" | "move" | "type"
target ::= "the " [a-z ]{16}
"""
BOX = r"""root ::= "[[" n ", " n ", " n ", " n "]]"
n ::= [1-9] [0-9]{1,2}
"""
MOST_TOKENS = 96
#: Of where, beside the greedy answer: as many as a run has by default.
SAMPLES = int(RunConfig.model_fields["samples"].default) - 1


class Watch:
    """Seconds of one part of a step after the other."""

    def __init__(self) -> None:
        self.laps: list[float] = []
        self._began = time.perf_counter()

    def lap(self) -> None:
        """A part is over."""
        now = time.perf_counter()
        self.laps.append(now - self._began)
        self._began = now


@dataclass
class Visit:
    """What one screen of the episode took each contestant, in seconds, and what it said."""

    name: str
    parts: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Of each contestant: deciding, grounding, and the further samples of where."""
    answers: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    forced: int = 0
    tokens: int = 0
    tiles: int = 0
    tiles_seen: dict[str, int] = field(default_factory=dict)
    prompt: dict[str, int] = field(default_factory=dict)
    prompt_reused: dict[str, int] = field(default_factory=dict)

    @property
    def seconds(self) -> dict[str, float]:
        """Of each contestant, for the whole step."""
        return {name: sum(parts) for name, parts in self.parts.items()}


class Lab:
    """Made once for a run; everything in it is made when it is first asked for."""

    def __init__(
        self,
        wanted: tuple[str, ...],
        say: Callable[[str], None] = lambda _: None,
        *,
        shape: Shape | None = None,
        screens: int = 10,
        minutes: float = 7.0,
        repeats: int = 25,
    ) -> None:
        """`minutes` is about how long the reference may take over the episode: it is asked about fewer screens then."""
        self.wanted = wanted
        self.say = say
        self.repeats = repeats
        self._shape = shape or Shape()
        self._count = screens
        self._minutes = minutes

    @cached_property
    def screens(self) -> list[Screen]:
        """The episode."""
        self.say(f"recording {self._count} screens in a browser")
        return record(self._count)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The model."""
        self.say(f"making a model of {self._shape.name} shape with random weights")
        return build(self._shape)

    @cached_property
    def head(self) -> PromptPrefix:
        """What every question begins with, as the loop has it."""
        return run_prefix(self._exact.profile, GOAL, KINDS)

    @cached_property
    def _exact(self) -> InProcessEngine:
        return InProcessEngine(self.checkpoint)

    @cached_property
    def walk(self) -> list[Visit]:
        """All contestants through the episode, screen by screen in turns, so that what else runs disturbs all alike.

        A step is what `handeye run` asks by default: what to do, where the thing is that the answer names, and samples
        of where for the confidence. The caches go through every screen; the reference, which keeps nothing, through as
        many as there is time for.
        """
        card = Card(self.checkpoint)
        engines: dict[str, Engine] = {}
        if "step_exact" in self.wanted:
            engines["step_exact"] = self._exact
        if "step_fast" in self.wanted:
            own = replace(self.checkpoint, model=copy.deepcopy(self.checkpoint.model))
            engines["step_fast"] = InProcessEngine(own, EngineOptions(fast=True))
        # Grammars are compiled once in a run, by both sides: not in the time of a step.
        for grammar in (DECISION, BOX):
            card.prepare(grammar)
            for engine in engines.values():
                self.ask(engine, Prompt("Hello", ()), grammar, 2)
        visits: list[Visit] = []
        chosen = set(range(len(self.screens)))
        for number, screen in enumerate(self.screens):
            visit = Visit(screen.name)
            visits.append(visit)
            # Named by what the exact engine says: all are asked the same questions.
            if number in chosen:
                watch = Watch()
                decided = card.generate(screen.ask(self.head), DECISION, MOST_TOKENS)
                watch.lap()
                where = self._where(screen, decided[0])
                visit.answers["reference"] = [decided, card.generate(where, BOX, MOST_TOKENS)]
                watch.lap()
                for _ in range(SAMPLES):
                    card.generate(where, BOX, MOST_TOKENS, temperature=TEMPERATURE)
                watch.lap()
                visit.parts["reference"] = tuple(watch.laps)
                if number == 0:
                    chosen = spaced(len(self.screens), int(self._minutes * 60 / visit.seconds["reference"]))
            for name, engine in engines.items():
                self._visit(name, engine, screen, visit)
            told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in visit.seconds.items())
            self.say(f"screen {number + 1} of {len(self.screens)} ({screen.name}): {told}")
        return visits

    def _visit(self, name: str, engine: Engine, screen: Screen, visit: Visit) -> None:
        watch = Watch()
        decided = self.ask(engine, screen.ask(self.head), DECISION)
        watch.lap()
        where = self._where(screen, decided.text)
        found = self.ask(engine, where, BOX)
        watch.lap()
        more = engine.generate(
            Request(where, grammar=BOX, max_tokens=MOST_TOKENS, temperature=TEMPERATURE, samples=SAMPLES)
        )
        watch.lap()
        assert len(more) == SAMPLES
        visit.parts[name] = tuple(watch.laps)
        visit.answers[name] = [(each.text, each.tokens_out) for each in (decided, found)]
        visit.tokens = decided.tokens_out + found.tokens_out
        visit.forced = decided.tokens_forced + found.tokens_forced
        visit.tiles = decided.tiles
        visit.tiles_seen[name] = decided.tiles - decided.tiles_reused
        visit.prompt[name] = decided.tokens_in + found.tokens_in
        visit.prompt_reused[name] = decided.tokens_reused + found.tokens_reused

    def _where(self, screen: Screen, answer: str) -> Prompt:
        phrase = answer.partition('"target": "')[2].partition('"')[0]
        return ground_prompt(self._exact.profile, screen.image, phrase, self.head)

    @staticmethod
    def ask(engine: Engine, prompt: Prompt, grammar: str, most: int = MOST_TOKENS) -> Answer:
        """One answer held to a grammar."""
        return engine.generate(Request(prompt, grammar=grammar, max_tokens=most))[0]


def spaced(count: int, wanted: int) -> set[int]:
    """At most `wanted` of so many places, the first among them, evenly spaced."""
    wanted = max(1, min(count, wanted))
    return {round(place * (count - 1) / max(1, wanted - 1)) for place in range(wanted)}
