"""Pictures for the report: the relevant part of a screenshot, with the true place and the answer marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from handeye.perception.marks import mark_answers
from handeye.tools.errors import UsageError
from handeye.tools.screenshot import open_image

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.scenarios.datasets.item import GroundingItem
    from handeye.scenarios.eval.score import Measurement

#: A cut shows at least this much of the picture, so that a person sees where it is.
LEAST_WIDTH, LEAST_HEIGHT = 480, 320
#: Of what is to be seen, added on every side.
MARGIN = 0.35
#: The largest width of a crop in the report, in pixels; wider crops are scaled down.
MOST_WIDTH, MOST_HEIGHT = 960, 720
#: A thing smaller than this once shrunk could not be made out: then the cut shows the true place alone.
LEAST_SIDE = 8


class CropFiles(NamedTuple):
    """Two images in the report's folder: their names, and the size of the crop in pixels."""

    cut: str
    whole: str
    width: int
    height: int
    """Of the cut."""


def write_crop(item: GroundingItem, result: Measurement, folder: Path, name: str) -> CropFiles | None:
    """Write the crop and the whole image, both marked, and return their names; None when the image cannot be read."""
    try:
        image = open_image(item.path)
    except UsageError:
        return None
    cut = crop_marked(image, item, result)
    folder.mkdir(parents=True, exist_ok=True)
    whole = mark_answers(image, [(item.truth.corners if item.truth else (), result.point)])
    cut.save(folder / f"{name}.webp", quality=88, method=3)
    if max(whole.size) > 16_383:  # WebP's own limit
        whole.thumbnail((16_383, 16_383))
    whole.save(folder / f"{name}-whole.webp", quality=80, method=2)
    return CropFiles(f"{folder.name}/{name}.webp", f"{folder.name}/{name}-whole.webp", *cut.size)


def crop_marked(image: Image.Image, item: GroundingItem, result: Measurement) -> Image.Image:
    """Return the part of the image with the true place and the answer, scaled down before it is marked."""
    left, top, right, bottom = _view(image.size, item, result)
    part = image.crop((left, top, right, bottom))
    scale = min(1.0, MOST_WIDTH / part.width, MOST_HEIGHT / part.height)
    if scale < 1:
        size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
        part = part.resize(size, Image.Resampling.LANCZOS)

    def moved(x: float, y: float) -> tuple[float, float]:
        return (x - left) * scale, (y - top) * scale

    corners = [moved(*corner) for corner in item.truth.corners] if item.truth else []
    return mark_answers(part, [(corners, moved(*result.point) if result.point else None)])


def _view(size: tuple[int, int], item: GroundingItem, result: Measurement) -> tuple[int, int, int, int]:
    """What to show: both places where they are near each other, else the true one; the whole when there is none."""
    point = (*result.point, *result.point) if result.point else None
    if item.truth is None:
        return _grown(point, size) if point else (0, 0, *size)
    truth = item.truth.bounds
    if point is None:
        return _grown(truth, size)
    both = (min(truth[0], point[0]), min(truth[1], point[1]), max(truth[2], point[2]), max(truth[3], point[3]))
    view = _grown(both, size)
    scale = min(1.0, MOST_WIDTH / (view[2] - view[0]), MOST_HEIGHT / (view[3] - view[1]))
    side = max(truth[2] - truth[0], truth[3] - truth[1])
    return view if side * scale >= LEAST_SIDE else _grown(truth, size)


def _grown(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box with a margin, at least as large as a cut must be, moved to lie on the picture."""
    sides = []
    for low, high, least, whole in (
        (box[0], box[2], LEAST_WIDTH, size[0]),
        (box[1], box[3], LEAST_HEIGHT, size[1]),
    ):
        wanted = min(whole, max(least, (high - low) * (1 + 2 * MARGIN)))
        start = max(0.0, min((low + high - wanted) / 2, whole - wanted))
        sides.append((int(start), min(whole, int(start + wanted) + 1)))
    (left, right), (top, bottom) = sides
    return left, top, right, bottom
