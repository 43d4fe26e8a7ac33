"""One desktop, one person at it, one run on it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from Xlib import X
from Xlib.protocol import rq

from handeye.tools import Desktop, Virtual
from handeye.tools.actions import Key, Move, Type, Window
from handeye.tools.desktop.backends.x11 import X11Backend
from handeye.tools.desktop.backends.x11_connection import Connection
from handeye.tools.device import Hooks
from handeye.tools.errors import ActionRefused, DeviceLost, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virtual]:
    """A screen in the role of a person's own one, with two editors."""
    folder = tmp_path_factory.mktemp("notes")
    for name in ("first.txt", "second.txt"):
        (folder / name).write_text(name)
    editor = "mousepad --disable-server"  # else the second would open in the first
    with Virtual(f"sh -c '{editor} {folder}/first.txt & {editor} {folder}/second.txt; wait'") as virtual:
        assert soon(lambda: len(virtual._backend.windows()) == 2)
        virtual.settle()
        yield virtual


@pytest.fixture
def desktop(screen: Virtual) -> Iterator[Desktop]:
    with Desktop(display=screen.display) as desktop:
        yield desktop


def soon(what: Callable[[], object], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def press(display: str, keys: tuple[str, ...]) -> None:
    """As the person would: by other hands than the device's."""
    backend = X11Backend(display)
    for key in keys:
        backend.key(key, True)
    for key in reversed(keys):
        backend.key(key, False)
    backend.close()


# Windows


def test_a_window_is_focused_by_a_part_of_its_title(desktop: Desktop) -> None:
    for name in ("first.txt", "second.txt", "first.txt"):
        desktop.perform(Window(do="focus", title=name))
        assert name in desktop.signals().title
        assert name in desktop.windows()[0].title
    assert desktop.signals().app == "mousepad"
    assert "window" in desktop.kinds


def test_a_raised_window_lies_in_front_and_leaves_the_keyboard_where_it_is(desktop: Desktop) -> None:
    desktop.perform(Window(do="focus", title="first.txt"))
    desktop.perform(Window(do="raise", title="second.txt"))
    desktop.settle()
    assert "second.txt" in desktop.windows()[0].title
    assert "first.txt" in desktop.signals().title


def test_a_title_that_fits_no_window_or_two_is_answered_with_those_there_are(desktop: Desktop) -> None:
    with pytest.raises(
        ActionRefused, match=r"no window's title holds “calc”; there are .*first.txt.*second.txt|second"
    ):
        desktop.perform(Window(do="focus", title="calc"))
    with pytest.raises(ActionRefused, match="several windows hold “Mousepad”"):
        desktop.perform(Window(do="close", title="Mousepad"))


def test_a_minimised_window_comes_back_and_a_closed_one_does_not(screen: Virtual, desktop: Desktop) -> None:
    desktop.perform(Window(do="focus", title="second.txt"))
    desktop.perform(Key(keys="ctrl+n"))
    desktop.settle()
    connection = Connection(screen.display)
    iconic = 3
    connection._message(connection.root, connection.active(), "WM_CHANGE_STATE", [iconic, 0, 0, 0, 0])
    connection.sync()
    connection.close()
    assert soon(lambda: any(window.hidden for window in desktop.windows()))
    (hidden,) = [window.title for window in desktop.windows() if window.hidden]
    desktop.perform(Window(do="focus", title=hidden))
    assert not any(window.hidden for window in desktop.windows())
    desktop.perform(Window(do="close", title="first.txt"))
    assert soon(lambda: len(desktop.windows()) == 1)


# Stopping


def test_the_stop_key_stops_whatever_program_has_the_keyboard(desktop: Desktop, screen: Virtual) -> None:
    press(screen.display, ("ctrl", "alt", "end"))
    assert soon(lambda: desktop._user_control and desktop._user_control._stopped)
    with pytest.raises(DeviceLost, match=r"ctrl\+alt\+end was pressed"):
        desktop.perform(Type(text="never"))
    desktop.capture()  # after one request to stop it may continue


def test_the_stop_key_stops_a_run_with_locks_on(desktop: Desktop, screen: Virtual) -> None:
    stopped = list[bool]()
    desktop.attach(Hooks(run="runs/one", stop=lambda: stopped.append(True)))
    press(screen.display, ("capslock",))
    press(screen.display, ("ctrl", "alt", "end"))
    press(screen.display, ("capslock",))
    assert soon(lambda: stopped)
    desktop.capture()
    desktop.detach()


def test_other_keys_reach_the_programs_and_the_stop_key_is_not_for_models(desktop: Desktop) -> None:
    desktop.perform(Key(keys="ctrl+end"))
    with pytest.raises(ActionRefused, match="stops handeye"):
        desktop.perform(Key(keys="alt+ctrl+End"))


def test_a_stop_key_that_another_program_has_is_noted(screen: Virtual) -> None:
    other = Connection(screen.display)
    for code, _ in other.display.keysym_to_keycodes(0xFF57):
        other.root.grab_key(code, X.ControlMask | X.Mod1Mask, False, X.GrabModeAsync, X.GrabModeAsync)
    other.sync()
    with Desktop(display=screen.display) as desktop:
        assert any("another program has taken ctrl+alt+end" in note for note in desktop.capture().notes)
    other.close()


# One driver


def test_a_second_run_on_the_same_screen_is_refused_with_the_owner(desktop: Desktop, screen: Virtual) -> None:
    desktop.attach(Hooks(run="runs/the-first", stop=lambda: None))
    code = f"from handeye.tools import Desktop; Desktop(display='{screen.display}.0')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert f"already driven by the run runs/the-first (process {os.getpid()})" in done.stderr
    with pytest.raises(SetupError, match="--on virtual"):
        Desktop(display=screen.display)


def test_the_screen_is_free_again_when_the_first_run_was_killed(screen: Virtual) -> None:
    code = (
        "import time; from handeye.tools import Desktop\n"
        f"desktop = Desktop(display='{screen.display}'); print(1, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline()
        with pytest.raises(SetupError, match=f"process {other.pid}"):
            Desktop(display=screen.display)
        other.kill()
        other.wait()
        Desktop(display=screen.display).close()


# Monitors


class SetMonitor(rq.Request):  # type: ignore[misc]
    """RandR's RRSetMonitor, which python-xlib lacks: a part of the screen as a monitor of its own."""

    _request = rq.Struct(
        rq.Card8("opcode"), rq.Opcode(43), rq.RequestLength(), rq.Window("window"), rq.Card32("name"),
        rq.Bool("primary"), rq.Bool("automatic"), rq.LengthOf("outputs", 2), rq.Int16("x"), rq.Int16("y"),
        rq.Card16("width"), rq.Card16("height"), rq.Card32("mm_width"), rq.Card32("mm_height"),
        rq.List("outputs", rq.Card32Obj),
    )  # fmt: skip


def test_one_monitor_is_seen_and_driven_at_a_time() -> None:
    with Virtual("mousepad", size=(1200, 600)) as whole:
        before = whole.capture()
        connection = Connection(whole.display)
        display = connection.display
        opcode = display.query_extension("RANDR").major_opcode
        for number, (x, primary) in enumerate(((0, True), (700, False))):
            width = 500 if x else 700
            SetMonitor(
                display=display.display, opcode=opcode, window=connection.root, name=connection.atom(f"PART{number}"),
                primary=primary, automatic=False, x=x, y=0, width=width, height=600, mm_width=100, mm_height=100,
                outputs=[],
            )  # fmt: skip
        connection.sync()
        connection.close()
        with Desktop(display=whole.display, monitor=2) as second:
            shot = second.capture()
            assert shot.origin[0] in (500.0, 700.0)
            assert (shot.width, shot.height) == (1200 - int(shot.origin[0]), 600)
            left = int(shot.origin[0])
            assert shot.image.tobytes() == before.image.crop((left, 0, 1200, 600)).tobytes()
            second.perform(Move.model_validate({"target": [10, 20]}))
            assert second._backend.pointer() == (left + 10, 20)
            (window,), (there,) = second.windows(), whole.windows()
            assert window.box == there.box.moved(-left, 0)
            whole._backend.move(left, 0)
            with pytest.raises(DeviceLost, match="corner"):
                second.capture()
            assert all(element.box.within(shot.width, shot.height) for element in whole.elements()) is False


def test_notes_of_a_run_lie_in_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with Virtual() as screen, Desktop(display=screen.display):
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert files
        assert all(path.stat().st_mode & 0o077 == 0 for path in files if path.suffix == ".json")
