"""Programs of several toolkits: what they tell is clicked where it is, and asking one of them is bounded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handeye.agent import Agent, RunOptions
from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.outcome import judge
from handeye.policies.plain_english.checks import evaluate
from handeye.policies.plain_english.parsing import parse_statement
from handeye.tools import Virtual
from handeye.tools.actions import Click, Key
from handeye.tools.desktop.accessibility import bus
from handeye.tools.errors import ActionRefused
from tests.requirements import unavailable

if TYPE_CHECKING:
    from handeye.tools.element import Element

PYTHON = "/usr/bin/python3"
FORMS = Path(__file__).with_name("desktop_forms.py")
NEEDS = {
    "gtk-3.0": ("import gi; gi.require_version('Gtk', '3.0')", "gir1.2-gtk-3.0"),
    "gtk-4.0": ("import gi; gi.require_version('Gtk', '4.0')", "gir1.2-gtk-4.0"),
    "qt-5": ("import PyQt5.QtWidgets", "python3-pyqt5"),
    "qt-6": ("import PyQt6.QtWidgets", "python3-pyqt6"),
}

SENT = {"guest": "Ines Dahl", "city": "Kyoto", "late": True, "nights": 4, "note": "two beds; no. 7"}


def form(toolkit: str, file: Path) -> str:
    """The command of a form; without its toolkit the test is skipped, or fails in CI."""
    code, package = NEEDS["gtk-3.0" if toolkit == "rows" else toolkit]
    if subprocess.run([PYTHON, "-c", code], capture_output=True, check=False).returncode:
        message = f"{PYTHON} cannot `{code}`; run: apt-get install {package}"
        if package == "python3-pyqt5":  # `make system` installs PyQt 6 only
            pytest.skip(message)
        unavailable(message)
    return f"{PYTHON} {FORMS} {toolkit} {file}"


def named(virtual: Virtual, role: str, name: str) -> Element:
    virtual.capture()
    (found,) = [each for each in virtual.elements() if each.role == role and name in (each.name, each.description)]
    return found


@pytest.mark.parametrize("toolkit", list(NEEDS))
def test_a_form_of_each_toolkit_is_filled_chosen_ticked_and_sent(toolkit: str, tmp_path: Path) -> None:
    with Virtual(form(toolkit, tmp_path / "sent.json")) as virtual:
        virtual.capture()
        reported = virtual.elements()
        assert not [each for each in reported if each.name in ("Oslo", "Lima", "Kyoto", "Quito", "Cancel all")]
        (window,) = virtual.windows()
        assert all(each.box.overlap(window.box) == each.box.area for each in reported)
        goal = (
            'choose "Kyoto" from "City", fill "Guest" with "Ines Dahl", set "Nights" to 4, '
            'fill "Note" with "two beds; no. 7", tick "Late arrival", click "Send", '
            'check that "sent" is shown'
        )
        run = Agent(virtual, options=RunOptions(approve="never"), run_dir=tmp_path / "run").run(goal)
    assert run.status == "succeeded", run.reason
    assert json.loads((tmp_path / "sent.json").read_text()) == SENT


def test_elements_of_a_hidden_page_are_not_listed(tmp_path: Path) -> None:
    with Virtual(form("gtk-4.0", tmp_path / "sent.json")) as virtual:
        for tab, there, hidden in (("Danger", "Cancel all", "Send"), ("Booking", "Send", "Cancel all")):
            virtual.perform(Click.model_validate({"target": named(virtual, "tab", tab).box.centre}))
            virtual.settle()
            virtual.capture()
            buttons = {each.name for each in virtual.elements() if each.role == "button"}
            assert there in buttons
            assert hidden not in buttons


def test_only_the_visible_rows_of_a_list_of_forty_thousand_are_read(tmp_path: Path) -> None:
    with Virtual(form("rows", tmp_path / "chosen")) as virtual:
        virtual.capture()
        began = time.monotonic()
        reported = virtual.elements()
        assert time.monotonic() - began < 2
        lots = [each for each in reported if each.name.startswith("Lot ")]
        assert [each.name for each in lots] == [f"Lot {number}" for number in range(len(lots))]
        assert 5 < len(lots) < 30
        assert len([each for each in reported if each.name.startswith("shelf")]) == len(lots)
        run = Agent(virtual, options=RunOptions(approve="never"), run_dir=tmp_path / "run").run(
            'scroll down until "Lot 64" shows, click "Lot 64"'
        )
        assert run.status == "succeeded", run.reason
        assert (tmp_path / "chosen").read_text() == "Lot 64"
        # A search ends at the end of the list, here its beginning.
        virtual.perform(Key(keys="ctrl+home"))
        over = 'scroll up until "Lot 40001" shows'
        assert (
            Agent(virtual, options=RunOptions(approve="never"), run_dir=tmp_path / "end").run(over).status == "failed"
        )


def test_a_program_that_does_not_answer_costs_its_time_and_nothing_of_it_has_gone(tmp_path: Path) -> None:
    perception = EmbeddedPerception()
    with Virtual(form("gtk-3.0", tmp_path / "sent.json")) as virtual:
        virtual.launch("galculator")
        before = perception.observe(virtual)
        assert before.signals.unanswered == ()
        names = {each.name for each in before.elements}
        assert {"Send", "Late arrival"} < names
        pid = virtual._pid
        assert pid
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            virtual.capture()
            reported = virtual.elements()
            assert bus.LIMIT <= time.monotonic() - began < bus.LIMIT + 1
            after = perception.observe(virtual)
            assert {"7", "8", "9"} < {each.name for each in reported}  # the other program's
            assert "Late arrival" not in {each.name for each in reported}
            assert after.signals.unanswered == ("Booking",)
            outcome = judge(Click.model_validate({"target": {"phrase": "Send", "point": (5, 5)}}), before, after)
            assert outcome.kind == "unknown"
            assert "Booking" in outcome.evidence
            phrase = '"Cancel all" is not shown'
            statement = parse_statement(phrase)
            assert statement
            assert not evaluate(statement, after).holds
        finally:
            os.kill(pid, signal.SIGCONT)
        assert names - {"not sent"} <= {each.name for each in perception.observe(virtual).elements} | {""}


def resize(display: str, width: int, height: int) -> None:
    """Give a virtual screen another size, as `xrandr` does."""
    name = f"{width}x{height}"
    wide, high = [str(width + more) for more in range(4)], [str(height + more) for more in range(4)]
    for words in (["--newmode", name, "50", *wide, *high], ["--addmode", "screen", name]):
        subprocess.run(["xrandr", "-d", display, *words], check=True)
    subprocess.run(["xrandr", "-d", display, "--output", "screen", "--mode", name], check=True)


def test_a_screen_that_changes_its_size_is_seen_as_it_is_and_old_points_are_refused() -> None:
    with Virtual("mousepad", size=(1200, 900)) as virtual:
        virtual.capture()
        resize(virtual.display, 800, 600)
        with pytest.raises(ActionRefused, match=r"800x600 pixels .* was 1200x900 .* look again"):
            virtual.perform(Click.model_validate({"target": (400, 300)}))
        assert virtual.settle().by == "quiet"
        assert virtual.capture().image.size == (800, 600)
        with pytest.raises(ActionRefused, match="800"):
            virtual.perform(Click.model_validate({"target": (1000, 300)}))
        virtual.perform(Click.model_validate({"target": (400, 300)}))
