"""Waiting for a time, or until something is so."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made

family = Family("Wait")

_UNIT = "(s|sec|secs|second|seconds {unit=1} | m|min|mins|minute|minutes {unit=60} | ms|milliseconds|millisecond {unit=0.001} | moment|moments {unit=1})"
_SOON = re.compile(r"(?:the\s+)?(?:new\s+|next\s+)?(?:page|site|screen|app|everything|window|it)$", re.IGNORECASE)
_SHORT = {"s": 1.0, "m": 60.0, "ms": 0.001}


def seconds(amount: float, unit: Any) -> float:
    """An amount of a unit in seconds, at most 600."""
    return min(600.0, amount * float(unit))


@family.frame(
    f"wait|pause|sleep [for] [about|around|another|a-further] [(at least)] <amount> {_UNIT}",
    f"hold on [for] <amount> {_UNIT}",
    "wait|pause|sleep [for] <timed>",
)
def pause(amount: float = 0.0, unit: str = "1", timed: tuple[float, str] | None = None) -> Made:
    """Wait for some seconds."""
    if timed:
        return c.Pause(seconds=min(600.0, timed[0] * _SHORT["ms" if timed[1] == "ms" else timed[1][0]]))
    return c.Pause(seconds=seconds(amount, unit))


@family.frame("wait|pause [for] [a bit|moment|little|while]")
def pause_briefly() -> Made:
    """Wait for a moment."""
    return c.Pause(seconds=1.0)


_UP_TO = f"[(up to | at most | for | a maximum of) <amount> {_UNIT}]"
_LOADED = "[the] [new|next] page|site|screen|app|everything|window|it"


@family.frame(
    f"wait|pause [for|until|till] {_LOADED} [to] [is|be|has] [fully|completely|finished|finish|finishes]* load|loads|loaded|ready|loading",
    f"wait|pause for|until {_LOADED} to fully load",
    f"wait for {_LOADED}",
)
def wait_for_page() -> Made:
    """Wait until the page has loaded; every step does that by itself."""
    return c.Pause(seconds=0.5)


@family.frame(
    f"wait|pause {_UP_TO} until|till|for|that|while <statement>",
    f"wait|pause until|till|for|that <statement> for [up to] <amount> {_UNIT}",
    f"<statement> within <amount> {_UNIT}",
    f"@asserts <statement> within <amount> {_UNIT}",
)
def wait_until(statement: c.Statement, amount: float = 30.0, unit: str = "1") -> Made:
    """Wait until a statement holds."""
    return c.Await(statement=statement, seconds=seconds(amount, unit))


@family.frame(f"wait|pause {_UP_TO} until|till|for <target> [to [fully] load|appear|show]", cost=0.1)
def wait_for(target: str, amount: float = 30.0, unit: str = "1") -> Made:
    """Wait until something is there."""
    if len(target.split()) > 8 or _SOON.match(target):
        return None
    statement = c.Statement(kind="visible", target=target, said=target)
    return c.Await(statement=statement, seconds=seconds(amount, unit))


family.examples.update({
    "wait 3 seconds": "Pause(seconds=3.0)",
    'I wait until "Save" shows': "Await(statement=Statement(kind='shows', texts=('Save',)))",
    'wait up to 5 seconds until "Done" shows': "Await(statement=Statement(kind='shows', texts=('Done',)), seconds=5.0)",
    "wait until the spinner disappears": "Await(statement=Statement(kind='visible', target='the spinner', negated=True))",
})  # fmt: skip
