"""What is done to the items of a list: one more, sorting, a new one, moving one, giving it stars."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.policies.plain_english.frames import Family, times

if TYPE_CHECKING:
    from handeye.policies.plain_english.frames import Made
    from handeye.policies.plain_english.slots import Value

family = Family("Work on items of a list")

_PIECE = re.compile(r"\b(?:card|item|task|ticket|issue|file|folder|tile|block|piece|row|element|story|note)\b", re.I)
_PLACE = re.compile(r"\b(?:column|lane|list|board|folder|bin|stack|pile|group|zone|area)\b", re.I)
_CART = re.compile(
    r"(?:(?:the|my|your)\s+)?(?:shopping\s+)?(?:cart|basket|bag|trolley|wish\s?list|favou?rites?)$", re.I
)
_COUNT = "[by <count:number> | <count:number> times | once | twice {count=2} | thrice {count=3}]"


@family.frame(
    f"increase|raise|increment [[the] quantity|amount|number|count|qty of|for] <target> {_COUNT} {{up=1}}",
    f"decrease|lower|reduce|decrement [[the] quantity|amount|number|count|qty of|for] <target> {_COUNT}",
)
def adjust(target: str, up: str = "", count: str = "1") -> Made:
    """One more or less of a thing."""
    if re.search(r"\sto\s", target):
        return None
    return [c.Adjust(thing=target, up=bool(up))] * times(count)


@family.frame(
    "sort|order [the|this|all] [table|list|rows|items|results|page|products|entries|it|them] by [the] <target> [column]"
)
def sort(target: str) -> Made:
    """Sort by a column."""
    if re.search(r"\b(?:ascending|descending|reversed?|backwards?)\b", target, re.IGNORECASE):
        return None  # which way a click sorts is the page's to say
    return c.SortBy(column=target.strip("\"“”'"))


@family.frame(
    "add|create a|an|the|another [new] <noun> [called|named|titled|saying|:|with-title] <value:quote> [to|in|on <place:target>]"
)
def add_new(noun: str, value: str, source: str, **_: str) -> Made:
    """Add a new item; a place is a part of the source."""
    if not re.fullmatch(r"[a-z][a-z\- ]{1,30}", noun) or noun.split()[0] in ("file", "document", "picture", "image", "photo"):  # fmt: skip
        return None
    return c.AddNew(text=value, noun=noun, whole=source)


@family.frame("put|place|throw|drop|move <thing:target> into|onto|in|to <cart:target>")
def put_into_cart(thing: str, cart: str) -> Made:
    """Put something into the cart."""
    return c.Operate(verb="add", thing=thing, place=f"to {cart}") if _CART.match(cart) else None


@family.frame(
    "move|put|bring|place|drop <start:target> onto|to|into|in <end:target>",
    "move|put|bring|place|drop <start:target> on to <end:target>",
    cost=0.02,
)
def move(start: str, end: str) -> Made:
    """Drag an item somewhere else."""
    if re.search(r"\b(?:mouse|pointer|cursor|window|left|right|up|down|top|bottom)\b", f"{start} {end}", re.I) or _CART.match(end):  # fmt: skip
        return None
    return c.DragOnto(start=start, end=end) if _PIECE.search(start) or _PLACE.search(end) else None


@family.frame("give|rate|award [ it|this|them | <target> ] [with|at] <number> star|stars")
def stars(number: int, target: str = "") -> Made:
    """Give stars."""
    return c.ClickOn(target=f'"{number} star" or "{number} stars"' + (f" for {target}" if target else ""))


@family.frame("show|display|list <number> <rows:word> [per|a page | on each page]")
def page_size(number: int, rows: Value) -> Made:
    """Choose how many rows a page of a list has."""
    if rows.text.lower() not in ("entries", "rows", "items", "results", "records", "products", "lines"):
        return None
    return c.Choose(option=f'"{number}"', target=f"the {rows.text} list")


family.examples.update({
    "increase Apples twice": "Adjust(thing='Apples'); Adjust(thing='Apples')",
    "sort the list by Name": "SortBy(column='Name')",
    'add a new task called "Rest"': "AddNew(text='Rest', noun='task', whole='add a new task called \"Rest\"')",
    'move the card "Roof" to the Ready column': "DragOnto(start='the card \"Roof\"', end='the Ready column')",
})  # fmt: skip
