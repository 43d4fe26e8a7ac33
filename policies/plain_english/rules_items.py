"""Rules for what is done to the items of a list: one more of it, sorting, a new one, moving one, giving it stars."""

# ruff: noqa: E501 - a way of saying something is one line, however long

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import handeye.policies.plain_english.clauses as c
from handeye.perception.phrases.quoting import ATOM, QUOTED
from handeye.policies.plain_english.clause_rules import TIMES, Rules, aimed, count
from handeye.policies.plain_english.statements import NUMBER, cast_count

if TYPE_CHECKING:
    from handeye.perception.phrases.quoting import Masked
    from handeye.policies.plain_english.clause_rules import Made

rule = Rules()

_PIECE = r"(?:card|item|task|ticket|issue|file|folder|tile|block|piece|row|element|story|note)"
_PLACE = r"(?:column|lane|list|board|folder|bin|stack|pile|group|zone|area)"
_AMOUNT = r"(?:(?:the\s+)?(?:quantity|amount|number|count|qty)\s+(?:of|for)\s+)?"


@rule(
    rf"(?P<v>increase|decrease|raise|lower|reduce|increment|decrement)\s+{_AMOUNT}(?P<x>(?:(?!\sto\s).)+?)(?:\s+by\s+(?P<by>{NUMBER}))?{TIMES}"
)
def _adjust(hit: re.Match[str], masked: Masked) -> Made:
    up = hit["v"].lower() in {"increase", "raise", "increment"}
    times = max(1, min(100, cast_count(hit["by"].lower()))) if hit["by"] else count(hit)
    return [c.Adjust(thing=aimed(hit["x"], masked), up=up)] * times


@rule(
    rf"(?:sort|order)\s+(?:(?:the\s+|this\s+|all\s+)?(?:table|list|rows|items|results|page|products|entries|it|them)\s+)?by\s+(?P<x>{QUOTED}|{ATOM}|(?:the\s+)?[^\s,]+(?:\s+[^\s,]+){{0,3}})"
)
def _sort(hit: re.Match[str], masked: Masked) -> Made:
    if re.search(r"\b(?:ascending|descending|reverse[d]?|backwards?)\b", hit["x"], re.IGNORECASE):
        return None  # which way a click sorts is the page's to say
    by = re.sub(r"^the\s+|\s+column$", "", hit["x"], flags=re.IGNORECASE)
    return c.SortBy(column=masked.content(by))


@rule(
    rf"(?:add|create)\s+(?:an?|the|another)\s+(?:new\s+)?(?P<n>[a-z][a-z\- ]{{1,30}}?)\s+(?:called\s+|named\s+|titled\s+|saying\s+|:\s*)?(?P<x>{QUOTED})(?:\s+(?:to|in|on)\s+.+)?"
)
def _new_item(hit: re.Match[str], masked: Masked) -> Made:
    return c.AddNew(text=masked.content(hit["x"]), noun=" ".join(hit["n"].split()), whole=masked.restore(hit[0]))


@rule(
    r"(?:put|place|throw|drop|move)\s+(?P<x>.+?)\s+(?:(?:in|on)to|in|to)\s+(?P<y>(?:(?:the|my|your)\s+)?(?:shopping\s+)?(?:cart|basket|bag|trolley|wish\s?list|favou?rites?))"
)
def _into_cart(hit: re.Match[str], masked: Masked) -> Made:
    return c.Operate(verb="add", thing=masked.restore(hit["x"]), place=masked.restore(f"to {hit['y']}"))


@rule(
    rf"(?:move|put|bring|place|drop)\s+(?P<x>(?:the\s+|my\s+)?(?:\S+\s+){{0,3}}?{_PIECE}\b.*?)\s+(?:onto|on\s+to|to|into|in)\s+(?P<y>.+)",
    rf"(?:move|put|bring|drop)\s+(?P<x>.+?)\s+(?:onto|on\s+to|to|into|in)\s+(?P<y>(?:the\s+)?(?:.+\s{_PLACE}|{_PLACE}\s.+))",
)
def _move(hit: re.Match[str], masked: Masked) -> Made:
    if re.search(r"\b(?:mouse|pointer|cursor|window|left|right|up|down|top|bottom)\b", hit[0], re.IGNORECASE):
        return None
    return c.DragOnto(start=aimed(hit["x"], masked), end=aimed(hit["y"], masked))


@rule(rf"(?:give|rate|award)\s+(?:it|this|them|.+?)?\s*(?:with\s+|at\s+)?(?P<n>{NUMBER})[\s-]+stars?")
def _stars(hit: re.Match[str], _: Masked) -> Made:
    number = cast_count(hit["n"].lower())
    return c.ClickOn(target=f'"{number} star" or "{number} stars"')


@rule(
    rf"(?:show|display|list)\s+(?P<n>{NUMBER})\s+(?P<of>entries|rows|items|results|records|products|lines)(?:\s+(?:per|a|on\s+each)\s+page)?"
)
def _page_size(hit: re.Match[str], _: Masked) -> Made:
    return c.Choose(option=f'"{cast_count(hit["n"].lower())}"', target=f"the {hit['of']} list")
