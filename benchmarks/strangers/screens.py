"""The data model: a screen with all its visible elements, a question about it, and their files.

A folder of one split contains `questions.jsonl` (the `jsonl` format of `handeye eval`, with more fields), `pictures/`
and `truth/`, one JSON file per screen with every visible element.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the picture."""

Split = Literal["fit", "look", "blind"]
SPLITS: tuple[Split, ...] = ("fit", "look", "blind")
TYPES = ("text", "field", "icon", "absent")

#: Roles of elements that accept text or a value.
FIELD_ROLES = frozenset(
    ["textbox", "searchbox", "combobox", "listbox", "spinbutton", "slider", "checkbox", "radio", "switch"]
)


@dataclass(frozen=True)
class TrueElement:
    """One visible element, as the page or the accessibility tree describes it."""

    box: Box
    role: str
    name: str = ""
    """Accessible name; it may differ from what is visible."""
    text: str = ""
    """Visible text inside."""
    text_box: Box | None = None
    icon: str = ""
    """Class names, ligature or file name of the icon that the element shows; its text may be empty or not."""
    control: bool = False
    """Whether a person can click it or type into it."""
    also: tuple[Box, ...] = ()
    """Other places where a click has the same effect, such as the label of a checkbox."""
    container: str = ""
    """Role and name of the dialog, form, navigation or section around it, such as `dialog: Delete file`."""
    placeholder: str = ""
    value: str = ""

    @property
    def centre(self) -> tuple[float, float]:
        """The centre of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


@dataclass(frozen=True)
class Screen:
    """One picture and what is visible on it."""

    name: str
    source: str
    """The kit or program."""
    theme: str
    scale: float
    size: tuple[int, int]
    elements: tuple[TrueElement, ...] = ()
    pictures_named: bool = True
    """Whether every icon of the screen is in `elements`; programs do not report those in menus and lists."""


@dataclass(frozen=True)
class Question:
    """One instruction about one screen."""

    screen: str
    instruction: str
    type: str
    box: Box | None
    """None: the target is absent."""
    also: tuple[Box, ...] = ()
    role: str = ""
    name: str = ""
    wording: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def holds(self, point: tuple[float, float]) -> bool:
        """Whether the point is at one of the right places, edges included."""
        x, y = point
        boxes = (self.box, *self.also) if self.box else ()
        return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in boxes)


def write_screen(folder: Path, screen: Screen) -> None:
    """Write the truth of a screen below a split's folder."""
    path = folder / "truth" / f"{screen.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(screen), ensure_ascii=False), encoding="utf-8")


def read_screen(path: Path) -> Screen:
    """The screen in a file of `truth/`."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    elements = tuple(
        TrueElement(
            **{
                **each,
                "box": tuple(each["box"]),
                "text_box": tuple(each["text_box"]) if each["text_box"] else None,
                "also": tuple(tuple(box) for box in each["also"]),
            }
        )
        for each in raw.pop("elements")
    )
    return Screen(**{**raw, "size": tuple(raw["size"])}, elements=elements)


def read_screens(folder: Path) -> list[Screen]:
    """All screens of a split's folder, by name."""
    return [read_screen(path) for path in sorted((folder / "truth").glob("*.json"))]


def write_questions(folder: Path, screens: dict[str, Screen], questions: Iterable[Question], split: str) -> int:
    """Write `questions.jsonl` as `handeye eval` reads it; returns the number of questions."""
    lines = []
    for each in questions:
        screen = screens[each.screen]
        record = {
            "image": f"pictures/{each.screen}.png",
            "instruction": each.instruction,
            "bbox": [round(edge, 1) for edge in each.box] if each.box else None,
            "also": [[round(edge, 1) for edge in box] for box in each.also],
            "type": each.type,
            "source": screen.source,
            "split": split,
            "screen": each.screen,
            "theme": screen.theme,
            "scale": f"{screen.scale:g}",
            "role": each.role,
            "name": each.name,
            "wording": each.wording,
        }
        lines.append(json.dumps(record, ensure_ascii=False))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "questions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


def read_questions(folder: Path) -> list[Question]:
    """The questions of a split's folder, in the order of the file."""
    known = {"image", "instruction", "bbox", "also", "type", "screen", "role", "name", "wording"}
    found = []
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        found.append(
            Question(
                raw["screen"],
                raw["instruction"],
                raw["type"],
                tuple(raw["bbox"]) if raw["bbox"] else None,
                tuple(tuple(box) for box in raw["also"]),
                raw["role"],
                raw["name"],
                raw["wording"],
                {key: value for key, value in raw.items() if key not in known},
            )
        )
    return found
