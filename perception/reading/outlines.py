"""Makes elements of the controls that a picture shows: fields, checkboxes, radios, switches and sliders, with labels.

A shape alone is weak evidence: letters, icons and cards have the same shapes. So a checkbox or radio needs a text at
its side or another one above or below it, and a field must not have its text in the middle, as buttons do.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from handeye.perception.phrases.phrase import readings
from handeye.perception.reading.fields import label_cost
from handeye.perception.reading.shapes import field_sign, find_shapes
from handeye.tools.element import Element
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from handeye.perception.observation import Observation
    from handeye.perception.phrases.matching import Want
    from handeye.tools.screenshot import Screenshot

#: The height of the box of a line of usual text, 14 pixels high, and the range of scales.
USUAL_LINE, SCALES = 22, (1.0, 3.0)
#: Confidence of a control with and without a label.
LABELLED, UNLABELLED = 0.7, 0.5
#: How far right of a label its field begins, and how far below it, in heights of the label.
NEAR_RIGHT, NEAR_BELOW = 12, 1.2
#: Labels of fields are at most this long, in characters.
LONGEST_LABEL = 60
_FIELDS = frozenset({"field", "search", "list", "checkbox", "box", "spin", "radio", "switch", "slider"})
_TICKED = frozenset({"checkbox", "radio", "switch"})
_cache: OrderedDict[str, tuple[Element, ...]] = OrderedDict()


def readable(observation: Observation, phrase: str, want: Want = "any") -> tuple[Element, ...]:
    """Return what a phrase can mean on a picture without elements: text, and fields if a field is wanted."""
    asks = want in ("type", "tick", "choose") or any(query.role in _FIELDS for query in readings(phrase))
    return (
        (*observation.words, *outlined(observation.screenshot, observation.words))
        if asks and observation.reader
        else observation.words
    )


def outlined(screenshot: Screenshot, lines: Sequence[Element]) -> tuple[Element, ...]:
    """Return the fields, checkboxes, radios, switches and sliders in a picture, in reading order; `lines` is its text.

    The name of a control is its label, else the text in it; `description` is the text in a field that has a label. A
    rectangle with text in its middle counts as a button and is left out. All results are guesses.
    """
    if (known := _cache.get(screenshot.digest)) is not None:
        return known
    grey = np.asarray(screenshot.image.convert("L"))
    controls = _named(_controls(grey, lines), lines)
    controls.sort(key=lambda element: (element.box.top // 12, element.box.left))
    made = tuple(element.model_copy(update={"id": f"o{number}"}) for number, element in enumerate(controls, start=1))
    _cache[screenshot.digest] = made
    while len(_cache) > 4:
        _cache.popitem(last=False)
    return made


def _controls(grey: npt.NDArray[np.uint8], lines: Sequence[Element]) -> list[Element]:
    """Return the controls without their labels."""
    heights = [line.box.height for line in lines]
    scale = min(SCALES[1], max(SCALES[0], float(np.median(heights)) / USUAL_LINE)) if heights else 1.0
    shapes = find_shapes(grey, scale)
    found = [_element("slider", box) for box in shapes.sliders if not any(_in_text(box, line.box) for line in lines)]
    for role, boxes in (("checkbox", shapes.squares), ("radio", shapes.discs)):
        free = [box for box in boxes if not any(_is_letter(box, line.box) for line in lines)]
        found += [_element(role, box) for box in free if _has_label(box, lines) or _in_column(box, free)]
    found += [_element("switch", box) for box in shapes.pills if not any(_in_text(box, line.box) for line in lines)]
    for box in shapes.boxes:
        inside = [line for line in lines if line.box.overlap(box) > 0.6 * line.box.area]
        if len(inside) <= 1 and not (inside and _is_centred(inside[0].box, box)):
            role = field_sign(grey, box, max((line.box.right for line in inside), default=box.left)) or "textbox"
            found.append(_element(role, box, " ".join(line.name for line in inside)))
    return found


def _element(role: str, box: Box, text: str = "") -> Element:
    return Element(id="o", box=box, role=role, name=text, source="ocr", confidence=UNLABELLED)


def _in_text(box: Box, line: Box) -> bool:
    return box.overlap(line) > 0.5 * box.area


def _is_letter(box: Box, line: Box) -> bool:
    """Whether a small shape is a letter: inside a line, but not at its beginning, where a checkbox may be read too."""
    return box.left > line.left + 0.5 * line.height and _in_text(box, line)


def _has_label(box: Box, lines: Sequence[Element]) -> bool:
    """Whether a text begins right of a small shape, or a line that was read with the shape goes on."""
    return any(
        _on_line(box, line.box)
        and -1.2 * line.box.height <= line.box.left - box.right <= 1.6 * max(line.box.height, box.height)
        and line.box.right > box.right + 4
        for line in lines
    )


def _on_line(box: Box, line: Box) -> bool:
    return abs(box.centre.y - line.centre.y) <= 0.4 * max(box.height, line.height)


def _in_column(box: Box, others: Sequence[Box]) -> bool:
    """Whether a shape of the same size is exactly above or below, as in a column of a table."""
    return any(
        other != box
        and abs(other.left - box.left) <= 1
        and abs(other.width - box.width) <= 1
        and 1.3 * box.height <= abs(other.top - box.top) <= 6 * box.height
        for other in others
    )


def _is_centred(text: Box, box: Box) -> bool:
    """Whether there is text in the middle of a box, as on a button."""
    left, right = text.left - box.left, box.right - text.right
    return abs(left - right) <= max(6, 0.2 * (left + right)) and text.width > 0.2 * box.width


def _is_near(label: Box, control: Element) -> bool:
    """Whether a text is near enough to be the label of a control; further texts belong to something else."""
    height = max(12, label.height)
    if control.role in _TICKED:
        return _on_line(control.box, label)
    if control.box.top >= label.centre.y:
        return control.box.top - label.bottom <= NEAR_BELOW * height
    return control.box.left - label.right <= NEAR_RIGHT * height


def _named(controls: list[Element], lines: Sequence[Element]) -> list[Element]:
    """Return the controls with their labels: each text labels one control, the one that it fits best."""
    fields = [element.box for element in controls if element.takes_text]
    labels = [
        line
        for line in lines
        if len(line.name) <= LONGEST_LABEL and not any(line.box.overlap(box) > 0.6 * line.box.area for box in fields)
    ]
    costs = sorted(
        (cost, place, number)
        for number, label in enumerate(labels)
        for place, control in enumerate(controls)
        if _is_near(label.box, control) and (cost := label_cost(label, control, controls)) is not None
    )
    label_of: dict[int, Element] = {}
    used: set[int] = set()
    for _, place, number in costs:
        if place not in label_of and number not in used:
            label_of[place] = labels[number]
            used.add(number)
    named = []
    for place, control in enumerate(controls):
        if (label := label_of.get(place)) is None:
            named.append(control)
            continue
        name = label.name.strip().rstrip(":*").strip() or label.name
        named.append(control.model_copy(update={"name": name, "description": control.name, "confidence": LABELLED}))
    return named
