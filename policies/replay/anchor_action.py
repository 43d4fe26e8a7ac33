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

#: These are done wherever they are: an address, a pause and a reading need no place.
ANYWHERE = frozenset({"navigate", "wait", "call", "ask", "tabs", "window", "reload"})
#: So many letters of a screen's digest are its fingerprint.
FINGERPRINT = 16


@dataclass(frozen=True)
class AnchorMatch:
    """What came of looking for an anchor's targets."""

    action: Action | None
    """To be done now; None where too few signals agree."""
    says: str
    whole: bool = True
    """Whether all signals agree that were taken down."""
    away: Box | None = None
    """A target that is there, and off the screen."""


def match_anchor(anchor: Anchor, observation: Observation, patches: Patches) -> AnchorMatch:
    """The action of an anchor with points for its targets, as far as its signals agree."""
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
    """Whether an action does the same as an anchor's, whatever it aims at."""
    told = action.model_dump(mode="json", exclude_defaults=True) | {"kind": action.kind}
    aims = {"start", "end", "target", "via"}
    return {name: value for name, value in told.items() if name not in aims} == {
        name: value for name, value in anchor.action.items() if name not in aims
    }


def same_words(anchor: Anchor, action: Action) -> bool:
    """Whether an action does the same as an anchor's, and names its targets by the same words."""
    return same_action(anchor, action) and all(
        anchor.action.get(name) == target.phrase for name, target in targets(action).items()
    )


def screen_state(signals: Signals) -> dict[str, str]:
    """What a device says of itself, as anchors keep it."""
    parts = urlsplit(signals.url)
    address = parts.path + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
    return {"address": address if signals.url else "", "title": signals.title, "focus": signals.focus}


def _placeless(anchor: Anchor, observation: Observation, same: bool) -> AnchorMatch:
    """For what has no target: it is the same place to act when the screen as a whole still is the same."""
    action = parse_action(anchor.action)
    if isinstance(action, Done | Remember):  # what was read off the screen must be on it
        read = action.answer if isinstance(action, Done) else action.text
        lost = next((line for line in read.splitlines() if line.strip() and not shows(observation, line)), "")
        return (
            AnchorMatch(None, f"“{lost[:60]}” is not on the screen")
            if lost
            else AnchorMatch(action, "all that was read is there")
        )
    if action.kind in ANYWHERE:
        return AnchorMatch(action, "it needs no place")
    now = screen_state(observation.signals)
    agreeing = _agreeing(anchor.before, now)
    if anchor.before.focus and action.kind in ("key", "type") and "focus" not in agreeing:
        return AnchorMatch(None, f"the keyboard is at {now['focus'] or 'nothing'}, not at {anchor.before.focus}")
    agreeing += ["screen"] if same else []
    wanted = [name for name in now if getattr(anchor.before, name)]
    enough = len(agreeing) >= min(ENOUGH, len(wanted) + 1)
    lacking = [name for name in wanted if name not in agreeing]
    if not enough:
        return AnchorMatch(None, f"the screen is another: {', '.join(lacking) or 'its picture'} differ")
    return AnchorMatch(action, f"{' and '.join(agreeing)} agree", not lacking)


def _agreeing(before: ScreenState, now: dict[str, str]) -> list[str]:
    return [
        name for name, value in now.items() if getattr(before, name) and same_landmark(getattr(before, name), value)
    ]


def _on_screen(place: TargetPlace, observation: Observation) -> Box | None:
    """What shows of a place; None when it must be scrolled to."""
    width, height = observation.screenshot.width, observation.screenshot.height
    if place.element is None:
        return Box(place.point.x, place.point.y, place.point.x + 1, place.point.y + 1).within(width, height)
    seen = place.element.box.within(width, height)
    return seen if seen and seen.height >= min(6, place.element.box.height) else None


def _target(anchor: Anchor, name: str, place: TargetPlace, visible: Box) -> Target:
    point = place.point if visible.holds(place.point) else visible.centre
    phrase = str(anchor.action.get(name, ""))
    # Where nothing was expected to come of it, nobody is to look for it again in vain: without words nobody can.
    words = "" if anchor.effect == "no_effect" else phrase
    element = place.element.id if place.element else ""
    return Target(phrase=words, point=point, element=element, box=visible if place.element else None)
