"""Calibration finds out how a model writes places, whatever it is, and says so when it cannot."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handeye.perception.engines.engine import Answer, OptionScores, Request
from handeye.perception.internvl.calibration import (
    describe_coordinates,
    draw_calibration,
    fit_calibration,
    numbers_in,
    query_targets,
)
from handeye.perception.internvl.calibration_page import COLOURS, CalibrationTarget, make_board, make_boards
from handeye.perception.internvl.profiles import INTERNVL3, ModelProfile
from handeye.perception.internvl.prompt import Prompt
from handeye.tools import Browser
from handeye.tools.errors import UsageError

BOARDS = list(make_boards(24, seed=3))
PICTURES = [(each.draw(), each.targets) for each in BOARDS]


@dataclass
class Speaker:
    """A model that knows where every shape is, and writes places in its own way."""

    space: str = "0-1000"
    order: str = "xy"
    form: str = "corners"
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    noise: float = 0.0
    """Standard deviation of each edge, in pixels."""
    wild: float = 0.0
    """Share of the answers that are anywhere."""
    silent: float = 0.0
    """Share of the answers that name no place."""
    seed: int = 0
    name = "speaker"
    profile: ModelProfile = INTERNVL3
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        every = [(each.size, target.phrase) for each in BOARDS for target in each.targets]
        random.Random(self.seed).shuffle(every)
        quiet = round(self.silent * len(every))
        self.quiet, self.lost = every[:quiet], every[quiet : quiet + round(self.wild * len(every))]

    def generate(self, request: Request) -> list[Answer]:
        prompt = request.prompt
        size, question = prompt.images[0].size, str(prompt.turns[0].parts[-1])
        chance = random.Random(f"{self.seed} {question} {size}")
        each = next(each for each in BOARDS if each.size == size)
        target = next(one for one in each.targets if f"<ref>{one.phrase}</ref>" in question)
        if (size, target.phrase) in self.quiet:
            return [Answer(chance.choice(["It is not on the screen.", "[[-1, -1, -1, -1]]", ""]))]
        places = [place + chance.gauss(0, self.noise) for place in target.box]
        if (size, target.phrase) in self.lost:
            places = [chance.uniform(0, size[axis % 2]) for axis in range(4)]
        return [Answer(self.written(places, size))]

    def written(self, places: Sequence[float], size: tuple[int, int]) -> str:
        wholes = {"pixels": size, "0-1000": (1000, 1000), "0-1": (1, 1)}[self.space]
        shares = [place / size[axis % 2] for axis, place in enumerate(places)]
        own = [(share - self.offset[axis % 2]) / self.scale[axis % 2] for axis, share in enumerate(shares)]
        x1, y1, x2, y2 = (value * wholes[axis % 2] for axis, value in enumerate(own))
        x, y, width, height = (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
        pairs = {
            "corners": [(x1, y1), (x2, y2)],
            "size": [(x1, y1), (width, height)],
            "centre": [(x, y), (width, height)],
            "point": [(x, y)],
        }[self.form]
        numbers = [number for pair in pairs for number in (pair if self.order == "xy" else pair[::-1])]
        digits = 3 if self.space == "0-1" else 0
        return "[[" + ", ".join(f"{max(0.0, number):.{digits}f}" for number in numbers) + "]]"

    def score_options(self, prompt: Prompt, options: Sequence[str]) -> OptionScores:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to let go of."""


def spoken(profile: ModelProfile) -> tuple[str, str, str]:
    return profile.space, profile.order, profile.box if profile.answers == "box" else "point"


@pytest.mark.parametrize("space", ["pixels", "0-1000", "0-1"])
@pytest.mark.parametrize("order", ["xy", "yx"])
@pytest.mark.parametrize("form", ["corners", "size", "centre", "point"])
def test_every_way_to_write_a_place_is_recovered(space: str, order: str, form: str) -> None:
    speaker = Speaker(space, order, form, noise=5, wild=0.25, silent=0.1)
    found = fit_calibration(INTERNVL3, query_targets(speaker, PICTURES))
    assert spoken(found.profile) == (space, order, form)
    assert found.trouble == ""
    assert (found.profile.scale, found.profile.offset) == ((1.0, 1.0), (0.0, 0.0))
    median = found.error(0.5)
    assert median is not None
    assert median < 8
    assert sum(found.agreed) >= 0.65 * found.answered


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("space", ["pixels", "0-1000"])
def test_scale_and_offset_of_each_axis_are_measured_in_spite_of_wild_answers(space: str, seed: int) -> None:
    speaker = Speaker(space, scale=(1.25, 0.8), offset=(-0.08, -0.05), noise=3, wild=0.3, seed=seed)
    found = fit_calibration(INTERNVL3, query_targets(speaker, PICTURES))
    assert spoken(found.profile) == (space, "xy", "corners")
    assert found.profile.scale == pytest.approx((1.25, 0.8), abs=0.02)
    assert found.profile.offset == pytest.approx((-0.08, -0.05), abs=0.012)
    assert found.trouble == ""


@pytest.mark.parametrize("seed", range(4))
def test_noise_alone_earns_no_scale_and_offset(seed: int) -> None:
    found = fit_calibration(INTERNVL3, query_targets(Speaker(noise=8, seed=seed), PICTURES))
    assert (found.profile.scale, found.profile.offset) == ((1.0, 1.0), (0.0, 0.0))


def nonsense(write: Callable[[random.Random], str]) -> Speaker:
    class Nonsense(Speaker):
        def generate(self, request: Request) -> list[Answer]:
            return [Answer(write(random.Random(str(request.prompt.turns[0].parts[-1]))))]

    return Nonsense()


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda chance: str([chance.randint(0, 1000) for _ in range(4)]), "answers agree"),
        (lambda chance: str([chance.randint(0, 1000) for _ in range(2)]), "answers agree"),
        (lambda chance: "[[400, 400, 600, 600]]", "answers agree"),
        (lambda chance: "I see many shapes.", "only 0 of 24 answers named a place"),
        (lambda chance: "", "only 0 of 24 answers named a place"),
        (lambda chance: "[[-1, -1, -1, -1]]", "only 0 of 24"),
        (lambda chance: chance.choice(["(", "1e309", "[NaN, NaN]", "9" * 5000, "[[1, 2, 3]]"]), "only"),
    ],
)
def test_nonsense_is_a_poor_fit(write: Callable[[random.Random], str], words: str) -> None:
    found = fit_calibration(INTERNVL3, query_targets(nonsense(write), PICTURES))
    assert words in found.trouble


@pytest.mark.parametrize("seed", range(4))
def test_answers_that_scatter_widely_are_a_poor_fit(seed: int) -> None:
    assert fit_calibration(INTERNVL3, query_targets(Speaker(noise=90, seed=seed), PICTURES)).trouble


def test_a_profile_that_was_written_reads_answers_as_the_model_means_them(tmp_path: Path) -> None:
    speaker = Speaker("pixels", "yx", "centre", noise=2, wild=0.2)
    found = fit_calibration(INTERNVL3, query_targets(speaker, PICTURES))
    path = tmp_path / "profile.json"
    path.write_text(found.profile.model_dump_json())
    profile = ModelProfile.model_validate_json(path.read_text())
    assert profile == found.profile
    target = BOARDS[1].targets[0]
    text = Speaker("pixels", "yx", "centre").written(target.box, BOARDS[1].size)
    box = profile.to_box([float(number) for number in re.findall(r"[\d.]+", text)], BOARDS[1].size)
    assert box == pytest.approx(target.box, abs=2)
    assert describe_coordinates(profile) == "coordinates pixels, down first, a box as its middle and its size"


def test_a_box_that_stands_out_a_little_is_cut_and_one_that_is_not_there_stays_so() -> None:
    from handeye.perception.dialects import parse_boxes

    profile = INTERNVL3.model_copy(update={"box": "centre"})
    assert parse_boxes("[[20, 990, 80, 60]]", profile, (1000, 1000)) == [(0, 960, 60, 1000)]
    assert parse_boxes("[[-1, -1, -1, -1]]", profile, (1000, 1000)) == []
    assert parse_boxes("[[1300, 500, 80, 60]]", profile, (1000, 1000)) == []


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("[[1, 2, 3, 4]]", (1, 2, 3, 4)),
        ("<ref>the star labelled K7</ref><box>[[10,20,30,40]]</box>", (10, 20, 30, 40)),
        ("<|box_start|>(10,20),(30,40)<|box_end|>", (10, 20, 30, 40)),
        ('```json\n{"bbox_2d": [10, 20, 110.5, 60], "label": "K7"}\n```', (10, 20, 110.5, 60)),
        ("<action>click(x=0.3674, y=0.9192)</action>", (0.3674, 0.9192)),
        ("pyautogui.click(x=1443, y=343)", (1443, 343)),
        ('{"x": 12, "y": 34}', (12, 34)),
        ("Action: click(start_box='(197,525)')", (197, 525)),
        ("<point>12 34</point>", (12, 34)),
        ("<think>maybe [1, 2]</think>It is at (30, 40).", (30, 40)),
        ("0.5, 0.25", (0.5, 0.25)),
        ("[[-1, -1, -1, -1]]", ()),
        ("[[5, 6, 7]]", ()),
        ("the star labelled K7", ()),
        ("", ()),
    ],
)
def test_numbers_are_taken_as_they_are_written(text: str, numbers: tuple[float, ...]) -> None:
    assert numbers_in(text) == numbers


def inside(target: CalibrationTarget) -> tuple[int, int]:
    """A pixel of the shape that its label does not cover."""
    left, top, right, bottom = target.box
    return (left + right) // 2, round(top + (bottom - top) * 0.14)


def test_shapes_have_the_stated_boxes_on_the_picture_and_on_the_page(tmp_path: Path) -> None:
    made = make_board((800, 600), 12, seed=5)
    (tmp_path / "board.html").write_text(made.page())
    with Browser(str(tmp_path / "board.html"), viewport=made.size) as browser:
        page = browser.capture().image
    for image in (made.draw(), page):
        assert image.size == made.size
        pixels = np.asarray(image.convert("RGB")).astype(int)
        for target in made.targets:
            colour = np.array(Image.new("RGB", (1, 1), COLOURS[target.colour][0]).getpixel((0, 0)))
            x, y = inside(target)
            assert np.abs(pixels[y, x] - colour).max() < 12, target.phrase
            # Nothing of its colour lies outside of its box but right beside it, and it fills the box.
            left, top, right, bottom = target.box
            like = (np.abs(pixels - colour).max(axis=2) < 12)[top - 6 : bottom + 6, max(0, left - 6) : right + 6]
            rows, columns = np.nonzero(like)
            found = (columns.min() + max(0, left - 6), rows.min() + top - 6, columns.max() + max(0, left - 6) + 1, 0)
            assert (found[0], found[1], found[2]) == pytest.approx((left, top, right), abs=3)


def test_boards_are_the_same_for_the_same_seed_and_hold_what_they_promise() -> None:
    assert make_board((900, 600), 20, 1) == make_board((900, 600), 20, 1)
    assert make_board((900, 600), 20, 1) != make_board((900, 600), 20, 2)
    made = list(make_boards(25, 0))
    assert sum(len(each.targets) for each in made) == 25
    for each in made:
        phrases = {target.phrase for target in each.targets}
        assert len(phrases) == len(each.targets)
        for number, target in enumerate(each.targets):
            assert target.box.within(*each.size) == target.box
            assert not any(target.box.overlap(other.box) for other in each.targets[:number])
    with pytest.raises(UsageError, match="49 shapes have no room"):
        make_board((3000, 3000), 49, 0)
    with pytest.raises(UsageError, match="no room on 100x100"):
        make_board((100, 100), 8, 0)


def test_the_sheet_shows_every_picture() -> None:
    found = fit_calibration(INTERNVL3, query_targets(Speaker(wild=0.3), PICTURES))
    sheet = draw_calibration(found, [image for image, _ in PICTURES], width=600)
    assert sheet.width == 600
    assert 500 < sheet.height < 900
