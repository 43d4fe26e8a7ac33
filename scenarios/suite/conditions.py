"""`when`: conditions on variables and the environment that decide whether a scenario runs. No code is executed.

when: ${{CI}}                     its value is not empty, `false`, `no`, `off` or `0`
when: not ${{CI}}
when: ${env} == staging           compared as texts, without surrounding quotes; also `!=`
when: [${{CI}}, "${env} != prod"] all of them
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COMPARED = re.compile(r"^(?P<left>.*?)\s*(?P<sign>[=!]=)\s*(?P<right>.*)$", re.DOTALL)
NOT = re.compile(r"^not\s+", re.IGNORECASE)
QUOTED = re.compile(r"""^(['"])(?P<text>.*)\1$""", re.DOTALL)
#: Values that count as false.
NOTHING = frozenset({"", "false", "no", "off", "0"})


def condition_error(condition: str) -> str:
    """The mistake in how a condition is written; empty when there is none."""
    plain = re.sub(r"\$\{\{?.*?\}\}?", "x", condition)
    hit = COMPARED.match(plain)
    if hit and (not hit["left"].strip() or not hit["right"].strip() or COMPARED.match(hit["right"])):
        return f"`when: {condition}` has no value on one side; write VALUE == VALUE, with '' for an empty value"
    rest = plain if hit else NOT.sub("", plain.strip())
    if not hit and (not rest or (re.search(r"\s|[<>&|=]", rest) and not QUOTED.match(rest))):
        return f"`when: {condition}` is not a condition; write VALUE, not VALUE, VALUE == VALUE or VALUE != VALUE"
    if hit and re.search(r"\s(?:and|or)\s|&&|\|\|", re.sub(r"""(['"]).*?\1""", "x", plain)):
        return f"`when: {condition}` has several parts; write a list, all of which must hold"
    return ""


def unmet_condition(conditions: Sequence[str], fill: Callable[[str], str]) -> str:
    """The first condition that does not hold, in words; empty when all hold. `fill` inserts values of variables."""
    for condition in conditions:
        hit = COMPARED.match(condition)
        if hit:
            left, right = _text(fill(hit["left"])), _text(fill(hit["right"]))
            if (left == right) is not (hit["sign"] == "=="):
                return f"when: {condition}; it is “{left}”"
            continue
        wanted = not NOT.match(condition.strip())
        value = _text(fill(NOT.sub("", condition.strip())))
        if (value.casefold() not in NOTHING) is not wanted:
            return f"when: {condition}" + (f"; it is “{value}”" if value else "; it has no value")
    return ""


def _text(value: str) -> str:
    value = value.strip()
    hit = QUOTED.match(value)
    return hit["text"] if hit else value
