"""Snapshots of an action's targets, for questions to a person, and their comparison with the screen.

An approval is valid for one snapshot: element, text of its row or form, amounts, destination and page. If no element is
known, the snapshot contains the pixels around the point.
"""

from __future__ import annotations

import base64
import re
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image
from pydantic import BaseModel, ConfigDict

from handeye.perception.reading.groups import ancestors, descendants
from handeye.perception.snapping import element_under
from handeye.tools.actions import Key, Type, describe, targets
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box, Point
from handeye.tools.keyboard import parse_chord
from handeye.tools.pixel_change import AROUND, redrawn
from handeye.tools.visible_text import visible

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.tools.actions import Action
    from handeye.tools.element import Element

#: Roles whose content is the context of an element, if the platform does not report a context.
CONTAINER_ROLES = frozenset(
    {"row", "listitem", "article", "treeitem", "form", "dialog", "alertdialog", "group", "figure"}
)
#: Roles of images: no text describes what they show.
IMAGE_ROLES = frozenset({"img", "video", "canvas", "image"})
#: Characters of a text in a question, and of the text around an element that are compared.
QUOTE_MAX, CONTEXT_LENGTH = 160, 1200
#: On a page with more amounts than this, only the amounts near an element are considered its own.
MAX_AMOUNTS = 8
#: Seconds within which a changed clock in a text is considered a countdown.
MAX_COUNTDOWN = 600.0

_CURRENCY_SIGN = "[$£¥\u00a2\u20a0-\u20cf]"
#: The most used codes of ISO 4217, and abbreviations of currencies.
_CURRENCY_CODE = (
    r"(?:(?:AED|ARS|AUD|BDT|BGN|BHD|BRL|CAD|CHF|CLP|CNH|CNY|COP|CZK|DKK|EGP|EUR|GBP|GEL|GHS|HKD|HUF|IDR|ILS|INR|ISK|JOD"
    r"|JPY|KES|KRW|KWD|KZT|LKR|MAD|MXN|MYR|NGN|NOK|NZD|OMR|PEN|PHP|PKR|PLN|QAR|RMB|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD"
    r"|UAH|USD|UYU|VND|ZAR|kr|Ft|lei)\b|zł|Kč|лв|руб|Fr\.)"
)
_NUMBER = r"\d(?:[\d.,'’\u00a0\u202f]*\d)?"
_AMOUNT = re.compile(
    rf"(?:{_CURRENCY_SIGN}|\b{_CURRENCY_CODE})\s?-?{_NUMBER}|-?{_NUMBER}\s?(?:{_CURRENCY_SIGN}|{_CURRENCY_CODE})"
)
_CLOCK = re.compile(r"\(?(?:(\d{1,2}):)?(\d{1,2}):(\d{2})\)?[.,;]?|\((\d{1,3})\s?s?\)|(\d{1,3})s")


class TargetDetails(BaseModel):
    """One target of an action, as the screen showed it."""

    model_config = ConfigDict(frozen=True)

    role: str = ""
    """Empty if no element is known."""
    name: str = ""
    description: str = ""
    key: str = ""
    destination: str = ""
    context: str = ""
    """The text of its row, card, form or dialog."""
    amounts: tuple[str, ...] = ()
    picture: str = ""
    """The pixels around the point (PNG, base64), if no element describes them."""
    corner: tuple[int, int] = (0, 0)
    """Left and top of the picture, in pixels of the screenshot."""

    def __str__(self) -> str:
        if not self.role:
            return "a place where no element is known"
        return f"{self.role} {quote(self.name, QUOTE_MAX)}" if self.name else f"{self.role} without a name"


class TargetSnapshot(BaseModel):
    """The targets of an action, as the screen showed them at one moment."""

    model_config = ConfigDict(frozen=True)

    words: str
    """The action in words."""
    origin: str = ""
    """Scheme, host and path of the page; the program on a desktop."""
    site: str = ""
    things: tuple[TargetDetails, ...] = ()
    at: float = 0.0
    """The time, in seconds since 1970."""

    def __str__(self) -> str:
        parts = []
        for thing in self.things:
            part = str(thing)
            if thing.context:
                part += f" in {quote(thing.context, QUOTE_MAX)}"
            if thing.amounts:
                part += f", amount {', '.join(quote(each, 40) for each in thing.amounts[:MAX_AMOUNTS])}"
            if thing.destination:
                part += f", to {quote(thing.destination, 120)}"
            parts.append(part)
        where = f" on {quote(self.origin, 120)}" if self.origin else ""
        return " → ".join(parts) + where if parts or where else ""

    @property
    def signature(self) -> str:
        """Identifies the action and its targets by their texts, without pixels."""
        details = [each.model_dump(exclude={"picture", "corner"}) for each in self.things]
        return repr((self.words, self.origin if self.things else self.site, details))


def take_snapshot(action: Action, observation: Observation) -> TargetSnapshot:
    """The targets of an action on this screen."""
    url = observation.signals.url
    plain = re.match(r"([a-z][a-z0-9+.-]*://[^/?#]*)?[^?#]*", url)
    found = [_details(element, point, observation) for element, point in target_elements(action, observation)]
    if isinstance(action, Key) and (chosen := _selected_text(action, observation)):
        first, *rest = found or [TargetDetails()]
        found = [first.model_copy(update={"context": f"{first.context} {chosen}".strip()}), *rest]
    return TargetSnapshot(
        words=describe(action),
        origin=(plain[0] if plain else url)[:500] or observation.signals.app,
        site=(plain[1] or "") if plain else "",
        things=tuple(found),
        at=time.time(),
    )


def target_elements(action: Action, observation: Observation) -> list[tuple[Element | None, Point | None]]:
    """The element and point of each target of an action; for a key, the focused element."""
    found: list[tuple[Element | None, Point | None]] = []
    for target in targets(action).values():
        own = next((each for each in observation.elements if target.element and each.id == target.element), None)
        if own is None and target.point:
            own = element_under(target.point, observation) or _smallest_named_element(target.point, observation)
        found.append((own, target.point))
    if not found and isinstance(action, (Key, Type)):
        found += [(each, None) for each in observation.elements if each.focused][-1:]
    return found


def follow_elements(action: Action, observation: Observation) -> Action:
    """The action with the present points of its elements. A target whose element is gone has its phrase only."""
    by_id = {each.id: each for each in (*observation.elements, *observation.read)}
    moved: dict[str, Any] = {}
    for name, target in targets(action).items():
        element = by_id.get(target.element)
        if target.element and element is None and target.phrase:
            moved[name] = target.model_copy(update={"point": None, "box": None, "element": ""})
            continue
        if element is None or target.point is None or element.box.holds(target.point):
            continue
        if box := element.box.within(observation.screenshot.width, observation.screenshot.height):
            moved[name] = target.model_copy(update={"point": box.centre, "box": element.box})
    return action.model_copy(update=moved) if moved else action


def find_differences(was: TargetSnapshot, now: TargetSnapshot, observation: Observation | None = None) -> list[str]:
    """The differences between two snapshots, in words that quote the screen; empty if there is none.

    With `observation`, the newer one, pixels are compared too if no element is known, except in animated regions.
    """
    found = []
    if was.things or now.things:
        if was.origin != now.origin:
            found.append(f"the page is {quote(now.origin, 120)}; before {quote(was.origin, 120)}")
    elif was.site != now.site:
        found.append(f"the site is {quote(now.site, 120)}; before {quote(was.site, 120)}")
    if was.words != now.words:
        found.append(f"the action is {quote(now.words, QUOTE_MAX)}; before {quote(was.words, QUOTE_MAX)}")
    if len(was.things) != len(now.things):
        return [*found, "it aims at other elements"]
    seconds = now.at - was.at
    for old, new in zip(was.things, now.things, strict=True):
        found += _find_target_differences(old, new, seconds, observation)
    return found


def has_only_hints_added(was: TargetSnapshot, now: TargetSnapshot) -> bool:
    """Whether the only differences are names with a hint added, or pixels where no element is known."""
    if was.origin != now.origin or len(was.things) != len(now.things):
        return False
    for old, new in zip(was.things, now.things, strict=True):
        if not old.role and not new.role:
            continue
        grown = bool(old.name) and f" {old.name} " in f" {new.name} "
        if old.role != new.role or old.destination != new.destination or not grown:
            return False
    return True


def quote(text: str, limit: int) -> str:
    """A quotation of screen text that the text itself cannot end: one line, no hidden characters, no quote marks."""
    inner = visible(text, limit).translate(_QUOTE_MARKS)
    return f"“{inner}”"


_QUOTE_MARKS = str.maketrans(dict.fromkeys("“”„‟″〝〞＂", "'"))


def find_amounts(text: str) -> tuple[str, ...]:
    """The amounts of money in a text, in their order, each once."""
    return tuple(dict.fromkeys(" ".join(found[0].split()) for found in _AMOUNT.finditer(text)))


def _details(element: Element | None, point: Point | None, observation: Observation) -> TargetDetails:
    picture, corner = "", (0, 0)
    if point and (element is None or not element.name or element.role in IMAGE_ROLES):
        picture, corner = _crop_around(point, observation)
    if element is None:
        return TargetDetails(picture=picture, corner=corner)
    context = (element.context or _text_around(element, observation))[:CONTEXT_LENGTH]
    amounts = find_amounts(f"{element.name} | {context}") if context else _page_amounts(element, observation)
    return TargetDetails(
        role=element.role,
        name=element.name,
        description=element.description,
        key=element.key,
        destination=element.destination,
        context=context,
        amounts=amounts,
        picture=picture,
        corner=corner,
    )


def _selected_text(action: Key, observation: Observation) -> str:
    """The names of the selected and ticked elements, if the key would delete them; otherwise empty."""
    try:
        _, key = parse_chord(action.keys)
    except ActionRefused:  # the device refuses it
        return ""
    names = [each.name for each in observation.elements if (each.selected or each.checked) and each.role != "tab"]
    return f"(chosen: {'; '.join(names)})"[:CONTEXT_LENGTH] if key in ("delete", "backspace") and names else ""


def _text_around(element: Element, observation: Observation) -> str:
    """The text of the container of an element, if the platform reports containers."""
    by_id = {each.id: each for each in observation.elements}
    holder = next((up for up in ancestors(element, by_id) if up.role in CONTAINER_ROLES), None)
    if holder is None:
        return ""
    texts = [holder.name]
    for each in descendants(holder, observation.elements):
        if each is not element:
            state = "ticked" if each.checked else "chosen" if each.selected else ""
            texts += [": ".join(part for part in (each.name, each.value, state) if part)]
    return " ".join(dict.fromkeys(text for text in texts if text))


def _page_amounts(element: Element, observation: Observation) -> tuple[str, ...]:
    """The amounts on a page that has few of them; otherwise those in the element's name."""
    own = find_amounts(element.name)
    all_of = tuple(
        dict.fromkeys(each for part in observation.elements for each in find_amounts(f"{part.name} | {part.value}"))
    )
    return all_of if len(all_of) <= MAX_AMOUNTS else own


def _smallest_named_element(point: Point, observation: Observation) -> Element | None:
    under = [each for each in observation.elements if each.name and not each.covered and each.box.holds(point)]
    least = min(under, key=lambda each: each.box.area, default=None)
    most = observation.screenshot.width * observation.screenshot.height / 8
    return least if least and least.box.area <= most else None


def _crop_around(point: Point, observation: Observation) -> tuple[str, tuple[int, int]]:
    box = Box(point.x - AROUND[0], point.y - AROUND[1], point.x + AROUND[0], point.y + AROUND[1]).within(
        observation.screenshot.width, observation.screenshot.height
    )
    if box is None:
        return "", (0, 0)
    made = BytesIO()
    observation.screenshot.image.convert("RGB").crop(box).save(made, "PNG", compress_level=3)
    return base64.b64encode(made.getvalue()).decode(), (box.left, box.top)


def _find_target_differences(
    old: TargetDetails, new: TargetDetails, seconds: float, observation: Observation | None
) -> list[str]:
    found = []
    if old.role != new.role or not _is_same_text(old.name, new.name, seconds):
        found.append(f"it is now {new}; before {old}")
    elif old.description != new.description or old.key != new.key:
        found.append(f"{new} is another one: {quote(new.description or new.key, QUOTE_MAX)}")
    if old.destination != new.destination:
        found.append(f"it leads to {quote(new.destination, QUOTE_MAX)}; before {quote(old.destination, QUOTE_MAX)}")
    if not _is_same_text(old.context, new.context, seconds):
        now, before = _differing_parts(new.context, old.context)
        found.append(f"around it stands now {quote(now, QUOTE_MAX)}; before {quote(before, QUOTE_MAX)}")
    elif old.amounts != new.amounts:
        found.append(
            f"the amount is now {quote(', '.join(new.amounts) or 'none', 80)}; "
            f"before {quote(', '.join(old.amounts) or 'none', 80)}"
        )
    known = bool(old.picture and new.picture)
    if (known and observation is not None and _is_redrawn(old, new, observation)) or (
        not known and not found and old.picture != new.picture
    ):
        found.append("the picture around the place has changed")
    return found


def _is_redrawn(old: TargetDetails, new: TargetDetails, observation: Observation) -> bool:
    if old.picture == new.picture:
        return False
    one, two = (Image.open(BytesIO(base64.b64decode(each.picture))) for each in (old, new))
    left, top = new.corner
    page_changes = observation.signals.page_changes
    boxes = page_changes.animated_regions if page_changes else ()
    animated_regions = [Box(box.left - left, box.top - top, box.right - left, box.bottom - top) for box in boxes]
    return old.corner != new.corner or redrawn(one, two, animated_regions)


def _is_same_text(old: str, new: str, seconds: float) -> bool:
    """Whether two texts are the same, except for a countdown or clock that went on."""
    if old == new:
        return True
    before, after = old.split(), new.split()
    if len(before) != len(after) or not 0 <= seconds <= MAX_COUNTDOWN:
        return before == after
    return all(one == two or _is_clock_step(one, two, seconds) for one, two in zip(before, after, strict=True))


def _is_clock_step(one: str, two: str, seconds: float) -> bool:
    first, second = _CLOCK.fullmatch(one), _CLOCK.fullmatch(two)
    return bool(first and second) and abs(_clock_seconds(first) - _clock_seconds(second)) <= seconds + 2


def _clock_seconds(clock: re.Match[str] | None) -> int:
    assert clock is not None
    hours, minutes, rest, short, plain = (int(each or 0) for each in clock.groups())
    return 3600 * hours + 60 * minutes + rest + short + plain


def _differing_parts(new: str, old: str) -> tuple[str, str]:
    """The differing parts of two long texts, with some words before and after them."""
    if max(len(new), len(old)) <= QUOTE_MAX:
        return new, old
    one, two = new.split(), old.split()
    start = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    back = next((at for at, (a, b) in enumerate(zip(one[::-1], two[::-1], strict=False)) if a != b), 0)
    back = min(back, len(one) - start, len(two) - start)
    begin, end = max(0, start - 4), max(0, back - 4)
    return " ".join(one[begin : len(one) - end]), " ".join(two[begin : len(two) - end])
