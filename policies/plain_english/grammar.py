"""The readings of words: which clauses or statements they mean, each with its cost."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.families as families
from handeye.policies.plain_english.clauses import Clause, Statement
from handeye.policies.plain_english.frames import FRAMES
from handeye.policies.plain_english.lexicon import DENIALS, LEADS, MACROS, TRAILS
from handeye.policies.plain_english.slots import SLOTS
from handeye.policies.plain_english.templates import Sentence, TemplateSet, compile_template

if TYPE_CHECKING:
    from handeye.perception.phrases.quoting import Masked

assert families.MODULES


@dataclass(frozen=True)
class ClauseReading:
    """One way to read words."""

    cost: float
    frame: str
    clauses: tuple[Clause, ...]
    start: int
    """The position of the verb, after words such as “please” and “the user”."""
    fields: dict[str, Any]


@dataclass(frozen=True)
class _Grammar:
    clauses: TemplateSet
    statements: TemplateSet
    leads: TemplateSet
    trails: tuple[tuple[tuple[str, ...], float], ...]
    sources: frozenset[str]
    """Frames that need the words themselves."""


@lru_cache(maxsize=1)
def _grammar() -> _Grammar:
    clauses = [each for frame in FRAMES.values() if not frame.statement for each in frame.compiled()]
    statements = [each for frame in FRAMES.values() if frame.statement for each in frame.compiled()]
    leads = TemplateSet(compile_template(f"{text} <rest>", "lead", MACROS) for text in LEADS)
    sources = frozenset(name for name, frame in FRAMES.items() if "source" in inspect.signature(frame.build).parameters)
    trails = tuple((tuple(each.split()), cost) for each, cost in TRAILS.items())
    return _Grammar(TemplateSet(clauses), TemplateSet(statements), leads, trails, sources)


def words_of(masked: Masked) -> Sentence:
    """The words of a masked goal."""
    return Sentence(masked, 0, len(masked.text), _SLOTS)


def read(words: Sentence, start: int, end: int) -> list[ClauseReading]:
    """The readings of the words as clauses, the best first."""
    found: list[ClauseReading] = []
    for at, stop, price in _cores(words, start, end):
        for cost, template, fields in _grammar().clauses.match(words, at, stop):
            if template.frame == "declare" and at > start and words.low[at - 1] in _PERSONS:
                continue  # “the user name is missing” is about a user name
            if template.frame in _grammar().sources:
                fields = {**fields, "source": words.source(at, stop)}
            made = FRAMES[template.frame].build(**fields)
            if made:
                clauses = tuple(made) if isinstance(made, list) else (made,)
                found.append(ClauseReading(cost + price, template.frame, clauses, at, fields))  # type: ignore[arg-type]
    return sorted(found, key=lambda reading: reading.cost)


_PERSONS = frozenset(MACROS["person"].replace("|", " ").split())


def _cores(words: Sentence, start: int, end: int) -> list[tuple[int, int, float]]:
    """The words without what changes nothing at their beginning and end, in every way to cut that off."""
    begins = {start}
    queue = [start]
    while queue:
        at = queue.pop()
        for _, _, fields in _grammar().leads.match(words, at, end):
            rest = fields["rest"]
            if rest not in begins:
                begins.add(rest)
                queue.append(rest)
    ends = {end: 0.0}
    for stop, price in ((end, 0.0), *ends.items()):
        for trail, cost in _grammar().trails:
            if tuple(words.text[stop - len(trail) : stop]) == trail and stop - len(trail) > start:
                ends = {**ends, stop - len(trail): price + cost}
    return [(at, stop, price + 0.001 * (at > start)) for at in begins for stop, price in ends.items() if at < stop]


def _rest(words: Sentence, start: int, end: int) -> tuple[float, int] | None:
    return (0.0, start) if end == words.end else None


def statement(words: Sentence, start: int, end: int) -> tuple[float, Statement] | None:
    """The slot of a statement."""
    if words.low[start] == "that" and start + 1 < end:
        start += 1
    best: tuple[float, Statement] | None = None
    if words.low[start] in (",", ":"):
        return None
    said = words.source(start, end)
    denials = sum(low in DENIALS for low in words.low[start:end]) - _comparisons(words, start, end)
    for cost, template, fields in _grammar().statements.match(words, start, end):
        if best is not None and cost >= best[0]:
            continue
        if template.frame in _grammar().sources:
            fields = {**fields, "source": said}
        made = FRAMES[template.frame].build(**fields)
        if isinstance(made, Statement) and denials <= 1 and _holds_quotes(made, words, start, end):
            best = cost, replace(made, said=said)
    return best


def _comparisons(words: Sentence, start: int, end: int) -> int:
    low = words.low
    return sum(
        low[at] in ("no", "not") and low[at + 1 : at + 3] in (["more", "than"], ["fewer", "than"], ["less", "than"])
        for at in range(start, end)
    )


def _holds_quotes(made: Statement, words: Sentence, start: int, end: int) -> bool:
    held = " ".join((*made.texts, made.target, *made.also, *made.parts, made.noun, made.within))
    return (made.within == "" and bool(made.texts)) or all(
        words.content(at, at + 1) in held for at in range(start, end) if words.quoted(at)
    )


def clause(words: Sentence, start: int, end: int) -> tuple[float, tuple[Clause, ...]] | None:
    """The slot of a clause."""
    found = read(words, start, end)
    return (found[0].cost, found[0].clauses) if found else None


_SLOTS = {**SLOTS, "statement": statement, "clause": clause, "rest": _rest}
