"""Carrying clauses out for each of several items, each within its item."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import handeye.policies.plain_english.clauses as c
from handeye.perception.observation import Observation
from handeye.policies.plain_english.described import UnclearItem, called, describe, described
from handeye.policies.plain_english.moment import AmbiguousTarget, Fail, Moment, Next, Step
from handeye.policies.plain_english.searching import wait_or_scroll

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.reading.groups import Item
    from handeye.tools.element import Element

#: Most rounds of one loop.
MOST = 500
#: Words for the item itself, where a clause aims at no control in it.
ITSELF = re.compile(
    r"(?:it|them|this|that|(?:the|this|that|each|every)\s+(?:one|item|row|entry|card|result|thing))?", re.I
)


@dataclass(frozen=True, kw_only=True)
class EndEach(c.Clause):
    """Ends the clauses of a `ForEach`, and goes back to it."""

    back: int
    """So many clauses lie between it and its `ForEach`."""


def for_each(clause: c.ForEach, moment: Moment, body: int) -> Step:
    """Begin the next round, or skip the `body` clauses and their end when no item is left."""
    loop = moment.progress.loop
    if loop.get("at") != moment.progress.at:
        loop = moment.progress.loop = {
            "at": moment.progress.at,
            "end": moment.progress.at + body,
            "done": [],
            "known": [],
        }
    items = items_of(clause, moment)
    if not loop["known"]:
        if not items:
            step = wait_or_scroll(moment, clause.items)
            return Fail(f"nothing here is “{clause.items}”") if isinstance(step, Fail) else step
        if clause.count and len(items) != clause.count:
            return Fail(f"there are {len(items)} things here that are “{clause.items}”, not {clause.count}; name them")
        loop["known"] = [identity(item) for item in items]
        loop["rounds"] = len(items)
    left = [item for item in items if not _is_done(item, loop)]
    if not left or len(loop["done"]) >= min(loop["rounds"], MOST):
        done = len(loop["done"])
        moment.progress.loop = {}
        if left:
            return Fail(
                f"after {done} rounds, {len(left)} more things are “{clause.items}”, such as “{left[0].text[:60]}”"
            )
        return Next(skip=body + 1, note=f"{done} × “{clause.items}”")
    loop["item"] = identity(left[0])
    return Next()


def end_each(clause: EndEach, moment: Moment) -> Step:
    """End a round: the item is done, and the `ForEach` decides about the next one."""
    loop = moment.progress.loop
    loop["done"] = [*loop["done"], loop.pop("item")]
    return Next(skip=-(clause.back + 2))


def items_of(clause: c.ForEach, moment: Moment) -> list[Item]:
    """Return the items that a loop goes through now."""
    elements = moment.observation.elements
    try:
        found = described(clause.items, elements, moment.size)
    except UnclearItem as error:
        raise AmbiguousTarget(str(error)) from error
    return list(called(clause.items, elements, moment.size)) if found is None else found


def identity(item: Item) -> list[str]:
    """Return what an item is known by on later screens: the id of its element, and its text."""
    element = item.element or (item.members[0] if item.members else None)
    title = item.title()
    return [element.id if element else "", title.name if title else item.text]


def _is_done(item: Item, loop: dict[str, Any]) -> bool:
    """Whether an item had its round; one that was drawn anew is known by its title."""
    own = identity(item)
    if own[0] in {known for known, _ in loop["known"]}:
        return own[0] in {done for done, _ in loop["done"]}
    return own[1] in {title for _, title in loop["done"]}


def in_item(clause: c.Clause, moment: Moment, goal_clause: c.ForEach) -> tuple[c.Clause, list[Moment]]:
    """Return a clause of a loop, and the moments to try it in: within its item, then without the other items.

    An empty target, or “it”, becomes the item itself. No moments are left when the clause has begun elsewhere.
    """
    item, others = _current(moment, goal_clause)
    target = getattr(clause, "target", None)
    if item is None:
        return clause, [moment]
    itself = isinstance(target, str) and ITSELF.fullmatch(target.strip())
    within = (*([item.element] if item.element else ()), *item.members)
    if itself:
        clause = replace(clause, target="it")  # type: ignore[call-arg]
    inside = limited(moment, within)
    inside.item = item
    hidden = {each.id for other in others for each in (*other.members, *([other.element] if other.element else ()))}
    hidden -= {each.id for each in within}
    outside = limited(moment, [each for each in moment.observation.elements if each.id not in hidden])
    outside.item = item
    return clause, [inside, outside]


def _current(moment: Moment, clause: c.ForEach) -> tuple[Item | None, list[Item]]:
    """The item of this round among all of its kind, and the others; None when it is gone."""
    said = describe(clause.items)
    noun = said.noun if said else clause.items
    items = list(called(noun, moment.observation.elements, moment.size))
    own = moment.progress.loop["item"]
    mine = [item for item in items if own[0] and identity(item)[0] == own[0]] or [
        item for item in items if identity(item)[1] == own[1]
    ]
    if len(mine) != 1:
        return None, items
    return mine[0], [item for item in items if item is not mine[0]]


def limited(moment: Moment, elements: Sequence[Element]) -> Moment:
    """Return the moment with these elements alone; the text of the picture is not read."""
    seen = moment.observation
    made = replace(moment, notes=moment.notes)
    made.__dict__["observation"] = Observation(
        seen.screenshot, tuple(elements), seen.signals, None, seen.hit_test, seen.view
    )
    return made
