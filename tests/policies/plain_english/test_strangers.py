"""Pages as strangers build them: the one control that is meant is used, and none where nothing says which."""

# ruff: noqa: E501 - a page is one line, however long

from __future__ import annotations

from typing import Any

import pytest

from handeye.perception.phrases.wording import alike
from handeye.policies.plain_english import acts_looking, parse, reaching, searching


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on these pages is late."""
    monkeypatch.setattr(acts_looking, "CHECK_WAITS", (0.05,))
    monkeypatch.setattr(reaching, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.05)


def press(label: str, says: str) -> str:
    return f"<button onclick=\"o.textContent='{says}'\">{label}</button>"


OUT = "<p id=o>"
THREAD = (
    f"<ul><li><b>Ida</b><p>Nice boat</p>{press('Answer', 'Ida')}<ul><li><b>Jon</b><p>Ask Kim</p>{press('Answer', 'Jon')}"
    f"<ul><li><b>Lea</b><p>Too slow</p>{press('Answer', 'Lea')}</ul></ul><li><b>Kim</b><p>Thanks, Jon</p>{press('Answer', 'Kim')}</ul>{OUT}"
)
SHEET = (
    f"<p>Boat 7 {press('Sell', 'page')} {press('Keep', 'page keeps')}<div style='position:fixed;inset:0;background:#0007'></div>"
    f"<div style='position:fixed;left:90px;top:60px;width:300px;background:#fff'><h4>Leave the harbour</h4>{press('Keep', 'sheet')}</div>"
    "<p id=o style='position:fixed;top:0;left:0;z-index:9'>"
)
FLEET = (
    "<style>.x{display:inline-block;border:1px solid;width:160px}</style>"
    + "".join(
        f"<div class=x><h3>{name}</h3><ul><li>{has}</ul>{press('Choose', name)}{press('Add to fleet', 'fleet ' + name)}</div>"
        for name, has in (("Skiff", "1 mast"), ("Ketch", "2 masts"), ("Yawl", "Ketch sails"))
    )
    + OUT
)
CHIPS = (
    f"<p>Sizes</p><div class=c>Hull L {press('×', 'Hull L')}</div><div class=c>Hull M {press('×', 'Hull M')}</div>{OUT}"
)
BERTHS = (
    "<ul>"
    + "".join(f"<li><span>{name}</span> {press('Delete', name)}" for name in ("Berth 2", "Berth 3", "Berth 1", "Ann Poe", "Bay", "Ann Poe"))
    + "</ul>"
    + OUT
)  # fmt: skip
FORM = "<label>Length <input value=1></label><label>Width <input></label><label>Length and width <input></label><label>Depth <input></label><label>Password <input type=password oninput='o.textContent=this.value'></label>"
ROWS = "<ul><li><input type=checkbox onchange='o.textContent=this.checked'><span>Rope</span><a href=#r>More</a><li><input type=checkbox><span>Sail</span></ul><p id=o>"
CREWS = f"<div class=g><h2>Deck</h2><div class=m><span>Una</span>{press('Remove', 'deck')}</div><div class=m><span>Vic</span>{press('Remove', 'v')}</div></div><div class=g><h2>Shore</h2><div class=m><span>Una</span>{press('Remove', 'shore')}</div></div>{OUT}"
DECKS = f"<h1>Boat</h1><section><h2>Bow</h2>{press('Lamp', 'lamp')}</section><section><h2>Stern</h2>{press('Oars', 'oars')}</section>{OUT}"
SAID = "<p>Debt: -7.25 €</p><p>Not moored</p><button onclick='1'>Mark as unread</button><button>Deactivate</button>"


@pytest.mark.parametrize(
    ("html", "goal", "says"),
    [
        (THREAD, "click Answer under Jon's comment", "Jon"),
        (THREAD, 'click Answer in the comment "Too slow"', "Lea"),
        (THREAD, "click Answer for Kim", "Kim"),
        (SHEET, "click Keep", "sheet"),
        (SHEET, "click Keep in the dialog", "sheet"),
        (FLEET, "choose the Ketch model", "Ketch"),
        (BERTHS, "click Delete for Berth 3", "Berth 3"),
        (BERTHS, "delete Berth 1", "Berth 1"),
        (FORM, 'enter Tide! as password', "Tide!"),
        (ROWS, 'check "Rope"', "true"),
        (CREWS, "remove Una from Shore", "shore"),
        (ROWS, 'select the item "Rope"', "true"),
    ],
)  # fmt: skip
def test_the_control_that_is_meant_is_used(on: Any, html: str, goal: str, says: str) -> None:
    followed = on(html + ("<p id=o>" if "id=o" not in html else ""), goal)
    assert followed.done.success, followed.said
    assert any(each.name == says for each in followed.observation.elements), followed.said


@pytest.mark.parametrize(
    ("html", "goal"),
    [
        (CHIPS, "remove Hull"),
        (FLEET, "add the Skiff to the wishlist"),
        (BERTHS, "delete the second Tom Fox"),
        (BERTHS, "delete Berth 4"),
        (BERTHS, "click Delete for Berth 4"),
        (FLEET, 'choose "1 mast" from the Yawl'),
        (SAID, 'click "Mark as read"'),
        (SAID, "click Activate"),
        (SAID, "check that Debt is 7.25 €"),
        (CREWS, "remove Una"),
        (DECKS, 'click "Oars" in "Bow"'),
        (DECKS, 'select "Oars" from "Bow"'),
        (BERTHS + press("Undelete", "all"), "click Undelete for Bay"),
        (SAID, "check that Moored is shown"),
    ],
)
def test_nothing_is_done_where_nothing_says_which(on: Any, html: str, goal: str) -> None:
    followed = on(html, goal)
    assert not followed.done.success, followed.said
    assert not [step for step in followed.steps if step.action.kind == "click"], followed.said


def test_a_number_is_replaced_and_a_list_of_fields_is_filled(on: Any) -> None:
    followed = on(FORM, "type 75 into Length, type 3 into Width and Depth")
    assert followed.done.success, followed.said
    held = {each.name: each.value for each in followed.observation.elements if each.role == "textbox"}
    assert (held["Length"], held["Width"], held["Depth"], held["Length and width"]) == ("75", "3", "3", "")
    assert len(parse("type 4 into Length and width")) == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [("Read", "Unread"), ("Increase", "Decrease"), ("Inbound", "Outbound"), ("Install", "Uninstall"), ("Agree", "Disagree"),
     ("Ascending", "Descending"), ("Used", "Misused")],
)  # fmt: skip
def test_words_with_other_beginnings_are_no_slips(one: str, two: str) -> None:
    for seen in (False, True):
        assert not alike(one, two, seen).score
        assert not alike(two, one, seen).score
    assert alike("Recieve", "Receive").score > 0.7
    assert alike("Setings", "Settings").score > 0.7
