"""The grammar: what one clause means. Its rules stand in two rooms and are tried in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.policies.plain_english import rules_hands, rules_items, rules_looking

if TYPE_CHECKING:
    from handeye.perception.phrases.quoting import Masked
    from handeye.policies.plain_english.clauses import Clause

RULES = (*rules_looking.rule, *rules_items.rule, *rules_hands.rule)


def parse_clause(text: str, masked: Masked) -> list[Clause] | None:
    """The clauses that a piece of masked text means; None when no rule takes it."""
    for pattern, make in RULES:
        if (hit := pattern.fullmatch(text)) and (made := make(hit, masked)) is not None:
            return made if isinstance(made, list) else [made]
    return None
