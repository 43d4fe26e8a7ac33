"""Loops over items, arithmetic on the screen, sections that open, and saving under a name."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Value

family = Family("Repeat, compute, expand, save")


@family.frame(
    "for each|every|all <items:target> [,] [do|then] <clause>",
    "<clause> for|in each|every <items:target>",
    "for each|every of the <items:target> [,] <clause>",
)
def for_each(items: str, clause: tuple[c.Clause, ...]) -> Made:
    """Carry a step out for each thing that a phrase describes."""
    if any(isinstance(each, c.Verify) or (isinstance(each, c.Operate) and not each.thing) for each in clause):
        return None
    return c.ForEach(items=re.sub(r"^the\s+", "", items), then=clause)


@family.frame(
    "solve|compute|calculate|evaluate [the] problem|equation|sum|arithmetic|expression|exercise|task [on [the] screen|page]"
)
def solve() -> Made:
    """Compute the arithmetic that is on the screen."""
    return c.Solve()


@family.frame("compute|calculate <expression>", cost=-0.05)
def compute(expression: str) -> Made:
    """Compute an expression with the keys of a calculator on the screen."""
    return c.Compute(expression=expression)


@family.frame("expand|unfold|uncollapse <target>", "collapse|fold <target> {closes=1}", cost=-0.02)
def expand(target: str, closes: str = "") -> Made:
    """Expand or collapse a section, a menu or a row of a tree."""
    return c.Expand(target=target, open=not closes)


@family.frame(
    "save [it|this|the] [file|document|text|note] as|under <name:word>",
    "save [it|this|the] [file|document] under the name <name:word>",
)
def save_as(name: Value) -> Made:
    """Save the document of the program in front under another name."""
    if not name.quoted and not re.search(r"[./]", name.text):
        return None
    return c.SaveAs(name=name.text)


family.examples.update({
    'for each row with status "Open", click Archive': "ForEach(items='row with status \"Open\"', then=(ClickOn(target='Archive'),))",
    "compute 12 * 34": "Compute(expression='12 * 34')",
    "expand the Details section": "Expand(target='the Details section')",
    'save the file as "notes.txt"': "SaveAs(name='notes.txt')",
})  # fmt: skip
