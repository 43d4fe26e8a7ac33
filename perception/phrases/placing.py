"""Places on a screen: "at the top right", "below Total", "in the dialog"."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from handeye.perception.reading.groups import ASIDE_ROLES, Item, ancestors, descendants, item_of
from handeye.perception.reading.structure import Structure, shared, structure_of
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.phrases.match import Match
    from handeye.tools.element import Element

_CONTAINERS = frozenset({
    "dialog", "alertdialog", "form", "region", "group", "table", "list", "row", "listitem", "article", "menu",
    "menubar", "navigation", "toolbar", "complementary", "grid", "tree", "tabpanel", "listbox", "radiogroup", "banner",
    "contentinfo", "main", "search", "section", "treeitem", "rowgroup", "figure", "alert", "status",
})  # fmt: skip

_CELLS = frozenset({"row", "cell", "gridcell", "rowheader"})

#: In a picture, what a thing is said to be with stands this near to it, in heights of its text.
REACH = 8

#: Texts in a picture are aligned when they are off by at most this part of a line's height …
ALIGNED = 0.6
#: … and so many of the things nearest to one may be its own.
NEIGHBOURS = 4

_LANDMARKS: tuple[tuple[str, frozenset[str], tuple[float, float, float, float] | None], ...] = (
    (r"(?:page |site )?header|top bar|title bar|banner", frozenset({"banner"}), (0, 0, 1, 0.14)),
    (r"(?:page |site )?footer|status bar|bottom bar", frozenset({"contentinfo"}), (0, 0.86, 1, 1)),
    (r"left (?:sidebar|panel|pane|menu|column)", frozenset({"complementary", "navigation"}), (0, 0, 0.3, 1)),
    (r"right (?:sidebar|panel|pane|menu|column)", frozenset({"complementary"}), (0.7, 0, 1, 1)),
    (r"sidebar|side bar|side panel", frozenset({"complementary", "navigation"}), (0, 0, 0.28, 1)),
    (r"nav(?:igation)?(?: bar| menu)?|main menu|menu ?bar|menu", frozenset({"navigation", "menubar", "menu"}), None),
    (r"tool ?bar", frozenset({"toolbar"}), (0, 0, 1, 0.18)),
    (r"dialog(?:ue)?(?: box)?|pop-?\s?up(?: window)?|modal|message box|prompt|overlay",
     frozenset({"dialog", "alertdialog"}), None),
    (r"main(?: area| content| part)?|content", frozenset({"main"}), None),
)  # fmt: skip


def landmark(phrase: str, elements: Sequence[Element], size: tuple[int, int]) -> list[Element]:
    """What lies in a part of the page that everybody has a word for, such as the header; empty when it is none."""
    words = re.sub(r"^(?:the|a|this|that)\s+", "", phrase.strip().lower())
    for pattern, roles, part in _LANDMARKS:
        if not re.fullmatch(pattern, words):
            continue
        found: dict[str, Element] = {}
        for container in elements:
            if container.role in roles:
                found |= {each.id: each for each in descendants(container, elements)}
        if found or part is None:
            return list(found.values())
        area = Box(*(round(share * side) for share, side in zip(part, size * 2, strict=True)))
        return [element for element in elements if area.holds(element.box.centre)]
    if re.fullmatch(r"(?:web ?)?(?:page|screen|window|site|list|results?|app)", words):
        return list(elements)
    return []


def placed(place: str, found: Sequence[Match], size: tuple[int, int]) -> list[Match]:
    """The matches on that side of the screen, the one furthest towards it first."""
    width, height = size
    kept: list[tuple[float, Match]] = []
    for match in found:
        x, y = match.element.box.centre[0] / width, match.element.box.centre[1] / height
        away = 0.0
        inside = True
        for side in place.split():
            distance = {"top": y, "bottom": 1 - y, "left": x, "right": 1 - x}.get(side)
            if distance is None:  # the middle
                others = place.replace("middle", "").split()
                distance = abs(x - 0.5) if set(others) & {"top", "bottom"} else abs(x - 0.5) + abs(y - 0.5)
                inside = inside and distance < 0.3
            else:
                inside = inside and distance <= 0.5
            away += distance
        if inside:
            kept.append((away, match))
    kept.sort(key=lambda pair: pair[0])
    ranks = _ranks([away for away, _ in kept], 0.01)
    return [
        replace(match, score=match.score - 0.03 * min(rank, 5), why=f"{match.why}, at the {place}")
        for rank, (_, match) in zip(ranks, kept, strict=True)
    ]


def _ranks(costs: Sequence[float], slack: float) -> list[int]:
    """The rank of each of some sorted costs; those that differ by hardly anything have the same."""
    ranks: list[int] = []
    for place, cost in enumerate(costs):
        same = place > 0 and cost - costs[place - 1] <= slack
        ranks.append(ranks[-1] if same else place)
    return ranks


def related(
    relation: str,
    noun: str,
    anchor: str,
    found: Sequence[Match],
    anchors: Sequence[Match],
    elements: Sequence[Element],
) -> list[Match]:
    """Those of the matches that stand in the relation to the anchor, the closest first.

    “In”, “with” and “for” follow the structure of the page where it has one: each of the matches has
    a part of the page of its own (see `Structure.parts`), and the anchor lies in that of the one that is meant. `noun`
    is the role word for that part, such as `row` or `dialog`, or empty.
    """
    strong = max((match.score for match in found), default=0.0)
    candidates = [match for match in found if match.score >= strong - 0.06]
    like = (
        len({match.element.name for match in candidates}) <= 1
    )  # a target below another one is identified by its place
    if relation in _BY_STRUCTURE and (relation != "below" or like) and any(each.source != "ocr" for each in elements):
        held = _in_structure(relation, noun, candidates, anchors, elements)
        if held is not None:
            return _scored(relation, anchor, held, elements)
    best: list[Match] = []
    top = max((match.score for match in anchors), default=0.0)
    for each in anchors[:4]:
        if each.score < top - 0.12:
            continue
        costs = sorted(_costs(relation, candidates, each.element, elements), key=lambda pair: pair[0])
        best += _scored(relation, anchor, [(match, each, cost) for cost, match in costs], elements)
    return sorted(best, key=lambda match: -match.score)


#: An anchor that scores less than the best by more than this is another thing.
_AS_WELL = 0.03
#: Roles of a thing of its own, also where it is the only one.
_SINGLE = frozenset({"listitem", "row", "article", "treeitem"})

#: Relations that the page's structure tells better than places on the screen.
_BY_STRUCTURE = frozenset({"inside", "with", "near", "below"})

#: A match, the anchor that it stands in the relation to, and how far it is from it.
Held = tuple["Match", "Match", float]


def _scored(relation: str, anchor: str, held: Sequence[Held], elements: Sequence[Element]) -> list[Match]:
    found = []
    ranks = _ranks([cost for *_, cost in held], 3.0) if relation not in ("inside", "with") else [0] * len(held)
    several = len({match.element.id for match, *_ in held}) > 1
    for rank, (match, by, cost) in zip(ranks, held, strict=True):
        aside = several and relation in ("with", "inside") and not _names_its_item(by.element, elements)
        score = match.score - 0.3 * (1 - by.score) - 0.04 * min(rank, 5) - (0.03 if aside else 0.0)
        score -= min(cost, 1000) / 100_000  # of two things called so, that which stands nearer
        why = f"{match.why}, {_SAID[relation]} “{by.element.name or anchor}”"
        found.append(replace(match, score=score, why=why))
    return sorted(found, key=lambda match: -match.score)


def numbered(
    number: int, found: Sequence[Match], rows: Sequence[Item], elements: Sequence[Element]
) -> list[Match] | None:
    """The matches in the first, second, last … of the parts that hold one each; None where there are no such parts."""
    strong = max((match.score for match in found), default=0.0)
    candidates = [match for match in found if match.score >= strong - 0.06]
    place = number - 1 if number > 0 else number
    if rows:
        if not -len(rows) <= place < len(rows):
            return []
        inside = {member.id for member in rows[place].members}
        return [match for match in candidates if match.element.id in inside]
    structure = structure_of(elements)
    parts = structure.parts([match.element for match in candidates])
    if len(candidates) < 2 or len({part[:-1] for part in parts}) != 1:
        return None
    length = len(parts[0])
    family = [
        branch
        for branch in structure.children(parts[0][:-1])
        if any(length in structure.items(each) for each in structure.held(branch))
    ]
    if not family or not -len(family) <= place < len(family):
        return [] if family else None
    return [match for match, part in zip(candidates, parts, strict=True) if part == family[place]]


def _in_structure(
    relation: str, noun: str, candidates: Sequence[Match], anchors: Sequence[Match], elements: Sequence[Element]
) -> list[Held] | None:
    """The matches that the page's structure puts together with an anchor; None where it does not say.

    The anchors that are alike in the best way come first; others count only where those are in no part.
    """
    structure = structure_of(elements)
    common = partial(_in_common, noun=noun)
    if noun == "dialog" and (boxes := [each for each in elements if each.role in ("dialog", "alertdialog")]):
        inside = {each.id for box in boxes for each in (box, *descendants(box, elements))}
        candidates = [match for match in candidates if match.element.id in inside]
        anchors = [match for match in anchors if match.element.id in inside]
    if noun == "row" and (rows := [match for match in anchors if _row(match.element, structure)]):
        held = [(match, by) for by in rows for match in candidates]
        inside_row = [(m, by) for m, by in held if _row(m.element, structure) == _row(by.element, structure)]
        return _with_costs(_best_way(inside_row))
    for kind in sorted({match.kind for match in anchors}):
        some = [match for match in anchors if match.kind == kind]
        some = [match for match in some if match.score >= max(each.score for each in some) - _AS_WELL]
        by_place = relation in ("near", "below")  # places on the screen choose where the structure does not
        stages = (_in_items, _in_parts, _in_runs)
        for stage in stages if by_place else (_in_containers, *stages, _in_sections, common):
            pairs = stage(candidates, some, structure)
            if relation == "below":
                pairs = [(match, by) for match, by in pairs if _is_below(match.element, by.element, structure)]
            if pairs and (not by_place or len({match.element.id for match, _ in pairs}) == 1):
                return _with_costs(pairs)
    if relation == "below":
        return None
    if relation == "near":
        apart = [m for m in candidates if all(_in_sibling(m.element, by.element, structure) for by in anchors)]
        alone = [m for m in candidates if all(_is_outside(m.element, by.element, structure) for by in anchors)]
        return [] if anchors and candidates and len(candidates) in (len(apart), len(alone)) else None
    # Where no page tells its structure (programs know parents at best), places on the screen decide.
    return [] if any(each.path for each in elements) else None


def _with_costs(pairs: Sequence[tuple[Match, Match]]) -> list[Held]:
    return [(match, by, gap(match.element.box, by.element.box)) for match, by in pairs]


def _best_way(pairs: Sequence[tuple[Match, Match]]) -> list[tuple[Match, Match]]:
    best = min((by.kind for _, by in pairs), default=0)
    return [pair for pair in pairs if pair[1].kind == best]


def _row(element: Element, structure: Structure) -> tuple[object, ...]:
    """The path of the row that it lies in; empty when it is in none."""
    path = structure.path(element)
    lengths = range(len(path), 0, -1)
    return next((path[:n] for n in lengths if (at := structure.at(path[:n])) and at.role == "row"), ())


def _in_sibling(one: Element, other: Element, structure: Structure) -> bool:
    """Whether they lie in two different things alike: one's card is not the other's."""
    branch = shared(structure.path(one), structure.path(other)) + 1
    return branch in structure.items(one) and branch in structure.items(other)


def _is_outside(one: Element, other: Element, structure: Structure) -> bool:
    """Whether it lies outside of the other's row or entry, which has controls of its own."""
    path = structure.path(other)
    length = next(iter(reversed(structure.items(other))), 0)
    own = [each for each in structure.held(path[:length]) if each.acts and each.id != other.id] if length else []
    return bool(own) and structure.path(one)[:length] != path[:length]


def _in_containers(
    candidates: Sequence[Match], anchors: Sequence[Match], structure: Structure
) -> list[tuple[Match, Match]]:
    """In an element that is called like the anchor and holds others, such as a dialog or a region."""
    found = []
    for by in anchors:
        if by.element.role in _CONTAINERS:
            inside = {element.id for element in descendants(by.element, structure.elements)}
            found += [(match, by) for match in candidates if match.element.id in inside]
    return found


def _things(element: Element, structure: Structure) -> list[int]:
    """Like `Structure.items`, with entries and rows that are the only one of theirs."""
    path = structure.path(element)
    single = (n for n in range(1, len(path) + 1) if (at := structure.at(path[:n])) and at.role in _SINGLE)
    return sorted({*structure.items(element), *single})


def _is_below(one: Element, other: Element, structure: Structure) -> bool:
    """Whether it lies below another, or in it: the buttons under a comment are a part of it."""
    held = len(structure.path(other)) in _things(other, structure) and one in structure.held(structure.path(other))
    return held or one.box.top >= other.box.bottom - 2


def _in_items(candidates: Sequence[Match], anchors: Sequence[Match], structure: Structure) -> list[tuple[Match, Match]]:
    """In the smallest of several things alike around the anchor, and in none of those that it holds in turn.

    So the button of a comment differs from those of its answers, which are inside the comment too.
    """
    found: list[tuple[Match, Match]] = []
    for by in anchors:
        path = structure.path(by.element)
        for length in reversed(_things(by.element, structure)):
            inside = [
                match
                for match in candidates
                if match.element.id != by.element.id and structure.path(match.element)[:length] == path[:length]
            ]
            if inside:
                direct = [each for each in inside if not any(n > length for n in _things(each.element, structure))]
                found += [(match, by) for match in direct]
                break
    return found


def _in_parts(candidates: Sequence[Match], anchors: Sequence[Match], structure: Structure) -> list[tuple[Match, Match]]:
    """In the largest part of the page that holds one of the matches only."""
    if len(candidates) < 2:
        return []
    parts = structure.parts([match.element for match in candidates])
    return [
        (match, by)
        for by in anchors
        for match, part in zip(candidates, parts, strict=True)
        if match.element.id != by.element.id and shared(part, structure.path(by.element)) == len(part)
    ]


def _in_runs(candidates: Sequence[Match], anchors: Sequence[Match], structure: Structure) -> list[tuple[Match, Match]]:
    """In the stretch of a flat list that belongs to one of the matches."""
    order = {element.id: place for place, element in enumerate(structure.elements)}
    ranked = sorted(candidates, key=lambda match: order.get(match.element.id, 0))
    runs = structure.runs([match.element for match in ranked])
    ids = [{each.id for each in run} for run in runs]
    return [(m, by) for by in anchors for m, run in zip(ranked, ids, strict=True) if by.element.id in run]


def _in_sections(
    candidates: Sequence[Match], anchors: Sequence[Match], structure: Structure
) -> list[tuple[Match, Match]]:
    """Between a heading and the next one at its level."""
    found = []
    for by in anchors:
        path = structure.path(by.element)
        if by.element.role not in ("heading", "term", "text", "columnheader", "rowheader") or not candidates:
            continue
        level = max(shared(path, structure.path(match.element)) for match in candidates)
        branches = structure.children(path[:level])
        first = {branch: held[0].role for branch in branches if (held := structure.held(branch))}
        own = path[: level + 1]
        under = {structure.path(match.element)[: level + 1] for match in candidates}
        heads = [branch for branch in branches if first.get(branch) == first.get(own) and branch not in under]
        marks = [branch for branch in branches if branch in under or branch in heads]
        if own not in heads or not marks or marks[0] not in heads or by.element.role == "text":
            continue
        if any(each.acts and structure.path(each)[: len(path)] != path for each in structure.held(own)):
            continue  # the heading stands in a section of its own, and what follows that is another one's
        start = branches.index(own)
        end = next((branches.index(head) for head in heads if branches.index(head) > start), len(branches))
        inside = set(branches[start + 1 : end])
        found += [(match, by) for match in candidates if structure.path(match.element)[: level + 1] in inside]
    return found


def _in_common(
    candidates: Sequence[Match], anchors: Sequence[Match], structure: Structure, noun: str
) -> list[tuple[Match, Match]]:
    """In the smallest part that holds the anchor and any of the matches, unless that is the page or a list of parts.

    Of several there, those that are not in a smaller thing of their own come first: a card's button, not its comments'.
    """
    found: list[tuple[Match, Match]] = []
    for by in anchors:
        path = structure.path(by.element)
        level = max((shared(path, structure.path(match.element)) for match in candidates), default=0)
        near = [
            match
            for match in candidates
            if shared(path, structure.path(match.element)) == level
            and match.element.id != by.element.id
            and not _in_sibling(match.element, by.element, structure)
        ]
        if level == 0:
            continue
        direct = [match for match in near if not any(n > level for n in structure.items(match.element))]
        if len(candidates) == 1 and not direct and noun in ("row", "item", "cell"):
            continue  # it is in a row or card that does not hold the anchor
        found += [(match, by) for match in direct or near]
    return found


def _names_its_item(element: Element, elements: Sequence[Element]) -> bool:
    """Whether its row, entry or card is known by it, since it comes first there, or it is in none."""
    title = item.title() if (item := item_of(element, elements)) else None
    return title is None or element.name == title.name


_SAID = {
    "near": "next to", "below": "below", "above": "above", "left": "left of", "right": "right of", "inside": "in",
    "with": "with", "after": "after", "before": "before",
}  # fmt: skip


def _costs(
    relation: str, found: Sequence[Match], anchor: Element, elements: Sequence[Element]
) -> list[tuple[float, Match]]:
    if relation in _BY_STRUCTURE and relation != "below" and (member := _together(relation, found, anchor, elements)):
        return [(gap(match.element.box, anchor.box), match) for match in member]
    if relation == "inside":
        return []
    if relation in ("after", "before"):
        order = {element.id: place for place, element in enumerate(elements)}
        here = order.get(anchor.id, 0)
        sign = 1 if relation == "after" else -1
        ahead = [(sign * (order.get(m.element.id, 0) - here), m) for m in found]
        return [(float(steps), match) for steps, match in ahead if steps > 0]
    kept: list[tuple[float, Match]] = []
    for match in found:
        cost = _distance(relation, match.element.box, anchor.box)
        itself = match.element.id == anchor.id
        if itself and not (relation in ("near", "right") and (anchor.takes_text or anchor.checked is not None)):
            continue
        apart = relation == "with" and anchor.source == "ocr" and (cost or 0) > REACH * anchor.box.height
        if (cost is not None and not apart) or itself:
            kept.append((0.0 if itself else cost or 0.0, match))
    return _as_the_others(kept, anchor, elements) if relation in ("near", "with") and anchor.source == "ocr" else kept


def _as_the_others(
    near: list[tuple[float, Match]], anchor: Element, elements: Sequence[Element]
) -> list[tuple[float, Match]]:
    """In a picture of cards, each thing stands to its card's title as all the others do to theirs.

    A neighbour's may be nearer to the title, but it stands at the end of its row or column where its like has none.
    """
    if len(near) < 3:
        return near
    texts = [each.box for each in elements if each.source == "ocr"]
    slack = ALIGNED * anchor.box.height

    def titled(place: Box, other: Box) -> bool:
        """Whether a text stands to the other as the anchor does to the place."""
        left, middle = anchor.box.left - place.left, anchor.box.centre.x - place.centre.x
        y = other.centre.y + anchor.box.centre.y - place.centre.y
        return any(
            abs(text.centre.y - y) <= slack
            and min(abs(text.left - other.left - left), abs(text.centre.x - other.centre.x - middle)) <= slack
            for text in texts
        )

    boxes = [match.element.box for _, match in near]
    closest = sorted(near, key=lambda pair: pair[0])[:NEIGHBOURS]
    first = closest[0][1].element.box
    if min(first.bottom, anchor.box.bottom) > max(first.top, anchor.box.top):
        return near  # in the same line: rows, not cards
    like = [sum(titled(match.element.box, other) for other in boxes) for _, match in closest]
    own = [match for (_, match), count in zip(closest, like, strict=True) if count == max(like)]
    return [(cost if match in own else cost + 1000, match) for cost, match in near]


def _together(relation: str, found: Sequence[Match], anchor: Element, elements: Sequence[Element]) -> list[Match]:
    """The matches in the same row, card or dialog as the anchor, or in the anchor itself."""
    others = [match for match in found if match.element.id != anchor.id]
    if relation != "near" and anchor.role in _CONTAINERS:
        inside = {element.id for element in descendants(anchor, elements)}
        if member := [match for match in others if match.element.id in inside]:
            return member
    item = item_of(anchor, elements)
    if item:
        inside = {element.id for element in item.members}
        if member := [match for match in others if match.element.id in inside]:
            return member
    if relation == "near":
        return []
    by_id = {element.id: element for element in elements}
    around = {each.id for each in ancestors(item.element, by_id)} if item and item.element else set()
    for container in ancestors(anchor, by_id):
        if container.role in ASIDE_ROLES | {"main", "document"}:
            break
        if container.id in around and anchor.role in _CELLS:  # the other rows of its table are not in it
            break
        inside = {element.id for element in descendants(container, elements)}
        if member := [match for match in others if match.element.id in inside]:
            return member
    if anchor.role == "heading":
        return _under_heading(others, anchor, elements)
    middle = anchor.box.centre.y
    return [match for match in others if match.element.box.top <= middle < match.element.box.bottom]


def _under_heading(found: Sequence[Match], heading: Element, elements: Sequence[Element]) -> list[Match]:
    """The matches between a heading and the next one in its column."""
    below = [
        element.box.top
        for element in elements
        if element.role == "heading" and element.box.top > heading.box.bottom
        and abs(element.box.left - heading.box.left) < 60
    ]  # fmt: skip
    end = min(below, default=10**9)
    return [match for match in found if heading.box.top <= match.element.box.top < end]


def gap(one: Box, two: Box) -> float:
    """Pixels between two boxes, 0 when they touch."""
    across = max(0, one.left - two.right, two.left - one.right)
    down = max(0, one.top - two.bottom, two.top - one.bottom)
    return float((across**2 + down**2) ** 0.5) + 0.01 * abs(one.centre.x - two.centre.x)


def _distance(relation: str, box: Box, anchor: Box) -> float | None:
    """How far a box is from the anchor in that direction; None when it lies elsewhere."""
    if relation in ("near", "with"):
        line = min(box.bottom, anchor.bottom) - max(box.top, anchor.top) > 0
        return gap(box, anchor) * (1 if line else 2.5)
    across = max(0, box.left - anchor.right, anchor.left - box.right)
    down = max(0, box.top - anchor.bottom, anchor.top - box.bottom)
    if relation == "below" and box.centre.y > anchor.bottom - 2 and box.top >= anchor.centre.y:
        return max(0, box.top - anchor.bottom) + 3.0 * across
    if relation == "above" and box.centre.y < anchor.top + 2 and box.bottom <= anchor.centre.y:
        return max(0, anchor.top - box.bottom) + 3.0 * across
    if relation == "right" and box.left >= anchor.centre.x and box.centre.x > anchor.right - 2:
        return max(0, box.left - anchor.right) + 6.0 * down
    if relation == "left" and box.right <= anchor.centre.x and box.centre.x < anchor.left + 2:
        return max(0, anchor.left - box.right) + 6.0 * down
    return None
