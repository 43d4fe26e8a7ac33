"""Steps that are there only sometimes: what a goal makes conditional, and what closes a thing in the way."""

from __future__ import annotations

from handeye.perception.phrases.wording import alike
from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english.english_policy import flat, program_of
from handeye.policies.plain_english.reaching import CLOSERS
from handeye.tools.errors import ActionRefused, UsageError


def conditional(goal: str) -> frozenset[int]:
    """The places of a goal's clauses that are carried out only if something holds, as a memo's `at` counts them."""
    try:
        program = program_of(goal)
    except (ActionRefused, UsageError):
        return frozenset()
    inside: set[int] = set()
    for at, clause in enumerate(program):
        if isinstance(clause, c.When):
            count = len(flat(clause.then)) + (1 + len(flat(clause.otherwise)) if clause.otherwise else 0)
            inside |= set(range(at + 1, at + 1 + count))
    return frozenset(inside)


def closes(words: str) -> bool:
    """Whether a control of this name closes something without agreeing to anything."""
    return any(alike(each, words).score >= 0.92 for each in CLOSERS)
