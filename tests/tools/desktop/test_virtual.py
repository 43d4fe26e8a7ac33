"""A virtual screen with real programs on it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handeye.tools import Virtual
from handeye.tools.actions import Click, Drag, Key, Navigate, Scroll, Type, Wait
from handeye.tools.errors import ActionRefused, DeviceLost, SetupError, UsageError
from handeye.tools.geometry import Point
from tests.requirements import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handeye.tools.actions import Action

ANY_TEXT = "Grüße, 世界 🌍 – e\u0301 “שלום” عربى\tнаціональність\nf(x) = {a[0] | ~b ^ `c`} \\ 'd' @ €5 👩‍💻"


@contextmanager
def mousepad(path: Path | None = None) -> Iterator[Virtual]:
    with Virtual(f"mousepad {path or ''}") as virtual:
        yield virtual


def do(virtual: Virtual, *actions: Action) -> None:
    for action in actions:
        virtual.perform(action)
        virtual.settle()


def text_in(virtual: Virtual) -> str:
    """What the editor holds, by its own copy command."""
    virtual.perform(Key(keys="ctrl+a"))
    virtual.perform(Key(keys="ctrl+c"))
    assert virtual._backend.answered(20)
    command = ["xclip", "-o", "-selection", "clipboard"]
    environment = os.environ | {"DISPLAY": virtual.display}
    return subprocess.run(command, env=environment, capture_output=True, check=True, timeout=20).stdout.decode()


def processes_below(pid: int) -> set[int]:
    found = {pid}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found |= processes_below(int(stat.parent.name))
    return found


def wait_for(what: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_any_text_typed_into_an_editor_and_saved_by_keyboard_is_in_the_file_byte_for_byte(tmp_path: Path) -> None:
    note = tmp_path / "Notiz ü 世.txt"
    with mousepad() as virtual:
        do(virtual, Type(text=ANY_TEXT), Key(keys="ctrl+s"))
        assert virtual.signals().title == "Save As"
        do(virtual, Type(text=str(note), clear=True), Key(keys="Enter"))
        assert note.read_bytes().rstrip(b"\n") == ANY_TEXT.encode()
        assert note.name in virtual.signals().title


def test_any_text_reaches_a_qt_program(tmp_path: Path) -> None:
    if not shutil.which("featherpad"):
        unavailable("there is no featherpad; run: apt-get install featherpad")
    note = tmp_path / "note.txt"
    note.write_text("")
    with Virtual(f"featherpad {note}") as virtual:
        do(virtual, Type(text=ANY_TEXT), Key(keys="ctrl+s"))
        assert note.read_bytes().rstrip(b"\n") == ANY_TEXT.encode()
        virtual.capture()
        assert {"File", "Edit"} <= {element.name for element in virtual.elements()}


def test_a_long_text_with_more_characters_than_spare_keys_arrives_in_order() -> None:
    text = "".join(chr(0x4E00 + number * 7 % 150) + "aß"[number % 2] for number in range(300))
    with mousepad() as virtual:
        do(virtual, Type(text=text))
        assert text_in(virtual) == text


def test_text_replaces_what_the_target_held(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("old words")
    with mousepad(note) as virtual:
        virtual.capture()
        middle = virtual.windows()[0].box.centre
        do(virtual, Type.model_validate({"text": "new", "target": middle, "clear": True}))
        assert text_in(virtual) == "new"
        do(virtual, Type(text="", clear=True), Type(text="x"))
        assert text_in(virtual) == "x"


def test_keys_and_chords_do_what_they_say() -> None:
    with mousepad() as virtual:
        do(virtual, Type(text="abc"), Key(keys="Left", count=2), Key(keys="shift+End"), Key(keys="Delete"))
        do(virtual, Key(keys="Shift+B"), Key(keys="ß"), Key(keys="Return"), Key(keys="+"))
        assert text_in(virtual) == "aBß\n+"


def test_a_menu_opens_and_acts_where_it_is_clicked(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("one two")
    with mousepad(note) as virtual:
        before = virtual.capture()
        window = virtual.windows()[0].box
        file_menu = [window.left + 20, window.top + 32]
        do(virtual, Click.model_validate({"target": file_menu}))
        assert virtual.capture().digest != before.digest
        do(virtual, Key(keys="Up"), Key(keys="Enter"))  # the last entry of the File menu quits
        assert virtual.windows() == []


def test_double_and_triple_clicks_select_and_two_clicks_do_not(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    lines = "one two three\n" * 30
    note.write_text(lines)
    with mousepad(note) as virtual:
        window = virtual.windows()[0].box
        word = [window.left + 12, window.centre.y]
        double = Click.model_validate({"target": word, "count": 2})
        do(virtual, double, Type(text="X"))
        assert text_in(virtual).replace("X two three", "one two three") == lines
        triple = Click.model_validate({"target": word, "count": 3})
        do(virtual, triple, Type(text="Y"))
        assert text_in(virtual).count("one two three") == 29
        assert "Y" in text_in(virtual)
        click = Click.model_validate({"target": [word[0], word[1] + 60]})
        virtual.perform(click)
        virtual.perform(click)
        do(virtual, Type(text="!"))
        assert text_in(virtual).replace("!", "").count("one two three") == 29


def test_dragging_selects_what_lies_between(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("some words in a line\n" * 5)
    with mousepad(note) as virtual:
        window = virtual.windows()[0].box
        top, end = [window.left + 6, window.top + 100], [window.left + 300, window.bottom - 60]
        do(virtual, Drag.model_validate({"start": top, "end": end}), Type(text="X"))
        assert len(text_in(virtual)) < 105


def test_the_wheel_moves_a_long_page_down_and_up_again(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("\n".join(map(str, range(500))))
    with mousepad(note) as virtual:
        top = virtual.capture().digest
        do(virtual, Scroll(direction="down", amount=10))
        assert virtual.capture().digest != top
        do(virtual, Scroll(direction="up", amount=10), Key(keys="ctrl+Home"))
        assert virtual.signals().title.startswith(str(note))


def test_a_blinking_cursor_does_not_keep_the_screen_from_being_still() -> None:
    with mousepad() as virtual:
        virtual.perform(Type(text="words"))
        settled = virtual.settle(cap=10)
        assert settled.by == "quiet"
        assert settled.seconds < 10


def test_two_screens_at_once_do_not_disturb_each_other() -> None:
    with mousepad() as left, mousepad() as right:
        assert left.display != right.display
        for turn in range(3):
            left.perform(Type(text=f"links {turn} 世\n"))
            right.perform(Type(text=f"rechts {turn} 界\n"))
        left.settle()
        right.settle()
        assert not left.capture().notes, "nothing had to be done in another way"
        assert text_in(left) == "links 0 世\nlinks 1 世\nlinks 2 世\n"
        assert text_in(right) == "rechts 0 界\nrechts 1 界\nrechts 2 界\n"
        left.close()
        right.perform(Key(keys="End"))
        assert right.signals().title


def test_a_screen_without_a_program_can_be_looked_at_and_is_empty() -> None:
    with Virtual(size=(801, 603)) as virtual:
        assert virtual.capture().image.size == (801, 603)
        assert virtual.windows() == []
        assert virtual.signals().title == ""
        assert virtual.elements() == []


def test_the_users_own_settings_are_not_what_the_program_writes_to() -> None:
    with Virtual("mousepad") as virtual:
        environment = Path(f"/proc/{virtual._pid}/environ").read_text()
        assert f"XDG_CONFIG_HOME={virtual._programs.folder}" in environment
        assert f"HOME={Path.home()}\0" in environment


@pytest.mark.parametrize(
    "action",
    [
        Click.model_validate({"target": [1280, 10]}),
        Click.model_validate({"target": [10, -1]}),
        Drag.model_validate({"start": [10, 10], "end": [10, 800]}),
        Key(keys="ctrl+entr"),
        Navigate(url="http://localhost"),
        Click.model_validate({"target": "the Save button"}),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_pressed(action: Action) -> None:
    with Virtual() as virtual:
        pointer = virtual._backend.pointer()
        with pytest.raises(ActionRefused):
            virtual.perform(action)
        assert virtual._backend.pointer() == pointer


def test_a_refused_point_says_where_the_screen_ends() -> None:
    with Virtual() as virtual, pytest.raises(ActionRefused, match=r"\(2100, 40\) is off the screen \(1280x800\)"):
        virtual.perform(Click.model_validate({"target": Point(2100, 40)}))


def test_waiting_waits() -> None:
    with Virtual() as virtual:
        start = time.monotonic()
        virtual.perform(Wait(seconds=0.3))
        assert 0.3 <= time.monotonic() - start < 15


@pytest.mark.parametrize(
    ("command", "error", "says"),
    [
        ("no-such-program --x", SetupError, "no program 'no-such-program'"),
        ("", UsageError, "name a program"),
        ("mousepad 'unclosed", UsageError, "close its quotes"),
        ("sh -c 'echo all is lost >&2; exit 3'", SetupError, "exit code 3, without a window: all is lost"),
        ("true", SetupError, "exit code 0, without a window"),
        ("sleep 60", SetupError, "no window within 1 s"),
    ],
)
def test_a_program_that_does_not_start_is_distinguished_from_one_that_does(
    command: str, error: type[Exception], says: str
) -> None:
    before = processes_below(os.getpid())
    with pytest.raises(error, match=says):
        Virtual(command, timeout=1)
    assert processes_below(os.getpid()) <= before


def test_a_size_that_no_screen_has_is_refused() -> None:
    with pytest.raises(UsageError, match="0x5"):
        Virtual(size=(0, 5))


def test_a_missing_server_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    with pytest.raises(SetupError, match=r"Xvfb and openbox not found; run: .*apt-get install -y xvfb openbox"):
        Virtual()


def test_a_launcher_that_starts_its_program_and_leaves_is_as_good_as_the_program() -> None:
    with Virtual("sh -c 'setsid mousepad & exit 0'") as virtual:
        do(virtual, Type(text="hello"))
        assert text_in(virtual) == "hello"


def test_every_call_reports_a_crashed_program_as_lost() -> None:
    with mousepad() as virtual:
        pid = virtual._pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert wait_for(lambda: not virtual._backend.windows() and virtual._programs.exit_code(pid) is not None)
        for ask in (virtual.capture, virtual.signals, virtual.settle, lambda: virtual.perform(Type(text="x"))):
            with pytest.raises(DeviceLost, match="'mousepad ' has ended with signal 9"):
                ask()


def test_after_a_program_was_quit_its_empty_screen_can_be_seen_but_not_used() -> None:
    with mousepad() as virtual:
        do(virtual, Key(keys="ctrl+q"))
        assert virtual.signals().title == ""
        assert virtual.capture().image.size == (1280, 800)
        with pytest.raises(DeviceLost, match="exit code 0"):
            virtual.perform(Type(text="x"))


def test_a_dialog_that_says_no_by_its_exit_code_has_answered_and_not_crashed() -> None:
    with Virtual("zenity --question --text=Sure?") as virtual:
        do(virtual, Key(keys="escape"))
        assert wait_for(lambda: bool(virtual._pid) and virtual._programs.exit_code(virtual._pid or 0) is not None)
        assert virtual.signals().title == ""
        assert virtual.capture().image.size == (1280, 800)
        with pytest.raises(DeviceLost, match="exit code 1 and left no window"):
            virtual.perform(Type(text="x"))


@pytest.mark.parametrize("acted", [True, False])
def test_a_program_that_complains_or_ends_by_itself_with_an_exit_code_has_crashed(acted: bool) -> None:
    complaint = "echo all is lost >&2; " if acted else ""
    with Virtual(f"sh -c 'zenity --entry --timeout={20 if acted else 2}; {complaint}exit 3'") as virtual:
        if acted:
            virtual.perform(Key(keys="escape"))
        assert wait_for(lambda: bool(virtual._pid) and virtual._programs.exit_code(virtual._pid or 0) is not None)
        with pytest.raises(DeviceLost, match="exit code 3 and left no window"):
            virtual.capture()


def test_a_run_comes_back_by_starting_its_program_anew() -> None:
    with mousepad() as virtual:
        device_state = virtual.device_state()
        do(virtual, Key(keys="ctrl+q"))
        virtual.restore(device_state)
        do(virtual, Type(text="again"))
        assert text_in(virtual) == "again"
    with Virtual() as fresh:
        fresh.restore(device_state)
        assert fresh.signals().title.endswith("Mousepad")


def process_runs(pid: int) -> bool:
    """Whether a process is neither gone nor a zombie (state Z after the name in /proc/PID/stat)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_display_that_ends_is_reported_in_one_sentence() -> None:
    before = processes_below(os.getpid())
    with mousepad() as virtual:
        ours = processes_below(os.getpid()) - before
        (server,) = [pid for pid in ours if Path(f"/proc/{pid}/comm").read_text().strip() == "Xvfb"]
        os.kill(server, signal.SIGKILL)
        while process_runs(server):  # until the signal has arrived, the server still answers
            time.sleep(0.01)
        for ask in (virtual.capture, virtual.signals, virtual.settle, lambda: virtual.perform(Type(text="x"))):
            with pytest.raises(DeviceLost):
                ask()


def test_nothing_is_left_after_closing() -> None:
    before = processes_below(os.getpid())
    virtual = Virtual("sh -c 'setsid mousepad & exit 0'")
    folder = virtual._programs.folder
    started = processes_below(os.getpid()) - before
    assert len(started) >= 4  # the supervisor, Xvfb, openbox, mousepad
    virtual.close()
    virtual.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)
    assert not folder.exists()


def test_nothing_is_left_when_the_process_is_killed() -> None:
    code = (
        "import sys, time\n"
        "from handeye.tools import Virtual\n"
        "virtual = Virtual(\"sh -c 'setsid mousepad & exit 0'\")\n"
        "print(virtual._programs.folder, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout
        folder = Path(user.stdout.readline().strip())
        started = processes_below(user.pid) - {user.pid}
        assert len(started) >= 4
        user.kill()
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))
    assert not folder.exists()


def test_a_headed_program_opens_on_the_users_own_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    with Virtual() as screen:
        monkeypatch.setenv("DISPLAY", screen.display)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:")
        monkeypatch.setenv("GSETTINGS_BACKEND", "memory")
        with Virtual("mousepad", headed=True) as virtual:
            assert virtual.display == screen.display
            do(virtual, Type(text="here"))
            assert text_in(virtual) == "here"
            assert len(screen.windows()) == 1
        assert wait_for(lambda: screen.windows() == [])


def program_of(pid: int) -> str:
    try:
        return Path(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()).name
    except OSError:
        return ""


def test_further_programs_are_launched_in_a_home_of_their_own_and_the_screen_outlives_them(tmp_path: Path) -> None:
    (tmp_path / "mousepad").symlink_to(str(shutil.which("mousepad")))
    with Virtual(home=tmp_path, folder=tmp_path) as virtual:
        virtual.launch("galculator")
        (pid,) = [each for each in processes_below(os.getpid()) if program_of(each) == "galculator"]
        assert f"HOME={tmp_path}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert Path(f"/proc/{pid}/cwd").resolve() == tmp_path
        virtual.launch("./mousepad")
        assert len(virtual.signals().tabs) == 2
        os.kill(pid, signal.SIGKILL)
        do(virtual, Type(text="still here"))
        assert text_in(virtual) == "still here"
        with pytest.raises(SetupError, match="'false' ended at once with exit code 1, without a window"):
            virtual.launch("false")
