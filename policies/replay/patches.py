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

#: A part of the screen is the same when it correlates so well with the patch, from -1 to 1.
SAME = 0.92
#: And when its mean colour is no further off than this, of 255: correlation alone sees no colours.
COLOUR = 24.0
#: A patch whose pixels differ by less than this shows nothing.
PLAIN = 5.0
#: A patch with more of it black than this was blacked out.
BLACK = 0.2
#: The most places that are returned for one patch.
MAX_PATCH_MATCHES = 6


def cut_patch(signature: TargetSignature, screen: Image.Image) -> tuple[TargetSignature, bytes]:
    """The sight with its patch cut out of the screen, and the patch as PNG; as it was where nothing is to be kept."""
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
    """Where the point of a patch is on the screen, the likeliest first; normalised correlation."""
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
