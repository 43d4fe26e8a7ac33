"""What an action aims at, as a question shows it to a person, and whether the screen still shows the same.

An approval holds for what was shown: element, text of its row or form, amounts, where it leads, page, and where no
element is known the pixels around the point.
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

#: What belongs together around an element, where the platform tells no text of it.
HOLDERS = frozenset({"row", "listitem", "article", "treeitem", "form", "dialog", "alertdialog", "group", "figure"})
#: Drawn things: no text of theirs tells what they show.
DRAWN = frozenset({"img", "video", "canvas", "image"})
#: So much of a text goes into a question, and so much of the text around an element is compared.
SHORT, LONG = 160, 1200
#: On a page with more amounts than this they belong to many things, and only those near an element are its own.
FEW = 8
#: Seconds for which a countdown may have gone on by itself.
COUNTDOWN = 600.0

_SIGN = "[$£¥\u00a2\u20a0-\u20cf]"
#: Codes of ISO 4217 that are most in use, and abbreviations that stand for a currency.
_CODE = (
    r"(?:(?:AED|ARS|AUD|BDT|BGN|BHD|BRL|CAD|CHF|CLP|CNH|CNY|COP|CZK|DKK|EGP|EUR|GBP|GEL|GHS|HKD|HUF|IDR|ILS|INR|ISK|JOD"
    r"|JPY|KES|KRW|KWD|KZT|LKR|MAD|MXN|MYR|NGN|NOK|NZD|OMR|PEN|PHP|PKR|PLN|QAR|RMB|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD"
    r"|UAH|USD|UYU|VND|ZAR|kr|Ft|lei)\b|zł|Kč|лв|руб|Fr\.)"
)
_NUMBER = r"\d(?:[\d.,'’\u00a0\u202f]*\d)?"
_AMOUNT = re.compile(rf"(?:{_SIGN}|\b{_CODE})\s?-?{_NUMBER}|-?{_NUMBER}\s?(?:{_SIGN}|{_CODE})")
_CLOCK = re.compile(r"\(?(?:(\d{1,2}):)?(\d{1,2}):(\d{2})\)?[.,;]?|\((\d{1,3})\s?s?\)|(\d{1,3})s")


class Thing(BaseModel):
    """One thing that an action aims at."""

    model_config = ConfigDict(frozen=True)

    role: str = ""
    """Empty where no element is known."""
    name: str = ""
    description: str = ""
    key: str = ""
    destination: str = ""
    context: str = ""
    """The text of its row, card, form or dialog."""
    amounts: tuple[str, ...] = ()
    picture: str = ""
    """The pixels around the point (PNG, base64) where no element tells what is there."""
    corner: tuple[int, int] = (0, 0)
    """Where the picture begins on the screen."""

    def __str__(self) -> str:
        if not self.role:
            return "a place where no element is known"
        return f"{self.role} {quoted(self.name, SHORT)}" if self.name else f"{self.role} without a name"


class TargetSnapshot(BaseModel):
    """What a question is about, as it was on the screen."""

    model_config = ConfigDict(frozen=True)

    words: str
    """The action."""
    origin: str = ""
    """Of the page: scheme, host and path; else the program."""
    site: str = ""
    things: tuple[Thing, ...] = ()
    at: float = 0.0
    """When, in seconds since 1970."""

    def __str__(self) -> str:
        said = []
        for thing in self.things:
            part = str(thing)
            if thing.context:
                part += f" in {quoted(thing.context, SHORT)}"
            if thing.amounts:
                part += f", amount {', '.join(quoted(each, 40) for each in thing.amounts[:FEW])}"
            if thing.destination:
                part += f", to {quoted(thing.destination, 120)}"
            said.append(part)
        where = f" on {quoted(self.origin, 120)}" if self.origin else ""
        return " → ".join(said) + where if said or where else ""

    @property
    def signature(self) -> str:
        """What an answer is good for, as far as words tell."""
        told = [each.model_dump(exclude={"picture", "corner"}) for each in self.things]
        return repr((self.words, self.origin if self.things else self.site, told))


def shown(action: Action, observation: Observation) -> TargetSnapshot:
    """What an action aims at on this screen."""
    url = observation.signals.url
    plain = re.match(r"([a-z][a-z0-9+.-]*://[^/?#]*)?[^?#]*", url)
    found = [_thing(element, point, observation) for element, point in aims(action, observation)]
    if isinstance(action, Key) and (chosen := _chosen(action, observation)):
        first, *rest = found or [Thing()]
        found = [first.model_copy(update={"context": f"{first.context} {chosen}".strip()}), *rest]
    return TargetSnapshot(
        words=describe(action),
        origin=(plain[0] if plain else url)[:500] or observation.signals.app,
        site=(plain[1] or "") if plain else "",
        things=tuple(found),
        at=time.time(),
    )


def aims(action: Action, observation: Observation) -> list[tuple[Element | None, Point | None]]:
    """The elements and points that an action aims at; of a key that presses something, what has the keyboard."""
    found: list[tuple[Element | None, Point | None]] = []
    for target in targets(action).values():
        own = next((each for each in observation.elements if target.element and each.id == target.element), None)
        if own is None and target.point:
            own = element_under(target.point, observation) or _text_under(target.point, observation)
        found.append((own, target.point))
    if not found and isinstance(action, (Key, Type)):
        found += [(each, None) for each in observation.elements if each.focused][-1:]
    return found


def followed(action: Action, observation: Observation) -> Action:
    """The action aimed at where its elements are now, for those that have moved; those that are gone are to be found
    anew by their words."""
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


def differences(was: TargetSnapshot, now: TargetSnapshot, observation: Observation | None = None) -> list[str]:
    """What differs between what was shown and what is, in words that quote the screen; empty for nothing.

    With `scene`, the newer look, pixels are compared too where no element is known, outside of what never rests.
    """
    found = []
    if was.things or now.things:
        if was.origin != now.origin:
            found.append(f"the page is {quoted(now.origin, 120)}; before {quoted(was.origin, 120)}")
    elif was.site != now.site:
        found.append(f"the site is {quoted(now.site, 120)}; before {quoted(was.site, 120)}")
    if was.words != now.words:
        found.append(f"the action is {quoted(now.words, SHORT)}; before {quoted(was.words, SHORT)}")
    if len(was.things) != len(now.things):
        return [*found, "it aims at other things"]
    seconds = now.at - was.at
    for old, new in zip(was.things, now.things, strict=True):
        found += _differs(old, new, seconds, observation)
    return found


def extended(was: TargetSnapshot, now: TargetSnapshot) -> bool:
    """Whether nothing differs but names that have grown by a hint, or pixels where no element is known."""
    if was.origin != now.origin or len(was.things) != len(now.things):
        return False
    for old, new in zip(was.things, now.things, strict=True):
        if not old.role and not new.role:
            continue
        grown = bool(old.name) and f" {old.name} " in f" {new.name} "
        if old.role != new.role or old.destination != new.destination or not grown:
            return False
    return True


def quoted(text: str, limit: int) -> str:
    """Words of the screen as a quotation that they cannot end themselves, on one line and without hidden characters."""
    inner = visible(text, limit).translate(_QUOTES)
    return f"“{inner}”"


_QUOTES = str.maketrans(dict.fromkeys("“”„‟″〝〞＂", "'"))


def amounts_in(text: str) -> tuple[str, ...]:
    """The amounts of money in a text, in their order, each once."""
    return tuple(dict.fromkeys(" ".join(found[0].split()) for found in _AMOUNT.finditer(text)))


def _thing(element: Element | None, point: Point | None, observation: Observation) -> Thing:
    picture, corner = "", (0, 0)
    if point and (element is None or not element.name or element.role in DRAWN):
        picture, corner = _picture(point, observation)
    if element is None:
        return Thing(picture=picture, corner=corner)
    context = (element.context or _around(element, observation))[:LONG]
    amounts = amounts_in(f"{element.name} | {context}") if context else _on_page(element, observation)
    return Thing(
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


def _chosen(action: Key, observation: Observation) -> str:
    """What a key that deletes would delete: all that is chosen or ticked."""
    try:
        _, key = parse_chord(action.keys)
    except ActionRefused:  # the device refuses it
        return ""
    names = [each.name for each in observation.elements if (each.selected or each.checked) and each.role != "tab"]
    return f"(chosen: {'; '.join(names)})"[:LONG] if key in ("delete", "backspace") and names else ""


def _around(element: Element, observation: Observation) -> str:
    """The text of what holds an element, where the platform tells which elements belong together."""
    by_id = {each.id: each for each in observation.elements}
    holder = next((up for up in ancestors(element, by_id) if up.role in HOLDERS), None)
    if holder is None:
        return ""
    texts = [holder.name]
    for each in descendants(holder, observation.elements):
        if each is not element:
            state = "ticked" if each.checked else "chosen" if each.selected else ""
            texts += [": ".join(part for part in (each.name, each.value, state) if part)]
    return " ".join(dict.fromkeys(text for text in texts if text))


def _on_page(element: Element, observation: Observation) -> tuple[str, ...]:
    """The amounts on a page that has few of them; otherwise those of the element's own name."""
    own = amounts_in(element.name)
    all_of = tuple(
        dict.fromkeys(each for part in observation.elements for each in amounts_in(f"{part.name} | {part.value}"))
    )
    return all_of if len(all_of) <= FEW else own


def _text_under(point: Point, observation: Observation) -> Element | None:
    under = [each for each in observation.elements if each.name and not each.covered and each.box.holds(point)]
    least = min(under, key=lambda each: each.box.area, default=None)
    most = observation.screenshot.width * observation.screenshot.height / 8
    return least if least and least.box.area <= most else None


def _picture(point: Point, observation: Observation) -> tuple[str, tuple[int, int]]:
    box = Box(point.x - AROUND[0], point.y - AROUND[1], point.x + AROUND[0], point.y + AROUND[1]).within(
        observation.screenshot.width, observation.screenshot.height
    )
    if box is None:
        return "", (0, 0)
    made = BytesIO()
    observation.screenshot.image.convert("RGB").crop(box).save(made, "PNG", compress_level=3)
    return base64.b64encode(made.getvalue()).decode(), (box.left, box.top)


def _differs(old: Thing, new: Thing, seconds: float, observation: Observation | None) -> list[str]:
    found = []
    if old.role != new.role or not _same_text(old.name, new.name, seconds):
        found.append(f"it is now {new}; before {old}")
    elif old.description != new.description or old.key != new.key:
        found.append(f"{new} is another one: {quoted(new.description or new.key, SHORT)}")
    if old.destination != new.destination:
        found.append(f"it leads to {quoted(new.destination, SHORT)}; before {quoted(old.destination, SHORT)}")
    if not _same_text(old.context, new.context, seconds):
        now, before = _parted(new.context, old.context)
        found.append(f"around it stands now {quoted(now, SHORT)}; before {quoted(before, SHORT)}")
    elif old.amounts != new.amounts:
        found.append(
            f"the amount is now {quoted(', '.join(new.amounts) or 'none', 80)}; "
            f"before {quoted(', '.join(old.amounts) or 'none', 80)}"
        )
    known = bool(old.picture and new.picture)
    if (known and observation is not None and _redrawn(old, new, observation)) or (
        not known and not found and old.picture != new.picture
    ):
        found.append("the picture around the place has changed")
    return found


def _redrawn(old: Thing, new: Thing, observation: Observation) -> bool:
    if old.picture == new.picture:
        return False
    one, two = (Image.open(BytesIO(base64.b64decode(each.picture))) for each in (old, new))
    left, top = new.corner
    page_changes = observation.signals.page_changes
    boxes = page_changes.animated_regions if page_changes else ()
    animated_regions = [Box(box.left - left, box.top - top, box.right - left, box.bottom - top) for box in boxes]
    return old.corner != new.corner or redrawn(one, two, animated_regions)


def _same_text(old: str, new: str, seconds: float) -> bool:
    """Whether two texts are the same but for a countdown or clock that went on."""
    if old == new:
        return True
    before, after = old.split(), new.split()
    if len(before) != len(after) or not 0 <= seconds <= COUNTDOWN:
        return before == after
    return all(one == two or _ticked(one, two, seconds) for one, two in zip(before, after, strict=True))


def _ticked(one: str, two: str, seconds: float) -> bool:
    first, second = _CLOCK.fullmatch(one), _CLOCK.fullmatch(two)
    return bool(first and second) and abs(_seconds(first) - _seconds(second)) <= seconds + 2


def _seconds(clock: re.Match[str] | None) -> int:
    assert clock is not None
    hours, minutes, rest, short, plain = (int(each or 0) for each in clock.groups())
    return 3600 * hours + 60 * minutes + rest + short + plain


def _parted(new: str, old: str) -> tuple[str, str]:
    """The parts of two long texts that differ, with some words before and after them."""
    if max(len(new), len(old)) <= SHORT:
        return new, old
    one, two = new.split(), old.split()
    start = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    back = next((at for at, (a, b) in enumerate(zip(one[::-1], two[::-1], strict=False)) if a != b), 0)
    back = min(back, len(one) - start, len(two) - start)
    begin, end = max(0, start - 4), max(0, back - 4)
    return " ".join(one[begin : len(one) - end]), " ".join(two[begin : len(two) - end])
