"""The model that ships: it points at icons of screens it has never seen, and only at what means an icon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.perception.observation import Observation
from handeye.perception.pocket_inference import PhraseReading
from handeye.perception.pocket_perception import SHIPPED, Fusion, PocketPerception, Pointer
from handeye.perception.training.data.drawn import drawn
from handeye.perception.training.data.target_phrases import Names
from handeye.tools.screenshot import Screenshot

if TYPE_CHECKING:
    from handeye.tools.geometry import Box


@pytest.fixture(scope="module")
def asked() -> list[tuple[Screenshot, str, Box]]:
    """Icons without words on held-out screens, and what they are called."""
    found = []
    for seed in range(700, 716):
        screen = drawn(seed, 2, held_out=True)
        names, shot = Names(screen), Screenshot(screen.image)
        icons = [number for number, each in enumerate(screen.targets) if each.icon and not each.text]
        for number in icons[:3]:
            said = [phrase.text for phrase in names.of(number) if phrase.plain and "icon" in phrase.text]
            found += [(shot, said[0], screen.targets[number].box)] if said else []
    return found


def test_icons_are_pointed_at_where_the_picture_shows_them(asked: list[tuple[Screenshot, str, Box]]) -> None:
    pointer = Pointer(PhraseReading(SHIPPED))
    others = [*asked[len(asked) // 2 :], *asked[: len(asked) // 2]]
    right = control = 0
    for (shot, phrase, box), (other, *_) in zip(asked, others, strict=True):
        here, elsewhere = pointer.point(shot.image, phrase), pointer.point(other.image, phrase)
        right += bool(here and box.holds(here.point))
        control += bool(elsewhere and box.holds(elsewhere.point))
    assert len(asked) >= 20
    assert right >= len(asked) / 3
    assert control <= len(asked) / 10, "the picture is not looked at"


def test_the_eyes_point_at_icons_and_at_nothing_else(asked: list[tuple[Screenshot, str, Box]]) -> None:
    reading = PhraseReading(SHIPPED)
    perception, pointer = PocketPerception(reading, fusion=Fusion.read(SHIPPED)), Pointer(reading)
    sure = [
        (shot, phrase, at.point)
        for shot, phrase, _ in asked
        if (at := pointer.point(shot.image, phrase)) and at.confidence > 0.6
    ]
    assert sure
    for shot, phrase, point in sure[:3]:
        observation = Observation(shot, reader=lambda _: ())
        found = perception.ground(observation, phrase)
        assert found
        assert (found.by, found.point) == ("pocket", point)
        assert perception.ground(observation, "the Send invoice link") is None
