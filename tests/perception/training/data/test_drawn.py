"""Drawn screens: the same for the same seed, with the exact box of everything on them."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from PIL import ImageChops

from handeye.perception.training.data import appearance
from handeye.perception.training.data.drawn import LEVELS, drawn, painted
from handeye.perception.training.data.icon_forms import forms
from handeye.perception.training.data.icons import ICONS, SYNONYMS
from handeye.perception.training.data.screen import LabeledScreen
from handeye.perception.training.data.strokes import Variant, mask
from handeye.tools.errors import SetupError
from handeye.tools.geometry import Box


def told(screen: LabeledScreen) -> tuple[bytes, object, object]:
    return screen.image.tobytes(), screen.targets, screen.about


def test_a_seed_is_one_screen_in_any_process() -> None:
    asked = [(seed, level, held) for seed in (1, 2) for level in range(LEVELS - 1) for held in (False, True)]
    here = [told(drawn(*each)) for each in asked]
    with ProcessPoolExecutor(1, get_context("spawn")) as workers:
        there = [told(screen) for screen in workers.map(drawn, *zip(*asked, strict=True))]
    assert here == there
    assert len({pixels for pixels, _, _ in here}) == len(asked)


@pytest.mark.parametrize(("seed", "level", "held_out"), [(3, 0, False), (4, 1, False), (5, 2, True), (7, 2, False)])
def test_the_pixels_of_a_target_lie_in_its_box_and_reach_its_edges(seed: int, level: int, held_out: bool) -> None:
    canvas, _ = painted(seed, level, held_out)
    for number, target in zip(canvas.numbers, canvas.targets, strict=True):
        without, _ = painted(seed, level, held_out, skip=number)
        found = ImageChops.difference(canvas.image, without.image).getbbox()
        assert found is not None, target
        # A pixel that a letter covers by less than a quarter is not counted as its own.
        beyond = [
            found[0] - target.box[0],
            found[1] - target.box[1],
            target.box[2] - found[2],
            target.box[3] - found[3],
        ]
        if target.role == "button" and target.icon and not target.text and max(beyond) > 1:
            # A button without a frame is where it can be pressed: around its icon.
            assert min(beyond) > 1, (target, found)
            assert target.box.holds(Box(*found).centre)
        else:
            assert max(map(abs, beyond)) <= 1, (target, found)


def test_every_level_holds_what_it_is_for() -> None:
    for level, (fewest, most) in enumerate(((3, 4), (3, 20), (4, 120), (30, 500))):
        screens = [drawn(seed, level, held) for seed in range(4) for held in (False, True)]
        assert all(fewest <= len(screen.targets) <= most for screen in screens), level
    assert drawn(1, 0).image.size == (224, 224)
    assert drawn(1, 3).image.size == (1344, 896)
    assert drawn(1, 3, size=(448, 448)).image.size == (448, 448)
    easiest = drawn(9, 0).targets
    assert len({target.colour for target in easiest}) == len({target.icon for target in easiest}) == len(easiest)


def test_held_out_screens_have_other_fonts_and_shades() -> None:
    fonts = {held: {drawn(seed, 2, held).about["font"] for seed in range(12)} for held in (False, True)}
    assert not (fonts[False] & fonts[True]) - {appearance.PLAIN}
    for training, held_out in appearance.COLOURS.values():
        assert not set(training) & set(held_out)


def test_a_screen_that_cannot_be_drawn_is_reported() -> None:
    with pytest.raises(SetupError, match=r"no level 4 .*0 to 3"):
        drawn(1, 4)
    with pytest.raises(SetupError, match=r"40x40 is too small .*96x96"):
        drawn(1, 0, size=(40, 40))


def test_every_icon_differs_from_every_other() -> None:
    for filled in (False, True):
        drawings = [Variant(name, filled=filled, form=n) for name in ICONS for n in range(len(forms(name)))]
        shown = {drawing: mask(drawing, 24) for drawing in drawings}
        assert all(picture.getbbox() for picture in shown.values())
        assert len({(drawing.name, picture.tobytes()) for drawing, picture in shown.items()}) == len(
            {picture.tobytes() for picture in shown.values()}
        )
    said = [word for words in SYNONYMS.values() for word in words]
    assert len(said) == len(set(said))
    assert not set(said) & set(ICONS)
