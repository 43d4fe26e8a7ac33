"""Describes a recorded action in words that handeye's own grounding resolves to the same element."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from handeye.perception.embedded import EmbeddedPerception
from handeye.policies.decision import PolicyInput
from handeye.policies.plain_english import PlainEnglish
from handeye.policies.replay.signatures import target_signature
from handeye.scenarios.export.draft import is_expressible
from handeye.scenarios.export.english import target_phrases
from handeye.tools.actions import HAND_KINDS, Target, targets
from handeye.tools.errors import HandeyeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from handeye.perception.observation import Observation
    from handeye.tools.element import Element
    from handeye.tools.geometry import Point

#: The number of phrases that are tried.
MOST = 24


class StepText(NamedTuple):
    """The text of a step, with a note about it."""

    step: str
    comment: str = ""


def element_phrases(element: Element, observation: Observation, point: Point | None = None) -> list[str]:
    """Return phrases for an element, the most natural first."""
    visible = element.box.within(observation.screenshot.width, observation.screenshot.height) or element.box
    target = Target(phrase=element.role, point=point or visible.centre, element=element.id, box=element.box)
    signature = target_signature(target, observation)
    return list(dict.fromkeys(target_phrases(signature, element.description)))[:MOST]


def describe_element(
    element: Element,
    observation: Observation,
    steps: Callable[[str], str | None],
    kinds: Iterable[str],
    point: Point | None = None,
) -> StepText:
    """Return the step that grounds to this element and to no other. `steps` makes a step from a phrase.

    `kinds` are the actions that the step may have. Where no phrase works, the step uses the position, with a comment.
    """
    wanted, doubtful = frozenset(kinds), ""
    *words, place = element_phrases(element, observation, point)
    for phrase in words:
        step = steps(phrase)
        if not step or not is_expressible(step):
            continue
        sure = leads_to(step, {element.id}, observation, wanted)
        if sure:
            return StepText(step)
        doubtful = doubtful or (step if sure is not None else "")
    if doubtful:
        return StepText(doubtful, "several things are called so; the first of them was meant")
    if "click" in wanted and (step := steps(place)):
        return StepText(step, "a place in pixels: no words were found that lead there")
    name = element.name or element.role
    return StepText("", f"something was done to “{name}”, and no words were found that lead there")


def leads_to(step: str, ids: set[str], observation: Observation, kinds: frozenset[str]) -> bool | None:
    """Return whether the plain-English policy applies the step to these elements; None for a step with another action.

    It is False also when the policy would only choose the first of several elements.
    """
    try:
        task = PolicyInput(goal=step, observation=observation, kinds=HAND_KINDS)
        decision = PlainEnglish().choose(task, EmbeddedPerception())
    except HandeyeError:
        return None
    aimed = {target.element for target in targets(decision.action).values()}
    if decision.action.kind not in kinds or aimed != ids:
        return None
    return not any("things fit" in note for note in decision.notes)
