"""A thing on the screen: where it is, what it is, what it says, and how that is known."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from handeye.tools.geometry import Box


def _whole(text: object) -> object:
    """Half a surrogate pair, which pages can hold and no file can, becomes a replacement character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(text, str) else text


#: Text from a screen: any page's or program's.
Words = Annotated[str, BeforeValidator(_whole)]

Source = Literal["dom", "accessibility", "ocr", "model"]


class Element(BaseModel):
    """One element of a screenshot. Its box may lie outside the screen when it must be scrolled to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Unique on its screenshot, such as `e12`; the device that made it can find the thing again by it."""
    box: Box
    """In pixels of the screenshot."""
    role: str
    """ARIA role names: button, link, textbox, checkbox, radio, combobox, option, tab, menuitem, heading, img,
    row, cell, dialog ...; `text` for plain text that does nothing."""
    name: Words
    """The accessible name, or the text itself: what a person would call it."""
    source: Source
    value: Words = ""
    """What a field holds; empty for secret fields."""
    description: Words = ""
    """Further words for it: placeholder, title, alt text, associated label."""
    confidence: float = 1.0
    """How sure the source is that this is here and says so, 0 to 1."""
    enabled: bool = True
    focused: bool = False
    checked: bool | None = None
    """For checkboxes, radios and switches."""
    expanded: bool | None = None
    """For what opens and closes something: a menu, a section, a row of a tree."""
    selected: bool | None = None
    """For tabs, options and rows."""
    pressed: bool | None = None
    """For buttons that stay pressed."""
    secret: bool = False
    """A password field: its value is never reported."""
    covered: bool = False
    """Something else lies over its centre."""
    clipped: bool = False
    """It is scrolled out of sight within an area that scrolls (`covered` then, too)."""
    inert: bool = False
    """A modal dialog is open that it is not in: it cannot be used before that is closed."""
    parent: str | None = None
    """The id of the row, list item, dialog or form it belongs to, when known."""
    frame: tuple[Words, ...] = ()
    """The frames of a page that it lies in, the outermost first: `name=help`, or by their number `nth=0`."""
    path: tuple[int, ...] = ()
    """Its place in the page's own structure: the number of each branch from the page to it. Of two elements, what both
    paths begin with is what holds both. Empty where the platform tells only parents (`groups.Structure` uses those)."""
    items: tuple[int, ...] = ()
    """So many numbers of the path lead to one of several things alike, such as a card or a row, with or without a
    role: (2, 4) for a row in a card, where `path[:2]` is the card and `path[:4]` the row."""
    text: Words = ""
    """What is written on it, where that is not its accessible name."""
    href: Words = ""
    """The resolved address of a link; empty for one that only runs a script."""
    key: Words = ""
    """What its makers call it, such as `testid=save`, `id=email` or `name=q`; empty where they do not."""
    destination: Words = ""
    """Where a press on it leads, where a page tells: a link's address, or method and address of its form."""
    context: Words = ""
    """Of a control: the text of its row or card, and after ` | ` of its form or dialog, what fields hold included."""

    @property
    def acts(self) -> bool:
        """Whether a person would click or type here."""
        return self.role in INTERACTIVE

    @property
    def takes_text(self) -> bool:
        """Whether text can be typed into it."""
        return self.role in {"textbox", "searchbox", "combobox", "spinbutton"}


INTERACTIVE = frozenset(
    {
        "button",
        "link",
        "textbox",
        "searchbox",
        "checkbox",
        "radio",
        "switch",
        "combobox",
        "listbox",
        "option",
        "slider",
        "spinbutton",
        "tab",
        "menuitem",
        "menuitemcheckbox",
        "menuitemradio",
        "treeitem",
        "clickable",
    }
)
