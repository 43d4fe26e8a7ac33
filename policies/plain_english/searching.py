"""Scrolling until something shows, for as long as that brings something new: in a list, or in the whole page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from handeye.perception.phrases.quoting import unquote
from handeye.policies.plain_english.moment import Fail, Moment
from handeye.tools.actions import Scroll

if TYPE_CHECKING:
    from handeye.policies.decision import Decision
    from handeye.tools.element import Element

Direction = Literal["up", "down", "left", "right"]

#: Scrolls after which a search ends, whatever they bring; a run's own limits on steps and time end most before.
CAP = 300
#: Notches of the first scroll, and the most of any.
FIRST, MOST = 7, 60
#: The share of what shows that must have moved alike to say how far a scroll goes.
SHARE = 0.25
#: A list has at least so many things of a kind; so many scrolls without anything new are its end.
LIST, DRY = 4, 2
_ITEMS = frozenset({"cell", "gridcell", "option", "row", "treeitem", "listitem"})
_OPPOSITE: dict[str, Direction] = {"up": "down", "down": "up", "left": "right", "right": "left"}


def search(moment: Moment, phrase: str, direction: Direction, over: Element | None = None) -> Decision | Fail:
    """The next scroll on the way to what the phrase means, `over` an element where the goal names one.

    Fail at the end of all that can be scrolled.
    """
    wheres: list[Element | None] = [over] if over else _wheres(moment)
    kept = moment.progress.kept
    shown = _shown(moment)
    if moment.progress.stage == "scrolled":
        before: dict[str, list[int]] = kept.get("shown", {})
        axis = 0 if direction in ("left", "right") else 1
        moved = _shift(before, shown, axis)
        fresh = set(shown) - set(kept.get("met", ()))
        back = kept.pop("back", False)
        # A clock shows something new as well, but nothing moves.
        dry = moment.failed or not (len(fresh) > 1 or (fresh and moved) or (not shown and not moment.failed))
        kept["dry"] = 0 if back or not dry else kept.get("dry", 0) + 1
        if fresh and set(before) - set(shown) and not moved and kept["amount"] > 1 and not back:
            # Nothing is left of what showed before but what stands still: something may have been passed over.
            kept["most"] = kept["amount"] - 1
            kept["amount"] = max(1, kept["amount"] // 3)
            kept["back"] = True
            return _scroll(moment, phrase, _OPPOSITE[direction], 2 * kept["amount"], wheres)
        if moved and not back:
            places = [shown[name][axis] for name in shown if name in fresh or before.get(name) != shown[name]]
            fitting = int((max(places) - min(places)) / (moved / kept["amount"]))
            kept["amount"] = max(1, min(kept.get("most", MOST), 2 * kept["amount"], fitting))
        if moment.failed or kept["dry"] >= DRY:
            kept["where"], kept["dry"] = kept.get("where", 0) + 1, 0
    kept["shown"] = shown
    kept["met"] = sorted(set(kept.get("met", ())) | set(shown))
    kept.setdefault("amount", FIRST)
    if kept.get("where", 0) >= len(wheres) or moment.progress.tried("until") >= CAP:
        return moment.missing(phrase)
    return _scroll(moment, phrase, direction, kept["amount"], wheres)


def _scroll(moment: Moment, phrase: str, direction: Direction, amount: int, wheres: list[Element | None]) -> Decision:
    over = wheres[min(moment.progress.kept.get("where", 0), len(wheres) - 1)]
    target = moment.at(over) if over else None
    reasoning = f"look for “{unquote(phrase)}”"
    return moment.do(Scroll(direction=direction, amount=amount, target=target), reasoning, "scrolled")


def _shift(before: dict[str, list[int]], now: dict[str, list[int]], axis: int) -> int:
    """So many pixels the content moved; 0 where too little of it shows still to tell.

    What stands still says nothing, and words that come again and again in a list say something else each time.
    """
    ways = Counter(
        abs(now[name][axis] - before[name][axis]) for name in set(now) & set(before) if now[name] != before[name]
    )
    ways.pop(0, None)
    moving = sum(1 for name in now if now[name] != before.get(name))
    way, count = max(ways.items(), key=lambda each: each[1], default=(0, 0))
    near = sum(each for other, each in ways.items() if abs(other - way) <= 2)
    return way if count and near >= SHARE * moving else 0


def _shown(moment: Moment) -> dict[str, list[int]]:
    """Where the words that can be seen, and are seen once, stand, by a number for them."""
    elements = [
        each
        for each in moment.visible(moment.observation.elements or moment.observation.read)
        if each.name or each.value
    ]
    words = [f"{crc32(f'{each.role} {each.name or each.value}'.encode()):08x}" for each in elements]
    often = Counter(words)
    return {word: [each.box.left, each.box.top] for word, each in zip(words, elements, strict=True) if often[word] == 1}


def _wheres(moment: Moment) -> list[Element | None]:
    """What to turn the wheel over, in order: a list in a program's window or the window; a page, or a list in it."""
    items = [each for each in moment.visible(moment.observation.elements) if each.role in _ITEMS and not each.covered]
    kinds = [[each for each in items if each.role == role] for role in {each.role for each in items}]
    largest = max(kinds, key=lambda kind: sum(each.box.area for each in kind), default=[])
    if len(largest) < LIST:
        return [None]
    tops = sorted(largest, key=lambda each: (each.box.centre.y, each.box.left))
    middle = tops[len(tops) // 2]
    return [middle, None] if middle.source == "accessibility" else [None, middle]
