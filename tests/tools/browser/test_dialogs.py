"""JavaScript dialogs stay open until they are answered, and are visible in the screenshot."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from handeye.tools.actions import Click, Key, Navigate, Target, Type, Wait
from handeye.tools.errors import ActionRefused

if TYPE_CHECKING:
    from handeye.tools.browser import Browser
    from tests.tools.browser.conftest import Aim, Find, Show

PAGE = (
    "<title>T</title><button onclick='alert(\"Saved 世界!\")'>alert</button>"
    "<button onclick='document.title = confirm(\"Delete it?\")'>confirm</button>"
    '<button onclick=\'document.title = prompt("Your name?", "nobody")\'>prompt</button>'
    "<button onclick='setTimeout(() => { document.title = confirm(\"Later?\") }, 300)'>later</button><input aria-label=Field>"
)


def click(browser: Browser, aim: Aim, name: str) -> None:
    browser.perform(Click(target=aim(browser, name)))
    browser.settle()


@pytest.mark.parametrize(("button", "title"), [("OK", "true"), ("Cancel", "false")])
def test_a_confirmation_is_seen_and_answered_by_its_buttons(
    show: Show, aim: Aim, find: Find, button: str, title: str
) -> None:
    browser = show(PAGE)
    before = browser.capture()
    click(browser, aim, "confirm")
    assert browser.signals().dialog == "Delete it?"
    shot = browser.capture()
    box = find(browser, button).box
    assert shot.image.size == before.image.size
    assert shot.image.crop(box).tobytes() != before.image.crop(box).tobytes()
    assert find(browser, "Delete it?", "text")
    assert find(browser, "OK").description == "Delete it?"
    remark = browser.perform(Click(target=Target(point=box.centre)))
    assert remark == f"the page said “Delete it?”: {button}"
    browser.settle()
    signals = browser.signals()
    assert (signals.title, signals.dialog) == (title, "")
    assert find(browser, "confirm")


@pytest.mark.parametrize(("keys", "title"), [("enter", "true"), ("escape", "false")])
def test_a_confirmation_is_answered_by_keys(show: Show, aim: Aim, keys: str, title: str) -> None:
    browser = show(PAGE)
    click(browser, aim, "confirm")
    browser.perform(Key(keys=keys))
    browser.settle()
    assert browser.signals().title == title


def test_nothing_else_can_be_done_until_a_choice_is_made(show: Show, aim: Aim) -> None:
    browser = show(PAGE)
    field = aim(browser, "Field")
    click(browser, aim, "confirm")
    for action in (Click(target=field), Type(text="x", target=field), Navigate(url="about:blank"), Key(keys="a")):
        with pytest.raises(ActionRefused, match=r"a dialog waits for an answer.*Delete it.*OK or Cancel"):
            browser.perform(action)
    browser.perform(Wait(seconds=0.01))
    assert browser.device_state()["url"].startswith("http")
    browser.perform(Key(keys="escape"))
    assert browser.signals().dialog == ""


def test_an_alert_is_seen_and_does_not_stand_in_the_way(show: Show, aim: Aim, find: Find) -> None:
    browser = show(PAGE)
    click(browser, aim, "alert")
    assert browser.signals().dialog == "Saved 世界!"
    assert find(browser, "Saved 世界!")
    assert find(browser, "OK")
    remark = browser.perform(Type(text="on", target=aim(browser, "Field")))
    assert "Saved 世界!" in remark
    assert find(browser, "Field").value == "on"
    click(browser, aim, "alert")
    browser.perform(Click(target=aim(browser, "OK")))
    assert browser.signals().dialog == ""


@pytest.mark.parametrize(
    ("text", "key", "title"), [("Ada", "enter", "Ada"), ("", "enter", "nobody"), ("x", "escape", "null")]
)
def test_a_prompt_takes_text(show: Show, aim: Aim, find: Find, text: str, key: str, title: str) -> None:
    browser = show(PAGE)
    click(browser, aim, "prompt")
    field = next(each for each in browser.elements() if each.role == "textbox")
    assert field.value == "nobody"
    first = browser.capture()
    if text:
        browser.perform(Type(text=text, target=Target(point=field.box.centre)))
        assert browser.capture().digest != first.digest
        assert browser.signals().value == text
    browser.perform(Key(keys=key))
    browser.settle()
    assert browser.signals().title == title


def test_a_line_feed_sends_a_prompt_off(show: Show, aim: Aim) -> None:
    browser = show(PAGE)
    click(browser, aim, "prompt")
    browser.perform(Type(text="Bob\n"))
    browser.settle()
    assert browser.signals().title == "Bob"


def test_a_dialog_that_opens_by_itself_holds_nothing_up(show: Show, aim: Aim) -> None:
    browser = show(PAGE)
    browser.perform(Click(target=aim(browser, "later")))
    deadline = time.monotonic() + 5
    while not browser.signals().dialog and time.monotonic() < deadline:
        browser.capture()
        browser.elements()
    assert browser.signals().dialog == "Later?"
    browser.perform(Key(keys="enter"))
    browser.settle()
    assert browser.signals().title == "true"


def test_a_dialog_while_loading_and_one_after_another(show: Show) -> None:
    browser = show("<script>document.title = [confirm('one'), confirm('two')]</script><p>done")
    for text in ("one", "two"):
        assert browser.settle().note == "a dialog is open"
        assert browser.signals().dialog == text
        browser.perform(Key(keys="enter"))
    browser.settle()
    assert browser.signals().title == "true,true"
