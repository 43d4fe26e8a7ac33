"""Opening addresses, going back, tabs and windows."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family, times

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made

family = Family("Go to pages, tabs and windows")

_COUNT = "[<count:number> times | once | twice {count=2} | thrice {count=3}]"
_WHICH = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "original": "1", "main": "1", "parent": "1", "new": "last", "current": ""}  # fmt: skip


@family.frame(
    "open|goto|visit|load|access|start|launch|browse|navigate [to] [the] [page|url|address|site|website|web|link]* [at] <url:address>",
    "go|navigate|browse|head|get|surf|return [over|back] to [the] [page|url|address|site|website|web|link]* [at] <url:address>",
    "start at|on|from|with <url:address>",
    "call up <url:address>",
    "@person am|are|is on|at [the] [page|url] <url:address>",
    "am|are|is on|at [the] [page|url] <url:address>",
)
def visit(url: str) -> Made:
    """Open an address."""
    return c.Visit(url=url)


@family.frame(
    "open|goto|visit|load|go|navigate|return|browse|get [back] [to] [the|my|our] ( homepage|home-page | home|start|landing|front page )"
)
def visit_home() -> Made:
    """Open the start page of the site."""
    return c.Visit(url="/")


@family.frame(
    f"go|navigate|move|step|head back [to] [the] [one|previous|last] [page|screen|site] {_COUNT}",
    f"go|return to the previous|last page|screen {_COUNT}",
    f"click|press|hit|use [on] the browser|browser's back [button] {_COUNT}",
)
def go_back(count: str = "1") -> Made:
    """Go back."""
    return c.Go(way="back", count=times(count))


@family.frame(
    f"go|navigate|move forward|forwards [one] [page|screen] {_COUNT}", f"go to the next page in the history {_COUNT}"
)
def go_forward(count: str = "1") -> Made:
    """Go forward."""
    return c.Go(way="forward", count=times(count))


@family.frame(f"reload|refresh [the] [current|web|whole] [page|site|screen|browser|tab|webpage|it] {_COUNT}")
def reload(count: str = "1") -> Made:
    """Load the page again."""
    return c.Go(way="reload", count=times(count))


@family.frame(
    "open|create|start|add [a|another] [new] [browser] tab [with|at|for|on <url:address>]",
    "open <url:address> in a new|second|separate tab",
    "open a new [browser] window",
)
def new_tab(url: str = "") -> Made:
    """Open a tab."""
    return c.UseTab(do="new", url=url)


_TAB = "(first {which=first} | second {which=second} | third {which=third} | fourth {which=fourth} | last {which=last} | next {which=next} | previous {which=previous} | other {which=other} | new {which=new} | newest|newly {which=new} | original {which=original} | main {which=main} | parent {which=parent} | current {which=current})"


@family.frame(
    f"close [the|this] [{_TAB}] [opened] [browser] tab [<number>]", f"close [the|this] {_TAB} [opened] window"
)
def close_tab(which: str = "", number: int = 0) -> Made:
    """Close a tab."""
    return c.UseTab(do="close", which=str(number) if number else _WHICH.get(which, which))


@family.frame(
    f"switch|change|go|return|move [back] to [the] {_TAB} [opened] [browser] tab|window|page",
    "switch|change|go [back] to [browser] tab|window [number] <number>",
)
def switch_tab(which: str = "", number: int = 0) -> Made:
    """Go to another tab."""
    if which == "current":
        return None
    return c.UseTab(do="switch", which=str(number) if number else _WHICH.get(which, which))


_WINDOW = "(window [called|titled|named | with title] <title:word> | <title:quote> window)"


@family.frame(
    f"switch|change|go|return [back] to [the] {_WINDOW}",
    f"focus|activate [the] {_WINDOW}",
    f"bring [the] {_WINDOW} (to the front|foreground | forward|up)",
    f"close [the] {_WINDOW} {{do=close}}",
)
def to_window(title: object, do: str = "focus") -> Made:
    """Focus or close a window by its title."""
    text = title if isinstance(title, str) else getattr(title, "text", "")
    if not isinstance(title, str) and not getattr(title, "quoted", False):
        return None
    return c.ToWindow(do="close" if do == "close" else "focus", title=text)


family.examples.update({
    "open http://localhost:8000": "Visit(url='http://localhost:8000')",
    "the user navigates to example.com/shop": "Visit(url='https://example.com/shop')",
    "go back twice": "Go(way='back', count=2)",
    "reload the page": "Go(way='reload')",
    "open a new tab": "UseTab(do='new')",
    "switch to tab 2": "UseTab(do='switch', which='2')",
    'switch to the window "Notes"': "ToWindow(do='focus', title='Notes')",
})  # fmt: skip
