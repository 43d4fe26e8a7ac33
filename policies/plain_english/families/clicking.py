"""Clicking, hovering and dragging."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family, times

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Targets

family = Family("Click, hover, drag")

_PATH = re.compile(r"\s+(?:>|→|»|->|=>|›)\s+")
_QUOTED = re.compile(r"[\"“„«'‘`]")


def each(targets: Targets, make: Any) -> list[c.Clause]:
    """One clause for each target; a single one that knows its parts where the whole may be one label."""
    if targets.sure:
        return [make(part) for part in targets.each]
    whole: c.Clause = make(targets.whole)
    return [replace(whole, parts=targets.parts)]


def _click(targets: Targets, count: str = "1", **_: Any) -> Made:
    number = times(count)
    path = _PATH.split(targets.whole) if not _QUOTED.search(targets.whole) else [targets.whole]
    if len(path) > 1:
        return [c.ClickOn(target=part) for part in path]
    if targets.parts and number > 1:
        return None
    return each(targets, lambda target: c.ClickOn(target=target)) * number


@family.frame(
    "click|press|tap|hit|push|activate|trigger|touch|focus|left-click|leftclick [on|at|onto|into] <targets> [<count:number> times | once | twice {count=2} | thrice {count=3}]",
    "left click [on] <targets>",
    "put|place|set the cursor|focus in|into|on|at <targets>",
    "(locate|find) and (click|press|tap) [on] <targets>",
    "click to expand|open|show|close|collapse <targets>",
)
def click(targets: Targets, count: str = "1") -> Made:
    """Click a control."""
    return _click(targets, count)


@family.frame("click|press|tap [on] <targets> to <purpose:target>", cost=0.02)
def click_for_a_purpose(targets: Targets, purpose: str) -> Made:
    """What a click is for is no other step, where the control is quoted."""
    verb = purpose.split()[0].lower()
    known = verb in {"dismiss", "close", "open", "submit", "confirm", "continue", "proceed", "save", "see", "view", "finish", "complete", "accept", "cancel", "expand", "start"}  # fmt: skip
    quoted = _QUOTED.search(targets.whole) and not _QUOTED.search(purpose)
    return _click(targets) if known and quoted else None


@family.frame(
    "open|goto|launch|access|visit|show|view|display <targets> [<count:number> times | once | twice {count=2}]",
    "go|navigate|navigated|return|switch|change|proceed|continue|head|move|get|browse|come [over|back|on] to|into <targets> [twice {count=2}]",
    "use <targets>",
    cost=0.05,
)
def open_named(targets: Targets, count: str = "1") -> Made:
    """Open a page, section or item that is called so: click it."""
    return _click(targets, count)


@family.frame("follow <targets>")
def follow(targets: Targets) -> Made:
    """Follow a link: it is quoted, or called a link."""
    named = _QUOTED.search(targets.whole) or re.search(r"\blinks?\b", targets.whole, re.IGNORECASE)
    return _click(targets) if named else None


@family.frame("open|click [on] <target> in a|another [new|separate] tab")
def click_in_new_tab(target: str) -> Made:
    """Open a link in a new tab, and go there."""
    return [c.ClickOn(target=target, modifiers=("ctrl",)), c.UseTab(do="switch", which="last")]


@family.frame(
    "double-click|doubleclick|dblclick [on|at] <target> @times {how=double}",
    "double click [on|at] <target> @times {how=double}",
    "triple-click|tripleclick [on] <target> @times {how=triple}",
    "triple click [on|at] <target> @times {how=triple}",
    "right-click|rightclick [on|at] <target> @times {how=right}",
    "right [button] click [on|at] <target> @times {how=right}",
    "middle-click|middleclick [on] <target> @times {how=middle}",
    "middle [button] click [on|at] <target> @times {how=middle}",
    "click|press|tap [on] <target> with the (right {how=right} | middle {how=middle} | left {how=left}) [mouse] button @times",
    "click|press|tap [on] <target> [while] holding|with [down] [the] <how:word> [key] [held|pressed|down]* @times",
    "<how:word> click [on] <target> @times",
    "<how:word> + click [on] <target> @times",
    "ctrl-click|ctrl+click|control-click|control+click [on] <target> {how=ctrl}",
    "shift-click|shift+click [on] <target> {how=shift}",
    "alt-click|alt+click [on] <target> {how=alt}",
    "cmd-click|cmd+click|meta-click|meta+click|command-click [on] <target> {how=meta}",
)
def click_how(target: str, how: Any, times: str = "1") -> Made:
    """Click with another button, more often, or with a key held."""
    name = (how if isinstance(how, str) else how.text).lower()
    keys: dict[str, Any] = {"ctrl": "ctrl", "control": "ctrl", "shift": "shift", "alt": "alt", "cmd": "meta", "command": "meta", "meta": "meta"}  # fmt: skip
    if name in ("double", "triple"):
        made = c.ClickOn(target=target, count=2 if name == "double" else 3)
    elif name == "left":
        made = c.ClickOn(target=target)
    elif name in ("right", "middle"):
        made = c.ClickOn(target=target, button="right" if name == "right" else "middle")
    elif name in keys:
        made = c.ClickOn(target=target, modifiers=(keys[name],))
    else:
        return None
    return [made] * max(1, min(100, int(times)))


@family.frame(
    "hover|mouseover|mouse-over|hovers [over|on|above|at] <target>",
    "hover the mouse over|on|above <target>",
    "mouse over <target>",
    "move|point [the] mouse|pointer|cursor [pointer] to|over|onto|on|at <target>",
    "move|point to|over|at <target>",
)
def hover(target: str) -> Made:
    """Move the pointer over a control."""
    return c.Hover(target=target)


@family.frame(
    "drag|drop <start:target> onto|to|into|over|on|in|upon <end:target>",
    "drag <start:target> and [then] drop it|them onto|to|into|over|on|in <end:target>",
    "drag and drop <start:target> onto|to|into|over|on|in <end:target>",
    "drag <start:target> on to <end:target>",
)
def drag(start: str, end: str) -> Made:
    """Drag one thing onto another."""
    return c.DragOnto(start=start, end=end)


family.examples.update({
    'click "Save"': "ClickOn(target='\"Save\"')",
    "the user clicks on the Save button": "ClickOn(target='the Save button')",
    'double-click the first file': "ClickOn(target='the first file', count=2)",
    'I right-click "Report"': "ClickOn(target='\"Report\"', button='right')",
    'follow "Terms of use"': "ClickOn(target='\"Terms of use\"')",
    "hover over Products": "Hover(target='Products')",
    'drag "Task 1" onto "Done"': "DragOnto(start='\"Task 1\"', end='\"Done\"')",
})  # fmt: skip
