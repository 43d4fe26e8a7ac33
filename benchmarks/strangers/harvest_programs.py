"""Shows programs on a virtual display: pictures, and the truth about each visible element from AT-SPI."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageStat
from rapidfuzz import fuzz

from benchmarks.strangers.programs import Program, is_installed
from benchmarks.strangers.screens import FIELD_ROLES, Screen, TrueElement, write_screen
from handeye.perception.reading import ocr
from handeye.perception.reading.groups import around
from handeye.tools import Virtual
from handeye.tools.actions import Key
from handeye.tools.errors import ActionFailed, DeviceLost, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from handeye.tools.element import Element
    from handeye.tools.geometry import Box


class Look(NamedTuple):
    """How programs are drawn."""

    theme: str
    icons: str
    scale: int


#: In turn by program.
LOOKS = (
    Look("light", "Adwaita", 1),
    Look("dark", "Papirus-Dark", 1),
    Look("light", "elementary-xfce", 1),
    Look("light", "Papirus", 2),
    Look("light", "Tango", 1),
)
#: A screen with fewer elements is not interesting enough.
LEAST_ELEMENTS = 4
#: Pixels that a letter of a label is wide at least, at scale 1.
LETTER = 5.2
#: A button that is wider than this, in heights, shows a text; a narrower one is read with OCR to know.
NARROW = 1.6
#: Programs that name a widget by its class.
TYPE_NAME = re.compile(r"(?:Gtk|Adw|Q)[A-Z]\w*$")
_BUTTONS = frozenset(["button", "togglebutton"])
CONTROLS = FIELD_ROLES | {
    "button",
    "link",
    "tab",
    "menuitem",
    "menuitemcheckbox",
    "menuitemradio",
    "option",
    "treeitem",
}


@contextmanager
def drawn(look: Look) -> Iterator[None]:
    """Environment variables that make programs look so; restored afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        for version in ("gtk-3.0", "gtk-4.0"):
            settings = Path(folder) / version / "settings.ini"
            settings.parent.mkdir()
            dark = str(look.theme == "dark").lower()
            settings.write_text(
                f"[Settings]\ngtk-icon-theme-name={look.icons}\ngtk-application-prefer-dark-theme={dark}\n"
                "gtk-cursor-blink=false\ngtk-enable-animations=false\n"
            )
        changed = {
            "XDG_CONFIG_DIRS": folder,
            "GTK_THEME": "Adwaita:dark" if look.theme == "dark" else "Adwaita",
            "GDK_SCALE": str(look.scale),
            "QT_SCALE_FACTOR": str(look.scale),
            "QT_STYLE_OVERRIDE": "adwaita-dark" if look.theme == "dark" else "Fusion",
        }
        before = {name: os.environ.get(name) for name in changed}
        os.environ.update(changed)
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def harvest(program: Program, number: int, folder: Path, report: Callable[[str], None]) -> int:
    """Write pictures and truth of the screens of a program; returns their number."""
    if not is_installed(program):
        report(f"{program.name}: {program.command.split()[0]} is missing; run `harvest programs --install`")
        return 0
    look = LOOKS[number % len(LOOKS)]
    size = (1280, 800) if look.scale == 1 else (1920, 1200)
    made, pictures = 0, set()
    with drawn(look):
        try:
            with Virtual(program.command, size=size, timeout=40) as virtual:
                for key in ("", *program.keys):
                    if key:
                        virtual.perform(Key(keys=key))
                    virtual.settle(6.0)
                    picture = virtual.capture()
                    elements = _elements(virtual, look.scale)
                    virtual.settle(4.0)
                    if virtual.capture().digest != picture.digest:
                        picture = virtual.capture()  # the screen was still changing
                        elements = _elements(virtual, look.scale)
                    name = f"{program.name}-{made:02d}"
                    digest = hashlib.sha256(picture.image.tobytes()).hexdigest()
                    if len(elements) < LEAST_ELEMENTS or digest in pictures:
                        continue
                    pictures.add(digest)
                    (folder / "pictures").mkdir(parents=True, exist_ok=True)
                    picture.image.convert("RGB").save(folder / "pictures" / f"{name}.png")
                    made += 1
                    shape = (picture.width, picture.height)
                    write_screen(
                        folder, Screen(name, program.name, look.theme, look.scale, shape, tuple(elements), False)
                    )
        except (SetupError, DeviceLost, ActionFailed) as error:
            report(f"{program.name}: {str(error).splitlines()[0]}")
    report(f"{program.name}: {made} screens, {look}")
    return made


def _elements(virtual: Virtual, scale: int) -> list[TrueElement]:
    """What is visible as a whole: nothing under an open menu, no area that takes a quarter of the screen."""
    found = [each for each in virtual.elements() if not each.covered and not each.clipped]
    found = [each for each in found if each.box.width >= 5 and each.box.height >= 5]
    menus = _open_menus([each for each in found if each.role.startswith("menuitem")])
    screen = virtual.capture()
    read = ocr.read(screen)
    largest = screen.width * screen.height / 4
    on_screen = [
        to_element(each, scale, read)
        for each in found
        if each.role == "dialog"
        or (
            each.box.area < largest
            and (
                each.role.startswith("menuitem")
                or not any(menu.overlap(each.box) > 0.08 * each.box.area for menu in menus)
            )
        )
    ]
    return drawn_elements(on_screen, screen.image)


def drawn_elements(elements: Sequence[TrueElement], picture: Image.Image) -> list[TrueElement]:
    """Without dialogs, what they cover in part, names of icon files, and icons of which nothing is drawn."""
    dialogs = [each.box for each in elements if each.role == "dialog"]
    return [
        each
        for each in elements
        if each.role != "dialog"
        and not each.name.endswith("-symbolic")
        and not any(_cuts(dialog, each.box) for dialog in dialogs)
        and not (each.icon and _is_blank(each.box, picture))
    ]


def _cuts(dialog: tuple[float, ...], box: tuple[float, ...]) -> bool:
    """Whether the dialog covers a part of the box, but does not contain it."""
    width = min(dialog[2], box[2]) - max(dialog[0], box[0])
    height = min(dialog[3], box[3]) - max(dialog[1], box[1])
    inside = dialog[0] <= box[0] and dialog[1] <= box[1] and dialog[2] >= box[2] and dialog[3] >= box[3]
    return width > 2 and height > 2 and not inside


def _is_blank(box: tuple[float, ...], picture: Image.Image) -> bool:
    left, top, right, bottom = map(round, box)
    across, down = (right - left) // 5, (bottom - top) // 5
    inner = picture.convert("L").crop((left + across, top + down, right - across, bottom - down))
    return bool(ImageStat.Stat(inner).stddev[0] < 4)


def _open_menus(items: list[Element]) -> list[Box]:
    """The areas of open menus: items that lie one below the other with the same left edge."""
    columns: dict[int, list[Element]] = {}
    for each in items:
        columns.setdefault(each.box.left, []).append(each)
    return [around(each.box for each in column) for column in columns.values() if len(column) > 2]


def to_element(element: Element, scale: int, read: Sequence[Element]) -> TrueElement:
    """An element of the accessibility tree as truth.

    The tree does not say whether a name is visible. A narrow button whose name OCR does not `read` in it shows an icon.
    """
    box = element.box
    name = re.sub(r"\s*\((?:ctrl|shift|alt|f\d)[^)]*\)$", "", element.name.strip(), flags=re.IGNORECASE)
    wide = max((len(line) for line in name.splitlines()), default=0) * LETTER * scale
    if TYPE_NAME.match(name):
        name = ""
    role = element.role
    if role == "checkbox" and box.width < wide and box.height > 20 * scale:
        role = "button"  # Qt reports a tool button that stays down as a checkbox
    narrow = role in _BUTTONS and box.width < max(NARROW * box.height, wide) and box.height < 60 * scale
    inside = " ".join(line.name for line in read if box.holds(line.box.centre))
    icon_only = narrow and len(name) > 1 and fuzz.partial_ratio(name.lower(), inside.lower()) < 60
    toggles = role in {"checkbox", "radio", "switch"} and box.width > wide
    shows = name if toggles or (role not in FIELD_ROLES and not icon_only) else ""
    edges = (float(box.left), float(box.top), float(box.right), float(box.bottom))
    return TrueElement(
        box=edges,
        role=role,
        name=name,
        text=shows,
        icon="named" if icon_only or (role in _BUTTONS and not name) else "",
        control=role in CONTROLS,
        placeholder="" if role not in FIELD_ROLES else element.description,
        value=element.value,
    )
