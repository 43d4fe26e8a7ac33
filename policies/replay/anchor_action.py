"""Matches one anchor with the current screen: returns its action with points for its targets, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from handeye.perception.phrases.matching import shows
from handeye.policies.replay.finding import ENOUGH, TargetPlace, find_target, same_landmark
from handeye.tools.actions import Done, Remember, Target, parse_action, targets
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from handeye.perception.observation import Observation
    from handeye.policies.replay.anchors import Anchor, ScreenState
    from handeye.tools.actions import Action
    from handeye.tools.device import Signals

    Patches = Callable[[str], Image.Image | None]

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
    told = action.model_dump(mode="json", exclude_defaults=True) | {"kind": action.kind}
    aims = {"start", "end", "target", "via"}
    return {name: value for name, value in told.items() if name not in aims} == {
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
