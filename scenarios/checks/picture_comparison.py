"""Compares the screen with a picture file pixel by pixel, and marks the differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from handeye.scenarios.checks.external import resolve_path
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.geometry import Box
from handeye.tools.screenshot import open_image

if TYPE_CHECKING:
    from pathlib import Path

    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.scenarios.checks.kinds import PictureCheck

#: A pixel differs when a channel (0-255) differs by more than this; font smoothing causes smaller differences.
SHADE = 40
#: The brightness of the equal pixels in the marked image, as a fraction.
DIM = 0.35

Found = tuple[bool | None, str, Image.Image | None]


def similar(
    check: PictureCheck, observation: Observation, perception: Perception | None, folder: Path, *, update: bool = False
) -> Found:
    """Return whether a part of the screen equals the picture, the reason, and an image with the differences marked.

    With `update`, the screen is written to the picture file when it differs or is missing.
    """
    box = _part(check, observation, perception)
    if isinstance(box, str):
        return None, box, None
    seen = observation.screenshot.image.convert("RGB").crop(box)
    path = resolve_path(check.file, folder)
    try:
        wanted = open_image(path).convert("RGB")
    except UsageError as error:
        return (True, _written(seen, path), None) if update else (None, str(error), None)
    holds, says, marked = compared(seen, wanted, check.tolerance)
    if update and not holds:
        return True, _written(seen, path), None
    return holds, says, marked


def compared(seen: Image.Image, wanted: Image.Image, tolerance: float) -> tuple[bool, str, Image.Image | None]:
    """Return whether the share of different pixels is within the tolerance, the reason, and a marked image."""
    if seen.size != wanted.size:
        sizes = f"{seen.width}x{seen.height}, and the picture {wanted.width}x{wanted.height}"
        return False, f"it is {sizes}; --update-pictures writes it anew", None
    apart = np.abs(np.asarray(seen, dtype=np.int16) - np.asarray(wanted, dtype=np.int16)).max(axis=2) > SHADE
    share = float(apart.mean())
    if share <= tolerance:
        return True, f"{share:.3%} of its pixels differ", None
    down, across = np.nonzero(apart)
    box = Box(int(across.min()), int(down.min()), int(across.max()) + 1, int(down.max()) + 1)
    says = f"{share:.3%} of its pixels differ (at most {tolerance:.3%}), all within {list(box)}"
    return False, says, _marked(seen, apart, box)


def _part(check: PictureCheck, observation: Observation, perception: Perception | None) -> Box | str:
    """Return the box to compare in pixels of the screenshot, or the reason why there is none."""
    width, height = observation.screenshot.width, observation.screenshot.height
    if check.region:
        box = Box(*check.region)
        fits = box.right <= width and box.bottom <= height
        return box if fits else f"{list(box)} is not all on the screen ({width}x{height})"
    if not check.of:
        return Box(0, 0, width, height)
    found = perception.ground(observation, check.of) if perception else None
    box_ = found.box.within(width, height) if found and found.box else None
    return box_ or f"“{check.of}” is not found with a box on the screen"


def _marked(seen: Image.Image, apart: np.ndarray, box: Box) -> Image.Image:
    pixels = np.asarray(seen, dtype=np.float32)
    pixels = 255 - (255 - pixels) * DIM
    pixels[apart] = (214, 0, 60)
    marked = Image.fromarray(pixels.astype(np.uint8))
    around = (
        max(0, box.left - 4),
        max(0, box.top - 4),
        min(seen.width, box.right + 4),
        min(seen.height, box.bottom + 4),
    )
    ImageDraw.Draw(marked).rectangle(
        (around[0], around[1], around[2] - 1, around[3] - 1), outline=(214, 0, 60), width=2
    )
    return marked


def _written(seen: Image.Image, path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        seen.save(path)
    except (OSError, ValueError) as error:
        raise SetupError(f"{path} cannot be written ({error}); name a .png in a folder of yours") from error
    return f"{path} was written"
