"""A button that shows nothing of what it does was pressed all the same, where its program says so."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.outcome import judge
from handeye.tools import Virtual
from handeye.tools.actions import Click, Target
from tests.requirements import unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handeye.perception.outcome import Outcome

if not shutil.which("dbus-daemon"):
    unavailable("there is no dbus-daemon; run: apt-get install dbus at-spi2-core")


@pytest.fixture(scope="module")
def editor() -> Iterator[Virtual]:
    with Virtual("featherpad") as virtual:
        pressed(virtual, "Next (F3)")  # the first click takes a greeting away
        yield virtual


def pressed(virtual: Virtual, name: str) -> Outcome:
    perception = EmbeddedPerception()
    before = perception.observe(virtual)
    (button,) = [each for each in before.elements if each.name == name and each.role == "button"]
    action = Click(target=Target(point=button.box.centre, element=button.id))
    virtual.perform(action)
    happened = virtual.settle().happened
    return judge(action, before, perception.observe(virtual), virtual.before_press, happened)


def test_an_empty_search_was_pressed_and_its_effect_is_unknown(editor: Virtual) -> None:
    outcome = pressed(editor, "Next (F3)")
    assert outcome.kind == "unknown", outcome
    assert outcome.evidence.startswith("“Next (F3)” says that it was pressed")


def test_a_button_that_is_disabled_was_not_pressed_and_did_nothing(editor: Virtual) -> None:
    assert pressed(editor, "Undo").kind == "no_effect"


def test_a_button_of_another_toolkit_says_it_too_and_only_of_its_own_press() -> None:
    with Virtual("zenity --forms --add-entry=Name") as virtual:
        virtual.capture()
        elements = virtual.elements()
        (field,) = [each for each in elements if each.takes_text]
        (button,) = [each for each in elements if each.name == "OK"]
        message = []
        for each in (field, button):
            virtual.perform(Click(target=Target(point=each.box.centre)))
            message.append(virtual.settle().happened)
        assert message == ["", "“OK” says that it was pressed"]
