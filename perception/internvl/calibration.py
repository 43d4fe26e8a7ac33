"""Determines the coordinates a model writes, from questions about shapes at known positions.

Every convention is tried: coordinate space, order of a pair, and form of a box. For each one, a robust method fits the
scale and offset. The convention with the lowest cost wins; a scale and an offset add to the cost.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, get_args

import numpy as np
from PIL import Image

from handeye.perception.dialects import parse_point
from handeye.perception.dialects.reasoning import Separated, separated
from handeye.perception.engines.engine import Request
from handeye.perception.internvl.profiles import BoxForm, ModelProfile, Space
from handeye.perception.internvl.prompt import ground_prompt
from handeye.perception.marks import mark_answers
from handeye.perception.model_perception import ANSWER_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from handeye.perception.engines.engine import Engine
    from handeye.perception.internvl.calibration_page import CalibrationTarget
    from handeye.tools.geometry import Box

    Floats = NDArray[np.float64]

#: Limits of scale and offset. Larger ones would let answers that are all equal fit any places.
LEAST_SCALE, MOST_SCALE, MOST_OFFSET = 0.6, 1.6, 0.25
#: Two answers closer than this fraction of a side do not determine the scale.
APART = 0.15
#: The assumed share of answers that scatter around the place; the others are outliers.
TRUSTED = 0.65
#: Scatter below this, in pixels, is rounding, and does not make a convention better.
ROUNDING = 1.0
#: An answer with an error above this fraction of the diagonal is always an outlier.
WILD = 0.05
#: From the median of the distances of normally scattered answers (Rayleigh: 1.18 sigma) to three sigma.
SPREAD = 3 / 1.1774


@dataclass(frozen=True)
class Known:
    """The numbers that a model wrote for a known place."""

    numbers: tuple[float, ...]
    """Two or four numbers, as written."""
    box: Box
    """The true place, in pixels of the image."""
    size: tuple[int, int]
    """Width and height of the image."""


@dataclass(frozen=True)
class Convention:
    """A way to write coordinates, and how well it fits."""

    changes: dict[str, object]
    """The fields of `ModelProfile` that express it."""
    cost: float
    """Lower is better: the improbability of the answers, plus a cost of scale and offset."""

    def applied(self, profile: ModelProfile) -> ModelProfile:
        """Return the profile with this convention."""
        return profile.model_copy(update=self.changes)


def fit_convention(known: Sequence[Known]) -> Convention | None:
    """Return the convention that explains the numbers best; None when there are too few.

    All answers have two numbers, or all have four. Up to about a third may be outliers. Images should differ in size
    and ratio, otherwise pixels and fractions cannot be distinguished.
    """
    if len(known) < 4:
        return None
    return min((each for way in _ways(len(known[0].numbers)) for each in _fits(known, *way)), key=lambda one: one.cost)


def _ways(count: int) -> Iterator[tuple[Space, str, BoxForm]]:
    forms: tuple[BoxForm, ...] = get_args(BoxForm) if count == 4 else ("corners",)
    yield from product(get_args(Space), ("xy", "yx"), forms)


def _fits(known: Sequence[Known], space: Space, order: str, form: BoxForm) -> Iterator[Convention]:
    """This way to write places: as it stands, and with the scale and offset that fit best."""
    plain = ModelProfile(name="tried", space=space, order=order, box=form)  # type: ignore[arg-type]
    # Shape (answers, corners, 2): shares of the picture's sides; a point is its own only corner.
    given = np.array([plain.shares(one.numbers, one.size) for one in known])
    truth = np.array([_corners(one) for one in known])
    sizes = np.array([one.size for one in known], dtype=np.float64)
    fields = {"space": space, "order": order, "box": form, "answers": "box" if given.shape[1] == 2 else "point"}
    straight = (np.ones(2), np.zeros(2))
    for (scale, offset), freedom in ((straight, 0), (_bent(given, truth, sizes), 4)):
        errors = _errors(given, truth, sizes, scale, offset)
        # Twice what Schwarz (1978) charges for each free number: they were chosen among many.
        cost = _unlikely(errors, sizes) + 2 * freedom * math.log(len(known))
        fitted = {"scale": _rounded(scale), "offset": _rounded(offset)}
        yield Convention({**fields, **fitted}, cost)


def _corners(one: Known) -> list[list[float]]:
    """Return the true place in the form of the answer: two corners of a box, or its middle."""
    width, height = one.size
    left, top, right, bottom = one.box
    if len(one.numbers) == 4:
        return [[left / width, top / height], [right / width, bottom / height]]
    return [[(left + right) / 2 / width, (top + bottom) / 2 / height]]


def _errors(given: Floats, truth: Floats, sizes: Floats, scale: Floats, offset: Floats) -> Floats:
    """Return the error of each answer in pixels: the root mean square over its corners."""
    off = (given * scale + offset - truth) * sizes[:, None, :]
    return np.asarray(np.sqrt((off**2).sum(axis=2).mean(axis=1)))


def _unlikely(errors: Floats, sizes: Floats) -> float:
    """Return minus twice the log-likelihood of the answers, at the scatter that maximises it."""
    anywhere = (1 - TRUSTED) / (sizes[:, 0] * sizes[:, 1])
    scatters = np.geomspace(ROUNDING, WILD * float(np.hypot(*sizes.max(axis=0))), 25)[:, None]
    near = TRUSTED / (2 * math.pi * scatters**2) * np.exp(-(errors**2) / (2 * scatters**2))
    return float((-2 * np.log(near + anywhere).sum(axis=1)).min())


def _bent(given: Floats, truth: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """The scale and offset across and down that fit best.

    Least median of squares over all pairs of answers (Rousseeuw, 1984), which up to half of wild answers cannot lead
    astray; then least squares over the answers near that.
    """
    middles, wanted = given.mean(axis=1), truth.mean(axis=1)
    scale, offset = np.ones(2), np.zeros(2)
    off = np.hypot(*((middles - wanted) * sizes).T)
    least = float(np.median(off))
    for one, other in combinations(range(len(given)), 2):
        apart = middles[one] - middles[other]
        if np.abs(apart).min() < APART:
            continue
        tried = (wanted[one] - wanted[other]) / apart
        shift = wanted[one] - tried * middles[one]
        if not _sensible(tried, shift):
            continue
        errors = np.hypot(*((middles * tried + shift - wanted) * sizes).T)
        median = float(np.median(errors))
        if median < least:
            least, scale, offset, off = median, tried, shift, errors
    for _ in range(3):
        near = off <= near_enough(float(np.median(off)), sizes)
        if near.sum() < 4:
            break
        tried, shift = _least_squares(middles[near], wanted[near])
        if not _sensible(tried, shift):
            break
        scale, offset = tried, shift
        off = np.hypot(*((middles * scale + offset - wanted) * sizes).T)
    return scale, offset


def near_enough(median: float, sizes: Floats) -> Floats:
    """Return the largest error, in pixels, of an answer that is not an outlier, for each image of these sizes."""
    return np.asarray(np.minimum(max(6.0, SPREAD * median), WILD * np.hypot(sizes[:, 0], sizes[:, 1])))


def _least_squares(given: Floats, truth: Floats) -> tuple[Floats, Floats]:
    middle, target = given.mean(axis=0), truth.mean(axis=0)
    spread = ((given - middle) ** 2).sum(axis=0)
    scale = ((given - middle) * (truth - target)).sum(axis=0) / np.maximum(spread, 1e-12)
    return scale, target - scale * middle


def _sensible(scale: Floats, offset: Floats) -> bool:
    return bool((scale >= LEAST_SCALE).all() and (scale <= MOST_SCALE).all() and (np.abs(offset) <= MOST_OFFSET).all())


def _rounded(pair: Floats) -> tuple[float, float]:
    return round(float(pair[0]), 4), round(float(pair[1]), 4)


#: A fit is good when at least this share of the answers agrees with it …
AGREED = 0.6
#: … when at least this share of the questions has an answer …
ANSWERED = 0.5
#: … and when the median error is at most this fraction of the image's diagonal: 32 pixels of 1344x896.
PRECISE = 0.02
#: The limit of tokens for a model that reasons before it answers.
THINKING_TOKENS = 2048

NUMBER = r"[-+]?\d{1,7}(?:\.\d{1,17})?"
#: The phrase of an answer, which may contain numbers and is ignored.
ASIDE = re.compile(r"<ref>.*?(?:</ref>|$)", re.DOTALL)
GAP = r"(?:\s{0,8},\s{0,8}|\s{1,8})"
GROUP = re.compile(rf"[\[({{]\s{{0,8}}({NUMBER}(?:{GAP}{NUMBER}){{1,3}})\s{{0,8}}[\])}}]")
NAMED = re.compile(rf"\bx\s{{0,4}}[=:]\s{{0,4}}({NUMBER})\W{{1,8}}y\W{{1,8}}({NUMBER})", re.IGNORECASE)
#: Pixels between the images of a sheet.
BETWEEN = 16
#: Longer answers are cut: the place is at the beginning.
MOST_CHARACTERS = 8000


@dataclass(frozen=True)
class CalibrationAnswer:
    """One shape on a calibration image, with the model's answer."""

    target: CalibrationTarget
    picture: int
    """The index of its image."""
    size: tuple[int, int]
    text: str | Separated
    """The model's text; with its reasoning, unless an engine has separated it."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers of the answer, in no coordinate space yet; empty when it names no place."""
        return numbers_in(self.text)


@dataclass(frozen=True)
class Calibration:
    """The result of a calibration: the profile that fits best, and how well it fits."""

    profile: ModelProfile
    """The model's profile with the convention that fits best."""
    samples: tuple[CalibrationAnswer, ...]
    points: tuple[tuple[int, int] | None, ...]
    """The point of each answer according to the profile, in pixels; None without a place."""
    errors: tuple[float | None, ...]
    """The distance in pixels from each point to the middle of its shape."""
    agreed: tuple[bool, ...]
    """Whether each answer agrees with the others; the rest are outliers."""
    trouble: str
    """Why the fit is poor; empty when it is good."""

    @property
    def answered(self) -> int:
        """The number of answers that name a place."""
        return sum(bool(one.numbers) for one in self.samples)

    def error(self, quantile: float) -> float | None:
        """Return this quantile (0 to 1) of the errors of the answers that agree, in pixels; None when none agrees."""
        errors = [error for error, agrees in zip(self.errors, self.agreed, strict=True) if agrees]
        return float(np.quantile(np.array(errors, dtype=np.float64), quantile)) if errors else None


def query_targets(
    engine: Engine,
    pictures: Sequence[tuple[Image.Image, Sequence[CalibrationTarget]]],
    listen: Callable[[], None] | None = None,
) -> tuple[CalibrationAnswer, ...]:
    """Return the model's answers to the family's grounding question, for every shape on every image.

    `listen` is called after each answer. Raises ModelError if the model does not answer.
    """
    samples = []
    tokens = THINKING_TOKENS if engine.profile.thinks else ANSWER_TOKENS
    for number, (image, targets) in enumerate(pictures):
        for target in targets:
            answer = engine.generate(Request(ground_prompt(engine.profile, image, target.phrase), max_tokens=tokens))[0]
            samples.append(CalibrationAnswer(target, number, image.size, answer.separated))
            if listen:
                listen()
    return tuple(samples)


def fit_calibration(profile: ModelProfile, samples: Sequence[CalibrationAnswer]) -> Calibration:
    """Return the profile that explains these answers best, and how well it does."""
    known = [Known(one.numbers, one.target.box, one.size) for one in samples if one.numbers]
    counts = [sum(len(one.numbers) == count for one in known) for count in (2, 4)]
    most = 2 if counts[0] > counts[1] else 4
    found = fit_convention([one for one in known if len(one.numbers) == most])
    fitted = found.applied(profile) if found else profile
    points = tuple(parse_point(one.text, fitted, one.size) for one in samples)
    errors = tuple(_off(one, point) for one, point in zip(samples, points, strict=True))
    agreed = _agreed(samples, errors)
    return Calibration(fitted, tuple(samples), points, errors, agreed, _trouble(samples, errors, agreed))


def describe_coordinates(profile: ModelProfile) -> str:
    """Return a sentence about how a profile writes coordinates."""
    forms = {"corners": "two corners", "size": "a corner and its size", "centre": "its middle and its size"}
    parts = [f"coordinates {profile.space}", "across first" if profile.order == "xy" else "down first"]
    parts.append(f"a box as {forms[profile.box]}" if profile.answers == "box" else "a point")
    if profile.scale != (1.0, 1.0) or profile.offset != (0.0, 0.0):
        parts.append(f"times {profile.scale[0]:.3f} across and {profile.scale[1]:.3f} down")
        parts.append(f"then {profile.offset[0]:+.1%} of the width and {profile.offset[1]:+.1%} of the height")
    return ", ".join(parts)


def draw_calibration(calibration: Calibration, images: Sequence[Image.Image], width: int = 1600) -> Image.Image:
    """Return the images in two columns, `width` pixels wide, with the shapes outlined and the answers marked."""
    parts = []
    for number, image in enumerate(images):
        answers = [
            (_outline(one.target), point)
            for one, point in zip(calibration.samples, calibration.points, strict=True)
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
    """Return the two or four numbers of the place that an answer names, unchanged; empty when it names no place.

    Negative numbers name no place: `[[-1, -1, -1, -1]]` is how a model reports that something is not there.
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


def _agreed(samples: Sequence[CalibrationAnswer], errors: Sequence[float | None]) -> tuple[bool, ...]:
    given = [error for error in errors if error is not None]
    if not given:
        return (False,) * len(samples)
    bounds = near_enough(float(np.median(given)), np.array([one.size for one in samples], dtype=np.float64))
    return tuple(error is not None and error <= float(bound) for error, bound in zip(errors, bounds, strict=True))


def _trouble(samples: Sequence[CalibrationAnswer], errors: Sequence[float | None], agreed: Sequence[bool]) -> str:
    """Return why the fit is poor, with the limit; empty when it is good."""
    answered = sum(bool(one.numbers) for one in samples)
    if answered < ANSWERED * len(samples):
        return f"only {answered} of {len(samples)} answers named a place; at least {ANSWERED:.0%} must"
    if sum(agreed) < AGREED * answered:
        return f"only {sum(agreed)} of {answered} answers agree with the best fit; at least {AGREED:.0%} must"
    shares = [error / float(np.hypot(*one.size)) for one, error in _both(samples, errors, agreed)]
    if (median := float(np.median(shares))) > PRECISE:
        return f"the median error is {median:.1%} of the picture's diagonal; at most {PRECISE:.0%} is useful"
    return ""


def _both(
    samples: Sequence[CalibrationAnswer], errors: Sequence[float | None], agreed: Sequence[bool]
) -> Iterable[tuple[CalibrationAnswer, float]]:
    for one, error, agrees in zip(samples, errors, agreed, strict=True):
        if agrees and error is not None:
            yield one, error


def _outline(target: CalibrationTarget) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = target.box
    return (left, top), (right, top), (right, bottom), (left, bottom)
