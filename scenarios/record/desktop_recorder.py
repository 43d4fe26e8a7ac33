"""Records what a person does on a desktop: which input occurred, and on which element by the screen before it."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from handeye.agent.resources import open_device
from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.phrases.matching import texts
from handeye.scenarios.export.draft import is_expressible
from handeye.scenarios.export.english import english_step, quote
from handeye.scenarios.record.recording import RecordedStep
from handeye.scenarios.record.step_text import StepText, describe_element
from handeye.tools import actions as a
from handeye.tools.errors import DeviceLost, HandeyeError, UsageError
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.perception.observation import Observation
    from handeye.scenarios.record.recording import Recording
    from handeye.scenarios.record.x11_events import X11Event
    from handeye.tools.desktop.desktop import Desktop
    from handeye.tools.element import Element

#: Seconds between two looks while nothing is done.
IDLE = 0.5
PAUSE = 0.02
#: Two presses within so many seconds, and so many pixels, are a double click; more pixels are a drag.
TWICE, NEAR = 0.45, 8
#: Seconds without any window after which a program has ended.
GONE = 3.0
#: Ends the recording, as it stops a run.
STOP = ("end", frozenset({"ctrl", "alt"}))
BUTTONS = {1: "left", 2: "middle", 3: "right"}
#: The note for a desktop where password fields are unknown.
BLIND = (
    "No program here tells what its fields are (AT-SPI): a password that is typed would be written down. "
    "Start the program with accessibility, or take passwords out of the file."
)


def listen(on: str, recording: Recording, on_entry: Callable[[RecordedStep], None]) -> None:
    """Record on the desktop, or in a program that is started there, until the program ends or Ctrl-C is pressed."""
    needs_x11()
    with closing(open_device(on, headed=True)) as device:
        listener = DesktopRecorder(device, recording, on_entry)  # type: ignore[arg-type]
        with closing(listener):
            listener.wait()


class DesktopRecorder:
    """Records what a person does on an X server. Raises SetupError where it has no RECORD extension."""

    def __init__(self, device: Desktop, recording: Recording, on_entry: Callable[[RecordedStep], None]) -> None:
        from handeye.scenarios.record.x11_events import X11Listener
        from handeye.tools.desktop.input_backend import own_display

        self._device, self._recording, self._on_entry = device, recording, on_entry
        self._eyes = EmbeddedPerception()
        display: str = getattr(device, "display", "") or own_display()
        self._ears = X11Listener(display)
        self._before: list[tuple[float, float, Observation]] = []
        """The last looks: when each began and ended."""
        self._pressed: X11Event | None = None
        self._last: X11Event | None = None
        self._text = ""
        self._field: Element | None = None
        self._secret = False
        self.stopped = False
        self._windows = time.monotonic()
        self._look()
        observation = self._before[-1][2]
        if not observation.elements:
            recording.notes.append(BLIND)

    def close(self) -> None:
        """Stop receiving events. A second call does nothing."""
        self._ears.close()
        self._eyes.close()

    def wait(self) -> None:
        """Record until the program ends, the stop key is pressed, or a person interrupts."""
        try:
            while not self.stopped and not self._gone():
                if not self.take() and time.monotonic() - self._before[-1][1] > IDLE:
                    self._look()
                time.sleep(PAUSE)
        except DeviceLost:
            self._recording.title = ""
        finally:
            self._write_text()

    def take(self) -> bool:
        """Convert the events so far to steps; return whether there were any."""
        events = self._ears.events
        if not events:
            return False
        while events:
            each = events.popleft()
            if each.kind == "key":
                self._key(each)
            elif each.kind == "press":
                self._write_text()
                self._pressed = each
            elif self._pressed is not None:
                self._release(self._pressed, each)
                self._pressed = None
        with suppress(HandeyeError):
            self._device.settle(1.0)
        self._look()
        return True

    def _gone(self) -> bool:
        """Return whether the started program has had no window for `GONE` seconds."""
        if self._recording.device != "virtual" or self._before[-1][2].signals.tabs:
            self._windows = time.monotonic()
        if time.monotonic() - self._windows < GONE:
            return False
        self._recording.title = ""  # of a window that is no more
        return True

    # Looking

    def _look(self) -> None:
        began = time.monotonic()
        observation = self._eyes.observe(self._device)
        self._before = [*self._before[-3:], (began, time.monotonic(), observation)]
        self._recording.title = observation.signals.title or self._recording.title
        self._recording.first = self._recording.first or observation.signals.title

    def _seen(self, moment: float) -> Observation:
        """Return the last observation that was complete at a moment."""
        return next(
            (observation for _, ended, observation in reversed(self._before) if ended <= moment), self._before[0][2]
        )

    # The mouse

    def _release(self, press: X11Event, release: X11Event) -> None:
        observation = self._seen(press.at)
        point, end = self._pixel(observation, press), self._pixel(observation, release)
        if point is None or end is None:
            return
        if {"ctrl", "shift"} <= set(press.held):
            self._check(point)
            return
        if abs(point.x - end.x) > NEAR or abs(point.y - end.y) > NEAR:
            self._dragged(observation, point, end)
            return
        last, self._last = self._last, press
        twice = last and last.button == press.button and press.at - last.at < TWICE and _close(last.point, press.point)
        count = 2 if twice else 1
        self._last = None if twice else press
        element = _thing(observation, point)
        held = tuple(name for name in press.held if name in ("ctrl", "shift", "alt", "meta"))
        button = BUTTONS.get(press.button, "left")

        def step(phrase: str) -> str | None:
            click = a.Click(target=a.Target(phrase=phrase), button=button, count=count, modifiers=held)  # type: ignore[arg-type]
            return english_step(click, {"target": phrase})

        kind = "double" if twice else "click" if button == "left" else button
        if element is None:
            step_text = StepText(step(f"({point.x}, {point.y})") or "", "a place in pixels: nothing there has a name")
        else:
            step_text = describe_element(element, observation, step, ("click",), point)
        self._keep(RecordedStep(kind, step_text, element.id if element else f"{point}"))

    def _dragged(self, observation: Observation, start: Point, end: Point) -> None:
        first, second = _thing(observation, start), _thing(observation, end)
        where = f"from ({start.x}, {start.y}) to ({end.x}, {end.y})"
        names = [quote(each.name) if each and each.name else None for each in (first, second)]
        if names[0] and names[1] and first != second and is_expressible(step := f"drag {names[0]} onto {names[1]}"):
            self._keep(RecordedStep("drag", StepText(step, f"the mouse was dragged {where}")))
        else:
            self._keep(
                RecordedStep(
                    "drag", StepText("", f"the mouse was dragged {where}: plain English has no words for this")
                )
            )

    def _check(self, point: Point) -> None:
        observation = self._eyes.observe(self._device)
        element = _thing(observation, point) or _line(observation, point)
        text = (element.value or element.name) if element and not element.secret else ""
        quoted = quote(" ".join(text.split())[:120]) if text else None
        says = (
            f"the screen shows {quoted}"
            if quoted and " ".join(text.split())[:120] in " ".join(" ".join(texts(observation)).split())
            else ""
        )
        if element is not None and element.checked is not None and (name := quote(element.name)):
            says = f"{name} is {'' if element.checked else 'not '}checked"
        step_text = (
            StepText(f"check that {says}")
            if says
            else StepText("", "something was to be checked here that has no words")
        )
        self._keep(RecordedStep("check", step_text, check=True, says=says))

    # The keyboard

    def _key(self, x11_event: X11Event) -> None:
        if (x11_event.key, frozenset(x11_event.held)) == STOP:
            self.stopped = True
            return
        chord = set(x11_event.held) & {"ctrl", "alt", "meta"}
        if len(x11_event.key) == 1 and not chord:
            if not self._text:
                self._focus()
            self._text += x11_event.key
            return
        if x11_event.key == "backspace" and self._text and not chord:
            self._text = self._text[:-1]
            return
        self._write_text()
        held: list[str] = [name for name in ("ctrl", "alt", "meta") if name in chord]
        held += ["shift"] if "shift" in x11_event.held and (chord or len(x11_event.key) > 1) else []
        key = x11_event.key.lower() if chord else x11_event.key
        keys = "+".join((*held, "plus" if key == "+" else "space" if key == " " else key))
        step = english_step(a.Key(keys=keys), {})
        step_text = StepText(step) if step else StepText("", f"{keys} was pressed, which plain English cannot say")
        self._keep(RecordedStep("key", step_text))

    def _focus(self) -> None:
        """Read the focused field. Called at the first letter, because Enter moves the focus."""
        with suppress(HandeyeError):
            elements = self._device.elements()
            self._field = next((each for each in elements if each.focused), None)
            self._secret = bool(self._field and self._field.secret)
            return
        self._field, self._secret = None, False

    def _write_text(self) -> None:
        text, self._text = self._text, ""
        if not text:
            return
        field, observation = self._field, self._before[-1][2]
        if self._secret and field is not None:
            text = self._recording.secret(field)
        action = a.Type(text=text)
        plain, named = StepText(english_step(action, {}) or ""), False
        if not plain.step or not is_expressible(plain.step):
            plain = StepText("", "something was typed that plain English cannot say")
        if field is not None and field.takes_text and any(each.id == field.id for each in observation.elements):
            into = a.Type(text=text, target=a.Target(phrase="field"))
            step_text = describe_element(
                field, observation, lambda phrase: english_step(into, {"target": phrase}), ("type",)
            )
            if step_text.step and not step_text.comment:
                plain, named = step_text, True
        self._keep(RecordedStep("fill", plain, field.id if field else "", named=named))

    def _keep(self, entry: RecordedStep) -> None:
        self._recording.keep(entry)
        self._on_entry(entry)

    def _pixel(self, observation: Observation, x11_event: X11Event) -> Point | None:
        """Return the event's point in pixels of the screenshot; None outside of this monitor."""
        (left, top), scale = observation.screenshot.origin, observation.screenshot.scale
        x, y = round((x11_event.point[0] - left) * scale), round((x11_event.point[1] - top) * scale)
        return Point(x, y) if 0 <= x < observation.screenshot.width and 0 <= y < observation.screenshot.height else None


def _thing(observation: Observation, point: Point) -> Element | None:
    """Return the element at a point: the smallest that acts, else the smallest with a name, else a line of text."""
    there = [each for each in observation.elements if each.box.holds(point) and not each.covered]
    for fits in (lambda each: each.acts, lambda each: bool(each.name)):
        if found := sorted((each for each in there if fits(each)), key=lambda each: each.box.area):
            return found[0]
    return None if observation.elements else _line(observation, point)


def _line(observation: Observation, point: Point) -> Element | None:
    return next((each for each in observation.words if each.box.holds(point)), None)


def _close(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return abs(one[0] - other[0]) <= NEAR and abs(one[1] - other[1]) <= NEAR


def needs_x11() -> None:
    """Raise UsageError where the desktop cannot be recorded."""
    import sys

    if not sys.platform.startswith("linux"):
        raise UsageError(f"a desktop can be recorded on X11, and this is {sys.platform}; record a web page")
