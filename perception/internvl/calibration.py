"""Finds out what coordinates a model writes, by asking it for shapes whose places are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from handeye.perception.dialects import parse_point
from handeye.perception.dialects.reasoning import Separated, separated
from handeye.perception.engines.engine import Request
from handeye.perception.internvl import conventions
from handeye.perception.internvl.prompt import ground_prompt
from handeye.perception.marks import mark_answers
from handeye.perception.model_perception import ANSWER_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from handeye.perception.engines.engine import Engine
    from handeye.perception.internvl.calibration_page import CalibrationTarget
    from handeye.perception.internvl.profiles import ModelProfile

#: A fit is good when so many of the answers given agree with it …
AGREED = 0.6
#: … with at least this many of all questions answered …
ANSWERED = 0.5
#: … and with a median error of at most this part of the picture's diagonal: 32 pixels of 1344x896.
PRECISE = 0.02
#: For a model that thinks before it answers.
THINKING_TOKENS = 2048

NUMBER = r"[-+]?\d{1,7}(?:\.\d{1,17})?"
#: Not part of the place: the phrase, which may hold numbers itself.
ASIDE = re.compile(r"<ref>.*?(?:</ref>|$)", re.DOTALL)
GAP = r"(?:\s{0,8},\s{0,8}|\s{1,8})"
GROUP = re.compile(rf"[\[({{]\s{{0,8}}({NUMBER}(?:{GAP}{NUMBER}){{1,3}})\s{{0,8}}[\])}}]")
NAMED = re.compile(rf"\bx\s{{0,4}}[=:]\s{{0,4}}({NUMBER})\W{{1,8}}y\W{{1,8}}({NUMBER})", re.IGNORECASE)
#: Pixels between the pictures of a sheet.
BETWEEN = 16
#: Longer answers are cut: places stand at their start.
MOST_CHARACTERS = 8000


@dataclass(frozen=True)
class CalibrationAnswer:
    """One shape that was asked for."""

    target: CalibrationTarget
    picture: int
    """Which of the pictures it is on."""
    size: tuple[int, int]
    text: str | Separated
    """What the model wrote; without an engine to separate it, with its reasoning."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers of a place, not yet in any space; none when it named no place."""
        return numbers_in(self.text)


@dataclass(frozen=True)
class Calibration:
    """What was found out."""

    profile: ModelProfile
    """The model's, with the way to write places that fits best."""
    asked: tuple[CalibrationAnswer, ...]
    points: tuple[tuple[int, int] | None, ...]
    """What each answer means to the profile, in pixels; None for nowhere."""
    errors: tuple[float | None, ...]
    """Pixels from that to the middle of the shape."""
    agreed: tuple[bool, ...]
    """Whether an answer agrees with the others; the rest are wild."""
    trouble: str
    """Why the fit is poor; empty when it is good."""

    @property
    def answered(self) -> int:
        """How many answers named a place at all."""
        return sum(bool(one.numbers) for one in self.asked)

    def error(self, quantile: float) -> float | None:
        """The error that this share of the answers that agree stays within, in pixels; None when none agrees."""
        errors = [error for error, agrees in zip(self.errors, self.agreed, strict=True) if agrees]
        return float(np.quantile(np.array(errors, dtype=np.float64), quantile)) if errors else None


def query_targets(
    engine: Engine,
    pictures: Sequence[tuple[Image.Image, Sequence[CalibrationTarget]]],
    listen: Callable[[], None] | None = None,
) -> tuple[CalibrationAnswer, ...]:
    """Ask for every shape on every picture, by the question of the model's family.

    `listen` is called after each answer. Raises ModelError when the model cannot be asked.
    """
    asked = []
    tokens = THINKING_TOKENS if engine.profile.thinks else ANSWER_TOKENS
    for number, (image, targets) in enumerate(pictures):
        for target in targets:
            answer = engine.generate(Request(ground_prompt(engine.profile, image, target.phrase), max_tokens=tokens))[0]
            asked.append(CalibrationAnswer(target, number, image.size, answer.separated))
            if listen:
                listen()
    return tuple(asked)


def fit_calibration(profile: ModelProfile, asked: Sequence[CalibrationAnswer]) -> Calibration:
    """The profile that understands these answers best, and how well it does."""
    known = [conventions.Known(one.numbers, one.target.box, one.size) for one in asked if one.numbers]
    counts = [sum(len(one.numbers) == count for one in known) for count in (2, 4)]
    most = 2 if counts[0] > counts[1] else 4
    found = conventions.find([one for one in known if len(one.numbers) == most])
    fitted = found.applied(profile) if found else profile
    points = tuple(parse_point(one.text, fitted, one.size) for one in asked)
    errors = tuple(_off(one, point) for one, point in zip(asked, points, strict=True))
    agreed = _agreed(asked, errors)
    return Calibration(fitted, tuple(asked), points, errors, agreed, _trouble(asked, errors, agreed))


def describe_coordinates(profile: ModelProfile) -> str:
    """How a profile writes places, in words."""
    forms = {"corners": "two corners", "size": "a corner and its size", "centre": "its middle and its size"}
    said = [f"coordinates {profile.space}", "across first" if profile.order == "xy" else "down first"]
    said.append(f"a box as {forms[profile.box]}" if profile.answers == "box" else "a point")
    if profile.scale != (1.0, 1.0) or profile.offset != (0.0, 0.0):
        said.append(f"times {profile.scale[0]:.3f} across and {profile.scale[1]:.3f} down")
        said.append(f"then {profile.offset[0]:+.1%} of the width and {profile.offset[1]:+.1%} of the height")
    return ", ".join(said)


def draw_calibration(calibration: Calibration, images: Sequence[Image.Image], width: int = 1600) -> Image.Image:
    """The pictures in two columns, `width` wide, with true places outlined and answers marked."""
    parts = []
    for number, image in enumerate(images):
        answers = [
            (_outline(one.target), point)
            for one, point in zip(calibration.asked, calibration.points, strict=True)
            if one.picture == number
        ]
        marked = mark_answers(image, answers)
        marked.thumbnail((width // 2 - BETWEEN, width))
        parts.append(marked)
    rows = [parts[first : first + 2] for first in range(0, len(parts), 2)]
    heights = [max(part.height for part in row) + BETWEEN for row in rows]
    sheet = Image.new("RGB", (width, sum(heights) + BETWEEN), "#8a8f98")
    for number, row in enumerate(rows):
        for column, part in enumerate(row):
            left = column * width // 2 + (width // 2 - part.width) // 2
            sheet.paste(part, (left, BETWEEN + sum(heights[:number])))
    return sheet


def numbers_in(text: str | Separated) -> tuple[float, ...]:
    """The two or four numbers of the place that an answer names, as they are written; none when it names no place.

    Negative numbers name no place: `[[-1, -1, -1, -1]]` is how a model says that a thing is not there.
    """
    text = ASIDE.sub(" ", separated(text).answer[:MOST_CHARACTERS])
    groups = [[float(number) for number in re.findall(NUMBER, match[1])] for match in GROUP.finditer(text)]
    named = NAMED.search(text)
    if groups and len(groups[0]) == 2 and len(groups) > 1 and len(groups[1]) == 2:
        found = groups[0] + groups[1]  # two corners, each in brackets of its own
    elif groups:
        found = next((group for group in groups if len(group) != 3), [])
    elif named:
        found = [float(named[1]), float(named[2])]
    else:
        found = [float(number) for number in re.findall(NUMBER, text)]
    return tuple(found) if len(found) in {2, 4} and min(found) >= 0 else ()


def _off(one: CalibrationAnswer, point: tuple[int, int] | None) -> float | None:
    if point is None:
        return None
    left, top, right, bottom = one.target.box
    return float(np.hypot(point[0] + 0.5 - (left + right) / 2, point[1] + 0.5 - (top + bottom) / 2))


def _agreed(asked: Sequence[CalibrationAnswer], errors: Sequence[float | None]) -> tuple[bool, ...]:
    given = [error for error in errors if error is not None]
    if not given:
        return (False,) * len(asked)
    bounds = conventions.near_enough(float(np.median(given)), np.array([one.size for one in asked], dtype=np.float64))
    return tuple(error is not None and error <= float(bound) for error, bound in zip(errors, bounds, strict=True))


def _trouble(asked: Sequence[CalibrationAnswer], errors: Sequence[float | None], agreed: Sequence[bool]) -> str:
    """Why the fit is poor, with the limit; empty when it is good."""
    answered = sum(bool(one.numbers) for one in asked)
    if answered < ANSWERED * len(asked):
        return f"only {answered} of {len(asked)} answers named a place; at least {ANSWERED:.0%} must"
    if sum(agreed) < AGREED * answered:
        return f"only {sum(agreed)} of {answered} answers agree with the best fit; at least {AGREED:.0%} must"
    shares = [error / float(np.hypot(*one.size)) for one, error in _both(asked, errors, agreed)]
    if (median := float(np.median(shares))) > PRECISE:
        return f"the median error is {median:.1%} of the picture's diagonal; at most {PRECISE:.0%} is useful"
    return ""


def _both(
    asked: Sequence[CalibrationAnswer], errors: Sequence[float | None], agreed: Sequence[bool]
) -> Iterable[tuple[CalibrationAnswer, float]]:
    for one, error, agrees in zip(asked, errors, agreed, strict=True):
        if agrees and error is not None:
            yield one, error


def _outline(target: CalibrationTarget) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = target.box
    return (left, top), (right, top), (right, bottom), (left, bottom)
