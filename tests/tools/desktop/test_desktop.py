"""The user's own screen, for which a virtual one stands in."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from handeye.tools import Desktop, Virtual
from handeye.tools.actions import Click, Key, Move, Reload, Type
from handeye.tools.desktop.backends import pyautogui_backend
from handeye.tools.errors import ActionFailed, ActionRefused, DeviceLost, SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def editor() -> Iterator[Virtual]:
    with Virtual("mousepad") as virtual:
        yield virtual


@pytest.fixture
def desktop(editor: Virtual) -> Iterator[Desktop]:
    editor._backend.move(600, 500)
    with Desktop(display=editor.display) as desktop:
        yield desktop


def test_the_desktop_is_the_display_of_the_session(editor: Virtual, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", editor.display)
    with Desktop() as desktop:
        shot = desktop.capture()
        assert (shot.width, shot.height, shot.scale, shot.origin) == (1280, 800, 1.0, (0.0, 0.0))
        assert shot.image.mode == "RGB"
        assert desktop.name == "desktop monitor 1 1280x800"


def test_the_screenshot_has_the_colours_of_the_screen() -> None:
    with Virtual() as virtual:
        subprocess.run(
            [sys.executable, "-c", PAINT.format(colour=0x2050C0)],
            env=os.environ | {"DISPLAY": virtual.display},
            check=True,
        )
        assert virtual.capture().image.getpixel((5, 5)) == (0x20, 0x50, 0xC0)


PAINT = """
from Xlib.display import Display
display = Display()
root = display.screen().root
root.change_attributes(background_pixel={colour})
root.clear_area(0, 0, 0, 0)
display.sync()
"""


def test_windows_have_their_box_on_the_screenshot(desktop: Desktop) -> None:
    (window,) = desktop.windows()
    assert window.title.endswith("Mousepad")
    assert window.focused
    assert not window.hidden
    picture = np.asarray(desktop.capture().image)
    inside = picture[window.box.top : window.box.bottom, window.box.left : window.box.right]
    assert inside.any(axis=2).mean() > 0.99
    assert not picture[:, : window.box.left].any()
    assert not picture[: window.box.top].any()


def test_signals_name_the_window_in_front_and_all_others(desktop: Desktop) -> None:
    desktop.perform(Key(keys="ctrl+shift+n"))
    desktop.settle()
    signals = desktop.signals()
    assert len(signals.tabs) == 2
    assert signals.tabs[signals.tab] == signals.title
    desktop.perform(Key(keys="alt+F4"))
    desktop.settle()
    assert len(desktop.signals().tabs) == 1


def test_a_pointer_pushed_into_the_corner_stops_everything(editor: Virtual, desktop: Desktop) -> None:
    desktop.perform(Move.model_validate({"target": [40, 40]}))
    editor._backend.move(0, 0)
    with pytest.raises(DeviceLost, match="top left corner"):
        desktop.perform(Type(text="never"))
    with pytest.raises(DeviceLost, match="resume"):
        desktop.capture()
    editor._backend.move(600, 500)
    desktop.perform(Key(keys="Home"))


def test_a_click_of_our_own_into_the_corner_stops_nothing(desktop: Desktop) -> None:
    desktop.perform(Move.model_validate({"target": [0, 0]}))
    desktop.perform(Key(keys="Home"))


def test_the_corner_is_watched_while_a_long_text_is_typed(editor: Virtual, desktop: Desktop) -> None:
    pushed = list[bool]()

    def push() -> None:
        if not pushed:
            pushed.append(True)
            editor._backend.move(0, 0)
        desktop._check_person()

    with pytest.raises(DeviceLost, match="corner"):
        desktop._backend.write("x" * 1000, push)


def test_keys_lent_to_characters_are_free_again_after_closing(editor: Virtual) -> None:
    def layout() -> list[list[int]]:
        return [list(row) for row in editor._backend.connection.display.get_keyboard_mapping(8, 248)]  # type: ignore[attr-defined]

    before = layout()
    with Desktop(display=editor.display) as desktop:
        desktop.perform(Type(text="世界"))
        assert layout() != before
    assert layout() == before


def test_what_needs_a_browser_is_refused_with_where_to_do_it(desktop: Desktop) -> None:
    with pytest.raises(ActionRefused, match="--on URL"):
        desktop.perform(Reload())
    assert "reload" not in desktop.kinds


def test_a_click_off_the_screen_is_refused(desktop: Desktop) -> None:
    with pytest.raises(ActionRefused, match=r"\(1280, 0\) is off the screen"):
        desktop.perform(Click.model_validate({"target": [1280, 0]}))


def test_a_monitor_that_is_not_there_is_refused(editor: Virtual) -> None:
    with pytest.raises(UsageError, match="monitor 7 does not exist; this machine has 1"):
        Desktop(monitor=7, display=editor.display)


def test_without_a_screen_a_virtual_one_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SetupError, match="--on virtual"):
        Desktop()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(SetupError, match="Wayland session"):
        Desktop()


@pytest.mark.parametrize("display", [":4711", "nonsense", "localhost:9"])
def test_a_display_that_cannot_be_opened_is_a_matter_of_setting_up(display: str) -> None:
    with pytest.raises(SetupError, match="DISPLAY"):
        Desktop(display=display)


class SlowClipboard:
    """Takes a text only when it has been read so many times more."""

    class PyperclipException(Exception):
        pass

    def __init__(self, reads: int) -> None:
        self.reads, self.holds, self._coming = reads, "before", ["before"]

    def copy(self, text: str) -> None:
        self._coming = [self.holds] * self.reads + [text]

    def paste(self) -> str:
        self.holds = self._coming.pop(0) if len(self._coming) > 1 else self._coming[0]
        return self.holds


def test_text_is_pasted_only_when_the_clipboard_has_taken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowClipboard(reads=5)
    clipboard = pyautogui_backend.TextClipboard(slow)
    clipboard.write("now")
    assert slow.holds == "now"
    monkeypatch.setattr(pyautogui_backend, "TAKE_TIME", 0.1)
    with pytest.raises(ActionFailed, match=r"within 0\.1 s"):
        pyautogui_backend.TextClipboard(SlowClipboard(reads=10**6)).write("never")


def test_pyautogui_pastes_any_text_and_puts_the_clipboard_back() -> None:
    """PyAutoGUI knows one display a process, so it gets a process of its own."""
    code = (
        "from handeye.tools.desktop.backends import pyautogui_backend\n"
        "from handeye.tools.desktop.backends.pyautogui_backend import PyAutoGuiBackend\n"
        "pyautogui_backend.PASTE_TIME = 6\n"  # a busy machine may take that long to read the clipboard
        "import pyperclip, time\n"
        "backend = PyAutoGuiBackend()\n"
        "pyautogui_backend.TAKE_TIME = 20\n"
        "backend.clipboard.write('kept')\n"
        "backend.write('Grüße 世界 🌍\\n\\tend', lambda: None)\n"
        "until = time.monotonic() + 20\n"  # on a busy machine xclip is slow to take it
        "while pyperclip.paste() != 'kept': assert time.monotonic() < until, pyperclip.paste(); time.sleep(0.1)\n"
        "backend.key('ctrl', True); backend.key('a', True); backend.key('a', False); backend.key('ctrl', False)\n"
        "backend.key('ctrl', True); backend.key('c', True); backend.key('c', False); backend.key('ctrl', False)\n"
    )
    with Virtual("mousepad") as virtual:
        (virtual._programs.folder / "Xauthority").touch()
        environment = os.environ | {
            "DISPLAY": virtual.display,
            "XAUTHORITY": str(virtual._programs.folder / "Xauthority"),
        }
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=90, check=False
        )
        if "PyAutoGUI cannot be loaded" in done.stderr:
            pytest.skip("PyAutoGUI does not load here: it needs Tk on Linux, where handeye does without it")
        assert done.returncode == 0, done.stderr
        assert virtual._backend.answered(20)
        read = ["xclip", "-o", "-selection", "clipboard"]
        held = subprocess.run(read, env=environment, capture_output=True, check=True, timeout=20).stdout.decode()
        assert held == "Grüße 世界 🌍\n\tend"
