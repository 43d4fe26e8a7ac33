"""A model's phrase that several controls answer equally well is refused with the candidates; its point is a place."""

from __future__ import annotations

import pytest
from PIL import Image

from handeye.agent.internal_actions import ground_targets
from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.observation import Observation
from handeye.tools.actions import Click, Target
from handeye.tools.element import Element
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Box, Point
from handeye.tools.screenshot import Screenshot


def element(role: str, name: str, top: int, path: tuple[int, ...]) -> Element:
    box = Box(20, top, 120, top + 20)
    return Element(id=f"{role}{top}", role=role, name=name, box=box, source="dom", path=path, items=(1,))


SCENE = Observation(
    Screenshot(Image.new("RGB", (300, 300), "white")),
    tuple(
        each
        for place, name in enumerate(("Mars", "Venus"))
        for each in (
            element("heading", name, 20 + 100 * place, (place, 0)),
            element("button", "Visit", 60 + 100 * place, (place, 1)),
        )
    ),
    reader=lambda _: (),
)


def test_a_phrase_alone_that_ties_is_refused_with_what_tells_the_candidates_apart() -> None:
    with pytest.raises(ActionRefused, match=r"2 controls answer to “Visit”: in the card “Mars”; in the card “Venus”"):
        ground_targets(Click(target=Target(phrase="Visit")), SCENE, EmbeddedPerception())


@pytest.mark.parametrize(
    ("target", "point"),
    [
        (Target(phrase='Visit in the card with "Venus"'), (70, 170)),
        (Target(phrase="the first Visit"), (70, 70)),
        (Target(phrase="Visit", point=Point(60, 165)), (60, 165)),
        (Target(element="button160"), (70, 170)),
    ],
)
def test_a_container_a_number_a_point_or_an_element_decides(target: Target, point: tuple[int, int]) -> None:
    action, found = ground_targets(Click(target=target), SCENE, EmbeddedPerception())
    assert isinstance(action, Click)
    assert action.target.point == point
    assert all(grounding.confidence <= 1 for grounding in found.values())
