"""What programs on a virtual screen tell of what they show."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handeye.tools import Virtual
from handeye.tools.actions import Click, Key, Type, Window
from handeye.tools.desktop.accessibility import service
from handeye.tools.desktop.accessibility.order import StableIds, in_lines, nearby_label
from handeye.tools.geometry import Box
from tests.requirements import unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.tools.element import Element

ASKPASS = "/usr/lib/openssh/gnome-ssh-askpass"


@pytest.fixture(scope="module")
def editor() -> Iterator[Virtual]:
    with Virtual("mousepad") as virtual:
        yield virtual


def named(virtual: Virtual, name: str) -> Element:
    virtual.capture()
    (found,) = [element for element in virtual.elements() if element.name == name]
    return found


def test_a_program_tells_its_menus_and_what_its_field_holds(editor: Virtual) -> None:
    editor.perform(Type(text="told\nin two lines"))
    editor.settle()
    editor.capture()
    elements = editor.elements()
    menus = [element.name for element in elements if element.role == "menuitem"]
    assert menus[:2] == ["File", "Edit"]
    assert {element.source for element in elements} == {"accessibility"}
    (field,) = [element for element in elements if element.role == "textbox"]
    assert (field.value, field.focused, field.enabled) == ("told\nin two lines", True, True)
    assert editor.signals().focus == "textbox"
    assert editor.signals().value == "told\nin two lines"
    window = editor.windows()[0].box
    assert all(element.box.overlap(window) == element.box.area for element in elements)


def test_a_click_in_the_middle_of_an_element_reaches_it_also_in_a_menu_that_lies_over_others(editor: Virtual) -> None:
    editor.perform(Click.model_validate({"target": named(editor, "Edit").box.centre}))
    editor.settle()
    undo, select_all = named(editor, "Undo"), named(editor, "Select All")
    assert not select_all.covered
    assert (undo.enabled, named(editor, "Redo").enabled) == (True, False)
    editor.perform(Click.model_validate({"target": select_all.box.centre}))
    editor.perform(Type(text="x"))
    editor.settle()
    editor.capture()
    assert [element.value for element in editor.elements() if element.role == "textbox"] == ["x"]


def test_an_element_keeps_its_id_while_a_menu_comes_and_goes_before_it(editor: Virtual) -> None:
    editor.capture()
    closed = {element.id: (element.role, element.name) for element in editor.elements()}
    editor.perform(Click.model_validate({"target": named(editor, "File").box.centre}))
    editor.settle()
    editor.capture()
    opened = {element.id: (element.role, element.name) for element in editor.elements()}
    assert "New" in {name for _, name in opened.values()}
    assert {identity: opened.get(identity) for identity in closed} == closed
    editor.perform(Key(keys="escape"))
    editor.settle()
    editor.capture()
    assert {element.id: (element.role, element.name) for element in editor.elements()} == closed


def test_a_node_listed_twice_has_two_ids_and_ids_are_unique() -> None:
    numbers = StableIds()
    assert numbers.of(["a", "b", "b"]) == [1, 2, 3]
    assert numbers.of(["c", "b", "a", "b"]) == [4, 2, 1, 3]


def test_check_boxes_lists_and_labels_are_reported_and_hidden_parts_are_covered(editor: Virtual) -> None:
    editor.perform(Key(keys="ctrl+r"))  # find and replace
    editor.settle()
    editor.perform(Window(do="focus", title="Find and Replace"))
    editor.settle()
    editor.capture()
    elements = editor.elements()
    ticks = {element.name: element.checked for element in elements if element.role == "checkbox"}
    assert (ticks["Wrap around"], ticks["Match case"]) == (True, False)
    assert any(element.role == "combobox" for element in elements)
    fields = [element.name or element.description for element in elements if element.takes_text]
    assert any("Search for" in name for name in fields), fields
    over = editor.windows()[0].box
    (text,) = [element for element in elements if element.value == "x"]
    assert over.holds(text.box.centre)
    assert text.covered
    assert not any(element.covered for element in elements if element.name in ticks)
    editor.perform(Click.model_validate({"target": named(editor, "Match case").box.centre}))
    editor.settle()
    assert named(editor, "Match case").checked
    editor.perform(Window(do="close", title="Find and Replace"))
    editor.settle()


def test_a_password_field_is_secret_and_its_value_is_never_reported() -> None:
    if not Path(ASKPASS).exists():
        unavailable(f"there is no {ASKPASS}; run: apt-get install ssh-askpass-gnome")
    with Virtual(ASKPASS) as virtual:
        virtual.perform(Type(text="s3cret"))
        virtual.settle()
        virtual.capture()
        elements = virtual.elements()
        (field,) = [element for element in elements if element.secret]
        assert (field.role, field.value) == ("textbox", "")
        assert "s3cret" not in repr(elements) + repr(virtual.signals())


def test_a_program_drawn_for_a_fine_screen_has_its_boxes_in_pixels_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GDK_SCALE", "2")
    note = tmp_path / "note.txt"
    note.write_text("old")
    with Virtual(f"mousepad {note}") as virtual:
        edit = named(virtual, "Edit")
        assert edit.box.height > 40
        virtual.perform(Click.model_validate({"target": edit.box.centre}))
        virtual.settle()
        virtual.perform(Click.model_validate({"target": named(virtual, "Select All").box.centre}))
        virtual.settle()
        virtual.perform(Type(text="new"))
        virtual.perform(Key(keys="ctrl+s"))
        virtual.settle()
        assert note.read_text().strip() == "new"


def test_without_the_service_there_are_pixels_only_and_the_program_starts_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "CONFIGURATIONS", ("/no/such/file",))
    with Virtual("mousepad") as virtual:
        assert virtual.elements() == []
        assert virtual.signals().title.endswith("Mousepad")


def test_a_lost_connection_to_the_bus_costs_one_look_and_is_made_anew(editor: Virtual) -> None:
    assert named(editor, "File")
    backend = editor._backend
    backend._accessibility._bus._connection.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
    assert editor.elements() == []
    assert named(editor, "File")


class Thing:
    def __init__(self, box: Box, name: str = "", kind: str = "text") -> None:
        self.box, self.name, self.kind = box, name, kind


def test_nodes_are_ordered_in_lines_and_fields_have_nearby_labels() -> None:
    label, field = Thing(Box(10, 52, 60, 70), "Name"), Thing(Box(80, 50, 200, 76), kind="textbox")
    above, below = Thing(Box(10, 10, 90, 30), "Account"), Thing(Box(10, 100, 110, 126), kind="combobox")
    tick, words = Thing(Box(10, 150, 30, 170), kind="checkbox"), Thing(Box(40, 150, 90, 170), "Agree")
    caption = Thing(Box(10, 80, 60, 96), "Kind")
    lines = in_lines([words, below, field, tick, caption, label, above])
    assert [thing for line in lines for thing in line] == [above, label, field, caption, below, tick, words]
    assert [nearby_label(thing, lines) for thing in (field, below, tick)] == ["Name", "Kind", "Agree"]


if not shutil.which("dbus-daemon"):
    unavailable("there is no dbus-daemon; run: apt-get install dbus at-spi2-core")
