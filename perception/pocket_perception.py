"""Perception with the pocket model: it points at targets without text, such as icons.

Elements and text are matched first, as without a model; the model decides where they match nothing well.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.internvl.tiling import TilePoint, tile
from handeye.perception.observation import Grounding
from handeye.perception.pocket_inference import ABOUT, PhraseReading
from handeye.perception.snapping import snapped
from handeye.perception.usage import Usage
from handeye.tools.errors import SetupError
from handeye.tools.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Collection

    from PIL.Image import Image

    from handeye.perception.observation import Observation
    from handeye.tools.device import Device

MOST_TILES = 40
#: The file next to a checkpoint with the thresholds of its evaluation.
FUSION = "fusion.json"
#: The features of this many tiles are cached, so unchanged tiles of the next screen are not encoded again.
_CACHED_TILES = 160
_ICON = re.compile(r"\bicon\b", re.IGNORECASE)
_NOUN = re.compile(r"\s+(?:button|symbol|sign|link|picture)$")
Meant = Literal["", "name", "icon"]


@dataclass(frozen=True)
class Pointed:
    """Where a phrase is, by the pointing head."""

    point: Point
    box: Box
    confidence: float
    """How much of its attention lies on the thing, 0 to 1; the rest lies elsewhere, or on: it is not there."""


@dataclass(frozen=True)
class Fusion:
    """Thresholds: when the model is used and when it decides; `handeye train --evaluate` sets both for a checkpoint."""

    enough: float = 0.75
    """With at least this confidence of text and elements, the model is not used for a phrase with a known icon."""
    sure: float = 0.3
    """An answer of the model that is less sure than this is not taken."""

    icons: float = 0.75
    """The same where the phrase says that it means an icon: words that look like its name are less often right then."""

    def asks(self, confidence: float, meant: Meant) -> bool:
        """Whether the model is used, by the confidence of text and elements; never for a phrase that means no icon."""
        return bool(meant) and confidence < (self.icons if meant == "icon" else self.enough)

    def takes(self, confidence: float) -> bool:
        """Whether the model's answer is taken, by how sure it is."""
        return confidence >= self.sure

    @classmethod
    def read(cls, folder: Path) -> Fusion:
        """A checkpoint's own, or the stock one."""
        try:
            settings = json.loads((folder / FUSION).read_text(encoding="utf-8"))
            return cls(float(settings["enough"]), float(settings["sure"]), float(settings["icons"]))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetupError(
                f"{folder / FUSION} cannot be read ({error}); delete it, or evaluate the model again"
            ) from error

    def write(self, folder: Path) -> None:
        """Write the file next to a checkpoint."""
        (folder / FUSION).write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")


class Pointer:
    """A pocket model that encodes a screen once and answers any number of phrases."""

    def __init__(self, reading: PhraseReading) -> None:
        self.reading = reading
        self.looked = 0
        """At so many tiles, until now."""
        self._tiles: OrderedDict[str, tuple[Any, Any]] = OrderedDict()
        self._seen: tuple[Image, Any] | None = None

    def point(self, image: Image, phrase: str) -> Pointed | None:
        """Where a phrase is on a picture; None when most of the attention lies on: it is not there."""
        reading = self.reading
        tiling, keys, edges = self._look(image)
        scores = reading.scores(phrase, keys)
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        best = int(weights[:-1].argmax())
        number, patch = divmod(best, reading.side**2)
        row, column = divmod(patch, reading.side)
        x, y = (column + 0.5) * reading.patch, (row + 0.5) * reading.patch
        left, top, right, bottom = (reading.patch * float(side) for side in edges[number, patch])
        corners = [
            tiling.from_tile(TilePoint(number, *corner)) for corner in ((x - left, y - top), (x + right, y + bottom))
        ]
        box = Box(*(round(value) for corner in corners for value in corner)).within(*image.size)
        around = [spot for spot in range(reading.side**2 * len(keys)) if _near(spot, best, reading.side)]
        confidence = float(weights[around].sum())
        if float(weights[-1]) > confidence:
            return None
        if box is None or min(box.width, box.height) < 1:
            middle = tiling.from_tile(TilePoint(number, x, y))
            box = Box(*(round(middle[0]) - 7, round(middle[1]) - 7, round(middle[0]) + 7, round(middle[1]) + 7))
            box = box.within(*image.size) or box
        return Pointed(box.centre, box, confidence)

    def _look(self, image: Image) -> tuple[Any, Any, Any]:
        if self._seen is None or self._seen[0] is not image:
            tiling = tile(image, MOST_TILES, self.reading.tile)
            # The thumbnail is for written answers: small targets are too small on it to point at.
            digests = tiling.digests[: tiling.grid[0] * tiling.grid[1]]
            fresh = {digest: n for n, digest in enumerate(digests) if digest not in self._tiles}
            if fresh:
                keys, edges = self.reading.look(tiling.pixels[list(fresh.values())])
                self._tiles.update(zip(fresh, zip(keys, edges, strict=True), strict=True))
                self.looked += len(fresh)
            for digest in digests:
                self._tiles.move_to_end(digest)
            keys, edges = (np.stack(each) for each in zip(*(self._tiles[digest] for digest in digests), strict=True))
            while len(self._tiles) > _CACHED_TILES:
                self._tiles.popitem(last=False)
            self._seen = image, (tiling, keys, edges)
        found: tuple[Any, Any, Any] = self._seen[1]
        return found


class PocketPerception:
    """Elements and text first, then the pocket model."""

    name = "pocket"

    def __init__(self, reading: PhraseReading, name: str = "pocket", fusion: Fusion | None = None) -> None:
        self.fusion = fusion or Fusion()
        self.usage = Usage()
        self.notes: tuple[str, ...] = ()
        self.name = name
        self._embedded, self._pointer, self._names = EmbeddedPerception(), Pointer(reading), frozenset(reading.icons)

    def observe(self, device: Device) -> Observation:
        """Capture the device's screen and ask the platform what is on it."""
        return self._embedded.observe(device)

    def ground(self, observation: Observation, phrase: str) -> Grounding | None:
        """Where the phrase is; None when neither text, elements nor the model have it."""
        found = self._embedded.ground(observation, phrase)
        if not self.fusion.asks(found.confidence if found else -1.0, meant(phrase, self._names)):
            return found
        pointed = self._pointer.point(observation.screenshot.image, phrase)
        if pointed is None or not self.fusion.takes(pointed.confidence):
            return found
        place = snapped(pointed.point, pointed.box, observation)
        notes = (f"{found.by} had another place ({found.confidence:.2f})",) if found else ()
        return Grounding(place.point, "pocket", place.box, pointed.confidence, place.element, notes)

    def close(self) -> None:
        """Release the model; may be called twice."""


def open_pocket(folder: Path) -> PocketPerception:
    """Open the perception of a pocket model's folder."""
    return PocketPerception(PhraseReading(folder), fusion=Fusion.read(folder))


def pocket_folder(model: str) -> Path | None:
    """The folder of the pocket model that `--model` names by its path; None when it names another model."""
    folder = Path(model).expanduser()
    return folder if (folder / ABOUT).is_file() else None


def meant(phrase: str, names: Collection[str]) -> Meant:
    """Whether a phrase says that it means an icon (`icon`), or ends in the name of one (`name`): “the red heart”."""
    if _ICON.search(phrase):
        return "icon"
    words = _NOUN.sub("", phrase.casefold().strip()).split()
    return "name" if any(" ".join(words[start:]) in names for start in range(len(words))) else ""


def _near(spot: int, best: int, side: int) -> bool:
    """Whether two patches lie on one tile, at most two apart."""
    (tile_of, one), (other_tile, other) = divmod(spot, side**2), divmod(best, side**2)
    if tile_of != other_tile:
        return False
    (row, column), (other_row, other_column) = divmod(one, side), divmod(other, side)
    return abs(row - other_row) <= 2 and abs(column - other_column) <= 2
