"""When a screen counts as still."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from handeye.tools import Virtual
from handeye.tools.actions import Key
from handeye.tools.desktop.screen import changed_box
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "chromium")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"

MOVING = """<!doctype html><meta charset=utf-8><title>page</title><body style="margin:0">
<style>@keyframes walk {{ from {{ opacity: 0 }} to {{ opacity: 1 }} }}
div {{ animation: walk .3s infinite alternate linear; background: #a03; width: {size}px; height: {size}px }}</style>
<div></div>"""

LATE = """<!doctype html><meta charset=utf-8><title>page</title><body>
<script>onkeydown = () => { setTimeout(() => { document.body.style.background = "#0a3" }, 400) }</script>"""


def page(folder: Path, html: str) -> str:
    """The command that shows a page and nothing else."""
    file = folder / "page.html"
    file.write_text(html)
    return f"{CHROMIUM} {FLAGS} --user-data-dir={folder / 'profile'} --app={file.as_uri()}"


def test_a_small_place_that_never_rests_is_left_alone_and_named(tmp_path: Path) -> None:
    with Virtual(page(tmp_path, MOVING.format(size=24))) as virtual:
        # A program that gets no processor time for a while draws nothing: then there is nothing to name.
        for _ in range(20):
            settled = virtual.settle(cap=20)
            assert settled.by == "quiet"
            if settled.note:
                break
        assert re.match(r"2\dx2\d pixels around", settled.note)


def test_a_screen_that_never_rests_ends_at_the_cap_with_the_reason(tmp_path: Path) -> None:
    with Virtual(page(tmp_path, MOVING.format(size=400)), timeout=10) as virtual:
        settled = virtual.settle(cap=2)
        assert settled.by == "cap"
        assert 2 <= settled.seconds < 10
        assert re.match(r"still changing, last (400|399)x(400|399) pixels", settled.note)


def test_an_answer_that_comes_some_time_after_a_command_is_waited_for(tmp_path: Path) -> None:
    with Virtual(page(tmp_path, LATE)) as virtual:
        virtual.perform(Key(keys="Enter"))
        assert virtual.settle().by == "quiet"
        assert virtual.capture().image.getpixel((640, 400)) == (0x00, 0xAA, 0x33)


def test_the_changed_box_holds_every_changed_pixel_and_no_more() -> None:
    before = np.zeros((40, 60), np.uint32)
    after = before.copy()
    after[3, 50] = after[20, 7] = 1
    assert changed_box(before, after) == Box(7, 3, 51, 21)
    assert changed_box(before, before.copy()) is None


@pytest.mark.parametrize("shape", [(20, 60), (40, 61)])
def test_a_screen_of_another_size_has_changed_altogether(shape: tuple[int, int]) -> None:
    assert changed_box(np.zeros((40, 60), np.uint32), np.zeros(shape, np.uint32)) == Box(0, 0, shape[1], shape[0])
