"""Chooses the elements that questions ask for: only those that a person cannot confuse with another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rapidfuzz import fuzz

from handeye.scenarios.suites.grounding.page_content import german, icons

if TYPE_CHECKING:
    from handeye.scenarios.suites.grounding.picture_plan import PicturePlan
    from handeye.scenarios.suites.grounding.rendering import Rendered, Spot

#: Of each kind on one picture.
MOST = {"text": 2, "icon": 2, "widget": 1}
#: Number of pictures with a question whose target is absent.
ABSENT = 0.4
#: The shorter side, in pixels of the picture, up to which a thing counts as small, and as of middle size.
SMALL, MIDDLE = 22, 36
#: Texts more alike than this could be meant by one phrase.
ALIKE = 60


def questions(plan: PicturePlan, page: Rendered) -> list[dict[str, Any]]:
    """The picture's lines of the data set."""
    dice = plan.dice("questions")
    sure = [spot for spot in page.spots if _sure(spot, page)]
    chosen: list[Spot] = []
    for kind, most in MOST.items():
        of_kind = [spot for spot in sure if spot.candidate.kind == kind]
        dice.shuffle(of_kind)
        # What stands alone comes before what is one of many: otherwise rows would outnumber all else.
        alone = [spot for spot in of_kind if kind == "widget" or not spot.candidate.near]
        ambiguous = [spot for spot in of_kind if spot not in alone]
        mixed = alone[: most - 1] + ambiguous[:1] + alone[most - 1 :] + ambiguous[1:]
        chosen += mixed[:most]
    found = [_line(plan, page, spot, dice.choice(spot.candidate.phrases)) for spot in chosen]
    if dice.random() < ABSENT and (phrase := _absent(plan, page)):
        found.append(_record(plan, phrase, None, "absent", "none"))
    return found


def _sure(spot: Spot, page: Rendered) -> bool:
    """Whether the phrase can mean nothing else on the page."""
    candidate = spot.candidate
    if candidate.near and page.texts.count(candidate.near) != 1:
        return False
    if candidate.kind == "text" and not candidate.near:
        return page.texts.count(candidate.called) == 1
    if candidate.kind == "icon" and not candidate.near:
        return page.icons.count(candidate.called) == 1
    return True


def _line(plan: PicturePlan, page: Rendered, spot: Spot, phrase: str) -> dict[str, Any]:
    left, top, right, bottom = spot.box
    width, height = page.image.size
    box = [
        max(0, math.floor(left)),
        max(0, math.floor(top)),
        min(width, math.ceil(right)),
        min(height, math.ceil(bottom)),
    ]
    side = min(box[2] - box[0], box[3] - box[1])
    size = "small" if side <= SMALL else "middle" if side <= MIDDLE else "large"
    return _record(plan, phrase, box, spot.candidate.kind, size)


def _record(plan: PicturePlan, phrase: str, box: list[int] | None, kind: str, size: str) -> dict[str, Any]:
    return {
        "image": f"screens/{plan.name}.webp",
        "instruction": phrase,
        "bbox": box,
        "type": kind,
        "source": plan.layout,
        "theme": plan.theme,
        "language": plan.language,
        "size": size,
    }


def _absent(plan: PicturePlan, page: Rendered) -> str:
    """A phrase for something that is not on the page, nor anything like it."""
    dice = plan.dice("absent")
    if dice.random() < 0.4:
        there = {each for name in page.icons for phrase in icons().get(name, ()) for each in phrase.split()}
        away = [
            phrase for names in icons().values() for phrase in names if not there & (set(phrase.split()) - {"icon"})
        ]
        away = [phrase for phrase in away if not _alike(phrase.removesuffix(" icon"), page)]
        return f"the {dice.choice(away)}"
    words = german().values() if plan.language == "de" else german().keys()
    away = [each for each in words if 5 <= len(each) <= 24 and each[0].isalpha() and not _alike(each, page)]
    label = dice.choice(sorted(away))
    return dice.choice((f"the {label} button", f"the “{label}” button"))


def _alike(label: str, page: Rendered) -> bool:
    own = set(label.casefold().split())
    return any(
        own & set(text.casefold().split()) or fuzz.partial_ratio(label.casefold(), text.casefold()) > ALIKE
        for text in page.texts
        if len(text) > 2
    )
