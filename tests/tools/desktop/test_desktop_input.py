"""What the hands of a desktop do, as programs hear it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handeye.tools import Virtual
from handeye.tools.actions import Action, Key, Type, parse_action

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIFT, CTRL, ALT = 1, 4, 8


class Logged:
    """A program that writes down what it gets."""

    def __init__(self, virtual: Virtual, log: Path) -> None:
        self.virtual, self.log = virtual, log
        self.read = 0

    def after(self, action: Action, releases: int = 1) -> list[list[str]]:
        """The lines that an action has made it write, down to so many releases of a button."""
        self.virtual.perform(action)
        lines = self.log.read_text().splitlines()
        deadline = time.monotonic() + 20
        while sum(line.startswith("release") for line in lines[self.read :]) < releases:
            assert time.monotonic() < deadline, lines
            time.sleep(0.02)
            lines = self.log.read_text().splitlines()
        new, self.read = lines[self.read :], len(lines)
        return [line.split() for line in new]

    def at(self, x: int, y: int) -> list[int]:
        """A point of the window, on the screenshot."""
        box = self.virtual.windows()[0].box
        return [box.right - 600 + x, box.bottom - 400 + y]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    log = tmp_path_factory.mktemp("logger") / "log"
    program = Path(__file__).with_name("logger.py")
    with Virtual(f"{sys.executable} {program} {log}") as virtual:
        yield Logged(virtual, log)


def test_modifiers_are_held_while_a_button_is_pressed_and_let_go_after_it(logged: Logged) -> None:
    click = {"kind": "click", "target": logged.at(300, 200), "modifiers": ["ctrl", "shift"], "button": "right"}
    press, release = logged.after(parse_action(click))
    assert press[:3] == ["press", "3", str(CTRL | SHIFT)]
    assert release[:2] == ["release", "3"]
    press, _ = logged.after(parse_action({"kind": "click", "target": logged.at(100, 200)}))
    assert press[1:3] == ["1", "0"]


def test_the_wheel_turns_in_four_directions_by_the_requested_notches(logged: Logged) -> None:
    for direction, button in (("up", "4"), ("down", "5"), ("left", "6"), ("right", "7")):
        turn = {"kind": "scroll", "direction": direction, "amount": 3, "target": logged.at(300, 200)}
        lines = logged.after(parse_action(turn), 3)
        assert [line[:2] for line in lines] == [["press", button], ["release", button]] * 3


def test_a_drag_follows_its_path_with_the_button_down(logged: Logged) -> None:
    corner = logged.at(0, 0)
    via = [(100, 350), (500, 350)]
    stops = [[corner[0] + x, corner[1] + y] for x, y in via]
    drag = {"kind": "drag", "start": logged.at(100, 100), "end": logged.at(500, 100), "via": stops}
    first, *moves, last = logged.after(parse_action(drag))
    assert first[:3] == ["press", "1", "0"]
    assert last[:2] == ["release", "1"]
    next_to, above = int(first[3]) - 100, int(first[4]) - 100  # the window manager's frame
    path = [(int(x) - next_to, int(y) - above) for _, _, _, x, y in moves]
    assert path[-1] == (500, 100)
    for stop in via:
        assert stop in path
    assert all(x in (100, 500) or y == 350 for x, y in path)


LATE = """
import time
from Xlib import X
from Xlib.display import Display

display = Display()
root = display.screen().root
window = root.create_window(0, 0, 300, 200, 0, X.CopyFromParent, background_pixel=display.screen().white_pixel,
    event_mask=X.ButtonPressMask | X.KeyPressMask)
protocols = display.intern_atom("WM_PROTOCOLS")
window.set_wm_protocols([display.intern_atom("_NET_WM_PING")])
window.set_wm_name("nothing")
window.map()
queue, taken = [], 0
while True:
    event = queue.pop(0) if queue else display.next_event()
    if event.type == X.ButtonPress:
        time.sleep(0.3)
        display.sync()
        waiting = [display.next_event() for _ in range(display.pending_events())]
        queue += [each for each in waiting if each.type != X.KeyPress]  # those were for another field
    elif event.type == X.KeyPress:
        taken += 1
        window.set_wm_name(f"took {taken}")
    elif event.type == X.ClientMessage and event.client_type == protocols:
        root.send_event(event.__class__(window=root, client_type=protocols, data=event.data),
            event_mask=X.SubstructureNotifyMask | X.SubstructureRedirectMask)
"""


def test_text_for_a_field_waits_until_a_slow_program_has_given_it_the_keyboard(tmp_path: Path) -> None:
    program = tmp_path / "late.py"
    program.write_text(LATE)
    with Virtual(f"{sys.executable} {program}") as virtual:
        virtual.perform(parse_action({"kind": "type", "text": "abc", "target": list(virtual.windows()[0].box.centre)}))
        deadline = time.monotonic() + 20
        while (title := virtual.windows()[0].title) != "took 3":
            assert time.monotonic() < deadline, title
            time.sleep(0.05)


ANY_TEXT = "Grüße 世界 – “שלום” ελλ €5 ~^`|\\"


def test_any_text_reaches_a_program_in_a_terminal(tmp_path: Path) -> None:
    """xterm, in UTF-8, as any program of the terminal reads it."""
    stored = tmp_path / "kept.txt"
    script = tmp_path / "read.sh"
    script.write_text(f'read -r line; printf %s "$line" > {stored}.part; mv {stored}.part {stored}; cat')
    with Virtual(f"xterm -e sh {script}") as virtual:
        assert virtual.signals().app == "xterm"
        virtual.perform(Type(text=ANY_TEXT))
        virtual.perform(Key(keys="enter"))
        deadline = time.monotonic() + 20
        while not stored.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert stored.read_text(encoding="utf-8") == ANY_TEXT
