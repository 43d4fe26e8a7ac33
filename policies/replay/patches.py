"""Patches: small pictures of targets, cut from a screenshot and found again on another one."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from handeye.policies.replay.signatures import patch_box
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from handeye.policies.replay.signatures import TargetSignature

#: The least correlation of a match with the patch, from -1 to 1.
SAME = 0.92
#: The largest difference of its mean colour, of 255: correlation is computed on grey pixels.
COLOUR = 24.0
#: A patch with a smaller standard deviation is a plain area.
PLAIN = 5.0
#: A patch with a larger share of black pixels was masked as a secret.
BLACK = 0.2
#: The most places that are returned for one patch.
MAX_PATCH_MATCHES = 6


def cut_patch(signature: TargetSignature, screen: Image.Image) -> tuple[TargetSignature, bytes]:
    """The signature with its patch, and the patch as PNG; unchanged and empty where the patch has no information."""
    box = patch_box(signature, *screen.size)
    if box is None or box.width < 12 or box.height < 12:
        return signature, b""
    patch = screen.crop(box).convert("RGB")
    pixels = np.asarray(patch)
    if float(pixels.std(axis=(0, 1)).max()) < PLAIN or float((pixels.max(axis=2) == 0).mean()) > BLACK:
        return signature, b""
    file = BytesIO()
    patch.save(file, "PNG", optimize=True)
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
    hold = (signature.point.x - box.left, signature.point.y - box.top)
    return signature.model_copy(update={"patch": digest, "hold": hold}), file.getvalue()


def find_patch(patch: Image.Image, screen: Image.Image, hold: tuple[int, int]) -> list[Point]:
    """The points of a patch's matches on the screen by normalised correlation, the best first."""
    import cv2

    if patch.width > screen.width or patch.height > screen.height:
        return []
    small, large = np.asarray(patch.convert("RGB")), np.asarray(screen.convert("RGB"))
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (large, small)]
    scores = np.nan_to_num(np.asarray(cv2.matchTemplate(grey[0], grey[1], cv2.TM_CCOEFF_NORMED)))
    found: list[Point] = []
    mean = small.mean(axis=(0, 1))
    while len(found) < MAX_PATCH_MATCHES:
        y, x = (int(each) for each in np.unravel_index(int(scores.argmax()), scores.shape))
        if scores[y, x] < SAME:
            break
        there = large[y : y + patch.height, x : x + patch.width].mean(axis=(0, 1))
        if float(np.abs(there - mean).max()) <= COLOUR:
            found.append(Point(x + hold[0], y + hold[1]))
        scores[
            max(0, y - patch.height // 2) : y + patch.height // 2 + 1,
            max(0, x - patch.width // 2) : x + patch.width // 2 + 1,
        ] = -1.0
    return found
