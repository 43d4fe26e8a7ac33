"""`Device`: a screen with inputs, and the `Hooks` that a run connects to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from handeye.tools.element import Words
from handeye.tools.errors import ActionRefused, SetupError
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handeye.tools.actions import Action, Click
    from handeye.tools.element import Element
    from handeye.tools.hit import Hit
    from handeye.tools.screenshot import Screenshot
    from handeye.tools.secrets.store import Secrets


class Signals(BaseModel):
    """Facts about a device's state that need no pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Words = ""
    title: Words = ""
    """Of the page, or of the window in front."""
    app: Words = ""
    """The program whose window is in front, such as `mousepad`; empty in a browser and where it is not known."""
    focus: Words = ""
    """Role and name of the element with the keyboard focus, such as `textbox Email`; never a secret's value."""
    value: Words = ""
    """The value of the focused field; empty for secret fields."""
    dialog: Words = ""
    """The text of an open JavaScript dialog."""
    tabs: tuple[Words, ...] = ()
    """Titles of the open tabs or windows."""
    tab: int = 0
    """The index in `tabs` of the one in front."""
    document: int = 0
    """Number of documents loaded; it changes exactly when a page was loaded anew."""
    page_changes: PageChanges | None = None
    """Changes by the last action; None where the device cannot detect them, or nothing was done since the last look."""
    downloads: int = 0
    """Number of files that pages have sent."""
    unanswered: tuple[Words, ...] = ()
    """Programs that did not list their elements in time: their elements are unknown, not gone."""
    unlisted: int = 0
    """Number of elements that the last `elements` left out because there are too many."""


class ChangedElement(BaseModel):
    """An element of a page that scripts changed and left changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: Words
    """Role and name, such as `button “Save”`."""
    how: Words
    """The attribute that differs, or `text`, `added`, `removed`."""
    box: Box
    """In pixels of the screenshot; may be off the screen."""
    own: bool
    """It is the element that was pressed, an ancestor or a descendant of it."""


class RewrittenField(BaseModel):
    """A field whose value was changed by its page when it lost the focus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    element: str
    """The id of its element; empty for one that was never listed."""
    was: Words
    now: Words


class PageChanges(BaseModel):
    """Changes that the page itself reported since the last action began to press."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    changed: tuple[ChangedElement, ...] = ()
    browser_actions: tuple[Words, ...] = ()
    """What the page had the browser do: `something was copied`."""
    unattributed: Words = ""
    """An element that changed after the action and also shortly before it: the cause is unknown."""
    reordered: bool = False
    """An element was removed and inserted again, here or elsewhere: the order of elements may differ."""
    draws_itself: bool = False
    """The pressed element is drawn by a script, such as a canvas: no node reports its changes."""
    blocked_form: Words = ""
    """The field that blocked the submission of a form, and the reason."""
    rewritten_field: RewrittenField | None = None
    """The field that lost the focus by the action, if its page changed its value at that moment."""
    requests: tuple[Words, ...] = ()
    """Requests that may have changed data elsewhere."""
    hover_regions: tuple[Box, ...] = ()
    """Elements under the pointer before and after the action: a hover style changes only these."""
    focus_rings: tuple[Box, ...] = ()
    """Elements that had the focus before and after the action."""
    animated_regions: tuple[Box, ...] = ()
    """Regions that change by themselves."""


class Settled(BaseModel):
    """How the wait after an action ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["quiet", "cap"]
    """`quiet`: nothing changed any more. `cap`: still changing at the time limit."""
    seconds: float
    note: str = ""
    happened: str = ""
    """A description of what the action caused meanwhile: `report.csv was downloaded to …`."""


@dataclass(frozen=True)
class BeforePress:
    """The screen just before an action pressed, with the pointer already in its place."""

    screenshot: Screenshot
    elements: tuple[Element, ...] | None = None
    """None: the same as in the last observation."""
    animated_regions: tuple[Box, ...] = ()
    """Regions that changed by themselves meanwhile, in pixels of the screenshot."""


@dataclass(frozen=True)
class Hooks:
    """What a run connects to its device between `attach` and `detach`.

    A callback may run in any thread; None means that nothing is called.
    """

    run: str = ""
    """The folder of the run; other runs that want the same screen report it."""
    stop: Callable[[], None] | None = None
    """Called when the user presses the stop key. Without it, the next call of the device raises Stopped."""
    on_request: Callable[[str, tuple[str, ...] | None], None] | None = None
    """Called before a request that may change data elsewhere is sent: `POST http://…`.

    The second argument has the ids of the elements whose content changed since the request before: an empty id for an
    element that was never listed, None when it is not known. When the hook raises, the request is not sent; the action
    raises the same error, except for Withheld."""
    on_read: Callable[[str, tuple[str, ...] | None], None] | None = None
    """The same for a request that only reads, except for images, styles and scripts of a page. Called with
    `WEBSOCKET ws://…` before each action while such a connection is open."""
    on_response: Callable[[str], None] | None = None
    """Called with the same text when the response to such a request arrived."""
    on_page: Callable[[dict[str, Any]], None] | None = None
    """Called with the device state as soon as the device shows another page."""
    may_drive: Callable[[str], str] | None = None
    """Returns why windows of a program must not be driven; an empty string when they may. The program's name is empty
    where the window does not give it."""
    downloads: Path | None = None
    """The folder for downloaded files; created with the first file. None: files are not stored."""
    page_log: Path | None = None
    """The file for the console output and the requests of pages, one entry per line. None: nothing is written."""


NO_HOOKS = Hooks()


class Device(ABC):
    """A screen and its inputs. Used from one thread. Every method raises DeviceLost when the device is gone.

    A new device needs `name`, `kinds`, `capture`, `perform` and `settle`. All other methods have a default for a
    device that lacks the ability.
    """

    name: str
    """For people: `browser http://…`, `virtual :7 1280x800`."""

    kinds: frozenset[str]
    """The kinds of action that it can perform."""

    secrets: Secrets
    """The values that `{{secret:name}}` in actions stands for. The device removes them from all that it returns."""

    can_press: bool = False
    """Whether `press` works."""

    can_revive: bool = False
    """Whether `revive` works."""

    careful: bool = False
    """The next action may be impossible to undo. A device that compares targets then compares their surroundings and
    destination too. False again after that action."""

    @abstractmethod
    def capture(self) -> Screenshot:
        """Return the screen as it is now."""

    def elements(self) -> list[Element]:
        """Return the elements that the platform knows, in reading order; empty by default.

        Boxes are in pixels of the screenshot that `capture` would return now.
        """
        return []

    def signals(self) -> Signals:
        """Return cheap facts about the device's state."""
        return Signals()

    def hit_test(self, action: Action) -> tuple[Hit, ...]:
        """Return what the action would act on; empty where that is not known. Raises what `elements` raises."""
        return ()

    @abstractmethod
    def perform(self, action: Action) -> str:
        """Do the action, whose targets all have points. Returns a remark for the event log, usually empty.

        Raises ActionRefused when it was not tried and ActionFailed when it was tried without success. A device that
        compares targets raises TargetChanged when a target differs from the last `elements` and `capture`; only the
        first action after them is compared.
        """

    def press(self, action: Click) -> str:
        """Do a click on its target's element without the pointer; only where `can_press`. Returns a remark.

        Raises ActionFailed when the element no longer exists, and what `perform` raises.
        """
        raise ActionRefused(f"{self.name} cannot press {action.target} without the pointer; use a click")

    @property
    def before_press(self) -> BeforePress | None:
        """The screen just before the last action pressed; None when the last observation still describes it."""
        return None

    @abstractmethod
    def settle(self, cap: float = 10.0) -> Settled:
        """Wait until the screen stops changing, at most `cap` seconds."""

    def leave_field(self) -> None:
        """Remove the keyboard focus from the focused field, as a click elsewhere would; nothing by default."""

    def attach(self, hooks: Hooks) -> None:
        """Connect a run's hooks, in place of those before; ignored by default."""

    def detach(self) -> None:
        """Disconnect the hooks of the run; may be called twice."""

    def device_state(self) -> dict[str, Any]:
        """Return what a new device of this kind needs to reach this state after a crash; JSON values only."""
        return {}

    def restore(self, device_state: dict[str, Any]) -> str:
        """Bring a new device to a state that `device_state` returned. Returns a description of what is lost, if any."""
        return ""

    def revive(self) -> str:
        """Start again after DeviceLost; only where `can_revive`. `restore` follows. Returns what was started again.

        Raises SetupError when that is impossible.
        """
        raise SetupError(f"{self.name} cannot start again by itself; open it anew and resume the run")

    def save_state(self, path: Path) -> None:
        """Write cookies and storage to a file that only its owner may read. Raises SetupError when that fails."""
        raise SetupError(f"{self.name} has no cookies or storage to save; use --storage-state with a web page")

    def close(self) -> None:
        """Release everything; may be called twice."""
