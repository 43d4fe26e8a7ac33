"""What an action would set off, as the platform itself finds it at the action's point: the guard judges by this."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from handeye.tools.element import Words
from handeye.tools.geometry import Box


class ControlLabel(BaseModel):
    """What is written on a control, and in the code that makes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str = ""
    words: tuple[Words, ...] = ()
    """Its name, its text as it is drawn, alternative texts, title, value and labels; without repetitions."""
    code: Words = ""
    """Words of its ids, classes, data attributes and files of pictures, for one that has no others."""
    pictured: bool = False
    """It shows a picture and no text: its words are the picture's name."""
    resets: bool = False
    """It only clears a form."""


class Form(BaseModel):
    """A form that would be sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    headings: tuple[Words, ...] = ()
    """Its name, legends and headings, and a heading right before it."""
    message: Words = ""
    """The text in it that belongs to no control, a line per block."""
    action: Words = ""
    """Where it goes, as an absolute URL."""
    method: str = "get"
    button: ControlLabel | None = None
    """What submits it: the button that is pressed, or the one that Enter presses."""


class Dialog(BaseModel):
    """A dialog, or a part of the page that lies over the rest like one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Words = ""
    message: Words = ""
    """The text in it that belongs to no control, a line per block."""
    buttons: int = 0
    """How many buttons it has."""


class Hit(BaseModel):
    """What an action would act on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Literal["start", "end", "target", "focus", "access key"] = "target"
    """Which part of the action this is about."""
    control: ControlLabel = ControlLabel()
    """What a press activates: the nearest control around the point, or what lies there."""
    outer: tuple[ControlLabel, ...] = ()
    """Other controls around it, which the same press reaches."""
    box: Box | None = None
    """Of the control, in pixels of the screenshot."""
    drawn: bool = False
    """The control shows a picture."""
    acts: bool = False
    """Pressing it does something: it is a link or a button, or a script listens."""
    listens: frozenset[str] = frozenset()
    """What scripts listen for there, outside of the whole document: `press`, `key`, `change`, `drop`."""
    delegated: frozenset[str] = frozenset()
    """The same of scripts that listen on the whole document."""
    at_once: bool = False
    """A script in its form listens to its changes, or any script where no button submits it."""
    link: Words = ""
    """Where a press leads, as an absolute URL."""
    opens: bool = False
    """It opens, closes or switches content: the button of a menu, a tab."""
    carried: bool = False
    """It is a thing that a drag takes along, and does not press."""
    only_opens: bool = False
    """It shows or hides what follows it, and no script listens."""
    request: str = ""
    """The method of HTTP, in lower case, that the page binds a press to: `delete`; empty for what follows from `form`
    and `link`."""
    takes_text: bool = False
    """Text can be typed there."""
    lines: bool = False
    """Enter begins a new line there."""
    listed: bool = False
    """It is, or is in, a list, table or tree of things that can be chosen."""
    submits: bool = False
    """Pressing it sends `form`."""
    form: Form | None = None
    """Of a button, the form it sends; of a field, the one that Enter sends. None where nothing would be sent."""
    in_form: bool = False
    """It is a field of a form that has a button to send it."""
    next: ControlLabel | None = None
    """Of a field, the button that comes next: what a script that listens for Enter most likely does."""
    row: Words = ""
    """The text of its row or card, and the heading of its column."""
    dialog: Dialog | None = None
    message: Words = ""
    """The text around it that belongs to no control."""
