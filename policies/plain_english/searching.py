"""Finding what is not on the screen: wait for it, open closed parts, and scroll for as long as that brings news.

A search ends in bounded time, on evidence: the screen is still, and all of it was scrolled to its ends.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import normal
from handeye.perception.reading.groups import items_called
from handeye.policies.plain_english.clauses import Locate
from handeye.policies.plain_english.described import items_named
from handeye.policies.plain_english.labelled import best_called
from handeye.policies.plain_english.moment import Fail, Moment
from handeye.tools.actions import Click, Scroll, Wait

if TYPE_CHECKING:
    from handeye.policies.decision import Decision
    from handeye.tools.element import Element

Direction = Literal["up", "down", "left", "right"]

#: So often a target is waited for, and the seconds of each wait.
WAITS, WAIT_SECONDS = 2, 1.0
#: Scrolls after which a search ends, whatever they bring: one that the goal asks for, and one for a missing target.
CAP, MISSING_CAP = 300, 150
#: Closed parts that are opened to find one target, at most.
OPENED = 40
#: Notches of the first scroll, and the most of any.
FIRST, MOST = 7, 60
#: The share of what shows that must have moved alike to say how far a scroll goes.
SHARE = 0.25
#: A list has at least so many things of a kind; so many scrolls without anything new are its end.
LIST, DRY = 4, 2
_ITEMS = frozenset({"cell", "gridcell", "option", "row", "treeitem", "listitem"})
_OPPOSITE: dict[str, Direction] = {"up": "down", "down": "up", "left": "right", "right": "left"}
#: What opens a part of a page without doing anything else.
_OPENERS = frozenset({"tab", "treeitem", "button", "clickable", "menuitem", "row", "listitem", "link"})
_PLACES: dict[str, frozenset[str]] = {
    "tab": frozenset({"tab"}),
    "tree": frozenset({"treeitem", "row", "listitem", "clickable", "button"}),
}

#: What opens a menu of further actions: language knowledge.
_MORE = frozenset(
    {"more", "more options", "more actions", "options", "actions", "menu", "open menu", "⋮", "…", "...", "⋯", "mehr",
     "weitere optionen", "plus d'options", "más opciones"}
)  # fmt: skip
#: What turns to the next page of a list: language knowledge.
_NEXT = ("next", "next page", ">", "›", "»", "→", "weiter", "nächste seite", "suivant", "page suivante", "siguiente")
_CELLS = frozenset({"cell", "gridcell", "columnheader"})

#: One part of a search: the direction, and what the wheel is turned over; None is the page or the window.
Leg = tuple[Direction, "Element | None"]


def wait_or_scroll(moment: Moment, phrase: str) -> Decision | Fail:
    """The next action to find a target that is not there; Fail when it is nowhere."""
    progress = moment.progress
    last = moment.task.steps[-1] if moment.task.steps else None
    waited = last is not None and isinstance(last.action, Wait) and bool(progress.tries.get("waited"))
    still = waited and last is not None and last.outcome.evidence.startswith("nothing changed")
    if not still and progress.tries.get("waited", 0) < WAITS:
        progress.tried("waited")
        return moment.do(
            Wait(seconds=WAIT_SECONDS), f"“{unquote(phrase)}” is not there yet; wait a little", progress.stage
        )
    progress.tries["waited"] = WAITS
    if (progress.explore or isinstance(moment.clause, Locate)) and (opener := closed_part(moment)):
        progress.kept["opened"] = [*progress.kept.get("opened", ()), opener.id]
        reasoning = f"look for “{unquote(phrase)}” in “{opener.name or opener.description or opener.role}”"
        return moment.do(Click(target=moment.at(opener)), reasoning, progress.stage)
    if turned := _next_page(phrase, moment):
        return turned
    if (menu := _more_menu(phrase, moment)) and not progress.tried("more"):
        reasoning = f"look for “{unquote(phrase)}” behind “{menu.name or menu.description}”"
        return moment.do(Click(target=moment.at(menu)), reasoning, progress.stage)
    if not moment.can("scroll"):
        return moment.missing(phrase)
    return _search(moment, phrase, _everywhere(moment), MISSING_CAP)


def closed_part(moment: Moment) -> Element | None:
    """The next closed part of the screen that was not opened yet: a tab, a section, a row of a tree."""
    opened = moment.progress.kept.get("opened", [])
    roles = next((roles for word, roles in _PLACES.items() if word in moment.progress.explore.lower()), _OPENERS)
    return next(
        (
            each
            for each in moment.visible(moment.observation.elements)
            if len(opened) < OPENED
            and each.id not in opened
            and each.role in roles
            and (each.expanded is False or (each.role == "tab" and not each.selected) or _is_arrow(each, moment))
            and each.enabled
            and not each.covered
        ),
        None,
    )


def _next_page(phrase: str, moment: Moment) -> Decision | None:
    """Turn to the next page of a list where a number is meant that this page does not reach: “the 7th result”."""
    query = next((each for each in readings(phrase) if each.ordinal > 0 and each.role in ("row", "item")), None)
    if query is None or query.text or query.relation:
        return None
    elements = moment.observation.elements
    items = items_called("", query.role, elements)
    paged = moment.progress.paged
    if paged.get("phrase") != phrase:
        noun = re.sub(r"^(?:the\s+)?\S+\s+", "", phrase)
        paged = {"phrase": phrase, "noun": noun, "number": query.ordinal, "passed": 0, "pages": 0}
    following = best_called(_NEXT, moment.visible(elements), ("link", "button", "clickable"))
    left = paged["number"] - paged["passed"] - len(items)
    if following is None or not items or left <= 0 or paged["pages"] >= OPENED:
        return None
    moment.progress.paged = {**paged, "passed": paged["passed"] + len(items), "pages": paged["pages"] + 1}
    reasoning = f"this page has {len(items)}, {left} too few: turn to the next page"
    return moment.do(Click(target=moment.at(following.element)), reasoning, moment.progress.stage)


def _is_arrow(element: Element, moment: Moment) -> bool:
    """Whether a control without a name is the arrow of a row of a tree, where the goal says to look through a tree."""
    if "tree" not in moment.progress.explore.lower() or element.name or element.role not in ("clickable", "button"):
        return False
    rows = [each for each in moment.observation.elements if each.role in ("listitem", "treeitem", "row")]
    row = min(
        (each for each in rows if each.box.holds(element.box.centre)), key=lambda each: each.box.area, default=None
    )
    texts = [each for each in moment.observation.elements if row and each.name and row.box.holds(each.box.centre)]
    return bool(texts) and all(element.box.left < each.box.left for each in texts)


def _more_menu(phrase: str, moment: Moment) -> Element | None:
    """The only menu of further actions in the row or card that a phrase names, such as “⋮” or “More”."""
    items = [moment.item] if moment.item else []
    for query in readings(phrase):
        if query.relation in ("inside", "near", "with") and query.anchor and not items:
            items = items_named(query.anchor, moment.observation.elements)
    menus = [
        each
        for item in items
        for each in item.members
        if each.acts
        and not each.expanded
        and each.box.within(*moment.size)
        and not each.covered
        and {normal(each.name), normal(each.description), each.name.strip()} & _MORE
    ]
    return menus[0] if len(items) == 1 and len(menus) == 1 else None


def search(moment: Moment, phrase: str, direction: Direction, over: Element | None = None) -> Decision | Fail:
    """The next scroll on the way to what the phrase means, `over` an element where the goal names one.

    Fail at the end of all that can be scrolled.
    """
    moment.progress.stage = "scrolled"
    return _search(moment, phrase, [(direction, where) for where in ([over] if over else _wheres(moment))], CAP)


def _everywhere(moment: Moment) -> list[Leg]:
    """Every way to scroll in which there can be more, the likeliest first: down, up, and sideways in what is wider."""
    width = moment.size[0]
    elements = moment.observation.elements
    wheres = _wheres(moment)
    above = not elements or any(each.box.bottom <= 0 for each in elements)
    wide = any(each.box.left >= width for each in elements if not each.clipped)
    legs: list[Leg] = []
    for where in wheres:
        legs.append(("down", where))
        clipped = [each for each in elements if each.clipped] if where is not None else []
        if above or clipped:
            legs.append(("up", where))
        if wide or any(each.box.left >= width or each.role in _CELLS for each in clipped):
            legs += [("right", where), ("left", where)]
    return legs


def _search(moment: Moment, phrase: str, legs: list[Leg], cap: int) -> Decision | Fail:
    kept = moment.progress.kept
    shown = _shown(moment)
    last = moment.task.steps[-1] if moment.task.steps else None
    if kept.get("searching") and last is not None and isinstance(last.action, Scroll):
        direction = legs[min(kept.get("where", 0), len(legs) - 1)][0]
        before: dict[str, list[int]] = kept.get("shown", {})
        axis = 0 if direction in ("left", "right") else 1
        moved = _shift(before, shown, axis)
        fresh = set(shown) - set(kept.get("met", ()))
        back = kept.pop("back", False)
        failed = last.outcome.kind == "no_effect"
        # A clock shows something new as well, but nothing moves.
        dry = failed or not (len(fresh) > 1 or (fresh and moved) or (not shown and not failed))
        kept["dry"] = 0 if back or not dry else kept.get("dry", 0) + 1
        if fresh and set(before) - set(shown) and not moved and kept["amount"] > 1 and not back:
            # Nothing is left of what showed before but what stands still: something may have been passed over.
            kept["most"] = kept["amount"] - 1
            kept["amount"] = max(1, kept["amount"] // 3)
            kept["back"] = True
            return _scroll(moment, phrase, (_OPPOSITE[direction], legs), 2 * kept["amount"])
        if moved and not back:
            places = [shown[name][axis] for name in shown if name in fresh or before.get(name) != shown[name]]
            fitting = int((max(places) - min(places)) / (moved / kept["amount"]))
            kept["amount"] = max(1, min(kept.get("most", MOST), 2 * kept["amount"], fitting))
        if failed or kept["dry"] >= DRY:
            kept["where"], kept["dry"] = kept.get("where", 0) + 1, 0
    kept["shown"] = shown
    kept["met"] = sorted(set(kept.get("met", ())) | set(shown))
    kept.setdefault("amount", FIRST)
    if kept.get("where", 0) >= len(legs) or moment.progress.tried("until") >= cap:
        return moment.missing(phrase)
    return _scroll(moment, phrase, (legs[kept.get("where", 0)][0], legs), kept["amount"])


def _scroll(moment: Moment, phrase: str, way: tuple[Direction, list[Leg]], amount: int) -> Decision:
    direction, legs = way
    over = legs[min(moment.progress.kept.get("where", 0), len(legs) - 1)][1]
    target = moment.at(over) if over else None
    moment.progress.kept["searching"] = True
    reasoning = f"look for “{unquote(phrase)}”"
    return moment.do(Scroll(direction=direction, amount=amount, target=target), reasoning, moment.progress.stage)


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
