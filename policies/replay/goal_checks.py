"""The checks and the conditional steps of a goal, as far as plain English understands them.

A replay evaluates the checks again on each screen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from handeye.perception.phrases.quoting import mask
from handeye.perception.phrases.wording import alike
from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english.checks import StatementResult, evaluate
from handeye.policies.plain_english.english_policy import flat, program_of
from handeye.policies.plain_english.parsing import parse
from handeye.policies.plain_english.reaching import CLOSERS
from handeye.tools.errors import ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.observation import Observation

_CHECKS = re.compile(r"\b(?:check (?:that|if|whether)|verify|make sure|ensure|assert|expect)", re.IGNORECASE)
_BREAK = re.compile(r"[.;\n]+(?:\s|$)|,\s*(?:and\s+|then\s+)*|\s+(?:and|then)\s+(?=check\b|verify\b|make\b|ensure\b)")


@dataclass(frozen=True)
class GoalCheck:
    """One check of a goal."""

    description: str
    statement: c.Statement

    def evaluate(self, observation: Observation) -> StatementResult:
        """Return whether the check holds on an observation, with the reason."""
        return evaluate(self.statement, observation)


@dataclass(frozen=True)
class GoalChecks:
    """All checks of a goal."""

    checks: tuple[GoalCheck, ...] = ()
    unread: tuple[str, ...] = ()
    """Checks that plain English does not understand; they need a model."""


@lru_cache(maxsize=32)
def goal_checks(goal: str) -> GoalChecks:
    """The checks of a goal, in their order."""
    if not _CHECKS.search(goal):
        return GoalChecks()
    if (whole := _read(goal)) is not None:
        return GoalChecks(whole)
    masked = mask(goal, atoms=False)
    checks: list[GoalCheck] = []
    unread: list[str] = []
    for part in _BREAK.split(masked.text):
        words = masked.restore(part).strip()
        if _CHECKS.search(words):
            found = _read(words)
            checks += found or ()
            unread += [words] if not found else []
    return GoalChecks(tuple(checks), tuple(unread))


def place_checks(checks: Sequence[GoalCheck], held: Sequence[Sequence[str]]) -> list[list[str]]:
    """For each observation of a run the checks that belong to it: the last observation at which each passed.

    `held` contains the checks that passed at each observation. A check that never passed is left out.
    """
    places: list[list[str]] = [[] for _ in held]
    last = len(held) - 1
    for check in reversed(checks):
        where = next((at for at in range(last, -1, -1) if check.description in held[at]), None)
        if where is not None:
            places[where].insert(0, check.description)
            last = where
    return places


def _read(words: str) -> tuple[GoalCheck, ...] | None:
    try:
        clauses = parse(words)
    except (ActionRefused, UsageError):
        return None
    return tuple(
        GoalCheck(each.statement.said or each.source, each.statement)
        for each in clauses
        if isinstance(each, c.Verify | c.Await)
    )


def conditional(goal: str) -> frozenset[int]:
    """The indexes of a goal's conditional clauses, as a memo's `at` counts them."""
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
    """Whether a control with this name closes something without accepting anything."""
    return any(alike(each, words).score >= 0.92 for each in CLOSERS)
