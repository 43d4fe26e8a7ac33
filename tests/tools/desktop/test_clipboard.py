"""The clipboard of a real X display, shared with real programs."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from handeye.tools import Virtual
from handeye.tools.actions import Key
from handeye.tools.errors import ActionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = "Grüße 世界 🌍\nnext"


@pytest.fixture(scope="module")
def editor() -> Iterator[Virtual]:
    with Virtual("mousepad") as virtual:
        yield virtual


def xclip(virtual: Virtual, *words: str, given: bytes | None = None) -> bytes:
    environment = os.environ | {"DISPLAY": virtual.display}
    command = ["xclip", "-selection", "clipboard", *words]
    if given is not None:  # it stays to hand it out, and would keep a pipe open
        subprocess.run(command, env=environment, input=given, stdout=subprocess.DEVNULL, check=True, timeout=20)
        until = time.monotonic() + 10  # it goes to the background first, and takes the clipboard there
        while xclip(virtual, *(word for word in words if word != "-i"), "-o") != given and time.monotonic() < until:
            time.sleep(0.02)
        return b""
    return subprocess.run(command, env=environment, capture_output=True, check=True, timeout=20).stdout


def test_what_is_written_can_be_pasted_and_what_is_copied_can_be_read(editor: Virtual) -> None:
    editor.set_clipboard(TEXT)
    assert xclip(editor, "-o").decode() == TEXT
    assert editor.clipboard() == TEXT
    for keys in ("ctrl+v", "ctrl+a", "ctrl+x"):
        editor.perform(Key(keys=keys))
        editor.settle()
    editor.set_clipboard("between")
    for keys in ("ctrl+z", "ctrl+a", "ctrl+x"):
        editor.perform(Key(keys=keys))
        editor.settle()
    assert editor.clipboard() == TEXT
    long = "0123456789" * 100_000
    editor.set_clipboard(long)
    assert xclip(editor, "-o").decode() == long
    xclip(editor, "-i", given=long[::-1].encode())
    assert editor.clipboard() == long[::-1]


def test_pasting_restores_the_copied_content_in_all_formats(editor: Virtual) -> None:
    picture = bytes(range(256)) * 2000
    xclip(editor, "-i", "-t", "image/png", given=picture)
    editor.paste("pasted")
    editor.settle()
    assert xclip(editor, "-o", "-t", "image/png") == picture
    editor.capture()
    assert [element.value for element in editor.elements() if element.role == "textbox"] == ["pasted"]


def test_an_empty_clipboard_is_empty_again_after_pasting() -> None:
    with Virtual("mousepad") as virtual:
        assert virtual.clipboard() == ""
        virtual.paste("x")
        assert virtual.clipboard() == ""


def test_an_unread_paste_is_reported_and_the_clipboard_is_restored() -> None:
    with Virtual() as virtual:
        xclip(virtual, "-i", given=b"kept")
        with pytest.raises(ActionFailed, match="type it instead"):
            virtual.paste("nobody is there")
        assert virtual.clipboard() == "kept"
