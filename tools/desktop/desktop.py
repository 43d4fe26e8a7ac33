"""A desktop as a device: the pixels of one monitor, and hands on it."""

from __future__ import annotations

import math
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import handeye.tools.cancellation as cancellation
from handeye.tools.actions import Click, Drag, Key, Move, Scroll, Target, Type, Wait, Window, describe
from handeye.tools.desktop.backends import open_backend
from handeye.tools.desktop.desktop_input import FocusedField, Input
from handeye.tools.desktop.driven_programs import check_programs
from handeye.tools.desktop.input_backend import find_window
from handeye.tools.desktop.target_check import TargetCheck
from handeye.tools.desktop.user_control import STOP_KEY, UserControl
from handeye.tools.device import NO_HOOKS, BeforePress, Device, Hooks, Settled, Signals
from handeye.tools.errors import ActionFailed, ActionRefused
from handeye.tools.geometry import Point
from handeye.tools.keyboard import parse_chord
from handeye.tools.secrets.device_output import redacts_secrets
from handeye.tools.secrets.mask import ScreenMask
from handeye.tools.secrets.redact import names_in, parts
from handeye.tools.secrets.store import Destination, Secrets

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from handeye.tools.actions import Action
    from handeye.tools.desktop.input_backend import OpenWindow
    from handeye.tools.element import Element
    from handeye.tools.screenshot import Screenshot

#: Keys that write and move in a text; the others are taken for commands.
EDITING_KEYS = {
    "left",
    "right",
    "up",
    "down",
    "home",
    "end",
    "pageup",
    "pagedown",
    "backspace",
    "delete",
    "tab",
    "shift",
}


@redacts_secrets
class Desktop(Device):
    """The user's own screen: X11, Windows or macOS. One monitor at a time; `monitor` counts from 1.

    `display` is another X display than $DISPLAY, such as `:7`. Raises SetupError when there is no screen (a Wayland
    session included) or another run drives it, and UsageError when there is no such monitor.

    With `attended`, a person may use it: no second device opens on the same screen, pushing the pointer into the
    top left corner stops handeye (the next call raises DeviceLost), and on X11 so does `stop_key` in any program.
    """

    kinds: frozenset[str] = frozenset({"click", "move", "drag", "type", "key", "scroll", "wait"})

    def __init__(
        self, *, monitor: int = 1, display: str | None = None, attended: bool = True, stop_key: str = STOP_KEY
    ) -> None:
        from handeye.tools.desktop.screen import ScreenCapture

        self.secrets = Secrets()
        self._mask = ScreenMask()
        self._screen: Screenshot | None = None
        self._plain: Image | None = None
        """The last picture, with nothing blacked out: for comparing only."""
        self._target_check: TargetCheck | None = None
        """The look that the next action was chosen by."""
        self._before: NDArray[np.uint32] | None = None
        self._focused: Element | None = None
        self._pressed = ""
        self._holds: str | None = None
        """What the field held just after it was filled, where only that tells; None where it is not known."""
        self._before_press: BeforePress | None = None
        self._hooks = NO_HOOKS
        with ExitStack() as opened:
            self._backend = open_backend(display)
            opened.callback(self._backend.close)
            self._capture = ScreenCapture(monitor, display)
            opened.callback(self._capture.close)
            self._input = Input(self._backend)
            self._user_control = UserControl(display, stop_key) if attended else None
            if self._user_control:
                opened.callback(self._user_control.close)
                self._user_control.watch(self._input, self._capture.corners)
            self._opened = opened.pop_all()
        if self._backend.lists_windows:
            self.kinds |= {"window"}
        size = f"{self._capture.monitor['width']}x{self._capture.monitor['height']}"
        self.name = f"desktop monitor {monitor} {size}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Looking

    def capture(self) -> Screenshot:
        """The monitor as it is now, without the pointer."""
        self._check()
        fields = self.elements() if self._screen and self.secrets.given else []
        plain = self._capture.capture()
        self._plain = plain.image
        self._screen = self._mask.over(plain, self.secrets, fields)
        if self._user_control and self._user_control.note:
            self._screen = replace(self._screen, notes=(*self._screen.notes, self._user_control.note))
        return self._screen

    def elements(self) -> list[Element]:
        """What the programs tell assistive technology (AT-SPI on X11), cut to this monitor; empty where none does."""
        self._check()
        screen = self._screen or self.capture()
        placed = [each.model_copy(update={"box": screen.from_input(each.box)}) for each in self._backend.elements()]
        found = [each for each in placed if each.box.within(screen.width, screen.height)]
        self._focused = next((each for each in found if each.focused), None)
        if self._plain is not None:
            self._target_check = TargetCheck(self._plain, tuple(found))
        return found

    def windows(self) -> list[OpenWindow]:
        """The open windows, the front one first, in pixels of the screenshot; empty on Windows and macOS."""
        screen = self._screen or self.capture()
        return [replace(window, box=screen.from_input(window.box)) for window in self._backend.windows()]

    def signals(self) -> Signals:
        """The window in front, all windows' titles in the order they opened, and the focus as `elements` found it."""
        self._check()
        windows = self._backend.windows()
        front = next((window for window in windows if window.focused), None)
        opened = sorted(windows, key=lambda window: window.id)
        focused = self._focused
        return Signals(
            focus=f"{focused.role} {focused.name}".strip() if focused else "textbox" if self._holds is not None else "",
            value=focused.value if focused else self._holds or "",
            title=front.title if front else "",
            app=front.program if front else "",
            tabs=tuple(window.title for window in opened),
            tab=opened.index(front) if front else 0,
            unanswered=self._backend.silent,
        )

    @property
    def before_press(self) -> BeforePress | None:
        """The screen just before the last click pressed, where the pointer had to be moved there first."""
        return self._before_press

    def settle(self, cap: float = 10.0) -> Settled:
        """Wait until the program in front has read its input and the pixels are still, at most `cap` seconds."""
        from handeye.tools.desktop.screen import wait_until_still

        self._check()
        before, self._before = self._before, None
        happened = f"{self._pressed} says that it was pressed" if self._pressed else ""
        self._pressed = ""
        settled = wait_until_still(self._capture.frame, self._backend, cap, before)
        return settled.model_copy(update={"happened": happened})

    # Acting

    def perform(self, action: Action) -> str:
        """Do it with pointer and keyboard.

        Raises ActionRefused for a point off the screen, an unknown key and what only a browser can do, ActionFailed
        when the program in front stops reading what is typed.
        """
        self._check(acting=True)
        if self._hooks.may_drive:
            middle = Point(self._seen().width // 2, self._seen().height // 2)
            check_programs(action, self.windows(), middle, self._hooks.may_drive, known=self._backend.lists_windows)
        self._focused, self._before_press, self._pressed, self._holds = None, None, "", None
        target_check, self._target_check = self._target_check, None  # the action itself may change the screen
        careful, self.careful = self.careful, False
        self._before = self._capture.frame() if _is_command(action) else None
        match action:
            case Click(target=target, button=button, count=count, modifiers=modifiers):
                self._poise(place := self._at(target, action))
                self._compare(target_check, target, careful=careful)
                self._pressed = self._input.click(place, button, count, modifiers)
            case Move(target=target):
                self._input.move(self._at(target, action))
            case Drag(start=start, end=end, via=via):
                self._compare(target_check, start, careful=careful)
                self._compare(target_check, end, careful=careful)
                passed = [self._at(Target(point=point), action) for point in via]
                self._input.drag((self._at(start, action), *passed, self._at(end, action)))
            case Type(text=text, target=target, clear=clear):
                if target:
                    place = self._at(target, action)
                    self._compare(target_check, target, careful=careful)
                    self._focus(place)
                self._type(text, clear)
            case Key(keys=keys, count=count, target=target):
                chord = parse_chord(keys)
                if self._user_control:
                    self._user_control.check_key(chord)
                if target:
                    place = self._at(target, action)
                    self._compare(target_check, target, careful=careful)
                    self._focus(place)
                for _ in range(count):
                    self._input.press(*chord)
            case Scroll(direction=direction, amount=amount, target=target):
                self._input.scroll(self._at(target, action) if target else self._middle(), direction, amount)
            case Window(do=do, title=title):
                self._backend.manage(find_window(title, self._backend.windows()), do)
            case Wait(seconds=seconds):
                self._wait(seconds)
            case _:
                raise ActionRefused(
                    f"{describe(action)} needs a browser; a desktop can {', '.join(sorted(self.kinds))}: "
                    "do it with those, or run on a web address: --on URL"
                )
        return ""

    def _compare(self, target_check: TargetCheck | None, target: Target, *, careful: bool) -> None:
        """Raise TargetChanged when the screen shows something else at a target than when the action was chosen."""
        if target_check:
            target_check.compare(target, self._capture.frame, self._read_again, careful=careful)

    def _read_again(self) -> list[Element]:
        found = self.elements()
        self._focused = self._target_check = None
        return found

    def _focus(self, place: tuple[float, float]) -> None:
        """Click there, and wait until it shows: some programs move the keyboard to a field later than they answer."""
        from handeye.tools.desktop.screen import follow

        self._input.focus(place)
        follow(self._capture.frame, self._backend)

    def _poise(self, place: tuple[float, float]) -> None:
        """Bring the pointer there and look once more: what only follows the pointer is no effect of a press."""
        from handeye.tools.desktop.screen import follow

        if self.secrets.given or math.dist(place, self._backend.pointer()) < 1:  # to hide secrets takes long
            return
        self._input.move(place)
        follow(self._capture.frame, self._backend)
        self._before_press = BeforePress(self.capture())

    def _type(self, text: str, clear: bool) -> None:
        place = self._place() if names_in(text) else None
        if place:
            self.secrets.allow(text, place)
        field = FocusedField(self._backend, self._input) if clear else None
        if field:
            field.empty()
            if not text:
                self._input.press((), "delete")
        if place is None:
            self._input.type(text, self._check_person)
            if field and not {"\n", "\t"} & set(text):
                self._holds = field.read()
            return

        def still_there() -> None:
            self._check_person()
            if self._place() != place:
                raise ActionFailed(f"{place.words} lost the keyboard while a secret was typed; look again")

        for words, secret in parts(text):
            typed = words or self.secrets.use(secret, self._place())
            self._input.type(typed, still_there)

    def _place(self) -> Destination:
        """The program that has the keyboard, for secrets."""
        window = next((window for window in self._backend.windows() if window.focused), None)
        if window is None:
            return Destination("a screen that does not tell which program has the keyboard")
        return Destination(
            f"the program {window.program or window.title}", program=window.program, own=self._is_own(window)
        )

    def _is_own(self, window: OpenWindow) -> bool:  # noqa: ARG002 - a virtual screen has a program of its own
        return False

    def _at(self, target: Target, action: Action) -> tuple[float, float]:
        """The input coordinate of a target's point, which refers to the last screenshot."""
        if target.point is None:
            raise ActionRefused(f"{describe(action)} has no point yet; find {target} on the screenshot first")
        screen = self._screen or self.capture()
        self._capture.check(screen)
        screen.check(target.point, f"{action.kind} at")
        return screen.to_input(target.point)

    def _seen(self) -> Screenshot:
        return self._screen or self.capture()

    def _middle(self) -> tuple[float, float]:
        """The middle of the window that has the keyboard, as far as it is on the monitor; else of the monitor."""
        screen = self._seen()
        front = next((window.box for window in self.windows() if window.focused), None)
        if front and (seen := front.within(screen.width, screen.height)):
            return screen.to_input(seen.centre)
        return screen.to_input((screen.width // 2, screen.height // 2))

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            cancellation.pause(min(left, 0.2))
            self._check()

    # The clipboard

    def clipboard(self) -> str:
        """The text in the clipboard; empty when there is none."""
        return self._backend.clipboard.read()

    def set_clipboard(self, text: str) -> None:
        """Put text into the clipboard, where it stays."""
        self._backend.clipboard.write(text)

    def paste(self, text: str) -> None:
        """Put text into the program in front by its paste key; what lay in the clipboard lies there again afterwards.

        Raises ActionFailed when the program takes nothing.
        """
        self._check(acting=True)
        with self._backend.clipboard.lent(text):
            self._input.press(("meta",) if sys.platform == "darwin" else ("ctrl",), "v")

    # Being there

    def _check(self, acting: bool = False) -> None:  # noqa: ARG002 - a virtual screen tells looking from acting
        """Raise DeviceLost when this device can no longer be used."""
        self._check_person()

    def _check_person(self) -> None:
        if self._user_control:
            self._user_control.check(self._input, self._backend.pointer(), self._capture.corners())

    def attach(self, hooks: Hooks) -> None:
        """Connect a run's hooks, in place of those before; on an attended screen, register the run as its driver."""
        self._hooks = hooks
        if self._user_control:
            self._user_control.work_for(hooks.run, hooks.stop)

    def detach(self) -> None:
        """Disconnect the hooks; the screen stays reserved for this device until `close`."""
        self.attach(NO_HOOKS)

    def device_state(self) -> dict[str, Any]:
        """The windows' titles, for the record: a desktop's programs outlive a run."""
        return {"windows": [window.title for window in self._backend.windows()]}

    def close(self) -> None:
        """Let go of the screen; keys lent to characters get their meaning back. May be called twice."""
        self._opened.close()


def _is_command(action: Action) -> bool:
    """Whether it may open or start something, rather than write and move in a text, which shows at once."""
    match action:
        case Type(text=text):
            return "\n" in text
        case Key(keys=keys):
            chord = parse_chord(keys)
            edits = chord.key in EDITING_KEYS or len(chord.key) == 1
            return not edits or bool(set(chord.modifiers) - {"shift"})
        case Scroll() | Wait():
            return False
        case _:
            return True
