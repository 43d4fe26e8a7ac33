"""Scrolling, zooming, and bringing things into view."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made

family = Family("Scroll and look closer")

_WAY = "(up|upward|upwards {way=up} | down|downward|downwards {way=down} | left {way=left} | right {way=right})"
#: What holds everything: scrolling it is scrolling, over whatever the pointer lies.
_WHOLE = re.compile(r"(?:the\s+|this\s+)?(?:web\s?)?(?:page|list|screen|document|table|site|window)", re.IGNORECASE)


@family.frame(
    f"scroll [all the way | right] [{_WAY}] [all the way] [to|towards] [the] [very] (top|start|beginning {{edge=up}} | bottom|end {{edge=down}} | footer-end {{edge=down}}) [of|in|inside|within <over:target>]",
)
def scroll_to_edge(edge: str, over: str = "", way: str = "") -> Made:
    """Scroll to the very end in a direction."""
    at: Any = edge if way in ("", "up", "down") else way
    return c.ScrollBy(direction=at, edge=True, amount=100, over="" if not over or _WHOLE.fullmatch(over) else over)


@family.frame(
    f"scroll|swipe [{_WAY}] [back] ( until|till|to|towards|for | into view of ) [@person] [can] [see|find|reach] <target> [@be visible|shown | @be in view | @be on [the] screen | shows|appears [up] | comes into view]",
    "scroll|bring|move <target> into [the] view",
    f"scroll [{_WAY}] so that <target> is visible",
)
def scroll_until(target: str, way: str = "down", **_: Any) -> Made:
    """Scroll until something is on the screen."""
    at: Any = way
    return c.ScrollBy(direction=at, until=target)


@family.frame("find|locate|spot <target>", "look|search|scroll for <target>")
def locate(target: str) -> Made:
    """Bring a control into view."""
    kinds = r"button|link|field|tab|icon|menu|heading|section"
    named = re.match(rf"(?:(?:the|an?)\s+)?(?:{kinds})\s+\S", target, re.IGNORECASE)
    kind = re.search(rf"\s(?:{kinds}|checkbox|row|drop-?down|image|picture)(?:\s+(?:on|in|at|below|above|next\s+to)\s+.+)?$", target, re.IGNORECASE)  # fmt: skip
    return c.ScrollBy(until=target) if named or kind else None


@family.frame(f"scroll [in] <over:target> {_WAY}")
def scroll_over(over: str, way: str) -> Made:
    """Scroll inside of something."""
    at: Any = way
    return None if _WHOLE.fullmatch(over) or not re.match(r"(?:the|this)\s", over, re.I) else c.ScrollBy(direction=at, over=over)  # fmt: skip


_UNIT = "(notch|notches|click|clicks|line|lines {unit=1} | times {unit=5} | step|steps {unit=1} | px|pixel|pixels {unit=0.01} | page|pages|screen|screens {unit=8} | more {unit=5} | bit {unit=5})"
_SIZE = "(a little|bit {size=3} | a lot {size=20} | half a page|screen {size=4} | some|further|more|again {size=5})"


@family.frame(
    f"scroll|page|swipe [{_WAY}] [[by|for] ({_SIZE} | <amount> {_UNIT} | <amount> ) [further|more]] [in|inside|within|over|on <over:target>]",
    f"scroll|page|swipe {_WAY} the page",
    "scroll|swipe <share:percent> (down {way=down} | up {way=up}) [[in|of] [the] page|screen|window|document]",
    "scroll|swipe (down {way=down} | up {way=up}) [by|to] <share:percent> [[in|of] [the] page|screen|window|document]",
)
def scroll(way: str = "down", size: str = "", amount: float | None = None, unit: str = "5", over: str = "", share: int = 0) -> Made:  # fmt: skip
    """Scroll by an amount."""
    at: Any = way
    if amount is not None:
        number = max(1, round(amount * float(unit)))
    else:
        number = int(size or 5) if not share else max(1, share // 5)
    return c.ScrollBy(direction=at, amount=min(100, number), over="" if not over or _WHOLE.fullmatch(over) else over)


@family.frame(
    "zoom in|into [on|to] <target>",
    "look|take [a] [more] closer|closely [look] at <target>",
    "have a closer look at <target>",
)
def look_closer(target: str) -> Made:
    """Zoom into something."""
    return c.LookCloser(target=target)


family.examples.update({
    "scroll down": "ScrollBy()",
    "scroll up a little": "ScrollBy(direction='up', amount=3)",
    "I scroll to the bottom of the page": "ScrollBy(amount=100, edge=True)",
    'scroll down until "Terms" is visible': "ScrollBy(until='\"Terms\"')",
    "zoom in on the chart": "LookCloser(target='the chart')",
})  # fmt: skip
