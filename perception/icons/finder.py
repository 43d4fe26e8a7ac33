"""Finds the icons of a screenshot, says how probably each shows what a phrase names, and infers names of icons."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from handeye.perception.icons.blobs import candidates
from handeye.perception.icons.crops import cut
from handeye.perception.icons.encoder import IconEncoder, blank
from handeye.perception.icons.meanings import InferredName, meanings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from handeye.perception.observation import Observation
    from handeye.tools.element import Element
    from handeye.tools.geometry import Box
    from handeye.tools.screenshot import Screenshot

#: Screenshots whose icons are cached, and icons whose embeddings are: those that did not change are not encoded again.
_SCREENS, _ICONS = 4, 4000
#: A frame is at most this many times as wide and high as the drawing in it.
_FRAME = 3.2
#: Largest side of an icon of several parts, and the ratio of its sides; two icons side by side are longer.
_COMPOSED, _SQUARISH = 48, 1.6
#: Roles of controls that an icon may describe, and their largest side in pixels.
_PRESSED, _WIDEST = frozenset({"button", "link", "menuitem", "tab", "img", "clickable"}), 200
#: A candidate that fills this share of a control is its frame, where there is something in it.
_FILLS = 0.75
#: Inferred names of lower confidence are not used.
LEAST_SURE = 0.35

_lock = threading.Lock()
_screens: OrderedDict[str, ScreenIcons] = OrderedDict()
_encoded: OrderedDict[bytes, npt.NDArray[np.float32]] = OrderedDict()


class IconMatch(NamedTuple):
    """An icon of a screenshot that may be what a phrase names."""

    box: Box
    """In pixels of the screenshot."""
    probability: float


@dataclass(frozen=True)
class ScreenIcons:
    """The icon candidates of one screenshot."""

    boxes: tuple[Box, ...]
    """In pixels of the screenshot, in reading order."""
    embeddings: npt.NDArray[np.float32]
    """Shape (boxes, length)."""
    groups: tuple[int, ...]
    """A drawing and the frames around it have one group: they are one place to press."""

    def matches(self, phrase: str) -> tuple[IconMatch, ...]:
        """Return the icons by how probably they show what the phrase names, the best first; one box of each group.

        Words such as “icon”, “the” and “button” are ignored. Empty if no word of the phrase names an icon.
        """
        if not self.boxes or not names_icon(phrase):
            return ()
        best: dict[int, IconMatch] = {}
        for box, group, chance in zip(self.boxes, self.groups, self.scores(phrase), strict=True):
            if group not in best or chance > best[group].probability:
                best[group] = IconMatch(box, chance)
        return tuple(sorted(best.values(), key=lambda match: -match.probability))

    def scores(self, phrase: str) -> tuple[float, ...]:
        """Return for each box how probably it shows what the phrase names, 0 to 1."""
        return tuple(meanings().probabilities(self.embeddings, phrase).tolist())


def screen_icons(screenshot: Screenshot, words: Sequence[Element] = ()) -> ScreenIcons:
    """Return the icon candidates of a screenshot; `words` is the text that OCR reads in it.

    Results of the last few screenshots are cached by digest. Raises SetupError when the encoder cannot be read.
    """
    with _lock:
        key = f"{screenshot.digest} {len(words)}"
        if (known := _screens.get(key)) is not None:
            _screens.move_to_end(key)
            return known
        boxes = candidates(screenshot, words)
        pictures = cut(np.asarray(screenshot.image.convert("RGB")), boxes)
        drawn = ~blank(pictures)
        boxes = tuple(box for box, is_drawn in zip(boxes, drawn, strict=True) if is_drawn)
        made = ScreenIcons(boxes, _embedded(pictures[drawn]), _groups(boxes))
        _screens[key] = made
        while len(_screens) > _SCREENS:
            _screens.popitem(last=False)
        return made


def scores(pixels: npt.NDArray[np.uint8], boxes: Sequence[Box], phrase: str) -> tuple[float, ...]:
    """Return how probably each box of a picture shows the icon that the phrase names, 0 to 1.

    `pixels` has the shape (height, width, 3). A box of one colour has the score 0.
    """
    pictures = cut(pixels, boxes)
    with _lock:
        chances = meanings().probabilities(_embedded(pictures), phrase)
    return tuple(np.where(blank(pictures), 0.0, chances).tolist())


def names_icon(phrase: str) -> bool:
    """Whether a word of a phrase names an icon."""
    return bool(meanings().known_terms(phrase))


def inferred_name(icons: ScreenIcons, box: Box) -> InferredName | None:
    """Return what the icon in a box probably shows, for a control without a name; None if that is not sure enough."""
    inside = [
        number
        for number, each in enumerate(icons.boxes)
        if each.overlap(box) > 0.8 * each.area and max(each.width, each.height) > min(box.width, box.height) / 4
    ]
    # The frame of a button says nothing about the drawing in it.
    inside = [number for number in inside if icons.boxes[number].area < _FILLS * box.area] or inside
    if not inside:
        return None
    largest = max(icons.boxes[number].area for number in inside)
    # A part of an icon may be surer of its name than the whole.
    weights = [(icons.boxes[number].area / largest) ** 0.5 for number in inside]
    named = zip(weights, meanings().inferred(icons.embeddings[inside]), strict=True)
    best = max(named, key=lambda each: each[0] * each[1].confidence)[1]
    return best if best.confidence >= LEAST_SURE else None


def inferred_names(observation: Observation) -> dict[str, InferredName]:
    """Return what the icons of visible controls without a name probably show, by the ids of the controls.

    These are guesses for listings and descriptions; nothing compares them with a name that must match exactly.
    """
    size = (observation.screenshot.width, observation.screenshot.height)
    nameless = [
        (element.id, box)
        for element in observation.elements
        if element.role in _PRESSED and not (element.name or element.description or element.text or element.covered)
        and (box := element.box.within(*size)) and box == element.box and max(box.width, box.height) <= _WIDEST
    ]  # fmt: skip
    if not nameless:
        return {}
    icons = screen_icons(observation.screenshot, observation.read)
    named = ((element, inferred_name(icons, box)) for element, box in nameless)
    return {element: name for element, name in named if name is not None}


@lru_cache(maxsize=1)
def _encoder() -> IconEncoder:
    return IconEncoder()


def _embedded(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return embeddings of normalised icons; icons with the same pixels are encoded once."""
    keys = [picture.tobytes() for picture in pictures]
    new = {key: number for number, key in enumerate(keys) if key not in _encoded}
    made = _encoder().embed(pictures[list(new.values())])
    for key, embedding in zip(new, made, strict=True):
        _encoded[key] = embedding
    for key in keys:
        _encoded.move_to_end(key)
    found = np.zeros((len(keys), made.shape[1]), np.float32)
    for number, key in enumerate(keys):
        found[number] = _encoded[key]
    while len(_encoded) > _ICONS:
        _encoded.popitem(last=False)
    return found


def _groups(boxes: Sequence[Box]) -> tuple[int, ...]:
    """Return a number for each box; a frame has the number of the drawing in it, an icon that of its largest part."""
    groups = list(range(len(boxes)))
    order = sorted(range(len(boxes)), key=lambda number: boxes[number].area)
    for at, outer in enumerate(order):
        frame = boxes[outer]
        for inner in reversed(order[:at]):
            drawing = boxes[inner]
            if frame.overlap(drawing) > 0.9 * drawing.area and (_frames(frame, drawing) or _part(frame, drawing)):
                groups[outer] = groups[inner]
                break
    return tuple(groups)


def _frames(frame: Box, drawing: Box) -> bool:
    """Whether a drawing in a frame is in its middle and not much smaller."""
    (x, y), (across, down) = frame.centre, drawing.centre
    middle = abs(x - across) <= frame.width / 5 + 1 and abs(y - down) <= frame.height / 5 + 1
    return middle and max(frame.width, frame.height) <= _FRAME * max(drawing.width, drawing.height)


def _part(icon: Box, part: Box) -> bool:
    """Whether a box in another one is a part of one icon, such as two of the three lines of a menu sign."""
    long, short = max(icon.width, icon.height), min(icon.width, icon.height)
    return long <= _COMPOSED and long <= _SQUARISH * short and max(part.width, part.height) >= long / 2
