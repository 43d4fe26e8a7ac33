"""Fields whose programs report no value: they are filled, read back, and never reported with a wrong value."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.outcome import judge
from handeye.tools import Virtual
from handeye.tools.actions import Target, Type
from handeye.tools.errors import ActionFailed
from handeye.tools.geometry import Point
from tests.requirements import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handeye.perception.outcome import Outcome

PYTHON = "/usr/bin/python3"  # the distribution's, whose Tk is a package

#: Three fields one below the other, of which one takes only digits, one eats Delete, and a text of several lines.
FORM = r"""
import os, sys, tkinter as tk
root = tk.Tk()
root.geometry("400x300+100+100")
said = {}
def row(name, y, **how):
    said[name] = tk.StringVar(value="first of all")
    made = tk.Entry(root, textvariable=said[name], width=30, **how)
    made.place(x=100, y=y)
    return made
row("plain", 20)
row("digits", 60, validate="key", validatecommand=(root.register(lambda c: c.isdigit() or not c), "%S"))
said["digits"].set("7")
stiff = row("stiff", 100)
for key in ("<Delete>", "<BackSpace>", "<<Cut>>"):
    stiff.bind(key, lambda _: "break")
text = tk.Text(root, width=30, height=4)
text.insert("1.0", "one\ntwo")
text.place(x=100, y=140)
def note():
    with open(sys.argv[1] + ".new", "w") as out:
        out.write("|".join([each.get() for each in said.values()] + [text.get("1.0", "end-1c")]))
    os.replace(sys.argv[1] + ".new", sys.argv[1])
    root.after(50, note)
note()
root.mainloop()
"""


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Virtual, Callable[[], list[str]]]]:
    """The form, and what its fields hold."""
    if subprocess.run([PYTHON, "-c", "import tkinter"], capture_output=True, check=False).returncode:
        unavailable("there is no Tk for Python; run: apt-get install python3-tk")
    folder = tmp_path_factory.mktemp("form")
    (folder / "form.py").write_text(FORM)
    held = folder / "held"
    with Virtual(f"{PYTHON} {folder / 'form.py'} {held}") as device:
        yield device, lambda: (device.settle(), held.read_text().split("|"))[1]


def fill(device: Virtual, y: int, text: str, *, clear: bool = True) -> Outcome:
    """Type into the field at that height of the form, as the loop does."""
    perception = EmbeddedPerception()
    before = perception.observe(device)
    action = Type(text=text, target=Target(point=Point(250, 130 + y)), clear=clear)
    device.perform(action)
    device.settle()
    return judge(action, before, perception.observe(device), device.before_press)


@pytest.mark.parametrize(
    ("y", "number", "text", "held", "kind", "evidence"),
    [
        (20, 0, "Ann-Mary O’Neil", "Ann-Mary O’Neil", "confirmed", "holds “Ann-Mary O’Neil”"),
        (20, 0, "€ 1,5", "€ 1,5", "confirmed", "holds “€ 1,5”"),
        (20, 0, "", "", "confirmed", "is empty"),
        (60, 1, "1,5", "15", "unexpected", "holds “15”, not “1,5”"),
        (140, 3, "three", "three", "confirmed", "holds “three”"),
    ],
)
def test_a_field_of_tk_holds_what_was_typed_and_nothing_else(
    form: tuple[Virtual, Callable[[], list[str]]], y: int, number: int, text: str, held: str, kind: str, evidence: str
) -> None:
    device, holds = form
    outcome = fill(device, y, text)
    assert holds()[number] == held
    assert (outcome.kind, evidence in outcome.evidence) == (kind, True), outcome


def test_a_field_that_cannot_be_emptied_is_not_typed_into(form: tuple[Virtual, Callable[[], list[str]]]) -> None:
    device, holds = form
    with pytest.raises(ActionFailed, match="still contains “first of all”; nothing was typed"):
        fill(device, 100, "second")
    assert holds()[2] == "first of all"


def test_the_line_of_a_terminal_is_replaced(tmp_path: Path) -> None:
    shell = tmp_path / "ask.sh"
    shell.write_text(f"read -e -p 'Name> ' name; echo \"$name\" > {tmp_path / 'name'}; sleep 9")
    with Virtual(f"xterm -fa monospace -fs 16 -geometry 40x6+100+100 -e bash {shell}") as device:
        for text in ("first draft", "second"):
            outcome = fill(device, 60, text)
            assert outcome.kind == "confirmed", outcome
            assert text in outcome.evidence
        device.perform(Type(text="\n"))
        device.settle()
        assert (tmp_path / "name").read_text() == "second\n"
