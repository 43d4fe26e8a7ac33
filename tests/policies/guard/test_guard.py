"""The guard asks before what cannot be undone, and its rules are the person's alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from handeye.perception.observation import Observation
from handeye.perception.reading.ocr import read
from handeye.policies.guard.guard import Guard
from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.tools.actions import parse_action
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.screenshot import Screenshot


def observation(*elements: Element) -> Observation:
    return Observation(Screenshot(Image.new("RGB", (100, 100))), elements=elements)


def element(name: str, role: str = "button", *, secret: bool = False, focused: bool = False) -> Element:
    box = Box(0, 0, 10, 10)
    return Element(id="e1", box=box, role=role, name=name, source="dom", secret=secret, focused=focused)


def click(phrase: str) -> dict[str, object]:
    return {"kind": "click", "target": {"phrase": phrase, "element": "e1", "point": [5, 5]}}


@pytest.mark.parametrize(
    "name",
    ["Buy now", "Pay €20", "Delete account", "Send", "Publish article", "Install", "Löschen", "POST", "Erase disk"],
)
def test_a_risky_label_needs_approval(name: str) -> None:
    guard_decision = Guard().judge(parse_action(click("the first button")), observation(element(name)), "do it")
    assert guard_decision.kind == "ask"


@pytest.mark.parametrize(
    "name", ["Payment methods", "Sender", "Latest post", "Search", "Add to cart", "Undelete", "OK"]
)
def test_a_harmless_label_is_not(name: str) -> None:
    assert Guard().judge(parse_action(click("it")), observation(element(name)), "do it").kind == "allow"


def test_a_phrase_alone_can_be_risky() -> None:
    action = parse_action({"kind": "click", "target": {"phrase": "the Delete button", "point": [5, 5]}})
    assert Guard().judge(action, observation(), "x").kind == "ask"


@pytest.mark.parametrize("role", ["checkbox", "radio", "textbox"])
def test_what_only_sets_something_is_harmless_whatever_it_says(role: str) -> None:
    field = observation(element("Send me the newsletter", role))
    assert Guard().judge(parse_action(click("the newsletter")), field, "x").kind == "allow"
    assert Guard().judge(parse_action(click("it")), observation(element("Publish", "switch")), "x").kind == "ask"


def test_a_long_label_is_classified_by_its_start() -> None:
    card = "Brass lamp, with a warm light for long evenings, which we send within two days"
    assert Guard().judge(parse_action(click("it")), observation(element(card, "link")), "x").kind == "allow"


def test_enter_on_a_risky_button_needs_approval() -> None:
    focused = observation(element("Send message", focused=True))
    assert Guard().judge(parse_action({"kind": "key", "keys": "Enter"}), focused, "x").kind == "ask"
    assert Guard().judge(parse_action({"kind": "key", "keys": "tab"}), focused, "x").kind == "allow"


def test_never_asks_nothing_and_always_asks_everything() -> None:
    risky = observation(element("Delete account"))
    assert Guard("never").judge(parse_action(click("it")), risky, "x").kind == "allow"
    assert Guard("always").judge(parse_action({"kind": "back"}), observation(), "x").kind == "ask"


def test_words_for_a_password_field_must_be_the_persons_own() -> None:
    field = observation(element("Password", "textbox", secret=True))
    typed = {"kind": "type", "text": "hunter2", "target": {"phrase": "Password", "element": "e1", "point": [5, 5]}}
    assert Guard().judge(parse_action(typed), field, 'log in with password "hunter2"').kind == "allow"
    assert Guard().judge(parse_action(typed), field, "log in").kind == "ask"
    assert Guard().judge(parse_action(typed | {"text": "{{secret:shop}}"}), field, "log in").kind == "allow"


def test_a_secret_in_a_readable_field_needs_approval() -> None:
    typed = {"kind": "type", "text": "{{secret:shop}}", "target": {"phrase": "it", "element": "e1", "point": [5, 5]}}
    guard_decision = Guard().judge(
        parse_action(typed), observation(element("Comment", "textbox")), "log in with {{secret:shop}}"
    )
    assert (guard_decision.kind, guard_decision.verb) == ("ask", "password")


@pytest.mark.parametrize("approve", ["never", "risky", "always"])
@pytest.mark.parametrize(
    ("action", "because"),
    [
        ({"kind": "navigate", "url": "http://evil.test"}, "must be in the allowed domains"),
        ({"kind": "navigate", "url": "http://ads.example.org"}, "must be in the allowed domains"),
        ({"kind": "navigate", "url": "http://example.org@evil.test"}, "must be in the allowed domains"),
        ({"kind": "navigate", "url": "http://example.org\\\\@evil.test"}, ""),
        ({"kind": "navigate", "url": "javascript:alert(1)"}, "must be one on the web"),
        ({"kind": "navigate", "url": " java\tscript:alert(1)"}, "must be one on the web"),
        ({"kind": "navigate", "url": "data:text/html,x"}, "must be one on the web"),
        ({"kind": "navigate", "url": "file:///etc/passwd"}, "must be named in the goal"),
        ({"kind": "reload"}, "refuse-actions contains reload"),
        (click("the Transfer button"), "refuse-words contains “transfer”"),
        ({"kind": "call", "tool": "mail"}, "must be one that may be called"),
    ],
)
def test_refusals_and_allow_lists_hold_under_every_setting(approve: str, action: Any, because: str) -> None:
    rules = GuardPolicy(
        allow_domains=("example.org",),
        deny_domains=("ads.example.org",),
        refuse_words=("transfer",),
        refuse_actions=("reload",),
        tools=("convert",),
    )
    guard_decision = Guard(approve, rules).judge(parse_action(action), observation(), "x")  # type: ignore[arg-type]
    if because:
        assert (guard_decision.kind, because in guard_decision.reason) == ("deny", True), guard_decision
    else:  # a backslash ends the host, so this is example.org
        assert guard_decision.kind != "deny"


def test_files_are_opened_where_the_goal_or_the_start_names_them(tmp_path: Path) -> None:
    guard = Guard("never", files=tmp_path / "site")
    inside, outside = (tmp_path / "site" / "a.html").as_uri(), (tmp_path / "site" / ".." / "b.html").as_uri()
    assert guard.judge(parse_action({"kind": "navigate", "url": inside}), observation(), "x").kind == "allow"
    assert guard.judge(parse_action({"kind": "navigate", "url": outside}), observation(), "x").kind == "deny"
    assert (
        guard.judge(parse_action({"kind": "navigate", "url": outside}), observation(), f"open {outside}").kind
        == "allow"
    )


def test_words_and_actions_of_the_rules_ask(tmp_path: Path) -> None:
    guard = Guard(policy=GuardPolicy(ask_words=("archive",), ask_actions=("back",)))
    guard_decision = guard.judge(parse_action(click("it")), observation(element("Archive all")), "x")
    assert (guard_decision.kind, guard_decision.verb) == ("ask", "archive")
    assert guard.judge(parse_action({"kind": "back"}), observation(), "x").kind == "ask"
    assert guard.judge(parse_action(click("it")), observation(element("Archived")), "x").kind == "allow"


@pytest.mark.parametrize(
    "name", ["Ｔransfer", "T\u200branѕfer", "TRANS\u00adFER", "\u202eTransfer\u202c", "Tra\U000e0041nsfer", "Тransfer"]
)
def test_a_disguised_word_is_the_word(name: str) -> None:
    guard = Guard("never", GuardPolicy(refuse_words=("transfer",)))
    assert guard.judge(parse_action(click("it")), observation(element(name)), "x").kind == "deny"


def test_what_lies_under_the_point_counts_whatever_the_target_calls_itself() -> None:
    below = element("Delete account").model_copy(update={"id": "e2", "box": Box(20, 20, 40, 40)})
    action = {"kind": "click", "target": {"phrase": "Help", "element": "e1", "point": [30, 30]}}
    assert Guard().judge(parse_action(action), observation(element("Help"), below), "x").kind == "ask"
    bare = {"kind": "click", "target": [30, 30]}
    assert Guard().judge(parse_action(bare), observation(element("Help"), below), "x").kind == "ask"


def test_ok_is_classified_by_its_dialog_and_enter_by_the_button_of_its_form() -> None:
    agree = element("OK").model_copy(update={"description": "Really delete everything?"})
    assert Guard().judge(parse_action(click("OK")), observation(agree), "x").kind == "ask"
    field = element("Amount", "textbox", focused=True).model_copy(update={"parent": "form"})
    send = element("Pay now").model_copy(update={"id": "e2", "parent": "form", "box": Box(20, 20, 40, 40)})
    enter = {"kind": "type", "text": "5\n"}
    assert Guard().judge(parse_action(enter), observation(field, send), "x").kind == "ask"
    assert Guard().judge(parse_action({"kind": "type", "text": "5"}), observation(field, send), "x").kind == "allow"


def test_where_no_element_is_known_the_picture_is_read_around_the_point() -> None:
    image = Image.new("RGB", (600, 300), "white")
    ImageDraw.Draw(image).text((300, 140), "Delete everything", fill="black", font=ImageFont.load_default(24))
    seen = Observation(Screenshot(image), reader=read)
    assert Guard().judge(parse_action({"kind": "click", "target": [380, 154]}), seen, "x").kind == "ask"
    assert Guard().judge(parse_action({"kind": "click", "target": [60, 60]}), seen, "x").kind == "allow"


def test_read_only_tools_need_no_approval() -> None:
    guard = Guard(policy=GuardPolicy(tools=("stock", "order")), safe_tools=frozenset({"stock"}))
    assert guard.judge(parse_action({"kind": "call", "tool": "stock"}), observation(), "x").kind == "allow"
    assert guard.judge(parse_action({"kind": "call", "tool": "order"}), observation(), "x").kind == "ask"
