"""Finding things, looking through tabs and trees, the same for several fields, and what an action is for."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.described import describe
from handeye.policies.plain_english.frames import Family
from handeye.policies.plain_english.lexicon import FIELD_NOUNS, LABEL_VERBS

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Value

family = Family("Find, look through, several fields")

_CLOSED = re.compile(r"\b(?:tabs?|trees?|sections?|menus?|folders?|accordion|panels?|files?)\b", re.IGNORECASE)
_FIELDS = re.compile(r"(?:(?:the|these|those)\s+)?(?P<one>(?:\w+\s+)?(?:field|text\s?box|input|box))(?P<s>e?s)$", re.I)


def _explore(place: str) -> list[c.Clause] | None:
    return [c.Explore(place=place)] if _CLOSED.search(place) else None


@family.frame("find|locate <target>", "look for <target>", cost=-0.05)
def find(target: str) -> Made:
    """Find a thing; later steps mean the controls of its row or card. To find the best of something is a task, no step."""
    said = describe(target)
    return None if said and said.best else c.Locate(target=target)


@family.frame("find|locate|search|look", cost=-0.3)
def find_next() -> Made:
    """“Find and click X”: the next thing may be in closed parts."""
    return c.Explore()


@family.frame("navigate|go|look|browse|search|step|click through <place:target>", "switch|toggle|cycle|move between <place:target>", cost=-0.05)  # fmt: skip
def look_through(place: str) -> Made:
    """Let the next steps open closed parts: tabs, sections, the rows of a tree."""
    return _explore(place)


@family.frame(
    "navigate|go|look|browse|search|step|click through <place:target> to find [<target>]",
    "switch|toggle|cycle|move between <place:target> to find [<target>]",
    cost=-0.3,
)
def look_through_for(place: str, target: str = "") -> Made:
    """Find a thing in tabs, sections or a tree; the thing may be named by the next step."""
    begun = _explore(place)
    return [*begun, c.Locate(target=target)] if begun and target else begun


@family.frame("solve|compute|calculate|evaluate [the] math|maths|mathematical|arithmetic|algebra problem|equation|exercise|task|question")  # fmt: skip
def solve_named() -> Made:
    """Compute the arithmetic that is on the screen."""
    return c.Solve()


@family.frame("<clause> when|once [you|i] [are|am|have] done|finished|ready", cost=0.05)
def when_done(clause: tuple[c.Clause, ...]) -> Made:
    """A step that is last anyway."""
    return list(clause)


@family.frame("type|enter|write|put|fill [in] [the] [<noun:word>] <value:quote> in|into both|all|each|every [of] <items:target>", cost=-0.1)  # fmt: skip
def type_in_each(value: str, items: str, source: str, noun: Value | None = None) -> Made:
    """Type the same into several fields."""
    hit = _FIELDS.match(items) or re.match(r"(?P<one>(?:\w+\s+)?(?:field|text\s?box|input|box))$", items, re.I)
    if hit is None or (noun and noun.text.lower() not in FIELD_NOUNS):
        return None
    count = 2 if re.search(r"\bboth\b", source, re.IGNORECASE) else 0
    return c.ForEach(items=hit["one"], count=count, then=(c.Write(text=value, target="it", replace=True),))


@family.frame("type|enter|write|put|fill [in] [the] <one:word> <a:quote> and [the] <two:word> <b:quote> [in|into <place:target>]", cost=-0.1)  # fmt: skip
def type_two(one: Value, a: str, two: Value, b: str, place: str = "") -> Made:
    """Type two values, each into the field that is named before it."""
    if not {one.text.lower(), two.text.lower()} <= {*FIELD_NOUNS} or (place and not _FIELDS.match(place)):
        return None
    return [c.Write(text=text, target=name.text, replace=True) for name, text in ((one, a), (two, b))]


@family.frame("close|dismiss|open|leave|confirm|cancel <place:target> by clicking|pressing|tapping [on] <target>", cost=-0.1)  # fmt: skip
def by_clicking(place: str, target: str) -> Made:
    """Click what a place is closed or opened with."""
    return c.ClickOn(target=f"{target} in {place}")


@family.frame("click|press|tap [on] <target> to <verb:word> it|them|this", cost=-0.1)
def click_for(target: str, verb: Value) -> Made:
    """Click; the verb says what for."""
    return c.ClickOn(target=target) if verb.text.lower() in LABEL_VERBS else None


family.examples.update({
    "find the message by Ada": "Locate(target='the message by Ada')",
    "look through the tabs": "Explore(place='the tabs')",
    'close the dialog by clicking "x"': "ClickOn(target='\"x\" in the dialog')",
    "click the bin to delete it": "ClickOn(target='the bin')",
})  # fmt: skip
