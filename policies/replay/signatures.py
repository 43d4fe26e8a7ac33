"""Signatures of targets: the signals by which a target is recognised in a later run.

A `TargetSignature` records the element, its row, the texts around it and a small picture (a patch). `target_signatures`
records them while a run works; `patches.cut_patch` adds the patch from the screenshot afterwards.
"""

from __future__ import annotations

import re
from collections import Counter
from math import hypot
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, model_validator

from handeye.perception.phrases.wording import normal
from handeye.perception.reading.groups import ancestors
from handeye.perception.reading.structure import ITEM_ROLES
from handeye.tools.actions import targets
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from handeye.perception.observation import Observation
    from handeye.tools.actions import Action, Target
    from handeye.tools.element import Element

#: The number of texts around a target that are recorded.
NEAR = 3
#: The number of texts of its row that are recorded.
MOST_ROW_TEXTS = 4
#: Longer texts are not used as landmarks.
LONGEST = 80
#: An element with more pixels than this is an area, in which the point matters.
AREA = 40_000
#: Roles whose content is a drawing.
DRAWN = frozenset({"img", "video", "slider", "map", "application"})
#: The smallest and the largest patch, and its margin around the box, in pixels.
LEAST, MOST, MARGIN = (28, 20), (220, 80), 6
#: A reference to a patch in an anchors file.
PATCH_REFERENCE = re.compile(r"^\s*patch: ['\"]?([0-9a-f]{16})", re.MULTILINE)
_OVERLAYS = frozenset({"dialog", "alertdialog"})
_NUMBER = re.compile(r"\d+")
_LETTER = re.compile(r"[^\W\d_]")


class AnchorModel(BaseModel):
    """Base of the models in an anchors file: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NearbyText(AnchorModel):
    """A text near a target, and the offset from its centre to the target's point."""

    text: str
    way: tuple[int, int]
    control: bool = False
    """It belongs to a control, whose name may change while the target stays the same."""
    numbered: bool = False
    """Other texts differed only by their numbers, so its numbers must be compared."""


class TargetSignature(AnchorModel):
    """The signals by which a target can be recognised, recorded when it was used."""

    role: str = ""
    """The role of its element; empty without an element, as on a canvas."""
    name: str = ""
    key: str = ""
    """The developers' identifier; see `Element.key`."""
    of: int = 1
    """The number of elements with this role and name."""
    nth: int = 1
    """Its index among them, from 1, in reading order."""
    frame: tuple[str, ...] = ()
    """See `Element.frame`."""
    row: str = ""
    """The text that distinguishes its row or list item from the others."""
    row_texts: tuple[str, ...] = ()
    """All texts that distinguish the row, of the first few in it."""
    overlay: bool = False
    """It was in a dialog."""
    spot: bool = False
    """The place inside the element matters: it is large, or it is a drawing."""
    text: str = ""
    """The text at the point by OCR, where there is no element."""
    point: Point
    at: tuple[float, float] = (0.5, 0.5)
    """The position of the point in the box, from 0 to 1 on each axis."""
    size: tuple[int, int] = (0, 0)
    """Width and height of the box in pixels."""
    near: tuple[NearbyText, ...] = ()
    """The texts around it, the most distinctive first."""
    patch: str = ""
    """Its picture: `patches/<digest>.png`; empty where it is a plain area or a secret."""
    hold: tuple[int, int] = (0, 0)
    """The position of the point in the patch, in pixels."""

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, record: Any) -> Any:
        """Accept a signature of an earlier version, which had another name for `row_texts`."""
        if not isinstance(record, dict):
            return record
        return {"row_texts" if key == "beside" else key: value for key, value in record.items()}


def target_signatures(action: Action, observation: Observation) -> dict[str, TargetSignature]:
    """The signatures of an action's grounded targets, by field name. Never starts the OCR."""
    found = {name: target for name, target in targets(action).items() if target.point is not None}
    return {name: target_signature(target, observation) for name, target in found.items()}


def target_signature(target: Target, observation: Observation) -> TargetSignature:
    """The signature of one grounded target."""
    assert target.point is not None
    element = signature_element(target, observation)
    box = element.box if element else target.box or Box(*target.point, target.point.x + 1, target.point.y + 1)
    signature = TargetSignature(
        point=target.point,
        at=(share(target.point.x, box.left, box.width), share(target.point.y, box.top, box.height)),
        size=(box.width, box.height) if element or target.box else (0, 0),
        near=nearby_texts(target.point, box, observation.elements or observation.read, element),
    )
    if element is None:
        line = line_at(target.point, observation.read)
        return signature.model_copy(update={"text": line.name if line else ""})
    same = [
        each for each in observation.elements if (each.role, normal(each.name)) == (element.role, normal(element.name))
    ]
    by_id = {each.id: each for each in observation.elements}
    row_texts = row_of(element, observation.elements)
    drawn = element.role in DRAWN or (element.role == "clickable" and not element.name)
    return signature.model_copy(
        update={
            "role": element.role,
            "name": element.name[:200],
            "key": element.key,
            "of": max(1, len(same)),
            "nth": 1 + next((place for place, each in enumerate(same) if each.id == element.id), 0),
            "frame": element.frame,
            "row": row_texts[0] if row_texts else "",
            "row_texts": row_texts,
            "overlay": any(up.role in _OVERLAYS for up in ancestors(element, by_id)),
            "spot": box.area > AREA or (drawn and box.area > AREA // 8),
        }
    )


def signature_element(target: Target, observation: Observation) -> Element | None:
    """The element of a target, or else the smallest element under it with a name or a drawing."""
    if target.element and (own := next((each for each in observation.elements if each.id == target.element), None)):
        return own
    assert target.point is not None
    under = [each for each in observation.elements if each.box.holds(target.point) and not each.covered]
    candidates = [each for each in under if each.acts or each.role in DRAWN or (each.name and each.box.area <= AREA)]
    return min(candidates, key=lambda each: each.box.area, default=None)


def row_of(element: Element, elements: Sequence[Element]) -> tuple[str, ...]:
    """The texts that only the row, item or card of an element has; empty outside of one."""
    members = rows_in(elements).get(element.id, [])
    inside = {each.id for each in members}
    elsewhere = {normal(each.name) for each in elements if each.id not in inside} if inside else set()
    texts = [each.name for each in members if each.name and normal(each.name) != normal(element.name)]
    distinctive = [text for text in dict.fromkeys(texts) if len(text) <= LONGEST and normal(text) not in elsewhere]
    lettered = [text for text in distinctive if _LETTER.search(text)]
    return tuple((lettered or distinctive)[:MOST_ROW_TEXTS])


def rows_in(elements: Sequence[Element]) -> dict[str, list[Element]]:
    """For each element id, all elements of its row, item or card, in reading order."""
    by_id = {each.id: each for each in elements}
    held: dict[str, list[Element]] = {each.id: [each] for each in elements if each.role in ITEM_ROLES}
    of: dict[str, str] = {}
    for each in elements:
        items = [up.id for up in ancestors(each, by_id) if up.role in ITEM_ROLES]
        for item in items:
            held[item].append(each)
        if items:
            of[each.id] = items[0]
    return {own: held[item] for own, item in of.items()}


def nearby_texts(
    point: Point, box: Box, elements: Iterable[Element], own: Element | None = None
) -> tuple[NearbyText, ...]:
    """The texts nearest to a place, unique texts with letters first."""
    named = [each for each in elements if each.name and len(each.name) <= LONGEST and each is not own]
    counts = Counter(normal(each.name) for each in named)
    alike = Counter(without_numbers(text) for text in counts)
    ranked: list[tuple[float, Element]] = []
    for each in named:
        if _holds(each.box, box) or (own and each.parent == own.id) or (own and each.name == own.name):
            continue
        far = distance(each.box, box) + 150 * each.acts
        far += 400 * (counts[normal(each.name)] > 1) + 400 * (not _LETTER.search(each.name))
        ranked.append((far, each))
    nearest = [each for _, each in sorted(ranked, key=lambda one: one[0])[:NEAR]]
    return tuple(
        NearbyText(
            text=each.name,
            way=(point.x - each.box.centre.x, point.y - each.box.centre.y),
            control=each.acts,
            numbered=alike[without_numbers(normal(each.name))] > 1,
        )
        for each in nearest
    )


def without_numbers(text: str) -> str:
    """The text with each number replaced by 0."""
    return _NUMBER.sub("0", text)


def distance(one: Box, other: Box) -> float:
    """The distance in pixels between the edges of two boxes; 0 where they overlap."""
    across = max(one.left - other.right, other.left - one.right, 0)
    down = max(one.top - other.bottom, other.top - one.bottom, 0)
    return hypot(across, down)


def line_at(point: Point, lines: Iterable[Element]) -> Element | None:
    """The line of text at a point, or at most 4 pixels away."""
    near = [(distance(each.box, Box(*point, *point)), each) for each in lines]
    best = min(near, key=lambda pair: pair[0], default=None)
    return best[1] if best and best[0] <= 4 else None


def patch_box(signature: TargetSignature, width: int, height: int) -> Box | None:
    """The box of a signature's patch on the screenshot."""
    wide = min(MOST[0], max(LEAST[0], signature.size[0] + 2 * MARGIN))
    high = min(MOST[1], max(LEAST[1], signature.size[1] + 2 * MARGIN))
    if signature.spot or not signature.size[0]:
        wide, high = 64, 48
    left, top = signature.point.x - wide // 2, signature.point.y - high // 2
    return Box(left, top, left + wide, top + high).within(width, height)


def share(value: int, start: int, length: int) -> float:
    """The position of a value inside a length, from 0 to 1."""
    return round(min(1.0, max(0.0, (value - start) / max(1, length))), 3)


def _holds(outer: Box, inner: Box) -> bool:
    return outer.overlap(inner) >= inner.area and outer.area > inner.area
