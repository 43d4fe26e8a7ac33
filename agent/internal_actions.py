"""Actions that need no device input: find targets, wait for text, read, remember, look closer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handeye.perception.observation import Grounding
from handeye.perception.outcome import Outcome
from handeye.perception.phrases.matching import shows
from handeye.tools import cancellation
from handeye.tools.actions import Extract, Remember, Wait, Zoom, targets
from handeye.tools.errors import ActionRefused, Stopped
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.tools.actions import Action, Target
    from handeye.tools.device import Device
    from handeye.tools.element import Element

#: Pause between two observations while waiting for text, in seconds; an observation costs about as much.
POLL_SECONDS = 0.2
#: How many characters of the screen's text an extract without a target returns at most.
EXTRACT_LIMIT = 2000


@dataclass(frozen=True)
class InternalResult:
    """The result of an action without device input."""

    text: str
    outcome: Outcome
    facts: dict[str, str] = field(default_factory=dict)
    """All facts after the action."""
    answer: str = ""
    view: Box | None = None
    """The box to look at more closely next, in pixels of the screenshot."""


def ground_targets(
    action: Action, observation: Observation, perception: Perception
) -> tuple[Action, dict[str, Grounding]]:
    """The action with a point in every target, and by field name the groundings that were needed for it.

    Raises ActionRefused when a target is not on the screen, or when several elements match it equally well.
    """
    groundings: dict[str, Grounding] = {}
    grounded: dict[str, Target] = {}
    for name, target in targets(action).items():
        if target.point is not None:
            observation.screenshot.check(target.point, str(target))
            continue
        if target.phrase:
            grounding = perception.ground(observation, target.phrase)
        else:
            grounding = _ground_element(target, observation)
        if grounding is None:
            raise ActionRefused(f"{target} is not on the screen; name something that is, or scroll to it")
        if grounding.unclear:
            raise ActionRefused(grounding.unclear)
        observation.screenshot.check(grounding.point, str(target))
        groundings[name] = grounding
        known = {"point": grounding.point, "box": grounding.box, "element": grounding.element}
        grounded[name] = target.model_copy(update=known)
    return action.model_copy(update=grounded), groundings


def perform_internal(
    action: Action,
    observation: Observation,
    perception: Perception,
    device: Device,
    facts: dict[str, str],
    stop_requested: Callable[[], bool],
) -> InternalResult:
    """Perform an action that needs no device input. Raises ActionRefused for any other."""
    match action:
        case Wait(text=text, seconds=seconds):
            return _wait_for(text, seconds, facts, perception, device, stop_requested)
        case Remember(name=name, text=text):
            return InternalResult(f"remembered {name}", Outcome(kind="confirmed"), facts | {name: text})
        case Extract(what=what):
            text = _read(action, observation)
            outcome = Outcome(kind="confirmed" if text else "no_effect", evidence=f"{len(text)} characters")
            return InternalResult(text, outcome, facts | {what: text}, text)
        case Zoom(target=target):
            view = zoom_box(target, observation)
            text = "the next picture shows only this part"
            return InternalResult(text, Outcome(kind="confirmed"), facts, view=view)
        case _:
            raise ActionRefused(f"{action.kind} is not something to carry out here; choose another action")


def zoom_box(target: Target, observation: Observation) -> Box:
    """A box around the target, in pixels of the screenshot: a third of its width and height, more if needed."""
    width, height = observation.screenshot.width, observation.screenshot.height
    x, y = target.point or (width // 2, height // 2)
    across = max(width // 6, target.box.width if target.box else 0)
    down = max(height // 6, target.box.height if target.box else 0)
    return Box(x - across, y - down, x + across, y + down).within(width, height) or Box(0, 0, width, height)


def _ground_element(target: Target, observation: Observation) -> Grounding | None:
    element = _find_element(target, observation)
    visible = element.box.within(observation.screenshot.width, observation.screenshot.height) if element else None
    if element is None or visible is None:
        return None
    return Grounding(visible.centre, by=element.source, box=element.box, element=element.id)


def _find_element(target: Target, observation: Observation) -> Element | None:
    return next((each for each in (*observation.elements, *observation.read) if each.id == target.element), None)


def _wait_for(
    text: str,
    seconds: float,
    facts: dict[str, str],
    perception: Perception,
    device: Device,
    stop_requested: Callable[[], bool],
) -> InternalResult:
    """Observe until the text is on the screen or the seconds are over. Raises Stopped on a stop request."""
    began = time.monotonic()
    last: Observation | None = None
    while True:
        waited = time.monotonic() - began
        observation = perception.observe(device)
        # OCR takes long, and an unchanged screen contains the same text.
        if not (last and _same_content(last, observation)) and shows(observation, text):
            evidence = f"“{text}” shows after {waited:.1f} s"
            return InternalResult(evidence, Outcome(kind="confirmed", evidence=evidence), facts)
        last = observation
        if stop_requested():
            raise Stopped(f"stopped while it waited for “{text}”")
        if waited >= seconds:
            evidence = f"“{text}” did not show within {waited:.1f} s"
            return InternalResult(evidence, Outcome(kind="no_effect", evidence=evidence), facts)
        cancellation.pause(min(POLL_SECONDS, max(0.0, seconds - waited)))


def _same_content(one: Observation, other: Observation) -> bool:
    """Whether two observations contain the same elements, pixels and signals."""
    signals = one.signals.model_copy(update={"page_changes": None}) == other.signals.model_copy(
        update={"page_changes": None}
    )
    return (
        signals
        and one.elements == other.elements
        and one.screenshot.image.tobytes() == other.screenshot.image.tobytes()
    )


def _read(action: Extract, observation: Observation) -> str:
    """The text of the action's target; without a target that of the screen, at most EXTRACT_LIMIT characters."""
    if action.target is None:
        elements = observation.elements or observation.words
        return "\n".join(dict.fromkeys(element.name for element in elements if element.name))[:EXTRACT_LIMIT]
    if element := _find_element(action.target, observation):
        return element.value or element.name
    box = action.target.box or Box(*action.target.point or (0, 0), *action.target.point or (0, 0))
    inside = [each for each in observation.elements or observation.words if each.box.overlap(box)]
    return " ".join(each.name for each in inside)
