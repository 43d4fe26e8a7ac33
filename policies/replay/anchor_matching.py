"""Match an anchor with the current screen: return its action with points for its targets, or the reason why not.

A recorded target is accepted where at least two signals agree on one place. A contradiction excludes a place whatever
agrees: another text than before, another row, or a covered element.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from handeye.perception.phrases.matching import shows
from handeye.perception.phrases.wording import alike, normal
from handeye.policies.replay.patches import find_patch
from handeye.policies.replay.signatures import distance, rows_in, without_numbers
from handeye.tools.actions import Done, Remember, Target, parse_action, targets
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from handeye.perception.observation import Observation
    from handeye.policies.replay.anchors import Anchor, ScreenState
    from handeye.tools.actions import Action
    from handeye.tools.device import Signals

    Patches = Callable[[str], Image.Image | None]
    from collections.abc import Sequence

    from handeye.policies.replay.signatures import NearbyText, TargetSignature
    from handeye.tools.element import Element


#: The number of signals that must agree.
ENOUGH = 2
#: The least similarity of equal texts that OCR has read.
READ_ALIKE = 0.93
#: The largest distance of a place from where a landmark predicts it: in pixels, plus a share of the offset.
STRAY, STRAY_SHARE = 24, 0.35
#: The least difference in pixels by which one place counts as nearer than another.
CLEARLY = 8
#: The least cosine between two offsets in the same direction, and the least ratio of their lengths.
STRAIGHT, SHRUNK = 0.95, 0.4


@dataclass
class TargetPlace:
    """A place where a target could be, with the signals for it."""

    point: Point
    element: Element | None = None
    signals: list[str] = field(default_factory=list)
    wrong: str = ""
    """Why the place is excluded, whatever agrees."""

    def add_signal(self, signal: str) -> None:
        """Record that a signal supports this place."""
        if signal not in self.signals:
            self.signals.append(signal)


@dataclass(frozen=True)
class SearchResult:
    """The result of a search for a target."""

    place: TargetPlace | None
    says: str
    """The signals that agree, or the reason why the target is not found."""


def find_target(
    signature: TargetSignature, observation: Observation, patch: Image.Image | None = None, same_screen: bool = False
) -> SearchResult:
    """The place of a target on the screen. `same_screen`: the screenshot equals the recorded one."""
    if signature.role and not signature.spot:
        places = _elements(signature, observation)
        _judge_elements(signature, observation, places, patch, same_screen)
    else:
        places = _spots(signature, observation, patch, same_screen)
    return _chosen(signature, places)


def _chosen(signature: TargetSignature, places: list[TargetPlace]) -> SearchResult:
    able = [each for each in places if not each.wrong and len(each.signals) >= ENOUGH]
    ranked = sorted(able, key=lambda each: -len(each.signals))
    if not ranked:
        nearest = max(places, key=lambda each: (not each.wrong, len(each.signals)), default=None)
        if nearest is None or not (nearest.signals or nearest.wrong):
            return SearchResult(None, f"nothing of {_called(signature)} is there")
        there = (
            f"{_listed(nearest.signals)} at {tuple(nearest.point)}" if nearest.signals else "a place for it is there"
        )
        return SearchResult(
            None, f"of {_called(signature)} only {there}{f', but {nearest.wrong}' if nearest.wrong else ''}"
        )
    if len(ranked) > 1 and len(ranked[0].signals) == len(ranked[1].signals):
        count = sum(len(each.signals) == len(ranked[0].signals) for each in ranked)
        return SearchResult(None, f"{count} places are as good as each other for {_called(signature)}")
    best = ranked[0]
    lacking = [each for each in possible(signature) if each not in best.signals]
    return SearchResult(best, f"{_listed(best.signals)} agree{f', not {_listed(lacking)}' if lacking else ''}")


def possible(signature: TargetSignature) -> list[str]:
    """The signals that were recorded, without the whole screen, which rarely stays equal."""
    recorded = {
        "selector": signature.role,
        "text": signature.text if signature.spot or not signature.role else signature.name,
        "picture": signature.patch,
        "layout": signature.near,
    }
    return [name for name, there in recorded.items() if there]


def _called(signature: TargetSignature) -> str:
    return (
        f"“{signature.name or signature.text}”"
        if signature.name or signature.text
        else f"the {signature.role or 'place'}"
    )


def _listed(signals: list[str]) -> str:
    return " and ".join([", ".join(signals[:-1]), signals[-1]]) if len(signals) > 1 else "".join(signals)


def _elements(signature: TargetSignature, observation: Observation) -> list[TargetPlace]:
    """The elements with the same role and key, or with the same name."""
    places: list[TargetPlace] = []
    for each in observation.elements:
        keyed = bool(signature.key) and each.key == signature.key
        named = bool(signature.name) and same_text(signature.name, each.name)
        if not (keyed or named or (each.role == signature.role and not signature.name)):
            continue
        if not each.acts and each.role != signature.role:  # the label of a field has the field's name
            continue
        place = TargetPlace(_within(each.box, signature.at), each)
        if each.role == signature.role and (keyed or named):
            place.add_signal("selector")
        if named:
            place.add_signal("text")
        places.append(place)
    return places


def _judge_elements(
    signature: TargetSignature,
    observation: Observation,
    places: list[TargetPlace],
    patch: Image.Image | None,
    same_screen: bool,
) -> None:
    seen = find_patch(patch, observation.screenshot.image, signature.hold) if patch and places else []
    mark = signature.near[0] if signature.near and not signature.near[0].control else None
    lost = mark and not any(there(mark, each.name) for each in observation.elements)
    rows = rows_in(observation.elements) if signature.row_texts and places else {}
    for place in places:
        element = place.element
        assert element is not None
        if any(element.box.holds(hit) for hit in seen):
            place.add_signal("picture")
        if same_screen and element.box.holds(signature.point):
            place.add_signal("screen")
        if signature.name and not same_text(signature.name, element.name):
            place.wrong = f"it is called “{element.name[:60]}” now" if element.name else "it has no name any more"
        elif element.covered:
            place.wrong = "something lies over it"
        elif not element.enabled:
            place.wrong = "it is disabled"
        elif signature.row_texts and not in_row(signature.row_texts, rows.get(element.id, [])):
            place.wrong = f"“{signature.row}” is no longer in its row"
        elif lost:
            place.wrong = f"“{signature.near[0].text}” is not near it any more"
    _judge_layout(signature, observation, places)


def _judge_layout(signature: TargetSignature, observation: Observation, places: list[TargetPlace]) -> None:
    """Add the layout signal: to places whose landmarks fit; of several alike, only to the one nearest to a landmark."""
    named = [each for each in places if "text" in each.signals or not signature.name]
    rivals = [each for each in named if "selector" in each.signals] or named
    if len(rivals) > 1 and signature.near:
        if best := _nearest(signature.near[0], rivals, observation):
            best.add_signal("layout")
        return
    for place in places:
        if any(_fits(near, place.point, observation.elements) for near in signature.near) or _related(
            signature, place, observation.elements
        ):
            place.add_signal("layout")


def _nearest(mark: NearbyText, rivals: list[TargetPlace], observation: Observation) -> TargetPlace | None:
    """The place nearest to a text, or else with the same offset to it; None for a tie."""
    boxes = [each.box for each in observation.elements if there(mark, each.name)]
    if not boxes:
        return None

    def far(place: TargetPlace) -> float:
        return min(distance(box, place.element.box) for box in boxes) if place.element else 9e9

    def stray(place: TargetPlace) -> float:
        ways = [(place.point.x - box.centre.x, place.point.y - box.centre.y) for box in boxes]
        return min(hypot(x - mark.way[0], y - mark.way[1]) for x, y in ways)

    for measure in (far, stray):
        first, second = sorted(rivals, key=measure)[:2]
        if measure(first) + CLEARLY < measure(second):
            return first
    return None


def _spots(
    signature: TargetSignature, observation: Observation, patch: Image.Image | None, same_screen: bool
) -> list[TargetPlace]:
    """Places inside a drawing, or on a screen without elements."""
    places: list[TargetPlace] = []
    reach = max(10, min(signature.size) // 2 if not signature.spot else 10)

    def back(signal: str, point: Point) -> None:
        near = [each for each in places if _apart(each.point, point) <= reach]
        place = min(near, key=lambda each: _apart(each.point, point), default=None)
        if place is None:
            places.append(place := TargetPlace(point))
        place.add_signal(signal)

    if patch:
        for hit in find_patch(patch, observation.screenshot.image, signature.hold):
            back("picture", hit)
    if same_screen:
        back("screen", signature.point)
    if signature.role:
        areas = [each for each in observation.elements if each.role == signature.role and _alike_area(signature, each)]
        for each in areas if len(areas) == 1 else ():
            back("selector", _within(each.box, signature.at))
    lines = observation.words if signature.text or signature.near else ()
    for line in lines:
        if signature.text and alike(signature.text, line.name, seen=True).score >= READ_ALIKE:
            back("text", line.box.centre if signature.spot else _within(line.box, signature.at))
    for near, line in ((near, line) for near in signature.near for line in lines if there(near, line.name)):
        point = Point(line.box.centre.x + near.way[0], line.box.centre.y + near.way[1])
        stray = STRAY + STRAY_SHARE * max(abs(near.way[0]), abs(near.way[1]))
        recorded = [each for each in places if _apart(each.point, point) <= stray and each.signals != ["layout"]]
        nearest = min(recorded, key=lambda each: _apart(each.point, point), default=None)
        if nearest:
            nearest.add_signal("layout")
        else:
            back("layout", point)
    for place in places:
        if place.signals != ["layout"] and _related(signature, place, lines):
            place.add_signal("layout")
    for place in places:
        if signature.text and "text" not in place.signals and not same_screen:
            place.wrong = f"“{signature.text}” is not written there any more"
        elif signature.patch and not signature.text and not {"picture", "screen"} & set(place.signals):
            place.wrong = "it looks different there"
        elif (
            not observation.screenshot.width > place.point.x >= 0
            or not observation.screenshot.height > place.point.y >= 0
        ):
            place.wrong = "it is off the screen"
    return places


def same_text(before: str, now: str) -> bool:
    """Whether two names are equal, apart from case, spaces and dashes."""
    return normal(before)[:200] == normal(now)[:200]


def same_landmark(before: str, now: str) -> bool:
    """Whether two landmarks are equal apart from numbers, which change with counts and times."""
    return bool(now) and without_numbers(normal(before)) == without_numbers(normal(now))


def there(near: NearbyText, now: str) -> bool:
    """Whether a text is this landmark."""
    return same_text(near.text, now) if near.numbered else same_landmark(near.text, now)


def in_row(texts: Sequence[str], row: Sequence[Element]) -> bool:
    """Whether a row has more than half of the recorded texts."""
    return 2 * sum(any(same_text(text, each.name) for each in row) for text in texts) > len(texts)


def _fits(near: NearbyText, point: Point, elements: tuple[Element, ...]) -> bool:
    far = max(abs(near.way[0]), abs(near.way[1]))
    reach = STRAY + STRAY_SHARE * far
    for each in elements:
        if there(near, each.name):
            centre = each.box.centre
            if _apart(Point(centre.x + near.way[0], centre.y + near.way[1]), point) <= reach:
                return True
    return False


def _related(signature: TargetSignature, place: TargetPlace, elements: Sequence[Element]) -> bool:
    """Whether two landmarks are in their recorded directions, at another scale."""
    count = 0
    for near in signature.near:
        ways = [
            (place.point.x - each.box.centre.x, place.point.y - each.box.centre.y)
            for each in elements
            if there(near, each.name)
        ]
        count += any(_same_way(near.way, way) for way in ways)
    return count >= ENOUGH


def _same_way(before: tuple[int, int], now: tuple[int, int]) -> bool:
    one, two = hypot(*before), hypot(*now)
    if not one or not two or not SHRUNK <= two / one <= 1 / SHRUNK:
        return False
    return (before[0] * now[0] + before[1] * now[1]) / (one * two) >= STRAIGHT


def _alike_area(signature: TargetSignature, element: Element) -> bool:
    if signature.key:
        return element.key == signature.key
    return same_text(signature.name, element.name)


def _apart(one: Point, other: Point) -> int:
    return max(abs(one.x - other.x), abs(one.y - other.y))


def _within(box: Box, at: tuple[float, float]) -> Point:
    """The point at a relative position in a box, at least one pixel from its end."""
    x, y = box.left + round(at[0] * box.width), box.top + round(at[1] * box.height)
    return Point(min(max(x, box.left), box.right - 1), min(max(y, box.top), box.bottom - 1))


#: Actions that need no place on the screen.
ANYWHERE = frozenset({"navigate", "wait", "call", "ask", "tabs", "window", "reload"})
#: The number of digest characters that identify a screen.
FINGERPRINT = 16


@dataclass(frozen=True)
class AnchorMatch:
    """The result of matching an anchor with a screen."""

    action: Action | None
    """The action to perform; None where too few signals agree."""
    says: str
    whole: bool = True
    """Whether all recorded signals agree."""
    away: Box | None = None
    """The box of a target that exists outside of the viewport."""


def match_anchor(anchor: Anchor, observation: Observation, patches: Patches) -> AnchorMatch:
    """Match an anchor with a screen; `patches` returns the picture of a digest."""
    same = bool(anchor.before.screen) and observation.screenshot.digest[:FINGERPRINT] == anchor.before.screen
    if not anchor.targets:
        return _placeless(anchor, observation, same)
    says: list[str] = []
    fields: dict[str, Any] = {}
    whole = True
    for name, signature in anchor.targets.items():
        found = find_target(signature, observation, patches(signature.patch) if signature.patch else None, same)
        if found.place is None:
            return AnchorMatch(None, found.says)
        if (visible := _on_screen(found.place, observation)) is None:
            assert found.place.element is not None
            return AnchorMatch(None, f"{found.says}, off the screen", away=found.place.element.box)
        fields[name] = _target(anchor, name, found.place, visible)
        says.append(found.says if len(anchor.targets) == 1 else f"{name}: {found.says}")
        whole = whole and ", not " not in found.says
    if via := anchor.action.get("via"):
        was, now = anchor.targets["start"].point, fields["start"].point
        fields["via"] = [(x + now.x - was.x, y + now.y - was.y) for x, y in via]
    return AnchorMatch(parse_action(anchor.action | fields), "; ".join(says), whole)


def same_action(anchor: Anchor, action: Action) -> bool:
    """Whether an action equals an anchor's, apart from the targets."""
    recorded = action.model_dump(mode="json", exclude_defaults=True) | {"kind": action.kind}
    aims = {"start", "end", "target", "via"}
    return {name: value for name, value in recorded.items() if name not in aims} == {
        name: value for name, value in anchor.action.items() if name not in aims
    }


def same_words(anchor: Anchor, action: Action) -> bool:
    """Whether an action equals an anchor's, with the same phrases for its targets."""
    return same_action(anchor, action) and all(
        anchor.action.get(name) == target.phrase for name, target in targets(action).items()
    )


def screen_state(signals: Signals) -> dict[str, str]:
    """Address, title and focus of a device, as anchors store them."""
    parts = urlsplit(signals.url)
    address = parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    return {"address": address if signals.url else "", "title": signals.title, "focus": signals.focus}


def _placeless(anchor: Anchor, observation: Observation, same: bool) -> AnchorMatch:
    """Match an action without targets: address, title, focus and screen must agree."""
    action = parse_action(anchor.action)
    if isinstance(action, Done | Remember):  # a text that was read from the screen must still be on it
        read = action.answer if isinstance(action, Done) else action.text
        lost = next((line for line in read.splitlines() if line.strip() and not shows(observation, line)), "")
        return (
            AnchorMatch(None, f"“{lost[:60]}” is not on the screen")
            if lost
            else AnchorMatch(action, "all texts that were read are on the screen")
        )
    if action.kind in ANYWHERE:
        return AnchorMatch(action, "the action needs no place")
    now = screen_state(observation.signals)
    agreeing = _agreeing(anchor.before, now)
    if anchor.before.focus and action.kind in ("key", "type") and "focus" not in agreeing:
        return AnchorMatch(None, f"the keyboard focus is at {now['focus'] or 'nothing'}, not at {anchor.before.focus}")
    agreeing += ["screen"] if same else []
    wanted = [name for name in now if getattr(anchor.before, name)]
    enough = len(agreeing) >= min(ENOUGH, len(wanted) + 1)
    lacking = [name for name in wanted if name not in agreeing]
    if not enough:
        return AnchorMatch(None, f"the screen has changed: {', '.join(lacking) or 'its picture'} differ")
    return AnchorMatch(action, f"{' and '.join(agreeing)} agree", not lacking)


def _agreeing(before: ScreenState, now: dict[str, str]) -> list[str]:
    return [
        name for name, value in now.items() if getattr(before, name) and same_landmark(getattr(before, name), value)
    ]


def _on_screen(place: TargetPlace, observation: Observation) -> Box | None:
    """The visible box of a place; None when the page must be scrolled to it."""
    width, height = observation.screenshot.width, observation.screenshot.height
    if place.element is None:
        return Box(place.point.x, place.point.y, place.point.x + 1, place.point.y + 1).within(width, height)
    seen = place.element.box.within(width, height)
    return seen if seen and seen.height >= min(6, place.element.box.height) else None


def _target(anchor: Anchor, name: str, place: TargetPlace, visible: Box) -> Target:
    point = place.point if visible.holds(place.point) else visible.centre
    phrase = str(anchor.action.get(name, ""))
    # A step without effect must not be grounded again by recovery, so its target gets no phrase.
    words = "" if anchor.effect == "no_effect" else phrase
    element = place.element.id if place.element else ""
    return Target(phrase=words, point=point, element=element, box=visible if place.element else None)
