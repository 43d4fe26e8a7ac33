"""What every screen with hands can do. Devices fit this shape; they do not inherit from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from handeye.tools.element import Words
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handeye.tools.actions import Action, Click
    from handeye.tools.element import Element
    from handeye.tools.screenshot import Screenshot


class Signals(BaseModel):
    """What a device can say about itself without anybody reading pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Words = ""
    title: Words = ""
    """Of the page or of the window in front."""
    app: Words = ""
    """The program whose window is in front, such as `mousepad`; empty in a browser and where windows do not tell."""
    focus: Words = ""
    """Role and name of what has the keyboard, such as `textbox Email`; never a secret's value."""
    value: Words = ""
    """What the focused field holds; empty for secret fields."""
    dialog: Words = ""
    """The text of an open JavaScript dialog."""
    tabs: tuple[Words, ...] = ()
    """Titles of the open tabs or windows."""
    tab: int = 0
    """Which of them is in front."""
    document: int = 0
    """Counts the documents loaded; it changes exactly when a page was loaded anew."""
    page_changes: PageChanges | None = None
    """What came of the last action; None where the device cannot hear that, or nothing was done since the last look."""
    downloads: int = 0
    """Counts the files that pages have given."""
    unanswered: tuple[Words, ...] = ()
    """Programs that did not say in time what they show: it is unknown, and none of it has gone away."""
    unlisted: int = 0
    """Elements that are there and were not listed by the last `elements`, because there are too many."""


class ChangedElement(BaseModel):
    """One thing of a page that scripts have changed for good."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: Words
    """Role and name, such as `button “Save”`."""
    how: Words
    """The attribute that differs, or `text`, `added`, `removed`."""
    box: Box
    """In pixels of the screenshot; may lie off the screen."""
    own: bool
    """It is what was pressed, or a part of it, or what holds it."""


class RewrittenField(BaseModel):
    """A field whose value its page has written anew when it lost the focus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    element: str
    """The id of its element; empty for one that was never listed."""
    was: Words
    now: Words


class PageChanges(BaseModel):
    """What the device itself heard since its last action began to press, beside what a picture shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    changed: tuple[ChangedElement, ...] = ()
    asked: tuple[Words, ...] = ()
    """What the page asked the browser for: `something was copied`."""
    doubt: Words = ""
    """What changed later and had changed by itself not long before: nobody can tell why it did."""
    put: bool = False
    """Something was taken out and put back, here or elsewhere: the order of things may be another one."""
    drawn: bool = False
    """What was pressed draws itself: no node tells of it."""
    held: Words = ""
    """The field that kept a form from being sent, and why."""
    left: RewrittenField | None = None
    """The field that lost the focus by the action, where its page wrote its value anew at that moment."""
    sent: tuple[Words, ...] = ()
    """Requests that may have changed something elsewhere."""
    hover_regions: tuple[Box, ...] = ()
    """What the mouse lay over before and lies over now: a style that follows the mouse changes no more than these."""
    focus_rings: tuple[Box, ...] = ()
    """What had the focus before and has it now."""
    animated_regions: tuple[Box, ...] = ()
    """What changes by itself, whatever anybody does."""


class Settled(BaseModel):
    """How the wait after an action ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["quiet", "cap"]
    """`quiet`: nothing changed any more. `cap`: still changing when the time was up."""
    seconds: float
    note: str = ""
    happened: str = ""
    """What came of the action meanwhile, in words: `report.csv was downloaded to …`."""


class Device(Protocol):
    """A screen and its inputs. Used from one thread. Every method raises DeviceLost when the device is gone."""

    name: str
    """For people: `browser http://…`, `virtual :7 1280x800`."""

    kinds: frozenset[str]
    """The kinds of action it can perform."""

    def capture(self) -> Screenshot:
        """The screen as it is now."""
        ...

    def elements(self) -> list[Element]:
        """What the platform knows to be on the screen, in reading order; empty when it knows nothing.

        Boxes are in pixels of the screenshot that `capture` would return now.
        """
        ...

    def signals(self) -> Signals:
        """Cheap facts about the device's state."""
        ...

    def perform(self, action: Action) -> str:
        """Do it; every target has its point by now. Returns a remark worth recording, usually empty.

        Raises ActionRefused when it was not tried and ActionFailed when it was tried in vain.
        """
        ...

    def settle(self, cap: float = 10.0) -> Settled:
        """Wait until the screen stops changing, at most `cap` seconds."""
        ...

    def device_state(self) -> dict[str, Any]:
        """What a fresh device of this kind needs to come back to this state after a crash; JSON values only."""
        ...

    def restore(self, device_state: dict[str, Any]) -> str:
        """Bring a fresh device to a state noted by `memento`. Returns what is lost for good, in words, if anything."""
        ...

    def close(self) -> None:
        """Let go of everything; may be called twice."""
        ...


@dataclass(frozen=True)
class Poised:
    """A screen at the moment before the hand pressed, with the pointer in its place already."""

    screenshot: Screenshot
    elements: tuple[Element, ...] | None = None
    """None: as they were seen before."""
    animated_regions: tuple[Box, ...] = ()
    """What changed meanwhile by itself, in pixels of the screenshot."""


@runtime_checkable
class Poising(Protocol):
    """A device that looks once more before it presses, where that is needed to tell what the press has changed."""

    poised: Poised | None
    """Of the last action; None when what was seen before will do."""


@runtime_checkable
class Comparing(Protocol):
    """A device that presses only what was there when it was last looked at, and raises TargetChanged otherwise.

    Compared with the last `elements` (and `capture`), and only by the first action after them.
    """

    careful: bool
    """The next action may not be undone: what stands around its target, and where it leads, is compared as well. False
    again after that action."""


@runtime_checkable
class Pressing(Protocol):
    """A device that can do a click without the pointer, as its platform lets programs do."""

    def press(self, action: Click) -> str:
        """Do a click on its target's element itself. Returns a remark like `perform`.

        Raises ActionFailed when the element is not there any more, and what `perform` raises.
        """
        ...


@runtime_checkable
class Driving(Protocol):
    """A device that shows windows of programs, of which the person may have kept some to themselves."""

    drives: Callable[[str], str] | None
    """Says why a program of that name may not be driven, and nothing of one that may; empty: it does not tell."""


@runtime_checkable
class Telling(Protocol):
    """What a device can do besides that is able to tell of its doings before and while they happen."""

    on_send: Callable[[str], None] | None
    """Called, in any thread, before something leaves the device that may change things elsewhere: `POST http://…`. When
    it raises, that does not leave, and unless it raised Withheld, the action raises the same."""
    on_read: Callable[[str], None] | None
    """The same before what only reads, as far as can be told: `GET http://…` for what is no picture, style or script
    of a page, and `WEBSOCKET ws://…` before each action while such a connection is open."""
    on_answer: Callable[[str], None] | None
    """Called, in any thread, when the answer to such a request has come, with the same words."""
    on_page: Callable[[dict[str, Any]], None] | None
    """Called, in any thread, with a memento as soon as the device shows another page."""


@runtime_checkable
class Attributing(Protocol):
    """What a device can do besides that is able to report what a request may be due to."""

    edited: tuple[str, ...] | None
    """While `on_send` runs: the ids of the elements whose content was changed since the request before; an id is empty
    where the element was never listed. None: not known."""


@runtime_checkable
class Leaving(Protocol):
    """What a device can do besides that has fields which act when the keyboard leaves them."""

    def leave_field(self) -> None:
        """Take the keyboard from the field that has it, as if another place had been clicked."""
        ...


@runtime_checkable
class Receiving(Protocol):
    """What a device can do besides that is given files."""

    downloads: Path | None
    """The folder where they are kept, made when the first comes; None: nowhere."""


@runtime_checkable
class Overhearing(Protocol):
    """What a device can do besides whose pages say something beside the screen."""

    page_log: Path | None
    """The file where their console, and what they ask for, is written, an entry a line; None: nowhere."""


@runtime_checkable
class Keeping(Protocol):
    """What a device can do besides whose cookies and storage can be carried to another."""

    def save_state(self, path: Path) -> None:
        """Write them to a file that only its owner may read. Raises SetupError when it cannot be written."""
        ...


@runtime_checkable
class Reviving(Protocol):
    """What a device can do besides that can start again by itself after DeviceLost."""

    def revive(self) -> str:
        """Start again, to be restored from a memento next. Returns what was started again, in words.

        Raises SetupError when that cannot be done.
        """
        ...


@runtime_checkable
class Attended(Protocol):
    """A device on a screen that a person may sit at: they can stop it there, and others learn who works on it."""

    def work_for(self, run: str, stop: Callable[[], None] | None) -> None:
        """A run begins to use the device, or with two nothings ends. `stop` is called, in any thread, when the person
        presses the stop key; without it the next call raises DeviceLost."""
        ...
