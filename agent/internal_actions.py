"""What the loop does itself, without a hand: find targets, wait for text, read, remember, look closer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handeye.perception.outcome import Outcome
from handeye.perception.phrases.matching import shows
from handeye.tools import cancellation
from handeye.tools.actions import Extract, Remember, Wait, Zoom, targets
from handeye.tools.errors import ActionRefused, Stopped
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.observation import Grounding, Observation
    from handeye.perception.perception import Perception
    from handeye.tools.actions import Action, Target
    from handeye.tools.device import Device

#: Pause between two looks while waiting for text; a look itself costs about as much.
POLL_SECONDS = 0.2
#: An extract without a target gives at most so many characters of the screen's text.
EXTRACT_LIMIT = 2000


@dataclass(frozen=True)
class Carried:
    """What an action of the mind gave."""

    result: str
    outcome: Outcome
    facts: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    view: Box | None = None


def ground_targets(
    action: Action, observation: Observation, perception: Perception
) -> tuple[Action, dict[str, Grounding]]:
    """The action with a point in every target, and by field name what found the points that were missing.

    Raises ActionRefused when a target is not on the screen, or when several answer to it equally well.
    """
    found: dict[str, Grounding] = {}
    points: dict[str, Target] = {}
    for name, target in targets(action).items():
        if target.point is not None:
            observation.screenshot.check(target.point, str(target))
            continue
        grounding = None if target.phrase else _by_element(target, observation)
        if target.phrase:
            grounding = perception.ground(observation, target.phrase)
        if grounding is None:
            raise ActionRefused(f"{target} is not on the screen; name something that is, or scroll to it")
        if grounding.unclear:
            raise ActionRefused(grounding.unclear)
        observation.screenshot.check(grounding.point, str(target))
        found[name] = grounding
        known = {"point": grounding.point, "box": grounding.box, "element": grounding.element}
        points[name] = target.model_copy(update=known)
    return action.model_copy(update=points), found


def carry_out(
    action: Action,
    observation: Observation,
    perception: Perception,
    device: Device,
    facts: dict[str, str],
    stopping: Callable[[], bool],
) -> Carried:
    """Do an action that needs no hand."""
    match action:
        case Wait(text=text, seconds=seconds):
            return _wait_for(text, seconds, facts, perception, device, stopping)
        case Remember(name=name, text=text):
            return Carried(f"remembered {name}", Outcome(kind="confirmed"), facts | {name: text})
        case Extract(what=what):
            text = _read(action, observation)
            outcome = Outcome(kind="confirmed" if text else "no_effect", evidence=f"{len(text)} characters")
            return Carried(text, outcome, facts | {what: text}, text)
        case Zoom(target=target):
            view = around(target, observation)
            return Carried("the next picture shows only this part", Outcome(kind="confirmed"), facts, view=view)
        case _:
            raise ActionRefused(f"{action.kind} is not something to carry out here; choose another action")


def _by_element(target: Target, observation: Observation) -> Grounding | None:
    from handeye.perception.observation import Grounding

    element = next((each for each in (*observation.elements, *observation.read) if each.id == target.element), None)
    visible = element.box.within(observation.screenshot.width, observation.screenshot.height) if element else None
    if element is None or visible is None:
        return None
    return Grounding(visible.centre, by=element.source, box=element.box, element=element.id)


def _wait_for(
    text: str,
    seconds: float,
    facts: dict[str, str],
    perception: Perception,
    device: Device,
    stopping: Callable[[], bool],
) -> Carried:
    began = time.monotonic()
    last: Observation | None = None
    while True:
        waited = time.monotonic() - began
        observation = perception.observe(device)
        # Reading a picture takes long, and one that has not changed says what it said.
        if not (last and _same(last, observation)) and shows(observation, text):
            evidence = f"“{text}” shows after {waited:.1f} s"
            return Carried(evidence, Outcome(kind="confirmed", evidence=evidence), facts)
        last = observation
        if stopping():
            raise Stopped(f"stopped while it waited for “{text}”")
        if waited >= seconds:
            evidence = f"“{text}” did not show within {waited:.1f} s"
            return Carried(evidence, Outcome(kind="no_effect", evidence=evidence), facts)
        cancellation.pause(min(POLL_SECONDS, max(0.0, seconds - waited)))


def _same(one: Observation, other: Observation) -> bool:
    """Whether two looks at the screen see the same."""
    signals = one.signals.model_copy(update={"page_changes": None}) == other.signals.model_copy(
        update={"page_changes": None}
    )
    return (
        signals
        and one.elements == other.elements
        and one.screenshot.image.tobytes() == other.screenshot.image.tobytes()
    )


def _read(action: Extract, observation: Observation) -> str:
    if action.target is None:
        elements = observation.elements or observation.words
        return "\n".join(dict.fromkeys(element.name for element in elements if element.name))[:EXTRACT_LIMIT]
    element = next(
        (each for each in (*observation.elements, *observation.read) if each.id == action.target.element), None
    )
    if element:
        return element.value or element.name
    box = action.target.box or Box(*action.target.point or (0, 0), *action.target.point or (0, 0))
    inside = [each for each in observation.elements or observation.words if each.box.overlap(box)]
    return " ".join(each.name for each in inside)


def around(target: Target, observation: Observation) -> Box:
    """A part of the screen around the target, a third as wide and high, larger if the target is."""
    width, height = observation.screenshot.width, observation.screenshot.height
    x, y = target.point or (width // 2, height // 2)
    across = max(width // 6, target.box.width if target.box else 0)
    down = max(height // 6, target.box.height if target.box else 0)
    return Box(x - across, y - down, x + across, y + down).within(width, height) or Box(0, 0, width, height)
