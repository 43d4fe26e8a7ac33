"""Checks of table cells, by the accessibility tree or, without one, by the positions of texts in the screenshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.phrases.wording import LOOKS_ALIKE, alike
from handeye.perception.reading.groups import descendants
from handeye.tools.text_equality import contains, loose, same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.perception.observation import Observation
    from handeye.scenarios.checks.kinds import CellCheck
    from handeye.tools.element import Element

Found = tuple[bool | None, str]

CELLS = frozenset({"cell", "gridcell", "rowheader", "columnheader"})


def cell(check: CellCheck, observation: Observation) -> Found:
    """Return whether the cell has the required content; None when the row or the column is not certain."""
    rows = [each for each in observation.elements if each.role == "row"]
    if rows:
        return _rows_from_page(check, observation, rows)
    if not observation.words:
        return None, "this screen tells no table, and no text is read off it"
    return _read(check, observation.words)


def _rows_from_page(check: CellCheck, observation: Observation, rows: Sequence[Element]) -> Found:
    heads = _called(check.column, [each for each in observation.elements if each.role == "columnheader"])
    if not heads:
        names = [each.name for each in observation.elements if each.role == "columnheader"]
        return False, f"there is no column “{check.column}”; there are {_quoted(names) or 'none'}"
    found: list[tuple[Element, list[Element]]] = []
    for row in rows:
        cells = [each for each in descendants(row, observation.elements) if each.role in CELLS]
        if any(same(check.row, _says(each), case=False) for each in cells):
            found.insert(0, (row, cells))
        elif contains(" ".join([row.name, *map(_says, cells)]), check.row, case=False):
            found.append((row, cells))
    exact = [each for each in found if any(same(check.row, _says(one), case=False) for one in each[1])]
    chosen = exact or found
    if not chosen:
        return False, f"there is no row with “{check.row}”"
    if len(chosen) > 1:
        return None, f"{len(chosen)} rows hold “{check.row}”; name something that one of them holds alone"
    _, cells = chosen[0]
    under = [(_shared(each, head), each) for head in heads for each in cells if _shared(each, head) > 0]
    if not under:
        return False, f"the row with “{check.row}” has nothing below “{check.column}”"
    return _compared(check, _inside(max(under, key=lambda pair: pair[0])[1], observation))


def _read(check: CellCheck, words: Sequence[Element]) -> Found:
    """Return the cell by positions: the text on the row's line that is nearest to the column's header."""
    heads = _read_as(check.column, words)
    if not heads:
        return False, f"the picture shows no column “{check.column}”"
    head = min(heads, key=lambda each: each.box.top)
    below = [each for each in words if each.box.top >= head.box.bottom - head.box.height // 3]
    marks = _read_as(check.row, below) or [each for each in below if contains(each.name, check.row, case=False)]
    if not marks:
        return False, f"the picture shows no row with “{check.row}”"
    if len(marks) > 1:
        return (
            None,
            f"“{check.row}” stands {len(marks)} times below “{check.column}”; name something that is there once",
        )
    line = [each for each in below if marks[0].box.top <= each.box.centre.y < marks[0].box.bottom]
    tops = [each for each in words if head.box.top <= each.box.centre.y < head.box.bottom]
    # What belongs to a column is nearer to its head than to any other one.
    mine = [each for each in line if min(tops, key=lambda top: _apart(each, top)) is head]
    if not mine:
        return False, f"nothing is read below “{check.column}” in that row"
    return _compared(check, " ".join(each.name for each in sorted(mine, key=lambda each: each.box.left)))


def _read_as(name: str, words: Sequence[Element]) -> list[Element]:
    """Return the words equal to a text, or different only in similar letters: OCR may read “LO-2” as “L0-2”."""
    exact = [each for each in words if same(each.name, name, case=False)]
    return exact or [each for each in words if alike(name, each.name, seen=True).why == LOOKS_ALIKE]


def _compared(check: CellCheck, seen: str) -> Found:
    if check.contains:
        return contains(seen, check.contains, case=False), f"it is “{seen}”"
    holds = loose(str(check.equals)) == loose(seen)
    return holds, f"it is “{seen}”"


def _called(name: str, elements: Sequence[Element]) -> list[Element]:
    exact = [each for each in elements if same(each.name, name, case=False)]
    return exact or [each for each in elements if contains(each.name, name, case=False)]


def _inside(element: Element, observation: Observation) -> str:
    """Return the text of a cell, or the texts of the elements inside of it when it has none."""
    return _says(element) or " ".join(filter(None, map(_says, descendants(element, observation.elements))))


def _says(element: Element) -> str:
    return element.name or element.value


def _shared(one: Element, two: Element) -> int:
    return min(one.box.right, two.box.right) - max(one.box.left, two.box.left)


def _apart(one: Element, two: Element) -> int:
    """Return the distance of two columns in pixels: 0 when they overlap, else between edges or centres."""
    edges = (abs(one.box.left - two.box.left), abs(one.box.right - two.box.right))
    return min(*edges, abs(one.box.centre.x - two.box.centre.x)) if _shared(one, two) <= 0 else -_shared(one, two)


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)
