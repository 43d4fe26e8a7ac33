"""Assigns labels to fields by their positions, where the platform does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.tools.element import Element

_TICKED = frozenset({"checkbox", "radio", "switch", "menuitemcheckbox", "menuitemradio"})
_CHOSEN = frozenset({"combobox", "listbox", "radiogroup"})
_FIELDS = frozenset({"textbox", "searchbox", "combobox", "spinbutton", "listbox", "slider"}) | _TICKED
_GIVEN = frozenset({"button", "clickable", "textbox", "link"})

#: The largest distance between a label and its field, in heights of the label; a switch may be at the end of the row.
REACH_RIGHT, REACH_BELOW, REACH_SWITCH = 22, 3, 60


def fits_want(want: str, element: Element) -> bool:
    """Whether the element accepts text, a tick, a choice or files."""
    if want == "type":
        return element.takes_text
    if want == "tick":
        return element.role in _TICKED or element.checked is not None
    if want == "choose":
        return element.role in _CHOSEN
    if want == "upload":
        return element.role in _GIVEN
    return element.role in _FIELDS


def field_for(label: Element, elements: Sequence[Element], want: str) -> Element | None:
    """Return the field of a label: on its line, otherwise below it; a checkbox may be left of it.

    Where the platform knows no fields (text read by OCR) this is a guess: an element of source `ocr` whose box is
    where the field would be.
    """
    fields = [element for element in elements if fits_want(want, element) and element.box.area > 0]
    scored = [(cost, element) for element in fields if (cost := label_cost(label, element, elements)) is not None]
    if scored:
        return min(scored, key=lambda pair: pair[0])[1]
    if any(element.source != "ocr" for element in elements):
        return None
    return _guessed(label, elements, want)


def label_cost(label: Element, field: Element, elements: Sequence[Element]) -> float | None:
    """Return how far a label is from a field, the less the better; None if it is not where labels of fields are."""
    box, height = field.box, max(12, label.box.height)
    shared = min(box.bottom, label.box.bottom) - max(box.top, label.box.top)
    on_line = shared >= 0.4 * min(box.height, label.box.height)
    right, left = box.left - label.box.right, label.box.left - box.right
    if on_line and field.role in _TICKED and -4 <= left <= 4 * height:
        return 0.5 * left
    reach = REACH_SWITCH if field.role == "switch" else REACH_RIGHT
    if on_line and -4 <= right <= reach * height and not _between(label.box, box, elements):
        return 0.4 * right + (height if field.role in _TICKED else 0)
    below = box.top - label.box.bottom
    overlap_width = min(box.right, label.box.right) - max(box.left, label.box.left)
    if -6 <= below <= REACH_BELOW * height and (overlap_width > 0 or abs(box.left - label.box.left) <= 2 * height):
        return 2.0 * below + abs(box.left - label.box.left) * 0.5 + 2 * height
    return None


def _between(label: Box, field: Box, elements: Sequence[Element]) -> bool:
    gap = Box(label.right + 1, max(label.top, field.top), field.left - 1, min(label.bottom, field.bottom))
    if gap.width <= 4 or gap.height <= 0:
        return False
    return any(each.role in _FIELDS and each.box.overlap(gap) > 0.3 * gap.height * 8 for each in elements)


def _guessed(label: Element, elements: Sequence[Element], want: str) -> Element:
    height = max(12, label.box.height)
    if want == "tick":
        box = Box(label.box.left - 2 * height, label.box.top, label.box.left - height // 3, label.box.bottom)
        box = box if box.left >= 0 else label.box
    else:
        right = Box(label.box.right + height // 2, label.box.top, label.box.right + 6 * height, label.box.bottom)
        below = Box(label.box.left, label.box.bottom + height // 2, label.box.left + 6 * height,
                    label.box.bottom + height // 2 + height)  # fmt: skip
        beneath = [each for each in elements if each is not label and each.box.overlap(below)]
        colon = label.name.rstrip().endswith(":")
        crowded = any(each is not label and each.box.overlap(right) for each in elements)
        box = right if colon or (beneath and not crowded) else below if crowded else right
    return label.model_copy(update={"box": box, "role": "textbox", "confidence": 0.4})
